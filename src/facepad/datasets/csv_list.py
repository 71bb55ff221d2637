"""A CSV file with one picture or video a row: any data, its own split and species.

Layout:     <root> is the file, or a folder that holds ``dataset.csv``. UTF-8, with a header:
            ``path`` (relative to the file), ``subject`` and ``pai_species`` (empty or
            ``bona_fide`` for bona fide) are needed; ``split`` (train, dev, test),
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
from facepad.jobs.csv_rows import BONA_FIDE, read_csv
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
        notices = part_notices(listed)
        _, first = next(self._rows())
        if "split" in first:
            return notices
        people = counted(len({sample.subject for sample in listed}), "subject")
        split = f"split: by a hash of the subject's name, without a column; {people}"
        return (split, *notices)

    @property
    def _file(self) -> Path:
        return self.root / FILE if self.root.is_dir() else self.root

    def _rows(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield words for where each row stands, and its cells by column."""
        table = read_csv(self._file)
        table.require(*NEEDED)
        if "" in table.columns:
            raise DatasetError(f"{table.file}: each column needs a name")
        for line, row in table.rows():
            yield f"{table.file.name} line {line}", row

    def _sample(self, row: Mapping[str, str], where: str) -> Sample:
        if not row["path"] or not row["subject"]:
            raise DatasetError(f"{TITLE}: {where} needs a path and a subject, got {dict(row)}")
        frame = _frame(row.get("frame", ""), where)
        named = f"{Path(row['path']).as_posix()}{'' if frame is None else f'#{frame}'}"
        return Sample(
            key=f"{self.name}/{row.get('key') or named}",
            path=str(check_file(TITLE, self._file.parent / row["path"], where)),
            subject=row["subject"],
            split=_split(row, where),
            pai_species=None if row["pai_species"] in ("", BONA_FIDE) else row["pai_species"],
            session=row.get("session") or None,
            frame=frame,
            attributes={name: cell for name, cell in row.items() if name not in KNOWN and cell},
        )


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
