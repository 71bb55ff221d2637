"""The table of `facepad check`, for people; fits the terminal it is shown in."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from statistics import median
from types import MappingProxyType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from facepad.documents import OUTCOMES, Judged, explanation, why
from facepad.errors import counted, printable
from facepad.types import Outcome, Score

STYLES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.BONA_FIDE: "green",
        Outcome.ATTACK: "bold red",
        Outcome.UNCERTAIN: "yellow",
        Outcome.NON_RESPONSE: "yellow",
    }
)
ERROR_STYLE = "magenta"
PIPE_WIDTH = 120  # columns where there is no terminal and COLUMNS says nothing
WIDE = 100  # columns from which on the size of the face is shown too
NOTHING = Text("-", style="dim")
SHARE_OF_WHY = 0.4  # of the width, at least when names are long
GAP = 2  # blanks between columns


def console() -> Console:
    """A console on standard output that does not cut tables to 80 columns in a pipe."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=PIPE_WIDTH if piped else None, highlight=False, soft_wrap=False)


def show(results: Sequence[Judged], *, explain: bool = False) -> None:
    """Print the table, what moved the scores when asked for, and a line that sums up."""
    out = console()
    folder = _common_folder([judged.path for judged in results])
    if folder:
        out.print(Text(f"in {printable(folder)}", style="dim"), overflow="fold")
    names = [_name(judged.path, folder) for judged in results]
    out.print(_table(results, names, out.width))
    if explain:
        _explain(out, results, names)
    out.print(summary(results))


def summary(results: Sequence[Judged]) -> Text:
    """One line: how many of each outcome, and the median time."""
    decided = [judged.decision for judged in results if judged.decision is not None]
    parts = [
        Text(f"{count} {OUTCOMES[outcome]}", style=STYLES[outcome])
        for outcome in Outcome
        if (count := sum(decision.outcome is outcome for decision in decided))
    ]
    if errors := len(results) - len(decided):
        parts.append(Text(f"{errors} unreadable", style=ERROR_STYLE))
    line = Text(f"{counted(len(results), 'picture')}: ") + Text(", ").join(parts)
    if decided:
        times = [decision.timings_ms.get("total", 0.0) for decision in decided]
        each = " each (median)" if len(decided) > 1 else ""
        line.append(f"; {median(times):.0f} ms{each}", style="dim")
    points = {decision.operating_point for decision in decided} - {None}
    told = sorted(f"{point.threshold:.2f} ({point.name})" for point in points if point)
    if told:
        line.append(f"; threshold {' or '.join(told)}", style="dim")
    return line


def shortened(name: str, width: int) -> str:
    """The name, cut at its beginning to fit, for the end of a path tells most.

    Example:
        >>> shortened("holiday/2021/beach.jpg", 12)
        '…1/beach.jpg'
    """
    return name if len(name) <= width else "…" + name[len(name) - width + 1 :]


def _table(results: Sequence[Judged], names: Sequence[str], width: int) -> Table:
    tests = _tests_to_tell(results)
    beside = tests if width >= WIDE + sum(len(test) + GAP for test in tests) else []
    columns = ("outcome", "score", *beside, "why", *(("face",) if width >= WIDE else ()))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    table.add_column("picture", no_wrap=True)
    for column in (*columns, "ms"):
        right = column not in ("outcome", "why")
        table.add_column(column, justify="right" if right else "left", no_wrap=column != "why")
    rows = [_cells(judged, () if beside else tests) for judged in results]
    cells = [[row.get(column, NOTHING) for column in (*columns, "ms")] for row in rows]
    room = width - _taken((*columns, "ms"), cells, width)
    for name, row in zip(names, cells, strict=True):
        table.add_row(Text(shortened(name, room)), *row)
    return table


def _taken(columns: Sequence[str], cells: Sequence[Sequence[Text]], width: int) -> int:
    """What the columns beside the name take of the width; reasons take a share at most."""
    taken = 0
    for index, column in enumerate(columns):
        widest = max(len(column), *(row[index].cell_len for row in cells))
        taken += GAP + (min(widest, int(SHARE_OF_WHY * width)) if column == "why" else widest)
    return taken


def _cells(judged: Judged, told: Sequence[str]) -> dict[str, Text]:
    """What stands in each column; scores of the tests in ``told`` stand below the reasons."""
    decision = judged.decision
    if decision is None:
        error = Text(_without_path(judged), style=ERROR_STYLE)
        return {"outcome": Text("error", style=ERROR_STYLE), "why": error}
    values = {name: _of_test(score) for name, score in decision.scores.items()}
    reasons = (why(decision), "; ".join(f"{name} {values[name]}" for name in told))
    return values | {
        "outcome": Text(OUTCOMES[decision.outcome], style=STYLES[decision.outcome]),
        "score": _number(decision.score),
        "why": Text("\n".join(printable(reason) for reason in reasons if reason)),
        "face": NOTHING if decision.face is None else Text(_size(decision.face.box)),
        "ms": Text(f"{decision.timings_ms.get('total', 0.0):.0f}"),
    }


def _number(value: float | None) -> Text:
    return NOTHING if value is None else Text(f"{value:.2f}")


def _of_test(score: Score) -> Text:
    """A test's own score; in brackets where it must not decide."""
    number = _number(score.value)
    if score.value is None or score.reason is None:
        return number
    return Text(f"({number.plain})", style="dim")


def _size(box: tuple[int, int, int, int]) -> str:
    left, top, right, bottom = box
    return f"{right - left}x{bottom - top}"


def _tests_to_tell(results: Sequence[Judged]) -> list[str]:
    """Names of the tests, the same for every picture; none where one test says it all."""
    decided = (judged.decision for judged in results if judged.decision is not None)
    names = next((list(decision.scores) for decision in decided), [])
    return names if len(names) > 1 else []


def _without_path(judged: Judged) -> str:
    """The error without the path at its beginning, which stands in the first column."""
    error = printable(judged.error or "")
    return error.removeprefix(f"{_name(judged.path, '')}: ")


def _explain(out: Console, results: Sequence[Judged], names: Sequence[str]) -> None:
    told = False
    for judged, name in zip(results, names, strict=True):
        scores = judged.decision.scores if judged.decision else {}
        for test, score in scores.items():
            if changes := score.details.get("explained"):
                aside = "" if score.reason is None else ", which abstains"
                head = f"\n{name}: what moved the score of {test} ({score.value:.2f}){aside}"
                out.print(Text(head))
                out.print(Text("\n".join(f"  {line}" for line in explanation(changes))))
                told = True
    note = "Each group of metrics was replaced by its mean in training; shown is what that changed."
    out.print(Text(f"\n{note}\n" if told else "\nNone of the tests can explain its score.\n"))


def _common_folder(paths: Sequence[str]) -> str:
    """The folder that all inputs lie in, when there are several and naming it saves room."""
    if len(paths) < 2 or "-" in paths:
        return ""
    try:
        folder = os.path.commonpath([PurePath(path).parent for path in paths])
    except ValueError:  # some are absolute, some are not
        return ""
    return "" if folder in (".", os.sep) else folder


def _name(path: str, folder: str) -> str:
    if path == "-":
        return "standard input"
    return printable(str(PurePath(path).relative_to(folder)) if folder else path)
