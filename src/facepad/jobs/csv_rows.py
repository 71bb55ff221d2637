"""CSV input: one dialect, errors that name the line, and one set of words for labels.

Commas, RFC 4180 quotes, UTF-8 with or without a byte order mark. Backslashes and blanks are
characters as all others. Blank lines are skipped. Each column has one name, and each row as
many cells as the header.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facepad.errors import DatasetError

BONA_FIDE, ATTACK = "bona_fide", "attack"
UNSPECIFIED = "unspecified"  # the species of an attack that names none

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The rows of a CSV file, as text.

    Attributes:
        file: The file.
        columns: Names of its columns.
        cells: One tuple per row, as long as ``columns``.
        lines: Number of each row's last line in the file; the first line is 1.
    """

    file: Path
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield each row's line number and its cells by column."""
        for line, cells in zip(self.lines, self.cells, strict=True):
            yield line, dict(zip(self.columns, cells, strict=True))

    def require(self, *columns: str) -> None:
        """Check that columns are there.

        Raises:
            DatasetError: One is missing; the message names it and those that are there.
        """
        for name in columns:
            if name not in self.columns:
                there = ", ".join(self.columns) or "an empty file"
                raise DatasetError(f"{self.file}: expected a column {name!r}, got {there}")


def read_csv(
    file: Path, *, strip: bool = False, fill: bool = False, may_be_empty: bool = False
) -> CsvTable:
    """Read a CSV file whole.

    Args:
        file: The file.
        strip: Whether blanks around cells are removed, for files that are written by hand.
        fill: Whether a row may be shorter than the header (missing cells are empty) or longer
            (the rest is dropped).
        may_be_empty: Whether the file may have no row.

    Raises:
        DatasetError: It cannot be read, is not UTF-8 or not CSV, has no row, names a column
            twice, or has a row that is longer or shorter than its header. The message names
            the line.
    """
    lines = _lines(file, strip=strip)
    _, header = next(lines, (0, ()))
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DatasetError(f"{file}: each column is named once, got twice: {', '.join(twice)}")
    numbers, rows = [], []
    for number, cells in lines:
        if fill:
            cells = (*cells, *[""] * (len(header) - len(cells)))[: len(header)]
        if len(cells) != len(header):
            raise DatasetError(
                f"{file}, line {number}: expected {len(header)} fields as in the header, "
                f"got {len(cells)}"
            )
        numbers.append(number)
        rows.append(cells)
    if not (rows or may_be_empty):
        what = "a row below the header" if header else "a header and at least one row"
        raise DatasetError(f"{file}: expected {what}, got none")
    return CsvTable(file, header, tuple(rows), tuple(numbers))


def label_of(is_bona_fide: bool) -> str:
    """Return the word for a label."""
    return BONA_FIDE if is_bona_fide else ATTACK


def species_of(label: str, species: str) -> str | None:
    """Return the PAI species of a labelled row; None for bona fide.

    Args:
        label: "bona_fide" or "attack".
        species: "" where none is named.

    Raises:
        DatasetError: The label is another word, or bona fide has a species.

    Example:
        >>> species_of("attack", "print"), species_of("attack", ""), species_of("bona_fide", "")
        ('print', 'unspecified', None)
    """
    if label not in (BONA_FIDE, ATTACK):
        raise DatasetError(f"label is '{BONA_FIDE}' or '{ATTACK}', got {label!r}")
    if label == BONA_FIDE and species:
        raise DatasetError(f"bona fide has no pai_species, got {species!r}")
    return None if label == BONA_FIDE else species or UNSPECIFIED


def _lines(file: Path, *, strip: bool) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield rows that are not blank, each with the number of its last line."""
    try:
        # utf-8-sig: spreadsheets put a byte order mark in front.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for cells in reader:
                if cells:
                    yield reader.line_num, tuple(c.strip() if strip else c for c in cells)
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: expected UTF-8, got {error.reason}") from error
    except csv.Error as error:
        raise DatasetError(f"{file}: expected CSV, got {error}") from error


def decoded_row(record: bytes) -> tuple[str, ...]:
    """Return the cells of one row, which may hold line feeds within quotes.

    Raises:
        ValueError: It is no UTF-8 or no CSV.
    """
    try:
        return tuple(next(csv.reader(io.StringIO(record.decode(), newline=""), strict=True)))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def encoded_row(cells: Sequence[str]) -> str:
    """Return one row in the dialect of `read_csv`, with a line feed at its end."""
    line = io.StringIO()
    # With its default line end the writer quotes carriage returns too; the file gets "\n".
    csv.writer(line).writerow(cells)
    return f"{line.getvalue().removesuffix(chr(13) + chr(10))}\n"
