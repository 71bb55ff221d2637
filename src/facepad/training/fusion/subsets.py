"""What every subset of the tests of a fusion is worth, on people who were held out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.evaluation.ranking import auc
from facepad.training.fusion.fit import FusionRows, Vector, combinations_of, held_out
from facepad.training.scaling import Mask

LEVEL = 0.9  # of intervals
_REPEATS = 500  # of the bootstrap


@dataclass(frozen=True, slots=True)
class SubsetResult:
    """What some of the tests are worth together, on people who were held out.

    Attributes:
        tests: Names of the tests.
        auc: Area under the ROC curve.
        difference: AUC less that of the best single test.
        low: Lower end of a paired interval of 90 % over people.
        high: Upper end.
    """

    tests: tuple[str, ...]
    auc: float
    difference: float
    low: float
    high: float


def subsets(rows: FusionRows) -> tuple[SubsetResult, ...]:
    """Return what every subset of the tests is worth, single tests first.

    Compared on the presentations that each single test has a score of. With more than six tests:
    single tests, all, and all but one.
    """
    count, chosen = len(rows.tests), combinations_of(rows.tests)
    rows = rows.part(np.asarray(np.isfinite(rows.ratios).all(axis=1), np.bool_))
    if len(set(rows.labels.tolist())) < 2:
        return ()
    raws = {some: held_out(rows, some) for some in chosen}
    best = max(chosen[:count], key=lambda some: auc(rows.labels, raws[some]))
    draws = list(_redrawn(rows.people))
    found = []
    for some in chosen:
        each = [_difference(rows.labels[at], raws[some][at], raws[best][at]) for at in draws]
        low, high = np.nanquantile(each, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        own = auc(rows.labels, raws[some])
        difference = own - auc(rows.labels, raws[best])
        found.append(SubsetResult(some, own, difference, float(low), float(high)))
    return tuple(found)


def _redrawn(people: NDArray[np.str_]) -> list[NDArray[np.intp]]:
    """Return rows of people who are drawn anew, many times."""
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(people == name) for name in np.unique(people)]
    return [
        np.concatenate([groups[at] for at in rng.integers(len(groups), size=len(groups))])
        for _ in range(_REPEATS)
    ]


def _difference(labels: Mask, first: Vector, second: Vector) -> float:
    if labels.all() or not labels.any():
        return float("nan")
    return auc(labels, first) - auc(labels, second)
