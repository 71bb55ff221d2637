"""Header of TIFF files.

Reference: Adobe, TIFF revision 6.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from facepad.errors import InputError
from facepad.media.formats.header import Header, exif_orientation, read_exact

Order = Literal["little", "big"]

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_NUMBERS = {1: 1, 3: 2, 4: 4}
_KIND, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _ROWS, _PLANAR = 273, 277, 278, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _FORMAT, _JPEG_TABLES, _RAW = 322, 323, 324, 339, 347, 50_706
_SINGLE = frozenset({254, 256, 257, 259, 262, 266, 277, 278, 284, 292, 293, 317, 322, 323, 531})
_LISTS = frozenset({258, 273, 279, 320, 324, 325, 338, 339, 530})
_OTHER = frozenset({_JPEG_TABLES, 529, 532, _RAW})
_MAX_LIST = 3 * 2**18  # a colour map, or the tiles of the largest picture in three planes
_TILE_SLACK = 64  # tiles are multiples of 16 and may stick out of a small picture
# None, CCITT, LZW, JPEG, Deflate, PackBits; others are rare and less tried.
_UNSIGNED = frozenset({1, 4})  # formats of samples; 4 is "undefined", which nobody writes otherwise
_DECODED = frozenset({1, 2, 3, 4, 5, 7, 8, 32_773, 32_946})


@dataclass(frozen=True, slots=True)
class _Entry:
    raw: bytes
    kind: int
    count: int
    content: bytes

    def numbers(self, order: Order) -> tuple[int, ...]:
        step = _NUMBERS[self.kind]
        return tuple(
            int.from_bytes(self.content[at : at + step], order)
            for at in range(0, len(self.content), step)
        )


def accepts(data: bytes) -> bool:
    """Return whether the data begins as TIFF does."""
    return data[:4] in {b"II*\0", b"MM\0*"} and data[8:10] != b"CR"  # CR2, camera raw


def inspect(data: bytes) -> Header:
    """Read the directory of the first page.

    Raises:
        InputError: Cut off, damaged, camera raw, or coded in a way that is not decoded.
    """
    order: Order = "little" if data[:2] == b"II" else "big"
    start = int.from_bytes(read_exact(data, 4, 4), order)
    count = int.from_bytes(read_exact(data, start, 2), order)
    table = read_exact(data, start + 2, 12 * count + 4)
    entries = _entries(data, table[:-4], order)
    value = {tag: entry.numbers(order) for tag, entry in entries.items() if tag in _SINGLE | _LISTS}
    _check_kind(value, _RAW in entries)
    _check_layout(value)
    notes = ("more pages than one; only the first is used",) if any(table[-4:]) else ()
    return Header(
        "TIFF",
        width=value.get(_WIDTH, (0,))[0],
        height=value.get(_HEIGHT, (0,))[0],
        essential=_essential(data, start, entries, order),
        orientation=exif_orientation(data),
        white=4095 if value.get(_BITS) == (12,) else 65_535,
        inverted=value.get(_PHOTOMETRIC, (1,)) == (0,),
        notes=notes,
    )


def _entries(data: bytes, table: bytes, order: Order) -> dict[int, _Entry]:
    """Return the entries that matter, by tag; of two with the same tag, the first."""
    known: dict[int, _Entry] = {}
    for at in range(0, len(table), 12):
        raw = table[at : at + 12]
        tag = int.from_bytes(raw[:2], order)
        if tag in _SINGLE | _LISTS | _OTHER and tag not in known:
            entry = _entry(data, raw, order)
            _check_entry(tag, entry)
            known[tag] = entry
    if sum(len(entry.content) for entry in known.values()) > len(data):
        raise InputError("the TIFF is damaged: its tags overlap")
    return known


def _entry(data: bytes, raw: bytes, order: Order) -> _Entry:
    kind, count = int.from_bytes(raw[2:4], order), int.from_bytes(raw[4:8], order)
    length = _SIZES.get(kind, 0) * count
    content = (
        raw[8:12] if length <= 4 else read_exact(data, int.from_bytes(raw[8:12], order), length)
    )
    return _Entry(raw, kind, count, content[:length])


def _check_entry(tag: int, entry: _Entry) -> None:
    expected = (
        _NUMBERS if tag in _SINGLE | _LISTS else {1: 1, 7: 1} if tag == _JPEG_TABLES else _SIZES
    )
    if entry.kind not in expected or entry.count < 1:
        raise InputError(f"the TIFF is damaged: tag {tag} holds no value of a known type")
    if (tag in _SINGLE and entry.count > 1) or (tag in _LISTS and entry.count > _MAX_LIST):
        raise InputError(f"the TIFF is damaged: tag {tag} holds {entry.count} values")


def _check_kind(value: Mapping[int, tuple[int, ...]], raw: bool) -> None:
    if raw or value.get(_KIND, (0,))[0] & 1:
        raise InputError(
            "this is camera raw, or a preview only; save it as JPEG with the camera's program"
        )
    compression = value.get(_COMPRESSION, (1,))[0]
    if compression not in _DECODED:
        raise InputError(
            f"the TIFF is compressed by method {compression}, which is not decoded; "
            "save it as PNG, or as TIFF with LZW"
        )
    _check_samples(value, compression)


def _check_samples(value: Mapping[int, tuple[int, ...]], compression: int) -> None:
    """Refuse kinds of numbers that the decoder would take for others."""
    if not _UNSIGNED.issuperset(value.get(_FORMAT, (1,))):
        raise InputError(
            "the TIFF holds signed or floating point numbers, which are not decoded; save it with "
            "8 or 16 bits a channel, unsigned"
        )
    planes = value.get(_SAMPLES, (1,))[0] if value.get(_PLANAR) == (2,) else 1
    if planes > 1 and compression == 1 and max(value.get(_BITS, (1,))) > 8:
        raise InputError(
            "the TIFF holds 16 bit channels in separate planes without compression, which are not "
            "decoded; save it as PNG, or as TIFF with interleaved channels"
        )


def _check_layout(value: Mapping[int, tuple[int, ...]]) -> None:
    """Bound the work and memory: no more strips or tiles than the picture has, none huge."""
    width, height, samples, planar = (
        value.get(tag, (1,))[0] for tag in (_WIDTH, _HEIGHT, _SAMPLES, _PLANAR)
    )
    strips, tiles = value.get(_STRIPS, ()), value.get(_TILES, ())
    across, down = width, min(value.get(_ROWS, (height,))[0], height)
    if tiles:
        across, down = (value.get(tag, (0,))[0] for tag in (_TILE_WIDTH, _TILE_HEIGHT))
    if (strips and tiles) or min(across, down, width, height) < 1:
        raise InputError("the TIFF is damaged: its strips or tiles make no picture")
    if max(across, down) > _TILE_SLACK * max(width, height, _TILE_SLACK):
        raise InputError(f"the TIFF is damaged: it claims tiles of {across}x{down} pixels")
    expected = -(-width // across) * -(-height // down) * (samples if planar == 2 else 1)
    if len(strips) + len(tiles) > expected:
        raise InputError(f"the TIFF is damaged: more than its {expected} strips or tiles")


def _essential(data: bytes, start: int, entries: Mapping[int, _Entry], order: Order) -> bytes:
    """Return the file with a directory that names only what the pixels need, and no next page."""
    table = b"".join(entry.raw for entry in entries.values())
    short = len(entries).to_bytes(2, order) + table + bytes(4)
    return data[:start] + short + data[start + len(short) :]
