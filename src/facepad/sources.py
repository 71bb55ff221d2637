"""The one way from anything a user can name to frames: path, bytes, array, clip, packed address.

The content of a file decides what it is; its name decides only where the content says nothing.
A still is a presentation of one frame, a clip one presentation of the selected frames.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facepad import media
from facepad.errors import InputError
from facepad.media.decode import begins_as_picture
from facepad.media.depth_video import is_depth_video, read_numbered_colour
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import Limits, VideoLimits
from facepad.media.reading import named_errors
from facepad.media.video import begins_as_video, is_video, read_numbered
from facepad.packed import address, pictures
from facepad.types import Frame, Presentation, Sample

Channels = Literal["rgb", "bgr", "gray"]
Source = str | Path | bytes | NDArray[Any] | Sample

EVENLY = FrameSelection("even", 8)  # what frame-wise tests see of a clip, unless told otherwise
MIDDLE = FrameSelection("even", 1)  # the frame that stands for a clip where one is enough

_HEAD = 32  # bytes of a file that show whether it is a video


def load(
    source: Source,
    *,
    selection: FrameSelection = EVENLY,
    limits: VideoLimits | None = None,
    channels: Channels | None = None,
    name: str = "",
) -> Presentation:
    """Read a source as one presentation.

    Args:
        source: A path of a picture or clip, an address in a packed file, a picture file's
            bytes, pixels (uint8, shape (H, W, 3) or (H, W)), or a sample of a dataset.
        selection: Which frames of a clip; a still has one.
        limits: Bounds checked before decoding; None takes them from the settings.
        channels: Order of an array's channels; required for arrays, forbidden for files.
        name: How messages and the presentation name the source; its path by default.

    Raises:
        InputError: The source cannot be read or is over a limit; the message names it.
        DatasetError: A sample lies in a packed file that is damaged.
        SettingsError: A limit is not a number, or the file needs a library that is missing.
    """
    if isinstance(source, Sample):
        return load_sample(source, selection, limits=limits)
    if isinstance(source, np.ndarray):
        frames: tuple[Frame, ...] = (_from_array(source, channels),)
    elif channels is not None:
        raise InputError(f"channels={channels!r} is for arrays; a file defines its own channels")
    elif isinstance(source, bytes):
        frames = (media.read(source, limits=limits.picture if limits else None, name=name),)
    elif not isinstance(source, str | Path):
        raise InputError(f"a source is a path, bytes or an array, got {type(source).__name__}")
    elif address.parse(source) is not None:
        with named_errors(name or str(source)):
            frames = _frames(str(source), selection, limits)
    else:
        frames = _frames(str(source), selection, limits, name)
    return Presentation(frames, source=name or _name(source))


def load_sample(
    sample: Sample, selection: FrameSelection = EVENLY, *, limits: VideoLimits | None = None
) -> Presentation:
    """Read the pixels of one sample of a dataset.

    Args:
        sample: A picture, a video or a colour and depth clip. A sample with a frame number
            is that frame alone.
        selection: Which frames of a clip; a picture has one.
        limits: None takes them from the settings.

    Returns:
        One presentation; its source is the sample's key.

    Raises:
        InputError: The file cannot be read; the message names it and says why.
        DatasetError: The sample lies in a packed file that is damaged.
        SettingsError: A limit is not a number, or the file needs a library that is missing.
    """
    if sample.frame is not None:
        selection = FrameSelection("at", sample.frame)
    return Presentation(_frames(sample.path, selection, limits), source=sample.key)


def read_frames(
    path: str | Path, selection: FrameSelection, limits: VideoLimits | None = None, name: str = ""
) -> Iterator[tuple[int | None, Frame]]:
    """Yield the selected frames one by one, each with its number in the clip; None for a still.

    Args:
        path: A picture, a clip, or an address in a packed file.
        selection: Which frames of a clip; a still is one frame, always.
        limits: None takes them from the settings.
        name: How messages name a still; its path by default.

    Raises:
        InputError: It cannot be read; the message names it and says why.
        DatasetError: It lies in a packed file that cannot be read.
        SettingsError: A limit is not a number, or a library is missing that it needs.
    """
    limits = limits or VideoLimits.from_settings()
    packed = address.parse(path)
    if packed is not None:
        yield from pictures.read_frames(packed, selection, limits.picture)
    elif _holds_video(path):
        yield from read_numbered(path, selection, limits=limits)
    elif is_depth_video(path):
        yield from read_numbered_colour(path, selection, limits=limits)
    else:
        yield None, media.read(path, limits=limits.picture, name=name)


def read_picture(
    source: str | Path | bytes, *, limits: Limits | None = None, name: str = ""
) -> Frame:
    """Read one still: a picture file, its bytes, or one row of a packed file.

    Args:
        source: As `load`, but no clip.
        limits: None takes them from the settings.
        name: How messages name the source; its path by default.

    Raises:
        InputError: It is no picture that can be read; the message names it and says why.
        SettingsError: A limit is not a number, or the file needs a library that is missing.
    """
    packed = None if isinstance(source, bytes) else address.parse(source)
    if packed is None:
        return media.read(source, limits=limits, name=name)
    with named_errors(name or str(source)):
        return pictures.read_one(packed, limits or Limits.from_settings())


def is_clip(path: str | Path) -> bool:
    """Return whether a path is named like a clip: a video, or colour and depth."""
    return is_video(path) or is_depth_video(path)


def _frames(
    path: str, selection: FrameSelection, limits: VideoLimits | None, name: str = ""
) -> tuple[Frame, ...]:
    return tuple(frame for _, frame in read_frames(path, selection, limits, name))


def _from_array(image: NDArray[Any], channels: Channels | None) -> Frame:
    if channels is None:
        raise InputError(
            "an array needs channels='rgb', 'bgr' or 'gray' (OpenCV reads 'bgr'), got None"
        )
    return media.from_array(image, channels=channels)


def _name(source: str | Path | bytes | NDArray[Any]) -> str:
    if isinstance(source, bytes):
        return "bytes"
    return "array" if isinstance(source, np.ndarray) else str(source)


def _holds_video(path: str | Path) -> bool:
    """Return whether the content is a video's; for unknown content, whether the name is."""
    head = _head(Path(path))
    return begins_as_video(head) or (is_video(path) and not begins_as_picture(head))


def _head(path: Path) -> bytes:
    """Return the first bytes of a regular file; b"" when they cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(_HEAD)
    except (OSError, ValueError):
        return b""
