"""What several tests say together of a presentation, from what each says of it."""

from collections.abc import Mapping, Sequence

from facepad.evaluation.aggregation import Scored
from facepad.evaluation.assessment import GivenPoint
from facepad.fusion import Answer, Fused, mean_ratio
from facepad.types import OperatingPoint, Reason, Score

_REASONS = frozenset(Reason)

Points = Mapping[str, OperatingPoint]


def name_of(points: Points) -> str:
    """What the tests are called together.

    Example:
        >>> half = OperatingPoint.at(0.5)
        >>> name_of({"quality": half, "face_cnn": half})
        'mean of quality, face_cnn'
    """
    return f"mean of {', '.join(points)}"


def together(scored: Mapping[str, Scored], points: Points) -> Fused:
    """The fusion of those tests that decide.

    Args:
        scored: One row a test, by its name; not of a presentation that could not be read.
        points: Threshold and band of each test that decides, by its name.
    """
    answers = {
        test: Answer(Score(one.value, Reason(one.reason) if one.reason else None), points[test])
        for test, one in scored.items()
        if test in points and (one.value is not None or one.reason in _REASONS)
    }
    return mean_ratio(answers)


def fused_rows(rows: Mapping[str, Sequence[Scored]], points: Points) -> tuple[Scored, ...]:
    """The presentations as the tests judge them together.

    Args:
        rows: Of each test that decides, by its name; the same presentations, in one order.
        points: Threshold and band of each.
    """
    each = zip(*rows.values(), strict=True)
    return tuple(_fused(dict(zip(rows, found, strict=True)), points) for found in each)


def as_shipped(point: OperatingPoint) -> GivenPoint:
    """A point that was fixed before the data were seen."""
    return GivenPoint("as shipped", point.threshold, point.low, point.high)


def shipped_point(points: Points) -> GivenPoint:
    """The point of several tests together, where none abstains."""
    answers = {test: Answer(Score(0.5), point) for test, point in points.items()}
    return as_shipped(mean_ratio(answers).operating_point)


def abstentions(rows: Mapping[str, Sequence[Scored]]) -> int:
    """Presentations of which some tests have a say and others abstain."""
    each = [{_decides(row) for row in found} for found in zip(*rows.values(), strict=True)]
    return sum(len(decides) > 1 for decides in each)


def _fused(scored: Mapping[str, Scored], points: Points) -> Scored:
    first = next(iter(scored.values()))
    if all(one.value is None for one in scored.values()):
        return first
    fused = together(scored, points)
    return Scored(first.sample, fused.value, ";".join(fused.reasons), first.presentation)


def _decides(row: Scored) -> bool:
    return row.value is not None and not row.reason
