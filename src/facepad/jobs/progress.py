"""How far a long job is: a callback per item, and lines of text with the time that is left."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic
from typing import Protocol

EVERY_S = 10.0  # between two lines

Advance = Callable[[], None]  # called once per item
Say = Callable[[str], None]  # takes one line for the user


class Progress(Protocol):
    """Shows the progress of one step; the block gets the `Advance` to call once per item."""

    def __call__(
        self, what: str, total: int, *, done: int = 0, lines: bool = False
    ) -> AbstractContextManager[Advance]:
        """Begin a step.

        Args:
            what: What is being done ("scored").
            total: Number of items, those of an earlier run included.
            done: How many an earlier run has done.
            lines: Whether to write lines where there is no terminal.
        """
        ...


def ignore() -> None:
    """Do nothing: the `Advance` of a caller that shows no progress."""


class ProgressLines:
    """Writes a line every ten seconds.

    Args:
        what: What is being done ("checked").
        total: Number of items, those of an earlier run included.
        done: How many an earlier run has done.
        say: Where a line goes.
    """

    def __init__(self, what: str, total: int, done: int, say: Say) -> None:
        self._what, self._total, self._done, self._say = what, total, done, say
        self._began = self._last = monotonic()
        self._at_start = done

    def advance(self) -> None:
        """Count one item."""
        self._done += 1
        now = monotonic()
        if now - self._last < EVERY_S:
            return
        self._last = now
        rate = (self._done - self._at_start) / (now - self._began)
        left = duration((self._total - self._done) / rate)
        self._say(f"{self._what} {self._done:,} of {self._total:,}, {rate:.1f}/s, {left} left")


def duration(seconds: float) -> str:
    """Return a length of time for people.

    Example:
        >>> duration(42.4), duration(250), duration(7300)
        ('42 s', '4 min 10 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
