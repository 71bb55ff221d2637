"""Clips of a colour and depth camera in HDF5, as the 3D Mask Attack Database has them.

``Color_Data`` (N, 3, H, W) uint8, R G B; ``Depth_Data`` (N, 1, H, W) uint16, millimetres;
``Eye_Pos`` (N, 4): x, y of the right eye, then of the left, in the colour frame's pixels.
Needs h5py, which the extra ``data`` installs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import repeat
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import FacepadError, InputError, SettingsError, source_name
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.types import Frame

if TYPE_CHECKING:
    import h5py

DEPTH_SUFFIXES = (".h5", ".hdf5")
COLOUR, DEPTH = "Color_Data", "Depth_Data"
FRAMES_PER_SECOND = 30.0  # of the Kinect; the files hold no times
ALL_FRAMES = FrameSelection()

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def is_depth_video(path: str | Path) -> bool:
    """Return whether a file is named as such a clip."""
    return Path(path).suffix.lower() in DEPTH_SUFFIXES


def read_colour(
    source: str | Path, selection: FrameSelection = ALL_FRAMES, *, limits: VideoLimits | None = None
) -> Iterator[Frame]:
    """Yield the selected colour frames; one at a time is in memory.

    Raises:
        InputError: No HDF5 file, damaged, without ``Color_Data`` of the expected shape, over
            a limit, or no frame is selected; the message names the file.
        SettingsError: h5py is not installed.
    """
    for _, frame in read_numbered_colour(source, selection, limits=limits):
        yield frame


def read_numbered_colour(
    source: str | Path,
    selection: FrameSelection = ALL_FRAMES,
    *,
    limits: VideoLimits | None = None,
    depth: bool = False,
) -> Iterator[tuple[int, Frame]]:
    """As `read_colour`, each frame with its number in the clip, from 0.

    Args:
        source: As `read_colour`.
        selection: As `read_colour`.
        limits: As `read_colour`.
        depth: Whether to read the depth of each frame, too.
    """
    depths = read_depth(source, selection, limits=limits) if depth else repeat(None)
    colour = _planes(source, COLOUR, (3, np.dtype(np.uint8)), selection, limits)
    for (number, planes), plane in zip(colour, depths, strict=depth):
        image = np.ascontiguousarray(planes.transpose(1, 2, 0))
        yield number, Frame(image, number / FRAMES_PER_SECOND, depth=plane)


def read_depth(
    source: str | Path, selection: FrameSelection = ALL_FRAMES, *, limits: VideoLimits | None = None
) -> Iterator[NDArray[np.uint16]]:
    """Yield the selected depth frames: millimetres, shape (H, W), 0 where there is no measure.

    Raises:
        InputError: As `read_colour`, for ``Depth_Data``.
        SettingsError: h5py is not installed.
    """
    for _, planes in _planes(source, DEPTH, (1, np.dtype(np.uint16)), selection, limits):
        yield planes[0]


def _planes(
    source: str | Path,
    name: str,
    expected: tuple[int, np.dtype[Any]],
    selection: FrameSelection,
    limits: VideoLimits | None,
) -> Iterator[tuple[int, NDArray[Any]]]:
    limits = limits or VideoLimits.from_settings()
    channels, kind = expected
    with _opened(source, name, limits) as data:
        if data.ndim != 4 or data.shape[1] != channels or data.dtype != kind:
            raise InputError(
                f"{name} must be {kind} of shape (N, {channels}, H, W), got {data.dtype} of "
                f"shape {data.shape}"
            )
        limits.picture.check_size(data.shape[3], data.shape[2])
        for number in selection.within(data.shape[0]):
            yield number, np.asarray(data[number])


@contextmanager
def _opened(source: str | Path, name: str, limits: VideoLimits) -> Iterator["h5py.Dataset"]:
    """Open one array of a file; any error of h5py becomes an `InputError`."""
    path = Path(source)
    library = _library()
    try:
        _check_file(path, limits)
        with library.File(path, "r", locking=False) as file:  # some drives have no locks
            data = _array(file, name)
            limits.check_frames(data.shape[0])
            yield data
    except FacepadError as error:
        raise type(error)(f"{source_name(str(path))}: {error}") from error
    except Exception as error:  # untrusted bytes may raise anything
        raise InputError(
            f"{source_name(str(path))}: damaged or cut off ({type(error).__name__}: {error})"
        ) from error


def _library() -> ModuleType:
    try:
        return import_module("h5py")
    except ImportError:
        raise SettingsError(
            "reading HDF5 needs h5py; install it with `pip install facepad[data]`"
        ) from None


def _check_file(path: Path, limits: VideoLimits) -> None:
    if not path.is_file():
        raise InputError("file not found")
    limits.check_bytes(path.stat().st_size)
    with path.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            raise InputError("this is no HDF5 file")


def _array(file: "h5py.File", name: str) -> "h5py.Dataset":
    """Return one array that is in the file itself: links to other files are not followed."""
    library = _library()
    if not isinstance(file.get(name, getlink=True), library.HardLink):
        raise InputError(f"the file has no array {name}; it has {', '.join(file) or 'none'}")
    data = file[name]
    if not isinstance(data, library.Dataset) or data.external or data.is_virtual or data.ndim == 0:
        raise InputError(f"{name} must be an array within the file")
    return data
