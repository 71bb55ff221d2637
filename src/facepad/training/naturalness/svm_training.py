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
from facepad.training.scaling import platt

_FOLDS = 5


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
        scaling = platt(unseen, kinds[rows] == first, smooth=True)
        sigmoids.append((-scaling.slope, -scaling.bias))  # of 1 / (1 + exp(slope d + bias))
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
