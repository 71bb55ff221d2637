"""Read a manifest: a CSV file with one picture per row, in UTF-8, with a column ``path``."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from facepad.errors import DatasetError

PATH_COLUMN = "path"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The rows of a manifest, as text.

    Attributes:
        file: The manifest; paths in it are relative to its folder.
        columns: Names of its columns, ``path`` among them.
        rows: One tuple per picture, as long as ``columns``.
    """

    file: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def picture(self, row: int) -> str:
        """Where the picture of a row lies; empty when the row names none."""
        named = self.rows[row][self.columns.index(PATH_COLUMN)]
        return str(self.file.parent / named) if named else ""


def read_manifest(file: Path, outputs: Sequence[str]) -> Manifest:
    """Read a manifest whole.

    Args:
        file: The CSV file.
        outputs: Columns that will be added; the manifest must not have them.

    Raises:
        DatasetError: It cannot be read, is not UTF-8 or not CSV, has no row, lacks the
            column ``path``, names a column twice or as an output, or has a row that is
            longer or shorter than its header. The message names the line.
    """
    lines = _lines(file)
    _, header = next(lines, (1, []))
    _check_header(file, header, outputs)
    rows = []
    for line, row in lines:
        if len(row) != len(header):
            raise DatasetError(
                f"{file}, line {line}: expected {len(header)} fields as in the header, "
                f"got {len(row)}"
            )
        rows.append(tuple(row))
    if not rows:
        raise DatasetError(f"{file}: expected at least one row below the header, got none")
    return Manifest(file, tuple(header), tuple(rows))


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the number of its last line."""
    try:
        # utf-8-sig: spreadsheets put a byte order mark in front.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for row in reader:
                if row:
                    yield reader.line_num, row
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: expected UTF-8, got {error.reason}") from error
    except csv.Error as error:
        raise DatasetError(f"{file}: expected CSV, got {error}") from error


def _check_header(file: Path, header: Sequence[str], outputs: Sequence[str]) -> None:
    if not header:
        raise DatasetError(f"{file}: expected a header with a column 'path', got an empty file")
    if PATH_COLUMN not in header:
        raise DatasetError(f"{file}: expected a column 'path', got {', '.join(header)}")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DatasetError(f"{file}: each column is named once, got twice: {', '.join(twice)}")
    if clash := [name for name in header if name in outputs]:
        raise DatasetError(
            f"{file}: columns that will be added must not be there yet, got {', '.join(clash)}; "
            "rename them"
        )
