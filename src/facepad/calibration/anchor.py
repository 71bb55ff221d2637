"""Apply a camera's calibration: what a few bona fide frames of it tell, and how to use that.

Two things are compared with those frames: the classifier's raw logit, and how far the
features lie from theirs. Both are taken in units of how much the frames themselves vary, so
that a camera with a cast of its own is no longer held against the person before it. Fitting
lives in `facepad.training.calibration.fit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT_VERSION = 2
# Weight of the distance beside the classifier. Chosen among 0, 1/4, 1/2 and 1 on three
# webcams and on two people of NUAA against seven others, none of which judged it.
DISTANCE_WEIGHT = 0.5

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """What a camera's bona fide frames look like, for one set of views.

    Attributes:
        centre: Mean of their standardised features, shape (F,).
        scale: How far features may stray: half that of training, half the frames' own.
        logit: Mean raw logit of the frames.
        logit_scale: Its deviation, when each person is left out in turn.
        distance: Mean distance of the frames to the others.
        distance_scale: Its deviation.
        threshold: Least anchored score that counts as bona fide, in deviations.
        slope: Makes an anchored score a log-likelihood ratio, with ``bias``; above 0.
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
        """Root mean square of the features' differences to the frames, in units of `scale`."""
        return float(np.sqrt(np.mean(((features - self.centre) / self.scale) ** 2)))

    def anchored(self, raw: float, features: Vector) -> float:
        """The score of the camera, in deviations of its bona fide frames; higher for bona fide.

        Args:
            raw: The classifier's raw logit.
            features: Standardised, shape (F,).
        """
        strayed = (self.distance_to(features) - self.distance) / self.distance_scale
        return (raw - self.logit) / self.logit_scale - DISTANCE_WEIGHT * strayed

    def ratio(self, anchored: float) -> float:
        """Log-likelihood ratio of bona fide over attack, natural logarithm."""
        return self.slope * anchored + self.bias

    def margin(self, anchored: float) -> float:
        """How far the log-likelihood ratio lies above that of the threshold."""
        return self.slope * (anchored - self.threshold)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The calibration of one camera for one liveness test.

    Attributes:
        name: Given by the user ("kiosk-7").
        test: Name of the liveness test.
        version: Of the test's model when it was made.
        frames: How many bona fide frames it was made from.
        anchors: By what was seen: "tight", and "tight+context" when all frames have context.
    """

    name: str
    test: str
    version: str
    frames: int
    anchors: Mapping[str, Anchor]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays for `facepad.models.store.save_arrays`."""
        found: dict[str, NDArray[Any]] = {
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
            found[f"{views} centre"] = anchor.centre
            found[f"{views} scale"] = anchor.scale
            found[f"{views} numbers"] = np.array(numbers)
        return found
