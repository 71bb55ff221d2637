"""What a live view shows and reports: pictures with their overlay, camera, tests, calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from facepad.annotating.overlay import Moment, Overlay
from facepad.finders import Faces
from facepad.registry import DEFAULT_FUSION, DEFAULT_POINT
from facepad.types import RgbImage


class CameraStatus(StrEnum):
    """What a camera does."""

    OPENING = "opening"
    RUNNING = "running"
    PAUSED = "paused"
    RETRYING = "retrying"  # it cannot be used now; it is opened again after a pause
    CLOSED = "closed"


class CalibrationStep(StrEnum):
    """Where a calibration from the live picture is."""

    TAKING = "taking"  # frames are taken
    FITTING = "fitting"
    DONE = "done"
    FAILED = "failed"  # it was refused; the words say why
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What is shown and how it is judged.

    Attributes:
        camera: Number or device path of a camera, or the path of a clip to use as a camera.
        size: Width and height in pixels that a camera should give.
        tests: Names of the tests that decide; None for the default ones.
        advisory: Names of tests whose scores are only shown; None for the default ones.
        operating_point: Name of the operating point.
        calibration: Name of the camera's calibration; None for none.
        fusion: Name or file of what makes one score of several deciding tests.
        faces: Which face of several is judged.
        save_dir: Folder that pictures are saved to on request.
    """

    camera: str = "0"
    size: tuple[int, int] = (640, 480)
    tests: tuple[str, ...] | None = None
    advisory: tuple[str, ...] | None = None
    operating_point: str = DEFAULT_POINT
    calibration: str | None = None
    fusion: str = DEFAULT_FUSION
    faces: Faces = "largest"
    save_dir: Path = Path()


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture of the camera with what is known of it.

    Attributes:
        picture: RGB uint8, shape (H, W, 3), height and width even, 1280 pixels at most; not to be
            changed.
        number: Counts pictures from 1, also over reconnections of the camera.
        overlay: What `facepad.annotating.overlay.OverlayPainter` draws over it.
        time_s: Seconds since the view began.
    """

    picture: RgbImage
    number: int
    overlay: Overlay
    time_s: float


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera, in words for people.

    Attributes:
        status: What it does.
        name: How messages name it: "camera 0", or "clip desk.webm, used as a camera".
        words: One sentence about its status; what is wrong, and what to do, while it is retried.
        size: Width and height of its pictures in pixels; None before the first.
        retry_s: Seconds until it is opened again; None where it is not waited for.
    """

    status: CameraStatus
    name: str
    words: str
    size: tuple[int, int] | None = None
    retry_s: float | None = None


@dataclass(frozen=True, slots=True)
class CalibrationProgress:
    """A calibration from the live picture.

    Attributes:
        step: Where it is.
        name: Name of the calibration.
        taken: Frames that were taken.
        wanted: Frames that it needs.
        words: What the person before the camera has to do now; in the end, what came of it.
    """

    step: CalibrationStep
    name: str
    taken: int
    wanted: int
    words: str

    @property
    def is_running(self) -> bool:
        """Whether it is neither done nor refused nor cancelled."""
        return self.step in (CalibrationStep.TAKING, CalibrationStep.FITTING)


@dataclass(frozen=True, slots=True)
class LiveState:
    """Everything but the picture that a live view reports.

    Attributes:
        camera: The camera.
        rate: Pictures a second that were shown in the last two seconds.
        decisions: How many decisions were made since the view began.
        newest: The newest decision; None before the first, and where the camera was lost since.
        deciding: Names of the tests that decide, in order.
        advisory: Names of the tests whose scores are only shown, in order.
        available: Names of all tests that can be selected, in order; at most nine have a key.
        selected: Names of the tests that were selected last, in use or being loaded, in order.
        is_loading: Whether newly selected tests are being loaded; the former ones judge until then.
        window_s: Seconds before a decision that it is about.
        calibration: Name of the calibration that decisions use; None for none.
        calibrating: The calibration that was begun last; None before the first.
        notice: What happened last, in words: a file was saved, tests could not be loaded; "" for
            nothing.
        saved: The picture that was saved last; None for none.
    """

    camera: CameraState
    rate: float
    decisions: int
    newest: Moment | None
    deciding: tuple[str, ...]
    advisory: tuple[str, ...]
    available: tuple[str, ...]
    selected: tuple[str, ...]
    is_loading: bool
    window_s: float
    calibration: str | None
    calibrating: CalibrationProgress | None
    notice: str
    saved: Path | None


class LiveView(Protocol):
    """What those who show a live view may ask of it: `facepad.webcam.session.LiveSession`."""

    @property
    def now_s(self) -> float:
        """Seconds since the view began."""

    def wait_for(self, number: int, timeout_s: float) -> Shown | None:
        """Return the newest picture with a higher number; None when none comes in time."""

    def state(self) -> LiveState:
        """Return what there is to report now."""

    def pause(self, paused: bool) -> None:
        """Stop or resume showing and judging pictures."""

    def select(self, tests: Sequence[str]) -> None:
        """Judge by other tests from now on."""

    def save(self) -> Path:
        """Write the picture that was shown last, and the newest decision."""

    def begin_calibration(self, name: str) -> None:
        """Calibrate the camera from frames of the living person who is before it now."""

    def cancel_calibration(self) -> None:
        """End a calibration that is running."""
