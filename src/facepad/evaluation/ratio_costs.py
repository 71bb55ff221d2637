"""Quality of scores as log-likelihood ratios: Cllr, its minimum, and reliability.

A score is taken as the probability of bona fide at a prior of 1/2, so that its logit is the
log-likelihood ratio. Cllr is the mean cost of these ratios over all operating points, in bits:
0 for perfect ratios, 1 for ratios that are all 1. Its minimum is what remains after the best
monotone rescaling of the very same scores; the rest of Cllr is the cost of the scaling.

References:
    Brümmer, du Preez (2006), doi:10.1016/j.csl.2005.08.001 (Cllr and its minimum by PAV);
    DeGroot, Fienberg (1983), doi:10.2307/2987588 (reliability diagrams).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facepad.evaluation.intervals import (
    LEVEL,
    REPEATS,
    Interval,
    clopper_pearson,
    draws,
    percentiles,
)
from facepad.evaluation.ranking import require_both_classes
from facepad.evaluation.table import Codes, Flags, Floats, ScoreTable
from facepad.scores import LOGIT_LIMIT, sigmoid

LEAST = sigmoid(-LOGIT_LIMIT)  # probabilities are clamped as `facepad.scores.logit` clamps ratios
BINS = 10  # of equal width; neighbours with few presentations are joined
FEWEST = 20  # presentations in a bin of the reliability diagram


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Presentations with nearly the same predicted probability.

    Attributes:
        predicted: Mean predicted probability of bona fide; both classes weigh alike.
        observed: Share of bona fide; both classes weigh alike.
        interval: Interval of ``observed``, over subjects.
        presentations: Number of presentations.
    """

    predicted: float
    observed: float
    interval: Interval
    presentations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioQuality:
    """Cost of the scores of one system as log-likelihood ratios, and their reliability.

    Attributes:
        cllr: Cost in bits; 0 is perfect, 1 that of scores without information.
        cllr_min: Cost after the best monotone rescaling, in [0, 1]; at most ``cllr``.
        cllr_interval: Interval of ``cllr``.
        cllr_min_interval: Interval of ``cllr_min``.
        bins: Reliability, by rising predicted probability.
        presentations: Number of presentations with a score; the others are left out.
    """

    cllr: float
    cllr_min: float
    cllr_interval: Interval
    cllr_min_interval: Interval
    bins: tuple[ReliabilityBin, ...]
    presentations: int


def ratio_quality(
    table: ScoreTable, *, level: float = LEVEL, repeats: int = REPEATS, seed: int = 0
) -> RatioQuality:
    """Return Cllr, its minimum and the reliability of scores, with intervals over subjects.

    Args:
        table: Scores that are probabilities of bona fide at a prior of 1/2; rows without a
            score are left out.
        level: Confidence in (0, 1).
        repeats: Number of resamplings.
        seed: Random seed; equal seeds give equal intervals.

    Raises:
        InputError: No bona fide or no attack has a score.
    """
    scored = table.keep(table.answered)
    require_both_classes(scored)
    classes = [_ClassRows.of(scored, rows) for rows in (scored.bona_fide, scored.attack)]
    subjects = min(one.subjects for one in classes)
    nothing = Interval(float("nan"), float("nan"), level, "none", subjects)
    starts = _starts(scored.values)
    if subjects < 2:
        sure, least, within = nothing, nothing, None
    else:
        costs, minima, within = _resampled(scored, classes, starts, repeats, seed)
        sure, least = (percentiles(figures, subjects, level) for figures in (costs, minima))
    return RatioQuality(
        cllr=cllr(scored),
        cllr_min=minimum_cllr(scored),
        cllr_interval=sure,
        cllr_min_interval=least,
        bins=_bins(scored, starts, within, subjects, level),
        presentations=len(scored.values),
    )


def cllr(table: ScoreTable) -> float:
    """Return the cost of log-likelihood ratios in bits, from rows that have a score.

    Args:
        table: Scores are probabilities of bona fide at a prior of 1/2; their logit is clamped
            to ``facepad.scores.LOGIT_LIMIT`` on either side of 0.

    Raises:
        InputError: No bona fide or no attack has a score.
    """
    scored = table.keep(table.answered)
    require_both_classes(scored)
    costs = _costs(scored)
    means = (
        np.average(costs[rows], weights=scored.weights[rows])
        for rows in (scored.bona_fide, scored.attack)
    )
    return float(sum(means)) / 2.0


def minimum_cllr(table: ScoreTable) -> float:
    """Return Cllr after the best monotone rescaling of the same scores (PAV), in [0, 1].

    Raises:
        InputError: No bona fide or no attack has a score.
    """
    scored = table.keep(table.answered)
    require_both_classes(scored)
    _, place = np.unique(scored.values, return_inverse=True)
    genuine, attacks = (
        np.bincount(place, scored.weights * rows).astype(np.float64)
        for rows in (scored.bona_fide, scored.attack)
    )
    return _minimum(genuine, attacks)


