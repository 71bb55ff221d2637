"""The commands around calibrations of cameras, and checking with one."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image, ImageEnhance
from typer.testing import CliRunner

from facepad.calibration.store import CalibrationRef
from facepad.cli.app import app
from facepad.errors import ModelError
from facepad.scoring.workers import CheckerSpec

pytestmark = pytest.mark.slow  # whole runs with the network

EXAMPLES = Path(__file__).parents[3] / "examples"
PORTRAIT = EXAMPLES / "astronaut.jpg"
COMMAND = ["calibrate", "--name", "door", "--bona-fide"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))


def made(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    portrait = Image.open(PORTRAIT)
    for number in range(3):
        ImageEnhance.Brightness(portrait).enhance(0.8 + 0.1 * number).save(frames / f"{number}.png")
    found = CliRunner().invoke(app, [*COMMAND, str(frames), "--no-attacks"])
    assert found.exit_code == 0, found.output
    assert found.output.splitlines()[-1] == "weak: 3 frames only, take 10 to 20"


def test_a_calibration_is_listed_shown_and_removed(tmp_path: Path) -> None:
    made(tmp_path)
    run = CliRunner().invoke
    assert run(app, ["calibration", "list"]).output.startswith("door  face_cnn")
    assert "# Calibration door" in run(app, ["calibration", "show", "door"]).output
    assert run(app, ["calibration", "remove", "door"]).exit_code == 0
    assert run(app, ["calibration", "list"]).output == ""


def test_a_calibration_is_not_overwritten_unless_asked_for(tmp_path: Path) -> None:
    made(tmp_path)
    found = CliRunner().invoke(app, [*COMMAND, str(tmp_path / "frames")])
    assert found.exit_code == 4
    assert "a calibration named 'door' exists; give another --name, or --force" in found.output
    found = CliRunner().invoke(app, [*COMMAND, str(tmp_path / "frames"), "--no-attacks", "--force"])
    assert found.exit_code == 0, found.output


def test_the_calibrated_test_decides_alone_and_the_others_are_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path)
    capfd.readouterr()
    found = CliRunner().invoke(app, ["check", "--json", "--calibration", "door", str(PORTRAIT)])
    document = json.loads((found.stdout or capfd.readouterr().out).splitlines()[0])
    assert document["outcome"] == "bona_fide"
    assert list(document["tests"]) == ["face_cnn", "face_mask", "quality"]
    assert document["score"] == document["tests"]["face_cnn"]["score"]


def test_a_worker_notices_a_calibration_that_was_replaced(tmp_path: Path) -> None:
    made(tmp_path)
    made_before = replace(CalibrationRef.of("door"), version="door+00000000")
    with pytest.raises(ModelError, match=r"'door' was replaced .* expected door\+00000000, got "):
        CheckerSpec(("face_cnn",), (), made_before).checker()


def test_a_test_that_cannot_be_calibrated_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "facepad.selected_tests.make_test", lambda name, _: SimpleNamespace(name=name)
    )
    command = ["calibrate", "--bona-fide", str(tmp_path), "--test", "quality"]
    assert CliRunner().invoke(app, command).exit_code == 4
