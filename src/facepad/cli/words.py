"""Outcomes, reasons and explanations in words."""

from collections.abc import Mapping
from types import MappingProxyType

from facepad.types import Decision, Outcome, Reason

OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.BONA_FIDE: "bona fide",
        Outcome.ATTACK: "attack",
        Outcome.UNCERTAIN: "uncertain",
        Outcome.NON_RESPONSE: "no response",
    }
)
REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NO_FACE: "no face found",
        Reason.FACE_TOO_SMALL: "face too small",
        Reason.FACE_CUT_OFF: "face cut off by the picture's edge",
        Reason.PICTURE_TOO_SMALL: "picture too small",
        Reason.CLIP_TOO_SHORT: "clip too short",
        Reason.UNFAMILIAR_CAMERA: "unlike the pictures it learned from",
        Reason.NEAR_THRESHOLD: "score near the threshold",
    }
)
SMALL_CHANGE = 0.005  # of a score; what would be printed as 0.00 is not told


def why(decision: Decision) -> str:
    """Why a decision is as it is, and what was unusual about the input."""
    parts = [REASONS[reason] for reason in decision.reasons] or _against_threshold(decision)
    return "; ".join((*parts, *_abstaining(decision), *decision.notes))


def explanation(changes: Mapping[str, float]) -> list[str]:
    """Lines that tell what each group of metrics did to the score, largest first.

    Args:
        changes: Score as it is minus score with the group at its training mean, by group.

    Example:
        >>> for line in explanation({"edges": 0.02, "spectrum": -0.41, "structure": 0.0}):
        ...     print(line)
        spectrum   -0.41  speaks for an attack
        edges      +0.02  speaks for bona fide
        structure         moved nothing
    """
    ordered = sorted(changes.items(), key=lambda item: -abs(item[1]))
    width = max((len(name) for name in changes), default=0)
    return [f"{name:<{width}} {_change(change)}" for name, change in ordered]


def _change(change: float) -> str:
    if abs(change) < SMALL_CHANGE:
        return f"{'':6}  moved nothing"
    side = "bona fide" if change > 0 else "an attack"
    return f"{change:>+6.2f}  speaks for {side}"


def _abstaining(decision: Decision) -> list[str]:
    """Tests whose own reason kept them out of a decision that was made without them."""
    return [
        f"{name} abstains: {REASONS[score.reason]}"
        for name, score in decision.scores.items()
        if score.reason is not None and score.reason not in decision.reasons
    ]


def _against_threshold(decision: Decision) -> list[str]:
    point = decision.operating_point
    if decision.score is None or point is None:
        return []
    if decision.outcome is Outcome.ATTACK:
        return [f"below {point.low:.2f}"]
    return [f"at least {point.high:.2f}"] if decision.outcome is Outcome.BONA_FIDE else []
