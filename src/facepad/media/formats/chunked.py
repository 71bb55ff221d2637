"""Headers of PNG and WebP files, which both are sequences of named chunks.

Reference: W3C Portable Network Graphics, third edition; RFC 9649 (WebP).
"""

import zlib
from collections.abc import Iterator

from facepad.errors import InputError
from facepad.media.formats.header import (
    MAX_PARTS,
    Header,
    big,
    exif_orientation,
    little,
    read_exact,
    trailing_data_note,
)

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_NEEDED = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_APPLE = (
    "the PNG is in Apple's own form (CgBI), which Xcode makes for apps and which is not decoded; "
    "convert it: `xcrun -sdk iphoneos pngcrush -revert-iphone-optimizations in.png out.png`"
)
_ANIMATED = "an animated picture; only its first frame is used"


def accepts(data: bytes) -> bool:
    """Return whether the data begins as PNG or WebP does."""
    return _is_png(data) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def inspect(data: bytes) -> Header:
    """Walk the chunks; of an animated PNG only the default picture is kept.

    Raises:
        InputError: Cut off, damaged, the chunks are out of order, or no size is stated.
    """
    return _png(data) if _is_png(data) else _webp(data)


def _is_png(data: bytes) -> bool:
    return data.startswith(_PNG_SIGNATURE)


def _png(data: bytes) -> Header:
    kept, notes, exif, end = [_PNG_SIGNATURE], [], [], 0
    for name, start, end in _png_chunks(data):
        content = data[start + 8 : end - 4]
        if name == b"CgBI":
            raise InputError(_APPLE)
        if (name == b"IHDR") != (len(kept) == 1):
            raise InputError("the PNG is damaged: its header is not the first chunk")
        if name == b"eXIf":
            exif.append(content)
        if name == b"acTL":
            notes.append(_ANIMATED)
        if name == b"tRNS":
            _check_transparent_gray(bits=kept[1][16], colour=kept[1][17])
        if name in _PNG_NEEDED:
            if zlib.crc32(name + content) != big(data, end - 4, 4):
                raise InputError(f"the PNG is damaged: the checksum of {name.decode()} is wrong")
            kept.append(data[start:end])
    notes.extend(trailing_data_note(data[end:]))
    width, height = big(kept[1], 8, 4), big(kept[1], 12, 4)
    return Header("PNG", width, height, b"".join(kept), exif_orientation(*exif), notes=tuple(notes))


def _check_transparent_gray(bits: int, colour: int) -> None:
    """Refuse a transparent level of gray where Pillow compares it with pixels of another scale."""
    if colour == 0 and bits in (2, 4):
        raise InputError(
            f"the PNG has {bits} bits a pixel and a transparent gray; save it with 8 bits, or "
            "without transparency"
        )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and stop of each chunk up to the end of the picture."""
    position = len(_PNG_SIGNATURE)
    for _ in range(MAX_PARTS):
        length, name = big(data, position, 4), read_exact(data, position + 4, 4)
        read_exact(data, position, length + 12)
        yield name, position, position + length + 12
        if name == b"IEND":
            return
        position += length + 12
    raise InputError(f"the PNG has more than {MAX_PARTS} chunks")


def _webp(data: bytes) -> Header:
    end = 8 + little(data, 4, 4)
    body = read_exact(data, 0, end)
    size: tuple[int, int] | None = None
    notes, exif = [], []
    for name, start, length in _webp_chunks(body):
        if size is None:
            size = _webp_size(name, body, start)
        if name == b"EXIF":
            exif.append(body[start : start + length])
        if name == b"ANIM":
            notes.append(_ANIMATED)
    if size is None:
        raise InputError("the WebP is damaged: it holds no picture")
    notes.extend(trailing_data_note(data[end:]))
    return Header("WebP", *size, body, exif_orientation(*exif), notes=tuple(notes))


def _webp_size(name: bytes, body: bytes, start: int) -> tuple[int, int]:
    if name == b"VP8X":
        return 1 + little(body, start + 4, 3), 1 + little(body, start + 7, 3)
    if name == b"VP8 ":
        return little(body, start + 6, 2) & 0x3FFF, little(body, start + 8, 2) & 0x3FFF
    if name == b"VP8L":
        bits = little(body, start + 1, 4)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise InputError("the WebP is damaged: its first chunk states no size")


def _webp_chunks(body: bytes) -> Iterator[tuple[bytes, int, int]]:
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
