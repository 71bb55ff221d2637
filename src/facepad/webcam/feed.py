"""Read a camera in a thread of its own: keep the newest picture, and open a lost camera again."""

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Condition, Event, Lock, Thread

from facepad.errors import InputError
from facepad.media.resize import even, shrink_to_fit
from facepad.types import Frame
from facepad.webcam.state import CameraState, CameraStatus
from facepad.webcam.streams import LivePicture, Opener, wait_for_end

LARGEST_SIDE = 1280  # pixels of the pictures that are shown
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)  # before a camera is opened again; the last one repeats
_RECOVERED = 10  # frames after which the next pause is the shortest again
_LEAST_STEP_S = 1e-3  # between the times of two pictures
_JOIN_S = 3.0  # a camera that gives nothing holds its thread; it is left to itself after so long


class CameraFeed:
    """Reads a camera in a thread, and holds its newest picture only.

    Args:
        name: How messages name the camera.
        opener: Opens it.
        clock: Seconds, which never go back.
        pauses_s: Seconds before each further try to open it.
    """

    def __init__(
        self,
        name: str,
        opener: Opener,
        *,
        clock: Callable[[], float] = time.monotonic,
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        self._name, self._opener, self._clock, self._pauses_s = name, opener, clock, pauses_s
        self._began_s = clock()
        self._stop, self._changed = Event(), Condition(Lock())
        self._newest: LivePicture | None = None
        self._take, self._count, self._last_s, self._offset_s = 0, 0, 0.0, 0.0
        self._since_s = 0.0
        self._is_paused = False
        self._is_new_take = True
        self._status, self._words = CameraStatus.OPENING, f"opening {name}"
        self._due_s: float | None = None
        self._size: tuple[int, int] | None = None
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="facepad-camera", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    @property
    def now_s(self) -> float:
        """Seconds since the view began."""
        return self._clock() - self._began_s

    @property
    def take(self) -> int:
        """Number of the stretch without interruption that pictures belong to now."""
        return self._take

    @property
    def since_s(self) -> float:
        """When the camera was lost or paused last, seconds since the view began."""
        return self._since_s

    def newest(self, after: int, timeout_s: float) -> LivePicture | None:
        """Return the newest picture with a number above ``after``; None when none comes in time.

        Raises:
            BaseException: What ended the thread unexpectedly.
        """

        def is_there() -> bool:
            newest = self._newest
            return self._has_ended or (newest is not None and (newest.frame.number or 0) > after)

        with self._changed:
            self._changed.wait_for(is_there, timeout_s)
            if self._failure is not None:
                raise self._failure
            return None if self._stop.is_set() or not is_there() else self._newest

    @property
    def _has_ended(self) -> bool:
        return self._stop.is_set() or self._failure is not None

    def state(self) -> CameraState:
        """Return what the camera does now."""
        with self._changed:
            if self._stop.is_set():
                return CameraState(CameraStatus.CLOSED, self._name, "closed", self._size)
            wait_s = None if self._due_s is None else max(0.0, self._due_s - self._clock())
            status, words = self._status, self._words
            if self._is_paused and status is CameraStatus.RUNNING:
                status, words = CameraStatus.PAUSED, "paused; the camera stays open"
            return CameraState(status, self._name, words, self._size, wait_s)

    def pause(self, paused: bool) -> None:
        """Leave out pictures from now on, or show them again."""
        with self._changed:
            if self._is_paused != paused:
                self._is_paused = paused
                self._interrupt(forget=True)

    def stop(self) -> None:
        """Let the thread end, without waiting for it."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread and let go of the camera."""
        self.stop()
        wait_for_end(self._thread, _JOIN_S)

    def _interrupt(self, *, forget: bool = False) -> None:
        """Begin a new take with the next picture.

        Args:
            forget: Whether another person may be before the camera then.
        """
        self._take += 1
        self._is_new_take = True
        if forget:
            self._since_s = max(self.now_s, self._last_s)

    def _run(self) -> None:
        tries = 0
        try:
            while not self._stop.is_set():
                words, count = self._read()
                tries = 0 if count > _RECOVERED else tries
                self._wait_after(words, self._pauses_s[min(tries, len(self._pauses_s) - 1)])
                tries += 1
        except BaseException as error:  # noqa: BLE001 - raised again where pictures are asked for
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _read(self) -> tuple[str, int]:
        """Read until the camera is lost; return why, and how many frames it gave."""
        count = 0
        try:
            with self._opener(self._stop.wait) as camera:
                for frame in camera.frames():
                    if self._stop.is_set():
                        break
                    self._publish(frame)
                    count += 1
        except InputError as error:
            return str(error), count
        return f"{self._name}: it gives no more frames", count

    def _wait_after(self, words: str, pause_s: float) -> None:
        with self._changed:
            self._interrupt(forget=True)
            self._status, self._due_s = CameraStatus.RETRYING, self._clock() + pause_s
            self._words = words
        self._stop.wait(pause_s)
        with self._changed:
            self._due_s = None

    def _publish(self, frame: Frame) -> None:
        """Make a frame the newest picture, unless the view is paused."""
        image = None if self._is_paused else shrink_to_fit(frame.image, (LARGEST_SIDE,) * 2)
        with self._changed:
            self._status, self._words = CameraStatus.RUNNING, f"showing {self._name}"
            if image is None or self._is_paused:
                return
            if frame.number == 0 and not self._is_new_take:
                self._interrupt()
            if self._is_new_take:
                self._offset_s, self._is_new_take = self.now_s - frame.time_s, False
            picture = even(image)
            self._size = picture.shape[1], picture.shape[0]
            self._count += 1
            self._last_s = max(self._last_s + _LEAST_STEP_S, self._offset_s + frame.time_s)
            shown = replace(frame, image=picture, number=self._count, time_s=self._last_s)
            self._newest = LivePicture(shown, self._take)
            self._changed.notify_all()
