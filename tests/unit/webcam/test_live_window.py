"""The window of the live view: its text, its keys, and what it says where there is none."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from facepad.annotating.overlay import Overlay
from facepad.errors import SettingsError
from facepad.webcam.state import (
    CalibrationProgress,
    CalibrationStep,
    CameraState,
    CameraStatus,
    LiveState,
    Shown,
)
from facepad.webcam.window import (
    KEYS,
    WindowKeys,
    WindowPage,
    check_windows,
    lines_of,
    run_window,
)
from live_doubles import gray

RUNNING = CameraState(CameraStatus.RUNNING, "camera 0", "showing camera 0", (64, 48))
STATE = LiveState(
    camera=RUNNING,
    rate=25.0,
    decisions=1,
    newest=None,
    deciding=("face_cnn",),
    advisory=("quality",),
    available=("face_cnn", "quality", "blink"),
    selected=("face_cnn", "quality"),
    is_loading=False,
    window_s=3.0,
    calibration=None,
    calibrating=None,
    notice="",
    saved=None,
)
RETRYING = CameraState(
    CameraStatus.RETRYING, "camera 0", "camera 0: another program uses it", None, 4.0
)
TAKING = CalibrationProgress(CalibrationStep.TAKING, "desk", 3, 10, "move a little nearer")


class SessionDouble:
    """Keeps what is asked of it."""

    def __init__(self, state: LiveState = STATE) -> None:
        self.now, self.asked = state, list[tuple[Any, ...]]()
        self.now_s, self.pictures = 0.0, 0

    def state(self) -> LiveState:
        return self.now

    def wait_for(self, number: int, timeout_s: float) -> Shown | None:
        self.now_s += timeout_s
        self.pictures += 1
        overlay = Overlay(None, (), self.now_s, 20.0)
        return Shown(gray(100), number + 1, overlay, self.now_s)

    def pause(self, paused: bool) -> None:
        self.asked.append(("pause", paused))

    def select(self, tests: list[str]) -> None:
        if not tests:
            raise SettingsError("expected one test or more, got none")
        self.asked.append(("select", *tests))

    def save(self) -> None:
        self.asked.append(("save",))

    def begin_calibration(self, name: str) -> None:
        self.asked.append(("calibrate", name))

    def cancel_calibration(self) -> None:
        self.asked.append(("cancel",))


def keys(state: LiveState = STATE) -> tuple[WindowKeys, SessionDouble]:
    session: Any = SessionDouble(state)
    return WindowKeys(session), session


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        (" ", ("pause", True)),
        ("s", ("save",)),
        ("1", ("select", "quality")),
        ("3", ("select", "face_cnn", "quality", "blink")),
    ],
)
def test_keys_do_what_the_window_says(key: str, asked: tuple[Any, ...]) -> None:
    pressed, session = keys()
    assert not pressed.press(ord(key))
    assert session.asked == [asked]


def test_space_goes_on_where_it_is_paused() -> None:
    pressed, session = keys(replace(STATE, camera=replace(RUNNING, status=CameraStatus.PAUSED)))
    pressed.press(ord(" "))
    assert session.asked == [("pause", False)]


def test_c_calibrates_and_cancels() -> None:
    pressed, session = keys()
    pressed.press(ord("c"))
    assert session.asked[0][0] == "calibrate"
    assert session.asked[0][1].startswith("camera-")
    pressed, session = keys(replace(STATE, calibrating=TAKING))
    pressed.press(ord("c"))
    assert session.asked == [("cancel",)]


@pytest.mark.parametrize("key", [ord("q"), 27, ord("q") | 0x100000])
def test_q_and_escape_end_the_view(key: int) -> None:
    assert keys()[0].press(key)


@pytest.mark.parametrize("key", [-1, ord("9"), ord("x"), 255])
def test_other_keys_do_nothing(key: int) -> None:
    pressed, session = keys()
    assert not pressed.press(key)
    assert not session.asked


def test_what_cannot_be_done_is_said_until_the_next_key() -> None:
    pressed, _ = keys(replace(STATE, selected=("face_cnn",)))
    pressed.press(ord("1"))
    assert pressed.words == "expected one test or more, got none"
    assert (pressed.words, True) in lines_of(STATE, pressed.words)
    pressed.press(ord("s"))
    assert pressed.words == ""


def test_the_text_names_camera_tests_and_keys() -> None:
    first, tests, last = lines_of(STATE, "")
    assert first == ("camera 0   25 pictures a second", False)
    assert tests[0] == "1 face_cnn (on)   2 quality (on)   3 blink"
    assert last == (KEYS, False)


def test_a_camera_that_is_retried_is_a_warning() -> None:
    first, *_ = lines_of(replace(STATE, camera=RETRYING), "")
    assert first == ("camera 0: another program uses it; next try in 4 s", True)


def test_a_calibration_says_how_far_it_is_and_what_to_do() -> None:
    words = [line for line, _ in lines_of(replace(STATE, calibrating=TAKING), "")]
    assert "calibration: 3 of 10 frames; only a living person may be before the camera" in words
    assert "move a little nearer" in words
    done = replace(TAKING, step=CalibrationStep.DONE, words="saved as desk")
    words = [line for line, _ in lines_of(replace(STATE, calibrating=done), "")]
    assert "calibration desk: saved as desk" in words


def test_the_page_has_the_picture_above_and_text_below() -> None:
    page = WindowPage()
    empty = page.drawn(None, lines_of(STATE, ""))
    assert empty.shape[1] == 640
    shown = Shown(gray(100, (320, 240)), 1, Overlay(None, (), 1.0, 20.0), 1.0)
    drawn = page.drawn(shown, lines_of(STATE, ""))
    assert drawn.shape[1] == 320
    assert drawn.shape[0] > 240
    assert np.ptp(drawn[240:]) > 100  # letters on their ground
    assert page.drawn(shown, lines_of(STATE, "")).shape == drawn.shape


def test_the_last_picture_of_a_lost_camera_is_dark_and_has_no_overlay() -> None:
    overlay = Overlay((80, 60, 240, 180), (), 1.0, 20.0)
    shown = Shown(gray(100, (320, 240)), 1, overlay, 1.0)
    drawn = WindowPage().drawn(shown, lines_of(STATE, ""), is_lost=True)
    assert (drawn[:240] == 30).all()


def test_an_opencv_without_windows_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "\n  GUI:     NONE\n")
    with pytest.raises(SettingsError, match="pip install opencv-python"):
        check_windows()


def test_a_machine_without_a_display_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "\n  GUI:     QT5\n")
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="there is no display for a window"):
        check_windows()


@pytest.mark.parametrize("end", ["q", "closed", "seconds", "ctrl-c"])
def test_a_window_ends_by_key_when_it_is_closed_or_its_time_is_over(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []

    def wait_key(_: int) -> int:
        if end == "ctrl-c" and len(shown) == 3:
            raise KeyboardInterrupt
        return ord("q") if end == "q" and len(shown) == 3 else -1

    def visible(*_: object) -> float:
        return 0.0 if end == "closed" and len(shown) == 3 else 1.0

    monkeypatch.setattr("facepad.webcam.window.check_windows", lambda: None)
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "imshow", lambda _, picture: shown.append(picture))
    monkeypatch.setattr(cv2, "waitKey", wait_key)
    monkeypatch.setattr(cv2, "getWindowProperty", visible)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: shown.append("closed"))
    session: Any = SessionDouble()
    run_window(session, seconds=0.14 if end == "seconds" else None)
    assert len(shown) == 4
    assert shown[-1] == "closed"
