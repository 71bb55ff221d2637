"""Any system's scores with their ground truth: two CSV files in, presentations out.

The labels have a column that names the presentation (``key`` or ``path``), ``label``
(``bona_fide`` or ``attack``) and ``subject``; and may have ``pai_species``, ``split``
(``train``, ``dev`` or ``test``, the default), ``dataset`` and ``presentation`` (frames of
one video share it). The scores have the same naming column and a column of scores; a cell
that is empty is a non-response. Where they have a column ``outcome`` as facepad writes it,
``non_response`` and ``uncertain`` in it count as that.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from facepad.errors import DatasetError
from facepad.evaluation.aggregation import Scored
from facepad.jobs.csv_rows import CsvTable, Row, path_of_cell, read_csv, species_of
from facepad.types import Outcome, Sample, Split

KEYS = ("key", "path")  # tried in this order when none is named
KNOWN = ("label", "subject", "pai_species", "split", "dataset", "presentation")
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
NAMED = 5  # rows that a notice names
_ABSOLUTE = re.compile(r"[/~]|[A-Za-z]:[/\\]|\\\\")


@dataclass(frozen=True, slots=True)
class Matched:
    """Scores with their labels.

    Attributes:
        rows: One per row of the labels, in their order.
        unmatched_labels: Names in the labels without a row of scores; their ``rows`` are
            non-responses.
        unmatched_scores: Names in the scores without a label; they are not counted.
        missing: Number of rows with an empty score.
        notices: Sentences for people about unmatched rows.
    """

    rows: tuple[Scored, ...]
    unmatched_labels: tuple[str, ...]
    unmatched_scores: tuple[str, ...]
    missing: int
    notices: tuple[str, ...]


def match(
    scores: Path, labels: Path, *, key: str | None = None, score_column: str = "score"
) -> Matched:
    """Read both files and match their rows.

    Args:
        scores: CSV, UTF-8, one row a presentation or frame.
        labels: CSV, UTF-8, one row a presentation or frame.
        key: The column that identifies a row in both files; None for ``key`` or else ``path``.
        score_column: The column of scores.

    Raises:
        DatasetError: A file cannot be read, lacks a column, names a row twice, has a
            cell that cannot be used, or no row of one has a partner in the other.
    """
    label_rows, score_rows = read_csv(labels, strip=True), read_csv(scores, strip=True)
    name = _key_column(label_rows, score_rows, key)
    score_rows.require(score_column)
    label_rows.require("label")
    _require_subject(label_rows)
    labelled, scored = _by_name(label_rows, name), _by_name(score_rows, name)
    if not labelled.keys() & scored.keys():
        raise DatasetError(
            f"no row of {scores} has a label: in column {name!r} it has {next(iter(scored))!r}, "
            f"{labels} has {next(iter(labelled))!r}"
        )
    shown = {**relative_names(scored.keys() - labelled.keys()), **relative_names(labelled)}
    rows = tuple(
        Scored(
            replace(_sample(labels, line, name, row), key=shown[unit]),
            *_answer(scores, scored.get(unit), score_column),
            row.get("presentation", ""),
        )
        for unit, (line, row) in labelled.items()
    )
    unlabelled = tuple(unit for unit in scored if unit not in labelled)
    unscored = tuple(unit for unit in labelled if unit not in scored)
    missing = sum(row.value is None for row in rows) - len(unscored)
    notices = (
        *label_rows.near_misses((name, *KNOWN)),
        *_unmatched(
            [shown[u] for u in unscored],
            f"{labels.name} has",
            f"no row in {scores.name}",
            _AS_SILENT,
        ),
        *_unmatched(
            [shown[u] for u in unlabelled],
            f"{scores.name} has",
            f"no label in {labels.name}",
            _AS_NOTHING,
        ),
    )
    return Matched(rows, unscored, unlabelled, missing, notices)


def relative_names(names: Iterable[str]) -> Mapping[str, str]:
    """Return names by themselves, of which absolute paths are relative to their common folder.

    Example:
        >>> list(relative_names(["/data/set/a/1.jpg", "/data/set/b/1.jpg", "c/1.jpg"]).values())
        ['a/1.jpg', 'b/1.jpg', 'c/1.jpg']
    """
    names = list(names)
    parts = {name: re.split(r"[/\\]", name) for name in names if _ABSOLUTE.match(name)}
    folders = [each[:-1] for each in parts.values()]
    first, last = min(folders, default=[]), max(folders, default=[])
    common = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    )
    return {name: "/".join(parts[name][common:]) if name in parts else name for name in names}


_AS_SILENT = "counted as non-responses"
_AS_NOTHING = "not counted"


def _key_column(labels: CsvTable, scores: CsvTable, named: str | None) -> str:
    wanted = KEYS if named is None else (named,)
    for name in wanted:
        if name in labels.columns and name in scores.columns:
            return name
    raise DatasetError(
        f"scores and labels need a column {' or '.join(map(repr, wanted))} in both; the scores "
        f"have {', '.join(scores.columns)}; the labels have {', '.join(labels.columns)}"
    )


def _require_subject(labels: CsvTable) -> None:
    try:
        labels.require("subject")
    except DatasetError as error:
        raise DatasetError(f"{error}; intervals count people, so each row names a person") from None


def _by_name(table: CsvTable, column: str) -> dict[str, tuple[int, Row]]:
    rows: dict[str, tuple[int, Row]] = {}
    for line, row in table.rows():
        unit = row[column]
        if not unit:
            raise DatasetError(f"{table.file}, line {line}: column {column!r} is empty")
        if unit in rows:
            raise DatasetError(
                f"{table.file}, line {line}: {unit!r} is already in line {rows[unit][0]}; frames "
                f"of one video need different names and a column 'presentation' in the labels"
            )
        rows[unit] = line, row
    return rows


def _sample(file: Path, line: int, key: str, row: Row) -> Sample:
    try:
        species = species_of(row["label"], row.get("pai_species", ""))
    except DatasetError as error:
        raise DatasetError(f"{file}, line {line}: {error}") from None
    if not row["subject"]:
        raise DatasetError(f"{file}, line {line}: column 'subject' is empty")
    split = row.get("split") or Split.TEST.value
    if split not in set(Split):
        raise DatasetError(f"{file}, line {line}: split is {', '.join(Split)}, got {split!r}")
    dataset = row.get("dataset", "")
    return Sample(
        key=row[key],
        path=str(file.parent / path_of_cell(file.parent, row["path"])) if row.get("path") else "",
        subject=f"{dataset}/{row['subject']}" if dataset else row["subject"],
        split=Split(split),
        pai_species=species,
    )


def _answer(file: Path, numbered: tuple[int, Row] | None, column: str) -> tuple[float | None, str]:
    """Return a score, and the reason why it is missing or must not decide."""
    if numbered is None:
        return None, "no row of scores"
    line, row = numbered
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
