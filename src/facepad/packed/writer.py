"""Writes packed files; shards have the same layout as whole files."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np

from facepad.packed.address import GROUPS
from facepad.packed.checksums import append_checksums
from facepad.packed.layout import (
    COLUMNS,
    HASH_DIGITS,
    IMAGES,
    SKIPPED,
    About,
    Row,
    attributes_of,
)
from facepad.packed.reader import library
from facepad.types import RgbImage

ROWS = 1024  # of a column, in one chunk
FLUSH = 512  # rows that wait in memory
GZIP_LEVEL = 4
# What other programs of 2018 and later read.
VERSIONS = ("earliest", "v110")


@dataclass(frozen=True, slots=True)
class Compressed:
    """Pixels as they are compressed in another packed file of the same size.

    Attributes:
        data: One chunk.
        mask: Which filters were left out, as HDF5 does where they do not help.
    """

    data: bytes
    mask: int


class Writer:
    """Appends rows to a new file; it is no packed file until `finish`.

    Args:
        path: The new file; an existing one is overwritten.
        size: Width and height of pictures of store "pixels"; None for "encoded".
    """

    def __init__(self, path: Path, size: tuple[int, int] | None) -> None:
        h5py = library()
        self._path = path
        # Some drives have no locks, and the run that writes holds one of its own where it can.
        self._file = h5py.File(path, "w", libver=VERSIONS, locking=False)
        self._waiting: dict[str, list[Row]] = {group: [] for group in GROUPS}
        self._skipped: list[tuple[int, str, str]] = []
        self._counts = dict.fromkeys(GROUPS, 0)
        self._images: dict[str, Any] = {}
        for group in GROUPS:
            table = self._file.create_group(group)
            self._images[group] = _make_images(table, size)
            for name, kind in COLUMNS.items():
                _make(table, name, _kinds()[kind])
        skipped = self._file.create_group(SKIPPED)
        for name, kind in (("sample", "int"), ("key", "text"), ("error", "text")):
            _make(skipped, name, _kinds()[kind])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, row: Row, image: bytes | RgbImage | Compressed) -> None:
        """Append one picture; those of one sample follow each other."""
        waiting = self._waiting[row.group]
        if len(waiting) >= FLUSH and waiting[-1].sample != row.sample:  # it can still be skipped
            self._flush(row.group)
        number = self._counts[row.group]
        images = self._images[row.group]
        images.resize(number + 1, axis=0)
        if isinstance(image, Compressed):
            images.id.write_direct_chunk((number, 0, 0, 0), image.data, image.mask)
        elif isinstance(image, bytes):
            images[number] = np.frombuffer(image, np.uint8)
        else:
            images[number] = image
        self._counts[row.group] = number + 1
        self._waiting[row.group].append(row)

    def skip(self, sample: int, key: str, error: str) -> None:
        """Note a sample that could not be read, and drop its rows that were added."""
        for group in GROUPS:
            while self._waiting[group] and self._waiting[group][-1].sample == sample:
                self._waiting[group].pop()
                self._counts[group] -= 1
            self._images[group].resize(self._counts[group], axis=0)
        self._skipped.append((sample, key, error))

    def counts(self) -> tuple[int, int, int]:
        """Return rows of bona fide and of attacks, and samples that were skipped."""
        bona_fide, attack = (self._counts[group] for group in GROUPS)
        return bona_fide, attack, len(self._skipped)

    def finish(self, about: About) -> None:
        """Write pending rows and the attributes; close, append checksums, and sync the file."""
        for group in GROUPS:
            self._flush(group)
        for name, values in zip(
            ("sample", "key", "error"), zip(*self._skipped, strict=True), strict=False
        ):
            _append(self._file[SKIPPED][name], values)
        self._file.attrs.update(attributes_of(about))
        self._file.close()
        append_checksums(self._path)

    def _flush(self, group: str) -> None:
        rows, self._waiting[group] = self._waiting[group], []
        for name, kind in COLUMNS.items():
            change = _CHANGES.get(kind)
            values = [getattr(row, name) for row in rows]
            _append(self._file[group][name], [change(v) for v in values] if change else values)


def _json(value: Any) -> str:  # noqa: ANN401 - what a column holds
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, sort_keys=True)


_CHANGES: Mapping[str, Callable[[Any], Any]] = MappingProxyType({"json": _json, "hash": str.encode})


def _kinds() -> dict[str, Any]:
    text = library().string_dtype()
    kinds = {"text": text, "json": text, "int": np.int64, "float": np.float64}
    return kinds | {"hash": np.dtype(f"S{HASH_DIGITS}")}


def _make(table: Any, name: str, kind: Any) -> Any:  # noqa: ANN401 - h5py has no types
    return table.create_dataset(
        name, (0,), kind, maxshape=(None,), chunks=(ROWS,), track_times=False
    )


def _make_images(table: Any, size: tuple[int, int] | None) -> Any:  # noqa: ANN401 - h5py has no types
    if size is None:
        return _make(table, IMAGES, library().vlen_dtype(np.uint8))
    shape = (size[1], size[0], 3)
    return table.create_dataset(
        IMAGES,
        (0, *shape),
        np.uint8,
        maxshape=(None, *shape),
        chunks=(1, *shape),
        compression="gzip",
        compression_opts=GZIP_LEVEL,
        track_times=False,
    )


def _append(column: Any, values: Sequence[Any]) -> None:  # noqa: ANN401 - h5py has no types
    if not values:
        return
    start = column.shape[0]
    column.resize(start + len(values), axis=0)
    if column.dtype == object:
        column[start:] = np.array(values, dtype=object)
    else:
        column[start:] = np.array(values, dtype=column.dtype)
