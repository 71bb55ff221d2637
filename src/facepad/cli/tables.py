"""The tables that commands print for people; they fit the terminal they are shown in."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from facepad.cli.console import console, shortened
from facepad.decision import Decision
from facepad.documents import (
    OUTCOMES,
    Judged,
    Tally,
    explained,
    explained_notes,
    interval_in_words,
    why,
)
from facepad.errors import counted, printable
from facepad.reasons import REASONS
from facepad.registry import POINT_NAMES
from facepad.types import OperatingPoint, Outcome, Reason, Sample, Score, Split

if TYPE_CHECKING:
    from facepad.datasets.opening import DatasetHeader, DatasetListing

STYLES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.BONA_FIDE: "green",
        Outcome.ATTACK: "bold red",
        Outcome.UNCERTAIN: "yellow",
        Outcome.NON_RESPONSE: "yellow",
    }
)
ERROR_STYLE = "magenta"
WIDE = 100  # columns from which on the size of the face is shown too
NOTHING = Text("-", style="dim")
SHARE_OF_WHY = 0.4  # of the width, at least when names are long
BONA_FIDE = "bona fide"
GAP = 2  # blanks between columns
UNBROKEN = 10_000  # columns; more than a line has
LINE_WIDTHS: Mapping[str, int] = MappingProxyType({"outcome": 11, "score": 5})  # of streamed lines
FREQUENT = 5  # reasons in a summary
MOST_BANDS = 4  # thresholds and bands in a summary; a fitted fusion has one for each picture
CALIBRATE = (
    "calibrate the camera: facepad calibrate --bona-fide FRAMES --name NAME, then check "
    "--calibration NAME"
)
CALIBRATE_NETWORK = (
    "calibrate the network: facepad calibrate --bona-fide FRAMES --name NAME --test "
    "network:FILE.toml, then check --tests network:FILE.toml --calibration NAME"
)


def show_decisions(results: Sequence[Judged], *, explain: bool = False) -> None:
    """Print the table, and an explanation of the scores if asked for."""
    out = console()
    names = _names_below_folder(out, [judged.path for judged in results])
    out.print(_decision_table(results, names, out.width))
    if explain:
        _explain(out, results, names)
    for judged, name in zip(results, names, strict=True):
        if judged.heat_map is not None:
            out.print(Text(f"heat map of {name}: {printable(judged.heat_map)}"), overflow="fold")
        for test, file in judged.drawings.items():
            out.print(Text(f"what {test} judged of {name}: {printable(file)}"), overflow="fold")
        if judged.clip_figure is not None:
            out.print(Text(f"figure of {name}: {printable(judged.clip_figure)}"), overflow="fold")


class DecisionLines:
    """Prints a line for each input as its decision is made.

    Args:
        paths: Of all inputs that may be shown; the first column is as wide as they need.
        column: Name of the first column.
    """

    def __init__(self, paths: Sequence[str], column: str = "picture") -> None:
        self._out, self._column = console(), column
        if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
            self._out.width = UNBROKEN  # so that each input is one line for other programs
        names = _names_below_folder(self._out, paths)
        self._names = dict(zip(paths, names, strict=True))
        taken = sum(width + GAP for width in LINE_WIDTHS.values())
        room = self._out.width - taken - GAP - int(SHARE_OF_WHY * self._out.width)
        self._width = max(len(column), min(max(map(len, names)), room))
        self._is_first = True

    def show(self, judged: Judged, name: str | None = None) -> None:
        """Print one line; the head of the columns before the first.

        Args:
            judged: What to show.
            name: What the first column has; None for the name of the input.
        """
        table = plain_table()
        table.show_header, self._is_first = self._is_first, False
        table.add_column(self._column, no_wrap=True, min_width=self._width)
        for column, width in LINE_WIDTHS.items():
            table.add_column(column, no_wrap=True, min_width=width)
        table.add_column("why")
        cells = _cells(judged, ())
        shown = Text(shortened(self._names[judged.path] if name is None else name, self._width))
        table.add_row(shown, *(cells.get(column, NOTHING) for column in (*LINE_WIDTHS, "why")))
        self._out.print(table)


def show_summary(tally: Tally, *, skipped: int = 0, reasons: bool = False) -> None:
    """Print the counts of a run, and what helps where the camera is not calibrated.

    Args:
        tally: The counts.
        skipped: Number of files that were left out.
        reasons: Whether to print the most frequent reasons.
    """
    out = console()
    out.print(summary(tally, out.width, skipped))
    if reasons and tally.reasons:
        out.print(Text(f"most frequent reasons: {_frequent(tally)}", style="dim"))
    if Reason.UNCALIBRATED_CAMERA in tally.reasons:
        out.print(Text(CALIBRATE))
    if Reason.NO_THRESHOLD in tally.reasons:
        out.print(Text(CALIBRATE_NETWORK))


def summary(tally: Tally, width: int = WIDE, skipped: int = 0) -> Text:
    """Return the number of each outcome, the median time, and the thresholds.

    They share a line as far as ``width`` allows.
    """
    parts = [
        Text(f"{count:,} {OUTCOMES[outcome]}", style=STYLES[outcome])
        for outcome in Outcome
        if (count := tally.outcomes[outcome])
    ]
    if tally.unreadable:
        parts.append(Text(f"{tally.unreadable:,} unreadable", style=ERROR_STYLE))
    text = Text(f"{counted(tally.total, 'picture')}: ") + Text(", ").join(parts)
    length = text.cell_len
    for detail in _details(tally, skipped):
        fits = length + len(detail) + GAP <= width
        text.append(f"; {detail}" if fits else f"\n{detail}", style="dim")
        length = fits * (length + GAP) + len(detail)
    return text


def _details(tally: Tally, skipped: int) -> Iterator[str]:
    if skipped:
        yield f"{counted(skipped, 'other file')} skipped"
    if times := tally.times_ms:
        each = " each (median)" if len(times) > 1 else ""
        yield f"{median(times):.0f} ms{each}"
    bands = sorted({_band(point) for point in tally.points})
    if len(bands) > MOST_BANDS:
        yield f"{len(bands):,} thresholds and bands, by picture"
    elif bands:
        yield ", or ".join(bands)


def _frequent(tally: Tally) -> str:
    """Return the most frequent reasons in words, each with its count."""
    shown = tally.reasons.most_common(FREQUENT)
    return "; ".join(f"{count:,} {REASONS[reason].words}" for reason, count in shown)


@dataclass(frozen=True, slots=True)
class SpeciesCount:
    """Samples and subjects of one kind in one part.

    Attributes:
        split: The part; "all" for the sum.
        species: PAI species, or "bona fide".
        samples: Pictures and clips.
        subjects: People.
    """

    split: str
    species: str
    samples: int
    subjects: int


def counts_of(samples: Iterable[Sample]) -> list[SpeciesCount]:
    """Return counts by part and species, parts in their order, bona fide first."""
    number: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], set[str]] = {}
    for sample in samples:
        kind = sample.pai_species or BONA_FIDE
        for split in (sample.split.value, "all"):
            number[split, kind] += 1
            people.setdefault((split, kind), set()).add(sample.subject)
    order = [*(split.value for split in Split), "all"]
    groups = sorted(number, key=lambda at: (order.index(at[0]), at[1] != BONA_FIDE, at[1]))
    return [SpeciesCount(*at, number[at], len(people[at])) for at in groups]


def subject_count(samples: Iterable[Sample]) -> int:
    """Return the number of people."""
    return len({sample.subject for sample in samples})


def show_datasets(headers: "Sequence[DatasetHeader]") -> None:
    """Print a row for each database."""
    table = _columns("name", "what", "licence", "apply to")
    for header in headers:
        cells = (header.title, header.fields.get("Licence", ""), header.fields.get("Apply to", ""))
        table.add_row(Text(header.name, style="bold"), *(Text(printable(cell)) for cell in cells))
    console().print(table)


def show_dataset(listing: "DatasetListing") -> None:
    """Print the counts of a copy and the notices of its listing."""
    out = console()
    out.print(Text(listing.header.title, style="bold"))
    for field in ("Licence", "Reference", "Checked"):
        if words := listing.header.fields.get(field):
            out.print(Text(f"{field.lower()}: {words}", style="dim"))
    if listing.protocols:
        others = ", ".join(name for name in listing.protocols if name != listing.protocol)
        out.print(Text(f"protocol: {listing.protocol} (others: {others or 'none'})", style="dim"))
    table = _columns("part", "class or species", "samples", "subjects")
    for count in counts_of(listing.samples):
        table.add_row(
            count.split, printable(count.species), f"{count.samples:,}", f"{count.subjects:,}"
        )
    out.print(table)
    people = counted(subject_count(listing.samples), "subject")
    out.print(Text(f"{counted(len(listing.samples), 'sample')} of {people}"))
    for notice in listing.notices:
        out.print(Text(f"notice: {printable(notice)}", style="yellow"))


def plain_table() -> Table:
    """Return a table without lines, for rows to add."""
    return Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))


def _decision_table(results: Sequence[Judged], names: Sequence[str], width: int) -> Table:
    tests = _tests_to_tell(results)
    beside = tests if width >= WIDE + sum(len(test) + GAP for test in tests) else []
    columns = ("outcome", "score", *beside, "why", *(("face",) if width >= WIDE else ()))
    table = plain_table()
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
    """Return the width of all columns but the name; reasons take a share at most."""
    taken = 0
    for index, column in enumerate(columns):
        widest = max(len(column), *(row[index].cell_len for row in cells))
        taken += GAP + (min(widest, int(SHARE_OF_WHY * width)) if column == "why" else widest)
    return taken


def _cells(judged: Judged, shown: Sequence[str]) -> dict[str, Text]:
    """Return the cell of each column; scores of the tests in ``shown`` are below the reasons."""
    decision = judged.decision
    if decision is None:
        error = Text(_without_path(judged), style=ERROR_STYLE)
        return {"outcome": Text("error", style=ERROR_STYLE), "why": error}
    values = {name: _of_test(score) for name, score in decision.scores.items()}
    interval = interval_in_words(decision)
    reasons = (why(decision), interval, *_scores_in_words(decision, values, shown))
    return values | {
        "outcome": Text(OUTCOMES[decision.outcome], style=STYLES[decision.outcome]),
        "score": _number(decision.score),
        "why": Text("\n".join(printable(reason) for reason in reasons if reason)),
        "face": NOTHING if decision.face is None else Text(_size(decision.face.box)),
        "ms": Text(f"{decision.timings_ms.get('total', 0.0):.0f}"),
    }


def _scores_in_words(
    decision: Decision, values: Mapping[str, Text], shown: Sequence[str]
) -> Iterator[str]:
    """Yield a line with the scores of the deciding tests, and one with those of the others."""
    found = decision.scores  # of a still without those of tests over clips
    given = [name for name in shown if name in found and found[name].value is not None]
    for head, names in (("", decision.deciding), ("advisory: ", decision.advisory)):
        if scores := "; ".join(f"{name} {values[name]}" for name in given if name in names):
            yield head + scores


def _band(point: OperatingPoint) -> str:
    name = f"{point.name} " if point.name in POINT_NAMES else ""
    if point.low == point.high:
        return f"{name}threshold {point.threshold:.2f}"
    band = f"{point.low:.2f} to {point.high:.2f} is uncertain"
    return f"{name}threshold {point.threshold:.2f} ({band})"


def _number(value: float | None) -> Text:
    return NOTHING if value is None else Text(f"{value:.2f}")


def _of_test(score: Score) -> Text:
    """Return a test's score; in brackets if the test abstains."""
    number = _number(score.value)
    if score.value is None or score.reason is None:
        return number
    return Text(f"({number.plain})", style="dim")


