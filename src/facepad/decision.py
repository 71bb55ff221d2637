"""From a score to an outcome and its reasons: one place for single checks, tables and reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from facepad.fusion import Fused
from facepad.types import CaptureQuality, Face, OperatingPoint, Outcome, Reason, Score


def _nothing() -> Mapping[str, Any]:  # a default that Python 3.11's dataclasses accept
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Decision:
    """What the pipeline concludes of one presentation.

    Attributes:
        outcome: One of the four outcomes.
        score: Fused score in [0, 1], higher for bona fide; None when no test had one.
        reasons: Why the outcome is not simply bona fide or attack; may be empty.
        scores: Every test's own score, by test name, also when it did not decide.
        operating_point: The threshold and band that were applied.
        operating_points: Each test's own threshold and band, by test name.
        face: The face of the first frame that has one; None when no frame has.
        source: Where the presentation came from.
        source_size: Width and height in pixels of the frame of ``face``; of the first frame
            without a face.
        frames: How many frames frame-wise tests got; those that clip tests got when there are
            clip tests only. 1 for a still.
        notes: What was unusual about the input ("2 other faces in the picture").
        models: Model name to version, for every model that took part.
        timings_ms: Milliseconds by step ("decode", "faces", one per test, "total").
        interval: Lower and upper bound of the score, when one test alone decides and gives
            them; None otherwise.
        left_out: Why a test has no part in the decision, by test name: a clip test for a
            still, or a test of depth without depth. Such a test has no score.
        capture: Quality of the capture of the frame of ``face``; None when no frame has one.
    """

    outcome: Outcome
    score: float | None
    reasons: tuple[Reason, ...] = ()
    scores: Mapping[str, Score] = field(default_factory=_nothing, hash=False)
    operating_point: OperatingPoint | None = None
    operating_points: Mapping[str, OperatingPoint] = field(default_factory=_nothing, hash=False)
    face: Face | None = None
    source: str = ""
    source_size: tuple[int, int] = (0, 0)
    frames: int = 1
    notes: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=_nothing, hash=False)
    timings_ms: Mapping[str, float] = field(default_factory=_nothing, hash=False)
    interval: tuple[float, float] | None = None
    left_out: Mapping[str, Reason] = field(default_factory=_nothing, hash=False)
    capture: CaptureQuality | None = None

    @property
    def passed(self) -> bool:
        """Whether the outcome is bona fide; False for the other three."""
        return self.outcome is Outcome.BONA_FIDE

    def __bool__(self) -> bool:
        raise TypeError(
            "a Decision is neither true nor false, since an attack is a decision, too; use "
            "decision.passed, which is True for bona_fide only"
        )


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
