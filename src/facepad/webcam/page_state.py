"""What the page shows beside the picture, as values for JSON."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from facepad.decision import DECIMALS, Decision
from facepad.reasons import OUTCOMES, REASONS
from facepad.types import OperatingPoint, Outcome, Reason
from facepad.webcam.state import CameraStatus, LiveState

_MEANINGS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.BONA_FIDE: "A living person, as far as the tests can tell.",
        Outcome.ATTACK: "A print, a screen or a mask, as far as the tests can tell.",
        Outcome.UNCERTAIN: "The tests cannot decide.",
        Outcome.NON_RESPONSE: "There is no score.",
    }
)
# What to do before a live view, where that of a picture or a clip does not fit.
_ADVICE: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.CLIP_TOO_SHORT: "wait a few seconds",
        Reason.NO_BLINK: "blink once",
        Reason.PICTURE_TOO_SMALL: "start again with a larger --size",
        Reason.TIMED_OUT: "close other programs, or switch a test off",
        Reason.UNFAMILIAR_CAMERA: "calibrate this camera",
        Reason.UNCALIBRATED_CAMERA: "calibrate this camera",
        Reason.NEAR_THRESHOLD: "look into the camera, in even light",
    }
)


def page_state(state: LiveState) -> dict[str, Any]:
    """Return what the page shows of a state; every key is always present."""
    progress = state.calibrating
    decision = None if state.newest is None else state.newest.decision
    return {
        "camera": {
            "status": state.camera.status.value,
            "name": state.camera.name,
            "words": state.camera.words,
            "size": state.camera.size,
            "retry_s": state.camera.retry_s,
            "paused": state.camera.status is CameraStatus.PAUSED,
        },
        "rate": round(state.rate, 1),
        "decisions": state.decisions,
        "window_s": state.window_s,
        "loading": state.is_loading,
        "decision": None if decision is None else _decision(decision),
        "tests": [_test(name, state, decision) for name in _names(state)],
        "calibration": state.calibration,
        "calibrating": None
        if progress is None
        else {
            "step": progress.step.value,
            "running": progress.is_running,
            "name": progress.name,
            "taken": progress.taken,
            "wanted": progress.wanted,
            "words": progress.words,
        },
        "notice": state.notice,
        "saved": None if state.saved is None else str(state.saved),
    }


def _names(state: LiveState) -> Iterator[str]:
    """Yield the tests that can be selected, and others that take part, each once."""
    yield from dict.fromkeys((*state.available, *state.deciding, *state.advisory))


def _decision(decision: Decision) -> dict[str, Any]:
    words = OUTCOMES[decision.outcome]
    return {
        "outcome": decision.outcome.value,
        "words": words[0].upper() + words[1:],
        "meaning": _MEANINGS[decision.outcome],
        "score": _rounded(decision.score),
        "interval": decision.interval,
        "point": _point(decision.operating_point),
        "reasons": [_reason(reason) for reason in decision.reasons],
        "notes": list(decision.notes),
    }


def _test(name: str, state: LiveState, decision: Decision | None) -> dict[str, Any]:
    """Return whether a test takes part and what it found in the newest decision."""
    role = "advisory" if name in state.advisory else "decides" if name in state.deciding else "off"
    score = None if decision is None or role == "off" else decision.scores.get(name)
    reason = None if score is None else score.reason
    if decision is not None and role != "off":
        reason = reason or decision.left_out.get(name)
    point = None if decision is None else decision.operating_points.get(name)
    if reason is not None and role == "decides":
        role = "abstains"
    elif role == "decides" and point is not None and point.only_adds:
        role = "adds"
    return {
        "name": name,
        "role": "loading" if role == "off" and name in state.selected else role,
        "selectable": name in state.available,
        "selected": name in state.selected,
        "score": None if score is None else _rounded(score.value),
        "point": _point(point),
        "reason": None if reason is None else _reason(reason),
    }


def _reason(reason: Reason) -> dict[str, str]:
    meant = REASONS[reason]
    return {"words": meant.words, "advice": _ADVICE.get(reason, meant.advice)}


def _point(point: OperatingPoint | None) -> dict[str, float] | None:
    """Return the thresholds of a point; None without one that decides."""
    if point is None or not point.decides:
        return None
    return {"low": point.low, "high": point.high}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS)
