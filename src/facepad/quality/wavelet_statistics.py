"""Features of BIQI: how spread out and how peaked the wavelet coefficients are.

Reference: Moorthy, Bovik, A two-step framework for constructing blind image quality indices,
IEEE Signal Processing Letters 17(5), 2010.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.quality.generalised_gaussian import FLAT, SHAPES, place_of_kurtosis
from facepad.quality.wavelet import decompose
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

LEVELS = 3
BIQI_NAMES = tuple(
    f"{what}_{band}{level}"
    for what in ("variance", "shape")
    for band in "hvd"
    for level in range(1, LEVELS + 1)
)
_FLAT_DEVIATION = 1e-4  # gray levels; below it a sub-band holds only rounding noise


def biqi_features(gray: GrayImage, workspace: Workspace | None = None) -> NDArray[np.float64]:
    """Variance and generalised Gaussian shape of nine wavelet sub-bands.

    Args:
        gray: Shape (H, W), 0..255, any size.
        workspace: Memory to use again; a fresh one by default.

    Returns:
        Shape (18,), in the order of ``BIQI_NAMES``: variances in squared gray levels,
        shapes in [0.2, 10]; finest level first.
    """
    workspace = workspace or Workspace()
    levels = decompose(gray, LEVELS, workspace)
    moments = np.array([[_moments(band, workspace) for band in details] for details in levels])
    variance, deviation = moments.transpose(2, 1, 0).reshape(2, -1)
    varies = deviation > _FLAT_DEVIATION
    place = place_of_kurtosis(variance / np.where(varies, deviation, 1.0) ** 2)
    return np.concatenate([variance, SHAPES[np.where(varies, place, FLAT)]])


def _moments(band: GrayImage, workspace: Workspace) -> tuple[float, float]:
    """Variance and mean absolute deviation."""
    mean, spread = cv2.meanStdDev(band)
    level = workspace.map("a", band.shape)
    level.fill(mean[0, 0])
    return float(spread[0, 0]) ** 2, cv2.norm(band, level, cv2.NORM_L1) / band.size
