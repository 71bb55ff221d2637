"""Frames of a camera, as they come; missing, busy and lost cameras are named.

On Linux a camera is a V4L2 device, elsewhere whatever OpenCV finds under the number. MJPEG is asked
for first: over USB it is what gives the full rate at larger sizes. Size and rate are what a camera
should have, not what it must have; it gives what is nearest.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from facepad import settings
from facepad.errors import InputError, source_name
from facepad.media.frame_selection import bounded
from facepad.media.limits import Limits
from facepad.types import Frame, Presentation, RgbImage

if TYPE_CHECKING:
    from cv2 import VideoCapture

MJPEG = "MJPG"  # what a camera is asked for first
TRIES, PAUSE_S = 3, 0.5  # opening; cameras need a moment after another program let go of them
LOST_AFTER = 5  # frames in a row that do not come
_DEVICES = Path("/dev")


@dataclass(frozen=True, slots=True)
class CameraWish:
    """What a camera should give, if it can.

    Attributes:
        width: Pixels.
        height: Pixels.
        rate: Frames a second.
    """

    width: int = 640
    height: int = 480
    rate: float = 30.0


class CameraReader:
    """A camera that is open; to be used in a ``with`` statement.

    Args:
        device: Its number, from 0, or its path, such as ``/dev/video0``.
        wish: Size and rate that it should give.
        limits: Bounds of its frames; None takes them from the settings.
        clock: Seconds, which never go back.
        pause: Called with the seconds to wait before the next try to open it.

    Attributes:
        size: Width and height of its frames in pixels.

    Raises:
        InputError: It is missing, may not be used, is busy, or gives no frame; the message names
            it and says what to do.
        SettingsError: A limit in the settings is not a number.
    """

    def __init__(
        self,
        device: int | str,
        wish: CameraWish | None = None,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._device, self._wish = parse_device(device), wish or CameraWish()
        self._limits, self._clock = limits or Limits.from_settings(), clock
        self._capture, self.size = self._opened(pause)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """How messages name the camera."""
        return f"camera {source_name(str(self._device))}"

    def close(self) -> None:
        """Let go of the camera; it may be called again."""
        self._capture.release()

    def frames(self) -> Iterator[Frame]:
        """Yield frames as they come, without end.

        Times are those of the clock when a frame arrived, in seconds since the first; numbers
        count from 0. A single frame that does not come is passed over.

        Raises:
            InputError: The camera was lost, or its frames change their size.
        """
        begin, number, missing = 0.0, 0, 0
        while True:
            image, now = self._grabbed(self._capture), self._clock()
            if image is None:
                missing += 1
                if missing >= LOST_AFTER:
                    raise InputError(f"{self.name}: {self._why_lost()}")
                continue
            size, missing = (image.shape[1], image.shape[0]), 0
            if size != self.size:
                raise InputError(
                    f"{self.name}: its frames changed from {self.size[0]}x{self.size[1]} to "
                    f"{size[0]}x{size[1]} pixels; open it again"
                )
            begin = begin if number else now
            yield Frame(image, now - begin, number=number)
            number += 1

    def record(self, seconds: float) -> Presentation:
        """Return the frames of so many seconds as one presentation, in bounded memory.

        Over the setting ``max_clip_mb`` frames are reduced, as those of a long clip.

        Args:
            seconds: Length; over 0 and at most the setting ``max_video_s``.

        Raises:
            InputError: As `frames`; or the length is out of bounds.
            SettingsError: A limit in the settings is not a number.
        """
        longest = settings.number("max_video_s")
        if not 0.0 < seconds <= longest:
            raise InputError(f"a recording has over 0 to {longest:g} seconds, got {seconds}")
        most = round(settings.number("max_video_frames"))
        kept = bounded(self._until(seconds), round(1e6 * settings.number("max_clip_mb")), most)
        return Presentation(kept, source=self.name, capture={"camera": str(self._device)})

    def _until(self, seconds: float) -> Iterator[Frame]:
        for frame in self.frames():
            if frame.time_s > seconds:
                return
            yield frame

    def _opened(self, pause: Callable[[float], object]) -> tuple["VideoCapture", tuple[int, int]]:
        """Open the camera with MJPEG, or as it comes where that fails; return it and its size."""
        for number in range(TRIES):
            if number:
                pause(PAUSE_S)
            self._check_device()
            for codec in (MJPEG, ""):
                capture = self._asked(codec)
                image = None
                try:
                    image = self._grabbed(capture) if capture.isOpened() else None
                finally:  # also where a frame is over a limit
                    if image is None:
                        capture.release()
                if image is not None:
                    return capture, (image.shape[1], image.shape[0])
        raise InputError(
            f"{self.name}: it cannot be opened or gives no frame; end other programs that use it "
            "(browsers, video calls), or unplug it and plug it in again"
        )

    def _asked(self, codec: str) -> "VideoCapture":
        from facepad.opencv import cv2

        backend = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
        capture: VideoCapture = cv2.VideoCapture(self._device, backend)
        if codec:  # before the size: it decides which sizes there are
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*codec))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._wish.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._wish.height)
        capture.set(cv2.CAP_PROP_FPS, self._wish.rate)
        return capture

    def _grabbed(self, capture: "VideoCapture") -> RgbImage | None:
        """Return the next frame; None where it does not come or is damaged."""
        from facepad.opencv import cv2

        try:
            is_there, image = capture.read()
        except cv2.error:
            return None
        if not is_there or image is None or image.ndim != 3 or image.dtype != np.uint8:
            return None
        self._limits.check_size(image.shape[1], image.shape[0])
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def _check_device(self) -> None:
        """Say in words why a device cannot be opened, as far as the system knows."""
        path = self._path()
        if path is None:
            return
        try:
            os.close(os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0)))
        except OSError as error:
            raise InputError(f"{self.name}: {_why_not(error)}") from None

    def _why_lost(self) -> str:
        path = self._path()
        if path is not None and not path.exists():
            return "it was unplugged"
        return "it stopped giving frames; unplug it and plug it in again"

    def _path(self) -> Path | None:
        """Return the device's path; None where the system has no such paths."""
        if isinstance(self._device, str):
            return Path(self._device)
        return _DEVICES / f"video{self._device}" if sys.platform == "linux" else None


def parse_device(device: int | str) -> int | str:
    """Return the number of a camera, or its path.

    Args:
        device: A number, also as text, or a path.

    Raises:
        InputError: It is neither, or a path that lies outside of ``/dev``.

    Example:
        >>> parse_device("0"), parse_device("/dev/video2")
        (0, '/dev/video2')
    """
    if isinstance(device, int) and 0 <= device < 1000:
        return device
    text = str(device)
    if text.isascii() and text.isdigit() and len(text) <= 3:
        return int(text)
    # OpenCV takes any other text as the name of a file or an address.
    if Path(text).is_absolute() and _DEVICES in Path(os.path.normpath(text)).parents:
        return text
    raise InputError(
        f"a camera is a number such as 0, or a path such as /dev/video0, got {source_name(text)!r}"
    )


def _why_not(error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return "another program uses it"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "this user is not permitted to use it; on Linux, join the group video"
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        found = _devices()
        there = ", ".join(found) or "no camera"
        return f"it is missing; present: {there}; plug it in or use another"
    return f"it cannot be opened ({error.strerror or error})"


def _devices() -> list[str]:
    with suppress(OSError):
        return sorted(str(path) for path in _DEVICES.glob("video[0-9]*"))
    return []
