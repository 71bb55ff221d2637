"""From a score to an outcome and its reasons, and the one JSON document of a decision."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from html import escape
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np

from facepad.errors import InputError, source_name
from facepad.fusion import Fused, applied
from facepad.reasons import REASONS
from facepad.scores import Breakdown, logit, sigmoid
from facepad.types import CaptureQuality, Face, OperatingPoint, Outcome, Reason, Score

SCHEMA_VERSION = 2  # grows when a key changes its meaning or goes away
PRIOR = 0.5  # share of bona fide for which a score is a probability
DECIMALS = 6  # of scores; more is numerical noise
MS_DECIMALS = 2
MEASURE_DECIMALS = 4
_SIDE = 320  # pixels of a picture in a notebook
_MOST_SHOWN = 20  # tests and notes in a notebook


def _nothing() -> Mapping[str, Any]:  # a default that Python 3.11's dataclasses accept
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Decision:
    """What the pipeline concludes of one presentation.

    Attributes:
        outcome: One of the four outcomes.
        score: Fused score in [0, 1], higher for bona fide; None when no test had one. The
            probability of bona fide where both classes are equally frequent (`probability`).
        reasons: Why the outcome is not simply bona fide or attack; may be empty.
        scores: Every test's own score, by test name, also when it did not decide.
        operating_point: The threshold and band that were applied; named "convenience",
            "balanced" or "strict" where the tests have it.
        operating_points: Threshold and band of each test alone for this presentation, at the
            operating point that was asked for, by test name.
        face: The face of the first frame that was judged and has one; None when no frame has.
        source: Where the presentation came from.
        source_size: Width and height in pixels of the frame of ``face``; of the first frame
            without a face.
        frames: How many frames frame-wise tests got; those that clip tests got when there are
            clip tests only. 1 for a still.
        notes: What was unusual about the input ("2 other faces in the picture").
        models: Model name to version, for every model that took part.
        timings_ms: Milliseconds by step ("decode", "faces", "capture", one per test, "total").
            Not compared.
        interval: Lower and upper bound of the score: what it may be before another camera of the
            kind that was learned or with other frames of the calibration, and by the scatter of a
            clip's frames. None when unknown. An interval that is wider than usual widens the
            band of ``operating_point`` (`applied`).
        left_out: Why a test has no part in the decision, by test name: a clip test for a
            still, or a test of depth without depth. Such a test has no score.
        capture: What is wrong with the capture of the presentation, and the measures of the
            frame of ``face``; None when no frame has a face.
        advisory: Names of the tests that have no part in the decision, whatever they say.
        fusion: Name of the fusion of the tests that decide.
        calibration: Name and hash of the camera's calibration; None without one.
        version: Version of facepad.
        contributions: What each deciding test added to the log-likelihood ratio of the score;
            None where no explanation was asked for, or there is no score.
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
    timings_ms: Mapping[str, float] = field(default_factory=_nothing, compare=False)
    interval: tuple[float, float] | None = None
    left_out: Mapping[str, Reason] = field(default_factory=_nothing, hash=False)
    capture: CaptureQuality | None = None
    advisory: tuple[str, ...] = ()
    fusion: str = ""
    calibration: str | None = None
    version: str = ""
    contributions: Breakdown | None = None

    @property
    def deciding(self) -> tuple[str, ...]:
        """Names of the tests that decide, also of those that abstain or were left out."""
        return tuple(test for test in (*self.scores, *self.left_out) if test not in self.advisory)

    def probability(self, prior: float = PRIOR) -> float | None:
        """Return the probability of bona fide for another share of bona fide presentations.

        Args:
            prior: Share of bona fide among all presentations, in (0, 1); the score itself is for
                one half.

        Returns:
            In (0, 1); None without a score.

        Raises:
            InputError: The prior is not in (0, 1).

        Example:
            >>> decision = Decision(Outcome.BONA_FIDE, 0.9)
            >>> round(decision.probability(0.99), 4)
            0.9989
        """
        if not 0.0 < prior < 1.0:
            raise InputError(f"a prior is a share of all presentations in (0, 1), got {prior!r}")
        return None if self.score is None else sigmoid(logit(self.score) + logit(prior))

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `facepad check --json` prints, as values for JSON."""
        return document(self.source, self)

    def to_json(self) -> str:
        """Return the document that `facepad check --json` prints, as one line of ASCII."""
        return json.dumps(self.to_dict(), allow_nan=False)

    @property
    def passed(self) -> bool:
        """Whether the outcome is bona fide; False for the other three."""
        return self.outcome is Outcome.BONA_FIDE

    def _repr_html_(self) -> str:
        """Return the decision for a notebook, with the picture where its file still exists."""
        return _html(self)

    def __bool__(self) -> bool:
        raise TypeError(
            "a Decision is neither true nor false, since an attack is a decision, too; use "
            "decision.passed, which is True for bona_fide only"
        )


def decide(
    score: Score, point: OperatingPoint, near: Reason = Reason.NEAR_THRESHOLD
) -> tuple[Outcome, tuple[Reason, ...]]:
    """Return what one score means at an operating point.

    Args:
        score: Of one test, or of several together.
        point: Threshold and band.
        near: The reason for a value within the band.

    Returns:
        The outcome, and why it is not simply bona fide or attack: no value is a
        non-response with its reason; a value with a reason is uncertain; so is a value
        in ``[low, high)``. Otherwise ``high`` and above is bona fide, ties included.
    """
    if score.value is None:
        return Outcome.NON_RESPONSE, () if score.reason is None else (score.reason,)
    reasons: tuple[Reason, ...] = () if score.reason is None else (score.reason,)
    if point.low <= score.value < point.high:
        reasons += (near,)
    if reasons:
        return Outcome.UNCERTAIN, reasons
    return (Outcome.BONA_FIDE if score.value >= point.high else Outcome.ATTACK), ()


def conclude(
    fused: Fused,
    point: OperatingPoint | None = None,
    *,
    no_face: Reason | None = None,
    capture: Sequence[Reason] = (),
    near: Reason = Reason.NEAR_THRESHOLD,
) -> tuple[Outcome, tuple[Reason, ...]]:
    """Return outcome and reasons of a presentation from its fused score.

    A poor capture never passes, and never accuses: its score is uncertain. Too little around
    the face hides what gives an attack away, not what shows a living person; such a score can
    still be that of an attack.

    Args:
        fused: The fused answer of the tests that decide.
        point: Threshold and band; None for those of the fusion with an interval of its width.
        no_face: Why no frame of the presentation shows a face; None when one does. Without a
            face there is no response, whatever the score is.
        capture: What is wrong with the capture.
        near: The reason for a score within the band.

    Returns:
        The outcome, and why it is not simply bona fide or attack, in the order of `Reason`.

    Example:
        >>> point = OperatingPoint("band", 0.5, 0.4, 0.6)
        >>> conclude(Fused(0.45, (), point))
        (<Outcome.UNCERTAIN: 'uncertain'>, (<Reason.NEAR_THRESHOLD: 'near_threshold'>,))
        >>> conclude(Fused(0.9, (), point), capture=(Reason.TOO_DARK,))
        (<Outcome.UNCERTAIN: 'uncertain'>, (<Reason.TOO_DARK: 'too_dark'>,))
    """
    known = {*fused.reasons, *capture}
    if no_face is not None:
        return Outcome.NON_RESPONSE, _in_order({no_face, *known})
    outcome, reasons = decide(
        Score(fused.value, next(iter(fused.reasons), None)),
        point or applied(fused.operating_point, fused.margin),
        near,
    )
    known |= set(reasons)
    if known == {Reason.NO_CONTEXT} and outcome is Outcome.ATTACK:
        return outcome, ()
    if capture and outcome is not Outcome.NON_RESPONSE:
        outcome = Outcome.UNCERTAIN
    return outcome, _in_order(known)


def _in_order(reasons: set[Reason]) -> tuple[Reason, ...]:
    return tuple(reason for reason in Reason if reason in reasons)


def _html(decision: Decision) -> str:
    point, facts = decision.operating_point, []
    if point is not None:
        facts.append(f"bona fide from {point.high:.2f}, attack below {point.low:.2f}")
    facts += [f"{REASONS[one].words}: {REASONS[one].advice}" for one in decision.reasons]
    facts += [*decision.notes[:_MOST_SHOWN], decision.source or "no source"]
    rows = [("test", "score", "reason", "decides")]
    for name, score in islice(decision.scores.items(), _MOST_SHOWN):
        decides = "yes" if name in decision.deciding else "no"
        rows.append((name, _shown(score.value), score.reason or "-", decides))
    cells = ("".join(f"<td>{_text(cell)}</td>" for cell in row) for row in rows)
    return (
        f"<div><p><b>{_text(decision.outcome.replace('_', ' '))}</b>, score "
        f"{_shown(decision.score)}</p><p>{'<br>'.join(map(_text, facts))}</p>"
        f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>{_picture(decision)}</div>"
    )


def _shown(score: float | None) -> str:
    return "none" if score is None else f"{score:.2f}"


def _text(value: str) -> str:
    return escape(source_name(value))


def _picture(decision: Decision) -> str:
    """Return the picture with the face's box; "" where it is no file, or no longer the same."""
    from facepad.media.reading import read
    from facepad.media.thumbnail import data_url

    try:
        frame = read(decision.source)
        is_same = frame.size == decision.source_size
        box = None if decision.face is None else decision.face.box
        url = data_url(frame.image, _SIDE, box) if is_same else None
    except Exception:  # noqa: BLE001 - a picture that cannot be shown is no error here
        url = None
    return "" if url is None else f'<img src="{url}" alt="the picture with the box of the face">'


