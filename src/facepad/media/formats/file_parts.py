"""Bounded looks into the bytes of a clip, and the boxes of MP4, QuickTime and HEIF.

The readers of the formats walk a file by the lengths that it states, without recursion. They
look up headers, tables and the beginnings of coded pictures; they decode nothing.

Reference: ISO/IEC 14496-12, 4.2 (boxes).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal

from facepad.errors import InputError

MAX_LOOKS = 250_000  # places of one file that are looked at; 20,000 frames with sound have 110,000
MAX_TABLE = 1 << 24  # bytes of one table; an hour of frames at 120 a second has 3.5 million

_WINDOW = 4096  # bytes that are read for a short look
_DAMAGED = "the video is damaged: a box of its header is longer than what it lies in"


class ClipBytes:
    """The bytes of a file, looked up within bounds.

    Args:
        file: Open for reading bytes; it can seek.
        size: How many bytes it has.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file, self._looks = file, 0
        self._window, self._from = b"", 0

    def at(self, start: int, length: int) -> bytes:
        """Return the ``length`` bytes at ``start``.

        Raises:
            InputError: The file ends before, or is looked at too often or too widely.
        """
        self.count_look()
        if start < 0 or length < 0 or start + length > self.size:
            raise InputError("the video is cut off or damaged: it ends before its header says")
        if length > MAX_TABLE:
            raise InputError(
                f"the video has a table of {length} bytes; at most {MAX_TABLE} are read"
            )
        offset = start - self._from
        if offset < 0 or offset + length > len(self._window):
            self._file.seek(start)
            self._window, self._from = self._file.read(max(length, _WINDOW)), start
            offset = 0
        piece = self._window[offset : offset + length]
        if len(piece) < length:
            raise InputError("the video became shorter while it was read")
        return piece

    def count_look(self) -> None:
        """Count one more part of the file.

        Raises:
            InputError: There are more than ``MAX_LOOKS``.
        """
        self._looks += 1
        if self._looks > MAX_LOOKS:
            raise InputError("the video has too many parts; its header cannot be read")

    def number(self, start: int, length: int, order: Literal["big", "little"] = "big") -> int:
        """Return the unsigned number of ``length`` bytes at ``start``.

        Raises:
            InputError: As `at`.
        """
        return int.from_bytes(self.at(start, length), order)


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the file; its content lies from ``start`` to ``stop``."""

    name: bytes
    start: int
    stop: int


def top_level(data: ClipBytes) -> Iterator[Box]:
    """Yield the outermost boxes.

    The last one ends with the file where the file is cut, but a header must be whole. What lies
    behind the last box is left out, as decoders do.

    Raises:
        InputError: The header is cut off.
    """
    at = 0
    while at + 8 <= data.size:
        name, start, stop = _head(data, at, data.size)
        if stop < start:
            return
        if stop > data.size and name == b"moov":
            raise InputError("the video is cut off: it ends within its header (box moov)")
        yield Box(name, start, min(stop, data.size))
        at = stop


def children(data: ClipBytes, box: Box) -> Iterator[Box]:
    """Yield the boxes within a box.

    Raises:
        InputError: One of them is longer than the box.
    """
    at = box.start
    while at + 8 <= box.stop:
        name, start, stop = _head(data, at, box.stop)
        if not start <= stop <= box.stop:
            raise InputError(_DAMAGED)
        yield Box(name, start, stop)
        at = stop


def some(data: ClipBytes, box: Box, name: bytes) -> Box | None:
    """Return the one box of a name within a box; None where there is none.

    Raises:
        InputError: There are two, which readers may understand in two ways.
    """
    return only([one for one in children(data, box) if one.name == name], name.decode())


def only(boxes: Sequence[Box], name: str) -> Box | None:
    """Return the only box of a list; None for an empty one.

    Raises:
        InputError: There are several.
    """
    if len(boxes) > 1:
        raise InputError(f"the video is damaged: it holds {len(boxes)} boxes {name}, expected 1")
    return boxes[0] if boxes else None


def version_of(data: ClipBytes, box: Box) -> int:
    """Return the version of a box that has one.

    Raises:
        InputError: It is neither 0 nor 1.
    """
    version = data.number(box.start, 1)
    if version > 1:
        raise InputError(f"the video has a box {box.name.decode()} of unknown version {version}")
    return version


def _head(data: ClipBytes, at: int, end: int) -> tuple[bytes, int, int]:
    """Return the name of the box at a place, and where its content starts and stops."""
    size, name, start = data.number(at, 4), data.at(at + 4, 4), at + 8
    if size == 1:
        if at + 16 > end:
            raise InputError(_DAMAGED)
        size, start = data.number(at + 8, 8), at + 16
    return name, start, at + size if size else end  # 0: up to the end
