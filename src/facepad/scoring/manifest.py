"""The pictures and clips of a run and their rows: from a CSV file, or from files and folders."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from facepad.errors import DatasetError, InputError, counted
from facepad.jobs.csv_rows import path_of_cell, read_csv
from facepad.media.inputs import Input

PATH_COLUMN = "path"


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

    @classmethod
    def of_files(cls, inputs: Iterable[Input]) -> Self:
        """Return a row for each file, named relative to the folder that all of them are in.

        Raises:
            InputError: An input is standard input, or stands for nothing, such as an empty folder.
        """
        inputs = tuple(inputs)
        files = tuple(map(_file_of, inputs))
        folder = _common_folder([each.root for each in inputs])
        rows = tuple((_relative_name(file, folder),) for file in files)
        return cls(folder, (PATH_COLUMN,), rows, files)

    @property
    def fingerprint(self) -> str:
        """Number of rows, and a hash of them."""
        names = "\n".join("\t".join(row) for row in self.rows)
        digest = sha256(names.encode()).hexdigest()[:12]
        return f"{counted(len(self.rows), 'file')} (names {digest})"

    def name(self, row: int) -> str:
        """Return the name of a row's picture, as the row has it."""
        return self.rows[row][self.columns.index(PATH_COLUMN)]

    def picture(self, row: int) -> str:
        """Return the path of a row's picture; empty when the row has none."""
        if self.files:
            return str(self.files[row])
        folder, cell = self.file.parent, self.rows[row][self.columns.index(PATH_COLUMN)]
        return str(folder / path_of_cell(folder, cell)) if cell.strip() else ""


def _file_of(given: Input) -> Path:
    if isinstance(given.source, InputError):
        raise given.source
    if isinstance(given.source, bytes):
        raise InputError("standard input has no file that could be named in a row; use check -")
    return given.source


def _common_folder(folders: Sequence[Path]) -> Path:
    """Return the folder that all folders are in; the working folder where there is none."""
    try:
        return Path(os.path.commonpath([os.path.abspath(each) for each in {*folders}]))  # noqa: PTH100
    except ValueError:  # different drives
        return Path()


def _relative_name(file: Path, folder: Path) -> str:
    """Return the path of a file within a folder, as text that UTF-8 can hold."""
    whole = Path(os.path.abspath(file))  # noqa: PTH100 - links stay as they are
    near = whole.relative_to(folder) if whole.is_relative_to(folder) else file
    return near.as_posix().encode(errors="backslashreplace").decode()


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
