"""Shape of a generalised Gaussian from its moments, by a table of 9,801 shapes."""

from math import gamma

import numpy as np
from numpy.typing import NDArray

SHAPES = np.arange(200, 10_001) / 1000.0  # 0.2 peaked, 1 Laplacian, 2 normal, 10 nearly uniform
FLAT = len(SHAPES) - 1  # place of the shape that stands for "no variation"

_GAMMA_1, _GAMMA_2, _GAMMA_3 = (np.array([gamma(k / shape) for shape in SHAPES]) for k in (1, 2, 3))
_ASYMMETRIC = _GAMMA_2**2 / (_GAMMA_1 * _GAMMA_3)  # (mean |v|)^2 / mean v^2; grows with the shape
_SYMMETRIC = _GAMMA_1 * _GAMMA_3 / _GAMMA_2**2  # its inverse, falls

SPREAD = np.sqrt(_GAMMA_1 / _GAMMA_3)  # scale of a distribution / its root mean square, by place
BALANCE = _GAMMA_2 / _GAMMA_1  # mean of one half / its scale, by place


def place_of_ratio(ratio: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places in ``SHAPES`` whose (mean abs v)^2 / mean v^2 is nearest to the given ones."""
    return _nearest(_ASYMMETRIC, ratio)


def place_of_kurtosis(ratio: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places in ``SHAPES`` whose mean v^2 / (mean abs v)^2 is nearest to the given ones."""
    return FLAT - _nearest(_SYMMETRIC[::-1], ratio)


def _nearest(rising: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places of the nearest entries of a rising table: what a full scan would find."""
    right = np.clip(np.searchsorted(rising, wanted), 1, len(rising) - 1)
    return right - (wanted - rising[right - 1] <= rising[right] - wanted)
