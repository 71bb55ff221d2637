"""Scores of several tests or frames become one: the mean of their log-likelihood ratios.

A score is the sigmoid of an affine log-likelihood ratio; `facepad.scores.logit` gives the ratio
back. In the mean every test counts alike; `facepad.fusion.lda` weighs them.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import numpy as np

from facepad.errors import InputError, SettingsError, require, unknown_name
from facepad.registry import DEFAULT_POINT, POINT_NAMES
from facepad.scores import logit, sigmoid
from facepad.types import (
    Frame,
    LivenessTest,
    OperatingPoint,
    Presentation,
    Reason,
    Score,
)

LEVEL_Z = 1.645  # half-width of an interval of 90 %, in deviations of a normal distribution
FITTED = "lda"  # name of a fusion in a file
FUSION_SUFFIX = ".npz"  # of such a file


@dataclass(frozen=True, slots=True)
class Answer:
    """The score of one test, and how it would decide alone.

    Attributes:
        score: Of one presentation.
        operating_point: Threshold and band of the test alone.
        usual: Its balanced operating point; half the width of its band, in log-odds, is the
            usual half-width of the score's interval. None for ``operating_point``.
        side: Side information of the presentation, by name (`facepad.finders.side_information`).
        is_raised: Whether what only adds may count for the presentation beside this score; not
            where the test can be calibrated and is not, so that its score lies on a scale that
            it does not know.
    """

    score: Score
    operating_point: OperatingPoint
    usual: OperatingPoint | None = None
    side: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    is_raised: bool = True

    @property
    def half_width(self) -> float:
        """Half the width of the band of the usual operating point, in log-odds."""
        point = self.usual or self.operating_point
        return (logit(point.high) - logit(point.low)) / 2.0

    @property
    def frames_width(self) -> float:
        """Half-width of the score's own interval, in log-odds; 0 without one."""
        if self.score.value is None or self.score.interval is None:
            return 0.0
        middle = logit(self.score.value)
        return max(middle - logit(self.score.interval[0]), logit(self.score.interval[1]) - middle)


@dataclass(frozen=True, slots=True)
class Fused:
    """The fused answer of several tests.

    Attributes:
        value: In [0, 1], higher for bona fide; None when no test had a value.
        reasons: Why there is no value, or why the value must not decide; in the order of
            `Reason`, so that the order of the tests does not show.
        operating_point: Threshold and band for the value with an interval of the usual width.
        interval: Lower and upper bound of the value; None when unknown.
        margin: How much the half-width of the interval exceeds the usual one, in log-odds; the
            band is wider by it on either side. Below 0 where the interval is narrower.
    """

    value: float | None
    reasons: tuple[Reason, ...]
    operating_point: OperatingPoint
    interval: tuple[float, float] | None = None
    margin: float = 0.0


Fusion = Callable[[Mapping[str, Answer]], Fused]


@runtime_checkable
class FittedFusion(Protocol):
    """A fusion that was fitted on tests by name, with their models."""

    @property
    def models(self) -> Mapping[str, str]:
        """Version of its model file, by name."""

    def __call__(self, answers: Mapping[str, Answer]) -> Fused:
        """Return the fused answer of the tests."""

    def check_for(self, tests: Sequence[LivenessTest]) -> None:
        """Check that it was fitted on these tests; raise a FacepadError otherwise."""


@runtime_checkable
class FusionFactory(Protocol):
    """Loads a fusion from its model file; what an entry point may name."""

    def load(self) -> Fusion:
        """Load it."""


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
    if isinstance(fusion, str):
        return FITTED if fusion.endswith(FUSION_SUFFIX) else fusion
    return getattr(fusion, "__name__", repr(fusion))


def mean_ratio(answers: Mapping[str, Answer]) -> Fused:
    """The mean of the log-likelihood ratios of the tests that may decide.

    A test abstains when it has no value, or a value with a reason not to decide. Threshold and
    band are means of the same tests' own, in log-odds. One test that decides gives exactly its
    own value and point, and its own interval where its point has no band. The half-width of the
    interval is the mean of those of the tests: half
    the band of the usual operating point, and the width of the score's own interval (the scatter
    of a clip's frames), their squares added. Nothing is known of how the tests' errors depend on
    each other, so that the mean is not taken for more certain than they are. When all abstain,
    those with a value are fused to be shown, with the reasons of all.

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
    used = list((deciding or valued).values())
    value = _mean([one.score.value for one in used])
    usual = _average([one.half_width for one in used])
    own = _average([math.hypot(one.half_width, one.frames_width) for one in used])
    alone = used[0].score.interval if len(used) == 1 and not usual else None
    return Fused(
        value=value,
        reasons=reasons_of(answers),
        operating_point=_mean_point(deciding or valued or answers),
        interval=alone or interval_around(value, own),
        margin=own - usual,
    )


def reasons_of(answers: Mapping[str, Answer]) -> tuple[Reason, ...]:
    """Return why no test decides, in the order of `Reason`; empty where one does."""
    if any(one.score.value is not None and one.score.reason is None for one in answers.values()):
        return ()
    found = {one.score.reason for one in answers.values()}
    return tuple(reason for reason in Reason if reason in found)


def asked_name(answers: Mapping[str, Answer]) -> str:
    """Return the name of the policy that the tests' operating points have."""
    names = {one.operating_point.name for one in answers.values()}
    return next((name for name in POINT_NAMES if name in names), DEFAULT_POINT)


