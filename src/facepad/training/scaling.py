"""Scaling of raw logits to log-likelihood ratios, and operating points from held-out data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError, InputError
from facepad.scores import AffineScaling, sigmoid
from facepad.types import OperatingPoint, Sample

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]

# The rule of `operating_point`, for cards.
THRESHOLD_RULE = "threshold at the least mean half total error rate over the held-out sets"
LEAST_SLOPE = 1e-3  # keeps ranks where held-out sources do not separate the classes
_NO_PENALTY = 1e6  # inverse strength of the penalty on slope and bias
_SAME = 1e-9  # difference of two mean errors that count as equal
_RIDGE = 1e-4  # keeps weights finite where the classes do not overlap
_EXACT = 1e-10  # tolerance of the solver where targets are smoothed


# Where the operating points lie: accepted attacks and accused living people at most, shares of
# the worst column.
ACCEPTED: Mapping[str, float] = MappingProxyType(
    {"convenience": 0.3, "balanced": 0.15, "strict": 0.05}
)
ACCUSED = 0.05
_FEW = 10  # pictures of a class; fewer are no column

# By set of views, then by name: below the first raw logit a picture is an attack, from the
# second on it is bona fide.
Bounds = Mapping[str, Mapping[str, tuple[float, float]]]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Raw logits of one set that took no part in fitting.

    Attributes:
        views: Set of views of its pictures.
        bona_fide: Raw logits of living people, shape (N,).
        attacks: Raw logits of attacks, shape (M,).
    """

    views: str
    bona_fide: Vector
    attacks: Vector


def platt(
    raw: Vector, labels: Mask, weight: Vector | None = None, *, smooth: bool = False
) -> AffineScaling:
    """Fit Platt's affine scaling: raw logits to log-likelihood ratios.

    Args:
        raw: Raw logits of pictures that were not used for fitting, shape (N,).
        labels: True for bona fide, shape (N,).
        weight: Weight of each picture; None for equal weight of both classes.
        smooth: Fit Platt's smoothed targets, (n + 1) / (n + 2), to rows of equal weight; a
            few separable rows then get a finite slope of either sign.

    Reference:
        Platt (1999), Probabilistic outputs for support vector machines; targets and solution
        as in Lin, Lin, Weng (2007), Machine Learning 68.
    """
    from sklearn.linear_model import LogisticRegression

    if smooth:
        return _smooth_platt(raw, labels)
    fitted = LogisticRegression(C=_NO_PENALTY).fit(
        raw[:, None], labels, class_weights(labels) if weight is None else weight
    )
    slope = max(float(fitted.coef_[0, 0]), LEAST_SLOPE)
    return AffineScaling(slope, float(fitted.intercept_[0]))


def nonnegative_weights(
    columns: Vector, labels: Mask, weight: Vector, pull: float
) -> tuple[Vector, float]:
    """Fit logistic regression whose weights are not below 0 and are pulled towards each other.

    Args:
        columns: Values, each higher for bona fide, shape (N, C).
        labels: True for bona fide, shape (N,).
        weight: Weight of each row, shape (N,).
        pull: Penalty on half the squared differences of the weights from their mean, beside the
            mean loss of the rows.

    Returns:
        Weights, shape (C,), at least one above 0, and the intercept.
    """
    from scipy.optimize import minimize

    signs, share = np.where(labels, 1.0, -1.0), weight / weight.sum()
    count = columns.shape[1]

    def loss(found: Vector) -> tuple[float, Vector]:
        margin = signs * (columns @ found[:-1] + found[-1])
        apart = found[:-1] - found[:-1].mean()
        value = share @ np.logaddexp(0.0, -margin) + pull / 2 * apart @ apart
        slope = -share * signs * np.exp(-np.logaddexp(0.0, margin))
        gradient = columns.T @ slope + pull * apart + _RIDGE * found[:-1]
        value += _RIDGE / 2 * found[:-1] @ found[:-1]
        return float(value), np.append(gradient, slope.sum())

    start = np.append(np.full(count, 1.0 / count), 0.0)
    bounds = [(0.0, None)] * count + [(None, None)]
    options = {"maxiter": 1_000, "ftol": 1e-12, "gtol": 1e-8}
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    weights = np.maximum(fitted[:-1], 0.0)
    return (weights if weights.any() else start[:-1]), float(fitted[-1])


def class_weights(labels: Mask) -> Vector:
    """Return weights, 1 on average, that give both classes equal weight."""
    counts = np.where(labels, labels.sum(), (~labels).sum())
    return np.asarray(len(labels) / (2 * counts), np.float64)


