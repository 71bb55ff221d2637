"""The systems of an evaluation: tests, the calibration of one of them, and their fusion."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from facepad import calibration
from facepad.calibration import Anchor, Calibration
from facepad.decision import conclude
from facepad.errors import ModelError, SettingsError
from facepad.evaluation.aggregation import Scored
from facepad.models.card import Card
from facepad.scoring.systems import abstentions, fuse, fused_rows, shipped_point
from facepad.scoring.workers import CalibrationRef, CheckerSpec, JudgedTests, LoadedTest
from facepad.types import OperatingPoint, Outcome, Reason, Sample, Split

CARD = Card("T", "1", "data", "own", "recipe", "results", "limits")
POINT = OperatingPoint("dev", 0.5, 0.4, 0.6)
AT_CAMERA = OperatingPoint.at(0.5, "calibration kiosk-7")
SAMPLE = Sample("b/1", "b/1.jpg", "ben", Split.TEST)
ONE, TWO = OperatingPoint.at(0.2), OperatingPoint("dev", 0.5, 0.4, 0.6)
POINTS = {"one": ONE, "two": TWO}
UNFAMILIAR = Reason.UNFAMILIAR_CAMERA.value


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))


def keep(threshold: float = -2.0, version: str = "heads-1+0") -> CalibrationRef:
    anchor = Anchor(np.zeros(3), np.ones(3), 0.5, 0.25, 1.0, 0.1, threshold)
    made = Calibration("kiosk-7", "face_cnn", version, 10, {"tight": anchor})
    calibration.save(made, CARD)
    return CalibrationRef.of("kiosk-7")


def panel(camera: CalibrationRef | None) -> JudgedTests:
    point = POINT if camera is None else AT_CAMERA
    return JudgedTests(
        {
            "face_cnn": LoadedTest(point, {"face_cnn": "1"}, ()),
            "quality": LoadedTest(POINT, {}, ()),
        },
        camera,
    )


def test_a_camera_has_the_version_the_frames_and_the_day_of_its_calibration() -> None:
    camera = keep()
    assert camera.version == calibration.version("kiosk-7")
    assert (camera.test, camera.frames) == ("face_cnn", 10)
    assert camera.kept == datetime.now(UTC).date().isoformat()


def test_a_camera_that_was_not_calibrated_is_refused() -> None:
    with pytest.raises(SettingsError, match="no calibration named 'kiosk-7'"):
        JudgedTests.of(["quality"], "kiosk-7")


def test_a_calibration_that_was_made_anew_meanwhile_is_told() -> None:
    camera = keep()
    keep(threshold=-3.0)
    with pytest.raises(ModelError, match="'kiosk-7' was replaced during the run"):
        CheckerSpec(("face_cnn",), camera).checker()


def test_a_calibration_for_other_heads_is_refused_before_any_scoring() -> None:
    keep()
    with pytest.raises(ModelError, match="calibrate the camera again"):
        JudgedTests.of(["quality"], "kiosk-7")


def test_an_anchored_test_decides_alone_at_the_cameras_threshold() -> None:
    found = panel(keep())
    point = found.own_point("face_cnn")
    assert list(found.points) == ["face_cnn"]
    assert (point.name, point.threshold) == ("calibration kiosk-7", 0.5)
    assert point.origin == "from 10 bona fide frames of the camera"


def test_the_others_keep_the_point_they_ship_with() -> None:
    assert panel(keep()).own_point("quality").name == "as shipped"


def test_without_a_camera_all_decide() -> None:
    assert list(panel(None).points) == ["face_cnn", "quality"]


def test_the_calibrations_version_stands_among_the_models() -> None:
    camera = keep()
    assert panel(camera).models == {"face_cnn": "1", "calibration": camera.version}
    assert panel(None).models == {"face_cnn": "1"}


def test_a_reader_is_told_the_version_and_whom_not_to_judge() -> None:
    camera = keep()
    assert camera.version in camera.notice
    assert "must not be among the people evaluated" in camera.notice


def row(value: float | None, reason: str = "") -> Scored:
    return Scored(SAMPLE, value, reason, "b/1")


def fused(one: Scored, two: Scored) -> Scored:
    (found,) = fused_rows({"one": [one], "two": [two]}, POINTS)
    return found


def test_two_scores_are_the_mean_of_their_log_odds() -> None:
    # scipy 1.17.1: expit(mean(logit([0.9, 0.6])))
    assert fused(row(0.9), row(0.6)).value == pytest.approx(0.7860612308660186)


def test_a_test_that_abstains_leaves_the_others_score() -> None:
    assert fused(row(0.9, UNFAMILIAR), row(0.3)) == row(0.3)


def test_a_test_without_a_score_leaves_the_others() -> None:
    assert fused(row(None, "no_face"), row(0.3)) == row(0.3)


def test_when_all_abstain_the_score_must_not_decide() -> None:
    assert fused(row(0.9, UNFAMILIAR), row(0.9, UNFAMILIAR)).abstained


def test_what_could_not_be_read_keeps_its_error() -> None:
    error = row(None, "error: b/1.jpg: the file is empty")
    assert fused(error, error) == error


def test_frames_that_could_not_be_read_for_one_test_leave_the_others() -> None:
    assert fused(row(None, "error: torn"), row(0.3)).value == 0.3


def test_a_presentation_keeps_its_sample_and_name() -> None:
    found = fused(row(0.9), row(0.6))
    assert (found.sample, found.presentation) == (SAMPLE, "b/1")


def test_presentations_of_which_some_tests_have_no_say_are_counted() -> None:
    rows = {"one": [row(0.5), row(0.5), row(None, "no_face")],
            "two": [row(0.5), row(0.5, UNFAMILIAR), row(None, "no_face")]}  # fmt: skip
    assert abstentions(rows) == 1


@pytest.mark.parametrize(
    ("scored", "outcome", "reasons"),
    [
        ({"one": row(0.9), "two": row(0.9)}, Outcome.BONA_FIDE, ()),
        ({"one": row(0.9, UNFAMILIAR), "two": row(0.5)}, Outcome.UNCERTAIN,
         (Reason.NEAR_THRESHOLD,)),
        ({"one": row(0.3), "two": row(0.9, UNFAMILIAR)}, Outcome.BONA_FIDE, ()),
        ({"one": row(0.9, UNFAMILIAR), "two": row(None, "clip_too_short")}, Outcome.UNCERTAIN,
         (Reason.CLIP_TOO_SHORT, Reason.UNFAMILIAR_CAMERA)),
        ({"one": row(None, "no_face"), "two": row(None, "no_face")}, Outcome.NON_RESPONSE,
         (Reason.NO_FACE,)),
    ],
)  # fmt: skip
def test_the_tests_that_decide_decide_at_their_own_threshold(
    scored: Mapping[str, Scored], outcome: Outcome, reasons: tuple[Reason, ...]
) -> None:
    assert conclude(fuse(scored, POINTS)) == (outcome, reasons)


def test_a_test_that_is_only_shown_does_not_count() -> None:
    assert fuse({"one": row(0.9), "two": row(0.1)}, {"one": ONE}).value == 0.9


def test_the_shipped_threshold_is_the_mean_in_log_odds() -> None:
    # scipy 1.17.1: expit(mean(logit([0.2, 0.5])))
    assert shipped_point(POINTS).threshold == pytest.approx(1 / 3)
