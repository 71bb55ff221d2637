"""The header of a picture, and functions that all formats need to read one.

Metadata is a wide and old attack surface, and no pixel needs it. The readers of the
formats therefore walk the file themselves, take size, orientation and notes from it, and
pass on only those parts that the pixels need. AVIF and HEIC are passed on whole: what lies where
in them depends on every part.

Reference: EXIF 2.32 (CIPA DC-008), tag 0x0112, for the orientation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from facepad.errors import InputError

MAX_PARTS = 100_000  # segments or chunks in one file; real ones have fewer than 5,000

Order = Literal["little", "big"]

_ORDERS: Mapping[bytes, Order] = MappingProxyType({b"II*\0": "little", b"MM\0*": "big"})
_ORIENTATION = 0x0112
_SHORT, _LONG = 3, 4
_MAX_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Header:
    """A picture before it is decoded.

    Attributes:
        format: "JPEG", "PNG", "WebP", "BMP", "TIFF", "AVIF" or "HEIC".
        width: Stored width in pixels, before ``orientation`` is applied.
        height: Stored height in pixels, before ``orientation`` is applied.
        essential: The file without metadata: what the decoder gets to see.
        orientation: EXIF orientation, 1 to 8; 1 is upright.
        white: Value of white in 16 bit gray; other pixels do not use it.
        inverted: Whether 16 bit gray counts down from white.
        notes: What was unusual about the file.
    """

    format: str
    width: int
    height: int
    essential: bytes
    orientation: int = 1
    white: int = 65_535
    inverted: bool = False
    notes: tuple[str, ...] = ()


def read_exact(data: bytes, start: int, length: int) -> bytes:
    """Return the ``length`` bytes at ``start``.

    Raises:
        InputError: The data ends before.
    """
    if start < 0 or start + length > len(data):
        raise InputError("the file is cut off or damaged: it ends before its header says")
    return data[start : start + length]


def little(data: bytes, start: int, length: int) -> int:
    """Return the unsigned number of ``length`` bytes at ``start``, lowest byte first."""
    return int.from_bytes(read_exact(data, start, length), "little")


def big(data: bytes, start: int, length: int) -> int:
    """Return the unsigned number of ``length`` bytes at ``start``, highest byte first."""
    return int.from_bytes(read_exact(data, start, length), "big")


def trailing_data_note(rest: bytes) -> tuple[str, ...]:
    """Return a note about data after the end of the picture; none for mere padding.

    Phones keep the short video of a motion photo, depth and gain maps there.
    """
    if not rest.strip(b"\0\r\n \xff"):
        return ()
    if b"ftyp" in rest[:4096]:
        what = "a video, as in a motion photo"
    elif rest.startswith(b"\xff\xd8"):
        what = "a further picture"
    else:
        what = "other data"
    return (f"{len(rest)} bytes behind the picture were ignored ({what})",)


def exif_orientation(*blocks: bytes) -> int:
    r"""Return the orientation that the EXIF of a file asks for.

    The first block that begins with a TIFF header holds; later ones are continuations of a long
    EXIF, or second ones, which no reader heeds. Damaged or missing EXIF is common and harmless,
    so it means "upright", never an error.

    Args:
        blocks: All EXIF blocks, in order, with or without the leading ``Exif\0\0``.

    Returns:
        1 to 8; 1 is upright.
    """
    for block in blocks:
        exif = block.removeprefix(b"Exif\0\0")
        if exif[:4] in _ORDERS:
            return _orientation(exif, _ORDERS[exif[:4]])
    return 1


def _orientation(exif: bytes, order: Order) -> int:
    start = int.from_bytes(exif[4:8], order)
    entries = int.from_bytes(exif[start : start + 2], order)
    for number in range(min(entries, _MAX_ENTRIES)):
        entry = exif[start + 2 + 12 * number : start + 14 + 12 * number]
        if int.from_bytes(entry[:2], order) == _ORIENTATION:
            return _orientation_value(entry, order)
    return 1


def _orientation_value(entry: bytes, order: Order) -> int:
    kind = int.from_bytes(entry[2:4], order)
    width = {_SHORT: 2, _LONG: 4}.get(kind, 0)
    value = int.from_bytes(entry[8 : 8 + width], order)
    return value if 1 <= value <= 8 else 1
