"""One open packed file: its rows block by block, its pictures one by one.

Needs h5py, which the extra ``data`` installs.
"""

import json
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from heapq import merge
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from facepad.errors import DatasetError, FacepadError, SettingsError
from facepad.media.decode import decode, inspect
from facepad.media.limits import Limits
from facepad.packed.address import GROUPS
from facepad.packed.checksums import SealedFile
from facepad.packed.layout import COLUMNS, IMAGES, SKIPPED, About, Row, about_from
from facepad.types import Frame, RgbImage

if TYPE_CHECKING:
    from types import TracebackType

BLOCK = 1024  # rows that are read at a time


def library() -> ModuleType:
    """Return h5py, imported when it is needed.

    Raises:
        SettingsError: It is not installed.
    """
    try:
        return import_module("h5py")
    except ImportError as error:
        raise SettingsError(
            "a packed dataset needs h5py, which is not installed; "
            "get it with `pip install 'facepad[data]'`"
        ) from error


class PackedFile:
    """One open packed file; every byte is verified before it is used.

    Attributes:
        path: The file.
        about: Metadata of the file.

    Args:
        path: The file.

    Raises:
        DatasetError: It cannot be read, is damaged or no packed file; names it.
        SettingsError: h5py is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        h5py = library()
        self._sealed = SealedFile(path)
        open_files = ExitStack()
        open_files.callback(self._sealed.close)
        # Left open at the end, libhdf5 would call back into an interpreter that is gone.
        self._finalizer = weakref.finalize(self, open_files.close)
        with self._reading_errors():
            self._file = h5py.File(self._sealed, "r")
            open_files.callback(self._file.close)
            self.about: About = about_from(self._file.attrs)
            self._check_arrays()
            self._arrays = {
                (group, name): self._file[group][name]
                for group in GROUPS
                for name in (IMAGES, *COLUMNS)
            }

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, also by a failure."""
        return not self._finalizer.alive

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        self.close()

    def verify(self) -> None:
        """Verify every byte of the file.

        Raises:
            DatasetError: A part is damaged.
        """
        with self._reading_errors():
            self._sealed.verify()

    def rows(
        self,
        group: str,
        first: int = 0,
        last: int | None = None,
        columns: Sequence[str] = tuple(COLUMNS),
    ) -> Iterator[Row]:
        """Yield rows of a group in order, a block of them in memory.

        Args:
            group: "bona_fide" or "attack".
            first: Number of the first row.
            last: Number of the last row; None for all.
            columns: What to read; the rest of each row is empty.

        Raises:
            DatasetError: The file is damaged.
        """
        end = self.about.rows(group) if last is None else last + 1
        for start in range(first, end, BLOCK):
            with self._reading_errors():
                block = self._block(group, slice(start, min(start + BLOCK, end)), columns)
            yield from block

    def in_order(self) -> Iterator[tuple[str, int, Row]]:
        """Yield group, number and row of everything, in the order of the listing.

        Raises:
            DatasetError: The file is damaged.
        """
        yield from merge(*map(self._numbered, GROUPS), key=lambda numbered: numbered[2].sample)

    def stored(self, group: str, number: int) -> bytes | RgbImage:
        """Return what is stored of a picture: its file's bytes, or its pixels with border."""
        with self._reading_errors():
            stored = self._arrays[group, IMAGES][number]
            if self.about.store == "encoded":
                return np.asarray(stored, np.uint8).tobytes()
            return np.asarray(stored, np.uint8)

    def compressed(self, group: str, number: int) -> tuple[bytes, int]:
        """Return the compressed pixels of a picture, and the mask of filters left out."""
        with self._reading_errors():
            mask, data = self._arrays[group, IMAGES].id.read_direct_chunk((number, 0, 0, 0))
            return bytes(data), int(mask)

    def frame(self, group: str, number: int, row: Row, limits: Limits) -> Frame:
        """Return the picture of one row.

        Raises:
            InputError: Over a limit, or it does not decode.
            DatasetError: The file is damaged.
        """
        if self.about.store == "pixels":
            limits.check_size(*self.about.size)
        stored = self.stored(group, number)
        if isinstance(stored, bytes):
            limits.check_bytes(len(stored))
            image, _ = decode(inspect(stored), limits)  # the row has the notes
        else:
            image = np.ascontiguousarray(stored[: row.stored_height, : row.stored_width])
        return Frame(image, row.time_s, notes=row.notes)

    def skipped(self) -> tuple[tuple[int, str, str], ...]:
        """Return number, key and error of every sample that could not be read."""
        with self._reading_errors():
            table = self._file[SKIPPED]
            texts = (_text(table[name][...]) for name in ("key", "error"))
            return tuple(zip(table["sample"][...].tolist(), *texts, strict=True))

    def _numbered(self, group: str) -> Iterator[tuple[str, int, Row]]:
        for number, row in enumerate(self.rows(group)):
            yield group, number, row

    def _block(self, group: str, part: slice, names: Sequence[str]) -> list[Row]:
        columns = [_READERS[COLUMNS[name]](self._arrays[group, name][part]) for name in names]
        return [
            Row(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)
        ]

    def _check_arrays(self) -> None:
        for group in GROUPS:
            for name in (IMAGES, *COLUMNS):
                _check_array(self._file, f"{group}/{name}", self.about.rows(group))
            self._check_images(f"{group}/{IMAGES}")
        for name in ("sample", "key", "error"):
            _check_array(self._file, f"{SKIPPED}/{name}", self.about.skipped)

    def _check_images(self, name: str) -> None:
        images, (width, height) = self._file[name], self.about.size
        if self.about.store == "pixels":
            sound = images.shape[1:] == (height, width, 3) and images.dtype == np.uint8
        else:
            sound = images.ndim == 1 and library().check_vlen_dtype(images.dtype) == np.uint8
        if not sound:
            raise ValueError(f"{name} has shape {images.shape} and type {images.dtype}")

    @contextmanager
    def _reading_errors(self) -> Iterator[None]:
        """Raise any exception of reading as a `DatasetError`; the file is then closed."""
        if self.is_closed:
            raise DatasetError(f"{self.path} is closed")
        try:
            yield
        except FacepadError:
            self.close()
            raise
        except Exception as error:  # untrusted bytes may raise anything
            self.close()
            raise DatasetError(
                f"{self.path} cannot be read as a packed dataset: {error or type(error).__name__}"
            ) from error


def _text(values: Any) -> list[str]:  # noqa: ANN401 - h5py has no types
    return [value.decode() for value in values.tolist()]


def _json(values: Any) -> list[Any]:  # noqa: ANN401 - h5py has no types
    loaded = (json.loads(text) for text in _text(values))
    return [tuple(value) if isinstance(value, list) else value for value in loaded]


def _plain(values: Any) -> list[Any]:  # noqa: ANN401 - h5py has no types
    plain: list[Any] = values.tolist()
    return plain


_READERS: Mapping[str, Callable[[Any], list[Any]]] = MappingProxyType(
    {"text": _text, "json": _json, "int": _plain, "float": _plain, "hash": _text}
)


def _check_array(file: Any, name: str, rows: int) -> None:  # noqa: ANN401 - h5py has no types
    """Return an array that is in the file itself: links to other files are not followed."""
    h5py = library()
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"it has no array {name}")
    data = file[name]
    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual or data.ndim == 0:
        raise ValueError(f"{name} must be an array within the file")
    if data.shape[0] != rows:
        raise ValueError(f"{name} has {data.shape[0]} rows, expected {rows}")
