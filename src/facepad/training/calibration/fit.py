"""Fit a camera's calibration from a few bona fide frames; no attacks are needed.

How scores vary in front of one camera is known from a prior over many cameras, which counts as
some frames more (`ViewPrior.worth`). The camera's own frames, with each person left out in turn
(each frame where there is one person), update it; frames of several people count once for each
person. A threshold is a prediction bound (mean - t sd sqrt(1 + 1/n)): a new bona fide presentation
of this camera scores below it with the target probability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.calibration.anchor import ACCUSED, TARGETS, USUAL, Anchor, MemberAnchor
from facepad.calibration.prior import PRIOR_FRAMES, ViewPrior
from facepad.errors import InputError
from facepad.types import Observation

FEWEST = 3  # frames; fewer have no meaningful deviation
ENOUGH = 5  # frames; below it the threshold is uncertain and the card says so
FEWEST_ALONE = 10  # where no prior over cameras counts beside them
_LEAST_DEVIATION = 1e-9  # frames that are all alike, without a prior
_CAMERAS = 4_000  # made-up ones, see `expected_bpcer_range`
_PRIOR_SHARE = 0.5  # of the features' scale; the rest is the camera's own

Vector = NDArray[np.float64]
Features = Sequence[NDArray[np.float32]]  # of each member, shape (N, F)


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationFrame:
    """One bona fide frame of a camera.

    Attributes:
        observation: What the test measures.
        person: Name of the person; "" when unknown.
    """

    observation: Observation
    person: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MemberTable:
    """What the members of a test measure on N pictures.

    Attributes:
        names: Names of the M members.
        logits: Raw logits, shape (N, M).
        features: Standardised features of each member, each of shape (N, F).
        groups: Group of each member, see `facepad.types.MemberReading`.
        decides: Whether the test's own decision rests on the member.
    """

    names: tuple[str, ...]
    logits: Vector
    features: Features
    groups: tuple[str, ...]
    decides: tuple[bool, ...]

    @classmethod
    def of(cls, observations: Sequence[Observation]) -> "MemberTable":
        """Return observations, at least one, with the members of the first in its order."""
        names = tuple(observations[0].members)
        logits = [[each.members[name].logit for name in names] for each in observations]
        features = [
            np.stack([np.asarray(o.members[name].features, np.float32) for o in observations])
            for name in names
        ]
        first = observations[0].members.values()
        groups = tuple(one.group or name for name, one in observations[0].members.items())
        decides = tuple(one.decides for one in first)
        return cls(names, np.array(logits, np.float64), features, groups, decides)

    def rows(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> "MemberTable":
        """Return some of the pictures."""
        features = [one[chosen] for one in self.features]
        return replace(self, logits=self.logits[chosen], features=features)


@dataclass(frozen=True, slots=True, eq=False)
class Deviations:
    """How far pictures are from frames, before and after division by deviations.

    Attributes:
        logits: Raw logits minus the mean of the frames, shape (N, M).
        distances: Distances of the features to the frames, shape (N, M).
        count: Number of people in the frames that were left out; of frames where these show one
            person, or where other pictures are compared with them.
    """

    logits: Vector
    distances: Vector
    count: int

    def standardised(self, unit: "Unit") -> Vector:
        """Return logits and negative distances in deviations, shape (N, 2 M)."""
        distances = (self.distances - unit.distance) / unit.distance_scale
        return np.concatenate([self.logits / unit.logit, -distances], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """What logits and distances are divided by.

    Attributes:
        logit: Deviation of each member's logit, shape (M,).
        distance: Mean of each member's distance, shape (M,).
        distance_scale: Its deviation, shape (M,).
    """

    logit: Vector
    distance: Vector
    distance_scale: Vector

    @classmethod
    def of(cls, prior: ViewPrior) -> "Unit":
        """Return those of other cameras."""
        members = prior.members.values()
        return cls(
            np.array([member.logit for member in members]),
            np.array([member.distance for member in members]),
            np.array([member.distance_scale for member in members]),
        )

    def shrunk(self, own: Deviations, worth: int = PRIOR_FRAMES) -> "Unit":
        """Return those of a camera, from its frames left out in turn, shrunk towards these."""
        count, distances = own.count, own.distances
        return Unit(
            shrink_deviation(own.logits.std(axis=0, ddof=1), self.logit, count, worth),
            shrink_mean(distances.mean(axis=0), self.distance, count, worth),
            shrink_deviation(distances.std(axis=0, ddof=1), self.distance_scale, count, worth),
        )


def fit(
    frames: Sequence[CalibrationFrame],
    prior: ViewPrior,
    targets: Mapping[str, float] = TARGETS,
) -> Anchor:
    """Fit the anchor of a camera.

    Args:
        frames: Bona fide frames of the camera, at least three; better ten of several people.
        prior: How faces vary in front of other cameras.
        targets: Target share of bona fide presentations below the threshold, by name of the
            operating point.

    Raises:
        InputError: Too few frames, a target outside (0, 0.5], or members that the prior lacks.
    """
    count = len(frames)
    if count < FEWEST:
        raise InputError(f"a calibration needs at least {FEWEST} frames, got {count}")
    for target in targets.values():
        if not 0.0 < target <= 0.5:
            raise InputError(f"the target BPCER lies in (0, 0.5], got {target!r}")
    table = MemberTable.of([_ordered(frame.observation, prior) for frame in frames])
    spreads = [member.spread for member in prior.members.values()]
    own = leave_one_out(table, spreads, [frame.person for frame in frames])
    unit = Unit.of(prior).shrunk(own, prior.worth)
    weights = np.array(
        [
            *(member.logit_weight for member in prior.members.values()),
            *(member.distance_weight for member in prior.members.values()),
        ]
    )
    scores = own.standardised(unit) @ weights
    centres, scales = centres_and_scales(table.features, spreads)
    known = np.sqrt(1.0 + 1.0 / count)  # the error of the mean
    members = {
        name: MemberAnchor(
            centre=centres[place],
            scale=scales[place],
            logit=float(table.logits[:, place].mean()),
            logit_scale=float(unit.logit[place] * known),
            distance=float(unit.distance[place] * known),
            distance_scale=float(unit.distance_scale[place] * known),
            logit_weight=member.logit_weight,
            distance_weight=member.distance_weight,
        )
        for place, (name, member) in enumerate(prior.members.items())
    }
    bounds = {
        name: prediction_bound(scores, share, prior.score, own.count, prior.worth)
        for name, share in targets.items()
    }
    accused = prediction_bound(scores, ACCUSED, prior.score, own.count, prior.worth)
    return Anchor(members, bounds, prior.slope, prior.bias, accused)


def targets_with(target_bpcer: float | None) -> Mapping[str, float]:
    """Return the targets of the operating points, with another one for the usual point."""
    return TARGETS if target_bpcer is None else {**TARGETS, USUAL: target_bpcer}


def _ordered(observation: Observation, prior: ViewPrior) -> Observation:
    """Return an observation with exactly the members of a prior, in its order."""
    members = observation.members
    if unknown := set(members) ^ set(prior.members):
        raise InputError(
            f"the prior over cameras is of other members: {', '.join(sorted(unknown))}"
        )
    return Observation({name: members[name] for name in prior.members})


def leave_one_out(table: MemberTable, spreads: Features, people: Sequence[str]) -> Deviations:
    """Return how far each frame is from those of other people; of one person, from the others.

    Args:
        table: What was measured on the frames.
        spreads: Spread of each member's features in front of other cameras, each of shape (F,).
        people: The person in each frame.

    Returns:
        Logits minus the mean of the others, and distances to them; both corrected for the error
        of that mean.
    """
    share = _shares_of_others(people)
    count = (share > 0.0).sum(axis=1, keepdims=True)
    known = np.sqrt(1.0 + 1.0 / count)
    logits = (table.logits - share @ table.logits) / known
    distances = np.empty_like(table.logits)
    for place, (features, spread) in enumerate(zip(table.features, spreads, strict=True)):
        moved = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
        centres = share @ moved
        variances = np.maximum(share @ moved**2 - centres**2, 0.0)
        scales = _scale(variances, count, spread)
        distances[:, place] = _root_mean_square((moved - centres) / scales)
    return Deviations(logits, distances / known, counted(people))


def counted(people: Sequence[str]) -> int:
    """Return how many frames those of these people count as: frames of one person are alike.

    Args:
        people: The person in each frame.

    Returns:
        The number of people; of frames where these show one person, or nobody is named.
    """
    known = len(set(people))
    return known if known > 1 else len(people)


def deviations_from(frames: MemberTable, others: MemberTable, spreads: Features) -> Deviations:
    """Return how far other pictures are from frames of their camera.

    Args:
        frames: What was measured on the frames.
        others: What was measured on the other pictures.
        spreads: As `leave_one_out`.

    Returns:
        Logits minus the mean of the frames, and distances to them; both corrected for the error
        of that mean.
    """
    known = np.sqrt(1.0 + 1.0 / len(frames.logits))
    logits = (others.logits - frames.logits.mean(axis=0)) / known
    centres, scales = centres_and_scales(frames.features, spreads)
    distances = np.empty_like(logits)
    for place, features in enumerate(others.features):
        distances[:, place] = _root_mean_square((features - centres[place]) / scales[place])
    return Deviations(logits, distances / known, len(frames.logits))


def _root_mean_square(units: NDArray[np.floating[Any]]) -> Vector:
    """Return that of each row; 0 without columns."""
    columns = max(units.shape[1], 1)
    return np.asarray(np.sqrt(np.einsum("nf,nf->n", units, units) / columns), np.float64)


def centres_and_scales(features: Features, spreads: Features) -> tuple[Features, Features]:
    """Return mean and scale of each member's features over frames, each of shape (F,)."""
    centres = [one.mean(axis=0, dtype=np.float64).astype(np.float32) for one in features]
    scales = [
        _scale(one.var(axis=0, dtype=np.float64), len(one), spread).astype(np.float32)
        for one, spread in zip(features, spreads, strict=True)
    ]
    return centres, scales


