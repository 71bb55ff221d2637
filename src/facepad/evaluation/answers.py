"""How a test that only adds to others answered: towards bona fide, against it, or not at all.

Such a test has no threshold, so that it has no error rates. Its score is a log-likelihood ratio
that is added to those of the tests that decide (`facepad.fusion.supplements`). A presentation on
which it cannot tell is no error of the test, and counts neither way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facepad.evaluation.aggregation import Scored
from facepad.evaluation.ranking import auc
from facepad.scores import logit

LEAST_RATIO = 0.1  # log-likelihood ratio from which a score counts towards or against bona fide
BONA_FIDE = "bona fide"


@dataclass(frozen=True, slots=True)
class Answers:
    """How a test answered the presentations of one kind.

    Attributes:
        kind: The PAI species, or "bona fide".
        presentations: Number of presentations.
        towards: Number of those with a ratio of `LEAST_RATIO` or more.
        against: Number of those with a ratio of -`LEAST_RATIO` or less.
        neither: Number of those with a ratio between.
    """

    kind: str
    presentations: int
    towards: int = 0
    against: int = 0
    neither: int = 0

    @property
    def judged(self) -> int:
        """Number of presentations with a score that counts."""
        return self.towards + self.against + self.neither

    @property
    def silent(self) -> int:
        """Number of presentations on which the test cannot tell."""
        return self.presentations - self.judged


@dataclass(frozen=True, slots=True)
class AddedAnswers:
    """What a test adds to the others, on one split.

    Attributes:
        kinds: Its answers by kind, bona fide first, then the species by name.
        auc: Area under the ROC curve among the presentations with a score that counts, in
            [0, 1]; NaN where a class has none.
    """

    kinds: tuple[Answers, ...]
    auc: float

    @property
    def total(self) -> Answers:
        """The answers of all kinds together."""
        names = ("presentations", "towards", "against", "neither")
        return Answers("all", *(sum(getattr(one, name) for one in self.kinds) for name in names))


def added_answers(rows: Sequence[Scored]) -> AddedAnswers:
    """Count the answers of a test whose score is the sigmoid of a log-likelihood ratio.

    Args:
        rows: The presentations of one split. A value with a reason not to decide is no answer.

    Example:
        >>> from facepad.types import Sample, Split
        >>> own = Sample("a", "a.mp4", "ann", Split.TEST)
        >>> added_answers([Scored(own, 0.9), Scored(own, None, "no_blink")]).kinds
        (Answers(kind='bona fide', presentations=2, towards=1, against=0, neither=0),)
    """
    kinds = sorted({row.sample.pai_species or "" for row in rows})
    judged = [row for row in rows if row.value is not None and not row.abstained]
    flags = np.array([row.sample.is_bona_fide for row in judged], np.bool_)
    values = np.array([row.value for row in judged], np.float64)
    area = auc(flags, values) if flags.any() and not flags.all() else float("nan")
    return AddedAnswers(tuple(_of_kind(rows, kind) for kind in kinds), area)


def _of_kind(rows: Sequence[Scored], kind: str) -> Answers:
    own = [row for row in rows if (row.sample.pai_species or "") == kind]
    ratios = [logit(row.value) for row in own if row.value is not None and not row.abstained]
    towards = sum(ratio >= LEAST_RATIO for ratio in ratios)
    against = sum(ratio <= -LEAST_RATIO for ratio in ratios)
    return Answers(kind or BONA_FIDE, len(own), towards, against, len(ratios) - towards - against)
