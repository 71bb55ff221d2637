"""A live view whose pictures move, with made-up decisions; stands in for `LiveSession`."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from facepad.annotating.overlay import Moment, Overlay
from facepad.decision import Decision
from facepad.errors import SettingsError
from facepad.types import OperatingPoint, Outcome, Reason, RgbImage, Score
from facepad.webcam.page import run_page
from facepad.webcam.state import (
    CalibrationProgress,
    CalibrationStep,
    CameraState,
    CameraStatus,
    LiveState,
    Shown,
)

PORTRAIT = Path(__file__).resolve().parents[1] / "examples" / "astronaut.jpg"
POINT = OperatingPoint("balanced", 0.6, 0.3, 0.6)
SCORES = {Outcome.BONA_FIDE: 0.9, Outcome.ATTACK: 0.1, Outcome.UNCERTAIN: 0.5}
REASONS = {Outcome.UNCERTAIN: (Reason.TOO_DARK,), Outcome.NON_RESPONSE: (Reason.NO_FACE,)}


def made_up_moment(outcome: Outcome) -> Moment:
    """A decision with two tests that decide, one of which abstains, and one left out."""
    score = SCORES.get(outcome)
    decision = Decision(
        outcome,
        score,
        REASONS.get(outcome, ()),
        scores={"quality": Score(score), "blink": Score(None, Reason.NO_BLINK)} if score else {},
        operating_point=POINT if score else None,
        operating_points={"quality": POINT},
        interval=(score - 0.08, score + 0.08) if score else None,
        left_out={"pulse": Reason.CLIP_TOO_SHORT},
        advisory=("pulse",),
    )
    return Moment(1.0, decision)


def running() -> LiveState:
    """The state of a view that runs."""
    return LiveState(
        camera=CameraState(CameraStatus.RUNNING, "camera 0", "it runs", (640, 480)),
        rate=25.0,
        decisions=7,
        newest=made_up_moment(Outcome.BONA_FIDE),
        deciding=("quality", "blink"),
        advisory=("pulse",),
        available=("quality", "face_cnn", "blink", "parallax", "pulse"),
        selected=("quality", "blink", "pulse"),
        is_loading=False,
        window_s=3.0,
        calibration=None,
        calibrating=None,
        notice="",
        saved=None,
    )


@dataclass
class MadeUpLive:
    """Shows the portrait with a bar that moves.

    Attributes:
        now: What it reports.
        rate: Pictures a second.
        asked: What was asked for, with its arguments.
        refusal: Message with which the next requests are refused; "" for none.
        failure: Raised by `wait_for` in place of a picture.
    """

    now: LiveState = field(default_factory=running)
    rate: float = 25.0
    asked: list[tuple[str, Any]] = field(default_factory=list)
    refusal: str = ""
    failure: Exception | None = None

    def __post_init__(self) -> None:
        self._begin_s = time.monotonic()
        self._view = np.full((480, 640, 3), 90, np.uint8)
        self._view[:, 80:560] = np.asarray(Image.open(PORTRAIT).resize((480, 480)))

    def wait_for(self, number: int, timeout_s: float) -> Shown | None:
        if self.failure is not None:
            raise self.failure
        if self.now.camera.status is not CameraStatus.RUNNING and number > 0:
            time.sleep(min(timeout_s, 0.05))
            return None
        time_s = max(time.monotonic() - self._begin_s, (number + 1) / self.rate)
        time.sleep(max(0.0, time_s - (time.monotonic() - self._begin_s)))
        newest = int(time_s * self.rate)
        moments = () if self.now.newest is None else (self.now.newest,)
        overlay = Overlay((200, 90, 420, 330), moments, time_s, max(10.0, time_s))
        return Shown(self._picture(newest), newest, overlay, time_s)

    def _picture(self, number: int) -> RgbImage:
        picture = self._view.copy()
        left = (7 * number) % 620
        picture[400:440, left : left + 20] = 255
        return picture

    def state(self) -> LiveState:
        return self.now

    def pause(self, paused: bool) -> None:
        status = CameraStatus.PAUSED if paused else CameraStatus.RUNNING
        self._ask("pause", paused)
        self.now = replace(self.now, camera=replace(self.now.camera, status=status, words="paused"))

    def select(self, tests: Sequence[str]) -> None:
        self._ask("select", tuple(tests))
        deciding = tuple(name for name in tests if name != "pulse")
        advisory = tuple(name for name in tests if name == "pulse")
        self.now = replace(self.now, deciding=deciding, advisory=advisory, selected=tuple(tests))

    def save(self) -> Path:
        self._ask("save", None)
        path = Path("facepad-1.png")
        self.now = replace(self.now, notice=f"saved {path}", saved=path)
        return path

    def begin_calibration(self, name: str) -> None:
        self._ask("begin", name)
        self.calibrating(CalibrationStep.TAKING, 3, "turn your head slightly", name)

    def cancel_calibration(self) -> None:
        self._ask("cancel", None)
        self.calibrating(CalibrationStep.CANCELLED, 3, "calibration cancelled")

    def calibrating(
        self, step: CalibrationStep, taken: int, words: str, name: str = "desk"
    ) -> None:
        """Report a calibration."""
        self.now = replace(self.now, calibrating=CalibrationProgress(step, name, taken, 10, words))

    def _ask(self, what: str, argument: object) -> None:
        if self.refusal:
            raise SettingsError(self.refusal)
        self.asked.append((what, argument))


def _stop(url: str) -> None:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    headers = {"Origin": f"http://{parts.netloc}", "Content-Type": "application/json"}
    connection.request("POST", f"{parts.path}do/stop", "{}", headers)
    connection.getresponse().read()
    connection.close()


@contextmanager
def served_page(session: Any) -> Iterator[str]:  # noqa: ANN401 - a session, or what stands in
    """Serve the page of a view in a thread, and give its address; it ends with the block."""
    lines: list[str] = []
    is_said = threading.Event()

    def say(line: str) -> None:
        lines.append(line)
        is_said.set()

    errors: list[Exception] = []

    def serve() -> None:
        try:
            run_page(session, port=0, open_browser=False, say=say)
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    if not is_said.wait(30):
        raise RuntimeError("the page is not served")
    url = lines[0].split()[3]
    try:
        yield url
    finally:
        with suppress(OSError):  # it may have ended already
            _stop(url)
        thread.join(15)
        expected = getattr(session, "failure", None)
        for error in errors:
            if error is not expected:
                raise error