# --- the document -------------------------------------------------------------------------


def document(
    path: str, decision: Decision | None = None, error: str | None = None
) -> dict[str, Any]:
    """Return the document of one input; every key is present also for an error.

    Args:
        path: The input as it was named.
        decision: None when the input could not be read.
        error: Why it could not be read; None when it could.
    """
    one = Decision(Outcome.NON_RESPONSE, None) if decision is None else decision
    return {
        "schema_version": SCHEMA_VERSION,
        "path": path,
        "outcome": None if decision is None else one.outcome.value,
        "score": _rounded(one.score),
        "interval": _interval(one.interval),
        "prior": PRIOR,
        "reasons": [reason.value for reason in one.reasons],
        "advice": [REASONS[reason].advice for reason in one.reasons],
        "notes": list(one.notes),
        "operating_point": _point(one.operating_point),
        "deciding": list(one.deciding),
        "advisory": list(one.advisory),
        "tests": {name: _of_test(one, name) for name in one.scores},
        "left_out": {name: reason.value for name, reason in one.left_out.items()},
        "fusion": one.fusion or None,
        "calibration": one.calibration,
        "contributions": None if one.contributions is None else one.contributions.to_dict(),
        "heat_map": None,
        "drawings": {},
        "clip_figure": None,
        "face": _of_face(one.face),
        "capture": capture_document(one.capture),
        "source_size": None if decision is None else list(one.source_size),
        "frames": None if decision is None else one.frames,
        "timings_ms": {step: round(ms, MS_DECIMALS) for step, ms in one.timings_ms.items()},
        "models": dict(one.models),
        "facepad_version": one.version or None,
        "error": error,
    }


