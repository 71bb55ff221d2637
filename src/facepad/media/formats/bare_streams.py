"""Headers of clips without a container: GIF, JPEG pictures in a row (MJPEG), MPEG, YUV4MPEG2.

MPEG-1 and MPEG-2 video, in programme streams and by itself, states no length. Each of its
sequences states a size, which decoders follow, so all are read.

Reference: CompuServe, Graphics Interchange Format, Version 89a (1990); ITU-T T.81, annex B;
ISO/IEC 11172-2, 2.4.2.3, and 13818-2, 6.2.2 (sequences); MJPEG Tools, yuv4mpeg(5).
"""

import re
from collections.abc import Iterator

from facepad.errors import InputError
from facepad.media.formats.clip_header import ClipHeader, VideoTrack, checked_header
from facepad.media.formats.file_parts import ClipBytes

MJPEG_RATE = 25.0  # frames a second that are assumed, since the files state none

_Y4M = b"YUV4MPEG2 "
_Y4M_HEAD = 256  # bytes of its first line at most
_FRAME_HEAD = 80  # bytes of the line before each picture at most
# How many pixels share one value of colour, across and down, by the beginning of its name.
_SHARED = (("mono", None), ("420", (2, 2)), ("411", (4, 1)), ("422", (2, 1)), ("444", (1, 1)))
_DEEP = re.compile(r"(?:p|mono)[0-9]+")  # more than 8 bits
_SOI, _EOI, _SOS = b"\xff\xd8", b"\xff\xd9", 0xDA
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MOST_SEGMENTS = 1000  # before the pixels of one picture
_BLOCK = 1 << 16  # bytes searched at a time
_PACK, _SEQUENCE, _EXTENSION = b"\0\0\x01\xba", b"\0\0\x01\xb3", b"\0\0\x01\xb5"
_SEARCHED = 1 << 20  # bytes at a time
_NEAR = 160  # bytes from a sequence header to its extension: two tables of 64 bytes lie between
_SEQUENCE_EXTENSION = 1
_GIF_IMAGE, _GIF_EXTENSION, _GIF_END, _GIF_CONTROL = 0x2C, 0x21, 0x3B, 0xF9
# Hundredths of a second; shorter delays are shown at the usual one, by browsers and FFmpeg alike.
_LEAST_DELAY, _USUAL_DELAY = 2, 10
_HUNDREDTHS = 100.0


def accepts_jpegs(head: bytes) -> bool:
    """Return whether the first bytes are those of JPEG; a picture begins in the same way."""
    return head.startswith(b"\xff\xd8\xff")


def accepts_y4m(head: bytes) -> bool:
    """Return whether the first bytes are those of YUV4MPEG2."""
    return head.startswith(_Y4M)


def inspect_jpegs(data: ClipBytes) -> ClipHeader:
    """Walk the pictures, which must have one size.

    Raises:
        InputError: Damaged, cut off before the first pixels, or with pictures of several sizes.
    """
    at, frames, size = 0, 0, (0, 0)
    while at + 4 <= data.size and data.at(at, 2) == _SOI:
        shape, at = _jpeg(data, at)
        if shape is None:
            break  # cut off
        if frames and shape != size:
            raise InputError(
                f"picture {frames} of the MJPEG is {shape[0]}x{shape[1]} pixels, those before it "
                f"are {size[0]}x{size[1]}; expected one size"
            )
        size, frames = shape, frames + 1
    if not frames:
        raise InputError("the MJPEG is cut off or damaged: it holds no picture")
    track = VideoTrack("mjpeg", *size, frames=frames, duration_s=frames / MJPEG_RATE)
    return checked_header("MJPEG", [track])


def _jpeg(data: ClipBytes, at: int) -> tuple[tuple[int, int] | None, int]:
    """Return the size of the JPEG at a place and where it ends; no size where it is cut off."""
    size, at = None, at + 2
    for _ in range(_MOST_SEGMENTS):
        if at + 4 > data.size:
            return None, data.size
        if data.number(at, 1) != 0xFF:
            raise InputError(f"the MJPEG is damaged: no segment begins at byte {at}")
        marker = data.number(at + 1, 1)
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker in _SIZES and at + 9 <= data.size:
            size = data.number(at + 7, 2), data.number(at + 5, 2)
        at += 2 + data.number(at + 2, 2)
        if marker == _SOS:
            return size, _end_of_picture(data, at)
    raise InputError(f"a picture of the MJPEG has more than {_MOST_SEGMENTS} segments")


def _end_of_picture(data: ClipBytes, at: int) -> int:
    """Return the place behind the end of a picture's pixels, among which no marker occurs."""
    while at < data.size:
        block = data.at(at, min(_BLOCK, data.size - at))
        found = block.find(_EOI)
        if found >= 0:
            return at + found + 2
        at += max(1, len(block) - 1)  # the marker may lie across two blocks
    return data.size


