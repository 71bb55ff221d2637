"""Scores of several tests become one: the mean of their log-likelihood ratios.

A test's score is the share of an affine log-likelihood ratio, so its ratio is the score's
log-odds. Every test counts alike: a consolidation whose weights are fitted on held-out scores
replaces this mean later, under a name of its own in the registry.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from facepad.errors import InputError
from facepad.models.face_heads import share
from facepad.types import OperatingPoint, Reason, Score

# Odds of 22,000 to 1. The tests were scaled on a few thousand pictures, which cannot tell odds
# beyond that apart; and no test shall outvote the others by a ratio that nobody measured.
RATIO_LIMIT = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one test says, and how it would decide alone.

    Attributes:
        score: Of one presentation.
        operating_point: Threshold and band of the test alone.
    """

    score: Score
    operating_point: OperatingPoint


@dataclass(frozen=True, slots=True)
class Fused:
    """What several tests say together.

    Attributes:
        value: In [0, 1], higher for bona fide; None when no test had a value.
        reasons: Why there is no value, or why the value must not decide; in the order of
            `Reason`, so that the order of the tests does not show.
        operating_point: Threshold and band for the value.
    """

    value: float | None
    reasons: tuple[Reason, ...]
    operating_point: OperatingPoint


Fusion = Callable[[Mapping[str, Answer]], Fused]


def mean_ratio(answers: Mapping[str, Answer]) -> Fused:
    """The mean of the log-likelihood ratios of the tests that may decide.

    A test abstains when it has no value, or a value with a reason not to decide. Threshold and
    band are means of the same tests' own, in log-odds. One test that decides gives exactly its
    own value and point, whatever they stand for. When all abstain, those with a value are
    fused to be shown, with the reasons of all.

    Args:
        answers: By the test's name; at least one.

    Raises:
        InputError: There is no answer.

    Example:
        >>> half = OperatingPoint.at(0.5)
        >>> fused = mean_ratio({"a": Answer(Score(0.9), half), "b": Answer(Score(0.5), half)})
        >>> round(fused.value, 3)  # log-odds 2.197 and 0, mean 1.099
        0.75
    """
    if not answers:
        raise InputError("fusion needs the answer of at least one test, got none")
    valued = {name: one for name, one in answers.items() if one.score.value is not None}
    deciding = {name: one for name, one in valued.items() if one.score.reason is None}
    found = {one.score.reason for one in answers.values()}
    return Fused(
        value=_mean([one.score.value for one in (deciding or valued).values()]),
        reasons=() if deciding else tuple(reason for reason in Reason if reason in found),
        operating_point=_mean_point(deciding or valued or answers),
    )


def ratio_of(value: float) -> float:
    """The log-likelihood ratio whose share a score is; within ``RATIO_LIMIT`` of 0.

    Args:
        value: In [0, 1].

    Example:
        >>> ratio_of(0.5), ratio_of(1.0)
        (0.0, 10.0)
    """
    if min(value, 1.0 - value) <= share(-RATIO_LIMIT):
        return math.copysign(RATIO_LIMIT, value - 0.5)
    return math.log(value / (1.0 - value))


def _mean(values: Sequence[float | None]) -> float | None:
    """The share of the mean ratio; the value itself where there is one only."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return known[0] if known else None
    # A sum that does not depend on the order, so that the tests' order cannot move a decision.
    return share(math.fsum(map(ratio_of, known)) / len(known))


def _mean_point(answers: Mapping[str, Answer]) -> OperatingPoint:
    points = [one.operating_point for one in answers.values()]
    if len(points) == 1:
        return points[0]
    threshold, low, high = (
        _mean([getattr(point, part) for point in points]) or 0.0
        for part in ("threshold", "low", "high")
    )
    name = f"mean of {', '.join(sorted(answers))}"
    return OperatingPoint(name, threshold, min(low, threshold), max(high, threshold))
