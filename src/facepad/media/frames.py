"""Frames of whatever a sample's path names: a picture, a clip, or rows of a packed file."""

from collections.abc import Iterator

from facepad.media.depth_video import is_depth_video, read_numbered_colour
from facepad.media.frame_selection import FrameSelection
from facepad.media.reading import read
from facepad.media.video import is_video, read_numbered
from facepad.media.video_limits import VideoLimits
from facepad.packed import address, pictures
from facepad.types import Frame


def read_frames(
    path: str, rule: FrameSelection, limits: VideoLimits | None = None
) -> Iterator[tuple[int | None, Frame]]:
    """Yield the chosen frames, each with its number in the clip; None for a still.

    Args:
        path: As in a sample.
        rule: Which frames of a clip; a still is one frame, always.
        limits: None takes them from the settings.

    Raises:
        InputError: It cannot be read; the message names it and says why.
        DatasetError: It lies in a packed file, which cannot be read.
        SettingsError: A limit is not a number, or a library is missing that it needs.
    """
    limits = limits or VideoLimits.from_settings()
    packed = address.parse(path)
    if packed is not None:
        yield from pictures.read_frames(packed, rule, limits.picture)
    elif is_video(path):
        yield from read_numbered(path, rule, limits=limits)
    elif is_depth_video(path):
        yield from read_numbered_colour(path, rule, limits=limits)
    else:
        yield None, read(path, limits=limits.picture)


def is_clip(path: str) -> bool:
    """Whether a path names a clip: a video, or colour and depth."""
    return is_video(path) or is_depth_video(path)
