"""Tables of scores: a manifest in, columns added, rows appended so that a killed run resumes.

A row is written in one piece and flushed, so after a kill the file is whole up to at most
one torn row at its end, which a later run cuts off.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from facepad.decision import Decision, capture_document
from facepad.errors import DatasetError, SettingsError
from facepad.jobs.csv_rows import decoded_row, encoded_row, path_of_cell, read_csv
from facepad.jobs.files import lock, writing_errors
from facepad.selected_tests.loaded import NO_CONTEXT_NOTE
from facepad.types import CaptureQuality, Outcome, Reason, Score

PATH_COLUMN = "path"
OUTCOME_COLUMN = "outcome"  # empty where the picture could not be read
NO_SCORE = "no score"
ERROR_PREFIX = "error: "  # in the column reason, where there is no outcome
DECIMALS = 6  # of scores; more is numerical noise
STEPS = ("decode", "faces", "capture")
AUDIT = (  # what a score was decided by, and what was unusual about the input
    *("interval", "threshold", "low", "high", "operating_point"),
    *("fusion", "calibration", "facepad_version"),
    *("face_box", "other_faces", "capture", "notes"),
)

Fields = tuple[str, ...]


def output_columns(tests: Sequence[str]) -> Fields:
    """Return the names of the columns that `facepad score` adds to a manifest.

    Example:
        >>> output_columns(["quality"])[:5]
        ('score', 'outcome', 'reason', 'quality_score', 'ms')
        >>> output_columns(["quality"])[5:10]
        ('interval', 'threshold', 'low', 'high', 'operating_point')
    """
    scores = (f"{test}_score" for test in tests)
    return ("score", OUTCOME_COLUMN, "reason", *scores, "ms", *AUDIT)


def presentation_columns(tests: Sequence[str]) -> Fields:
    """Return the names of the columns that `facepad evaluate` writes.

    Example:
        >>> presentation_columns(["quality"])[17:]
        ('quality_reason', 'frames', 'decode_ms', 'faces_ms', 'capture_ms', 'quality_ms')
    """
    return (
        *output_columns(tests),
        *(f"{test}_reason" for test in tests),
        "frames",
        *(f"{step}_ms" for step in (*STEPS, *tests)),
    )


def decision_fields(decision: Decision, tests: Sequence[str]) -> Fields:
    """Return the fields of a decision in `output_columns`; a missing score is empty, never 0.

    Scores are those of the decision, also where there is no face and so no response. The time
    does not include the loading of models.
    """
    times = decision.timings_ms
    return (
        score_field(decision.score),
        decision.outcome.value,
        ";".join(decision.reasons),
        *(score_field(_score(decision, test).value) for test in tests),
        f"{times.get('total', 0.0) - times.get('load', 0.0):.1f}",
        *_audit_fields(decision),
    )


def presentation_fields(decision: Decision, tests: Sequence[str]) -> Fields:
    """Return the fields of a decision in `presentation_columns`.

    Without a face the reason of every test is the first one of the decision.
    """
    times = decision.timings_ms
    return (
        *decision_fields(decision, tests),
        *(_reason_field(decision, test) for test in tests),
        str(decision.frames),
        *(f"{times.get(step, 0.0):.2f}" for step in (*STEPS, *tests)),
    )


def _audit_fields(decision: Decision) -> Fields:
    point, face = decision.operating_point, decision.face
    return (
        " ".join(map(score_field, decision.interval or ())),
        *(("", "", "", "") if point is None else (
            score_field(point.threshold), score_field(point.low), score_field(point.high),
            point.name,
        )),
        decision.fusion,
        decision.calibration or "",
        decision.version,
        *(("", "") if face is None else (" ".join(map(str, face.box)), str(face.others))),
        "" if decision.capture is None else json.dumps(capture_document(decision.capture)),
        "; ".join(decision.notes),
    )  # fmt: skip


def error_fields(error: str, columns: int) -> Fields:
    """Return the fields of a picture that could not be read: the reason, all else empty.

    Args:
        error: Why it could not be read.
        columns: Number of fields.

    Example:
        >>> error_fields("a.jpg: the file is empty", 5)
        ('', '', 'error: a.jpg: the file is empty', '', '')
    """
    return ("", "", f"{ERROR_PREFIX}{error}", *[""] * (columns - 3))


def score_field(value: float | None) -> str:
    """Return a score, or a bound of scores, as it is written; empty where there is none."""
    return "" if value is None else f"{value:.{DECIMALS}f}"


def answer_of(row: Mapping[str, str], test: str) -> tuple[float | None, str]:
    """Return a test's score, and why there is none or it must not decide."""
    cell, reason = row[f"{test}_score"], row[f"{test}_reason"]
    # Without a face, each test has the decision's first reason; its score is no response.
    no_response = row["outcome"] == Outcome.NON_RESPONSE
    if not cell or (no_response and reason and reason == reasons_of(row)[0]):
        return None, reason or row["reason"] or NO_SCORE
    return float(cell), ";".join(one for one in reason.split(";") if one != Reason.NO_THRESHOLD)


