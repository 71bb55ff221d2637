"""The one way from anything a user can name to frames: path, bytes, array, clip, packed address.

The content of a file decides what it is; its name decides only where the content says nothing.
A still is a presentation of one frame, a clip one presentation of the selected frames.
"""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError, source_name
from facepad.media.decode import begins_as_picture
from facepad.media.depth_video import is_depth_video, read_numbered_colour
from facepad.media.frame_selection import FrameSelection, at_rate, bounded
from facepad.media.limits import Limits, VideoLimits
from facepad.media.reading import (
    Buffer,
    OpenFile,
    at_hand,
    from_array,
    from_image,
    is_open,
    named_errors,
    read,
)
from facepad.media.sequence import ImageSequence
from facepad.media.video import holds_video, read_numbered
from facepad.needs import Needs
from facepad.packed import address
from facepad.packed.pictures import PackedFiles
from facepad.types import Frame, Presentation, Sample

if TYPE_CHECKING:
    from PIL.Image import Image

Channels = Literal["rgb", "bgr", "gray"]
Place: TypeAlias = str | Path | ImageSequence  # from which frames can be read repeatedly
Settled: TypeAlias = "Place | bytes | NDArray[Any] | Image | Sample"
Source: TypeAlias = "Settled | os.PathLike[str] | Buffer | OpenFile"

BEST = FrameSelection("best", 8)  # what frame-wise tests see of a clip, unless told otherwise
EVENLY = FrameSelection("even", 8)
MIDDLE = FrameSelection("even", 1)  # the frame that stands for a clip where one is enough
MOST_DENSE = 600  # frames of a clip, read densely; 20 seconds at 30 a second

_HEAD = 32  # bytes of a file that show whether it is a video


def load(
    source: Source,
    *,
    selection: FrameSelection = EVENLY,
    limits: VideoLimits | None = None,
    channels: Channels | None = None,
    name: str = "",
    depth: bool = False,
    packed: PackedFiles | None = None,
) -> Presentation:
    """Read a source as one presentation.

    Args:
        source: A path of a picture or clip, an image sequence, an address in a packed file, the
            bytes of a file, a file that is open for reading bytes, an upload of FastAPI or Flask,
            a Pillow image, pixels (uint8, shape (H, W, 3) or (H, W)), or a sample of a dataset.
        selection: Which frames of a clip; a still has one.
        limits: Bounds checked before decoding; None takes them from the settings.
        channels: Order of an array's channels; required for arrays, forbidden for files.
        name: How messages and the presentation name the source; its path by default.
        depth: Whether to read the depth of frames that have one.
        packed: Keeps packed files open from one call to the next; None opens one each time.

    Raises:
        InputError: The source cannot be read or is over a limit; the message names it.
        DatasetError: A sample lies in a packed file that is damaged.
        SettingsError: A limit is not a number, or the file needs a library that is missing.
    """
    with settled(source, name=name, limits=limits) as (source, name):
        if isinstance(source, Sample):
            return load_sample(source, selection, limits=limits, depth=depth, packed=packed)
        if isinstance(source, np.ndarray):
            return Presentation((_from_array(source, channels),), source=name or "array")
        if channels is not None:
            raise _not_for_files(channels)
        if isinstance(source, bytes):
            still = read(source, limits=limits.picture if limits else None, name=name)
            return Presentation((still,), source=name or "bytes")
        if isinstance(source, Place):
            with _naming(source, name):
                frames = _frames(source, selection, limits, name=name, depth=depth, packed=packed)
            return Presentation(frames, source=name or str(source))
        with named_errors(name or "the given image"):
            still = from_image(source, limits=limits.picture if limits else None)
        return Presentation((still,), source=name or "image")


@contextmanager
def settled(
    source: Source, *, name: str = "", limits: VideoLimits | None = None
) -> Iterator[tuple[Settled, str]]:
    """Give a source as what can be read repeatedly, with its name.

    Args:
        source: As `load`; an open file is read, a clip into a temporary file.
        name: What messages and the presentation call the source.
        limits: None takes them from the settings.

    Yields:
        The source, and its name; "" for what is named by itself.

    Raises:
        InputError: It cannot be read, or is nothing that can be.
        SettingsError: A limit is not a number, or there is no room for temporary files.
    """
    if isinstance(source, Place | np.ndarray | Sample):
        yield source, name
    elif isinstance(source, os.PathLike):
        yield Path(os.fspath(source)), name
    elif isinstance(source, Buffer) or is_open(source):
        shown = name or _shown(source)
        limits = limits or VideoLimits.from_settings()
        with at_hand(source, name=shown or "the given bytes", limits=limits) as data:
            yield data, shown if isinstance(data, bytes) else shown or "bytes"
    else:
        yield _image(source), name


