"""The prior over cameras: how bona fide faces vary in front of one camera.

Fitted on many cameras by `facepad.training.calibration.prior`. A calibration combines it with
its own frames; the fewer those are, the more the prior counts.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.calibration.anchor import Calibration
from facepad.errors import ModelError
from facepad.models.npz import reading
from facepad.types import Calibratable

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class ViewPrior:
    """The prior for one set of views; means over cameras.

    Attributes:
        logit: Deviation of the raw logit from the mean of the camera's other faces.
        distance: Mean distance of a face's features to those of the camera's other faces.
        distance_scale: Deviation of that distance.
        score: Deviation of the anchored score, which combines logit and distance.
        slope: Maps an anchored score to a log-likelihood ratio, with ``bias``; above 0.
        bias: Natural logarithm.
    """

    logit: float
    distance: float
    distance_scale: float
    score: float
    slope: float
    bias: float


@dataclass(frozen=True, slots=True)
class CameraPrior:
    """The prior of one liveness test.

    Attributes:
        by_views: Priors by set of views: "tight", "tight+context".
        version: Version of the test's model.
        cameras: Number of cameras that it was fitted on.
    """

    by_views: Mapping[str, ViewPrior]
    version: str
    cameras: int

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return arrays for `facepad.models.store.save_arrays`."""
        stored: dict[str, NDArray[Any]] = {
            "format_version": np.array(FORMAT_VERSION),
            "heads": np.array(self.version),
            "cameras": np.array(self.cameras),
            "views": np.array(sorted(self.by_views)),
        }
        for views, prior in self.by_views.items():
            stored[views] = np.array(astuple(prior))
        return stored

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str) -> "CameraPrior":
        """Read what `arrays` wrote.

        Args:
            arrays: Arrays of a model file.
            source: Name of the file in errors.

        Raises:
            ModelError: An array is missing, has another format version or shape, or a number
                is out of range.
        """
        with reading(arrays, FORMAT_VERSION, source, "holds no prior over cameras"):
            priors = {str(views): _prior(arrays[str(views)], source) for views in arrays["views"]}
            return cls(priors, str(arrays["heads"]), int(arrays["cameras"]))


CalibratableTest = Calibratable[Calibration, CameraPrior]


def _prior(numbers: NDArray[Any], source: str) -> ViewPrior:
    if numbers.shape != (len(fields(ViewPrior)),) or not np.isfinite(numbers).all():
        raise ModelError(f"{source} needs {len(fields(ViewPrior))} finite numbers, got {numbers}")
    prior = ViewPrior(*(float(number) for number in numbers))
    if min(prior.logit, prior.distance_scale, prior.score, prior.slope) <= 0.0:
        raise ModelError(f"{source}: deviations and slopes are above 0, got {prior}")
    return prior
