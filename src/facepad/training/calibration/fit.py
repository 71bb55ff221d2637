"""Fit a camera's calibration from a few bona fide frames; no attack is needed.

How scores vary before one camera is learned over many cameras and worth `FRAMES_WORTH` frames;
the camera's own frames, each person left out in turn, move it from there. The threshold is a
prediction bound: below it a new bona fide presentation of this camera falls with the stated
probability (mean - t sd sqrt(1 + 1/n)).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facepad.calibration.anchor import DISTANCE_WEIGHT, Anchor, Vector
from facepad.calibration.prior import Spread
from facepad.errors import InputError

FEWEST = 3  # frames; below it there is no deviation to speak of
ENOUGH = 5  # frames; below it the threshold is unsure and the card says so
# Frames that the spreads of other cameras are worth. Chosen among 4, 8, 12 and 20 on two
# people of NUAA against seven others and on simulated cameras, none of which judged it.
FRAMES_WORTH = 12
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


def fit(frames: Sequence[Observed], target_bpcer: float, spread: Spread) -> Anchor:
    """The anchor of a camera.

    Args:
        frames: Bona fide frames of it, at least three; better ten of several people.
        target_bpcer: Share of bona fide presentations that may fall below the threshold.
        spread: How faces vary before other cameras.

    Raises:
        InputError: Too few frames, or a target outside (0, 0.5].
    """
    count = len(frames)
    if count < FEWEST:
        raise InputError(f"a calibration needs at least {FEWEST} frames, got {count}")
    if not 0.0 < target_bpcer <= 0.5:
        raise InputError(f"the target BPCER lies in (0, 0.5], got {target_bpcer!r}")
    logits, distances = apart(frames)
    logit = shrunk(float(logits.std(ddof=1)), spread.logit, count)
    distance = _leaning(float(distances.mean()), spread.distance, count)
    distance_scale = shrunk(float(distances.std(ddof=1)), spread.distance_scale, count)
    anchored = logits / logit - DISTANCE_WEIGHT * (distances - distance) / distance_scale
    bare = centred(np.stack([frame.features for frame in frames]))
    return Anchor(
        bare.centre,
        bare.scale,
        float(np.mean([frame.raw for frame in frames])),
        logit * float(np.sqrt(1.0 + 1.0 / count)),
        distance,
        distance_scale,
        bound(anchored, target_bpcer, spread.score),
        spread.slope,
        spread.bias,
    )


def apart(frames: Sequence[Observed]) -> tuple[Vector, Vector]:
    """How far each frame lies from those of other people, in logits and in features.

    Returns:
        Differences of logits to the others' mean, as of a mean that is known; distances.
    """
    features = np.stack([frame.features for frame in frames])
    raw = np.array([frame.raw for frame in frames])
    logits, distances = [], []
    for index in range(len(frames)):
        rest = _others(frames, index)
        known = np.sqrt(1.0 + 1.0 / len(rest))
        logits.append((raw[index] - raw[rest].mean()) / known)
        distances.append(centred(features[rest]).distance_to(features[index]))
    return np.array(logits), np.array(distances)


def centred(features: Vector) -> Anchor:
    """Centre and scale of features; nothing else of it is used."""
    scale = _TRAINING_SHARE + (1.0 - _TRAINING_SHARE) * features.std(axis=0)
    return Anchor(features.mean(axis=0), scale, 0.0, 1.0, 0.0, 1.0, 0.0)


def shrunk(own: float, usual: float, count: int) -> float:
    """A deviation of few frames, drawn towards that of other cameras.

    The mean of the scaled inverse chi-squared posterior's variance parameter.

    Reference:
        Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, section 2.6.
    """
    total = FRAMES_WORTH * usual**2 + (count - 1) * own**2
    return float(np.sqrt(total / (FRAMES_WORTH + count - 1)))


def bound(scores: Vector, share: float, usual: float) -> float:
    """Below it a further score falls with this probability, by Student's t.

    Args:
        scores: Anchored scores of the frames.
        share: Probability.
        usual: Their deviation before other cameras, whose mean is 0.

    Reference:
        Hahn, Meeker (1991), Statistical Intervals, prediction for one future observation;
        mean and deviation drawn towards those of other cameras.
    """
    centre = _leaning(float(scores.mean()), 0.0, len(scores))
    deviation = shrunk(float(scores.std(ddof=1)), usual, len(scores))
    return centre - _reach(len(scores), share) * deviation


def _reach(count: int, share: float) -> float:
    """Deviations between mean and bound."""
    from scipy.stats import t

    known = FRAMES_WORTH + count
    return float(t.ppf(1.0 - share, known - 1)) * float(np.sqrt(1.0 + 1.0 / known))


def expected(count: int, target_bpcer: float) -> tuple[float, float]:
    """Between which BPCER nine of ten cameras end that are calibrated from so many frames.

    By 4,000 made-up cameras with normal scores, always the same ones, whose deviations vary as
    the weight of other cameras says: the threshold is right on average, but few frames tell a
    camera's mean and deviation badly.
    """
    from scipy.stats import norm

    rng = np.random.default_rng(0)
    spreads = np.sqrt(FRAMES_WORTH / rng.chisquare(FRAMES_WORTH, _CAMERAS))
    centres = spreads * rng.normal(size=_CAMERAS) / np.sqrt(FRAMES_WORTH)
    draws = centres[:, None] + spreads[:, None] * rng.normal(size=(_CAMERAS, count))
    reach = _reach(count, target_bpcer)
    bounds = [
        _leaning(float(mean), 0.0, count) - reach * shrunk(float(deviation), 1.0, count)
        for mean, deviation in zip(draws.mean(axis=1), draws.std(axis=1, ddof=1), strict=True)
    ]
    below = norm.cdf((np.array(bounds) - centres) / spreads)
    low, high = np.quantile(below, (0.05, 0.95)).tolist()
    return float(low), float(high)


def _leaning(own: float, usual: float, count: int) -> float:
    return (FRAMES_WORTH * usual + count * own) / (FRAMES_WORTH + count)


def _others(frames: Sequence[Observed], index: int) -> list[int]:
    """Frames of other people; with one person alone, the other frames."""
    people = {frame.person for frame in frames}
    own = frames[index].person
    if len(people) > 1:
        return [i for i, frame in enumerate(frames) if frame.person != own]
    return [i for i in range(len(frames)) if i != index]