def _size(box: tuple[int, int, int, int]) -> str:
    left, top, right, bottom = box
    return f"{right - left}x{bottom - top}"


def _tests_to_tell(results: Sequence[Judged]) -> list[str]:
    """Return the tests whose scores are shown; not that of the only test that decides."""
    decided = [judged.decision for judged in results if judged.decision is not None]
    several = any(len(one.deciding) > 1 for one in decided)
    named = {name: one for one in decided for name in one.scores}  # stills have fewer than clips
    return [name for name, one in named.items() if several or name in one.advisory]


def _without_path(judged: Judged) -> str:
    """Return the error without the path, which is in the first column."""
    error = printable(judged.error or "")
    return error.removeprefix(f"{_name(judged.path, '')}: ")


def _explain(out: Console, results: Sequence[Judged], names: Sequence[str]) -> None:
    notes: set[str] = set()
    for judged, name in zip(results, names, strict=True):
        if judged.decision is None or not (lines := explained(judged.decision)):
            continue
        out.print(Text(f"\n{name}: what adds to the decision", style="bold"))
        out.print(Text("\n".join(f"  {line}" for line in lines)))
        notes |= explained_notes(judged.decision)
    out.print(Text("\n" + "\n".join(sorted(notes) or ["No test can explain its score."]) + "\n"))


def _common_folder(paths: Sequence[str]) -> str:
    """Return the folder that all inputs are in, if there are several; else ""."""
    if len(paths) < 2 or "-" in paths:
        return ""
    try:
        folder = os.path.commonpath([PurePath(path).parent for path in paths])
    except ValueError:  # some are absolute, some are not
        return ""
    return "" if folder in (".", os.sep) else folder


def _names_below_folder(out: Console, paths: Sequence[str]) -> list[str]:
    """Print the folder that all inputs are in, if any; return their names within it."""
    folder = _common_folder(paths)
    if folder:
        out.print(Text(f"in {printable(folder)}", style="dim"), overflow="fold")
    return [_name(path, folder) for path in paths]


def _name(path: str, folder: str) -> str:
    if path == "-":
        return "standard input"
    return printable(str(PurePath(path).relative_to(folder)) if folder else path)


def _columns(*columns: str) -> Table:
    table = plain_table()
    for column in columns:
        right = column in ("samples", "subjects")
        table.add_column(
            column, justify="right" if right else "left", no_wrap=column == "name", overflow="fold"
        )
    return table