@dataclass(frozen=True, slots=True, eq=False)
class _ClassRows:
    """The rows of one class with a number for each of its people."""

    rows: Flags
    person: Codes
    subjects: int

    @classmethod
    def of(cls, scored: ScoreTable, rows: Flags) -> "_ClassRows":
        names, person = np.unique(scored.people[rows], return_inverse=True)
        return cls(rows, person, len(names))


def _costs(scored: ScoreTable) -> Floats:
    """Cost of each row in bits: minus the logarithm of the probability of its own class."""
    own = np.where(scored.bona_fide, scored.values, 1.0 - scored.values)
    costs: Floats = -np.log2(np.clip(own, LEAST, 1.0 - LEAST))
    return costs


def _minimum(genuine: Floats, attacks: Floats) -> float:
    """Cllr at the best monotone probabilities, from weights by rising distinct score."""
    from scipy.optimize import isotonic_regression  # slow to import

    drawn = genuine + attacks > 0.0
    genuine, attacks = genuine[drawn] / genuine.sum(), attacks[drawn] / attacks.sum()
    both = genuine + attacks
    best = isotonic_regression(genuine / both, weights=both).x
    # A share of 0 or 1 holds one class only, whose cost is 0; the other class has no weight.
    bits = [
        weight[weight > 0.0] @ -np.log2(share[weight > 0.0])
        for weight, share in ((genuine, best), (attacks, 1.0 - best))
    ]
    return float(sum(bits)) / 2.0


def _resampled(
    scored: ScoreTable, classes: Sequence[_ClassRows], starts: Floats, repeats: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Cllr and its minimum, each of shape (repeats,), and observed shares (repeats, bins)."""
    distinct, place = np.unique(scored.values, return_inverse=True)
    bins, costs = _bin_of(scored.values, starts), _costs(scored)
    all_costs, minima, shares = [], [], []
    width = max(len(scored.values), *(one.subjects for one in classes))
    drawn_people = (
        draws(one.subjects, repeats, seed=seed + number, width=width)
        for number, one in enumerate(classes)
    )
    for pieces in zip(*drawn_people, strict=True):
        means, masses = [], []
        for drawn, one in zip(pieces, classes, strict=True):
            weights = scored.weights[one.rows]
            whole = drawn @ np.bincount(one.person, weights, minlength=one.subjects)
            spent = np.bincount(one.person, weights * costs[one.rows], minlength=one.subjects)
            means.append((drawn @ spent) / whole)
            cells = one.person * len(starts) + bins[one.rows]
            each = np.bincount(cells, weights, minlength=one.subjects * len(starts))
            masses.append((drawn @ each.reshape(one.subjects, -1)) / whole[:, None])
        all_costs.append((means[0] + means[1]) / 2.0)
        with np.errstate(invalid="ignore"):
            shares.append(masses[0] / (masses[0] + masses[1]))
        for rows in zip(*pieces, strict=True):
            genuine, attacks = (
                np.bincount(
                    place[one.rows],
                    scored.weights[one.rows] * row[one.person],
                    minlength=len(distinct),
                ).astype(np.float64)
                for row, one in zip(rows, classes, strict=True)
            )
            minima.append(_minimum(genuine, attacks))
    return np.concatenate(all_costs), np.array(minima), np.concatenate(shares)


def _starts(values: Floats) -> Floats:
    """Lower ends of bins of equal width, of which neighbours are joined until all are full."""
    counts, edges = np.histogram(values, BINS, (0.0, 1.0))
    starts, held = [0.0], 0
    for count, end in zip(counts, edges[1:], strict=True):
        held += int(count)
        if held >= FEWEST:
            starts.append(float(end))
            held = 0
    return np.array(starts[:-1] or starts)  # what is left joins the last full bin


def _bin_of(values: Floats, starts: Floats) -> Codes:
    return np.searchsorted(starts, values, side="right") - 1


def _bins(
    scored: ScoreTable, starts: Floats, within: Floats | None, subjects: int, level: float
) -> tuple[ReliabilityBin, ...]:
    where, weights = _bin_of(scored.values, starts), scored.weights.copy()
    for rows in (scored.bona_fide, scored.attack):
        weights[rows] /= weights[rows].sum()
    found = []
    for number in range(len(starts)):
        here = where == number
        if not here.any():
            continue
        observed = float(weights[here & scored.bona_fide].sum() / weights[here].sum())
        people = scored.subject_count(here)
        if observed in (0.0, 1.0):  # resampling shows no spread
            low, high = clopper_pearson(int(observed) * people, people, level=level)
            sure = Interval(low, high, level, "exact", people)
        elif within is None:
            sure = Interval(float("nan"), float("nan"), level, "none", subjects)
        else:
            sure = percentiles(within[:, number], subjects, level)
        predicted = float(np.average(scored.values[here], weights=weights[here]))
        found.append(ReliabilityBin(predicted, observed, sure, int(here.sum())))
    return tuple(found)
