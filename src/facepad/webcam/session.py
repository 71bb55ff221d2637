"""A live view of a camera: threads that read, follow and judge, and what others may ask of them."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from facepad.annotating import scaled_box
from facepad.annotating.overlay import Overlay
from facepad.errors import SettingsError
from facepad.registry import DEFAULT_CALIBRATED
from facepad.selected_tests import name_of
from facepad.types import Box, Calibratable
from facepad.webcam.calibrating import FitLive, LiveCalibration
from facepad.webcam.cameras import opener_of
from facepad.webcam.feed import CameraFeed
from facepad.webcam.following import FaceFollower
from facepad.webcam.judging import SPAN_S, AssessedFrames, Choice, LiveJudge, SelectableTests
from facepad.webcam.saving import save_shown
from facepad.webcam.state import LiveOptions, LiveState, Shown
from facepad.webcam.streams import LivePicture

RATE_S = 2.0  # over which the rate of pictures is measured
STALE_S = 1.0  # after which the box of a face is no longer drawn
_JOIN_S = 5.0


class LiveSession:
    """Shows and judges the picture of a camera; to be used in a ``with`` statement.

    The picture never waits for the tests: one thread reads the camera and keeps the newest picture,
    a second follows the face, a third judges. All methods may be called from any thread, and none
    but `wait_for` and `close` waits.

    Args:
        options: What is shown and how it is judged.
        fit: Makes a calibration of frames, see `facepad.training.calibration.run.fit_pictures`;
            None where calibrating is not offered.
        clock: Seconds, which never go back.

    Raises:
        InputError: The camera's name is none, or the clip cannot be read.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test or a calibration that was named does not exist.
    """

    def __init__(
        self,
        options: LiveOptions,
        *,
        fit: FitLive | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        name, opener = opener_of(options.camera, options.size)
        choice = Choice(options.tests, options.advisory, options.calibration)
        checker = choice.checker(options)
        checker.load()
        self.options = options
        self._clock, self._name, self._fit = clock, name, fit
        self._tests = SelectableTests(options, checker)
        self._feed = CameraFeed(name, opener, clock=clock)
        self._follower = FaceFollower(self._feed, checker)
        self._judge = LiveJudge(
            options, self._feed, self._follower, (choice, checker), self._notify
        )
        self._lock, self._saving = Lock(), Lock()
        self._notice = ""
        self._saved: Path | None = None
        self._shown: Shown | None = None
        self._calibration: LiveCalibration | None = None
        self._given: deque[float] = deque()

    def __enter__(self) -> Self:
        for part in (self._feed, self._follower, self._judge):
            part.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def now_s(self) -> float:
        """Seconds since the view began."""
        return self._feed.now_s

    def wait_for(self, number: int, timeout_s: float) -> Shown | None:
        """Return the newest picture when it has a higher number; wait for it otherwise.

        Pictures between ``number`` and the newest are left out, so that a slow viewer is never
        behind. While the view is paused or the camera is lost, no picture comes.

        Args:
            number: Of the picture that the viewer showed last; 0 for none.
            timeout_s: Seconds to wait.

        Returns:
            The picture; None where none came in time, and after `close`.

        Raises:
            Exception: What ended a thread of the view unexpectedly.
        """
        picture = self._feed.newest(number, timeout_s)
        if picture is None:
            return None
        shown = self._with_overlay(picture)
        with self._lock:
            if self._shown is None or shown.number > self._shown.number:
                self._shown = shown
                self._given.append(self._clock())
                self._forget()
        return shown

    def state(self) -> LiveState:
        """Return what there is to report now."""
        judge, camera = self._judge, self._feed.state()
        moments = judge.moments()
        running = self._calibration
        with self._lock:
            self._forget()
            return LiveState(
                camera=camera,
                rate=len(self._given) / RATE_S,
                decisions=judge.decisions,
                newest=moments[-1] if moments else None,
                deciding=tuple(map(name_of, judge.checker.of_clips.deciding)),
                advisory=tuple(map(name_of, judge.checker.of_clips.advisory)),
                available=self._tests.available,
                selected=judge.selected,
                is_loading=judge.is_loading,
                window_s=self._follower.window.seconds,
                calibration=judge.calibration,
                calibrating=None if running is None else running.progress,
                notice=self._notice,
                saved=self._saved,
            )

    def pause(self, paused: bool) -> None:
        """Stop or resume showing and judging pictures; the camera stays open."""
        self._feed.pause(paused)

    def select(self, tests: Sequence[str]) -> None:
        """Judge by other tests from now on; those in use judge until the new ones are loaded.

        Tests that the options call advisory stay so beside others that decide.

        Args:
            tests: Names among ``state().available``; at least one.

        Raises:
            SettingsError: There is no such test, or none was named.
        """
        self._judge.select(self._tests, tests)

    def save(self) -> Path:
        """Write the picture that was shown last with its overlay, and the newest decision.

        Returns:
            The picture, a PNG file; the decision is the JSON file of the same name beside it.

        Raises:
            SettingsError: There is nothing to save yet, or the folder cannot be written to.
        """
        with self._lock:
            shown = self._shown
        if shown is None:
            raise SettingsError("no picture was shown yet; there is nothing to save")
        newest = shown.overlay.moments[-1] if shown.overlay.moments else None
        with self._saving:  # so that no two get one name
            file = save_shown(shown, newest, self._name, self.options.save_dir)
        with self._lock:
            self._saved = file
        self._notify(f"saved {file}")
        return file

    def begin_calibration(self, name: str) -> None:
        """Calibrate the camera from ten frames of the living person who is before it now.

        Args:
            name: Name of the calibration; not yet taken.

        Raises:
            SettingsError: The name is taken or is no file name, or a calibration is running.
        """
        if self._fit is None:
            raise SettingsError("this view cannot calibrate; use `facepad webcam`")
        checker = self._judge.checker
        tests = checker.parts().tests[: len(checker.deciding)]
        names = [test.name for test in tests if isinstance(test, Calibratable)]
        test = self._tests.place(names[0]) if names else DEFAULT_CALIBRATED
        with self._lock:
            running = self._calibration
            if running is not None and running.progress.is_running:
                raise SettingsError(
                    f"calibration {running.progress.name!r} is running; cancel it first"
                )
            self._calibration = LiveCalibration(name, test, self._fit, AssessedFrames())
        self._calibration.start(self._follower.next_frame, self._judge.use_calibration)

    def cancel_calibration(self) -> None:
        """End a calibration that is running; nothing is kept of it."""
        if (running := self._calibration) is not None:
            running.cancel()

    def close(self) -> None:
        """End all threads and let go of the camera; it may be called again."""
        parts = (self._judge, self._follower, self._feed)
        self.cancel_calibration()
        for part in parts:  # all of them first: an interrupt may end the waiting for one
            part.stop()
        if (running := self._calibration) is not None:
            running.cancel(_JOIN_S)
        for part in parts:
            part.close()

    def _with_overlay(self, picture: LivePicture) -> Shown:
        """Return a picture with the newest decisions and the newest place of the face."""
        now_s = picture.frame.time_s
        moments = self._judge.moments()
        overlay = Overlay(
            self._box(picture), moments, now_s, SPAN_S, begin_s=max(0.0, now_s - SPAN_S)
        )
        return Shown(picture.frame.image, picture.frame.number or 0, overlay, now_s)

    def _box(self, picture: LivePicture) -> Box | None:
        followed = self._follower.face
        if followed is None or followed.face is None:
            return None
        if picture.frame.time_s - followed.time_s > STALE_S:
            return None
        return scaled_box(followed.face.box, followed.size, picture.frame.image)

    def _notify(self, words: str) -> None:
        with self._lock:
            self._notice = words

    def _forget(self) -> None:
        """Leave out the times of pictures that are too old for the rate."""
        while self._given and self._clock() - self._given[0] > RATE_S:
            self._given.popleft()
