"""Support-vector machines: evaluation at one point, and libsvm's text files.

Only arrays and numpy: nothing here trains. Radial basis functions only.

References:
    Chang, Lin, LIBSVM: a library for support vector machines, ACM TIST 2(3), 2011.
    Wu, Lin, Weng, Probability estimates for multi-class classification by pairwise coupling,
    JMLR 5, 2004 (the second method).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError

Vector = NDArray[np.float64]

_SURE = 1e-7  # pairwise probabilities stay this far from 0 and 1
_SWEEPS = 100
_TOLERANCE = 0.005  # libsvm's loose stopping rule is part of its results

MAX_FEATURES = 10_000  # far above any model of ours; a larger index would ask for the memory
MAX_VECTORS = 1_000_000

_KINDS = ("c_svc", "nu_svr", "epsilon_svr")
_MAX_CLASSES = 100

_Lines = Iterator[tuple[int, list[str]]]  # number and words of each line that has words


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A classifier with pairwise probabilities, or a regressor (which has no classes).

    Attributes:
        gamma: Width parameter of the kernel ``exp(-gamma |x - v|^2)``.
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
        """Return the regressor's value at a point of shape (d,)."""
        return float(np.sum(self.coefficients[0] * self._kernel(point)) - self.offsets[0])

    def decisions(self, point: Vector) -> Vector:
        """Return signed distances for each pair of classes; positive means the first class."""
        weighted = self.coefficients * self._kernel(point)
        starts = np.cumsum(self.counts) - self.counts
        by_class = np.add.reduceat(weighted, starts, axis=1)
        pairs = combinations(range(len(self.classes)), 2)
        sums = [by_class[second - 1, first] + by_class[first, second] for first, second in pairs]
        return np.array(sums) - self.offsets

    def probabilities(self, point: Vector) -> Vector:
        """Return the probability of each class, in the order of ``classes``; they sum to 1.

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
    """Return class probabilities that agree best with pairwise ones.

    Args:
        pairwise: Shape (k, k); entry (i, j) is the probability of i given i or j.

    Returns:
        Shape (k,), sum 1; as libsvm computes them, to its loose tolerance.
    """
    many = len(pairwise)
    matrix = -pairwise * pairwise.T
    np.fill_diagonal(matrix, (pairwise**2).sum(axis=0))
    probabilities = np.full(many, 1 / many)
    for _ in range(_SWEEPS):
        product = matrix @ probabilities
        if np.abs(product - probabilities @ product).max() < _TOLERANCE / many:
            break
        for index in range(many):
            product = matrix @ probabilities
            rest = product[index] - matrix[index, index] * probabilities[index]
            probabilities[index] = (probabilities @ product - rest) / matrix[index, index]
            probabilities /= probabilities.sum()
    return probabilities


# --- libsvm's text files ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeatureRange:
    """Scales features as svm-scale does.

    Attributes:
        lower: Scaled value of the smallest.
        upper: Scaled value of the largest.
        index: Places of the features that varied; the others scale to 0.
        smallest: Smallest value of each feature in ``index``.
        largest: Largest value of each feature in ``index``.
    """

    lower: float
    upper: float
    index: NDArray[np.int64]
    smallest: Vector
    largest: Vector

    def __call__(self, features: Vector) -> Vector:
        """Return scaled features, of the same shape (d,).

        Raises:
            InputError: Fewer features than the range lists.
        """
        if self.index.size and self.index.max() >= len(features):
            raise InputError(
                f"the range lists feature {self.index.max() + 1}, got {len(features)} features"
            )
        scaled = np.zeros(len(features))
        share = (features[self.index] - self.smallest) / (self.largest - self.smallest)
        scaled[self.index] = self.lower + (self.upper - self.lower) * share
        return scaled


def read_range(text: str, source: str = "range file") -> FeatureRange:
    """Read the text of a range file.

    Args:
        text: Content of the file.
        source: Names the file in errors.

    Raises:
        InputError: Malformed; the message names the line.
    """
    lines = list(_numbered(text))
    if len(lines) < 2 or lines[0][1] != ["x"]:
        raise InputError(f"{source}, line 1: expected 'x' and a line with lower and upper")
    lower, upper = _numbers(lines[1][1], 2, f"{source}, line {lines[1][0]}")
    rows = [_range_row(words, f"{source}, line {n}") for n, words in lines[2:]]
    index, smallest, largest = np.array(rows).reshape(-1, 3).T
    return FeatureRange(lower, upper, index.astype(np.int64) - 1, smallest, largest)


def read_machine(text: str, source: str = "model file", features: int | None = None) -> Machine:
    """Read the text of a model with radial basis functions: C-SVC, nu-SVR or epsilon-SVR.

    Args:
        text: Content of the file; line ends may be CR LF.
        source: Names the file in errors.
        features: Number of features; by default the largest index in the file.

    Raises:
        InputError: Malformed or of another type; the message names the line.
    """
    lines = _numbered(text)
    header = _until_vectors(lines, source)
    head = _Header(header, source)
    kind = head.word("svm_type", _KINDS)
    head.word("kernel_type", ("rbf",))
    classes = head.integer("nr_class", 2, _MAX_CLASSES) if kind == "c_svc" else 0
    coefficients, vectors = _vectors(lines, max(1, classes - 1), source, features)
    if len(vectors) != head.integer("total_sv"):
        raise InputError(
            f"{source}: total_sv says {head.integer('total_sv')}, but it has {len(vectors)} vectors"
        )
    return head.machine(classes, vectors, coefficients)


@dataclass(frozen=True, slots=True)
class _Header:
    """Lines above the support vectors, by keyword: number and words of each."""

    lines: dict[str, tuple[int, list[str]]]
    source: str

    def word(self, key: str, allowed: tuple[str, ...]) -> str:
        number, words = self._get(key)
        if len(words) != 1 or words[0] not in allowed:
            raise InputError(
                f"{self.source}, line {number}: {key} must be one of {', '.join(allowed)}, "
                f"got {' '.join(words)!r}"
            )
        return words[0]

    def integer(self, key: str, least: int = 1, most: int = MAX_VECTORS) -> int:
        number = int(self.numbers(key, 1)[0])
        if not least <= number <= most:
            raise InputError(
                f"{self.source}, line {self._get(key)[0]}: "
                f"{key} must be {least} to {most}, got {number}"
            )
        return number

    def numbers(self, key: str, many: int) -> Vector:
        number, words = self._get(key)
        return np.array(_numbers(words, many, f"{self.source}, line {number}: {key}"))

    def machine(self, classes: int, vectors: Vector, coefficients: Vector) -> Machine:
        pairs = classes * (classes - 1) // 2
        sure = classes and "probA" in self.lines
        arrays = [
            self.numbers(key, classes) if classes else np.zeros(0) for key in ("label", "nr_sv")
        ]
        labels, counts = (values.astype(np.int64) for values in arrays)
        sigmoids = [self.numbers(key, pairs) for key in ("probA", "probB")] if sure else []
        return Machine(
            gamma=float(self.numbers("gamma", 1)[0]),
            vectors=vectors,
            coefficients=coefficients,
            offsets=self.numbers("rho", pairs if classes else 1),
            classes=labels,
            counts=counts,
            sigmoids=np.array(sigmoids),
        )

    def _get(self, key: str) -> tuple[int, list[str]]:
        if key not in self.lines:
            raise InputError(f"{self.source}: no line {key!r} before the line 'SV'")
        return self.lines[key]


def _until_vectors(lines: _Lines, source: str) -> dict[str, tuple[int, list[str]]]:
    entries: dict[str, tuple[int, list[str]]] = {}
    last = 0
    for number, words in lines:
        if words == ["SV"]:
            return entries
        entries[words[0]] = number, words[1:]
        last = number
    raise InputError(f"{source}, line {last}: the file ends before the line 'SV'")


def _vectors(lines: _Lines, many: int, source: str, features: int | None) -> tuple[Vector, Vector]:
    """Coefficients, shape (many, n), and support vectors, shape (n, d)."""
    coefficients, pairs = [], []
    for number, words in lines:
        where = f"{source}, line {number}"
        coefficients.append(_numbers(words[:many], many, f"{where}: coefficients"))
        pairs.append([_pair(word, where, features or MAX_FEATURES) for word in words[many:]])
    width = features or max((index for row in pairs for index, _ in row), default=1)
    vectors = np.zeros((len(pairs), width))
    for row, found in zip(vectors, pairs, strict=True):
        for index, value in found:
            row[index - 1] = value
    return np.array(coefficients).reshape(-1, many).T, vectors


def _pair(word: str, where: str, most: int) -> tuple[int, float]:
    index, colon, value = word.partition(":")
    if not (colon and index.isdecimal() and len(index) < 10 and 0 < int(index) <= most):
        raise InputError(f"{where}: expected index:value with index 1 to {most}, got {word!r}")
    return int(index), _numbers([value], 1, where)[0]


def _range_row(words: list[str], where: str) -> tuple[int, float, float]:
    index, smallest, largest = _numbers(words, 3, where)
    if not (index == int(index) and 0 < index <= MAX_FEATURES and smallest < largest):
        raise InputError(
            f"{where}: expected an index from 1 to {MAX_FEATURES} and two rising numbers, "
            f"got {' '.join(words)!r}"
        )
    return int(index), smallest, largest


def _numbers(words: list[str], many: int, where: str) -> list[float]:
    """Return exactly ``many`` finite numbers."""
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(words) != many or len(numbers) != many or not all(map(isfinite, numbers)):
        raise InputError(f"{where}: expected {many} finite numbers, got {' '.join(words)[:80]!r}")
    return numbers


def _numbered(text: str) -> _Lines:
    """Yield the number, from 1, and the words of each line that is not blank."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words:
            yield number, words
