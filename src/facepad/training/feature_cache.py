"""What is slow to compute of pictures: done in parallel, kept in one file, and never done twice."""

import hashlib
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, TypeVar

from facepad.errors import DatasetError
from facepad.packed.address import file_of

Advance = Callable[[], None]
Row = TypeVar("Row", bound=tuple[Any, ...])
Item = TypeVar("Item", bound=tuple[Any, ...])

_CHUNK = 16  # items that a worker takes at a time


class Cache(Protocol[Row]):
    """Rows whose first value is their key."""

    def read(self, keys: Iterable[str]) -> Mapping[str, Row]:
        """Those of the keys that are kept."""
        ...

    def write(self, rows: Sequence[Row]) -> None:
        """Keep rows, all or none."""
        ...


class Table:
    """A table of rows by key, in a file of its own; what was written before a kill is kept.

    Args:
        file: Made when missing, with its folder.
        name: Of the table.
        columns: Beside the key, as in SQL: "reason TEXT, data BLOB".
    """

    def __init__(self, file: Path, name: str, columns: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file, self._name = file, name
        self._values = ", ".join("?" for _ in range(columns.count(",") + 2))
        with closing(self._open()) as database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {name} (key TEXT PRIMARY KEY, {columns})")

    def read(self, keys: Iterable[str]) -> dict[str, tuple[Any, ...]]:
        """Rows of those of the keys that are kept, the key first."""
        asked = f"SELECT * FROM {self._name} WHERE key = ?"  # noqa: S608 - a name of ours
        with closing(self._open()) as database:
            found = (database.execute(asked, (key,)).fetchone() for key in set(keys))
            return {row[0]: row for row in found if row is not None}

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Keep rows, all or none."""
        order = f"INSERT OR REPLACE INTO {self._name} VALUES ({self._values})"  # noqa: S608 - the same
        with closing(self._open()) as database, database:
            database.executemany(order, rows)

    def _open(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self._file, timeout=30.0)
        except sqlite3.Error as error:
            raise DatasetError(f"the cache {self._file} cannot be used: {error}") from error


def gather(
    items: Sequence[Item],
    cache: Cache[Row],
    work: Callable[[Sequence[Item]], list[Row]],
    *,
    workers: int,
    advance: Advance,
    chunk: int = _CHUNK,
) -> list[Row]:
    """The row of every item: kept by an earlier run, or computed now.

    Args:
        items: What to work on; the first value of each is its key.
        cache: Where rows are kept.
        work: Computes the rows of some items; goes to other processes.
        workers: Processes.
        advance: Called once per item.
        chunk: Items that a worker takes at a time.
    """
    known = dict(cache.read([item[0] for item in items]))
    for _ in known:
        advance()
    missing = [item for item in items if item[0] not in known]
    chunks = [missing[start : start + chunk] for start in range(0, len(missing), chunk)]
    if chunks:
        with pool(workers) as executor:
            for rows in executor.map(work, chunks):
                cache.write(rows)
                known |= cache.read([row[0] for row in rows])  # as it will be read later
                for _ in rows:
                    advance()
    return [known[item[0]] for item in items]


def pool(workers: int) -> ProcessPoolExecutor:
    """Processes that start clean, each with one thread."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start)


def _start() -> None:
    import cv2

    cv2.setNumThreads(1)


def file_key(path: str, tag: str, part: str = "") -> str:
    """Key of a file as it is now; another once it has changed.

    Args:
        path: Of the file.
        tag: All that the row depends on beside it.
        part: Of the file, where it has several.

    Raises:
        DatasetError: The file is missing.
    """
    try:
        status = file_of(path).stat()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    return text_key(f"{Path(path).resolve()}{part}|{status.st_size}|{status.st_mtime_ns}|{tag}")


def text_key(text: str) -> str:
    """A short key for a long one."""
    return hashlib.sha256(text.encode()).hexdigest()
