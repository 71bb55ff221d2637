"""Header of PNG files.

Reference: W3C Portable Network Graphics, third edition.
"""

import zlib
from collections.abc import Iterator

from facepad.errors import InputError
from facepad.media.formats.header import (
    MAX_PARTS,
    Header,
    big,
    exif_orientation,
    read_exact,
    trailing_data_note,
)

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEEDED = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})


def accepts(data: bytes) -> bool:
    """Return whether the data begins as PNG does."""
    return data.startswith(_SIGNATURE)


def inspect(data: bytes) -> Header:
    """Walk the chunks; of an animated file only the default picture is kept.

    Raises:
        InputError: Cut off, damaged, or the chunks are out of order.
    """
    kept, notes, upright, end = [_SIGNATURE], [], 1, 0
    for name, start, end in _chunks(data):
        content = data[start + 8 : end - 4]
        if (name == b"IHDR") != (len(kept) == 1):
            raise InputError("the PNG is damaged: its header is not the first chunk")
        if name == b"eXIf":
            upright = exif_orientation(content)
        if name == b"acTL":
            notes.append("an animated picture; only its first frame is used")
        if name in _NEEDED:
            if zlib.crc32(name + content) != big(data, end - 4, 4):
                raise InputError(f"the PNG is damaged: the checksum of {name.decode()} is wrong")
            kept.append(data[start:end])
    notes.extend(trailing_data_note(data[end:]))
    width, height = big(kept[1], 8, 4), big(kept[1], 12, 4)
    return Header("PNG", width, height, b"".join(kept), upright, notes=tuple(notes))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and stop of each chunk up to the end of the picture."""
    position = len(_SIGNATURE)
    for _ in range(MAX_PARTS):
        length, name = big(data, position, 4), read_exact(data, position + 4, 4)
        read_exact(data, position, length + 12)
        yield name, position, position + length + 12
        if name == b"IEND":
            return
        position += length + 12
    raise InputError(f"the PNG has more than {MAX_PARTS} chunks")
