"""From frames of a camera to its calibration, and to the errors with it."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from command_line import install_plugin, run, skip_without_face_models
from facepad import calibration
from facepad.testing import made_up_dataset

pytestmark = pytest.mark.e2e
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PORTRAIT = EXAMPLES / "astronaut.jpg"
RECAPTURE = EXAMPLES / "astronaut-simulated-recapture.jpg"
SIDE = 448  # pixels of a frame
OUT = "out"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NUAA's layout and frames of its camera, all of one portrait; attacks are without detail."""
    skip_without_face_models()
    place = tmp_path_factory.mktemp("place")
    root = made_up_dataset(place / "nuaa", pictures=1)
    face = Image.open(PORTRAIT).convert("RGB").resize((SIDE, SIDE))
    shown = Image.open(RECAPTURE).convert("RGB").resize((SIDE, SIDE))
    for index, file in enumerate(sorted(root.rglob("*.jpg"))):
        lit(shown if "ImposterRaw" in file.parts else face, 0.9 + 0.01 * index, file)
    for index in range(6):
        lit(face, 0.85 + 0.05 * index, place / "frames" / f"person-{index % 2}" / f"{index}.jpg")
    return place


@pytest.fixture(scope="module")
def environment(place: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made_up = install_plugin(tmp_path_factory.mktemp("plugin"))
    return made_up | {"FACEPAD_CALIBRATION_DIR": str(place / "calibrations")}


@pytest.fixture(scope="module")
def finished(place: Path, environment: dict[str, str]) -> Path:
    """The folder of a run with the calibration, the test of which is not named."""
    calibrate(place, environment, target_bpcer=1)
    result = run(*evaluate(place, OUT, "--calibration", "kiosk-7"), env=environment)
    assert result.returncode == 0, result.stderr
    return place / OUT


def lit(face: Image.Image, light: float, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.clip(np.asarray(face, np.float64) * light, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, quality=95)


def calibrate(place: Path, environment: dict[str, str], *, target_bpcer: int) -> None:
    result = run("calibrate", "--bona-fide", place / "frames", "--name", "kiosk-7",
                 "--target-bpcer", f"{target_bpcer}", "--force", env=environment)  # fmt: skip
    assert result.returncode == 0, result.stderr


def evaluate(place: Path, out: str, *more: str) -> list[str]:
    return ["evaluate", "--tests", "made_up", "--datasets", f"nuaa={place / 'nuaa'}", "--out",
            str(place / out), "--repeats", "100", "--no-page", "--workers", "1", *more]  # fmt: skip


def report(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def test_the_test_of_a_calibration_is_judged_at_its_threshold_alone(
    finished: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(place / "calibrations"))
    first = report(finished)["assessments"][0]
    (point,) = first["points"]
    assert first["system"] == "face_cnn"
    wanted = calibration.load("kiosk-7").operating_points["balanced"].threshold
    assert point["name"] == "balanced, calibration kiosk-7"
    assert point["threshold"] == pytest.approx(wanted)
    assert point["origin"] == "from 6 bona fide frames of the camera"


def test_errors_with_a_calibration_are_those_of_its_camera(finished: Path) -> None:
    (point,) = report(finished)["assessments"][0]["points"]
    rates = point["decided_presentations"]
    assert rates["attack"]["presentations"] > 0
    assert (rates["apcer_worst"]["value"], rates["bpcer"]["value"]) == (0.0, 0.0)


def test_another_test_is_judged_as_without_a_calibration(finished: Path) -> None:
    other = next(one for one in report(finished)["assessments"] if one["system"] == "made_up")
    assert [point["name"] for point in other["points"]] == ["dev_eer", "as shipped"]


def test_a_calibrated_test_decides_alone_so_that_there_is_no_mean(finished: Path) -> None:
    assert {one["system"] for one in report(finished)["assessments"]} == {"face_cnn", "made_up"}
    with (finished / "scores-nuaa.csv").open(newline="") as stream:
        assert all(row["score"] == row["face_cnn_score"] for row in csv.DictReader(stream))


def test_the_report_tells_the_version_and_whom_not_to_judge(finished: Path) -> None:
    found = report(finished)
    version = found["models"]["calibration"]
    assert version.startswith("kiosk-7+")
    (told,) = (notice for notice in found["notices"] if version in notice)
    assert "People in those frames must not be among the people evaluated" in told


def test_scores_of_another_calibration_are_not_mixed(
    place: Path, environment: dict[str, str], finished: Path
) -> None:
    version = report(finished)["models"]["calibration"].encode()
    without = run(*evaluate(place, OUT, "--tests", "face_cnn,made_up"), env=environment)
    assert without.returncode == 4
    assert b"started with calibration '" + version + b"', not none" in without.stderr
    calibrate(place, environment, target_bpcer=20)
    anew = run(*evaluate(place, OUT, "--calibration", "kiosk-7"), env=environment)
    assert anew.returncode == 4
    assert b"started with calibration '" + version in anew.stderr


def test_several_tests_are_judged_together_as_check_decides(
    place: Path, environment: dict[str, str]
) -> None:
    run(*evaluate(place, "both", "--tests", "made_up,face_cnn"), env=environment)
    names = [one["system"] for one in report(place / "both")["assessments"]]
    assert list(dict.fromkeys(names)) == ["mean of made_up, face_cnn", "made_up", "face_cnn"]
    with (place / "both" / "scores-nuaa.csv").open(newline="") as stream:
        row = next(csv.DictReader(stream))
    picture = place / "nuaa" / row["path"]
    checked = run("check", "--json", "--tests", "made_up,face_cnn", picture, env=environment)
    decision = json.loads(checked.stdout)
    assert float(row["score"]) == pytest.approx(decision["score"], abs=1e-6)
    assert row["outcome"] == decision["outcome"]


def test_a_calibration_does_not_go_with_the_scores_of_others(tmp_path: Path) -> None:
    result = run("evaluate", "--scores", "a.csv", "--labels", "a.csv", "--out", tmp_path / "out",
                 "--calibration", "kiosk-7", env=dict(os.environ))  # fmt: skip
    assert result.returncode == 2