def capture_reasons(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with the capture of a presentation."""
    return tuple(json.loads(row["capture"])["reasons"]) if row["capture"] else ()


def reasons_of(row: Mapping[str, str]) -> list[str]:
    """Return the reasons of the decision of a row."""
    return row["reason"].split(";")


def _reason_field(decision: Decision, test: str) -> str:
    """Return why the test has no value, or why its value must not decide."""
    if decision.face is None:
        return (decision.reasons or (Reason.NO_FACE,))[0].value
    score, capture = _score(decision, test), decision.capture or CaptureQuality()
    reasons = () if score.value is None else capture.reasons
    if score.value is not None and NO_CONTEXT_NOTE in decision.notes and not score.points:
        reasons = (*reasons, Reason.NO_CONTEXT)  # this test has no threshold for such a picture
    return ";".join(dict.fromkeys((*reasons, *filter(None, (score.reason,)))))


def _score(decision: Decision, test: str) -> Score:
    """Return the score of a test, or the reason why it has no part in the decision."""
    left_out = decision.left_out.get(
        test, Reason.CLIP_TOO_SHORT
    )  # a still, which has no part in it
    return decision.scores.get(test) or Score(None, left_out)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The rows of a manifest, as text.

    Attributes:
        file: The manifest; paths in it are relative to its folder. Where there is none, the
            folder of the pictures.
        columns: Names of its columns, ``path`` among them.
        rows: One tuple per picture, as long as ``columns``.
        files: Path of each row's picture; empty where the rows are those of a file, whose column
            ``path`` names them.
    """

    file: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    files: tuple[Path, ...] = ()

    def name(self, row: int) -> str:
        """Return the name of a row's picture, as the row has it."""
        return self.rows[row][self.columns.index(PATH_COLUMN)]

    def picture(self, row: int) -> str:
        """Return the path of a row's picture; empty when the row has none."""
        if self.files:
            return str(self.files[row])
        folder, cell = self.file.parent, self.rows[row][self.columns.index(PATH_COLUMN)]
        return str(folder / path_of_cell(folder, cell)) if cell.strip() else ""


def read_manifest(file: Path, outputs: Sequence[str]) -> Manifest:
    """Read a manifest: a CSV file with one picture per row and a column ``path``.

    Args:
        file: The CSV file.
        outputs: Columns that will be added; the manifest must not have them.

    Raises:
        DatasetError: It cannot be read, is not UTF-8 or not CSV, has no row, lacks the
            column ``path``, names a column twice or as an output, or has a row that is
            longer or shorter than its header. The message names the line.
    """
    table = read_csv(file, may_be_empty=True)
    table.require(PATH_COLUMN)
    if clash := [name for name in table.columns if name in outputs]:
        raise DatasetError(
            f"{file}: columns that will be added must not be there yet, got {', '.join(clash)}; "
            "rename them"
        )
    if not table.cells:
        raise DatasetError(f"{file}: expected at least one row below the header, got none")
    return Manifest(file, table.columns, table.cells)


class ScoresFile:
    """Appends rows to a file of scores.

    Attributes:
        done: Number of rows of an earlier run.
        note: A sentence for the user when the file cannot be locked; else "".

    Args:
        file: The CSV file; UTF-8, one line feed per row.
        manifest: The rows to score; their columns come first in each row.
        outputs: The columns that are added.
        resume: Whether to continue a file that is there.
        force: Whether to overwrite a file that is there.

    Raises:
        SettingsError: The file is there and neither ``resume`` nor ``force``; it is the
            manifest; another run writes it; or it cannot be written.
        DatasetError: The file to continue was not made from this manifest, with these
            columns.
    """

    def __init__(
        self,
        file: Path,
        manifest: Manifest,
        outputs: Sequence[str],
        *,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        there = file.exists()
        if there and not (resume or force):
            raise SettingsError(f"{file} exists; --resume continues it, --force overwrites it")
        if there and file.samefile(manifest.file):
            raise SettingsError(f"{file} is the manifest; name another file for the scores")
        if there and _is_one_of(file, manifest.files):
            raise SettingsError(f"{file} is one of the inputs; name another file for the scores")
        header = (*manifest.columns, *outputs)
        self._stream, self.note = _open(file)
        try:
            found = _inspect(file, manifest, header) if there and resume else _Progress()
            self._stream.truncate(found.whole_bytes)
            if found.whole_bytes == 0:
                self.append(header)
        except BaseException:
            self._stream.close()
            raise
        self.done = found.rows

    def append(self, row: Sequence[str]) -> None:
        """Write one whole row and flush it."""
        self._stream.write(_encoded(row))
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()


def _is_one_of(file: Path, files: Iterable[Path]) -> bool:
    return any(each.name == file.name and each.exists() and file.samefile(each) for each in files)


def _open(file: Path) -> tuple[BinaryIO, str]:
    """Open a file to append to, locked; also gives a note when it cannot be locked."""
    with writing_errors(file, SettingsError):
        stream = file.open("ab")
    try:
        return stream, lock(stream.fileno(), file)
    except BaseException:
        stream.close()
        raise


def _encoded(row: Sequence[str]) -> bytes:
    return encoded_row(row).encode()


@dataclass(frozen=True, slots=True)
class _Progress:
    """Rows of an earlier run, and bytes up to a torn row."""

    rows: int = 0
    whole_bytes: int = 0


def _inspect(file: Path, manifest: Manifest, header: Sequence[str]) -> _Progress:
    """Find how far an earlier run came; any other file stays as it is."""
    records = _whole_records(file)
    first, whole = next(records, ([], 0))
    if whole == 0:
        if not _encoded(header).startswith(file.read_bytes()):
            raise DatasetError(f"{file}: not a file of scores; expected {', '.join(header)}")
        return _Progress()
    if first != list(header):
        raise DatasetError(
            f"{file}: made with other tests or an earlier facepad; expected the columns "
            f"{', '.join(header)}, got {', '.join(first)}; --force overwrites it"
        )
    rows = 0
    for row, end in records:
        _check_row(file, manifest, header, rows, row)
        rows, whole = rows + 1, end
    return _Progress(rows, whole)


def _check_row(
    file: Path, manifest: Manifest, header: Sequence[str], index: int, row: list[str]
) -> None:
    if index >= len(manifest.rows):
        raise DatasetError(
            f"{file}: has more rows than {manifest.file}, which has {len(manifest.rows)}"
        )
    carried = len(manifest.columns)
    if len(row) != len(header) or tuple(row[:carried]) != manifest.rows[index]:
        raise DatasetError(
            f"{file}, row {index + 1}: expected {', '.join(manifest.rows[index])} as in "
            f"{manifest.file}, got {', '.join(row[:carried])}"
        )


def _whole_records(file: Path) -> Iterator[tuple[list[str], int]]:
    """Each whole record and the number of bytes up to its end; a torn last one is left out.

    A record is whole at a line feed outside quotes: where it holds an even number of quotes.
    """
    end, pending = 0, b""
    with file.open("rb") as stream:
        for line in stream:
            pending += line
            if pending.endswith(b"\n") and pending.count(b'"') % 2 == 0:
                end += len(pending)
                yield _decoded(file, pending), end
                pending = b""


def _decoded(file: Path, record: bytes) -> list[str]:
    try:
        return list(decoded_row(record))
    except ValueError as error:
        raise DatasetError(f"{file}: not a file of scores: {error}") from error
