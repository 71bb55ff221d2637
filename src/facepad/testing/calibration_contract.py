"""The contract of a test that can be calibrated to a camera."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from facepad.calibration import Anchor, CalibratableTest, Calibration, ViewPrior
from facepad.errors import ModelError
from facepad.testing.contracts import called, require
from facepad.testing.made_up import made_up_presentation
from facepad.types import Calibratable, Observation, Presentation, Reason

TOLERANCE = 1e-6


def check_calibratable(
    test: CalibratableTest, *, presentations: Sequence[Presentation] = ()
) -> None:
    """Check that a liveness test can be calibrated as facepad relies on.

    It observes a presentation under one or more sets of views, each with a finite raw logit
    and features, the same each time; each set has a prior. A calibration changes the operating
    point, and is refused when it was made with another version of the model.

    Args:
        test: The test, ready for use and not calibrated.
        presentations: Further ones to observe beside the made-up one, with a face.

    Raises:
        ContractError: The contract is broken; the message says where.
    """
    require(
        isinstance(test, Calibratable),
        f"{test!r} lacks a part of facepad.types.Calibratable",
    )
    observed = [_observed(test, shown) for shown in (made_up_presentation(seed=1), *presentations)]
    _check_without_face(test)
    prior = called(test.prior, f"{test.name}: reading its prior")
    for views in {views for each in observed for views in each}:
        require(
            isinstance(prior.by_views.get(views), ViewPrior),
            f"{test.name}: the prior has no numbers for {views!r}, but the test observes it",
        )
    _check_calibration(test, observed[0])


def _observed(test: CalibratableTest, shown: Presentation) -> dict[str, Observation]:
    what = f"{test.name} on '{shown.source}'"
    first, again = (called(lambda: test.observe(shown), f"{what}: observing") for _ in range(2))
    if isinstance(first, Reason) or isinstance(again, Reason) or not first:
        require(False, f"{what}: expected observations of a face, got {first!r}")
        return {}
    require(list(first) == list(again), f"{what}: the sets of views differ the second time")
    for views, observation in first.items():
        features = observation.features
        require(
            features.ndim == 1 and bool(np.isfinite([observation.raw, *features]).all()),
            f"{what}: {views} needs a finite raw logit and features of shape (F,)",
        )
        require(
            np.allclose(features, again[views].features, atol=TOLERANCE)
            and abs(observation.raw - again[views].raw) <= TOLERANCE,
            f"{what}: {views} differs the second time",
        )
    require(
        all(len(a.features) <= len(b.features) for a, b in pairwise(first.values())),
        f"{what}: the largest set of views comes last",
    )
    return dict(first)


def _check_without_face(test: CalibratableTest) -> None:
    shown = made_up_presentation(seed=6, face=False)
    found = called(lambda: test.observe(shown), f"{test.name}: observing a picture with no face")
    require(
        isinstance(found, Reason), f"{test.name}: expected a Reason without a face, got {found!r}"
    )


def _check_calibration(test: CalibratableTest, observed: dict[str, Observation]) -> None:
    anchors = {
        views: Anchor(o.features, np.ones(len(o.features)), o.raw, 1.0, 0.0, 1.0, -1.0)
        for views, o in observed.items()
    }
    made = Calibration("it", test.name, test.version, 3, anchors)
    calibrated = called(lambda: test.calibrated(made), f"{test.name}: calibrating it")
    require(calibrated.name == test.name, f"{test.name}: has another name when calibrated")
    shown = made_up_presentation(seed=1)
    score = called(lambda: calibrated.score(shown), f"{test.name}: scoring when calibrated")
    require(
        score.value is not None and score.value >= calibrated.operating_point.threshold,
        f"{test.name}: the frame of a calibration must be bona fide under it, got {score.value!r} "
        f"at a threshold of {calibrated.operating_point.threshold}",
    )
    other = Calibration("it", test.name, f"{test.version}-other", 3, anchors)
    try:
        test.calibrated(other)
    except ModelError:
        return
    require(False, f"{test.name}: a calibration of another version must raise a ModelError")
