"""Features of NIQE: statistics of locally normalised pixels, block by block, at two scales.

Reference: Mittal, Soundararajan, Bovik, Making a "completely blind" image quality analyzer,
IEEE Signal Processing Letters 20(3), 2013.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.quality.block_moments import BlockMoments, Moments
from facepad.quality.filters import gaussian, separable
from facepad.quality.generalised_gaussian import BALANCE, FLAT, SHAPES, SPREAD, place_of_ratio
from facepad.quality.halving import halve
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

BLOCK = 96  # pixels, at the first scale
_SHIFTS = ("0_1", "1_0", "1_1", "1_-1")  # rows, columns
_PER_SCALE = (
    "shape",
    "scale",
    *(f"{what}_{by}" for by in _SHIFTS for what in ("shape", "mean", "left", "right")),
)
NIQE_NAMES = tuple(f"{name}_at{scale}" for scale in (1, 2) for name in _PER_SCALE)

_REACH = 3  # pixels of the window to each side
_WINDOW = gaussian(2 * _REACH + 1, 7 / 6)
_ROUNDING = np.float32(5e-5)  # gray levels; 8-bit pixels differ from their mean by 1.6e-4 or more
_MIDDLE = np.float32(128)  # taken off before squaring: float32 has seven digits
_NOTHING = 1e-18  # mean square below which a block counts as all zero
_STRIPE = 1 << 17  # pixels filtered at a time, so that they stay in the cache


def niqe_features(gray: GrayImage, workspace: Workspace | None = None) -> NDArray[np.float64]:
    """Statistics of the normalised pixels of each whole block of 96x96.

    Args:
        gray: Shape (H, W), 0..255; sides below 96 are extended symmetrically.
        workspace: Memory to use again; a fresh one by default.

    Returns:
        Shape (blocks, 36), blocks in reading order, features as in ``NIQE_NAMES``.
    """
    workspace = workspace or Workspace()
    picture = whole_blocks(gray)
    halved = halve(picture, workspace)
    fine = _moments(picture, BLOCK, workspace)
    coarse = _moments(halved, BLOCK // 2, workspace)
    return np.hstack(np.split(_fit(np.concatenate([fine, coarse])), 2))


def whole_blocks(gray: GrayImage) -> GrayImage:
    """The largest part, from the top left, that consists of whole blocks; at least one."""
    short = [(0, max(0, BLOCK - side)) for side in gray.shape]
    if any(after for _, after in short):
        gray = np.pad(gray, short, mode="symmetric")
    height, width = (side // BLOCK * BLOCK for side in gray.shape)
    return gray[:height, :width]


def local_statistics(picture: GrayImage, workspace: Workspace) -> tuple[GrayImage, GrayImage]:
    """Deviation of pixels from their local mean, and the local standard deviation.

    Returns:
        Maps "a" and "d" of the workspace, in gray levels, of the picture's shape.
    """
    centred, mean, square, spread = workspace.maps("abcd", picture.shape)
    np.subtract(picture, _MIDDLE, out=centred)
    separable(centred, _WINDOW, mean)
    separable(np.multiply(centred, centred, out=square), _WINDOW, spread)
    centred -= mean
    mean *= mean
    spread -= mean
    cv2.sqrt(np.abs(spread, out=spread), dst=spread)
    return centred, spread


def _moments(picture: GrayImage, side: int, workspace: Workspace) -> Moments:
    """Moments of all blocks; some rows of blocks at a time, so that they stay in the cache."""
    height, width = picture.shape
    moments = BlockMoments(picture.shape, side, workspace)
    rows = max(1, _STRIPE // (side * width)) * side
    for top in range(0, height, rows):
        start, bottom = max(0, top - _REACH), min(top + rows, height)
        maps = local_statistics(picture[start : bottom + _REACH], workspace)
        centred, spread = (part[top - start : bottom - start] for part in maps)
        has_zeros = _remove_noise(centred, workspace)
        spread += np.float32(1)
        centred /= spread
        moments.add(centred, top, has_zeros=has_zeros)
    return moments.result()


def _remove_noise(centred: GrayImage, workspace: Workspace) -> bool:
    """Set to 0 what is rounding noise; whether there was any."""
    size = np.abs(centred, out=workspace.map("c", centred.shape))
    if size.min() >= _ROUNDING:
        return False
    centred[size < _ROUNDING] = 0
    return True


def _fit(moments: Moments) -> NDArray[np.float64]:
    """Fit asymmetric generalised Gaussians, all at once; shape (blocks, 18)."""
    size, square, left, right = np.moveaxis(moments, -1, 0)
    varies, both = square > _NOTHING, (left > 0) & (right > 0)
    skew = np.where(both, left / np.where(right > 0, right, 1.0), 1.0)
    ratio = size**2 / np.where(varies, square, 1.0)
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    place = np.where(varies, place_of_ratio(ratio), FLAT)
    scale = np.where(varies, SPREAD[place], 0.0)
    left, right = left * scale, right * scale
    mean = (right - left) * BALANCE[place]
    pixels = np.stack([SHAPES[place], (left + right) / 2], axis=-1)[:, 0]
    products = np.stack([SHAPES[place], mean, left, right], axis=-1)[:, 1:]
    return np.hstack([pixels, products.reshape(len(products), -1)])
