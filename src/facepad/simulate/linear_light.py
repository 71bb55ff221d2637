"""Linear light: coded values to light and back, and pictures laid over each other."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.types import RgbImage

LinearImage = NDArray[np.float32]  # linear light, shape (H, W, 3), 0..1, R G B
Map = NDArray[np.float32]  # one number for each photosite, shape (H, W)
GAMMA = 2.2  # close to the sRGB curve, and invertible without branches
_LIGHT = (np.arange(256, dtype=np.float32) / np.float32(255.0)) ** np.float32(GAMMA)
_WEIGHTS = np.array([[0.2126, 0.7152, 0.0722]], np.float32)  # ITU-R BT.709
_BAND = 64  # lines: what is worked on stays in the processor's cache


def to_display(light: LinearImage) -> RgbImage:
    """Linear light in [0, 1], clipped, to gamma-coded uint8."""
    coded = np.clip(light, 0.0, 1.0) ** (1.0 / GAMMA)
    return np.asarray(np.rint(coded * 255.0), np.uint8)


def to_light(image: RgbImage) -> LinearImage:
    """Gamma-coded uint8 to linear light in [0, 1]."""
    return np.asarray(cv2.LUT(image, _LIGHT), np.float32)


def luminance(light: LinearImage) -> Map:
    """Brightness as people see it, from linear light; same unit."""
    return np.asarray(cv2.transform(light, _WEIGHTS), np.float32)


def bands(lines: int) -> Iterator[slice]:
    """All lines of a picture, some at a time."""
    for start in range(0, lines, _BAND):
        yield slice(start, min(start + _BAND, lines))


def mixed(
    under: LinearImage | np.float32, over: LinearImage | np.float32, alpha: Map
) -> LinearImage:
    """``over`` where ``alpha`` is 1, ``under`` where it is 0.

    Args:
        under: A picture, or one number for all of it.
        over: The same. A picture is used up: what is returned lies in its memory.
        alpha: Share of each photosite.
    """
    found = over if isinstance(over, np.ndarray) else np.full((*alpha.shape, 3), over, np.float32)
    for band in bands(len(alpha)):
        beneath = under[band] if isinstance(under, np.ndarray) else under
        part = found[band]
        part -= beneath
        cv2.multiply(part, cv2.merge([alpha[band]] * 3), dst=part)
        part += beneath
    return found


def times(light: LinearImage, factor: Map) -> LinearImage:
    """Light, each photosite's by its own factor; ``light`` is changed and returned."""
    for band in bands(len(factor)):
        part = light[band]
        cv2.multiply(part, cv2.merge([factor[band]] * 3), dst=part)
    return light
