"""The header of a clip in any of the formats that are read."""

from collections.abc import Callable
from pathlib import Path

from facepad.errors import InputError
from facepad.media.formats import avi, bare_streams, matroska, mp4
from facepad.media.formats.clip_header import ClipHeader
from facepad.media.formats.file_parts import ClipBytes
from facepad.media.formats.unsupported import describe

SUPPORTED_CLIPS = "supported formats: AVI, GIF, Matroska, MJPEG, MOV, MP4, MPEG, WebM, Y4M"

_HEAD = 32  # bytes that show the format
_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[ClipBytes], ClipHeader]], ...] = (
    (mp4.accepts, mp4.inspect),
    (matroska.accepts, matroska.inspect),
    (avi.accepts, avi.inspect),
    (bare_streams.accepts_mpeg, bare_streams.inspect_mpeg),
    (bare_streams.accepts_gif, bare_streams.inspect_gif),
    (bare_streams.accepts_y4m, bare_streams.inspect_y4m),
    (bare_streams.accepts_jpegs, bare_streams.inspect_jpegs),
)


def begins_as_clip(head: bytes) -> bool:
    """Return whether the first 32 bytes of a file are those of a clip.

    HEIC, AVIF and some camera raw files share their container with MP4; their brands are no
    video's. MJPEG begins as a JPEG picture does and is known by its name only.
    """
    if head[4:8] == b"ftyp":
        return describe(head).startswith("a video")
    is_jpeg = bare_streams.accepts_jpegs(head)
    return not is_jpeg and any(accepts(head) for accepts, _ in _READERS)


def inspect_clip(path: Path) -> ClipHeader:
    """Read the header of a clip; nothing is decoded.

    Args:
        path: A regular file that is not empty.

    Raises:
        InputError: Not a format that is read, damaged, or cut off before its pictures.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        data = ClipBytes(file, size)
        head = data.at(0, min(_HEAD, size))
        for accepts, inspect in _READERS:
            if accepts(head):
                return inspect(data)
    raise InputError(f"not a supported video; {SUPPORTED_CLIPS}")
