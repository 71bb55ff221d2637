"""Scores with their labels: the table that every rate is counted from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.types import Sample, Score, Split

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.intp]

BONA_FIDE = -1  # code of bona fide rows in ``ScoreTable.kinds``


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """One row per presentation (a whole video is one row, never its frames).

    Made by `score_table` or `from_samples`.

    Attributes:
        values: Score in [0, 1], higher for bona fide; NaN where there is none.
        kinds: Index into ``species``; ``BONA_FIDE`` for bona fide rows.
        people: Index into ``subjects``.
        abstained: True where a value has a reason not to decide by it.
        rejects_only: True where a value may reject but not accept.
        weights: Weight of each row; 1, or as `equal_subjects` sets it.
        species: Names of the PAI species, sorted.
        subjects: Names of the subjects, sorted.
        split: The part of a dataset that all rows come from.
        weighting: What counts equally: "presentations" or "subjects".
    """

    values: Floats
    kinds: Codes
    people: Codes
    abstained: Flags
    rejects_only: Flags
    weights: Floats
    species: tuple[str, ...]
    subjects: tuple[str, ...]
    split: Split
    weighting: str = "presentations"

    @property
    def bona_fide(self) -> Flags:
        """Rows that show a living person."""
        return np.equal(self.kinds, BONA_FIDE)

    @property
    def attack(self) -> Flags:
        """Rows that show an attack of any species."""
        return np.not_equal(self.kinds, BONA_FIDE)

    @property
    def decisive(self) -> Flags:
        """Rows whose value may accept and reject."""
        return self.answered & ~self.abstained & ~self.rejects_only

    @property
    def answered(self) -> Flags:
        """Rows that have a value."""
        return ~np.isnan(self.values)

    def of_species(self, name: str) -> Flags:
        """Rows of one PAI species; none when the table does not have it."""
        code = self.species.index(name) if name in self.species else len(self.species)
        return np.equal(self.kinds, code)

    def subject_count(self, rows: Flags) -> int:
        """Return the number of subjects in the given rows."""
        return len(np.unique(self.people[rows]))

    def keep(self, rows: Flags) -> "ScoreTable":
        """Return a table with only the given rows; names and weights stay."""
        return replace(
            self,
            values=self.values[rows],
            kinds=self.kinds[rows],
            people=self.people[rows],
            abstained=self.abstained[rows],
            rejects_only=self.rejects_only[rows],
            weights=self.weights[rows],
        )

    def equal_subjects(self) -> "ScoreTable":
        """Return the table weighted so that every subject counts 1 in each kind.

        Within bona fide, and within each species, a subject with many presentations
        then counts as much as one with few. Over several species, a subject counts
        once per species it was attacked with.
        """
        cells = (self.kinds + 1) * len(self.subjects) + self.people
        sizes = np.bincount(cells)
        return replace(self, weights=1.0 / sizes[cells], weighting="subjects")

    def times(self, factors: Floats) -> "ScoreTable":
        """Return the table with its weights multiplied, as a bootstrap does."""
        return replace(self, weights=self.weights * factors)


def score_table(
    values: Sequence[float | None] | Floats,
    species: Sequence[str | None],
    subjects: Sequence[str],
    *,
    split: Split,
    abstained: Sequence[bool] | Flags | None = None,
    rejects_only: Sequence[bool] | Flags | None = None,
) -> ScoreTable:
    """Make a table of scores and labels.

    Args:
        values: Scores in [0, 1], higher for bona fide; None or NaN for a non-response.
        species: PAI species of each; None for bona fide.
        subjects: The person each shows (in an attack: the person impersonated).
        split: The part of a dataset they all come from.
        abstained: Whether a value has a reason not to decide by it; None for never.
        rejects_only: Whether a value may reject but not accept; None for never.

    Raises:
        InputError: Nothing given, the lengths differ, or a score lies outside [0, 1].
    """
    scores = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    doubts, limits = (
        np.zeros(len(scores), dtype=np.bool_) if flags is None else np.array(flags, bool)
        for flags in (abstained, rejects_only)
    )
    lengths = (len(scores), len(species), len(subjects), len(doubts))
    if len({*lengths, len(limits)}) != 1 or not lengths[0]:
        raise InputError(
            "scores, species, subjects and abstained need one entry a presentation, got "
            f"{lengths[0]}, {lengths[1]}, {lengths[2]} and {lengths[3]}"
        )
    outside = scores[(scores < 0.0) | (scores > 1.0)]
    if len(outside):
        raise InputError(f"scores lie in [0, 1], got {len(outside)} outside, as {outside[0]!r}")
    kinds, kind_of = _coded(species)
    names, person_of = _coded(subjects)
    return ScoreTable(
        scores, kind_of, person_of, doubts, limits, np.ones(len(scores)), kinds, names, Split(split)
    )


def from_samples(samples: Sequence[Sample], scores: Sequence[Score]) -> ScoreTable:
    """Make a table of the samples of one split and their scores, in one order.

    Raises:
        InputError: As `score_table`, or the samples come from several splits.
    """
    splits = sorted({sample.split for sample in samples})
    if len(splits) != 1:
        raise InputError(f"a table needs samples of one split, got {', '.join(splits) or 'none'}")
    return score_table(
        [score.value for score in scores],
        [sample.pai_species for sample in samples],
        [sample.subject for sample in samples],
        split=splits[0],
        abstained=[score.value is not None and score.reason is not None for score in scores],
    )


def _coded(labels: Sequence[str | None]) -> tuple[tuple[str, ...], Codes]:
    names = tuple(sorted({label for label in labels if label is not None}))
    code: dict[str | None, int] = {name: index for index, name in enumerate(names)}
    code[None] = BONA_FIDE
    return names, np.array([code[label] for label in labels], dtype=np.intp)