def applied(point: OperatingPoint, margin: float) -> OperatingPoint:
    """Return an operating point for an interval that is wider or narrower than usual.

    The one rule of uncertainty: a score is uncertain within the band. An interval of the usual
    width leaves the band as it is; each log-odd more moves either end outwards by one, and each
    log-odd less inwards, at most to the threshold. A point without a band is a decision at one
    threshold, whatever the interval is.

    Args:
        point: Threshold and band for an interval of the usual width.
        margin: Half-width of the interval less the usual one, in log-odds.

    Example:
        >>> point = OperatingPoint("band", 0.5, 0.5, 0.6)
        >>> applied(point, 0.0) == point
        True
        >>> wider = applied(point, 0.2)
        >>> round(wider.low, 3), round(wider.high, 3)
        (0.45, 0.647)
    """
    if not margin or point.low == point.high:
        return point
    low, high = sigmoid(logit(point.low) - margin), sigmoid(logit(point.high) + margin)
    return replace(point, low=min(low, point.threshold), high=max(high, point.threshold))


def vetoed(fused: Fused, point: OperatingPoint, tests: Sequence[str]) -> Fused:
    """Return what remains of a fused score when tests that may reject alone do so.

    Args:
        fused: The fused answer of the tests that decide.
        point: Threshold and band that are applied.
        tests: Names of the tests that reject; may be none.

    Returns:
        The same, with a score just below the band at most and without an interval.
    """
    if not tests or fused.value is None:
        return fused
    return replace(fused, value=min(fused.value, math.nextafter(point.low, 0.0)), interval=None)


def interval_around(value: float | None, half_width: float) -> tuple[float, float] | None:
    """Return the interval of a score; None without a score, or without a width.

    Args:
        value: Score in [0, 1].
        half_width: In log-odds, 0 or above.
    """
    if value is None or half_width <= 0.0:
        return None
    low, high = (sigmoid(logit(value) + by) for by in (-half_width, half_width))
    return min(low, value), max(high, value)  # a score beyond the limit of `logit` stays inside


def mean_over_frames(presentation: Presentation, score: Callable[[Frame], Score]) -> Score:
    """Return the score of a presentation under a frame-wise test; see `mean_of_frames`.

    Args:
        presentation: One or more frames, searched for faces.
        score: Scores one frame.
    """
    return mean_of_frames([score(frame) for frame in presentation.frames])


def mean_of_frames(scores: Sequence[Score]) -> Score:
    """Return the score of a presentation from those of its frames.

    The value is that of the mean log-likelihood ratio of the frames that have a value; a still
    keeps its own score as it is. A reason not to decide holds when it is that of more than half
    of those frames. The interval is that of their mean by their scatter (90 %); where each of them
    has an interval, too, the mean of those half-widths is added by its square, since frames of one
    clip err alike. Frames that agree, without intervals of their own, give none.
    Operating points that hold for each of those frames hold for the mean; where they differ, the
    most cautious ones: the highest ``high`` and the lowest ``low`` of each name.

    Args:
        scores: Of each frame; at least one.

    Returns:
        The score; numbers in ``details`` are means over the frames with a value where each of
        them has a number, everything else is that of the first of them, and
        ``details["frames"]`` is their number. Without a value, the score of the first frame.
    """
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
        interval_around(value, _frames_width(valued)),
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


def _frames_width(scores: Sequence[Score]) -> float:
    """Return the half-width of the mean over frames with a value, in log-odds."""
    ratios = [logit(one.value) for one in scores if one.value is not None]
    if len(ratios) < 2:
        scatter = 0.0
    else:
        mean = math.fsum(ratios) / len(ratios)
        squares = math.fsum((ratio - mean) ** 2 for ratio in ratios)
        scatter = LEVEL_Z * math.sqrt(squares / (len(ratios) * (len(ratios) - 1)))
    if any(one.interval is None for one in scores):
        return scatter
    widths = [Answer(one, OperatingPoint.at(0.5)).frames_width for one in scores]
    return math.hypot(scatter, _average(widths))


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


def _average(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


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
