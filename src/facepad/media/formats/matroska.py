"""Headers of Matroska and WebM files; their pictures are counted by the heads of their blocks.

Browsers that record leave out the length of a file, and the sizes of its segment and clusters. The
size of VP8 is read from its pictures, too, since decoders follow it without saying so.

Reference: RFC 8794 (EBML), RFC 9559 (Matroska), RFC 6386, 9.1 (VP8).
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite

from facepad.errors import InputError
from facepad.media.formats.clip_header import (
    MAX_TRACKS,
    ClipHeader,
    VideoTrack,
    checked_header,
    codec_name,
)
from facepad.media.formats.file_parts import ClipBytes

SIGNATURE = b"\x1aE\xdf\xa3"

_EBML, _SEGMENT, _CLUSTER, _BLOCK_GROUP = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xA0
_ENTERED = frozenset({_SEGMENT, _CLUSTER, _BLOCK_GROUP})  # whose parts follow as if not enclosed
_INFO, _TRACKS, _TIME, _SIMPLE_BLOCK, _BLOCK = 0x1549A966, 0x1654AE6B, 0xE7, 0xA3, 0xA1
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_ENTRY, _NUMBER, _TYPE, _CODEC, _PRIVATE, _VIDEO = 0xAE, 0xD7, 0x83, 0x86, 0x63A2, 0xE0
_WIDTH, _HEIGHT, _PROJECTION, _ENCODINGS = 0xB0, 0xBA, 0x7670, 0x6D80
_YAW, _PITCH, _ROLL = 0x7673, 0x7674, 0x7675
_DOCTYPE = 0x4282
_PICTURES, _SOUND = 1, 2  # types of tracks
_LACED = 0x06  # flag of a block that holds several pictures
_BLOCK_HEAD = 22  # bytes of a block that are looked at: 8 + 3 of its own, 10 of a picture in VP8
_VP8_START = b"\x9d\x01\x2a"


@dataclass(frozen=True, slots=True)
class _Element:
    """A part of the file; its content lies from ``start`` to ``stop``."""

    name: int
    start: int
    stop: int


@dataclass(slots=True)
class _Found:
    """What was found so far.

    Attributes:
        kind: "WebM" or "Matroska".
        scale: Nanoseconds in a unit of time.
        duration: Units of time that the whole lasts; 0 where it is not stated.
        tracks: Number and description of each track of pictures.
        audio_tracks: Number of tracks of sound.
        time: Units of time at which the cluster begins.
        counts: Pictures by number of the track.
        first: First time by number of the track, in units.
        last: Last time, as ``first``.
    """

    kind: str = "Matroska"
    scale: int = 1_000_000
    duration: float = 0.0
    tracks: list[tuple[int, VideoTrack]] = field(default_factory=list)
    audio_tracks: int = 0
    time: int = 0
    counts: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)


def accepts(head: bytes) -> bool:
    """Return whether the first bytes are those of such a file."""
    return head.startswith(SIGNATURE)


def inspect(data: ClipBytes) -> ClipHeader:
    """Walk the whole file; of its blocks only the first bytes are read.

    Raises:
        InputError: Damaged, cut off before its tracks, or without a track of pictures.
    """
    found = _Found()
    for element in _outline(data):
        if element.name == _EBML:
            found.kind = "WebM" if _is_webm(data, element) else "Matroska"
        elif element.name == _INFO:
            _add_info(data, element, found)
        elif element.name == _TRACKS:
            _add_tracks(data, element, found)
        elif element.name == _TIME:
            found.time = _unsigned(data, element)
        elif element.name in (_SIMPLE_BLOCK, _BLOCK):
            if not found.tracks:
                raise InputError("the video is damaged: pictures before the description of tracks")
            _add_block(data, element, found)
    tracks = [_counted(number, track, found) for number, track in found.tracks]
    return checked_header(found.kind, tracks, found.audio_tracks)


def _counted(number: int, track: VideoTrack, found: _Found) -> VideoTrack:
    frames = found.counts.get(number)
    between = found.last.get(number, 0) - found.first.get(number, 0)
    # The last picture lasts as long as the others on average.
    units = between * frames / (frames - 1) if frames and frames > 1 else 0.0
    duration_s = max(units, found.duration) * found.scale / 1e9
    return VideoTrack(
        track.codec,
        track.width,
        track.height,
        track.rotation_deg,
        track.is_mirrored,
        frames,
        duration_s or None,
    )


def _outline(data: ClipBytes) -> Iterator[_Element]:
    """Yield the parts of segments and clusters one after the other, without their enclosure.

    The last one ends with the file where the file is cut.
    """
    at = 0
    while at < data.size:
        element = _element(data, at, data.size)
        if element is None:
            return
        if element.name in _ENTERED:
            at = element.start
            continue
        if element.stop > data.size and element.name == _TRACKS:
            raise InputError("the video is cut off: it ends within the description of its tracks")
        yield _Element(element.name, element.start, min(element.stop, data.size))
        at = element.stop


def _children(data: ClipBytes, parent: _Element) -> Iterator[_Element]:
    at = parent.start
    while at < parent.stop:
        element = _element(data, at, parent.stop)
        if element is None or element.stop > parent.stop:
            raise InputError("the video is damaged: a part is longer than what it lies in")
        yield element
        at = element.stop


def _element(data: ClipBytes, at: int, end: int) -> _Element | None:
    """Return the element at a place; None where the file ends within its head.

    Raises:
        InputError: There is none.
    """
    head = data.at(at, min(12, end - at))
    name_length = 9 - head[0].bit_length()
    size_at = head[name_length : name_length + 1]
    if name_length > 4 or size_at == b"\0":
        raise InputError(f"the video is damaged: no part begins at byte {at}")
    if not size_at:
        return None
    size_length = 9 - size_at[0].bit_length()
    coded = head[name_length : name_length + size_length]
    if len(coded) < size_length:
        return None
    mask = (1 << 7 * size_length) - 1
    size, start = int.from_bytes(coded, "big") & mask, at + name_length + size_length
    name = int.from_bytes(head[:name_length], "big")
    if size == mask and name not in _ENTERED:
        raise InputError(f"the video is damaged: the part at byte {at} states no length")
    return _Element(name, start, start + size)


def _is_webm(data: ClipBytes, element: _Element) -> bool:
    return any(
        child.name == _DOCTYPE and _text(data, child).startswith(b"webm")
        for child in _children(data, element)
    )


def _add_info(data: ClipBytes, element: _Element, found: _Found) -> None:
    for child in _children(data, element):
        if child.name == _SCALE:
            found.scale = _unsigned(data, child)
        elif child.name == _DURATION:
            found.duration = max(found.duration, _float(data, child))


def _add_tracks(data: ClipBytes, element: _Element, found: _Found) -> None:
    for child in _children(data, element):
        if child.name != _ENTRY:
            continue
        parts = {part.name: part for part in _children(data, child)}
        kind = _unsigned(data, parts[_TYPE]) if _TYPE in parts else 0
        found.audio_tracks += kind == _SOUND
        if kind == _PICTURES:
            number = _unsigned(data, parts[_NUMBER]) if _NUMBER in parts else 0
            found.tracks.append((number, _track(data, parts)))
        if len(found.tracks) + found.audio_tracks > MAX_TRACKS:
            raise InputError(f"the video has more than {MAX_TRACKS} tracks")


def _track(data: ClipBytes, parts: dict[int, _Element]) -> VideoTrack:
    video = (
        {child.name: child for child in _children(data, parts[_VIDEO])} if _VIDEO in parts else {}
    )
    width, height = (
        _unsigned(data, video[name]) if name in video else 0 for name in (_WIDTH, _HEIGHT)
    )
    codec = _codec(data, parts)
    if codec == "vp8" and _ENCODINGS in parts:
        raise InputError("the pictures of the video are compressed or encrypted once more")
    turn, is_mirrored = _turned(data, video[_PROJECTION]) if _PROJECTION in video else (0, False)
    return VideoTrack(codec, width, height, turn, is_mirrored)


def _codec(data: ClipBytes, parts: dict[int, _Element]) -> str:
    code = _text(data, parts[_CODEC]) if _CODEC in parts else b""
    if code == b"V_MS/VFW/FOURCC" and _PRIVATE in parts:  # as in AVI
        private = parts[_PRIVATE]
        return codec_name(data.at(private.start + 16, 4)) if _length(private) >= 20 else ""
    return codec_name(code)


def _turned(data: ClipBytes, projection: _Element) -> tuple[int, bool]:
    """Return the clockwise turn in degrees, and whether pictures are mirrored before it."""
    angles = {child.name: child for child in _children(data, projection)}
    yaw, pitch, roll = (
        _float(data, angles[name]) if name in angles else 0.0 for name in (_YAW, _PITCH, _ROLL)
    )
    if pitch or abs(yaw) not in (0.0, 180.0) or roll % 90.0:
        raise InputError(
            "the video is to be shown turned by other than quarter turns, which is not supported"
        )
    return round(-roll) % 360, yaw != 0.0


def _add_block(data: ClipBytes, block: _Element, found: _Found) -> None:
    head = data.at(block.start, min(_BLOCK_HEAD, _length(block)))
    length = 9 - head[0].bit_length() if head else 9
    if len(head) < length + 3 or length > 8:
        return  # cut off
    number = int.from_bytes(head[:length], "big") & ((1 << 7 * length) - 1)
    time = found.time + int.from_bytes(head[length : length + 2], "big", signed=True)
    is_laced = head[length + 2] & _LACED
    found.counts[number] += head[length + 3] + 1 if is_laced and len(head) > length + 3 else 1
    for track in (track for known, track in found.tracks if known == number):
        _check_picture(head[length + 3 :], track, is_laced=bool(is_laced))
    found.first[number] = min(found.first.get(number, time), time)
    found.last[number] = max(found.last.get(number, time), time)


def _check_picture(head: bytes, track: VideoTrack, *, is_laced: bool) -> None:
    """Refuse a picture in VP8 that has another size than its track."""
    if track.codec != "vp8" or len(head) < 10:
        return
    if is_laced:
        raise InputError("the video has several pictures of VP8 in one block, which is not read")
    width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    is_key = not head[0] & 1 and head[3:6] == _VP8_START
    if is_key and (width, height) != (track.width, track.height):
        raise InputError(
            f"the video states {track.width}x{track.height} pixels, but one of its pictures has "
            f"{width}x{height}; expected one size"
        )


def _length(element: _Element) -> int:
    return element.stop - element.start


def _text(data: ClipBytes, element: _Element) -> bytes:
    return data.at(element.start, min(40, _length(element))).rstrip(b"\0")


def _unsigned(data: ClipBytes, element: _Element) -> int:
    if _length(element) > 8:
        raise InputError("the video is damaged: a number has more than 8 bytes")
    return data.number(element.start, _length(element))


def _float(data: ClipBytes, element: _Element) -> float:
    code = {0: "", 4: ">f", 8: ">d"}.get(_length(element))
    if code is None:
        raise InputError("the video is damaged: a number has neither 4 nor 8 bytes")
    value: float = struct.unpack(code, data.at(element.start, _length(element)))[0] if code else 0.0
    if not isfinite(value):
        raise InputError(f"the video is damaged: a number is {value}")
    return value
