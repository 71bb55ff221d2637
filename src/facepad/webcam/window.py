"""The live view in a window of OpenCV, with keys."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from facepad.annotating.overlay import OverlayPainter
from facepad.errors import FacepadError, SettingsError
from facepad.opencv import cv2
from facepad.types import RgbImage
from facepad.webcam.state import CameraStatus, LiveState, LiveView, Shown

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

TITLE = "facepad webcam"
KEYS = "space pause   1-9 test on or off   s save   c calibrate   q quit"
KEYS_CALIBRATING = "c cancel the calibration   q quit"
NO_WINDOWS = (
    "this OpenCV has no windows (opencv-python-headless has none); leave out --window for the page "
    "in the browser, or put opencv-python in its place: pip uninstall opencv-python-headless && "
    "pip install opencv-python"
)
NO_DISPLAY = (
    "there is no display for a window (DISPLAY and WAYLAND_DISPLAY are not set); leave out "
    "--window for the page in the browser, or use --headless"
)
ESCAPE, SPACE = 27, 32
_POLL_S, _KEY_MS = 0.05, 1
_BLANK = (640, 480)  # of the page that is shown before the first picture
_INK, _WARNING, _PAPER = (255, 255, 255), (255, 200, 90), 24
_NO_KEY = -1
_LETTERS, _SMALLEST, _LARGEST = 44, 11, 18  # heights of text in a width, and its bounds in pixels
_DIMMED = 0.3  # of the light of the last picture of a lost camera
_GAP = "   "  # between entries of a line

Line = tuple[str, bool]  # words, and whether they are a warning


def check_windows() -> None:
    """Check that OpenCV can open a window here.

    Raises:
        SettingsError: It cannot; the message says what to do.
    """
    lines = (line.strip() for line in cv2.getBuildInformation().splitlines())
    if any(line.startswith("GUI:") and line.endswith("NONE") for line in lines):
        raise SettingsError(NO_WINDOWS)
    names = ("DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in names):
        raise SettingsError(NO_DISPLAY)


def run_window(session: LiveView, *, seconds: float | None = None) -> None:
    """Show a live view in a window until it is closed, quit by key, or its time is over.

    Args:
        session: The view, begun.
        seconds: How long; None for no end.

    Raises:
        SettingsError: OpenCV cannot open a window here.
    """
    check_windows()
    os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")  # of fonts that it lacks
    try:
        cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
    except cv2.error:
        raise SettingsError(NO_WINDOWS) from None
    try:
        _show(session, seconds)
    except KeyboardInterrupt:  # a usual way to end it
        return
    finally:
        cv2.destroyAllWindows()


def _show(session: LiveView, seconds: float | None) -> None:
    page = WindowPage()
    keys = WindowKeys(session)
    shown: Shown | None = None
    while seconds is None or session.now_s < seconds:
        shown = session.wait_for(shown.number if shown else 0, _POLL_S) or shown
        state = session.state()
        is_lost = state.camera.status in (CameraStatus.OPENING, CameraStatus.RETRYING)
        picture = page.drawn(shown, lines_of(state, keys.words), is_lost=is_lost)
        cv2.imshow(TITLE, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if keys.press(cv2.waitKey(_KEY_MS)) or _is_closed():
            return


def _is_closed() -> bool:
    try:
        return bool(cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1)
    except cv2.error:  # the window is gone
        return True


class WindowPage:
    """Draws what the window shows: the picture with its overlay, and lines of text below it."""

    def __init__(self) -> None:
        self._painter = OverlayPainter(_BLANK)
        self._blank = np.full((_BLANK[1], _BLANK[0], 3), _PAPER, np.uint8)
        self._lines: list[Line] = []
        self._below = self._blank

    def drawn(self, shown: Shown | None, lines: list[Line], *, is_lost: bool = False) -> RgbImage:
        """Return the page.

        Args:
            shown: The newest picture; None before the first.
            lines: What stands below it.
            is_lost: Whether the camera is lost; then the picture is dark and has no overlay.
        """
        picture = self._blank
        if shown is not None:
            size = shown.picture.shape[1], shown.picture.shape[0]
            if self._painter.size != size:
                self._painter = OverlayPainter(size)
            picture = (
                (_DIMMED * shown.picture).astype(np.uint8)
                if is_lost
                else self._painter.drawn(shown.picture, shown.overlay)
            )
        width = picture.shape[1]
        if lines != self._lines or self._below.shape[1] != width:  # drawing text takes time
            self._lines, self._below = lines, _text(lines, width)
        return np.concatenate([picture, self._below])


def lines_of(state: LiveState, words: str) -> list[Line]:
    """Return what stands below the picture, each with whether it is a warning."""
    camera = state.camera
    lines: list[Line] = []
    if camera.status is CameraStatus.RUNNING:
        lines.append((f"{camera.name}   {state.rate:.0f} pictures a second", False))
    else:
        wait = "" if camera.retry_s is None else f"; next try in {camera.retry_s:.0f} s"
        lines.append((f"{camera.words}{wait}", camera.status is CameraStatus.RETRYING))
    tests = (
        f"{number} {name}{' (on)' if name in state.selected else ''}"
        for number, name in enumerate(state.available[:9], 1)
    )
    lines.append((_GAP.join(tests) + (f"{_GAP}loading ..." if state.is_loading else ""), False))
    progress = state.calibrating
    if progress is not None and progress.is_running:
        count = f"calibration: {progress.taken} of {progress.wanted} frames"
        lines += [(f"{count}; only a living person may be before the camera", False)]
        lines += [(progress.words, True), (KEYS_CALIBRATING, False)]
        return lines
    if progress is not None:
        lines.append((f"calibration {progress.name}: {progress.words}", False))
    if words or state.notice:
        lines.append((words or state.notice, bool(words)))
    lines.append((KEYS, False))
    return lines


@dataclass(slots=True)
class WindowKeys:
    """What keys do.

    Attributes:
        session: The view.
        words: What came of the last key, where it could not be done.
    """

    session: LiveView
    words: str = ""

    def press(self, key: int) -> bool:
        """Do what a key asks for; return whether the view ends.

        Args:
            key: As `cv2.waitKey` returns it; below 0 for none.
        """
        if key == _NO_KEY:
            return False
        key &= 0xFF
        if key in (ESCAPE, ord("q")):
            return True
        self.words = ""
        actions: dict[int, Callable[[], object]] = {
            SPACE: self._pause,
            ord("s"): self.session.save,
            ord("c"): self._calibrate,
        }
        number = key - ord("1")
        try:
            if key in actions:
                actions[key]()
            elif 0 <= number < min(9, len(self.session.state().available)):
                self._switch(number)
        except FacepadError as error:
            self.words = str(error)
        return False

    def _pause(self) -> None:
        is_paused = self.session.state().camera.status is CameraStatus.PAUSED
        self.session.pause(not is_paused)

    def _switch(self, number: int) -> None:
        """Take a test out, or add it; the last one stays."""
        state = self.session.state()
        name, selected = state.available[number], state.selected
        others = [test for test in selected if test != name]
        self.session.select(others if name in selected else [*selected, name])

    def _calibrate(self) -> None:
        progress = self.session.state().calibrating
        if progress is not None and progress.is_running:
            self.session.cancel_calibration()
            return
        self.session.begin_calibration(f"camera-{datetime.now().astimezone():%Y%m%d-%H%M%S}")


def _text(lines: list[Line], width: int) -> RgbImage:
    """Draw lines of text on dark ground, broken where they are too long."""
    from PIL import Image, ImageDraw, ImageFont

    size = min(max(round(width / _LETTERS), _SMALLEST), _LARGEST)
    font = ImageFont.load_default(size)
    rows = [(part, warns) for words, warns in lines for part in _broken(words, width - size, font)]
    step = round(1.4 * size)
    page = Image.new("RGB", (width, step * len(rows) + size // 2), (_PAPER,) * 3)
    draw = ImageDraw.Draw(page)
    for number, (words, warns) in enumerate(rows):
        draw.text((size // 2, number * step + 2), words, _WARNING if warns else _INK, font)
    return np.array(page, np.uint8)


def _broken(words: str, width: int, font: "FreeTypeFont | ImageFont") -> list[str]:
    """Break a line where it is wider than so many pixels: between entries, or between words."""
    gap = _GAP if _GAP in words else " "
    lines: list[str] = []
    for word in words.split(gap):
        longer = f"{lines[-1]}{gap}{word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
