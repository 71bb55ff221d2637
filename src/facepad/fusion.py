"""Scores of several tests or frames become one: the mean of their log-likelihood ratios.

A score is the sigmoid of an affine log-likelihood ratio; `facepad.scores.logit` gives the ratio
back. Every test counts alike: a consolidation whose weights are fitted on held-out scores
replaces this mean later, under a name of its own in the registry.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np

from facepad.errors import InputError, SettingsError, require, unknown_name
from facepad.registry import DEFAULT_POINT, POINT_NAMES
from facepad.scores import Breakdown, Contribution, logit, sigmoid
from facepad.types import Frame, LivenessTest, OperatingPoint, Presentation, Reason, Score


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
        interval: Lower and upper bound of the value; None when unknown.
    """

    value: float | None
    reasons: tuple[Reason, ...]
    operating_point: OperatingPoint
    interval: tuple[float, float] | None = None


LEAST_RATIO = 0.01  # of a test; below it no weight is computed from what the test adds

Fusion = Callable[[Mapping[str, Answer]], Fused]


def check_fusion(fusion: object, operating_point: object) -> None:
    """Check the options ``fusion`` and ``operating_point``.

    Raises:
        SettingsError: One of them cannot be used.
    """
    is_fusion = isinstance(fusion, str) or callable(fusion)
    require(is_fusion, "fusion", "a name or a function", fusion)
    if isinstance(operating_point, str) and operating_point not in POINT_NAMES:
        raise SettingsError(unknown_name("operating point", operating_point, POINT_NAMES))
    is_point = isinstance(operating_point, str | OperatingPoint)
    expected = (
        f"one of {', '.join(POINT_NAMES)}, or an OperatingPoint such as OperatingPoint.at(0.5)"
    )
    require(is_point, "operating_point", expected, operating_point)


def named_points(test: LivenessTest) -> Mapping[str, OperatingPoint]:
    """Return the operating points that a test has in the usual case, by name; may be empty."""
    points: Mapping[str, OperatingPoint] = getattr(test, "operating_points", {})
    return points


def point_of(
    test: LivenessTest, name: str = DEFAULT_POINT, score: Score | None = None
) -> OperatingPoint:
    """Return the operating point of a test alone, by name.

    Args:
        test: Its ``operating_points`` hold in the usual case.
        name: "convenience", "balanced" or "strict".
        score: A score of the test; points of its own go before those of the test.

    Returns:
        The point, under this name; where there is none, ``test.operating_point`` as it is.
    """
    own = {} if score is None else score.points
    point = own.get(name) or named_points(test).get(name)
    return test.operating_point if point is None else replace(point, name=name)


def fusion_name(fusion: str | Fusion) -> str:
    """Return the name of a fusion that is given by its name or as the function itself."""
    return fusion if isinstance(fusion, str) else getattr(fusion, "__name__", repr(fusion))


def mean_ratio(answers: Mapping[str, Answer]) -> Fused:
    """The mean of the log-likelihood ratios of the tests that may decide.

    A test abstains when it has no value, or a value with a reason not to decide. Threshold and
    band are means of the same tests' own, in log-odds. One test that decides gives exactly its
    own value, interval and point, whatever they stand for; several together have no interval,
    since nothing is known of how their errors depend on each other. When all abstain, those with
    a value are fused to be shown, with the reasons of all.

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
    used = list((deciding or valued).values())
    return Fused(
        value=_mean([one.score.value for one in used]),
        reasons=() if deciding else tuple(reason for reason in Reason if reason in found),
        operating_point=_mean_point(deciding or valued or answers),
        interval=used[0].score.interval if len(used) == 1 else None,
    )


def mean_over_frames(presentation: Presentation, score: Callable[[Frame], Score]) -> Score:
    """Return the score of a presentation under a frame-wise test.

    The value is that of the mean log-likelihood ratio of the frames that have a value; a still
    keeps its own score as it is. A reason not to decide holds when it is that of more than half
    of those frames. Bounds are combined as values are, when each of those frames has an
    interval; frames of one clip err alike, so that their mean is not more certain than they are.
    Operating points that hold for each of those frames hold for the mean; where they differ, the
    most cautious ones: the highest ``high`` and the lowest ``low`` of each name.

    Args:
        presentation: One or more frames, searched for faces.
        score: Scores one frame.

    Returns:
        The score; numbers in ``details`` are means over the frames with a value where each of
        them has a number, everything else is that of the first of them, and
        ``details["frames"]`` is their number. Without a value, the score of the first frame.
    """
    scores = [score(frame) for frame in presentation.frames]
    valued = [one for one in scores if one.value is not None]
    if len(scores) == 1 or not valued:
        return scores[0]
    reason, count = Counter(one.reason for one in valued).most_common(1)[0]
    details = _mean_details([one.details for one in valued])
    value = _mean([one.value for one in valued])
    return Score(
        value,
        reason if 2 * count > len(valued) else None,
        MappingProxyType({**details, "frames": len(valued)}),
        _mean_interval(value, [one.interval for one in valued]),
        _cautious([one.points for one in valued]),
    )


def _cautious(points: Sequence[Mapping[str, OperatingPoint]]) -> Mapping[str, OperatingPoint]:
    """Return the most cautious point of each name that all have; empty where one has none."""
    shared = [name for name in points[0] if all(name in each for each in points)]
    return MappingProxyType({name: _widest([each[name] for each in points]) for name in shared})


def _widest(points: Sequence[OperatingPoint]) -> OperatingPoint:
    if len(set(points)) == 1:
        return points[0]
    low, high = min(point.low for point in points), max(point.high for point in points)
    return OperatingPoint(points[0].name, max(point.threshold for point in points), low, high)


def _mean_interval(
    value: float | None, intervals: Sequence[tuple[float, float] | None]
) -> tuple[float, float] | None:
    known = [interval for interval in intervals if interval is not None]
    low, high = _mean([low for low, _ in known]), _mean([high for _, high in known])
    if value is None or low is None or high is None or len(known) < len(intervals):
        return None
    return min(low, value), max(high, value)  # rounding must not part the value from its bounds


def _mean_details(details: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return the means of numbers, in mappings too; of anything else the first."""
    first = details[0]
    if all(isinstance(one, Mapping) for one in details):
        shared = [key for key in first if all(key in one for one in details)]
        return {key: _mean_details([one[key] for one in details]) for key in shared}
    if all(map(_is_number, details)):
        return math.fsum(details) / len(details)
    return first


