"""What a picture's header tells before anything is decoded, and helpers to read one.

Metadata is a wide and old attack surface, and no pixel needs it. The readers of the five
formats therefore walk the file themselves, take size, orientation and notes from it, and
hand on only those parts that the pixels need.
"""

from dataclasses import dataclass

from facepad.errors import InputError

MAX_PARTS = 100_000  # segments or chunks in one file; real ones have fewer than 5,000


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a picture before it is decoded.

    Attributes:
        format: "JPEG", "PNG", "WebP", "BMP" or "TIFF".
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


def take(data: bytes, start: int, length: int) -> bytes:
    """The ``length`` bytes at ``start``.

    Raises:
        InputError: The data ends before.
    """
    if start < 0 or start + length > len(data):
        raise InputError("the file is cut off or damaged: it ends before its header says")
    return data[start : start + length]


def little(data: bytes, start: int, length: int) -> int:
    """The unsigned number of ``length`` bytes at ``start``, lowest byte first."""
    return int.from_bytes(take(data, start, length), "little")


def big(data: bytes, start: int, length: int) -> int:
    """The unsigned number of ``length`` bytes at ``start``, highest byte first."""
    return int.from_bytes(take(data, start, length), "big")


def behind(rest: bytes) -> tuple[str, ...]:
    """A note about what stands behind the end of the picture; none for mere padding.

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