def _image(source: object) -> "Image":
    from PIL.Image import Image

    if isinstance(source, Image):
        return source
    many = "; for many sources use Checker.check_many" if isinstance(source, list | tuple) else ""
    raise InputError(
        "a source is a path, bytes, an open file, a Pillow image, an array or a sample, got "
        f"{type(source).__name__}{many}"
    )


def _shown(source: object) -> str:
    """Return the name of an open file or an upload; "" for bytes."""
    if isinstance(source, Buffer):
        return ""
    upload, path = (getattr(source, attribute, None) for attribute in ("filename", "name"))
    if isinstance(upload, str):
        return f"upload {source_name(upload)}"
    if not isinstance(path, str) or not path:
        return "file"
    return path if isinstance(source, io.IOBase) else f"file {source_name(path)}"


def load_sample(
    sample: Sample,
    selection: FrameSelection = EVENLY,
    *,
    limits: VideoLimits | None = None,
    depth: bool = False,
    packed: PackedFiles | None = None,
) -> Presentation:
    """Read the pixels of one sample of a dataset.

    Args:
        sample: A picture, a video or a colour and depth clip. A sample with a frame number
            is that frame alone.
        selection: Which frames of a clip; a picture has one.
        limits: None takes them from the settings.
        depth: Whether to read the depth of frames that have one.
        packed: As `load`.

    Returns:
        One presentation; its source is the sample's key.

    Raises:
        InputError: The file cannot be read; the message names it and says why.
        DatasetError: The sample lies in a packed file that is damaged.
        SettingsError: A limit is not a number, or the file needs a library that is missing.
    """
    if sample.frame is not None:
        selection = FrameSelection("at", sample.frame)
    frames = _frames(sample.path, selection, limits, depth=depth, packed=packed)
    return Presentation(frames, source=sample.key)


def load_dense(
    source: Source,
    needs: Needs,
    *,
    limits: VideoLimits | None = None,
    channels: Channels | None = None,
    name: str = "",
    packed: PackedFiles | None = None,
) -> Presentation | None:
    """Read a clip as densely as tests need it, in bounded memory.

    With a rate (``needs.read_fps``), frames are that close, or as close as the clip has them, up to
    600 frames or as many as are needed; the rest of the clip is left out. Without a rate, or
    where it gives fewer, ``needs.min_frames`` (at least 8) are spread evenly over the clip. Over
    the setting ``max_clip_mb`` all frames are halved in size, again if need be, while the longer
    side stays at 320 pixels or more; then the rest of the clip is left out. A note says so.

    Args:
        source: As `load`.
        needs: What the most demanding test needs. Packed clips have no depth.
        limits: None takes them from the settings.
        channels: As `load`.
        name: As `load`.
        packed: As `load`.

    Returns:
        The clip; None when the source is a still.

    Raises:
        InputError: As `load`.
        DatasetError: As `load`.
        SettingsError: As `load`.
    """
    path = clip_path(source)
    if path is None:
        return None
    if channels is not None:
        raise _not_for_files(channels)
    if isinstance(source, Sample):
        return replace(_dense(path, needs, "", limits, packed), source=source.key)
    with _naming(path, name):
        return _dense(path, needs, name, limits, packed)


def _naming(path: Place, name: str) -> AbstractContextManager[None]:
    """Name what was given in errors of a packed file, which name its rows only."""
    if isinstance(path, ImageSequence) or address.parse(path) is None:
        return nullcontext()
    return named_errors(name or str(path))


def _dense(
    path: Place,
    needs: Needs,
    name: str,
    limits: VideoLimits | None,
    packed: PackedFiles | None,
) -> Presentation:
    evenly = FrameSelection("even", max(needs.min_frames, EVENLY.number))
    limits = limits or VideoLimits.from_settings()

    def selected(selection: FrameSelection, rate: float = 0.0) -> Presentation:
        numbered = read_frames(path, selection, limits, name=name, depth=needs.depth, packed=packed)
        frames = map(_numbered, numbered)
        chosen = at_rate(frames, rate) if rate > 0.0 else frames
        kept = bounded(chosen, limits.max_clip_bytes, max(MOST_DENSE, needs.frames))
        return Presentation(kept, name or str(path))

    rate = needs.read_fps
    dense = selected(FrameSelection(), rate) if rate > 0.0 else None
    if dense is None or len(dense.frames) < evenly.number:
        spread = selected(evenly)
        dense = spread if dense is None or len(spread.frames) > len(dense.frames) else dense
    return dense


