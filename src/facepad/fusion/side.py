"""Side information of a presentation: how it changes the width of a fused score's interval."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_SIDE_LIMIT = 3.0  # deviations of a measure that count at most
_MOST = math.log(
    2.0
)  # of the logarithm of the factor: an interval of half to twice the usual width

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SideModel:
    """How side information changes the width of the interval.

    Attributes:
        names: Names of the measures; a presentation may lack some.
        mean: Mean of each over the fitted presentations, shape (K,).
        scale: Deviation of each, shape (K,); above 0.
        weights: Change of the logarithm of the half-width for one deviation, shape (K,).
    """

    names: tuple[str, ...] = ()
    mean: Vector = field(default_factory=lambda: np.empty(0))
    scale: Vector = field(default_factory=lambda: np.empty(0))
    weights: Vector = field(default_factory=lambda: np.empty(0))

    def factor(self, side: Mapping[str, float]) -> float:
        """Return by how much the interval is wider than usual; 1 without side information."""
        total = 0.0
        for name, mean, scale, weight in zip(
            self.names, self.mean, self.scale, self.weights, strict=True
        ):
            value = side.get(name, math.nan)
            if math.isfinite(value):
                off = (value - mean) / scale
                total += weight * min(max(off, -_SIDE_LIMIT), _SIDE_LIMIT)
        return math.exp(min(max(total, -_MOST), _MOST))
