"""Bounds of pictures and clips: by their headers, before anything is decoded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from facepad.media.decode import inspect
from facepad.media.formats.clips import inspect_clip

FORMATS = ("JPEG", "PNG", "WebP")
CODECS = frozenset({"h264", "vp8", "vp9", "av1"})
_BEHIND = "behind the picture"  # in the note on data after the end of a picture
_ISO = ("MP4", "QuickTime")
_WEBM = b"\x1aE\xdf\xa3"


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """Media that are not judged.

    Args:
        code: A code of `facepad.service.problems`.
        detail: Why; repeats nothing of the input.
        index: Which of several pictures.
    """

    def __init__(self, code: str, detail: str, index: int | None = None) -> None:
        super().__init__(code)
        self.code, self.detail, self.index = code, detail, index


@dataclass(frozen=True, slots=True)
class PictureBounds:
    """Bounds of a picture.

    Attributes:
        max_side: Longest side, pixels.
        min_side: Shortest side, pixels.
        max_aspect: Longest side over shortest side.
    """

    max_side: int = 1920
    min_side: int = 160
    max_aspect: float = 3.0

    def check(self, data: bytes) -> None:
        """Refuse a picture by its first bytes and its header.

        Raises:
            Refused: It is of another format, over a bound, or has data behind its end.
            InputError: Its header is damaged.
        """
        if not is_picture(data[:12]):
            raise Refused("unsupported_media_type", "Send pictures as JPEG, PNG or WebP.")
        header = inspect(data)
        sides = header.width, header.height
        if max(sides) > self.max_side:
            detail = f"The longest side may have {self.max_side} pixels."
            raise Refused("unprocessable_media", detail)
        if min(sides) < self.min_side:
            detail = f"The shortest side must have {self.min_side} pixels."
            raise Refused("unprocessable_media", detail)
        if max(sides) > self.max_aspect * min(sides):
            detail = f"One side may be {self.max_aspect:g} times the other."
            raise Refused("unprocessable_media", detail)
        if any(_BEHIND in note for note in header.notes):
            detail = "There is other data behind the picture's end."
            raise Refused("unprocessable_media", detail)


@dataclass(frozen=True, slots=True)
class ClipBounds:
    """Bounds of a clip.

    Attributes:
        max_side: Longest side, pixels.
        max_s: Length, seconds.
        max_frames: Most frames.
    """

    max_side: int = 1920
    max_s: float = 20.0
    max_frames: int = 600

    def check(self, path: Path) -> None:
        """Refuse a clip by its header; the engine counts the frames while it decodes.

        Raises:
            Refused: It is of another format, or over a bound.
            InputError: It is damaged, cut off before its pictures, or has none.
        """
        with path.open("rb") as file:
            if not is_clip(file.read(12)):
                raise Refused("unsupported_media_type", "Send clips as MP4 or WebM.")
        header = inspect_clip(path)
        if len(header.tracks) > 1:
            raise Refused("unprocessable_media", "A clip may have one video track.")
        track = header.video
        # The sizes of pictures in VP8 are read in WebM only.
        if track.codec not in CODECS or (track.codec == "vp8" and header.kind in _ISO):
            raise Refused("unsupported_media_type", "Send clips in H.264, VP8, VP9 or AV1.")
        if max(track.width, track.height) > self.max_side:
            detail = f"The longest side may have {self.max_side} pixels."
            raise Refused("unprocessable_media", detail)
        if (track.frames or 0) > self.max_frames or (track.duration_s or 0.0) > self.max_s:
            detail = f"A clip may have {self.max_s:g} seconds and {self.max_frames} frames."
            raise Refused("unprocessable_media", detail)


def is_picture(head: bytes) -> bool:
    """Return whether a file begins as JPEG, PNG or WebP; 12 bytes are enough."""
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return is_webp or head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def is_clip(head: bytes) -> bool:
    """Return whether a file begins as MP4 or WebM; 12 bytes are enough."""
    return head[4:8] == b"ftyp" or head.startswith(_WEBM)


@contextmanager
def in_memory(data: bytes) -> Iterator[Path]:
    """Give a path to bytes that are in memory only.

    Raises:
        Refused: The system has no files in memory.
    """
    if not hasattr(os, "memfd_create"):
        raise Refused("unsupported_media_type", "Clips need a service that runs on Linux.")
    descriptor = os.memfd_create("clip", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
