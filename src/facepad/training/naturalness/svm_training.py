"""Train support-vector machines with scikit-learn and hand them over as plain arrays.

Class probabilities are made as libsvm makes them: a sigmoid per pair of classes, fitted on
decisions about points that the machine has not seen.

Reference:
    Lin, Lin, Weng, A note on Platt's probabilistic outputs for support vector machines,
    Machine Learning 68, 2007.
"""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.quality.svm import Machine, Vector

_FOLDS = 5
_ITERATIONS = 100
_RIDGE = 1e-12  # keeps the Hessian of the sigmoid's fit invertible
_FLAT = 1e-5  # gradient at which the fit ends
_ENOUGH = 1e-4  # share of the promised decrease that a step must bring
_SHORTEST = 1e-10  # step


def classifier(
    points: Vector,
    kinds: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    cost: float,
    gamma: float,
) -> Machine:
    """C-SVC with radial basis functions and pairwise probabilities.

    Args:
        points: Shape (N, d).
        kinds: Class of each point.
        groups: Points of one group are never split when sigmoids are fitted.
        cost: C, what a point on the wrong side costs.
        gamma: Of the kernel.
    """
    from sklearn.svm import SVC

    machine = SVC(C=cost, gamma=gamma, decision_function_shape="ovo", cache_size=500)
    machine.fit(points, kinds)
    sigmoids = []
    for first, second in combinations(machine.classes_, 2):
        rows = np.isin(kinds, (first, second))
        pair = SVC(C=cost, gamma=gamma, cache_size=500)
        unseen = _unseen(pair, points[rows], kinds[rows] == first, groups[rows])
        sigmoids.append(fit_sigmoid(unseen, kinds[rows] == first))
    return Machine(
        gamma=gamma,
        vectors=machine.support_vectors_,
        coefficients=machine.dual_coef_,
        offsets=-machine.intercept_,
        classes=machine.classes_.astype(np.int64),
        counts=machine.n_support_.astype(np.int64),
        sigmoids=np.array(sigmoids).T,
    )


def regressor(
    points: Vector, targets: Vector, *, cost: float, gamma: float, tolerance: float
) -> Machine:
    """Epsilon-SVR with radial basis functions.

    Args:
        points: Shape (N, d).
        targets: Shape (N,).
        cost: C, what a point outside the tube costs.
        gamma: Of the kernel.
        tolerance: Half width of the tube, in units of the targets.
    """
    from sklearn.svm import SVR

    machine = SVR(C=cost, gamma=gamma, epsilon=tolerance, cache_size=500).fit(points, targets)
    nothing = np.zeros(0, np.int64)
    return Machine(
        gamma=gamma,
        vectors=machine.support_vectors_,
        coefficients=machine.dual_coef_,
        offsets=-machine.intercept_,
        classes=nothing,
        counts=nothing,
        sigmoids=np.zeros(0),
    )


def _unseen(
    pair: Any,  # noqa: ANN401 - a class of scikit-learn, which has no types
    points: Vector,
    is_first: NDArray[np.bool_],
    groups: NDArray[np.int64],
) -> Vector:
    """Decisions about points by machines fitted without the point's group."""
    fold = np.unique(groups, return_inverse=True)[1] % _FOLDS
    decisions = np.zeros(len(points))
    for number in np.unique(fold):
        out = fold == number
        pair.fit(points[~out], is_first[~out])
        decisions[out] = pair.decision_function(points[out])
    return decisions


def fit_sigmoid(decisions: Vector, is_first: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept of the likeliest ``p = 1 / (1 + exp(slope d + intercept))``.

    Args:
        decisions: Shape (N,); positive speaks for the first class.
        is_first: Whether the point is of the first class.
    """
    first, second = np.count_nonzero(is_first), np.count_nonzero(~is_first)
    targets = np.where(is_first, (first + 1) / (first + 2), 1 / (second + 2))
    design = np.stack([decisions, np.ones(len(decisions))])
    found = np.array([0.0, np.log((second + 1) / (first + 1))])
    for _ in range(_ITERATIONS):
        share = 1 / (1 + np.exp(found @ design))
        gradient = design @ (targets - share)
        if np.abs(gradient).max() < _FLAT:
            break
        hessian = (design * share * (1 - share)) @ design.T + _RIDGE * np.eye(2)
        direction = -np.linalg.solve(hessian, gradient)
        found = _step(found, direction, float(gradient @ direction), design, targets)
    return float(found[0]), float(found[1])


def _step(
    start: Vector, direction: Vector, slope: float, design: Vector, targets: Vector
) -> Vector:
    """Go along a direction, half as far each time, until the fit is better."""
    before = _loss(start, design, targets)
    length = 1.0
    while length > _SHORTEST:
        there: Vector = start + length * direction
        if _loss(there, design, targets) < before + _ENOUGH * length * slope:
            return there
        length /= 2
    return start


def _loss(parameters: Vector, design: Vector, targets: Vector) -> float:
    """Negative log likelihood."""
    exponents = parameters @ design
    return float(np.sum(targets * exponents + np.logaddexp(0, -exponents)))
