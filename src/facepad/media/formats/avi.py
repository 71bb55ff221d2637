"""Headers of AVI files: lists of chunks.

Reference: Microsoft, AVI RIFF File Reference; OpenDML AVI File Format Extensions 1.02 (1996).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from facepad.errors import InputError
from facepad.media.formats.clip_header import (
    MAX_TRACKS,
    ClipHeader,
    VideoTrack,
    checked_header,
    codec_name,
)
from facepad.media.formats.file_parts import ClipBytes

_SIGN = 1 << 31
_RAW = frozenset({b"\0\0\0\0", b"DIB ", b"RGB ", b"RAW "})


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A part of the file; a list's name is its kind. Its content: ``start`` to ``stop``."""

    name: bytes
    start: int
    stop: int


def accepts(head: bytes) -> bool:
    """Return whether the first 12 bytes are those of such a file."""
    return head[:4] == b"RIFF" and head[8:12] == b"AVI "


def inspect(data: ClipBytes) -> ClipHeader:
    """Read what the streams state.

    Raises:
        InputError: Damaged, cut off before the pictures, or without a stream of pictures.
    """
    tracks: list[VideoTrack] = []
    audio_tracks = 0
    for head in _before_pictures(data):
        if head.name != b"hdrl":
            continue
        for stream in _chunks(data, head.start, head.stop):
            if stream.name != b"strl":
                continue
            kind, track = _stream(data, stream)
            audio_tracks += kind == b"auds"
            tracks += [track] if track else []
            if len(tracks) + audio_tracks > MAX_TRACKS:
                raise InputError(f"the AVI file has more than {MAX_TRACKS} streams")
    return checked_header("AVI", tracks, audio_tracks)


def _before_pictures(data: ClipBytes) -> Iterator[_Chunk]:
    """Yield the outermost chunks up to the list of pictures, which may be cut."""
    at = 12
    while at + 8 <= data.size:
        chunk = _chunk(data, at)
        if chunk.name == b"movi":
            return
        if chunk.stop > data.size:
            raise InputError("the video is cut off: it ends within its header")
        yield chunk
        at = chunk.stop + chunk.stop % 2
    raise InputError("the video is cut off or damaged: it ends before its pictures")


def _chunks(data: ClipBytes, start: int, stop: int) -> Iterator[_Chunk]:
    while start + 8 <= stop:
        chunk = _chunk(data, start)
        if chunk.stop > stop:
            raise InputError("the video is damaged: a part is longer than what it lies in")
        yield chunk
        start = chunk.stop + chunk.stop % 2


def _chunk(data: ClipBytes, at: int) -> _Chunk:
    name, size = data.at(at, 4), data.number(at + 4, 4, "little")
    if name in (b"LIST", b"RIFF") and size >= 4 and at + 12 <= data.size:
        return _Chunk(data.at(at + 8, 4), at + 12, at + 8 + size)
    return _Chunk(name, at + 8, at + 8 + size)


def _stream(data: ClipBytes, stream: _Chunk) -> tuple[bytes, VideoTrack | None]:
    """Return the kind of a stream, and what it states where its kind is pictures."""
    parts = {chunk.name: chunk for chunk in _chunks(data, stream.start, stream.stop)}
    head, form = parts.get(b"strh"), parts.get(b"strf")
    if head is None or head.stop - head.start < 36:
        raise InputError("the video is damaged: a stream has no header")
    kind = data.at(head.start, 4)
    if kind != b"vids":
        return kind, None
    if form is None or form.stop - form.start < 20:
        raise InputError("the video is damaged: its pictures have no description")
    scale, rate, _, frames = (data.number(head.start + at, 4, "little") for at in (20, 24, 28, 32))
    width, height = (data.number(form.start + at, 4, "little") for at in (4, 8))
    code = data.at(form.start + 16, 4)
    return kind, VideoTrack(
        "raw" if code in _RAW else codec_name(code),
        width,
        2 * _SIGN - height if height > _SIGN else height,  # negative where rows go down
        frames=frames or None,
        duration_s=frames * scale / rate if frames and scale and rate else None,
    )
