"""Linear light and the coded values that a display or a file holds."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.types import RgbImage

Scene = NDArray[np.float32]  # linear light, shape (H, W, 3), 0..1, R G B
Field = NDArray[np.float32]  # one number for each photosite, shape (H, W)
GAMMA = 2.2  # close to the sRGB curve, and invertible without branches
_LIGHT = (np.arange(256, dtype=np.float32) / np.float32(255.0)) ** np.float32(GAMMA)
_WEIGHTS = np.array([[0.2126, 0.7152, 0.0722]], np.float32)  # ITU-R BT.709


def to_display(light: Scene) -> RgbImage:
    """Linear light in [0, 1], clipped, to gamma-coded uint8."""
    coded = np.clip(light, 0.0, 1.0) ** (1.0 / GAMMA)
    return np.asarray(np.rint(coded * 255.0), np.uint8)


def to_light(image: RgbImage) -> Scene:
    """Gamma-coded uint8 to linear light in [0, 1]."""
    return np.asarray(cv2.LUT(image, _LIGHT), np.float32)


def luminance(light: Scene) -> Field:
    """Brightness as people see it, from linear light; same unit."""
    return np.asarray(cv2.transform(light, _WEIGHTS), np.float32)
