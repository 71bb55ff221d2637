"""Headers of HEIC and AVIF files: boxes within boxes, with sizes beside the pixels.

Reference: ISO/IEC 14496-12 (boxes), 23008-12 (HEIF); AV1 bitstream specification, 5.5.
"""

from collections.abc import Iterator
from itertools import islice

from facepad.errors import InputError
from facepad.media.formats.file_parts import Box
from facepad.media.formats.header import MAX_PARTS, Header, big, read_exact
from facepad.media.formats.unsupported import still_kind

_SINGLE = frozenset({b"meta", b"iprp", b"iloc"})  # boxes that a file holds once
_SEQUENCE_HEADER = 1  # type of the AV1 unit that states the size of the pixels
_MANY = 64  # units of AV1; a still has three or four


def accepts(data: bytes) -> bool:
    """Return whether the data begins as HEIC or AVIF does."""
    return bool(still_kind(data))


def inspect(data: bytes) -> Header:
    """Read the sizes of all pictures in the file; the largest bound the decoder's work.

    Decoders turn and crop by themselves, so the decoded picture may be smaller. Those of HEIC
    refuse pixels that are larger than stated; those of AVIF do not, so the sizes within the
    pixels are read too.

    Raises:
        InputError: Cut off, damaged, or without a size.
    """
    kind = still_kind(data)
    outer = _by_name(_boxes(data, 0, len(data)))
    if b"moov" in outer:
        raise InputError(f"an animated {kind}; save one of its frames as PNG")
    if b"meta" not in outer:
        raise InputError(f"the {kind} is cut off or damaged: it holds no picture")
    inner = _by_name(_boxes(data, outer[b"meta"].start + 4, outer[b"meta"].stop))
    sizes = list(_stated_sizes(data, inner))
    if not sizes:
        raise InputError(f"the {kind} is damaged: it states no size")
    if kind == "AVIF":
        sizes += _coded_sizes(data, inner)
    width, height = (max(sides) for sides in zip(*sizes, strict=True))
    return Header(kind, width, height, data)


def _boxes(data: bytes, start: int, stop: int) -> Iterator[Box]:
    for _ in range(MAX_PARTS):
        if start + 8 > stop:
            return
        size, name, head = big(data, start, 4), read_exact(data, start + 4, 4), 8
        if size == 1:
            size, head = big(data, start + 8, 8), 16
        end = start + size if size else stop  # 0: up to the end
        if not start + head <= end <= stop:
            raise InputError("the file is cut off or damaged: it ends before its header says")
        yield Box(name, start + head, end)
        start = end
    raise InputError(f"the file has more than {MAX_PARTS} boxes")


def _by_name(boxes: Iterator[Box]) -> dict[bytes, Box]:
    found: dict[bytes, Box] = {}
    for box in boxes:
        if box.name in found and box.name in _SINGLE:
            raise InputError(f"the file is damaged: it holds two boxes {box.name.decode()}")
        found[box.name] = box
    return found


def _stated_sizes(data: bytes, inner: dict[bytes, Box]) -> Iterator[tuple[int, int]]:
    """Yield the width and height of every picture of the file: grids, tiles, thumbnails."""
    if b"iprp" not in inner:
        return
    for outer in _boxes(data, inner[b"iprp"].start, inner[b"iprp"].stop):
        if outer.name == b"ipco":
            for box in _boxes(data, outer.start, outer.stop):
                if box.name == b"ispe":
                    yield big(data, box.start + 4, 4), big(data, box.start + 8, 4)


def _coded_sizes(data: bytes, inner: dict[bytes, Box]) -> list[tuple[int, int]]:
    """Return the sizes that the AV1 pixels themselves state."""
    items = _items(data, inner[b"iloc"]) if b"iloc" in inner else iter(())
    sizes = [size for item in items for size in _sizes_of(item)]
    if not sizes:
        raise InputError("the AVIF is damaged: its pixels state no size")
    return sizes


def _items(data: bytes, box: Box) -> Iterator[bytes]:
    """Yield the content of every item of the file, joined from its parts."""
    version, sizes, at = data[box.start], big(data, box.start + 4, 2), box.start + 6
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    if offset not in (4, 8) or length not in (4, 8) or version > 2:
        raise InputError("the AVIF stores its pixels in a way that is not decoded")
    wide, extra = (4, 2) if version == 2 else (2, 2 if version == 1 else 0)
    index = index if version else 0
    count, at = big(data, at, wide), at + wide
    for _ in range(count):
        if (extra and big(data, at + wide, 2) & 15) or big(data, at + wide + extra, 2):
            raise InputError("the AVIF stores its pixels in a way that is not decoded")
        at += wide + extra + 2
        origin, parts, at = big(data, at, base), big(data, at + base, 2), at + base + 2
        content = []
        for _ in range(parts):
            start, size = big(data, at + index, offset), big(data, at + index + offset, length)
            content.append(read_exact(data, origin + start, size))
            at += index + offset + length
        yield b"".join(content)


def _sizes_of(item: bytes) -> Iterator[tuple[int, int]]:
    """Yield what the sequence headers among the units of an item state."""
    for kind, unit in islice(_units(item), _MANY):
        if kind == _SEQUENCE_HEADER:
            yield _size_of_sequence(unit)


def _units(item: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(item):
        head, at = item[at], at + 1 + (item[at] >> 2 & 1)
        if not head & 2:  # it reaches to the end
            yield head >> 3 & 15, item[at:]
            return
        size = shift = 0
        for byte in item[at : at + 8]:
            size, shift, at = size | (byte & 127) << shift, shift + 7, at + 1
            if byte < 128:
                break
        yield head >> 3 & 15, item[at : at + size]
        at += size


def _size_of_sequence(unit: bytes) -> tuple[int, int]:
    text = "".join(f"{byte:08b}" for byte in unit[:64])
    at = 10  # profile, still picture, reduced header, level
    if text[4:5] == "0":
        at = _end_of_operating_points(text)
    wide, high = (int(text[at + n : at + n + 4] or "0", 2) + 1 for n in (0, 4))
    width, height = text[at + 8 : at + 8 + wide], text[at + 8 + wide : at + 8 + wide + high]
    if len(height) < high:
        raise InputError("the AVIF is cut off or damaged: its pixels state no size")
    return int(width, 2) + 1, int(height, 2) + 1


def _end_of_operating_points(text: str) -> int:
    """Return where the sizes begin in a sequence header of full length."""
    if text[5:6] != "0":
        raise InputError("the AVIF is coded as a clip with timing, which is not decoded")
    delays, points, at = text[6:7] == "1", int(text[7:12] or "0", 2) + 1, 12
    for _ in range(points):
        at += 17 + (int(text[at + 12 : at + 17] or "0", 2) > 7)
        at += delays and (5 if text[at : at + 1] == "1" else 1)
    return at
