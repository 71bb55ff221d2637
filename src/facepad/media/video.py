"""Read selected frames of a video file; each is decoded once, in order, and turned upright.

Supported are AVI, GIF, Matroska (WebM), MJPEG, MP4, MPEG-1 and -2, QuickTime and YUV4MPEG2,
through OpenCV's FFmpeg. `facepad.media.formats.clips` reads the header first, so that the limits
hold before FFmpeg gets the file, and no playlist or address can make it open something else.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from facepad.errors import InputError, source_name
from facepad.media.decode import begins_as_picture
from facepad.media.formats.bare_streams import MJPEG_RATE, accepts_jpegs
from facepad.media.formats.clip_header import ClipHeader
from facepad.media.formats.clips import begins_as_clip, inspect_clip
from facepad.media.formats.unsupported import describe_missing
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.types import Frame, RgbImage

if TYPE_CHECKING:
    from cv2 import VideoCapture

VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".gif", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"),
    *(".webm", ".y4m"),
)
_JPEG_CLIP_SUFFIXES = (".mjpeg", ".mjpg")  # of clips that begin as a JPEG picture does
ALL_FRAMES = FrameSelection()
_HARDLY_ANY = FrameSelection("every", 10**9)  # the first frame, while the others are counted
_SILENT = 0  # level of OpenCV's own log


def is_video(path: str | Path) -> bool:
    """Return whether a file is named as a video that can be read."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def holds_video(path: str | Path, head: bytes) -> bool:
    """Return whether a file is a video by its content, or by its name where that tells nothing.

    Args:
        path: The file; only its name is looked at.
        head: Its first 32 bytes. JPEG is a picture, unless the name is that of MJPEG.
    """
    if begins_as_picture(head):
        return accepts_jpegs(head) and Path(path).suffix.lower() in _JPEG_CLIP_SUFFIXES
    return begins_as_clip(head) or is_video(path)


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
        claimed = _checked(path, limits).video.frames
        return tuple(selection.chosen(claimed or _counted(path, limits)))
    except InputError as error:
        raise InputError(f"{source_name(str(path))}: {error}") from error


def _frames(
    path: Path, selection: FrameSelection, limits: VideoLimits
) -> Iterator[tuple[int, Frame]]:
    header = _checked(path, limits)
    claimed = header.video.frames or 0
    is_even = selection.kind == "even"
    if is_even and not claimed:
        claimed = _counted(path, limits)
    with _opened(path, header, limits) as video:
        there = claimed
        if is_even and video.can_hold(selection, claimed):
            frames, seen = _evenly(video, path, selection, claimed)
            yield from frames[:-1]
            last = frames[-1] if frames else None
        else:
            if is_even:
                there = min(claimed, _counted(path, limits))
            last, seen = None, 0
            for seen, frame in video.frames(selection, there):
                if frame is not None:
                    if last is not None:
                        yield last
                    last = seen - 1, frame
    if last is None:
        raise InputError(_nothing(selection, seen, claimed))
    seen = there if there < claimed else seen
    yield last[0], _with_notes(last[1], selection, (seen, claimed), header)


def _evenly(
    video: "_OpenVideo", path: Path, selection: FrameSelection, claimed: int
) -> tuple[list[tuple[int, Frame]], int]:
    """Spread the frames over those that can be decoded, also where the header claims more."""
    frames, seen = _held(video, selection, claimed)
    if 0 < seen <= selection.chosen(claimed)[-1]:
        with _opened(path, video.header, video.limits) as again:
            frames, _ = _held(again, selection, seen)
    return frames, seen


def _held(
    video: "_OpenVideo", selection: FrameSelection, count: int
) -> tuple[list[tuple[int, Frame]], int]:
    """Return the chosen frames with their numbers, and how many frames were decoded."""
    seen, frames = 0, []
    for seen, frame in video.frames(selection, count):
        if frame is not None:
            frames.append((seen - 1, frame))
    return frames, seen


