"""Any system's scores, with labels beside them: two CSV files in, presentations out.

The labels have a column that names the presentation (``key`` or ``path``), ``label``
(``bona_fide`` or ``attack``) and ``subject``; and may have ``pai_species``, ``split``
(``train``, ``dev`` or ``test``, the default), ``dataset`` and ``presentation`` (frames of
one video share it). The scores have the same naming column and a column of scores; a cell
that is empty is a non-response. Where they have a column ``outcome`` as facepad writes it,
``non_response`` and ``uncertain`` in it count as that.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facepad.errors import DatasetError
from facepad.evaluation.aggregation import Scored
from facepad.types import Outcome, Sample, Split

KEYS = ("key", "path")  # tried in this order when none is named
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
NO_SPECIES = "unspecified"
NAMED = 5  # rows that a notice names; the files on disk have them all
_BONA_FIDE, _ATTACK = "bona_fide", "attack"

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Matched:
    """Scores beside labels.

    Attributes:
        rows: One per row of the labels, in their order.
        unmatched_labels: Names in the labels that have no row of scores; they are among
            ``rows``, as non-responses, so that nothing is left out in silence.
        unmatched_scores: Names in the scores that have no label; they count nowhere.
        missing: How many rows of scores have an empty score.
        notices: The same in sentences, for people.
    """

    rows: tuple[Scored, ...]
    unmatched_labels: tuple[str, ...]
    unmatched_scores: tuple[str, ...]
    missing: int
    notices: tuple[str, ...]


def match(
    scores: Path, labels: Path, *, key: str | None = None, score_column: str = "score"
) -> Matched:
    """Read both files and put them side by side.

    Args:
        scores: CSV, UTF-8, one row a presentation or frame.
        labels: CSV, UTF-8, one row a presentation or frame.
        key: The column that names a row in both; ``key`` or else ``path`` if None.
        score_column: The column of scores.

    Raises:
        DatasetError: A file cannot be read, lacks a column, names a row twice, has a
            cell that cannot be used, or no row of one has a partner in the other.
    """
    label_rows, score_rows = _read(labels), _read(scores)
    name = _key_column(label_rows, score_rows, key)
    _require(scores, score_rows, (score_column,))
    _require(labels, label_rows, ("label", "subject"))
    labelled = _by_name(labels, label_rows, name)
    scored = _by_name(scores, score_rows, name)
    if not labelled.keys() & scored.keys():
        raise DatasetError(
            f"no row of {scores} has a label: in column {name!r} it has {next(iter(scored))!r}, "
            f"{labels} has {next(iter(labelled))!r}"
        )
    rows = tuple(
        _scored(
            _sample(labels, line, name, found),
            found,
            _answer(scores, scored.get(unit), score_column),
        )
        for unit, (line, found) in labelled.items()
    )
    unlabelled = tuple(unit for unit in scored if unit not in labelled)
    unscored = tuple(unit for unit in labelled if unit not in scored)
    silent = sum(row.value is None for row in rows) - len(unscored)
    notices = (
        *_unmatched(unscored, f"{labels.name} has", f"no row in {scores.name}", _AS_SILENT),
        *_unmatched(unlabelled, f"{scores.name} has", f"no label in {labels.name}", _AS_NOTHING),
    )
    return Matched(rows, unscored, unlabelled, silent, notices)


_AS_SILENT = "counted as non-responses"
_AS_NOTHING = "not counted"


@dataclass(frozen=True, slots=True)
class _Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...]  # with the number of the line


def _read(file: Path) -> _Table:
    lines = _lines(file)
    _, header = next(lines, (0, []))
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DatasetError(f"{file}: each column is named once, got twice: {', '.join(twice)}")
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            raise DatasetError(
                f"{file}, line {line}: expected {len(header)} fields as in the header, "
                f"got {len(cells)}"
            )
        rows.append((line, dict(zip(header, cells, strict=True))))
    if not rows:
        raise DatasetError(f"{file}: expected a header and at least one row, got none")
    return _Table(tuple(header), tuple(rows))


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        # utf-8-sig: spreadsheets put a byte order mark in front.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for cells in reader:
                if cells:
                    yield reader.line_num, [cell.strip() for cell in cells]
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: expected UTF-8, got {error.reason}") from error
    except csv.Error as error:
        raise DatasetError(f"{file}: expected CSV, got {error}") from error


def _key_column(labels: _Table, scores: _Table, named: str | None) -> str:
    wanted = KEYS if named is None else (named,)
    for name in wanted:
        if name in labels.columns and name in scores.columns:
            return name
    raise DatasetError(
        f"scores and labels need a column {' or '.join(map(repr, wanted))} in both; the scores "
        f"have {', '.join(scores.columns)}; the labels have {', '.join(labels.columns)}"
    )


def _require(file: Path, table: _Table, needed: Sequence[str]) -> None:
    for name in needed:
        if name not in table.columns:
            more = (
                "; intervals count people, so each row tells who it shows"
                if name == "subject"
                else ""
            )
            raise DatasetError(
                f"{file}: expected a column {name!r}, got {', '.join(table.columns)}{more}"
            )


def _by_name(file: Path, table: _Table, column: str) -> dict[str, tuple[int, Row]]:
    found: dict[str, tuple[int, Row]] = {}
    for line, row in table.rows:
        unit = row[column]
        if not unit:
            raise DatasetError(f"{file}, line {line}: column {column!r} is empty")
        if unit in found:
            raise DatasetError(
                f"{file}, line {line}: {unit!r} stands in line {found[unit][0]} already; frames "
                f"of one video need names of their own and a column 'presentation' in the labels"
            )
        found[unit] = line, row
    return found


def _sample(file: Path, line: int, key: str, row: Row) -> Sample:
    label, species = row["label"], row.get("pai_species", "")
    if label not in (_BONA_FIDE, _ATTACK):
        raise DatasetError(
            f"{file}, line {line}: label is '{_BONA_FIDE}' or '{_ATTACK}', got {label!r}"
        )
    if label == _BONA_FIDE and species:
        raise DatasetError(f"{file}, line {line}: bona fide has no pai_species, got {species!r}")
    if not row["subject"]:
        raise DatasetError(f"{file}, line {line}: column 'subject' is empty")
    split = row.get("split") or Split.TEST.value
    if split not in set(Split):
        raise DatasetError(f"{file}, line {line}: split is {', '.join(Split)}, got {split!r}")
    dataset = row.get("dataset", "")
    return Sample(
        key=row[key],
        path=str(file.parent / row["path"]) if row.get("path") else "",
        subject=f"{dataset}/{row['subject']}" if dataset else row["subject"],
        split=Split(split),
        pai_species=None if label == _BONA_FIDE else species or NO_SPECIES,
    )


def _scored(sample: Sample, row: Row, answer: tuple[float | None, str]) -> Scored:
    return Scored(sample, answer[0], answer[1], row.get("presentation", ""))


def _answer(file: Path, found: tuple[int, Row] | None, column: str) -> tuple[float | None, str]:
    """A row's score, and why there is none or why it must not decide."""
    if found is None:
        return None, "no row of scores"
    line, row = found
    cell, outcome = row[column], row.get("outcome", "")
    if cell.lower() in MISSING:
        return None, row.get("reason") or "no score"
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DatasetError(f"{file}, line {line}: expected a finite score, got {cell!r}")
    if outcome == Outcome.NON_RESPONSE:
        return None, row.get("reason") or outcome
    return value, (row.get("reason") or outcome) if outcome == Outcome.UNCERTAIN else ""


def _unmatched(units: Sequence[str], whose: str, what: str, treated: str) -> tuple[str, ...]:
    if not units:
        return ()
    names = ", ".join(units[:NAMED]) + (
        f" and {len(units) - NAMED:,} more" if units[NAMED:] else ""
    )
    return (f"{whose} {len(units):,} rows with {what} ({treated}): {names}",)
