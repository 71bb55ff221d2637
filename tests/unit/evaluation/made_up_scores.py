"""Made-up presentations with scores, for the tests of assessments and reports."""

from collections.abc import Sequence

import numpy as np

from facepad.evaluation.aggregation import Scored
from facepad.types import Sample, Split


def sample(
    key: str, subject: str = "s", split: Split = Split.TEST, species: str | None = None
) -> Sample:
    return Sample(key, "", subject, split, species)


def row(
    key: str,
    value: float | None,
    species: str | None = None,
    *,
    subject: str | None = None,
    split: Split = Split.TEST,
    reason: str = "",
) -> Scored:
    """One presentation of a subject named as its key unless told."""
    return Scored(sample(key, subject or key, split, species), value, reason)


def rows(
    bona_fide: Sequence[float | None],
    attack: Sequence[float | None],
    *,
    split: Split = Split.TEST,
    species: str = "print",
) -> tuple[Scored, ...]:
    """One subject a presentation."""
    return (
        *(row(f"{split}-b{i}", v, split=split) for i, v in enumerate(bona_fide)),
        *(row(f"{split}-a{i}", v, species, split=split) for i, v in enumerate(attack)),
    )


def crowd(
    split: Split, *, size: int = 120, subjects: int = 12, seed: int = 0, scale: float = 10.0
) -> tuple[Scored, ...]:
    """Two overlapping classes and two species on a scale of its own, every value different."""
    draw = np.random.default_rng([seed, size, len(split)])
    made = []
    for index in range(size):
        species = (None, "print", None, "screen")[index % 4]
        value = scale * float(draw.normal(0.0 if species else 1.5))
        subject = f"{split}-{draw.integers(subjects)}"
        key = f"{split}-{index}"
        made.append(row(key, value, species, subject=subject, split=split))
    return tuple(made)
