"""Blockiness of JPEG pictures: the JPEG quality index and the JPEG member of BIQI.

Reference: Wang, Sheikh, Bovik, No-reference perceptual quality assessment of JPEG compressed
images, ICIP 2002.
"""

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.quality.workspace import Workspace

MIN_SIDE = 16  # two blocks: below it there is no inner boundary
_BLOCK = 8
_FLOOR = 1e-6  # of the three activities, so that their powers stay finite


def jqi_scores(
    pixels: NDArray[np.uint8], workspace: Workspace | None = None
) -> tuple[float, float]:
    """Return the JPEG quality index, and its statistics combined with the weights of BIQI.

    Args:
        pixels: Gray levels, shape (H, W).
        workspace: Memory to use again; a fresh one by default.

    Returns:
        The index (higher is better: about 0..11 for photographs, down to -80 for strong
        blocking) and BIQI's JPEG score (higher is worse); 0, 0 if a side is below 16.
    """
    if min(pixels.shape) < MIN_SIDE:
        return 0.0, 0.0
    workspace = workspace or Workspace()
    activities = np.mean([_activities(pixels, axis, workspace) for axis in (0, 1)], axis=0)
    boundary, inside, crossings = (max(float(value), _FLOOR) for value in activities)
    quality = boundary**-0.02398886 * inside**0.01601664 * crossings**0.00642859
    badness = boundary**0.02354451 * inside**0.01287548 * crossings**-0.03414790
    return -245.8909 + 261.9373 * quality, -927.4240 + 850.8986 * badness


def _activities(
    pixels: NDArray[np.uint8], axis: int, workspace: Workspace
) -> tuple[float, float, float]:
    """Mean step at block boundaries, mean step inside blocks, share of sign changes."""
    first, second = _cut(pixels, axis, slice(-1)), _cut(pixels, axis, slice(1, None))
    edges = slice(_BLOCK - 1, _BLOCK * (pixels.shape[axis] // _BLOCK - 1), _BLOCK)
    pair = (np.ascontiguousarray(_cut(side, axis, edges)) for side in (first, second))
    boundary = _mean_step(*pair)
    inside = (_BLOCK * _mean_step(first, second) - boundary) / (_BLOCK - 1)
    return boundary, inside, _sign_changes(first, second, axis, workspace)


def _cut(pixels: NDArray[np.uint8], axis: int, part: slice) -> NDArray[np.uint8]:
    return pixels[part] if axis == 0 else pixels[:, part]


def _mean_step(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return cv2.norm(first, second, cv2.NORM_L1) / first.size


def _sign_changes(
    first: NDArray[np.uint8], second: NDArray[np.uint8], axis: int, workspace: Workspace
) -> float:
    """Share of neighbouring steps of opposite sign; comparing does not wrap as uint8 would."""
    up, down = (workspace.array(f"jqi.{name}", first.shape, np.uint8) for name in ("up", "down"))
    cv2.compare(second, first, cv2.CMP_GT, dst=up)
    cv2.compare(second, first, cv2.CMP_LT, dst=down)
    pairs = [
        (_cut(one, axis, slice(-1)), _cut(other, axis, slice(1, None)))
        for one, other in ((up, down), (down, up))
    ]
    both = workspace.array("jqi.both", pairs[0][0].shape, np.uint8)
    return sum(cv2.countNonZero(cv2.bitwise_and(*pair, dst=both)) for pair in pairs) / both.size
