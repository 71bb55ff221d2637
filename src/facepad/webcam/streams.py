"""What the threads of a live view hand to each other: cameras, pictures, windows of frames."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Thread
from typing import Protocol

from facepad.pipeline import Checker
from facepad.types import Frame, Presentation

Wait = Callable[[float], object]  # waits so many seconds, or less when the view ends
_LOOK_S = 0.02


class LiveCamera(Protocol):
    """A camera that is open."""

    def frames(self) -> Iterator[Frame]:
        """Yield frames as they come; number 0 begins a recording without interruption."""


Opener = Callable[[Wait], AbstractContextManager[LiveCamera]]


@dataclass(frozen=True, slots=True, eq=False)
class LivePicture:
    """The newest picture of a camera.

    Attributes:
        frame: Its pixels, at most 1280 wide or high, both even; its number counts from 1, its time
            from when the view began.
        take: Counts stretches without interruption: opening again, resuming and the begin of a
            clip begin a new one.
    """

    frame: Frame
    take: int


@dataclass(frozen=True, slots=True, eq=False)
class FollowedWindow:
    """The frames that one decision is about.

    Attributes:
        presentation: The frames, searched for faces; the first is at 0 s.
        end_s: Time of the last one, seconds since the view began.
    """

    presentation: Presentation
    end_s: float


class GivesPictures(Protocol):
    """The newest pictures of a camera."""

    @property
    def take(self) -> int:
        """Number of the stretch without interruption that pictures belong to now."""

    @property
    def since_s(self) -> float:
        """When the camera was lost or paused last; what was decided before is over."""

    def newest(self, after: int, timeout_s: float) -> LivePicture | None:
        """Return the newest picture with a number above ``after``; None when none comes in time."""


class GivesWindows(Protocol):
    """The frames of the last seconds, searched for faces."""

    def next_window(self, after_s: float) -> FollowedWindow | None:
        """Return a window that ends later than a time; None when none comes for a while."""

    def use(self, checker: Checker) -> None:
        """Keep what the tests of another checker need."""


def wait_for_end(thread: Thread, timeout_s: float) -> None:
    """Wait until a thread has ended, or a while.

    Unlike `threading.Thread.join` before Python 3.13, a wait that is interrupted from the keyboard
    does not make a thread that runs count as ended; the interpreter would not wait for it then.

    Args:
        thread: It may have ended, or not have begun.
        timeout_s: Seconds to wait.
    """
    end_s = time.monotonic() + timeout_s
    while thread.is_alive() and time.monotonic() < end_s:
        time.sleep(_LOOK_S)