@dataclass(slots=True)
class _OpenVideo:
    """A video that FFmpeg has opened.

    Attributes:
        capture: Decodes it.
        header: What its header states.
        limits: Hold for what is decoded, too, since headers may lie.
        size: Width and height of the frames so far, in pixels, upright.
    """

    capture: "VideoCapture"
    header: ClipHeader
    limits: VideoLimits
    size: tuple[int, int] | None = None

    def can_hold(self, selection: FrameSelection, count: int) -> bool:
        """Return whether the selected ones of ``count`` frames fit into memory."""
        from facepad.opencv import cv2

        width, height = (
            self.capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        frames = min(selection.number, count)
        return 3.0 * width * height * frames <= self.limits.max_clip_bytes

    def frames(self, selection: FrameSelection, count: int) -> Iterator[tuple[int, Frame | None]]:
        """Yield how many frames were decoded so far, and the newest when it is chosen."""
        chosen = selection.chosen(count)
        final = chosen[-1] if len(chosen) else -1
        index, begin, time_s, step = 0, 0.0, 0.0, self._usual_step()
        while index <= final and self.capture.grab():
            self.limits.check_frames(index + 1)
            now = self._time()
            begin = now if index == 0 else begin
            if index > 0:  # some files have no times, or times that stand still or jump back
                time_s = now - begin if now - begin > time_s else time_s + step
            self.limits.check_seconds(time_s)
            frame = Frame(self._picture(index), time_s) if index in chosen else None
            index += 1
            yield index, frame

    def _time(self) -> float:
        from facepad.opencv import cv2

        return float(self.capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0

    def _usual_step(self) -> float:
        """Return the seconds from frame to frame where the file has no times."""
        from facepad.opencv import cv2

        rate = float(self.capture.get(cv2.CAP_PROP_FPS))
        return 1.0 / (rate if 0.0 < rate <= self.limits.max_fps else MJPEG_RATE)

    def _picture(self, index: int) -> RgbImage:
        from facepad.opencv import cv2

        is_decoded, image = self.capture.retrieve()
        if not is_decoded or image is None or image.ndim != 3 or image.dtype != np.uint8:
            raise InputError(f"frame {index} of the video is damaged")
        track = self.header.video
        self.limits.picture.check_size(image.shape[1], image.shape[0])  # headers may lie
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        upright = np.rot90(rgb[:, ::-1] if track.is_mirrored else rgb, -track.rotation_deg // 90)
        height, width = upright.shape[:2]
        expected = self.size = self.size or (width, height)
        if expected != (width, height):
            raise InputError(
                f"frame {index} of the video is {width}x{height} pixels, those before it are "
                f"{expected[0]}x{expected[1]}; expected one size"
            )
        return np.ascontiguousarray(upright, dtype=np.uint8)


def _with_notes(
    last: Frame, selection: FrameSelection, counts: tuple[int, int], header: ClipHeader
) -> Frame:
    notes = []
    seen, claimed = counts
    final = claimed - 1 if selection.kind in ("all", "every") else selection.chosen(claimed)[-1]
    if seen <= final:
        notes.append(f"the video ends after {seen} of {claimed} frames")
    if len(header.tracks) > 1:
        notes.append(f"the first of {len(header.tracks)} video tracks was used")
    if header.kind == "MJPEG":
        notes.append(f"MJPEG states no times; {MJPEG_RATE:g} frames a second are assumed")
    return replace(last, notes=(*last.notes, *notes)) if notes else last


def _nothing(selection: FrameSelection, seen: int, claimed: int) -> str:
    if seen == 0:
        says = f" (its header says {claimed})" if claimed else ""
        return f"no frame of the video can be decoded{says}"
    return f"frame selection {selection} selects none of the {seen} frames that can be decoded"


def _counted(path: Path, limits: VideoLimits) -> int:
    """Decode a file that does not say how long it is, to count its frames."""
    with _opened(path, inspect_clip(path), limits) as video:
        count = max((seen for seen, _ in video.frames(_HARDLY_ANY, 0)), default=0)
    if count == 0:
        raise InputError("no frame of the video can be decoded")
    return count


@contextmanager
def _opened(path: Path, header: ClipHeader, limits: VideoLimits) -> Iterator[_OpenVideo]:
    from facepad.opencv import cv2

    # What FFmpeg thinks of a broken file becomes an error here, not text on the terminal.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging = getattr(cv2.utils, "logging", cv2)  # at the top up to OpenCV 4.12
    level = logging.setLogLevel(_SILENT)
    try:
        with _plain_name(path.absolute()) as name:
            # One thread: many videos are read side by side, in several processes.
            video = cv2.VideoCapture(name, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    except cv2.error as error:
        raise InputError(f"the video cannot be opened ({error})") from error
    finally:
        logging.setLogLevel(level)
    try:
        if not video.isOpened():
            raise InputError("the video is damaged, cut off, or of a kind that is not decoded")
        width, height = video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT)
        limits.picture.check_size(int(width), int(height))  # of the pictures; headers may lie
        video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)  # it would not mirror
        yield _OpenVideo(video, header, limits)
    finally:
        video.release()


@contextmanager
def _plain_name(path: Path) -> Iterator[str]:
    """Give a name by which OpenCV opens this very file: its own, or that of a link to it.

    Raises:
        InputError: It needs a link, and none can be made.
    """
    from facepad.opencv import is_pattern, is_utf8

    with ExitStack() as stack:
        if is_pattern(str(path)) or not is_utf8(str(path)):
            try:
                folder = stack.enter_context(TemporaryDirectory(prefix="facepad-"))
                suffix = path.suffix.lower() if is_video(path) else ""
                link = Path(folder) / f"clip{suffix}"
                link.symlink_to(path)
            except OSError as error:
                raise InputError(
                    f"OpenCV does not take its name, and no link to it can be made ({error}); "
                    "rename it"
                ) from error
            path = link
        yield str(path)


def _checked(path: Path, limits: VideoLimits) -> ClipHeader:
    """Return the header of a file that is within the limits as far as it states."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("this is not a video file but a folder, a pipe or a device")
        limits.check_bytes(status.st_size)
        header = inspect_clip(path)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(describe_missing(str(path))) from None
    except (OSError, ValueError) as error:
        raise InputError(f"it cannot be opened ({error})") from error
    limits.check_header(header)
    return header
