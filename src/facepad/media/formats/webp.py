"""Header of WebP files.

Reference: RFC 9649.
"""

from collections.abc import Iterator

from facepad.errors import InputError
from facepad.media.formats.header import (
    MAX_PARTS,
    Header,
    exif_orientation,
    little,
    read_exact,
    trailing_data_note,
)


def accepts(data: bytes) -> bool:
    """Return whether the data begins as WebP does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def inspect(data: bytes) -> Header:
    """Walk the chunks.

    Raises:
        InputError: Cut off, damaged, or the first chunk states no size.
    """
    end = 8 + little(data, 4, 4)
    body = read_exact(data, 0, end)
    size: tuple[int, int] | None = None
    notes, upright = [], 1
    for name, start, length in _chunks(body):
        if size is None:
            size = _size(name, body, start)
        if name == b"EXIF":
            upright = exif_orientation(body[start : start + length])
        if name == b"ANIM":
            notes.append("an animated picture; only its first frame is used")
    if size is None:
        raise InputError("the WebP is damaged: it holds no picture")
    notes.extend(trailing_data_note(data[end:]))
    return Header("WebP", *size, body, upright, notes=tuple(notes))


def _size(name: bytes, body: bytes, start: int) -> tuple[int, int]:
    if name == b"VP8X":
        return 1 + little(body, start + 4, 3), 1 + little(body, start + 7, 3)
    if name == b"VP8 ":
        return little(body, start + 6, 2) & 0x3FFF, little(body, start + 8, 2) & 0x3FFF
    if name == b"VP8L":
        bits = little(body, start + 1, 4)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise InputError("the WebP is damaged: its first chunk states no size")


def _chunks(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start of the content and its length, of each chunk."""
    position = 12
    for _ in range(MAX_PARTS):
        if position + 8 > len(body):
            return
        length = little(body, position + 4, 4)
        read_exact(body, position + 8, length)
        yield read_exact(body, position, 4), position + 8, length
        position += 8 + length + length % 2
    raise InputError(f"the WebP has more than {MAX_PARTS} chunks")
