"""How bad a distorted tile looks: the computed target that BIQI learns."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.quality.filters import Kernel, as_map, gaussian
from facepad.types import GrayImage

_WINDOW = gaussian(11, 1.5)
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_SCALES = tuple(gaussian(taps, taps / 5) for taps in (17, 9, 5, 3))
_EYE_NOISE = 2.0  # variance, in squared gray levels
_LEAST = 1e-6


def badness(tile: NDArray[np.uint8], distorted: NDArray[np.uint8]) -> float:
    """Target of a distorted tile: 50 (2 - VIF - SSIM), each clipped to 0..1.

    Returns:
        0 for the tile itself, 100 when nothing of it is left.
    """
    pair = tile.astype(np.float32), distorted.astype(np.float32)
    alike = [min(1.0, max(0.0, measure(*pair))) for measure in (information, similarity)]
    return 50 * (2 - sum(alike))


def similarity(one: GrayImage, other: GrayImage) -> float:
    """SSIM of two pictures of the same shape, at least 11x11.

    Reference:
        Wang, Bovik, Sheikh, Simoncelli (2004), IEEE TIP 13(4).
    """
    a, b = _inside(one, _WINDOW), _inside(other, _WINDOW)
    covariance = _inside(one * other, _WINDOW) - a * b
    variances = _inside(one * one + other * other, _WINDOW) - a * a - b * b
    top = (2 * a * b + _C1) * (2 * covariance + _C2)
    return float(np.mean(top / ((a * a + b * b + _C1) * (variances + _C2)), dtype=np.float64))


def information(one: GrayImage, other: GrayImage) -> float:
    """VIF (pixel domain, four scales) of two pictures of the same shape; 1 if the first is flat.

    Reference:
        Sheikh, Bovik (2006), IEEE TIP 15(2).
    """
    seen = there = 0.0
    for scale, window in enumerate(_SCALES):
        if scale:
            one, other = (np.ascontiguousarray(_inside(x, window)[::2, ::2]) for x in (one, other))
        a, b = _inside(one, window), _inside(other, window)
        variance = np.maximum(_inside(one * one, window) - a * a, 0)
        other_variance = np.maximum(_inside(other * other, window) - b * b, 0)
        covariance = _inside(one * other, window) - a * b
        gain = np.maximum(covariance / np.maximum(variance, _LEAST), 0)
        rest = np.maximum(other_variance - gain * covariance, 0)
        seen += float(np.log1p(gain**2 * variance / (rest + _EYE_NOISE)).sum(dtype=np.float64))
        there += float(np.log1p(variance / _EYE_NOISE).sum(dtype=np.float64))
    return seen / there if there > _LEAST else 1.0


def _inside(picture: GrayImage, window: Kernel) -> GrayImage:
    """Weighted means where the window lies inside the picture."""
    reach = len(window) // 2
    means = as_map(cv2.sepFilter2D(picture.astype(np.float64), cv2.CV_64F, window, window))
    return means[reach : means.shape[0] - reach, reach : means.shape[1] - reach]
