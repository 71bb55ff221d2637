"""Calibrate a camera from the live picture: which frames are taken, and what the person has to do.

Only for a bona fide person: whoever is before the camera is learned as one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock, Thread
from types import MappingProxyType

from facepad import calibration
from facepad.calibration import Calibration
from facepad.errors import FacepadError, SettingsError
from facepad.models.card import Card
from facepad.reasons import REASONS
from facepad.types import CaptureQuality, Face, Frame, Reason, RgbImage
from facepad.webcam.state import CalibrationProgress, CalibrationStep
from facepad.webcam.streams import wait_for_end

WANTED = 10  # frames
APART_S = 0.5  # least time between two of them
PROMPT_S = 4.0  # after which another movement is asked for
GIVE_UP_S = 40.0  # without a frame that can be taken
LONGEST_STEP_S = 5.0  # from frame to frame; what is more, as in a pause, is not waited for
PROMPTS = (
    "look straight into the camera and hold still",
    "turn your head slightly to the left",
    "turn your head slightly to the right",
    "move a little nearer",
    "move a little further away",
    "raise your chin slightly",
    "lower your chin slightly",
    "move a little to one side",
)
# How much two frames must differ, in one of these at least: the pose in degrees, the logarithm of
# the size of the face, and its place in widths of the face.
STEPS: Mapping[str, float] = MappingProxyType(
    {"yaw": 5.0, "pitch": 5.0, "roll": 6.0, "size": math.log(1.1), "x": 0.2, "y": 0.2}
)
_NEVER = -math.inf

# Takes the name, the test, pictures and what to call now and then; returns a calibration, its card,
# and how good it is in words.
FitLive = Callable[
    [str, str, Sequence[RgbImage], Callable[[], None]], tuple[Calibration, Card, str]
]
NextFrame = Callable[[float], Frame | None]


@dataclass(frozen=True, slots=True)
class FacePlace:
    """Where a face is and how it is turned.

    Attributes:
        values: By the names of `STEPS`; what could not be measured is left out.
        width: Of the face in pixels.
    """

    values: Mapping[str, float]
    width: float

    @classmethod
    def of(cls, face: Face, capture: CaptureQuality) -> "FacePlace":
        """Return the place of a face whose capture was assessed."""
        left, top, right, bottom = face.box
        width = float(max(right - left, 1))
        found = {
            "roll": face.roll_deg,
            "size": math.log(width),
            "x": (left + right) / 2.0,
            "y": (top + bottom) / 2.0,
        }
        for name in ("yaw", "pitch"):
            if (value := capture.measures.get(f"{name}_deg")) is not None:
                found[name] = value
        return cls(MappingProxyType(found), width)

    def differs(self, other: "FacePlace") -> bool:
        """Return whether two frames differ enough for both to be taken."""
        for name in self.values.keys() & other.values.keys():
            difference = abs(self.values[name] - other.values[name])
            if name in ("x", "y"):
                difference /= min(self.width, other.width)
            if difference >= STEPS[name]:
                return True
        return False


class LiveCalibration:
    """Takes frames until there are enough, and fits a calibration to them.

    With `start` it does so in a thread of its own, and decisions go on.

    Args:
        name: Name of the calibration.
        test: Name of the test to calibrate.
        fit: Makes the calibration of the frames.
        assess: Judges the capture of a frame.

    Raises:
        SettingsError: The name is taken or is no file name.
    """

    def __init__(
        self, name: str, test: str, fit: FitLive, assess: Callable[[Frame], CaptureQuality]
    ) -> None:
        _check_free(name)
        self._test, self._fit, self._assess = test, fit, assess
        self._frames: list[Frame] = []
        self._places: list[FacePlace] = []
        self._since_s, self._taken_s, self._last_s = _NEVER, _NEVER, _NEVER
        self._lock = Lock()
        self._thread: Thread | None = None
        self._progress = CalibrationProgress(
            CalibrationStep.TAKING, name, 0, WANTED, "waiting for the camera"
        )

    @property
    def progress(self) -> CalibrationProgress:
        """Where the calibration is, and what to do."""
        with self._lock:
            return self._progress

    @property
    def is_complete(self) -> bool:
        """Whether there are enough frames to fit."""
        return len(self._frames) == WANTED

    def start(self, next_frame: NextFrame, saved: Callable[[str], None]) -> None:
        """Take frames and fit, in a thread.

        Args:
            next_frame: Returns the newest frame that is later than a time, searched for faces;
                None when none comes for a while.
            saved: Called with the name of the calibration when it was saved.
        """
        # No daemon: a thread that is in a library when the interpreter ends takes the process down.
        self._thread = Thread(target=self._run, args=(next_frame, saved), name="facepad-calibrate")
        self._thread.start()

    def _run(self, next_frame: NextFrame, saved: Callable[[str], None]) -> None:
        last_s = _NEVER
        try:
            while self.progress.step is CalibrationStep.TAKING and not self.is_complete:
                frame = next_frame(last_s)
                if frame is not None:
                    self.offer(frame)
                    last_s = frame.time_s
            if self.progress.is_running and self.fit():
                saved(self.progress.name)
        except Exception as error:  # noqa: BLE001 - shown to whoever began the calibration
            self._tell(f"unexpected {type(error).__name__}: {error}", CalibrationStep.FAILED)

    def cancel(self, wait_s: float = 0.0) -> None:
        """End it, where it is neither done nor refused; nothing is kept.

        Args:
            wait_s: Seconds to wait for its thread.
        """
        self._tell("cancelled; nothing was saved", CalibrationStep.CANCELLED)
        if wait_s and self._thread is not None:
            wait_for_end(self._thread, wait_s)

    def offer(self, frame: Frame) -> None:
        """Take a frame that was searched for a face, or say what is wrong with it.

        Args:
            frame: Its time does not go back.
        """
        if self._since_s == _NEVER:
            self._since_s = self._last_s = frame.time_s
        self._since_s += max(0.0, frame.time_s - self._last_s - LONGEST_STEP_S)
        self._last_s = frame.time_s
        wrong = self._problem(frame)
        if not wrong:
            self._frames.append(replace(frame, number=None, notes=()))
            self._since_s = self._taken_s = frame.time_s
            if self.is_complete:
                return
            wrong = PROMPTS[len(self._frames) % len(PROMPTS)]
        waited_s = frame.time_s - self._since_s
        if waited_s >= GIVE_UP_S:
            self._tell(self._refusal(frame, wrong), CalibrationStep.FAILED)
        else:
            self._tell(wrong)

    def fit(self) -> bool:
        """Fit the calibration to the frames and save it.

        Returns:
            Whether it was saved; if not, the progress says why.
        """
        self._tell("thank you; fitting the calibration", CalibrationStep.FITTING)
        try:
            words = self._fitted()
        except _CancelledError:
            return False
        except FacepadError as error:
            self._tell(str(error), CalibrationStep.FAILED)
            return False
        finally:
            self._frames.clear()
        self._tell(words, CalibrationStep.DONE)
        return self.progress.step is CalibrationStep.DONE

    def _fitted(self) -> str:
        name = self.progress.name
        pictures = [frame.image for frame in self._frames]
        made, card, grade = self._fit(name, self._test, pictures, self._check_cancelled)
        self._check_cancelled()
        _check_free(name)
        calibration.save(made, card)
        return f"saved as {name}, which is used from now on; {grade}"

    def _check_cancelled(self) -> None:
        if not self.progress.is_running:
            raise _CancelledError

    def _problem(self, frame: Frame) -> str:
        """Return what the person has to do before a frame can be taken; "" to take this one."""
        if frame.face is None:
            return _advice(frame.no_face or Reason.NO_FACE)
        if frame.face.others:
            return _advice(Reason.MULTIPLE_FACES)
        capture = self._assess(frame)
        if capture.reasons:
            return _advice(capture.reasons[0])
        if frame.time_s - self._taken_s < APART_S:
            return self.progress.words
        place = FacePlace.of(frame.face, capture)
        if all(place.differs(other) for other in self._places):
            self._places.append(place)
            return ""
        return self._prompt(frame.time_s)

    def _prompt(self, now_s: float) -> str:
        """Return the movement to ask for; another one after some seconds in vain."""
        turns = max(0, math.floor((now_s - self._since_s) / PROMPT_S))
        return PROMPTS[(len(self._frames) + turns) % len(PROMPTS)]

    def _refusal(self, frame: Frame, wrong: str) -> str:
        count = f"{len(self._frames)} of {WANTED} frames were taken"
        if frame.face is None or wrong not in PROMPTS:
            return f"{count}; in the last {GIVE_UP_S:g} s none could be used: {wrong}"
        return (
            f"{count}; in the last {GIVE_UP_S:g} s none differed from them in pose, size or "
            "place: a living person before the camera has to move between frames"
        )

    def _tell(self, words: str, step: CalibrationStep | None = None) -> None:
        """Renew the progress, unless it has ended."""
        with self._lock:
            now = self._progress
            if now.is_running:
                self._progress = replace(
                    now, step=step or now.step, taken=len(self._frames) or now.taken, words=words
                )


class _CancelledError(Exception):
    """Ends a fit that was cancelled."""


def _check_free(name: str) -> None:
    if calibration.path(name).exists():
        raise SettingsError(f"a calibration named {name!r} exists; choose another name")
    calibration.check_free(name)


def _advice(reason: Reason) -> str:
    meant = REASONS[reason]
    return f"{meant.words}: {meant.advice}" if meant.advice else meant.words
