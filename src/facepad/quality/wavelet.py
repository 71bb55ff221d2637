"""Features of BIQI: variance and shape of the distribution of wavelet coefficients.

References:
    Moorthy, Bovik, A two-step framework for constructing blind image quality indices, IEEE
    Signal Processing Letters 17(5), 2010.
    Daubechies, Orthonormal bases of compactly supported wavelets, Communications on Pure and
    Applied Mathematics 41(7), 1988.
"""

from collections.abc import Iterator
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.quality.filters import filter_rows, mirror_rows, split_taps
from facepad.quality.scene_statistics import FLAT, SHAPES, place_of_kurtosis
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
MOMENTS = 9  # vanishing moments of the Daubechies filter


def biqi_features(gray: GrayImage, workspace: Workspace | None = None) -> NDArray[np.float64]:
    """Return variance and generalised Gaussian shape of nine wavelet sub-bands.

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


class Details(NamedTuple):
    """Detail coefficients of one level; views that the next level overwrites.

    Those of every other level, the finest among them, are transposed.
    """

    horizontal: GrayImage  # low along x, high along y
    vertical: GrayImage  # high along x, low along y
    diagonal: GrayImage  # high along both


def daubechies(moments: int) -> NDArray[np.float64]:
    """Return low-pass taps of the minimum-phase orthogonal filter, by spectral factorisation.

    Args:
        moments: Number of vanishing moments N.

    Returns:
        2N taps with sum sqrt 2; the high-pass is ``(-1)^j h[2N-1-j]``.
    """
    taps = np.ones(1, complex)
    for y in np.roots([comb(moments - 1 + k, k) for k in reversed(range(moments))]):
        half_sum = 1 - 2 * y  # (z + 1/z) / 2
        z = half_sum + np.sqrt(half_sum**2 - 1)
        taps = np.convolve(taps, [1, -(z if abs(z) < 1 else 1 / z)])
    for _ in range(moments):
        taps = np.convolve(taps, [1, 1])
    return np.asarray(taps.real * np.sqrt(2) / taps.real.sum())


_LOW = daubechies(MOMENTS)
_BANDS = (split_taps(_LOW), split_taps(_LOW[::-1] * (-1.0) ** np.arange(2 * MOMENTS)))
_BEFORE = 2 * MOMENTS - 2  # rows of extension before the first: an even number keeps the phase


def decompose(gray: GrayImage, levels: int, workspace: Workspace) -> Iterator[Details]:
    """Decompose a picture with symmetric extension; yields the finest level first.

    Args:
        gray: Shape (H, W), any size.
        levels: How many times the low-pass part is decomposed.
        workspace: Memory for all that is yielded.
    """
    picture, transposed = gray, False
    for _ in range(levels):
        padded, body = _room(picture.shape, workspace)
        np.copyto(body, picture)
        columns = _low_and_high(padded, len(body), workspace, "b")
        padded, body = _room(columns.shape[::-1], workspace)
        cv2.transpose(columns, dst=body)
        bands = _low_and_high(padded, len(body), workspace, "c")
        across, along = len(bands) // 2, len(columns) // 2
        one, other = bands[:across, along:], bands[across:, :along]
        pair = (other, one) if transposed else (one, other)
        yield Details(*pair, bands[across:, along:])
        picture, transposed = bands[:across, :along], not transposed


def _room(shape: tuple[int, ...], workspace: Workspace) -> tuple[GrayImage, GrayImage]:
    """Memory for a picture with its extension above and below, and the picture's part of it."""
    height, width = shape
    padded = workspace.map("a", (2 * _kept(height) + _BEFORE, width))
    return padded, padded[_BEFORE : _BEFORE + height]


def _kept(length: int) -> int:
    """Number of coefficients of one level along an axis."""
    return (length + 2 * MOMENTS - 1) // 2


def _low_and_high(padded: GrayImage, height: int, workspace: Workspace, name: str) -> GrayImage:
    """Low-pass rows over high-pass rows, each half as many as the picture had."""
    mirror_rows(padded, _BEFORE, len(padded) - _BEFORE - height)
    kept, width = _kept(height), padded.shape[1]
    out = workspace.map(name, (2 * kept + MOMENTS - 1, width))
    spare = workspace.map("d", (kept + MOMENTS - 1, width))
    for first, taps in zip((0, kept), _BANDS, strict=True):  # low first: high covers its waste
        filter_rows(padded, taps, out[first : first + len(spare)], spare)
    return out[: 2 * kept]
