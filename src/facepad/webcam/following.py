"""Follow the face of the newest pictures in a thread of its own, and keep those of a window."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Condition, Event, Lock, Thread

from facepad.annotating import STILLS_RATE, KeptFrames, longest_side
from facepad.finders import Finder, Follows
from facepad.media.resize import to_long_side
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.types import Frame
from facepad.webcam.streams import FollowedWindow, GivesPictures, LivePicture, wait_for_end

WINDOW_S = 3.0  # that a decision is about, where no test needs a longer one
MOST_WINDOW_S = 30.0
SEARCH_RATE = 15.0  # pictures a second in which the face is looked for, at least
_SPARE_S = 0.5  # by which a window is longer than the longest that a test needs
_POLL_S = 0.2
_JOIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Window:
    """What is kept for one decision.

    Attributes:
        seconds: Its length.
        rate: Frames a second that are kept.
    """

    seconds: float
    rate: float

    @classmethod
    def of(cls, checker: Checker) -> "Window":
        """Return what the tests of a checker need."""
        needs = checker.parts(is_clip=True).clip_needs or Needs()
        longest = min(MOST_WINDOW_S, max(WINDOW_S, needs.seconds and needs.seconds + _SPARE_S))
        return cls(longest, max(needs.read_fps, STILLS_RATE))


class FaceFollower:
    """Looks for the face in the newest pictures, in a thread of its own.

    Pictures that come while one is searched are left out.

    Args:
        feed: Gives the pictures.
        checker: Its finder is used, and what its tests need is kept.
    """

    def __init__(self, feed: GivesPictures, checker: Checker) -> None:
        self._feed, self._stop, self._changed = feed, Event(), Condition(Lock())
        self._checker, self.window = checker, Window.of(checker)
        self._kept: KeptFrames | None = None
        self._newest: Frame | None = None
        self._take = -1
        self._pending: LivePicture | None = None
        self._number = 0
        self._failure: BaseException | None = None
        # No daemon: a thread that is in a library when the interpreter ends takes the process down.
        self._thread = Thread(target=self._run, name="facepad-follow")

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def use(self, checker: Checker) -> None:
        """Keep what the tests of another checker need; the window begins anew."""
        window = Window.of(checker)
        with self._changed:
            self._checker, self.window = checker, window
            self._kept, self._newest = None, None

    @property
    def face(self) -> Frame | None:
        """The frame of the present take that was searched last; None for none."""
        with self._changed:
            return self._newest if self._take == self._feed.take else None

    def next_frame(self, after_s: float, timeout_s: float = _POLL_S) -> Frame | None:
        """Return the newest searched frame that is later than a time; None when none comes.

        Raises:
            BaseException: What ended the thread unexpectedly.
        """
        with self._changed:
            return self._newest if self._wait(after_s, timeout_s) else None

    def next_window(self, after_s: float, timeout_s: float = _POLL_S) -> FollowedWindow | None:
        """Return the frames of the last seconds, when the newest one is later than a time.

        Raises:
            BaseException: What ended the thread unexpectedly.
        """
        with self._changed:
            newest = self._newest if self._wait(after_s, timeout_s) else None
            if newest is None or self._kept is None:
                return None
            return FollowedWindow(self._kept.presentation(""), newest.time_s)

    def stop(self) -> None:
        """Let the thread end, without waiting for it."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread."""
        self.stop()
        wait_for_end(self._thread, _JOIN_S)

    def _wait(self, after_s: float, timeout_s: float) -> bool:
        """Wait for a frame of the present take that is later than a time."""

        def is_later() -> bool:
            newest = self._newest
            is_present = newest is not None and self._take == self._feed.take
            return is_present and newest is not None and newest.time_s > after_s

        def has_ended() -> bool:
            return self._stop.is_set() or self._failure is not None

        self._changed.wait_for(lambda: has_ended() or is_later(), timeout_s)
        if self._failure is not None:
            raise self._failure
        return is_later() and not self._stop.is_set()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._follow_one_take()
        except BaseException as error:  # noqa: BLE001 - raised again where frames are asked for
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _follow_one_take(self) -> None:
        """Follow the face until the take ends or other tests are used."""
        picture = self._pending or self._next_picture()
        self._pending = None
        if picture is None:
            return
        with self._changed:
            checker, window = self._checker, self.window
            kept = KeptFrames(window.seconds, window.rate)
            self._kept, self._take, self._newest = kept, picture.take, None
        side = longest_side(picture.frame.size, kept.most)
        step_s = 0.9 / max(window.rate, SEARCH_RATE)
        frames = self._reduced(picture, side, step_s, kept)
        for frame in _searched(checker.parts(is_clip=True).finder, frames):
            with self._changed:
                if self._kept is not kept:
                    return
                kept.add(frame)
                self._newest = frame
                self._changed.notify_all()

    def _reduced(
        self, picture: LivePicture, side: int, step_s: float, kept: KeptFrames
    ) -> Iterator[Frame]:
        """Yield the pictures of one take, at most one in ``step_s``, in the size to judge."""
        take, due_s = picture.take, 0.0
        while not self._stop.is_set() and self._kept is kept:
            if picture.take != take:
                self._pending = picture
                return
            if picture.frame.time_s >= due_s:
                due_s = picture.frame.time_s + step_s
                yield replace(picture.frame, image=to_long_side(picture.frame.image, side))
            newer = self._next_picture()
            while newer is None and not self._stop.is_set() and self._kept is kept:
                newer = self._next_picture()
            if newer is None:
                return
            picture = newer

    def _next_picture(self) -> LivePicture | None:
        picture = self._feed.newest(self._number, _POLL_S)
        if picture is not None:
            self._number = picture.frame.number or 0
        return picture


def _searched(finder: Finder, frames: Iterator[Frame]) -> Iterator[Frame]:
    return finder.follow(frames) if isinstance(finder, Follows) else map(finder.find, frames)
