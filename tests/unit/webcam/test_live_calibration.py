"""A calibration from the live picture: what is taken, asked for, refused and saved."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from facepad.errors import InputError, SettingsError
from facepad.types import CaptureQuality, Face, Frame, Reason
from facepad.webcam.calibrating import GIVE_UP_S, PROMPTS, WANTED, LiveCalibration
from facepad.webcam.state import CalibrationStep
from live_doubles import gray, until

CALIBRATIONS = "FACEPAD_CALIBRATION_DIR"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CALIBRATIONS, str(tmp_path))
    return tmp_path


def frame(time_s: float, yaw_deg: float = 0.0, reasons: tuple[Reason, ...] = ()) -> Frame:
    """A frame with a face that is turned by an angle."""
    measures = {"yaw_deg": yaw_deg, "pitch_deg": 0.0}
    capture = CaptureQuality(reasons, MappingProxyType(measures))
    return Frame(gray(100), time_s, Face((10, 10, 40, 40), 0.9), capture=capture, number=1)


def nothing_fitted(*_: object) -> Any:  # noqa: ANN401
    pytest.fail("nothing is fitted here")


def made(name: str = "desk", fit: Any = nothing_fitted) -> LiveCalibration:  # noqa: ANN401
    return LiveCalibration(name, "face_cnn", fit, lambda one: one.capture or CaptureQuality())


def filled(fit: Any = nothing_fitted) -> LiveCalibration:  # noqa: ANN401
    """One that has all its frames."""
    calibration = made(fit=fit)
    for number in range(WANTED):
        calibration.offer(frame(float(number), 6.0 * number - 30.0))
    return calibration


def test_frames_that_differ_are_taken_until_there_are_ten() -> None:
    calibration = made()
    calibration.offer(frame(0.0))
    progress = calibration.progress
    assert (progress.step, progress.taken, progress.wanted) == (CalibrationStep.TAKING, 1, 10)
    assert progress.words in PROMPTS
    assert not calibration.is_complete
    assert filled().is_complete


def test_frames_are_some_time_apart() -> None:
    calibration = made()
    calibration.offer(frame(0.0))
    calibration.offer(frame(0.3, 20.0))
    assert calibration.progress.taken == 1
    calibration.offer(frame(0.6, 20.0))
    assert calibration.progress.taken == 2


@pytest.mark.parametrize(
    "change",
    [
        {"box": (18, 10, 48, 40)},  # to the side
        {"box": (8, 8, 42, 42)},  # nearer
        {"roll_deg": 10.0},
    ],
)
def test_another_place_size_or_tilt_counts_as_another_frame(change: Mapping[str, Any]) -> None:
    calibration = made()
    calibration.offer(frame(0.0))
    face = frame(1.0).face
    assert face is not None
    calibration.offer(replace(frame(1.0), face=replace(face, **change)))
    assert calibration.progress.taken == 2


def test_another_movement_is_asked_for_when_nothing_changes() -> None:
    calibration = made()
    asked = set()
    for second in range(20):
        calibration.offer(frame(float(second)))
        asked.add(calibration.progress.words)
    assert calibration.progress.taken == 1
    assert len(asked) >= 4


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (frame(0.0, reasons=(Reason.TOO_DARK,)), "too dark: turn on a light or face a window"),
        (Frame(gray(0), no_face=Reason.FACE_TOO_FAR), "face too small: come closer"),
        (Frame(gray(0), no_face=Reason.NO_FACE), "no face found: look straight"),
        (replace(frame(0.0), face=Face((0, 0, 9, 9), 0.9, others=1)), "several faces"),
    ],
)
def test_what_is_wrong_with_a_frame_is_said_and_it_is_not_taken(wrong: Frame, words: str) -> None:
    calibration = made()
    calibration.offer(wrong)
    assert calibration.progress.words.startswith(words)
    assert calibration.progress.taken == 0


def test_a_picture_that_does_not_move_is_refused() -> None:
    calibration = made()
    for second in range(math.ceil(GIVE_UP_S) + 1):
        assert calibration.progress.is_running
        calibration.offer(frame(float(second)))
    progress = calibration.progress
    assert progress.step is CalibrationStep.FAILED
    assert progress.words.startswith("1 of 10 frames were taken; in the last 40 s none differed")


def test_a_pause_does_not_count_as_waiting() -> None:
    calibration = made()
    calibration.offer(frame(0.0))
    calibration.offer(frame(10.0 * GIVE_UP_S))
    assert calibration.progress.step is CalibrationStep.TAKING
    calibration.offer(frame(10.0 * GIVE_UP_S + 1.0, 20.0))
    assert calibration.progress.taken == 2


def test_a_view_without_a_face_is_refused() -> None:
    calibration = made()
    for second in range(math.ceil(GIVE_UP_S) + 1):
        assert calibration.progress.is_running
        calibration.offer(Frame(gray(0), float(second), no_face=Reason.NO_FACE))
    assert calibration.progress.step is CalibrationStep.FAILED
    assert "none could be used: no face found" in calibration.progress.words


def test_ten_frames_are_fitted_and_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[tuple[Any, ...]] = []

    def fit(name: str, test: str, images: Any, advance: Any) -> Any:  # noqa: ANN401
        advance()
        assert (name, test, len(images)) == ("desk", "face_cnn", WANTED)
        return "fitted", "card", "good: 10 frames"

    monkeypatch.setattr("facepad.calibration.save", lambda *given: saved.append(given))
    calibration = filled(fit)
    assert calibration.fit()
    assert saved == [("fitted", "card")]
    progress = calibration.progress
    assert (progress.step, progress.taken) == (CalibrationStep.DONE, WANTED)
    assert progress.words == "saved as desk, which is used from now on; good: 10 frames"


def test_a_fit_that_is_refused_says_why() -> None:
    def fit(*_: object) -> None:
        raise InputError("a calibration needs at least 3 different frames with a face, got 2 of 10")

    calibration = filled(fit)
    assert not calibration.fit()
    assert calibration.progress.step is CalibrationStep.FAILED
    assert "at least 3 different frames" in calibration.progress.words


def test_a_cancelled_fit_saves_nothing(folder: Path) -> None:
    def fit(*given: Any) -> None:  # noqa: ANN401
        calibration.cancel()
        given[-1]()

    calibration = filled(fit)
    assert not calibration.fit()
    assert calibration.progress.step is CalibrationStep.CANCELLED
    assert not list(folder.iterdir())


def test_in_its_thread_it_takes_frames_and_says_what_was_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calibration, saved = made(), list[str]()
    frames = iter(frame(float(number), 6.0 * number - 30.0) for number in range(20))
    monkeypatch.setattr(LiveCalibration, "fit", lambda _: True)
    calibration.start(lambda _: next(frames), saved.append)
    until(lambda: saved)
    assert saved == ["desk"]
    calibration.cancel(wait_s=10.0)


def test_an_unexpected_error_in_its_thread_is_shown() -> None:
    def broken(_: float) -> Frame:
        raise ZeroDivisionError("by zero")

    calibration = made()
    calibration.start(broken, lambda _: None)
    until(lambda: not calibration.progress.is_running)
    assert calibration.progress.words == "unexpected ZeroDivisionError: by zero"


def test_names_that_are_taken_or_no_names_are_refused(folder: Path) -> None:
    (folder / "desk.npz").touch()
    with pytest.raises(SettingsError, match="a calibration named 'desk' exists; choose another"):
        made()
    with pytest.raises(SettingsError, match="a calibration's name is of a-z"):
        made("../desk")