def sample_weights(samples: Sequence[Sample], *, by_source: bool = False) -> Vector:
    """Return weights, 1 on average: equal for both classes, and for all species of attacks.

    Args:
        samples: Samples of both classes.
        by_source: Weigh each source (session) of a species by the root of its size, so that a
            large source does not dominate.
    """
    species = np.array([sample.pai_species or "" for sample in samples])
    sources = [sample.session or "" if by_source else "" for sample in samples]
    cells: dict[tuple[str, str], list[int]] = {}
    for row, cell in enumerate(zip(species.tolist(), sources, strict=True)):
        cells.setdefault(cell, []).append(row)
    weight = np.zeros(len(samples))
    for rows in cells.values():
        weight[rows] = 1.0 / np.sqrt(len(rows))
    for name in set(species.tolist()):
        weight[species == name] /= weight[species == name].sum()
    for rows_of in (species == "", species != ""):
        weight[rows_of] /= weight[rows_of].sum() or 1.0
    return np.asarray(weight * len(samples) / 2.0, np.float64)


def operating_point(sets: Sequence[tuple[Sequence[Sample], Vector]], band: float) -> OperatingPoint:
    """Return the threshold with the least half total error rate: the mean over held-out sets.

    The one rule for threshold and band. Each set (a dev part, a source that was held out) has
    equal weight; in a set, classes and species have.

    Args:
        sets: Samples of both classes with their log-likelihood ratios.
        band: Largest mean error rate of each kind outside the uncertain band.

    Raises:
        InputError: A set lacks a class.
    """
    for samples, _ in sets:
        if len({sample.is_bona_fide for sample in samples}) < 2:
            raise InputError("a threshold needs scores of both classes in each held-out set")
    grid = np.unique(np.concatenate([ratios for _, ratios in sets]))
    errors = np.mean([_errors(samples, ratios, grid) for samples, ratios in sets], axis=0)
    bpcer, apcer = errors
    total = bpcer + apcer
    best = np.flatnonzero(total <= total.min() + _SAME)
    threshold = float(grid[best[len(best) // 2]])
    low = float(grid[np.flatnonzero(bpcer <= band)[-1]])
    high = float(grid[np.argmax(apcer <= band)]) if (apcer <= band).any() else float(grid[-1])
    ratios = (min(low, threshold), threshold, max(high, threshold))
    low, threshold, high = (sigmoid(ratio) for ratio in ratios)
    return OperatingPoint("least_mean_error", threshold, low, high)


def _errors(samples: Sequence[Sample], ratios: Vector, grid: Vector) -> Vector:
    """Return BPCER and APCER at every threshold, shape (2, G)."""
    labels = np.array([sample.is_bona_fide for sample in samples])
    weights = sample_weights(samples, by_source=True)
    found = []
    for kind in (True, False):
        rows = labels == kind
        weight = weights[rows]
        order = np.argsort(ratios[rows])
        below = np.concatenate([[0.0], np.cumsum(weight[order])]) / weight.sum()
        share_below = below[np.searchsorted(ratios[rows][order], grid)]
        found.append(share_below if kind else 1.0 - share_below)
    return np.array(found)


def _smooth_platt(raw: Vector, labels: Mask) -> AffineScaling:
    """Fit soft targets: each row stands once for each class, weighted by its target."""
    from sklearn.linear_model import LogisticRegression

    many, few = int(labels.sum()), int((~labels).sum())
    targets = np.where(labels, (many + 1) / (many + 2), 1 / (few + 2))
    rows = np.concatenate([raw, raw])[:, None]
    classes = np.repeat([True, False], len(raw))
    weight = np.concatenate([targets, 1.0 - targets])
    solver = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=_EXACT)
    fitted = solver.fit(rows, classes, weight)
    return AffineScaling(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))


def bounds_at_worst(columns: Sequence[Column], sets: Sequence[str]) -> Bounds:
    """Return the operating points that hold at the worst column of each set of views.

    Above the upper bound at most the named share (`ACCEPTED`) of any column's attacks is
    accepted; below the lower bound at most `ACCUSED` of any column's living people is accused.
    Columns of a class with few pictures do not count. A set of views without a column has the
    bounds of all columns together.

    Args:
        columns: At least one with enough attacks, and one with enough living people.
        sets: Names of the sets of views.

    Raises:
        DatasetError: There is none.
    """
    found = {}
    for views in sets:
        own = [column for column in columns if column.views == views]
        attacks, people = (_enough(own, kind) or _enough(columns, kind) for kind in (False, True))
        if not attacks or not people:
            raise DatasetError(f"operating points need a set with {_FEW} pictures of each class")
        low = min(float(np.quantile(values, ACCUSED)) for values in people)
        high = {
            name: max(float(np.quantile(values, 1.0 - share)) for values in attacks)
            for name, share in ACCEPTED.items()
        }
        found[views] = {name: (min(low, bound), bound) for name, bound in high.items()}
    return found


def _enough(columns: Sequence[Column], bona_fide: bool) -> list[Vector]:
    sides = [column.bona_fide if bona_fide else column.attacks for column in columns]
    return [side for side in sides if len(side) >= _FEW]
