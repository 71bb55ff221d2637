"""The file of scores: rows are appended in order, so that a killed run can go on.

A row is written in one piece and flushed, so after a kill the file is whole up to at most
one torn row at its end, which a later run cuts off.
"""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from facepad.errors import DatasetError, SettingsError
from facepad.scoring.manifest import Manifest
from facepad.scoring.rows import OUTCOME_COLUMN


class ScoresFile:
    """Appends rows to the file of scores.

    Attributes:
        done: How many rows were there already.
        errors: How many of those have no outcome.

    Args:
        file: The CSV file; UTF-8, one line feed per row.
        manifest: What is being scored; its columns come first in each row.
        outputs: The columns that are added.
        resume: Whether to go on with a file that is there.
        force: Whether to begin again over a file that is there.

    Raises:
        SettingsError: The file is there and neither ``resume`` nor ``force``; it is the
            manifest; another run writes it; or it cannot be written.
        DatasetError: The file to go on with was not made from this manifest, with these
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
            raise SettingsError(
                f"{file} is there already; --resume goes on with it, --force begins again"
            )
        if there and file.samefile(manifest.file):
            raise SettingsError(f"{file} is the manifest; name another file for the scores")
        header = (*manifest.columns, *outputs)
        self._stream: BinaryIO = _open(file)
        try:
            found = _inspect(file, manifest, header) if there and resume else _Found()
            self._stream.truncate(found.whole_bytes)
            if found.whole_bytes == 0:
                self.append(header)
        except BaseException:
            self._stream.close()
            raise
        self.done, self.errors = found.rows, found.errors

    def append(self, row: Sequence[str]) -> None:
        """Write one row, whole, and hand it to the system at once."""
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


def _open(file: Path) -> BinaryIO:
    try:
        stream = file.open("ab")
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written: {error.strerror}") from error
    if not _locked(stream):
        stream.close()
        raise SettingsError(f"{file}: another run is writing it; wait for its end, or end it")
    return stream


def _locked(stream: BinaryIO) -> bool:
    """Claim a file until it is closed; systems without such locks take it on trust."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _encoded(row: Sequence[str]) -> bytes:
    line = io.StringIO()
    # With its default line end the writer quotes carriage returns too; the file gets "\n".
    csv.writer(line).writerow(row)
    return f"{line.getvalue().removesuffix(chr(13) + chr(10))}\n".encode()


@dataclass(frozen=True, slots=True)
class _Found:
    """What an earlier run left: rows, those without outcome, bytes up to a torn row."""

    rows: int = 0
    errors: int = 0
    whole_bytes: int = 0


def _inspect(file: Path, manifest: Manifest, header: Sequence[str]) -> _Found:
    """See how far an earlier run came; a file that is not its work stays as it is."""
    records = _whole_records(file)
    first, whole = next(records, ([], 0))
    if whole == 0:
        if not _encoded(header).startswith(file.read_bytes()):
            raise DatasetError(f"{file}: not a file of scores; expected {', '.join(header)}")
        return _Found()
    if first != list(header):
        raise DatasetError(
            f"{file}: made with other columns; expected {', '.join(header)}, got {', '.join(first)}"
        )
    rows = errors = 0
    for row, end in records:
        _check_row(file, manifest, header, rows, row)
        rows, whole = rows + 1, end
        errors += not row[header.index(OUTCOME_COLUMN)]
    return _Found(rows, errors, whole)


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
        return next(csv.reader(io.StringIO(record.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{file}: not a file of scores: {error}") from error
