"""The table of the choice columns: ranks, outcomes and paired differences of recipes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from choosing.recipes import Judged, subjects
from facepad.evaluation.ranking import auc
from facepad.liveness.face_cnn.heads import BALANCED
from facepad.training.face.heads import select_bounds
from facepad.training.scaling import Bounds

REPLICATES = 200
LEVEL = 0.9  # of intervals
_RNG = 7


@dataclass(frozen=True)
class Outcomes:
    """Shares of a column's pictures by what is said of them at a point, of all presentations.

    Attributes:
        accepted: Living people that are accepted; NaN without any.
        accused: Living people of whom attack is said.
        passed: Attacks that are accepted.
        found: Attacks of which attack is said.
        living: Number of living presentations.
        attacks: Number of attack presentations.
    """

    accepted: float
    accused: float
    passed: float
    found: float
    living: int
    attacks: int

    @property
    def decided(self) -> float:
        """Share of presentations that are decided, both classes alike."""
        return float(np.nanmean([self.accepted + self.accused, self.passed + self.found]))

    @property
    def right(self) -> float:
        """Share of the decided ones that is right, both classes alike."""
        right = float(np.nansum([self.accepted, self.found]))
        return right / max(float(np.nansum([right, self.accused, self.passed])), 1e-9)


def bounds_of(judged: Sequence[Judged]) -> Bounds:
    """Return the operating points that hold at the worst column of prints and screens."""
    return select_bounds([one.column() for one in judged if one.counts])


def outcomes(one: Judged, bounds: Bounds, point: str = BALANCED) -> Outcomes:
    """Return what is said of a column's pictures; without a face none is decided."""
    low, high = bounds[one.column().views][point]
    shares: list[float] = []
    numbers = []
    for kind, lost in zip((True, False), one.missing, strict=True):
        raw = one.raw[one.labelled.bona_fide == kind]
        count = len(raw) + lost
        numbers.append(count)
        above, below = float((raw >= high).sum()), float((raw < low).sum())
        shares += [part / count if count else float("nan") for part in (above, below)]
    accepted, accused, passed, found = shares
    return Outcomes(accepted, accused, passed, found, *numbers)


def mean_auc(judged: Sequence[Judged]) -> float:
    """Return the mean AUC over the columns of both classes that count."""
    return float(np.mean([one.auc for one in judged if one.counts and one.ranks]))


def worst(judged: Sequence[Judged]) -> Judged:
    """Return the column with the least AUC among those that count."""
    return min((one for one in judged if one.counts and one.ranks), key=lambda one: one.auc)


def difference(first: Sequence[Judged], other: Sequence[Judged]) -> tuple[float, float, float]:
    """Return the difference of mean AUC, with a paired interval over the people of the columns."""
    low, high = interval(replicates(first) - replicates(other))
    return mean_auc(first) - mean_auc(other), low, high


def replicates(judged: Sequence[Judged]) -> NDArray[np.float64]:
    """Return mean AUC over people that are drawn anew; the same people for the same columns."""
    columns = [(one, _groups(one)) for one in judged if one.counts and one.ranks]
    rng = np.random.default_rng(_RNG)
    draws = [[_redrawn(one, groups, rng) for one, groups in columns] for _ in range(REPLICATES)]
    return np.asarray(np.nanmean(draws, axis=1), np.float64)


def interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    """Return the interval of `LEVEL` that replicates span."""
    low, high = np.nanquantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _redrawn(one: Judged, groups: Sequence[NDArray[np.intp]], rng: np.random.Generator) -> float:
    """Return an AUC over groups that are drawn anew; NaN without both classes."""
    rows = np.concatenate([groups[at] for at in rng.choice(len(groups), len(groups))])
    labels = one.labelled.bona_fide[rows]
    return float("nan") if labels.all() or not labels.any() else auc(labels, one.raw[rows])


def _groups(one: Judged) -> list[NDArray[np.intp]]:
    """Return the pictures of each person; each picture alone where there are few people."""
    who = subjects(one.labelled.samples)
    names = np.unique(who)
    if len(names) < 4:
        return [np.array([row]) for row in range(len(who))]
    return [np.flatnonzero(who == name) for name in names]


def lines(name: str, judged: Sequence[Judged], bounds: Bounds, point: str) -> list[str]:
    """Return the columns of one recipe, one line each."""
    found = [
        f"{name}: mean AUC {mean_auc(judged):.3f}, worst {worst(judged).auc:.3f} "
        f"({worst(judged).name})",
        f"  {'column':34} {'AUC':>5} | {'accepted':>8} {'accused':>7} | {'passed':>6} {'found':>6}"
        f" | {'decided':>7} {'right':>6}  living, attacks",
    ]
    every = []
    for one in judged:
        row = outcomes(one, bounds, point)
        every.append(row)
        kinds = (row.accepted, row.accused, row.passed, row.found, row.decided, row.right)
        shares = [f"{100 * share:.0f}" for share in kinds]
        found.append(
            f"  {one.name:34} {one.auc:>5.3f} | {shares[0]:>8} {shares[1]:>7} | {shares[2]:>6} "
            f"{shares[3]:>6} | {shares[4]:>7} {shares[5]:>6}  {row.living}, {row.attacks}"
        )
    counted = [row for row, one in zip(every, judged, strict=True) if one.counts]
    found.append(
        f"  mean over columns: accepted {_mean(counted, 'accepted')}, accused "
        f"{_mean(counted, 'accused')}, passed {_mean(counted, 'passed')}, decided "
        f"{_mean(counted, 'decided')}, right of decided {_mean(counted, 'right')} %"
    )
    return found


def _mean(rows: Sequence[Outcomes], name: str) -> str:
    return f"{100 * float(np.nanmean([getattr(row, name) for row in rows])):.1f}"
