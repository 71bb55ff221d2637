"""Header of JPEG files (also the first picture of MPO files).

Reference: ITU-T T.81, annex B.
"""

import re
from collections.abc import Iterator
from itertools import islice

from facepad.errors import InputError
from facepad.media.formats.header import (
    MAX_PARTS,
    Header,
    big,
    exif_orientation,
    read_exact,
    trailing_data_note,
)

MAX_SCANS = 100  # progressive files have about ten; each costs a pass over all pixels

_APP1, _EOI, _SOS = 0xE1, 0xD9, 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_METADATA = frozenset({0xFE, *range(0xE0, 0xF0)})
_MARKER = re.compile(rb"\xff[^\xff]")
# Within coded pixels only these are markers; any other is damage, left to the decoder.
_IN_SCAN = re.compile(rb"\xff[\xc4\xcc\xd9-\xdd\xe0-\xef\xfe]")


def accepts(data: bytes) -> bool:
    """Return whether the data begins as JPEG does."""
    return data.startswith(b"\xff\xd8\xff")


def inspect(data: bytes) -> Header:
    """Walk the segments.

    Raises:
        InputError: No or contradicting sizes, too many scans, cut off before the pixels.
    """
    size: tuple[int, int] | None = None
    exif: list[bytes] = []
    scans, end = 0, len(data)
    kept = [b"\xff\xd8"]
    for marker, start, stop in _segments(data):
        if marker == _EOI:
            end = stop
        if marker in _FRAMES:
            if size is not None:
                raise InputError("the JPEG is damaged: it states its size twice")
            size = big(data, start + 7, 2), big(data, start + 5, 2)
        if marker == _APP1 and data[start + 4 : start + 10] == b"Exif\0\0" and not scans:
            exif.append(data[start + 4 : stop])
        scans += marker == _SOS
        if _needed(marker, data[start + 4 : start + 9]):
            kept.append(data[start:stop])
    if size is None or not scans:
        raise InputError("the JPEG is cut off or damaged: it ends before its pixels")
    if scans > MAX_SCANS:
        raise InputError(f"the JPEG has {scans} scans; at most {MAX_SCANS} are decoded")
    notes, upright = trailing_data_note(data[end:]), exif_orientation(*exif)
    return Header("JPEG", *size, b"".join(kept), upright, notes=notes)


def _needed(marker: int, name: bytes) -> bool:
    """Return whether the decoder needs the segment; of the metadata only how colour is coded."""
    if marker not in _METADATA:
        return True
    return (marker, name) in {(0xE0, b"JFIF\0"), (0xEE, b"Adobe")}


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and stop of each segment; a scan's coded pixels belong to it."""
    position = 2
    for _ in range(MAX_PARTS):
        match = _MARKER.search(data, position)
        if match is None:
            return
        marker, start, position = data[match.end() - 1], match.end() - 2, match.end()
        if marker == _EOI:
            yield marker, start, position
            return
        if marker == 0 or marker in _ALONE:
            continue
        length = big(data, position, 2)
        read_exact(data, position, length)
        position += max(2, length)
        if marker == _SOS:
            position = _end_of_scan(data, position)
        yield marker, start, position
    raise InputError(f"the JPEG has more than {MAX_PARTS} segments")


def _end_of_scan(data: bytes, position: int) -> int:
    for match in islice(_IN_SCAN.finditer(data, position), MAX_PARTS):
        start = match.start()
        if data[start + 1] == _EOI or _fits(data, start):
            return start
    return len(data)


def _fits(data: bytes, start: int) -> bool:
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    return length >= 2 and start + 2 + length <= len(data)