def _scale(variance: Vector, count: int | Vector, spread: NDArray[np.float32]) -> Vector:
    """Return scales from the variance over so many frames, free of its bias where these are few."""
    own = np.sqrt(variance * count / np.maximum(count - 1, 1))
    return _PRIOR_SHARE * spread.astype(np.float64) + (1.0 - _PRIOR_SHARE) * own


def _shares_of_others(people: Sequence[str]) -> Vector:
    """Return the weight of each frame in the mean for each other one, shape (N, N)."""
    own = np.array(people)
    others = own[:, None] != own[None, :]
    if not others.any():
        others = ~np.eye(len(own), dtype=bool)
    share: Vector = others / others.sum(axis=1, keepdims=True)
    return share


def shrink_deviation(own: Vector, usual: Vector, count: int, worth: int = PRIOR_FRAMES) -> Vector:
    """Return deviations of few frames, shrunk towards those of other cameras.

    The mean of the scaled inverse chi-squared posterior's variance parameter.

    Args:
        own: Deviations over the frames, of any shape.
        usual: Deviations in front of other cameras, of the same shape.
        count: Number of frames.
        worth: Frames that the other cameras count as.

    Reference:
        Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, section 2.6.
    """
    total = worth * np.square(usual) + (count - 1) * np.square(own)
    shrunk: Vector = np.maximum(np.sqrt(total / (worth + count - 1)), _LEAST_DEVIATION)
    return shrunk


