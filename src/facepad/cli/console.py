"""The terminal: a console, and progress on standard error."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from facepad.cli.errors import say
from facepad.jobs.progress import Advance, ProgressLines

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 120  # columns where there is no terminal and COLUMNS is not set
FEW = 3  # inputs; fewer are done before a bar can be read


def console() -> "Console":
    """Return a console on standard output that does not cut tables to 80 columns in a pipe."""
    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=PIPE_WIDTH if piped else None, highlight=False, soft_wrap=False)


def shortened(name: str, width: int) -> str:
    """Return the name, cut at its beginning to fit, since its end says most.

    Example:
        >>> shortened("holiday/2021/beach.jpg", 12)
        '…1/beach.jpg'
    """
    return name if len(name) <= width else "…" + name[len(name) - width + 1 :]


@contextmanager
def progress(what: str, total: int, *, done: int = 0, lines: bool = False) -> Iterator[Advance]:
    """Show progress with the remaining time; yields a function to call once per item.

    Args:
        what: What is being done ("checking").
        total: Number of items, those of an earlier run included.
        done: Number of items of an earlier run.
        lines: Whether to write a line every ten seconds where there is no terminal.
    """
    if sys.stderr.isatty() and total - done > FEW:
        with _bar(what, total, done) as advance:
            yield advance
    elif lines:
        yield ProgressLines(what, total, done, say).advance
    else:
        yield lambda: None


@contextmanager
def _bar(what: str, total: int, done: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeLeft(), TextColumn("left"))
    console, is_shared = Console(stderr=True), sys.stdout.isatty()
    # Results share the terminal with the bar, or go to a file or a pipe, untouched.
    with Progress(*columns, console=console, transient=True, redirect_stdout=is_shared) as bar:
        task = bar.add_task(what, total=total, completed=done)
        yield lambda: bar.advance(task)
