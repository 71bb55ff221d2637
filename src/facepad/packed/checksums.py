"""Checksums: of a packed file's bytes, of what it holds, and of the pixels of a picture.

The bytes are verified before libhdf5 reads them: libhdf5 may crash on damaged metadata, and
does not notice damaged pictures. Behind the HDF5 data, where HDF5 tools do not look, is the
seal: one BLAKE2b digest per block of 64 KiB, and a footer. Reading verifies each block when it
is first needed, so that a large file opens at once. This finds damage, not forgery:
anybody who can write the file can seal it again.
"""

import io
import json
import os
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b, sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from facepad.errors import DatasetError
from facepad.packed.layout import Row
from facepad.types import RgbImage

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 65_536  # bytes that are verified together
_KEPT = 64  # blocks in memory; libhdf5 reads its own structures in small steps
_DIGEST = 16  # bytes
_MAGIC = b"\x89facepad seal\r\n"
_FOOTER = struct.Struct(f"<15sBQ{_DIGEST}s")  # magic, version, bytes of HDF5, digest of the table
_VERSION = 1


def append_checksums(path: Path) -> None:
    """Append checksums to a finished HDF5 file, and make sure that all of it is on the disk."""
    with path.open("r+b") as file:
        table = b"".join(_digest(block) for block in _blocks(file))
        size = file.seek(0, os.SEEK_END)
        file.write(table + _FOOTER.pack(_MAGIC, _VERSION, size, _table_digest(table, size)))
        file.flush()
        os.fsync(file.fileno())


class SealedFile(io.RawIOBase):
    """The HDF5 part of a sealed file, to be read by libhdf5; safe to share between threads.

    Blocks are read by their position in the file, never from where an earlier read ended, so
    that forked processes can share an open file, too.

    Args:
        path: The packed file.

    Raises:
        DatasetError: It cannot be read, is not sealed, or was cut off or extended.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._at = 0
        self._blocks = _Blocks(path)
        # Not a cache of ours with a lock: a process that is forked meanwhile would keep the lock.
        self._block = lru_cache(_KEPT)(self._blocks.verified)

    def verify(self) -> None:
        """Read and verify every block.

        Raises:
            DatasetError: A block is damaged.
        """
        for number in range(self._blocks.count):
            self._block(number)

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer from verified blocks.

        Raises:
            DatasetError: A block is damaged.
        """
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._at < self._blocks.size:
            number, offset = divmod(self._at, BLOCK)
            piece = self._block(number)[offset : offset + len(view) - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return done

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position in the HDF5 part."""
        ends = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._blocks.size}
        self._at = ends[whence] + offset
        return self._at

    def tell(self) -> int:
        """Return the position in the HDF5 part."""
        return self._at

    def readable(self) -> bool:
        """Return True: the file can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: the position can be changed."""
        return True

    def close(self) -> None:
        """Close the file."""
        if hasattr(self, "_blocks"):
            self._blocks.close()
        super().close()


class _Blocks:
    """The blocks of a sealed file, each verified when it is read.

    Attributes:
        size: Bytes of the HDF5 part.
        count: Number of blocks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._file = _opened(path)
        try:
            self.size, self._table = _read_footer(self._file)
        except (OSError, ValueError) as error:
            self._file.close()
            raise DatasetError(f"{path} cannot be read as a packed dataset: {error}") from error
        self.count = len(self._table) // _DIGEST

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def verified(self, number: int) -> bytes:
        """Return a block.

        Raises:
            DatasetError: It cannot be read or is damaged.
        """
        start = number * BLOCK
        try:
            block = self._read(start, min(BLOCK, self.size - start))
        except (OSError, ValueError) as error:  # also a file that was closed
            why = getattr(error, "strerror", None) or error
            raise DatasetError(f"{self._path} cannot be read: {why}") from error
        if _digest(block) != self._table[number * _DIGEST : (number + 1) * _DIGEST]:
            raise DatasetError(
                f"{self._path} is damaged: bytes {start:,} to {start + len(block):,} are not "
                "those that were written; pack it anew"
            )
        return block

    def _read(self, start: int, length: int) -> bytes:
        if not hasattr(os, "pread"):  # Windows, which does not fork
            with self._lock:
                self._file.seek(start)
                return self._file.read(length)
        pieces, done = [], 0
        while done < length and (
            piece := os.pread(self._file.fileno(), length - done, start + done)
        ):
            pieces.append(piece)
            done += len(piece)
        return b"".join(pieces)


class Digest:
    """SHA-256 over keys, labels and pixels, row after row in the order of the listing.

    It is the same for any number of processes, after any interruption, and for store
    "pixels" of the same size as the pictures and store "encoded".
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._hash = sha256()
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Add the next row."""
        labels = (row.key, row.split, row.subject, row.species, row.session, row.frame)
        self._hash.update(f"{json.dumps((*labels, row.pixels_sha256))}\n".encode())

    def __str__(self) -> str:
        return self._hash.hexdigest()


def pixels_hash(image: RgbImage) -> str:
    """Return SHA-256 of a picture's size and its RGB pixels, in hexadecimal."""
    height, width = image.shape[:2]
    digest = sha256(f"{width}x{height}\n".encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def _opened(path: Path) -> BinaryIO:
    try:
        if not path.is_file():  # asked first: opening alone can set off a device
            raise DatasetError(f"{path} is no file; expected a packed dataset")
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be opened: {error}") from error


def _read_footer(file: BinaryIO) -> tuple[int, bytes]:
    """Return size and table of the HDF5 part; a `ValueError` says what is wrong."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        raise ValueError("the file is empty (0 bytes)")
    file.seek(max(0, end - _FOOTER.size))
    footer = file.read(_FOOTER.size)
    if len(footer) < _FOOTER.size or not footer.startswith(_MAGIC):
        raise ValueError(
            "its end is not the seal of `facepad dataset pack`; it is cut off, was changed by "
            "another program, or is another kind of file"
        )
    _, version, size, digest = _FOOTER.unpack(footer)
    if version != _VERSION:
        raise ValueError(f"its seal has version {version}, expected {_VERSION}")
    length = -(-size // BLOCK) * _DIGEST
    if size + length + _FOOTER.size != end:
        raise ValueError(f"it has {end} bytes, but its seal is for another size")
    file.seek(size)
    table = file.read(length)
    if _table_digest(table, size) != digest:
        raise ValueError("its seal is damaged")
    return size, table


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK):
        yield block


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()


def _table_digest(table: bytes, size: int) -> bytes:
    return _digest(table + size.to_bytes(8, "little"))
