"""Write pictures with times as VP9 or VP8, which browsers play, at a constant rate."""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from facepad.errors import InputError, SettingsError, printable
from facepad.media.formats.clips import inspect_clip
from facepad.types import RgbImage

if TYPE_CHECKING:
    from cv2 import VideoWriter

SUFFIX, MP4 = ".webm", ".mp4"
SUFFIXES = (SUFFIX, MP4)  # of files in VP9
SLOWEST, FASTEST = 1.0, 60.0  # frames a second
VP9, VP8 = "VP90", "VP80"  # codecs; VP9 makes smaller files, VP8 takes a seventh of the time
_IN_MP4 = "vp09"  # name of VP9 there
_SILENT = 0  # level of OpenCV's own log


class ConstantRate:
    """Writes pictures at a constant rate: one is repeated or left out as its time says.

    Args:
        writer: An open writer of OpenCV.
        rate: Frames a second.
    """

    def __init__(self, writer: "VideoWriter", rate: float) -> None:
        self._writer, self._rate = writer, rate
        self._last: RgbImage | None = None
        self.written = 0

    def show(self, image: RgbImage, time_s: float) -> None:
        """Show a picture from a time on, until that of the next.

        Args:
            image: RGB uint8, shape (H, W, 3), of the clip's size.
            time_s: Seconds since the first picture, not before that of the picture before.
        """
        self._fill(math.floor(time_s * self._rate + 0.5))
        self._last = image

    def end(self) -> None:
        """Show the last picture for one interval."""
        self._fill(self.written + 1)

    def _fill(self, count: int) -> None:
        """Repeat the last picture until there are so many."""
        if self._last is None or count <= self.written:
            return
        from facepad.opencv import cv2

        picture = cv2.cvtColor(self._last, cv2.COLOR_RGB2BGR)
        while self.written < count:
            self._writer.write(picture)
            self.written += 1


@contextmanager
def webm_writer(
    path: Path, size: tuple[int, int], rate: float, codec: str = VP9
) -> Iterator[ConstantRate]:
    """Write a WebM or MP4 file.

    Args:
        path: The file; its name must end in ".webm", or in ".mp4" for VP9.
        size: Width and height in pixels, both even.
        rate: Frames a second.
        codec: `VP9` or `VP8`.

    Yields:
        What takes the pictures.

    Raises:
        SettingsError: The name is not UTF-8, OpenCV cannot write it here, or the file is
            incomplete at the end.
    """
    from facepad.opencv import cv2, is_utf8

    if not is_utf8(str(path)):
        raise SettingsError(f"expected a name in UTF-8 for the output, got {printable(str(path))}")
    is_mp4 = path.suffix.lower() == MP4
    code = cv2.VideoWriter.fourcc(*(_IN_MP4 if is_mp4 else codec))
    with _quiet():
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, rate, size)
    try:
        if not writer.isOpened():
            pixels, kind = f"{size[0]}x{size[1]} pixels", "MP4" if is_mp4 else "WebM"
            raise SettingsError(
                f"OpenCV {cv2.__version__} cannot write {codec[:3]} in {kind} here ({pixels}); "
                "expected its FFmpeg to have libvpx, as in opencv-python-headless of PyPI"
            )
        pictures = ConstantRate(writer, rate)
        yield pictures
        pictures.end()
    finally:
        writer.release()
    _check_complete(path, pictures.written)


def _check_complete(path: Path, count: int) -> None:
    """Check what was written, since OpenCV does not report a full disk."""
    try:
        stated = inspect_clip(path).video.frames or 0
    except (InputError, OSError) as error:
        raise SettingsError(f"the clip could not be written ({error}); is the disk full?") from None
    if stated < count:
        raise SettingsError(f"{stated} of {count} frames were written; is the disk full?")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off the terminal what OpenCV and FFmpeg print, in C, while a writer is opened."""
    from facepad.opencv import cv2

    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging = getattr(cv2.utils, "logging", cv2)  # at the top up to OpenCV 4.12
    level = logging.setLogLevel(_SILENT)
    sys.stderr.flush()
    stderr, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nothing)
        logging.setLogLevel(level)
