"""Readers of libsvm's text files: models (svm-train) and ranges of features (svm-scale)."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.quality.svm import Machine, Vector

MAX_FEATURES = 10_000  # far above any model of ours; a larger index would ask for the memory
MAX_VECTORS = 1_000_000

_KINDS = ("c_svc", "nu_svr", "epsilon_svr")
_MAX_CLASSES = 100

_Lines = Iterator[tuple[int, list[str]]]  # number and words of each line that has words


@dataclass(frozen=True, slots=True)
class FeatureRange:
    """Scales features as svm-scale does.

    Attributes:
        lower: Scaled value of the smallest.
        upper: Scaled value of the largest.
        index: Places of the features that varied; the others scale to 0.
        smallest: Of each feature in ``index``.
        largest: Likewise.
    """

    lower: float
    upper: float
    index: NDArray[np.int64]
    smallest: Vector
    largest: Vector

    def __call__(self, features: Vector) -> Vector:
        """Scaled features, same shape (d,).

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
        text: Its content.
        source: Names it in errors.

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
        text: Its content; line ends may be CR LF.
        source: Names it in errors.
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
        found = int(self.numbers(key, 1)[0])
        if not least <= found <= most:
            raise InputError(
                f"{self.source}, line {self._get(key)[0]}: "
                f"{key} must be {least} to {most}, got {found}"
            )
        return found

    def numbers(self, key: str, many: int) -> Vector:
        number, words = self._get(key)
        return np.array(_numbers(words, many, f"{self.source}, line {number}: {key}"))

    def machine(self, classes: int, vectors: Vector, coefficients: Vector) -> Machine:
        pairs = classes * (classes - 1) // 2
        sure = classes and "probA" in self.lines
        found = [
            self.numbers(key, classes) if classes else np.zeros(0) for key in ("label", "nr_sv")
        ]
        labels, counts = (values.astype(np.int64) for values in found)
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
    found: dict[str, tuple[int, list[str]]] = {}
    last = 0
    for number, words in lines:
        if words == ["SV"]:
            return found
        found[words[0]] = number, words[1:]
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
    """Exactly so many finite numbers."""
    try:
        found = [float(word) for word in words]
    except ValueError:
        found = []
    if len(words) != many or len(found) != many or not all(map(isfinite, found)):
        raise InputError(f"{where}: expected {many} finite numbers, got {' '.join(words)[:80]!r}")
    return found


def _numbered(text: str) -> _Lines:
    """Lines that are not blank, from 1, and their words."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words:
            yield number, words
