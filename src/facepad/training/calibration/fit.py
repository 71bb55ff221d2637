"""Fit a camera's calibration from a few bona fide frames; no attacks are needed.

How scores vary in front of one camera is known from a prior over many cameras, which counts as
`PRIOR_FRAMES` frames. The camera's own frames, with each person left out in turn, update it. The
threshold is a prediction bound (mean - t sd sqrt(1 + 1/n)): a new bona fide presentation of this
camera scores below it with the target probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facepad.calibration.anchor import DISTANCE_WEIGHT, Anchor, Vector
from facepad.calibration.prior import ViewPrior
from facepad.errors import InputError
from facepad.types import Observation

FEWEST = 3  # frames; fewer have no meaningful deviation
ENOUGH = 5  # frames; below it the threshold is uncertain and the card says so
# Frames that the prior counts as. Selected among 4, 8, 12 and 20 on two people of NUAA against
# seven others and on simulated cameras, all of them outside the test sets.
PRIOR_FRAMES = 12
# What a good calibration has at least, and at most.
GOOD_FRAMES, GOOD_PEOPLE = 10, 2
GOOD_BPCER = 3.0  # upper end of the expected range over the target
GOOD_ATTACKS, WEAK_ATTACKS = 0.15, 0.4  # accepted share of the attacks simulated from the frames
_CAMERAS = 4_000  # made-up ones, see `expected_bpcer_range`
_TRAINING_SHARE = 0.5  # of the features' scale; the rest is the camera's own


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationFrame:
    """One bona fide frame of a camera, as a test observes it.

    Attributes:
        raw: Raw logit.
        features: Standardised features, shape (F,).
        person: Name of the person; "" when unknown.
    """

    raw: float
    features: Vector
    person: str = ""

    @classmethod
    def of(cls, observation: Observation, person: str = "") -> "CalibrationFrame":
        """Return an observation as a frame of a person."""
        return cls(observation.raw, observation.features, person)


@dataclass(frozen=True, slots=True)
class CalibrationGrade:
    """How far a calibration can be relied on.

    Attributes:
        word: "good", "fair" or "weak".
        reason: Why, a few words.
    """

    word: str
    reason: str

    def __str__(self) -> str:
        return f"{self.word}: {self.reason}"


def fit(frames: Sequence[CalibrationFrame], target_bpcer: float, prior: ViewPrior) -> Anchor:
    """Fit the anchor of a camera.

    Args:
        frames: Bona fide frames of the camera, at least three; better ten of several people.
        target_bpcer: Target share of bona fide presentations below the threshold.
        prior: How faces vary in front of other cameras.

    Raises:
        InputError: Too few frames, or a target outside (0, 0.5].
    """
    count = len(frames)
    if count < FEWEST:
        raise InputError(f"a calibration needs at least {FEWEST} frames, got {count}")
    if not 0.0 < target_bpcer <= 0.5:
        raise InputError(f"the target BPCER lies in (0, 0.5], got {target_bpcer!r}")
    logits, distances = leave_one_person_out(frames)
    logit = shrink_deviation(float(logits.std(ddof=1)), prior.logit, count)
    distance = _shrink_mean(float(distances.mean()), prior.distance, count)
    distance_scale = shrink_deviation(float(distances.std(ddof=1)), prior.distance_scale, count)
    anchored = logits / logit - DISTANCE_WEIGHT * (distances - distance) / distance_scale
    bare = feature_anchor(np.stack([frame.features for frame in frames]))
    return Anchor(
        bare.centre,
        bare.scale,
        float(np.mean([frame.raw for frame in frames])),
        logit * float(np.sqrt(1.0 + 1.0 / count)),
        distance,
        distance_scale,
        prediction_bound(anchored, target_bpcer, prior.score),
        prior.slope,
        prior.bias,
    )


def leave_one_person_out(frames: Sequence[CalibrationFrame]) -> tuple[Vector, Vector]:
    """Return how far each frame is from those of other people, in logits and in features.

    Returns:
        Logits minus the mean of the others, corrected for the error of that mean; distances.
    """
    features = np.stack([frame.features for frame in frames])
    raw = np.array([frame.raw for frame in frames])
    logits, distances = [], []
    for index in range(len(frames)):
        rest = _others(frames, index)
        known = np.sqrt(1.0 + 1.0 / len(rest))
        logits.append((raw[index] - raw[rest].mean()) / known)
        distances.append(feature_anchor(features[rest]).distance_to(features[index]))
    return np.array(logits), np.array(distances)


def feature_anchor(features: Vector) -> Anchor:
    """Return an anchor with centre and scale of features only."""
    scale = _TRAINING_SHARE + (1.0 - _TRAINING_SHARE) * features.std(axis=0)
    return Anchor(features.mean(axis=0), scale, 0.0, 1.0, 0.0, 1.0, 0.0)


def shrink_deviation(own: float, usual: float, count: int) -> float:
    """Return a deviation of few frames, shrunk towards that of other cameras.

    The mean of the scaled inverse chi-squared posterior's variance parameter.

    Reference:
        Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, section 2.6.
    """
    total = PRIOR_FRAMES * usual**2 + (count - 1) * own**2
    return float(np.sqrt(total / (PRIOR_FRAMES + count - 1)))


def prediction_bound(scores: Vector, share: float, usual: float) -> float:
    """Return the bound below which a further score falls with a probability, by Student's t.

    Args:
        scores: Anchored scores of the frames.
        share: The probability.
        usual: Deviation of such scores for other cameras, whose mean is 0.

    Reference:
        Hahn, Meeker (1991), Statistical Intervals, prediction for one future observation;
        mean and deviation are shrunk towards those of other cameras.
    """
    centre = _shrink_mean(float(scores.mean()), 0.0, len(scores))
    deviation = shrink_deviation(float(scores.std(ddof=1)), usual, len(scores))
    return centre - _t_multiplier(len(scores), share) * deviation


def _t_multiplier(count: int, share: float) -> float:
    """Return the number of deviations between mean and bound."""
    from scipy.stats import t

    known = PRIOR_FRAMES + count
    return float(t.ppf(1.0 - share, known - 1)) * float(np.sqrt(1.0 + 1.0 / known))


def expected_bpcer_range(count: int, target_bpcer: float) -> tuple[float, float]:
    """Return the range of the BPCER of nine of ten cameras, by number of frames.

    From 4,000 made-up cameras with normal scores and a fixed seed, whose deviations vary as the
    weight of the prior implies: the threshold is right on average, but a camera's mean and
    deviation are estimated badly from few frames.
    """
    from scipy.stats import norm

    rng = np.random.default_rng(0)
    deviations = np.sqrt(PRIOR_FRAMES / rng.chisquare(PRIOR_FRAMES, _CAMERAS))
    centres = deviations * rng.normal(size=_CAMERAS) / np.sqrt(PRIOR_FRAMES)
    draws = centres[:, None] + deviations[:, None] * rng.normal(size=(_CAMERAS, count))
    multiplier = _t_multiplier(count, target_bpcer)
    bounds = [
        _shrink_mean(float(mean), 0.0, count)
        - multiplier * shrink_deviation(float(deviation), 1.0, count)
        for mean, deviation in zip(draws.mean(axis=1), draws.std(axis=1, ddof=1), strict=True)
    ]
    below = norm.cdf((np.array(bounds) - centres) / deviations)
    low, high = np.quantile(below, (0.05, 0.95)).tolist()
    return float(low), float(high)


def grade(
    frames: int, people: int, target_bpcer: float, accepted: float | None
) -> CalibrationGrade:
    """Grade a calibration by what its card measures.

    Weak: fewer than `ENOUGH` frames, or more than `WEAK_ATTACKS` of the simulated attacks are
    accepted. Good: everything that the constants ``GOOD_...`` demand. Fair: all others.

    Args:
        frames: Number of different frames.
        people: Number of people in them.
        target_bpcer: Target share of bona fide presentations that are rejected.
        accepted: Accepted share of the attacks simulated from the frames; None if there were none.
    """
    if frames < ENOUGH:
        return CalibrationGrade("weak", f"{frames} frames only, take {GOOD_FRAMES} to 20")
    if accepted is not None and accepted > WEAK_ATTACKS:
        return CalibrationGrade("weak", f"accepts {100 * accepted:.0f} % of the simulated attacks")
    if frames < GOOD_FRAMES:
        return CalibrationGrade("fair", f"{frames} frames, take {GOOD_FRAMES} to 20")
    if people < GOOD_PEOPLE:
        return CalibrationGrade("fair", "one person only, take several with a subfolder each")
    if accepted is None:
        return CalibrationGrade("fair", "no attacks were simulated")
    if accepted > GOOD_ATTACKS:
        return CalibrationGrade("fair", f"accepts {100 * accepted:.0f} % of the simulated attacks")
    if (high := expected_bpcer_range(frames, target_bpcer)[1]) > GOOD_BPCER * target_bpcer:
        return CalibrationGrade("fair", f"the BPCER may reach {100 * high:.0f} %, take more frames")
    words = f"{frames} frames of {people} people, accepts {100 * accepted:.0f} %"
    return CalibrationGrade("good", f"{words} of the simulated attacks")


def _shrink_mean(own: float, usual: float, count: int) -> float:
    return (PRIOR_FRAMES * usual + count * own) / (PRIOR_FRAMES + count)


def _others(frames: Sequence[CalibrationFrame], index: int) -> list[int]:
    """Return the frames of other people; for one person alone, the other frames."""
    people = {frame.person for frame in frames}
    own = frames[index].person
    if len(people) > 1:
        return [i for i, frame in enumerate(frames) if frame.person != own]
    return [i for i in range(len(frames)) if i != index]
