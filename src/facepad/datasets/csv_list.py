"""A CSV file with one picture or video a row: any data, its own split and species.

Layout:     <root> is the file, or a folder that holds ``dataset.csv``. UTF-8, with a header:
            ``path`` (relative to the file), ``subject`` and ``pai_species`` (empty or
            ``bona_fide`` for bona fide; any other word is the kind of an attack) are
            needed; ``split`` (train, dev, test),
            ``session``, ``frame`` and ``key`` are known; every other column becomes an
            attribute
Reference:  RFC 4180
Licence:    that of the data
Apply to:   nobody
Checked:    on made-up data
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from facepad.datasets import check_file, part_notices, split_by_subject
from facepad.errors import DatasetError, counted
from facepad.jobs.csv_rows import (
    BONA_FIDE,
    CsvTable,
    check_species,
    path_of_cell,
    read_csv,
)
from facepad.types import Sample, Split

TITLE = "csv"
FILE = "dataset.csv"
NEEDED = ("path", "subject", "pai_species")
KNOWN = (*NEEDED, "split", "session", "frame", "key")


@dataclass(frozen=True, slots=True)
class CsvList:
    """Lists what a CSV file names; each row is one presentation.

    Without a column ``split``, a hash of the subject's name decides the part:
    `facepad.datasets.split_by_subject`. The key of a row is its column ``key``, or its path
    and frame.

    Attributes:
        root: The CSV file, or the folder that holds ``dataset.csv``.
    """

    root: Path
    name = "csv"

    def samples(self) -> Iterator[Sample]:
        """Yield every row, in order.

        Raises:
            DatasetError: The file is missing, not UTF-8 or not CSV, lacks a column, or has
                no row; a row is too long or short, has a value that cannot be used, names a
                file that is missing, or is there twice. The message names the line.
        """
        earlier: set[str] = set()
        for where, row in self._rows():
            sample = self._sample(row, where)
            if sample.key in earlier:
                raise DatasetError(f"{TITLE}: {where} lists {sample.key!r} a second time")
            earlier.add(sample.key)
            yield sample

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know: how it was split.

        Raises:
            DatasetError: As `samples`.
        """
        listed = list(self.samples())
        table = self._table()
        notices = (*table.near_misses(KNOWN), *part_notices(listed))
        if "split" in table.columns:
            return notices
        people = counted(len({sample.subject for sample in listed}), "subject")
        split = f"split: by a hash of the subject's name, without a column; {people}"
        return (split, *notices)

    @property
    def _file(self) -> Path:
        return self.root / FILE if self.root.is_dir() else self.root

    def _table(self) -> CsvTable:
        table = read_csv(self._file)
        table.require(*NEEDED)
        if "" in table.columns:
            raise DatasetError(f"{table.file}: each column needs a name")
        return table

    def _rows(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield words for where each row stands, and its cells by column.

        Blanks around cells are left out, but for the path, see `path_of_cell`.
        """
        for line, row in self._table().rows():
            cells = {name: cell if name == "path" else cell.strip() for name, cell in row.items()}
            yield f"{self._file.name} line {line}", cells

    def _sample(self, row: Mapping[str, str], where: str) -> Sample:
        if not row["path"].strip() or not row["subject"]:
            raise DatasetError(f"{TITLE}: {where} needs a path and a subject, got {dict(row)}")
        folder, frame = self._file.parent, _frame(row.get("frame", ""), where)
        path = path_of_cell(folder, row["path"])
        named = f"{Path(path).as_posix()}{'' if frame is None else f'#{frame}'}"
        return Sample(
            key=f"{self.name}/{row.get('key') or named}",
            path=str(check_file(TITLE, folder / path, where)),
            subject=row["subject"],
            split=_split(row, where),
            pai_species=_species(row, where),
            session=row.get("session") or None,
            frame=frame,
            attributes={name: cell for name, cell in row.items() if name not in KNOWN and cell},
        )


def _species(row: Mapping[str, str], where: str) -> str | None:
    if row["pai_species"] in ("", BONA_FIDE):
        return None
    try:
        return check_species(row["pai_species"])
    except DatasetError as error:
        raise DatasetError(f"{TITLE}: {where}: {error}") from None


def _frame(cell: str, where: str) -> int | None:
    if not cell:
        return None
    if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
        raise DatasetError(f"{TITLE}: {where}: frame must be a whole number from 0, got {cell!r}")
    return int(cell)


def _split(row: Mapping[str, str], where: str) -> Split:
    if "split" not in row:
        return split_by_subject(row["subject"])
    try:
        return Split(row["split"])
    except ValueError:
        raise DatasetError(
            f"{TITLE}: {where}: split must be train, dev or test, got {row['split']!r}"
        ) from None
