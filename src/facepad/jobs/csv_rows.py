"""CSV input: one dialect, errors that name the line, and one set of words for labels.

Commas, RFC 4180 quotes, UTF-8 with or without a byte order mark. Blanks around the names of
columns are left out; within the rows, backslashes and blanks are characters as all others, but
see `path_of_cell`. Blank lines are skipped. Each column has one name, and each row as many
cells as the header.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facepad.errors import DatasetError, suggestion

BONA_FIDE, ATTACK = "bona_fide", "attack"
UNSPECIFIED = "unspecified"  # the species of an attack that names none
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # of files that are no CSV
# What people write for "bona fide" where the kind of an attack belongs.
MEANS_BONA_FIDE = frozenset(
    {
        *("bona_fide", "bonafide", "bf", "genuine", "real", "live", "living", "liveness", "alive"),
        *(
            "real_person",
            "real_face",
            "live_face",
            "person",
            "human",
            "authentic",
            "client",
            "none",
            "no_attack",
            "not_an_attack",
        ),
        *("null", "nan", "na", "n/a", "nil", "no", "false", "0", "0.0", "_", "__", "?"),
    }
)

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
                nearest = suggestion(name, self.columns)
                hint = f"; {nearest}Rename it" if nearest else ""
                raise DatasetError(f"{self.file}: expected a column {name!r}, got {there}{hint}")

    def near_misses(self, known: Sequence[str]) -> tuple[str, ...]:
        """Return a sentence for each column that is not known, but nearly a known one.

        Args:
            known: Names of all columns that have a meaning.
        """
        missing = [name for name in known if name not in self.columns]
        others = ((name, suggestion(name, missing)) for name in self.columns if name not in known)
        return tuple(
            f"column {name!r} of {self.file.name} has no meaning here; {nearest.rstrip()}"
            for name, nearest in others
            if nearest
        )


def read_csv(
    file: Path, *, strip: bool = False, fill: bool = False, may_be_empty: bool = False
) -> CsvTable:
    """Read a CSV file whole.

    Args:
        file: The file.
        strip: Whether blanks around cells are removed too, for files that are written by hand.
        fill: Whether a row may be shorter than the header (missing cells are empty) or longer
            (the rest is dropped).
        may_be_empty: Whether the file may have no row.

    Raises:
        DatasetError: It cannot be read, is not UTF-8, not CSV or separated by another character
            than a comma, has no row, names a column twice, or has a row that is longer or
            shorter than its header. The message names the line.
    """
    lines = _lines(file, strip=strip)
    _, header = next(lines, (0, ()))
    header = tuple(name.strip() for name in header)
    _check_separator(file, header)
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


def _check_separator(file: Path, header: tuple[str, ...]) -> None:
    for separator, words in SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            raise DatasetError(
                f"{file}: expected commas between the columns, got {words}: {header[0]!r}; save it "
                "as CSV with commas (in a spreadsheet program: 'Save as', separator ',')"
            )


def path_of_cell(folder: Path, cell: str) -> str:
    r"""Return the path that a cell names, relative to a folder.

    Where no file has exactly this name, blanks around it are left out, and backslashes, as
    Windows writes them, are taken for slashes.

    Example:
        >>> path_of_cell(Path("pictures"), "anna\\1.jpg ")
        'anna/1.jpg'
    """
    if cell.strip() == cell and "\\" not in cell:  # spares a look at the disk
        return cell
    return cell if _exists(folder / cell) else cell.strip().replace("\\", "/")


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # no name of a file
        return False


def label_of(is_bona_fide: bool) -> str:
    """Return the word for a label."""
    return BONA_FIDE if is_bona_fide else ATTACK


def species_of(label: str, species: str) -> str | None:
    """Return the PAI species of a labelled row; None for bona fide.

    Args:
        label: "bona_fide" or "attack".
        species: "" where none is named.

    Raises:
        DatasetError: The label is another word, bona fide has a species, or an attack has one
            that means bona fide.

    Example:
        >>> species_of("attack", "print"), species_of("attack", ""), species_of("bona_fide", "")
        ('print', 'unspecified', None)
    """
    if label not in (BONA_FIDE, ATTACK):
        raise DatasetError(f"label is '{BONA_FIDE}' or '{ATTACK}', got {label!r}")
    if label == BONA_FIDE and species:
        raise DatasetError(f"bona fide has no pai_species, got {species!r}")
    check_species(species)
    return None if label == BONA_FIDE else species or UNSPECIFIED


def check_species(species: str) -> str:
    """Return the PAI species of an attack, or "", as it is given.

    Raises:
        DatasetError: The word means bona fide, such as "live", "none" or "0".
    """
    if species.strip().lower().replace(" ", "_").replace("-", "_") in MEANS_BONA_FIDE:
        raise DatasetError(
            f"pai_species is the kind of an attack, such as print, got {species!r}, which means "
            "bona fide; leave it empty for bona fide"
        )
    return species


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
        hint = "; expected a CSV file" if file.is_dir() else ""
        raise DatasetError(f"{file}: cannot be read: {error.strerror}{hint}") from error
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