def shrink_mean(own: Vector, usual: Vector, count: int, worth: int = PRIOR_FRAMES) -> Vector:
    """Return means of few frames, shrunk towards those of other cameras; arguments as above."""
    shrunk: Vector = (worth * usual + count * own) / (worth + count)
    return shrunk


def prediction_bound(
    scores: Vector,
    share: float,
    usual: float,
    count: int | None = None,
    worth: int = PRIOR_FRAMES,
) -> float:
    """Return the bound below which a further score falls with a probability, by Student's t.

    Args:
        scores: Anchored scores of the frames.
        share: The probability.
        usual: Deviation of such scores for other cameras, whose mean is 0.
        count: Number of independent frames, see `counted`; None for that of the scores.
        worth: Frames that the other cameras count as.

    Reference:
        Hahn, Meeker (1991), Statistical Intervals, prediction for one future observation;
        mean and deviation are shrunk towards those of other cameras.
    """
    count = len(scores) if count is None else count
    centre = shrink_mean(scores.mean(), np.zeros(()), count, worth)
    deviation = shrink_deviation(scores.std(ddof=1), np.asarray(usual), count, worth)
    return float(centre - _t_multiplier(worth + count, share) * deviation)


def _t_multiplier(known: int, share: float) -> float:
    """Return the number of deviations between mean and bound."""
    from scipy.special import stdtrit  # many times faster than scipy.stats.t.ppf

    return float(stdtrit(known - 1, 1.0 - share)) * float(np.sqrt(1.0 + 1.0 / known))


def expected_bpcer_range(
    count: int, target_bpcer: float, worth: int = PRIOR_FRAMES
) -> tuple[float, float]:
    """Return the range of the BPCER of nine of ten cameras, by number of frames.

    From 4,000 made-up cameras with normal scores and a fixed seed, whose deviations vary as the
    weight of the prior implies: the threshold is right on average, but a camera's mean and
    deviation are estimated badly from few frames.

    Args:
        count: Number of frames, see `counted`.
        target_bpcer: Target of the operating point.
        worth: Frames that other cameras count as.
    """
    from scipy.special import ndtr  # scipy.stats is slow to import

    rng = np.random.default_rng(0)
    deviations, centres = np.ones(_CAMERAS), np.zeros(_CAMERAS)
    if worth:  # without a prior the bound moves with the camera, whatever its scores are
        deviations = np.sqrt(worth / rng.chisquare(worth, _CAMERAS))
        centres = deviations * rng.normal(size=_CAMERAS) / np.sqrt(worth)
    draws = centres[:, None] + deviations[:, None] * rng.normal(size=(_CAMERAS, count))
    means = shrink_mean(draws.mean(axis=1), np.zeros(()), count, worth)
    spreads = shrink_deviation(draws.std(axis=1, ddof=1), np.ones(()), count, worth)
    bounds = means - _t_multiplier(worth + count, target_bpcer) * spreads
    below = ndtr((bounds - centres) / deviations)
    low, high = np.quantile(below, (0.05, 0.95)).tolist()
    return float(low), float(high)
