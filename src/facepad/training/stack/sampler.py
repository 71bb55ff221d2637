"""A sampler that is balanced over datasets, classes, species of attacks and subjects."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.types import Sample

# What is divided evenly, from the outside to the inside; the last is divided among its pictures.
_LEVELS = 4
_Path = tuple[str, ...]


def shares(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Return how often each sample is drawn, as shares that sum to 1.

    Datasets have equal shares; within one its classes have, within the attacks their species,
    within a species its subjects, and the pictures of a subject.

    Args:
        samples: At least one of each class.

    Raises:
        DatasetError: A class is missing.
    """
    if len({sample.is_bona_fide for sample in samples}) < 2:
        raise DatasetError("training needs bona fide pictures and attacks, got one class")
    paths = [_path(sample) for sample in samples]
    parts: dict[_Path, set[str]] = defaultdict(set)
    for path in paths:
        for level in range(_LEVELS):
            parts[path[:level]].add(path[level])
    counts: dict[_Path, int] = defaultdict(int)
    for path in paths:
        counts[path] += 1
    divided = [
        counts[path] * np.prod([float(len(parts[path[:level]])) for level in range(_LEVELS)])
        for path in paths
    ]
    return np.asarray(1.0 / np.array(divided), np.float64)


def draw(shares: NDArray[np.float64], count: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Draw samples in random order, each as often as its share says, but for rounding.

    Systematic sampling: a sample with an expected number of 2.3 is drawn two or three times.

    Args:
        shares: From `shares`.
        count: Number of samples to draw.
        random: The generator.

    Returns:
        Indices, shape (count,).
    """
    order = random.permutation(len(shares))
    ends = np.cumsum(shares[order])
    places = (np.arange(count) + random.uniform()) / count * ends[-1]
    drawn = order[np.minimum(np.searchsorted(ends, places, side="right"), len(order) - 1)]
    return np.asarray(random.permutation(drawn), np.intp)


def _path(sample: Sample) -> _Path:
    dataset, _, rest = sample.key.partition("/")
    if dataset == "packed":  # the dataset that was packed comes second
        dataset = rest.partition("/")[0]
    kind = "bona_fide" if sample.is_bona_fide else "attack"
    return dataset, kind, sample.pai_species or "", sample.subject
