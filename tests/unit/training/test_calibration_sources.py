"""Frames for a calibration: stills and clips, and faces as the test needs them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facepad.calibration import Calibration, CameraPrior
from facepad.calibration.prior import ViewPrior
from facepad.errors import InputError
from facepad.needs import Needs
from facepad.training.calibration import run
from facepad.training.calibration.run import CalibrationResult
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    LivenessTest,
    Observation,
    OperatingPoint,
    Presentation,
    Reason,
    Score,
)

HALF = OperatingPoint.at(0.5)
WITH_LANDMARKS = Needs(landmarks=True)


@dataclass(frozen=True)
class Brightness:
    """Observes the mean brightness."""

    name: str = "brightness"
    version: str = "brightness-1+0"
    prior_model: str = "brightness_cameras"
    operating_point: OperatingPoint = HALF
    models: Mapping[str, str] = field(default_factory=dict)
    needs: Needs = WITH_LANDMARKS

    def score(self, presentation: Presentation) -> Score:
        raise AssertionError(presentation)

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        (frame,) = presentation.frames
        if frame.face is None:
            return Reason.NO_FACE
        level = float(frame.image.mean())
        return {"picture": Observation(level, np.array([level]))}

    def prior(self) -> CameraPrior:
        return CameraPrior({"picture": ViewPrior(1.0, 1.0, 1.0, 1.0, 1.0, 0.0)}, self.version, 9)

    def calibrated(self, calibration: Calibration) -> LivenessTest:
        raise AssertionError(calibration)


class Finder:
    """Finds a face in every picture but dark ones; notes whether landmarks are asked for."""

    asked: list[bool]

    def __init__(self, landmarks: bool) -> None:
        self.asked.append(landmarks)

    def find(self, frame: Frame) -> Frame:
        if frame.image.mean() < 20.0:
            return replace(frame, no_face=Reason.NO_FACE)
        return replace(frame, face=Face((0, 0, *frame.size), 1.0))


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    found: list[bool] = []
    monkeypatch.setattr(Finder, "asked", found, raising=False)
    monkeypatch.setattr(run, "FaceFinder", Finder)
    monkeypatch.setattr(run, "assess", capture_of)
    return found


def capture_of(frame: Frame) -> CaptureQuality:
    """Call bright pictures blurred, and all without context."""
    blurred = (Reason.TOO_BLURRED,) if frame.image.mean() > 230.0 else ()
    return CaptureQuality((*blurred, Reason.NO_CONTEXT))


def clip(file: Path, *levels: int) -> None:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (96, 96))
    for level in levels:
        writer.write(np.full((96, 96, 3), level, np.uint8))
    writer.release()


def still(file: Path, level: int) -> None:
    cv2.imwrite(str(file), np.full((96, 96, 3), level, np.uint8))


def calibrated(folder: Path, *, self_attacks: bool = False) -> CalibrationResult:
    found = run.pictures(folder)
    return run.calibrate("it", Brightness(), found, target_bpcer=0.05, self_attacks=self_attacks)


def mean_of(result: CalibrationResult) -> float:
    return result.calibration.anchors["picture"].logit


def test_a_clip_counts_as_one_frame_its_middle_one(tmp_path: Path) -> None:
    still(tmp_path / "1.png", 100)
    still(tmp_path / "2.png", 110)
    clip(tmp_path / "3.avi", 30, 60, 120, 200, 220)
    result = calibrated(tmp_path)
    assert result.calibration.frames == 3
    assert mean_of(result) == pytest.approx(110.0, abs=2.0)


def test_of_a_clip_the_usable_frame_nearest_to_the_middle_is_taken(tmp_path: Path) -> None:
    for number in range(3):
        clip(tmp_path / f"{number}.avi", 80, 90 + 10 * number, 240 + 6 * number, 10 * number, 0)
    assert mean_of(calibrated(tmp_path)) == pytest.approx(100.0, abs=2.0)


def stills(folder: Path, count: int) -> None:
    for number in range(count):
        still(folder / f"{number}.png", 100 + 10 * number)


def test_what_cannot_be_used_is_left_out_and_named_with_the_reason(tmp_path: Path) -> None:
    stills(tmp_path, 3)
    clip(tmp_path / "dark.avi", 0, 0, 0)
    still(tmp_path / "blurred.png", 250)
    (tmp_path / "Thumbs.db").write_bytes(b"no picture")
    (tmp_path / "broken.avi").write_bytes(b"broken")
    result = calibrated(tmp_path)
    assert result.calibration.frames == 3
    assert result.notes[2:] == (
        "left out, not a picture or clip: Thumbs.db, broken.avi",
        "left out, too blurred: blurred.png",
        "left out, no face found: dark.avi",
    )


def test_a_picture_counts_once_also_when_it_was_resized_or_encoded_again(tmp_path: Path) -> None:
    stills(tmp_path, 3)
    (tmp_path / "copy.png").write_bytes((tmp_path / "1.png").read_bytes())
    cv2.imwrite(str(tmp_path / "smaller.jpg"), np.full((48, 48, 3), 120, np.uint8))
    result = calibrated(tmp_path)
    assert result.calibration.frames == 3
    assert "left out, the same picture as another: copy.png, smaller.jpg" in result.notes


def test_copies_of_a_few_frames_are_not_enough(tmp_path: Path) -> None:
    for number in range(10):
        still(tmp_path / f"{number}.png", 100)
    with pytest.raises(InputError, match=r"3 different frames with a face, got 1 of 10 \(left out"):
        calibrated(tmp_path)


def test_faces_have_landmarks_where_the_test_needs_them(
    tmp_path: Path, asked: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "attacks_of", lambda frame, _: [frame.image])
    stills(tmp_path, 3)
    calibrated(tmp_path, self_attacks=True)
    assert asked == [True, True]
