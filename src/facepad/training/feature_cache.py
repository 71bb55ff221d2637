"""Parallel extraction of features from pictures, with a cache on disk."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, TypeVar

from facepad.errors import DatasetError
from facepad.jobs.processes import Chunk, ProcessPool, chunks
from facepad.jobs.progress import Advance
from facepad.packed.address import file_of
from facepad.sources import clip_path
from facepad.types import Sample

Row = TypeVar("Row", bound=tuple[Any, ...])
Item = TypeVar("Item", bound=tuple[Any, ...])
Context = TypeVar("Context")

_CHUNK = 16  # items that a worker takes at a time


class FeatureCache(Protocol[Row]):
    """Rows by key; the first value of a row is its key."""

    def read(self, keys: Iterable[str]) -> Mapping[str, Row]:
        """Return the rows of those keys that are in the cache."""
        ...

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows, all or none."""
        ...


class CacheTable:
    """A table of rows by key in an SQLite file; finished rows survive a kill.

    Args:
        file: Made when missing, with its folder.
        name: Name of the table.
        columns: Columns beside the key, as in SQL: "reason TEXT, data BLOB".
    """

    def __init__(self, file: Path, name: str, columns: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file, self._name = file, name
        self._values = ", ".join("?" for _ in range(columns.count(",") + 2))
        with closing(self._open()) as database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {name} (key TEXT PRIMARY KEY, {columns})")

    def read(self, keys: Iterable[str]) -> dict[str, tuple[Any, ...]]:
        """Return the rows of those keys that are in the table, the key first."""
        query = f"SELECT * FROM {self._name} WHERE key = ?"  # noqa: S608 - not user input
        with closing(self._open()) as database:
            rows = (database.execute(query, (key,)).fetchone() for key in set(keys))
            return {row[0]: row for row in rows if row is not None}

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows, all or none."""
        command = f"INSERT OR REPLACE INTO {self._name} VALUES ({self._values})"  # noqa: S608
        with closing(self._open()) as database, database:
            database.executemany(command, rows)

    def _open(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self._file, timeout=30.0)
        except sqlite3.Error as error:
            raise DatasetError(f"the cache {self._file} cannot be used: {error}") from error


def compute_cached(
    items: Sequence[Item],
    cache: FeatureCache[Row],
    compute: Callable[[Context, Item], Row],
    context: Callable[[], Context],
    *,
    workers: int,
    advance: Advance,
    chunk: int = _CHUNK,
) -> list[Row]:
    """Return the row of every item, from the cache or computed in worker processes.

    Args:
        items: Items; the first value of each is its key, the second names it in errors.
        cache: The cache; each finished chunk is written to it.
        compute: Computes the row of an item from a process's context; both are picklable.
        context: Makes what a process needs once, such as a face detector.
        workers: Number of processes.
        advance: Called once per item.
        chunk: Number of items that a worker takes at a time.

    Raises:
        DatasetError: A worker process died at an item, which is named.
    """
    known = dict(cache.read([item[0] for item in items]))
    for _ in known:
        advance()
    missing = [item for item in items if item[0] not in known]
    if missing:
        with ProcessPool(_Computation(compute), workers, context) as pool:
            for _, rows in pool.map_chunks(chunks(missing, chunk), died=_died):
                cache.write(rows)
                known |= cache.read([row[0] for row in rows])  # rounded as on the next read
                for _ in rows:
                    advance()
    return [known[item[0]] for item in items]


class _Computation:
    """Computes the rows of a chunk; picklable."""

    def __init__(self, compute: Callable[[Any, Any], Any]) -> None:
        self._compute = compute

    def __call__(self, context: Any, chunk: Chunk[Any]) -> list[Any]:  # noqa: ANN401 - generic
        return [self._compute(context, item) for item in chunk.items]


def _died(chunk: Chunk[Any]) -> list[Any]:
    raise DatasetError(f"a worker process died twice while measuring {chunk.items[0][1]}")


def file_key(path: str, tag: str, part: str = "") -> str:
    """Return the key of a file's content, by its size and time of change.

    Args:
        path: The file, or a packed address.
        tag: All that the row depends on beside the file.
        part: Part of the file, where it has several.

    Raises:
        DatasetError: The file is missing.
    """
    try:
        status = file_of(path).stat()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    return text_key(f"{Path(path).resolve()}{part}|{status.st_size}|{status.st_mtime_ns}|{tag}")


def frame_of(sample: Sample) -> str:
    """Return which frame stands for a sample, for `file_key`; "None" for a still.

    A clip without a frame number is named by its middle frame, see `facepad.sources.MIDDLE`.
    """
    return "middle" if clip_path(sample) is not None else str(sample.frame)


def text_key(text: str) -> str:
    """Return a short key for a long one."""
    return hashlib.sha256(text.encode()).hexdigest()
