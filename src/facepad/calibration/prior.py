"""What cameras have in common: how bona fide faces vary before one and the same camera.

Fitted on many cameras by `facepad.training.calibration.prior`. A calibration combines it with
its own frames; the fewer those are, the more the prior counts.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.models.npz import reading

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Spread:
    """How bona fide faces vary before one camera, for one set of views; the mean over cameras.

    Attributes:
        logit: Deviation of the raw logit from the mean of the camera's other faces.
        distance: Mean distance of a face's features to those of the camera's other faces.
        distance_scale: Its deviation.
        score: Deviation of the anchored score that logit and distance make up.
        slope: Makes an anchored score a log-likelihood ratio; above 0.
        bias: Likewise; natural logarithm.
    """

    logit: float
    distance: float
    distance_scale: float
    score: float
    slope: float
    bias: float


@dataclass(frozen=True, slots=True)
class CameraSpreads:
    """The spreads of a set of heads.

    Attributes:
        by_views: By what is seen: "tight", "tight+context".
        heads: Version of the heads.
        cameras: How many cameras they were learned over.
    """

    by_views: Mapping[str, Spread]
    heads: str
    cameras: int

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays for `facepad.models.store.save_arrays`."""
        found: dict[str, NDArray[Any]] = {
            "format_version": np.array(FORMAT_VERSION),
            "heads": np.array(self.heads),
            "cameras": np.array(self.cameras),
            "views": np.array(sorted(self.by_views)),
        }
        for views, spread in self.by_views.items():
            found[views] = np.array(astuple(spread))
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str) -> "CameraSpreads":
        """Read what `arrays` wrote.

        Args:
            arrays: From a model file.
            source: Names the file in errors.

        Raises:
            ModelError: An array is missing, of another format version or shape, or a number
                cannot be.
        """
        with reading(arrays, FORMAT_VERSION, source, "holds no spreads of cameras"):
            spreads = {str(views): _spread(arrays[str(views)], source) for views in arrays["views"]}
            return cls(spreads, str(arrays["heads"]), int(arrays["cameras"]))


def _spread(numbers: NDArray[Any], source: str) -> Spread:
    if numbers.shape != (len(fields(Spread)),) or not np.isfinite(numbers).all():
        raise ModelError(f"{source} needs {len(fields(Spread))} finite numbers, got {numbers}")
    found = Spread(*(float(number) for number in numbers))
    if min(found.logit, found.distance_scale, found.score, found.slope) <= 0.0:
        raise ModelError(f"{source}: deviations and slopes are above 0, got {found}")
    return found
