"""A camera's calibration: statistics of its bona fide frames, and scores relative to them.

Two values are compared with those frames: the classifier's raw logit, and the distance of the
features. Both are divided by their deviation over the frames, so that the score no longer depends
on the offset of the camera. Fitting is in `facepad.training.calibration.fit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT_VERSION = 2
# Weight of the distance beside the logit. Selected among 0, 1/4, 1/2 and 1 on three webcams and
# on two people of NUAA against seven others, all of them outside the test sets.
DISTANCE_WEIGHT = 0.5

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """Statistics of a camera's bona fide frames, for one set of views.

    Attributes:
        centre: Mean of the standardised features, shape (F,).
        scale: Scale of each feature: the mean of the training deviation and the deviation over
            the frames, shape (F,).
        logit: Mean raw logit of the frames.
        logit_scale: Deviation of the raw logit, with each person left out in turn.
        distance: Mean distance of a frame to the frames of other people.
        distance_scale: Deviation of that distance.
        threshold: Least anchored score that is bona fide, in deviations.
        slope: Maps an anchored score to a log-likelihood ratio, with ``bias``; above 0.
        bias: Natural logarithm.
    """

    centre: Vector
    scale: Vector
    logit: float
    logit_scale: float
    distance: float
    distance_scale: float
    threshold: float
    slope: float = 1.0
    bias: float = 0.0

    def distance_to(self, features: Vector) -> float:
        """Return the root mean square difference of features to the frames, in units of `scale`."""
        return float(np.sqrt(np.mean(((features - self.centre) / self.scale) ** 2)))

    def anchored(self, raw: float, features: Vector) -> float:
        """Return the score relative to the camera's frames, in deviations; higher for bona fide.

        Args:
            raw: Raw logit of the classifier.
            features: Standardised features, shape (F,).
        """
        deviation = (self.distance_to(features) - self.distance) / self.distance_scale
        return (raw - self.logit) / self.logit_scale - DISTANCE_WEIGHT * deviation

    def ratio(self, anchored: float) -> float:
        """Return the log-likelihood ratio of bona fide over attack, natural logarithm."""
        return self.slope * anchored + self.bias

    def margin(self, anchored: float) -> float:
        """Return the log-likelihood ratio minus that of the threshold."""
        return self.slope * (anchored - self.threshold)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The calibration of one camera for one liveness test.

    Attributes:
        name: Name given by the user ("kiosk-7").
        test: Name of the liveness test.
        version: Version of the test's model.
        frames: Number of bona fide frames.
        anchors: Anchors by set of views: "tight", and "tight+context" when all frames have
            context.
    """

    name: str
    test: str
    version: str
    frames: int
    anchors: Mapping[str, Anchor]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return arrays for `facepad.models.store.save_arrays`."""
        stored: dict[str, NDArray[Any]] = {
            "format_version": np.array(FORMAT_VERSION),
            "test": np.array(self.test),
            "version": np.array(self.version),
            "frames": np.array(self.frames),
            "anchors": np.array(sorted(self.anchors)),
        }
        for views, anchor in self.anchors.items():
            numbers = (
                *(anchor.logit, anchor.logit_scale, anchor.distance),
                *(anchor.distance_scale, anchor.threshold, anchor.slope, anchor.bias),
            )
            stored[f"{views} centre"] = anchor.centre
            stored[f"{views} scale"] = anchor.scale
            stored[f"{views} numbers"] = np.array(numbers)
        return stored
