"""Wrong uses that are met in the first hour: each ends with a line that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import facepad
from command_line import run
from facepad.cli.app import app
from facepad.decision import Decision
from facepad.errors import InputError
from facepad.registry import DEFAULT_TESTS
from facepad.settings import folder
from facepad.testing import made_up_dataset
from facepad.types import Outcome

ROOT = Path(__file__).resolve().parents[2]
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
READ_ONLY = "/sys"  # also for root, who may write everywhere else
NOWHERE = "http://127.0.0.1:9/simple"  # nothing listens there
BLOCKED = "import sys; sys.modules[{name!r}] = None; from facepad.__main__ import main; main()"


def told(*arguments: str | Path) -> str:
    """Run the command line in this process; return what it says when it refuses."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code in {2, 3, 4}, done.output
    return " ".join(done.output.replace("│", " ").split())


def without(module: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process in which a module cannot be imported."""
    command = [sys.executable, "-c", BLOCKED.format(name=module), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_wrong_option() -> None:
    assert "did you mean --threshold?" in told("check", "--treshold", ".5", PORTRAIT)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a folder; name a file in it"):
        facepad.check(tmp_path)
    said = told("score", "--manifest", tmp_path, "--out", tmp_path / "scores.csv")
    assert said.endswith("expected a CSV file")


def test_an_array_without_the_order_of_its_channels() -> None:
    with pytest.raises(InputError, match="an array needs channels='rgb', 'bgr' or 'gray'"):
        facepad.check(np.zeros((64, 64, 3), np.uint8))


def test_a_table_with_semicolons(tmp_path: Path) -> None:
    manifest = tmp_path / "pictures.csv"
    manifest.write_text("path;label\na.jpg;bona_fide\n")
    said = told("score", "--manifest", manifest, "--out", tmp_path / "scores.csv")
    assert "expected commas between the columns" in said
    assert "save it as CSV with commas" in said


def test_a_folder_of_one_person(tmp_path: Path) -> None:
    for name in ("bona_fide", "print"):
        (tmp_path / name / "ann").mkdir(parents=True)
        (tmp_path / name / "ann" / "1.jpg").write_bytes(PORTRAIT.read_bytes())
    said = told("evaluate", "--datasets", f"folder={tmp_path}", "--out", tmp_path / "report")
    assert "1 person" in said
    assert "put people into the part test" in said


def test_scores_that_are_higher_for_attacks(tmp_path: Path) -> None:
    lines = ["path,label,subject,split,score"]
    for number in range(40):
        part = "dev" if number % 2 else "test"
        for label, score in (("bona_fide", 0.1), ("attack", 0.9)):
            value = score + number / 1000
            lines.append(f"{label}{number},{label},{part}-{number},{part},{value:.3f}")
    table = tmp_path / "scores.csv"
    table.write_text("\n".join(lines))
    command = ["evaluate", "--scores", table, "--labels", table, "--out", tmp_path / "report"]
    done = CliRunner().invoke(app, [*map(str, command), "--no-page", "--repeats", "100"])
    assert "--higher-is attack" in " ".join(done.output.split())


def test_the_decision_as_a_condition() -> None:
    decision = Decision(Outcome.ATTACK, 0.1)
    with pytest.raises(TypeError, match=r"use decision\.passed"):
        assert decision


def test_a_heic_picture_without_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    picture = tmp_path / "phone.heic"
    picture.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500))
    with pytest.raises(InputError, match=r"HEIC needs facepad\[heif\]: pip .* or convert"):
        facepad.check(picture)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("matplotlib", "report", ["evaluate", "--datasets", "nuaa=NUAA", "--out", "OUT"]),
        ("h5py", "data", ["dataset", "pack", "nuaa", "--root", "NUAA", "--out", "OUT.h5"]),
        ("sklearn", "fit", ["train", "quality", "--root", "NUAA", "--out", "OUT"]),
    ],
)
def test_an_extra_that_is_not_installed(
    module: str, extra: str, arguments: list[str], tmp_path: Path
) -> None:
    root = made_up_dataset(tmp_path / "nuaa", pictures=1)
    words = {"NUAA": str(root), "OUT": str(tmp_path / "out"), "OUT.h5": str(tmp_path / "out.h5")}
    arguments = [words.get(word, word).replace("=NUAA", f"={root}") for word in arguments]
    done = without(module, *arguments)
    assert done.returncode == 4, done.stderr
    assert f"pip install 'facepad[{extra}]'" in done.stderr.splitlines()[-1]


@pytest.mark.e2e
def test_another_package_that_has_replaced_opencv(tmp_path: Path) -> None:
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text("__version__ = '6.1.0'; imdecode = None")
    there = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for command in ("check", "metrics"):
        done = run(command, PORTRAIT, env=there)
        (line,) = done.stderr.decode().splitlines()
        assert done.returncode == 4
        assert "its version is 6.1.0, expected 4.10 to 5" in line
        assert 'pip install --force-reinstall --no-deps "opencv-python-headless' in line


@pytest.mark.e2e
@pytest.mark.skipif(
    not os.path.ismount(READ_ONLY), reason="needs a folder that nobody may write to"
)
def test_a_home_that_is_read_only() -> None:
    there = {**os.environ, "HOME": READ_ONLY, "XDG_CACHE_HOME": "", "FACEPAD_MODEL_DIR": ""}
    done = run("models", "pull", env=there)
    assert done.returncode == 4, done.stderr
    assert b"set FACEPAD_MODEL_DIR to a folder that can" in done.stderr
    done = run("calibrate", "--bona-fide", PORTRAIT.parent, "--name", "door", env=there)
    assert done.returncode == 4, done.stderr
    assert b"set FACEPAD_CALIBRATION_DIR to a folder that can" in done.stderr
    with_models = there | {"FACEPAD_MODEL_DIR": str(folder("model_dir"))}
    done = run("check", "--tests", DEFAULT_TESTS[0], PORTRAIT, env=with_models)
    assert done.returncode in {0, 3}, done.stderr  # 3: the face models were not pulled
    assert b"internal error" not in done.stderr


@pytest.mark.e2e
def test_models_without_a_network(tmp_path: Path) -> None:
    there = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))
    }
    there |= {"FACEPAD_MODEL_DIR": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    there |= {"PIP_INDEX_URL": NOWHERE, "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    there |= {"UV_DEFAULT_INDEX": NOWHERE, "UV_NO_CACHE": "1"}
    done = run("models", "pull", env=there)
    assert done.returncode == 3
    assert b"`facepad models pull --wheel FILE`" in done.stderr
