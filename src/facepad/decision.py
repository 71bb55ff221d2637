"""From a score to an outcome and its reasons: one place for single checks, tables and reports."""

from facepad.fusion import Fused
from facepad.types import OperatingPoint, Outcome, Reason, Score


def decide(score: Score, point: OperatingPoint) -> tuple[Outcome, tuple[Reason, ...]]:
    """Return what one score means at an operating point.

    Returns:
        The outcome, and why it is not simply bona fide or attack: no value is a
        non-response with its reason; a value with a reason is uncertain; so is a value
        in ``[low, high)``. Otherwise ``high`` and above is bona fide, ties included.
    """
    if score.value is None:
        return Outcome.NON_RESPONSE, () if score.reason is None else (score.reason,)
    reasons: tuple[Reason, ...] = () if score.reason is None else (score.reason,)
    if point.low <= score.value < point.high:
        reasons += (Reason.NEAR_THRESHOLD,)
    if reasons:
        return Outcome.UNCERTAIN, reasons
    return (Outcome.BONA_FIDE if score.value >= point.high else Outcome.ATTACK), ()


def conclude(
    fused: Fused, point: OperatingPoint | None = None, *, no_face: Reason | None = None
) -> tuple[Outcome, tuple[Reason, ...]]:
    """Return outcome and reasons of a presentation from its fused score.

    Args:
        fused: What the tests that decide say together.
        point: Threshold and band; None for those of the fusion.
        no_face: Why no frame of the presentation shows a face; None when one does. Without a
            face there is no response, whatever the score is.

    Example:
        >>> point = OperatingPoint("band", 0.5, 0.4, 0.6)
        >>> conclude(Fused(0.45, (), point))
        (<Outcome.UNCERTAIN: 'uncertain'>, (<Reason.NEAR_THRESHOLD: 'near_threshold'>,))
    """
    if no_face is not None:
        return Outcome.NON_RESPONSE, (no_face, *(r for r in fused.reasons if r is not no_face))
    score = Score(fused.value, next(iter(fused.reasons), None))
    outcome, reasons = decide(score, point or fused.operating_point)
    return outcome, (*fused.reasons, *(r for r in reasons if r not in fused.reasons))