def inspect_y4m(data: ClipBytes) -> ClipHeader:
    """Read the first line and count the pictures.

    Raises:
        InputError: The line is damaged or lacks a size, or a picture does not begin where it must.
    """
    line = data.at(0, min(_Y4M_HEAD, data.size)).partition(b"\n")
    if not line[1]:
        raise InputError("the YUV4MPEG2 is damaged: its first line does not end")
    words = line[0].decode("latin-1").split(" ")[1:]
    values = {word[0]: word[1:] for word in words if word}
    width, height = _count(values.get("W", "")), _count(values.get("H", ""))
    frames = _y4m_frames(data, len(line[0]) + 1, _y4m_bytes(width, height, values.get("C", "420")))
    above, _, below = values.get("F", "").partition(":")
    rate = _count(above) / max(1, _count(below or "1"))
    track = VideoTrack(
        "raw", width, height, frames=frames or None, duration_s=frames / rate if rate else None
    )
    return checked_header("Y4M", [track])


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _y4m_bytes(width: int, height: int, colour: str) -> int:
    """Return how many bytes the pixels of one picture have."""
    for name, shared in _SHARED:
        if colour.startswith(name):
            colours = 2 * -(-width // shared[0]) * -(-height // shared[1]) if shared else 0
            alpha = width * height if colour.endswith("alpha") else 0
            return (width * height + colours + alpha) * (2 if _DEEP.search(colour) else 1)
    raise InputError("the YUV4MPEG2 has pixels of a kind that is not decoded")


def _y4m_frames(data: ClipBytes, at: int, length: int) -> int:
    """Return how many whole pictures there are."""
    frames = 0
    while at + 6 <= data.size:
        head, end, _ = data.at(at, min(_FRAME_HEAD, data.size - at)).partition(b"\n")
        if not head.startswith(b"FRAME") or not end:
            raise InputError(f"the YUV4MPEG2 is damaged: picture {frames} does not begin")
        at += len(head) + 1 + length
        frames += at <= data.size
    return frames


def accepts_mpeg(head: bytes) -> bool:
    """Return whether the first bytes are those of such a stream."""
    return head.startswith((_PACK, _SEQUENCE))


def inspect_mpeg(data: ClipBytes) -> ClipHeader:
    """Read what the sequence headers state, in the whole file.

    Raises:
        InputError: There is none, as in streams of other codecs; or their sizes differ.
    """
    found: VideoTrack | None = None
    for start in range(0, data.size, _SEARCHED):
        block = data.at(start, min(_SEARCHED + _NEAR, data.size - start))
        for track in _sequences(block):
            data.count_look()
            if found is not None and track != found:
                raise InputError(
                    f"the video changes from {found.width}x{found.height} to "
                    f"{track.width}x{track.height} pixels; expected one size"
                )
            found = track
    if found is None:
        raise InputError("the video is cut off, or no MPEG-1 or MPEG-2: it states no size")
    return checked_header("MPEG", [found])


def _sequences(block: bytes) -> Iterator[VideoTrack]:
    """Yield what each sequence header states that begins within ``_SEARCHED`` bytes."""
    at = block.find(_SEQUENCE)
    while 0 <= at < _SEARCHED and at + 8 <= len(block):
        head = block[at + 4 : at + 8]
        width, height = head[0] << 4 | head[1] >> 4, (head[1] & 15) << 8 | head[2]
        more = _extension(block, at)
        if more is None:
            yield VideoTrack("mpeg1", width, height)
        else:
            yield VideoTrack("mpeg2", width | more[0] << 12, height | more[1] << 12)
        at = block.find(_SEQUENCE, at + 4)


def _extension(block: bytes, at: int) -> tuple[int, int] | None:
    """Return the two highest bits of width and height in MPEG-2; None for MPEG-1."""
    place = block.find(_EXTENSION, at, at + _NEAR)
    bits = block[place + 4 : place + 7]
    if place < 0 or len(bits) < 3 or bits[0] >> 4 != _SEQUENCE_EXTENSION:
        return None
    return (bits[1] & 1) << 1 | bits[2] >> 7, bits[2] >> 5 & 3


def accepts_gif(head: bytes) -> bool:
    """Return whether the first bytes are those of such a file."""
    return head.startswith((b"GIF87a", b"GIF89a"))


def inspect_gif(data: ClipBytes) -> ClipHeader:
    """Walk the blocks; a file that is cut has the pictures up to there.

    Raises:
        InputError: Damaged, cut off before its first picture, or with too many blocks.
    """
    width, height = data.number(6, 2, "little"), data.number(8, 2, "little")
    at = 13 + _colours(data.number(10, 1))
    frames, total, delay = 0, 0, _USUAL_DELAY
    while at < data.size and (kind := data.number(at, 1)) != _GIF_END:
        if kind == _GIF_EXTENSION and at + 6 <= data.size:
            if data.number(at + 1, 1) == _GIF_CONTROL:
                stated = data.number(at + 4, 2, "little")
                delay = stated if stated >= _LEAST_DELAY else _USUAL_DELAY
            at = _behind(data, at + 2)
        elif kind == _GIF_IMAGE and at + 10 <= data.size:
            left, top, wide, high = (data.number(at + n, 2, "little") for n in (1, 3, 5, 7))
            width, height = max(width, left + wide), max(height, top + high)
            frames, total = frames + 1, total + delay
            at = _behind(data, at + 11 + _colours(data.number(at + 9, 1)))
        elif kind in (_GIF_EXTENSION, _GIF_IMAGE):
            break  # cut off
        else:
            raise InputError(f"the GIF is damaged: no block begins at byte {at}")
    if not frames:
        raise InputError("the GIF is cut off or damaged: it holds no picture")
    track = VideoTrack("gif", width, height, frames=frames, duration_s=total / _HUNDREDTHS)
    return checked_header("GIF", [track])


def _colours(flags: int) -> int:
    """Return how many bytes a table of colours has."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind(data: ClipBytes, at: int) -> int:
    """Return the place behind a chain of sub-blocks."""
    while at < data.size and (length := data.number(at, 1)):
        at += 1 + length
    return at + 1
