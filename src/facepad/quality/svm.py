"""Support-vector machines: the text files of libsvm, and what they say of one point.

Only arrays and numpy: nothing here trains. Radial basis functions only.

References:
    Chang, Lin, LIBSVM: a library for support vector machines, ACM TIST 2(3), 2011.
    Wu, Lin, Weng, Probability estimates for multi-class classification by pairwise coupling,
    JMLR 5, 2004 (the second method).
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError

Vector = NDArray[np.float64]

_SURE = 1e-7  # pairwise probabilities stay this far from 0 and 1
_SWEEPS = 100
_TOLERANCE = 0.005  # libsvm's loose stopping rule is part of its results


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A classifier with pairwise probabilities, or a regressor (which has no classes).

    Attributes:
        gamma: Of the kernel ``exp(-gamma |x - v|^2)``.
        vectors: Support vectors, shape (n, d), sorted by class.
        coefficients: Shape (k - 1, n) for k classes, (1, n) for a regressor.
        offsets: One per pair of classes (0, 1), (0, 2), ..., (1, 2), ...; or one.
        classes: Label of each class; empty for a regressor.
        counts: Support vectors of each class; empty for a regressor.
        sigmoids: Slope and intercept per pair, shape (2, pairs); empty without probabilities.
    """

    gamma: float
    vectors: Vector
    coefficients: Vector
    offsets: Vector
    classes: NDArray[np.int64]
    counts: NDArray[np.int64]
    sigmoids: Vector
    _columns: Vector = field(init=False, repr=False)  # vectors transposed: quicker to multiply
    _squares: Vector = field(init=False, repr=False)

    def __post_init__(self) -> None:
        many, size = len(self.classes), len(self.vectors)
        pairs = many * (many - 1) // 2
        expected = {
            "coefficients": (max(1, many - 1), size),
            "offsets": (pairs if many else 1,),
            "counts": (many,),
        }
        if self.sigmoids.size:
            expected["sigmoids"] = (2, pairs)
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise InputError(
                    f"a machine of {many} classes and {size} vectors needs {name} of shape "
                    f"{shape}, got {getattr(self, name).shape}"
                )
        if many and (self.counts.min() < 1 or self.counts.sum() != size):
            raise InputError(
                f"{size} support vectors cannot be {self.counts.tolist()} of each class"
            )

        columns = np.ascontiguousarray(self.vectors.T)
        object.__setattr__(self, "_columns", columns)  # as frozen dataclasses have to
        object.__setattr__(self, "_squares", (columns * columns).sum(axis=0))

    def regress(self, point: Vector) -> float:
        """The regressor's value at a point of shape (d,)."""
        return float(np.sum(self.coefficients[0] * self._kernel(point)) - self.offsets[0])

    def decisions(self, point: Vector) -> Vector:
        """Signed distances for each pair of classes; positive speaks for the first."""
        weighted = self.coefficients * self._kernel(point)
        starts = np.cumsum(self.counts) - self.counts
        by_class = np.add.reduceat(weighted, starts, axis=1)
        pairs = combinations(range(len(self.classes)), 2)
        sums = [by_class[second - 1, first] + by_class[first, second] for first, second in pairs]
        return np.array(sums) - self.offsets

    def probabilities(self, point: Vector) -> Vector:
        """Probability of each class, in the order of ``classes``; they sum to 1.

        Raises:
            InputError: The machine has no sigmoids.
        """
        if not self.sigmoids.size:
            raise InputError("the machine gives no probabilities: it has no probA and probB")
        slope, intercept = self.sigmoids
        first = 0.5 * (1 - np.tanh(0.5 * (slope * self.decisions(point) + intercept)))
        pairwise = np.zeros((len(self.classes), len(self.classes)))
        upper = np.triu_indices(len(self.classes), 1)
        pairwise[upper] = np.clip(first, _SURE, 1 - _SURE)
        pairwise.T[upper] = 1 - pairwise[upper]
        return couple(pairwise)

    def _kernel(self, point: Vector) -> Vector:
        distances = self._squares - 2 * np.einsum("ji,j->i", self._columns, point)
        return np.asarray(np.exp(-self.gamma * (distances + np.sum(point * point))))


def couple(pairwise: Vector) -> Vector:
    """Class probabilities that agree best with pairwise ones.

    Args:
        pairwise: Shape (k, k); entry (i, j) is the probability of i given i or j.

    Returns:
        Shape (k,), sum 1; as libsvm computes them, to its loose tolerance.
    """
    many = len(pairwise)
    matrix = -pairwise * pairwise.T
    np.fill_diagonal(matrix, (pairwise**2).sum(axis=0))
    found = np.full(many, 1 / many)
    for _ in range(_SWEEPS):
        product = matrix @ found
        if np.abs(product - found @ product).max() < _TOLERANCE / many:
            break
        for index in range(many):
            product = matrix @ found
            rest = product[index] - matrix[index, index] * found[index]
            found[index] = (found @ product - rest) / matrix[index, index]
            found /= found.sum()
    return found
