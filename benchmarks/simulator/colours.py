"""Colour statistics of a picture, each one number with a unit."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.types import RgbImage

BORDER = 0.1  # share of the shorter side

# Name of each statistic, with its unit.
FACE_STATISTICS = (
    "saturation (HSV), %",
    "hue spread, degrees",
    "warmth, b*",
    "contrast, sd of L*",
    "L*, 5th percentile",
    "L*, median",
    "L*, 95th percentile",
)
BORDER_LIGHTNESS = "border of the frame, mean L*"


def statistics(image: RgbImage) -> dict[str, float]:
    """The `FACE_STATISTICS` of a crop.

    Hue spread is the circular deviation of the hues in CIELAB, weighted by chroma.

    Example:
        >>> grey = np.full((8, 8, 3), 128, np.uint8)
        >>> statistics(grey)["contrast, sd of L*"]
        0.0
    """
    lab, hsv = _lab(image), cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    light = lab[..., 0]
    low, middle, high = np.percentile(light, [5, 50, 95])
    values = (
        float(hsv[..., 1].mean()) / 2.55,
        hue_spread(lab[..., 1], lab[..., 2]),
        float(lab[..., 2].mean()),
        float(light.std()),
        float(low),
        float(middle),
        float(high),
    )
    return dict(zip(FACE_STATISTICS, values, strict=True))


def border_lightness(image: RgbImage) -> float:
    """Mean L* of the outer tenth of a frame, 0 to 100."""
    light = _lab(image)[..., 0]
    wide = max(1, round(BORDER * min(light.shape)))
    outside = np.ones(light.shape, bool)
    outside[wide:-wide, wide:-wide] = False
    return float(light[outside].mean())


def hue_spread(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Circular standard deviation of the hue, degrees; 0 where there is no colour."""
    chroma = float(np.hypot(a, b).sum())
    if chroma <= 0.0:
        return 0.0
    length = float(np.hypot(a.sum(dtype=np.float64), b.sum(dtype=np.float64))) / chroma
    return float(np.degrees(np.sqrt(-2.0 * np.log(min(max(length, 1e-9), 1.0)))))


def _lab(image: RgbImage) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB))
