"""What gives live pictures: a camera, or a clip that is played in place of one."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from facepad.errors import InputError, source_name
from facepad.media.camera import CameraReader, CameraWish, parse_device
from facepad.media.frame_selection import FrameSelection
from facepad.media.video import read_numbered
from facepad.sources import is_clip
from facepad.types import Frame
from facepad.webcam.streams import Opener, Wait

USUAL_STEP_S = 0.04  # from frame to frame of a clip with a single one
_LATE_S = 0.5  # by which a clip may lag behind its times before they are moved


class ClipCamera:
    """A clip that is played again and again, at its own rate.

    Each round begins with number 0 and time 0. Where decoding is slower than the clip, it is
    played more slowly, and no frame is left out.

    Args:
        path: The clip.
        wait: Waits until a frame is due.
        clock: Seconds, which never go back.
    """

    def __init__(
        self, path: Path, wait: Wait = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._wait, self._clock = path, wait, clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held open between frames but by the iterator itself."""

    def frames(self) -> Iterator[Frame]:
        """Yield the frames of the clip without end.

        Raises:
            InputError: The clip cannot be read any longer.
        """
        while True:
            begin_s, last_s, step_s = self._clock(), 0.0, USUAL_STEP_S
            for number, frame in read_numbered(self._path):
                ahead_s = begin_s + frame.time_s - self._clock()
                if ahead_s > 0.0:
                    self._wait(ahead_s)
                elif ahead_s < -_LATE_S:
                    begin_s -= ahead_s
                step_s = (frame.time_s - last_s) or step_s
                last_s = frame.time_s
                yield replace(frame, number=number)
            self._wait(step_s)


def opener_of(camera: str, size: tuple[int, int]) -> tuple[str, Opener]:
    """Return how messages name a camera, and what opens it.

    Args:
        camera: Number or device path of a camera, or the path of a clip.
        size: Width and height in pixels that a camera should give.

    Raises:
        InputError: It is none of them, or the clip cannot be read.
    """
    path = Path(camera)
    if path.is_file() and not (camera.isascii() and camera.isdigit()):
        if not is_clip(path):
            raise InputError(f"{camera}: expected a camera or a clip, got a picture or other file")
        list(read_numbered(path, FrameSelection("at", 0)))  # checks the limits, names the file
        return f"clip {source_name(path.name)}, used as a camera", lambda wait: ClipCamera(
            path, wait
        )
    try:
        device = parse_device(camera)
    except InputError as error:
        raise InputError(f"{error}; and no clip of this name exists") from None
    wish = CameraWish(*size)
    name = f"camera {source_name(str(device))}"
    return name, lambda wait: CameraReader(device, wish, pause=wait)