def _is_number(value: object) -> bool:
    """Return whether a value is a number of Python or NumPy; a truth value is none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the sigmoid of the mean logit, or the value itself where there is only one."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return known[0] if known else None
    # A sum that does not depend on the order, so that the tests' order cannot move a decision.
    return sigmoid(math.fsum(map(logit, known)) / len(known))


def _mean_point(answers: Mapping[str, Answer]) -> OperatingPoint:
    points = [one.operating_point for one in answers.values()]
    if len(points) == 1:
        return points[0]
    threshold, low, high = (
        _mean([getattr(point, part) for point in points]) or 0.0
        for part in ("threshold", "low", "high")
    )
    name = f"mean of {', '.join(sorted(answers))}"
    if len(shared := {point.name for point in points}) == 1 and shared <= set(POINT_NAMES):
        name = f"{points[0].name}, {name}"
    return OperatingPoint(name, threshold, min(low, threshold), max(high, threshold))


# --- what each test adds ----------------------------------------------------------------


@runtime_checkable
class ContributingFusion(Protocol):
    """A fusion that can give the weight of each test."""

    def contributions(self, answers: Mapping[str, Answer]) -> Mapping[str, float]:
        """Return what each test adds to the fused log-likelihood ratio, in log-odds.

        The parts and a constant sum to the fused ratio. Tests that do not count are left out.
        """


def contributions_of(fusion: Fusion, answers: Mapping[str, Answer]) -> Breakdown | None:
    """Return what each deciding test adds to the fused log-likelihood ratio.

    Args:
        fusion: One with a method ``contributions`` (see `ContributingFusion`) is asked for the
            parts. The part of a test in any other fusion is the fused ratio minus the fused
            ratio without this test; what is left of the sum is the bias.
        answers: By the test's name, as the fusion gets them.

    Returns:
        The parts, or None where the fusion has no value.

    Example:
        >>> half = OperatingPoint.at(0.5)
        >>> answers = {"a": Answer(Score(0.9), half), "b": Answer(Score(0.5), half)}
        >>> [(p.name, round(p.log_odds, 3)) for p in contributions_of(mean_ratio, answers).parts]
        [('a', 1.099), ('b', 0.0)]
    """
    value = fusion(answers).value
    if value is None:
        return None
    own = {n: logit(one.score.value) for n, one in answers.items() if one.score.value is not None}
    is_linear, given = True, cast(object, fusion)
    if isinstance(given, ContributingFusion):
        added = dict(given.contributions(answers))
    elif fusion is mean_ratio:
        added = _of_mean(answers, own)
    else:
        added, is_linear = _left_out(fusion, answers, logit(value)), len(own) == 1
    parts = tuple(
        Contribution(name, one, weight=_weight(one, own.get(name)) if is_linear else None)
        for name, one in added.items()
    )
    return Breakdown(parts, logit(value) - math.fsum(added.values()))


def _of_mean(answers: Mapping[str, Answer], own: Mapping[str, float]) -> dict[str, float]:
    """Return equal parts of the tests that count; see `facepad.fusion.mean_ratio`."""
    deciding = [name for name in own if answers[name].score.reason is None] or list(own)
    return {name: own[name] / len(deciding) for name in deciding}


def _left_out(fusion: Fusion, answers: Mapping[str, Answer], ratio: float) -> dict[str, float]:
    """Return the fused ratio minus that without each test that has a value."""
    added = {}
    for name, answer in answers.items():
        if answer.score.value is None:
            continue
        others = {other: one for other, one in answers.items() if other != name}
        without = fusion(others).value if others else None
        added[name] = ratio - (0.0 if without is None else logit(without))
    return added


def _weight(added: float, own: float | None) -> float | None:
    return None if own is None or abs(own) < LEAST_RATIO else added / own