def _of_test(decision: Decision, name: str) -> dict[str, Any]:
    score = decision.scores[name]
    return {
        "score": _rounded(score.value),
        "interval": _interval(score.interval),
        "reason": None if score.reason is None else score.reason.value,
        "operating_point": _point(decision.operating_points.get(name)),
        "details": plain(score.details),
    }


def _of_face(face: Face | None) -> dict[str, Any] | None:
    if face is None:
        return None
    return {
        "box": [int(edge) for edge in face.box],
        "score": _rounded(face.score),
        "others": face.others,
        "roll_deg": round(float(face.roll_deg), 1),
    }


def capture_document(capture: CaptureQuality | None) -> dict[str, Any] | None:
    """Return what is wrong with a capture, and its measures, rounded; None without a capture."""
    if capture is None:
        return None
    measures = {name: round(float(v), MEASURE_DECIMALS) for name, v in capture.measures.items()}
    return {"reasons": [reason.value for reason in capture.reasons], "measures": plain(measures)}


def _point(point: OperatingPoint | None) -> dict[str, Any] | None:
    return None if point is None else asdict(point)


def _interval(interval: tuple[float, float] | None) -> list[float | None] | None:
    return None if interval is None else [_rounded(bound) for bound in interval]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)


def plain(value: Any) -> Any:  # noqa: ANN401 - takes and gives whatever JSON can hold
    """Return the value in JSON's types: arrays become lists, numbers that are not finite null.

    Example:
        >>> plain({"a": np.float32(0.5), "b": (1, float("nan")), "c": np.arange(2)})
        {'a': 0.5, 'b': [1, None], 'c': [0, 1]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)
