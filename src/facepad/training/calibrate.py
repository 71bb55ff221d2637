"""Fit a camera's calibration from a few bona fide frames; no attack is needed.

The threshold is a prediction bound: below it a new bona fide presentation of this camera
falls with the stated probability, if scores vary as those of the frames do when each person
is left out in turn (mean - t sd sqrt(1 + 1/n)).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facepad.calibration import DISTANCE_WEIGHT, Anchor, Vector
from facepad.errors import InputError

FEWEST = 3  # frames; below it there is no deviation to speak of
ENOUGH = 5  # frames; below it the threshold is wide and the card says so
# Least deviations, in units of the heads and of the distance: ten frames of one clip vary
# less than a day of a camera. Chosen with `DISTANCE_WEIGHT`, on the same data.
LEAST_LOGIT_SCALE = 0.3
LEAST_DISTANCE_SCALE = 0.02
LEAST_DEVIATION = 0.1  # of scores; frames that are all alike must not give a bound at their mean
_CAMERAS = 4_000  # made-up ones, see `expected`
_TRAINING_SHARE = 0.5  # of the features' scale; the rest is the camera's own


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What a test saw of one bona fide frame.

    Attributes:
        raw: The classifier's raw logit.
        features: Standardised, shape (F,).
        person: Who it is; "" when not told.
    """

    raw: float
    features: Vector
    person: str = ""


def fit(frames: Sequence[Observed], target_bpcer: float) -> Anchor:
    """The anchor of a camera.

    Args:
        frames: Bona fide frames of it, at least three; better ten of several people.
        target_bpcer: Share of bona fide presentations that may fall below the threshold.

    Raises:
        InputError: Too few frames, or a target outside (0, 0.5].
    """
    if len(frames) < FEWEST:
        raise InputError(f"a calibration needs at least {FEWEST} frames, got {len(frames)}")
    if not 0.0 < target_bpcer <= 0.5:
        raise InputError(f"the target BPCER lies in (0, 0.5], got {target_bpcer!r}")
    features = np.stack([frame.features for frame in frames])
    raw = np.array([frame.raw for frame in frames])
    apart = [_others(frames, index) for index in range(len(frames))]
    logits = np.array([raw[i] - raw[rest].mean() for i, rest in enumerate(apart)])
    distances = np.array(
        [_bare(features[rest]).distance_to(features[i]) for i, rest in enumerate(apart)]
    )
    logit_scale = max(float(logits.std(ddof=1)), LEAST_LOGIT_SCALE)
    distance_scale = max(float(distances.std(ddof=1)), LEAST_DISTANCE_SCALE)
    strayed = (distances - distances.mean()) / distance_scale
    anchored = logits / logit_scale - DISTANCE_WEIGHT * strayed
    bare = _bare(features)
    return Anchor(
        bare.centre,
        bare.scale,
        float(raw.mean()),
        logit_scale,
        float(distances.mean()),
        distance_scale,
        bound(anchored, target_bpcer),
    )


def bound(scores: Vector, share: float) -> float:
    """Below it a further score falls with this probability, by Student's t.

    Reference:
        Hahn, Meeker (1991), Statistical Intervals, prediction for one future observation.
    """
    from scipy.stats import t

    count = len(scores)
    reach = float(t.ppf(1.0 - share, count - 1)) * np.sqrt(1.0 + 1.0 / count)
    return float(scores.mean() - reach * max(scores.std(ddof=1), LEAST_DEVIATION))


def _others(frames: Sequence[Observed], index: int) -> list[int]:
    """Frames of other people; with one person alone, the other frames."""
    people = {frame.person for frame in frames}
    own = frames[index].person
    if len(people) > 1:
        return [i for i, frame in enumerate(frames) if frame.person != own]
    return [i for i in range(len(frames)) if i != index]


def _bare(features: Vector) -> Anchor:
    """Centre and scale of features; nothing else of it is used."""
    scale = _TRAINING_SHARE + (1.0 - _TRAINING_SHARE) * features.std(axis=0)
    return Anchor(features.mean(axis=0), scale, 0.0, 1.0, 0.0, 1.0, 0.0)


def expected(count: int, target_bpcer: float) -> tuple[float, float]:
    """Between which BPCER nine of ten cameras end that are calibrated from so many frames.

    By 4,000 made-up cameras with normal scores, always the same ones: the threshold is right
    on average, but few frames tell a camera's mean and deviation badly.
    """
    from scipy.stats import norm, t

    rng = np.random.default_rng(0)
    draws = rng.normal(size=(_CAMERAS, count))
    reach = float(t.ppf(1.0 - target_bpcer, count - 1)) * np.sqrt(1.0 + 1.0 / count)
    below = norm.cdf(draws.mean(axis=1) - reach * draws.std(axis=1, ddof=1))
    low, high = np.quantile(below, (0.05, 0.95)).tolist()
    return float(low), float(high)