def read_frames(
    path: Place,
    selection: FrameSelection,
    limits: VideoLimits | None = None,
    *,
    name: str = "",
    depth: bool = False,
    packed: PackedFiles | None = None,
) -> Iterator[tuple[int | None, Frame]]:
    """Yield the selected frames one by one, each with its number in the clip; None for a still.

    Args:
        path: A picture, a clip, pictures that are a clip, or an address in a packed file.
        selection: Which frames of a clip; a still is one frame, always. Of "best" the
            candidates.
        limits: None takes them from the settings.
        name: How messages name a still or a video; its path by default.
        depth: Whether to read the depth of frames that have one.
        packed: As `load`.

    Raises:
        InputError: It cannot be read; the message names it and says why.
        DatasetError: It lies in a packed file that cannot be read.
        SettingsError: A limit is not a number, or a library is missing that it needs.
    """
    limits, selection = limits or VideoLimits.from_settings(), selection.candidates
    if isinstance(path, ImageSequence):
        yield from path.frames(selection, limits=limits, name=name)
        return
    rows = address.parse(path)
    if rows is not None:
        files = packed or PackedFiles()
        yield from files.read_frames(rows, selection, limits.picture)
        return
    head = _head(Path(path))
    is_numbered = selection.kind == "at" and not begins_as_picture(head)  # so it must be a clip
    if holds_video(path, head) or (is_numbered and not is_depth_video(path)):
        yield from read_numbered(path, selection, limits=limits, name=name)
    elif is_depth_video(path):
        yield from read_numbered_colour(path, selection, limits=limits, depth=depth)
    else:
        yield None, read(path, limits=limits.picture, name=name)


def read_picture(
    source: str | Path | bytes,
    *,
    limits: Limits | None = None,
    name: str = "",
    packed: PackedFiles | None = None,
) -> Frame:
    """Read one still: a picture file, its bytes, or one row of a packed file.

    Args:
        source: As `load`, but no clip.
        limits: None takes them from the settings.
        name: How messages name the source; its path by default.
        packed: As `load`.

    Raises:
        InputError: It is no picture that can be read; the message names it and says why.
        SettingsError: A limit is not a number, or the file needs a library that is missing.
    """
    row = None if isinstance(source, bytes) else address.parse(source)
    if row is None:
        return read(source, limits=limits, name=name)
    with named_errors(name or str(source)):
        return (packed or PackedFiles()).read_one(row, limits or Limits.from_settings())


def is_clip(path: str | Path) -> bool:
    """Return whether a file is a clip by its content: a video, or colour and depth."""
    return holds_video(path, _head(Path(path))) or is_depth_video(path)


def clip_path(source: Source) -> Place | None:
    """Return the path of a source that is a clip by its content; None for a still.

    A sample with a frame number is a still: that frame.
    """
    if isinstance(source, Sample):
        return clip_path(source.path) if source.frame is None else None
    if isinstance(source, ImageSequence) or not isinstance(source, str | Path):
        return source if isinstance(source, ImageSequence) else None
    rows = address.parse(source)
    if rows is not None:
        return source if rows.last > rows.first else None
    return source if is_clip(source) else None


def _frames(
    path: Place,
    selection: FrameSelection,
    limits: VideoLimits | None,
    *,
    name: str = "",
    depth: bool = False,
    packed: PackedFiles | None = None,
) -> tuple[Frame, ...]:
    limits, selection = limits or VideoLimits.from_settings(), selection.candidates
    found = read_frames(path, selection, limits, name=name, depth=depth, packed=packed)
    if selection.kind != "even" or clip_path(path) is None:
        return tuple(map(_numbered, found))
    return bounded(map(_numbered, found), limits.max_clip_bytes, selection.number, is_spread=True)


def _numbered(numbered: tuple[int | None, Frame]) -> Frame:
    number, frame = numbered
    return frame if number is None else replace(frame, number=number)


def _from_array(image: NDArray[Any], channels: Channels | None) -> Frame:
    if channels is None:
        raise InputError("an array needs channels='rgb', 'bgr' or 'gray' (OpenCV: 'bgr'), got None")
    return from_array(image, channels=channels)


def _not_for_files(channels: Channels) -> InputError:
    return InputError(f"channels={channels!r} is for arrays; a file defines its own channels")


def _head(path: Path) -> bytes:
    """Return the first bytes of a regular file; b"" when they cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(_HEAD)
    except (OSError, ValueError):
        return b""
