"""Depth maps of simulated attacks: PNG files with 16 bits for each pixel of the picture."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facepad.errors import InputError
from facepad.media.decode import inspect
from facepad.media.limits import Limits
from facepad.opencv import cv2
from facepad.simulate.linear_light import Map

STEP = 1.0 / 16.0  # pixels of the picture between two values of a file
_NOTHING = 0  # value of a pixel that does not show the medium
_MOST = 65_535  # largest value of 16 bits


@dataclass(frozen=True, slots=True)
class DepthFile:
    """A depth map as it is stored.

    Attributes:
        content: The PNG file: 0 where the medium is not seen, else 1 and the depth over
            ``offset`` in steps of `STEP`, rounded.
        offset: The least depth, pixels; a multiple of `STEP`.
    """

    content: bytes
    offset: float


def encoded(depth: Map) -> DepthFile:
    """Return the file of a depth map; depth over 4,095 pixels from the nearest is clipped.

    Args:
        depth: Distance along the camera's axis, pixels of the picture, larger is further away;
            NaN where there is nothing. Shape (H, W).
    """
    steps = np.rint(depth / np.float32(STEP))
    seen = np.isfinite(steps)
    least = float(steps[seen].min()) if seen.any() else 0.0
    values = np.where(seen, np.minimum(steps - least + 1.0, _MOST), _NOTHING).astype(np.uint16)
    _, data = cv2.imencode(".png", values)
    return DepthFile(data.tobytes(), least * STEP)


def read_depth(path: Path, offset: float) -> Map:
    """Return the depth map of a file that `encoded` made.

    Args:
        path: The PNG file.
        offset: Its offset.

    Returns:
        Depth in pixels of the picture, larger is further away; NaN where the picture does not
        show the medium. Shape (H, W).

    Raises:
        InputError: It cannot be read, is too large, or has not one channel of 16 bits.
    """
    limits = Limits()
    try:
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)
        limits.check_bytes(len(data))
        header = inspect(data)
        limits.check_size(header.width, header.height)
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, InputError, cv2.error) as error:
        raise InputError(f"{path}: the depth map cannot be read: {error}") from None
    if values is None or values.dtype != np.uint16 or values.ndim != 2:
        raise InputError(
            f"{path}: a depth map is a PNG with one channel of 16 bits, as `facepad simulate "
            f"--depth` writes it; got {header.format} of another kind"
        )
    depth = values.astype(np.float32) * np.float32(STEP) + np.float32(offset - STEP)
    depth[values == _NOTHING] = np.nan
    return np.asarray(depth, np.float32)
