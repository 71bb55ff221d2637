"""How far a long command is, on standard error; never on standard output."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from facepad.cli.errors import say

FEW = 3  # inputs; fewer are done before a bar can be read
EVERY_S = 10.0  # between two lines where there is no terminal to draw on

Advance = Callable[[], None]


@contextmanager
def progress(what: str, total: int, *, done: int = 0, lines: bool = False) -> Iterator[Advance]:
    """Show progress with the time that is left; yields a function to call once per item.

    Args:
        what: What is being done ("checking").
        total: Number of items, those of an earlier run included.
        done: How many an earlier run has done.
        lines: Whether to write a line every ten seconds where there is no terminal.
    """
    if sys.stderr.isatty() and total - done > FEW:
        with _bar(what, total, done) as advance:
            yield advance
    elif lines:
        yield _Lines(what, total, done).advance
    else:
        yield lambda: None


@contextmanager
def _bar(what: str, total: int, done: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeLeft(), TextColumn("left"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, completed=done)
        yield lambda: bar.advance(task)


class _Lines:
    """Progress where there is no terminal: now and then a line."""

    def __init__(self, what: str, total: int, done: int) -> None:
        self._what, self._total, self._done = what, total, done
        self._began = self._told = monotonic()
        self._at_start = done

    def advance(self) -> None:
        self._done += 1
        now = monotonic()
        if now - self._told >= EVERY_S:
            self._told = now
            rate = (self._done - self._at_start) / (now - self._began)
            left_s = (self._total - self._done) / rate
            say(
                f"{self._what} {self._done:,} of {self._total:,}, {rate:.1f}/s, "
                f"{duration(left_s)} left"
            )


def duration(seconds: float) -> str:
    """A length of time for people.

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
