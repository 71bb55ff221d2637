"""Read selected frames of a video file; each is decoded once, in order, and turned upright.

Supported are AVI, MP4 and QuickTime, through OpenCV's FFmpeg; files that are listed by other
names may also be Matroska (WebM), MPEG or GIF. The content must begin as one of these do, so
that no playlist or address can make FFmpeg open something else.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facepad.errors import InputError, source_name
from facepad.media.formats.unsupported import describe, describe_missing
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.types import Frame, RgbImage

if TYPE_CHECKING:
    from cv2 import VideoCapture

VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
ALL_FRAMES = FrameSelection()
_HELD = 64  # frames that are held in memory while it is not known how many there are
_SILENT = 0  # level of OpenCV's own log

_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
# Matroska and WebM, GIF, MPEG programme and elementary streams.
_HEADS = (b"\x1aE\xdf\xa3", b"GIF87a", b"GIF89a", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")


def is_video(path: str | Path) -> bool:
    """Return whether a file is named as a video that can be read."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def begins_as_video(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of AVI, MP4, QuickTime or Matroska.

    HEIC, AVIF and some camera raw files share their container with MP4; their brands are no
    video's.
    """
    if head[4:8] == b"ftyp":
        return describe(head).startswith("a video")
    is_avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return is_avi or head[4:8] in _BOXES or head.startswith(_HEADS[0])


def read_video(
    source: str | Path, selection: FrameSelection = ALL_FRAMES, *, limits: VideoLimits | None = None
) -> Iterator[Frame]:
    """Yield the selected frames of a video.

    Frames that are not selected are decoded but not converted. A file that ends before its
    header says gives the frames it has, the last with a note.

    Args:
        source: The video file.
        selection: Which frames.
        limits: Bounds, checked before decoding; None takes them from the settings.

    Yields:
        Frames, RGB, upright, with the seconds since the video's first frame.

    Raises:
        InputError: It cannot be read as a video, or none of its selected frames can; the
            message names it and says why.
        SettingsError: A limit in the settings is not a number.
    """
    for _, frame in read_numbered(source, selection, limits=limits):
        yield frame


def read_numbered(
    source: str | Path,
    selection: FrameSelection = ALL_FRAMES,
    *,
    limits: VideoLimits | None = None,
    name: str = "",
) -> Iterator[tuple[int, Frame]]:
    """As `read_video`, each frame with its number in the video, from 0.

    Args:
        source: As `read_video`.
        selection: As `read_video`.
        limits: As `read_video`.
        name: What messages call the video; its path by default.
    """
    limits = limits or VideoLimits.from_settings()
    path = Path(source)
    try:
        yield from _frames(path, selection, limits)
    except InputError as error:
        raise InputError(f"{source_name(name or str(path))}: {error}") from error


def chosen_numbers(
    source: str | Path, selection: FrameSelection, *, limits: VideoLimits | None = None
) -> tuple[int, ...]:
    """Return the numbers of the selected frames, from 0; decodes only to count frames.

    Args:
        source: The video file.
        selection: "even" or "at", which select finitely many.
        limits: As `read_video`.

    Raises:
        InputError: As `read_video`.
    """
    limits = limits or VideoLimits.from_settings()
    path = Path(source)
    try:
        _check_file(path, limits)
        with _opened(path) as video:
            claimed = _check_header(video, limits)
        return tuple(selection.chosen(claimed or _counted(path, limits)))
    except InputError as error:
        raise InputError(f"{source_name(str(path))}: {error}") from error


def _frames(
    path: Path, selection: FrameSelection, limits: VideoLimits
) -> Iterator[tuple[int, Frame]]:
    _check_file(path, limits)
    with _opened(path) as video:
        claimed = _check_header(video, limits)
        if claimed < 1 and selection.kind == "even":
            claimed = _counted(path, limits)
        if selection.kind == "even" and selection.number <= _HELD:
            frames, seen = _evenly(video, path, selection, claimed, limits)
            yield from frames[:-1]
            last = frames[-1] if frames else None
        else:
            last, seen = None, 0
            for seen, frame in _decoded(video, selection, claimed, limits):
                if frame is not None:
                    if last is not None:
                        yield last
                    last = seen - 1, frame
    if last is None:
        raise InputError(_nothing(selection, seen, claimed))
    yield last[0], _with_note(last[1], selection, seen, claimed)


def _evenly(
    video: "VideoCapture", path: Path, selection: FrameSelection, claimed: int, limits: VideoLimits
) -> tuple[list[tuple[int, Frame]], int]:
    """Spread the frames over those that can be decoded, also where the header claims more."""
    frames, seen = _held(video, selection, claimed, limits)
    if 0 < seen <= selection.chosen(claimed)[-1]:
        with _opened(path) as again:
            frames, _ = _held(again, selection, seen, limits)
    return frames, seen


def _held(
    video: "VideoCapture", selection: FrameSelection, count: int, limits: VideoLimits
) -> tuple[list[tuple[int, Frame]], int]:
    """Return the chosen frames with their numbers, and how many frames were decoded."""
    seen, frames = 0, []
    for seen, frame in _decoded(video, selection, count, limits):
        if frame is not None:
            frames.append((seen - 1, frame))
    return frames, seen


def _decoded(
    video: "VideoCapture", selection: FrameSelection, count: int, limits: VideoLimits
) -> Iterator[tuple[int, Frame | None]]:
    """Yield how many frames were decoded so far, and the newest when it is chosen."""
    from facepad.opencv import cv2

    chosen = selection.chosen(count)
    final = chosen[-1] if len(chosen) else -1
    index, begin, time_s = 0, 0.0, 0.0
    while index <= final and video.grab():
        limits.check_frames(index + 1)
        now = video.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        begin = now if index == 0 else begin
        time_s = max(time_s, now - begin)  # some files have no times, or times that jump back
        frame = Frame(_converted(video, limits), time_s) if index in chosen else None
        index += 1
        yield index, frame


def _converted(video: "VideoCapture", limits: VideoLimits) -> RgbImage:
    from facepad.opencv import cv2

    is_decoded, image = video.retrieve()
    if not is_decoded or image is None or image.ndim != 3 or image.dtype != np.uint8:
        raise InputError("a frame of the video is damaged")
    limits.picture.check_size(image.shape[1], image.shape[0])  # it may change on the way
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _with_note(last: Frame, selection: FrameSelection, seen: int, claimed: int) -> Frame:
    final = claimed - 1 if selection.kind in ("all", "every") else selection.chosen(claimed)[-1]
    if seen > final:
        return last
    return replace(last, notes=(f"the video ends after {seen} of {claimed} frames",))


def _nothing(selection: FrameSelection, seen: int, claimed: int) -> str:
    if seen == 0:
        return f"no frame of the video can be decoded (its header says {claimed})"
    return f"frame selection {selection} selects none of the {seen} frames that can be decoded"


def _check_header(video: "VideoCapture", limits: VideoLimits) -> int:
    """Bound the work from the header; returns the number of frames it claims, 0 if none."""
    from facepad.opencv import cv2

    width, height, count = (
        video.get(key)
        for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_COUNT)
    )
    limits.picture.check_size(int(width), int(height))
    claimed = int(count) if 0 < count < 2**31 else 0
    limits.check_frames(claimed)
    return claimed


def _counted(path: Path, limits: VideoLimits) -> int:
    """Decode a file that does not say how long it is, to count its frames."""
    count = 0
    with _opened(path) as video:
        while video.grab():
            count += 1
            limits.check_frames(count)
    if count == 0:
        raise InputError("no frame of the video can be decoded")
    return count


@contextmanager
def _opened(path: Path) -> Iterator["VideoCapture"]:
    from facepad.opencv import cv2

    # What FFmpeg thinks of a broken file becomes an error here, not text on the terminal.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging = getattr(cv2.utils, "logging", cv2)  # at the top up to OpenCV 4.12
    level = logging.setLogLevel(_SILENT)
    try:
        # One thread: many videos are read side by side, in several processes.
        video = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    except cv2.error as error:
        raise InputError(f"the video cannot be opened ({error})") from error
    finally:
        logging.setLogLevel(level)
    try:
        if not video.isOpened():
            raise InputError("the video is damaged, cut off, or of a kind that is not decoded")
        video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        yield video
    finally:
        video.release()


def _check_file(path: Path, limits: VideoLimits) -> None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("this is not a video file but a folder, a pipe or a device")
        limits.check_bytes(status.st_size)
        with path.open("rb") as file:
            head = file.read(12)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(describe_missing(str(path))) from None
    except (OSError, ValueError) as error:
        raise InputError(f"it cannot be opened ({error})") from error
    is_avi = head[:4] == b"RIFF" and head[8:] == b"AVI "
    if not is_avi and head[4:8] not in _BOXES and not head.startswith(_HEADS):
        raise InputError("not a supported video; supported formats: AVI, MP4 and QuickTime (MOV)")
