"""Headers of MP4 and QuickTime files: what tracks and fragments state of their pictures.

Reference: ISO/IEC 14496-12, 8.3.2 (matrix), 8.5.2 (sample descriptions), 8.6.1 (times), 8.7.3
(sizes), 8.8 (fragments); QuickTime File Format Specification.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import atan2, degrees
from types import MappingProxyType

import numpy as np

from facepad.errors import InputError
from facepad.media.formats.clip_header import (
    MAX_TRACKS,
    ClipHeader,
    VideoTrack,
    checked_header,
    codec_name,
)
from facepad.media.formats.file_parts import (
    Box,
    ClipBytes,
    children,
    only,
    some,
    top_level,
    version_of,
)

_PICTURES = frozenset({b"vide", b"auxv"})  # handlers of tracks of pictures
_UNKNOWN = (0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)  # durations that state nothing
_ENTRIES = 16  # descriptions of one track; real ones have one or two
_OBJECT_TYPES = MappingProxyType(
    {0x6C: "mjpeg", **dict.fromkeys(range(0x60, 0x66), "mpeg2"), 0x6A: "mpeg1"}
)
_SKEW = 0.01  # of the length of the matrix's axes; rounding of their 16 bits is far below it
_CUT = "the video is damaged: the table of a fragment is cut off"
# Optional fields of the header of a part of a fragment, before the usual duration.
_BEFORE_DURATION = ((0x1, 8), (0x2, 4))
_HAS_DURATION = 0x8
# Optional fields of a run, and of each picture in it.
_BEFORE_RUN = ((0x1, 4), (0x4, 4))
_OF_PICTURE = (0x100, 0x200, 0x400, 0x800)


@dataclass(frozen=True, slots=True)
class _Track:
    """One track of pictures with the number that fragments know it by.

    Attributes:
        number: Its number in the file.
        timescale: Units of its times in a second.
        video: What it states without its fragments.
    """

    number: int
    timescale: int
    video: VideoTrack


@dataclass(slots=True)
class _Totals:
    """What the fragments of one track add up to.

    Attributes:
        step: Usual units of time of one picture.
        frames: Number of pictures.
        units: Units of time that they last.
    """

    step: int
    frames: int = 0
    units: int = 0


def accepts(head: bytes) -> bool:
    """Return whether the first bytes are those of a box that such files begin with."""
    return head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}


def inspect(data: ClipBytes) -> ClipHeader:
    """Read what the tracks state, and count the pictures of fragments.

    Raises:
        InputError: Damaged, cut off before the header, or without a track of pictures.
    """
    outer = list(top_level(data))
    moov = only([box for box in outer if box.name == b"moov"], "moov")
    if moov is None:
        raise InputError("the video is cut off or damaged: it holds no header (box moov)")
    inner = list(children(data, moov))
    if any(box.name == b"cmov" for box in inner):
        raise InputError("the header of the video is compressed (box cmov), which is not read")
    traks = [box for box in inner if box.name == b"trak"]
    if len(traks) > MAX_TRACKS:
        raise InputError(f"the video has {len(traks)} tracks; at most {MAX_TRACKS} are read")
    handlers = [_handler(data, trak) for trak in traks]
    tracks = [
        _track(data, trak)
        for trak, handler in zip(traks, handlers, strict=True)
        if handler in _PICTURES
    ]
    videos = _with_fragments(data, outer, inner, tracks)
    kind = "QuickTime" if _brand(data, outer) in (b"qt  ", b"") else "MP4"
    return checked_header(kind, videos, handlers.count(b"soun"))


def _brand(data: ClipBytes, outer: list[Box]) -> bytes:
    first = outer[0]
    is_named = first.name == b"ftyp" and first.stop - first.start >= 4
    return data.at(first.start, 4) if is_named else b""


def _handler(data: ClipBytes, trak: Box) -> bytes:
    """Return what kind of track it is; b"" where it does not state it."""
    media = some(data, trak, b"mdia")
    box = media and some(data, media, b"hdlr")
    return data.at(box.start + 8, 4) if box and box.stop - box.start >= 12 else b""


def _track(data: ClipBytes, trak: Box) -> _Track:
    number, turn, is_mirrored = _track_header(data, trak)
    media = _needed(data, trak, b"mdia")
    timescale, stated = _media_header(data, media)
    table = _needed(data, _needed(data, media, b"minf"), b"stbl")
    codec, width, height = _described(data, _needed(data, table, b"stsd"))
    boxes = {box.name: box for box in children(data, table)}
    count, units = _total_time(data, boxes.get(b"stts"))
    samples = _sample_count(data, boxes)
    duration_s = max(units, 0 if stated in _UNKNOWN else stated) / timescale
    frames = count if samples is None else samples
    return _Track(
        number,
        timescale,
        VideoTrack(codec, width, height, turn, is_mirrored, frames or None, duration_s or None),
    )


def _needed(data: ClipBytes, box: Box, name: bytes) -> Box:
    inner = some(data, box, name)
    if inner is None:
        raise InputError(f"the video is damaged: its header lacks the box {name.decode()}")
    return inner


def _track_header(data: ClipBytes, trak: Box) -> tuple[int, int, bool]:
    """Return the number of a track, its clockwise turn in degrees, and whether it is mirrored."""
    box = _needed(data, trak, b"tkhd")
    wide = version_of(data, box) == 1
    number = data.number(box.start + (20 if wide else 12), 4)
    matrix = data.at(box.start + (52 if wide else 40), 36)
    return number, *_orientation(matrix)


def _media_header(data: ClipBytes, media: Box) -> tuple[int, int]:
    """Return the units in a second, and how many of them the track lasts."""
    box = _needed(data, media, b"mdhd")
    wide = version_of(data, box) == 1
    timescale = data.number(box.start + (20 if wide else 12), 4)
    if timescale == 0:
        raise InputError("the video is damaged: its track has no unit of time")
    return timescale, data.number(box.start + (24 if wide else 16), 8 if wide else 4)


def _with_fragments(
    data: ClipBytes, outer: list[Box], inner: list[Box], tracks: list[_Track]
) -> list[VideoTrack]:
    """Add the pictures of fragments to what the header states."""
    fragments = (box for box in outer if box.name == b"moof")
    usual = (one for box in inner if box.name == b"mvex" for one in _defaults_of(data, box))
    totals = dict(usual)
    for box in fragments:
        _add_fragment(data, box, totals)
    return [_added(track, totals.get(track.number)) for track in tracks]


def _added(track: _Track, more: _Totals | None) -> VideoTrack:
    if more is None or not more.frames:
        return track.video
    video = track.video
    # The header of a fragmented file states no pictures, but often the length of the whole.
    total_s = more.units / track.timescale + (video.duration_s or 0.0 if video.frames else 0.0)
    return replace(
        video,
        frames=(video.frames or 0) + more.frames,
        duration_s=max(total_s, video.duration_s or 0.0) or None,
    )


# --- tables of a track -----------------------------------------------------------------------


def _described(data: ClipBytes, box: Box) -> tuple[str, int, int]:
    """Return the codec, the width and the height of a track; of several the largest sides.

    Raises:
        InputError: It has no description, or more than are read.
    """
    entries, at, codec, width, height = data.number(box.start + 4, 4), box.start + 8, "", 0, 0
    if not 1 <= entries <= _ENTRIES:
        raise InputError(f"the video is damaged: a track has {entries} descriptions")
    for _ in range(entries):
        size = data.number(at, 4)
        if size < 36 or at + size > box.stop:
            raise InputError("the video is damaged: the description of a track is cut off")
        codec = codec or _codec(data, at, size)
        width = max(width, data.number(at + 32, 2))
        height = max(height, data.number(at + 34, 2))
        at += size
    return codec, width, height


def _codec(data: ClipBytes, at: int, size: int) -> str:
    """Return the name of the codec; code mp4v may be any MPEG, which its descriptor states."""
    code = data.at(at + 4, 4)
    if code != b"mp4v":
        return codec_name(code)
    descriptors = data.at(at + 36, min(size - 36, 256))
    place = descriptors.find(b"\x04", descriptors.find(b"esds") + 8)
    if b"esds" not in descriptors or place < 0:
        return codec_name(code)
    value = descriptors[place + 1 :].lstrip(b"\x80")[1:2]  # behind the length
    return _OBJECT_TYPES.get(value[0], "mpeg4") if value else "mpeg4"


def _total_time(data: ClipBytes, box: Box | None) -> tuple[int, int]:
    """Return how many pictures the table of times has, and how many units of time they last.

    Raises:
        InputError: The table is cut off.
    """
    if box is None:
        return 0, 0
    entries = data.number(box.start + 4, 4)
    if box.start + 8 + 8 * entries > box.stop:
        raise InputError("the video is damaged: its table of times is cut off")
    table = np.frombuffer(data.at(box.start + 8, 8 * entries), ">u4").reshape(-1, 2)
    counts, steps = table[:, 0].astype(np.float64), table[:, 1].astype(np.float64)
    return int(counts.sum()), int(counts @ steps)


def _sample_count(data: ClipBytes, boxes: Mapping[bytes, Box]) -> int | None:
    """Return how many pictures the table of sizes has; None where there is no table."""
    box = boxes.get(b"stsz") or boxes.get(b"stz2")
    return None if box is None else data.number(box.start + 8, 4)


def _orientation(matrix: bytes) -> tuple[int, bool]:
    """Return the clockwise turn in degrees, and whether pictures are mirrored before it.

    Args:
        matrix: Nine numbers of 32 bits: a, b, u, c, d, v, x, y, w. A point (p, q) of the coded
            picture is shown at (a p + c q + x, b p + d q + y).

    Raises:
        InputError: The matrix does more than mirror, scale, and turn by quarters.

    Example:
        >>> quarter = [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000]
        >>> _orientation(np.array(quarter, ">i4").tobytes())
        (90, False)
    """
    a, b, _, c, d, *_ = (float(value) for value in np.frombuffer(matrix, ">i4"))
    if a == b == c == d == 0.0:  # written by some encoders that know no matrices
        return 0, False
    is_mirrored = a * d - b * c < 0.0
    if is_mirrored:
        a, b = -a, -b
    turn = degrees(atan2(b, a))
    quarter = round(turn / 90.0)
    skew = min(abs(a), abs(b)) + min(abs(c), abs(d))
    is_plain = skew <= _SKEW * (abs(a) + abs(b) + abs(c) + abs(d)) and a * d - b * c > 0.0
    if not is_plain:
        raise InputError(
            "the video is to be shown turned or skewed by other than quarter turns, which is not "
            "supported"
        )
    return 90 * quarter % 360, is_mirrored


# --- fragments -------------------------------------------------------------------------------


def _defaults_of(data: ClipBytes, box: Box) -> Iterator[tuple[int, _Totals]]:
    """Yield the number of each track that has fragments, with nothing added up.

    Args:
        data: The file.
        box: Its box mvex.
    """
    for trex in children(data, box):
        if trex.name == b"trex":
            yield (
                data.number(trex.start + 4, 4),
                _Totals(step=data.number(trex.start + 12, 4)),
            )


def _add_fragment(data: ClipBytes, box: Box, totals: dict[int, _Totals]) -> None:
    """Add the pictures of one fragment.

    Args:
        data: The file.
        box: One of its boxes moof.
        totals: By number of the track; added to.

    Raises:
        InputError: The fragment is damaged or cut off.
    """
    for traf in children(data, box):
        if traf.name != b"traf":
            continue
        head = some(data, traf, b"tfhd")
        if head is None:
            raise InputError("the video is damaged: a fragment does not state its track")
        track = totals.setdefault(data.number(head.start + 4, 4), _Totals(step=0))
        step = _step(data, head, track.step)
        for run in children(data, traf):
            if run.name == b"trun":
                _add_run(data, run, step, track)


def _step(data: ClipBytes, head: Box, usual: int) -> int:
    flags = data.number(head.start + 1, 3)
    if not flags & _HAS_DURATION:
        return usual
    return data.number(head.start + 8 + _length(flags, _BEFORE_DURATION), 4)


def _add_run(data: ClipBytes, run: Box, step: int, track: _Totals) -> None:
    flags, count = data.number(run.start + 1, 3), data.number(run.start + 4, 4)
    start = run.start + 8 + _length(flags, _BEFORE_RUN)
    width = 4 * sum(bool(flags & flag) for flag in _OF_PICTURE)
    if start + count * width > run.stop:
        raise InputError(_CUT)
    track.frames += count
    if flags & _OF_PICTURE[0]:
        table = np.frombuffer(data.at(start, count * width), ">u4").reshape(count, width // 4)
        track.units += int(table[:, 0].sum(dtype=np.uint64))
    else:
        track.units += count * step


def _length(flags: int, fields: tuple[tuple[int, int], ...]) -> int:
    return sum(length for flag, length in fields if flags & flag)
