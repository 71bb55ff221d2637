"""The one JSON document of a decision, and the one wording of outcomes and reasons."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from facepad.decision import Decision
from facepad.media.inputs import Input
from facepad.reasons import REASONS
from facepad.types import Face, Outcome, Score

SCHEMA_VERSION = 1  # grows when a key changes its meaning or goes away
DECIMALS = 6  # of scores; more is numerical noise
MS_DECIMALS = 2
OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.BONA_FIDE: "bona fide",
        Outcome.ATTACK: "attack",
        Outcome.UNCERTAIN: "uncertain",
        Outcome.NON_RESPONSE: "no response",
    }
)
SMALL_CHANGE = 0.005  # of a score; a smaller change would be printed as 0.00


@dataclass(frozen=True, slots=True)
class Judged:
    """The decision of one input, or the error that prevented it.

    Attributes:
        path: The input as it was named, "-" for standard input.
        decision: None when the input could not be read.
        error: Why it could not be read; None when it could.
    """

    path: str
    decision: Decision | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """The image-quality metrics of one input, or the error that prevented them.

    Attributes:
        path: The input as it was named, "-" for standard input.
        size: Width and height in pixels; None when the input could not be read.
        values: Metrics by name, in the specified order.
        error: Why it could not be read; None when it could.
    """

    path: str
    size: tuple[int, int] | None = None
    values: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    error: str | None = None


def path_of(item: Input) -> str:
    """Return the exact path of an input, for programs; "-" for standard input."""
    if isinstance(item.source, bytes):
        return "-"
    return str(item.source) if isinstance(item.source, Path) else item.name


def to_json(judged: Judged) -> str:
    """Return the document of one input as one line of ASCII, without NaN, which is not JSON."""
    return json.dumps(to_document(judged), allow_nan=False)


def metrics_to_json(measured: Measured) -> str:
    """Return the metrics of one input as one line of JSON."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "path": measured.path,
        "source_size": measured.size,
        "metrics": measured.values,
        "error": measured.error,
    }
    return json.dumps(plain(document), allow_nan=False)


def to_document(judged: Judged) -> dict[str, Any]:
    """Return the document of one input; every key is present also for an error."""
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "path": judged.path,
        "outcome": None,
        "score": None,
        "reasons": [],
        "tests": {},
        "face": None,
        "source_size": None,
        "timings_ms": {},
        "models": {},
        "error": judged.error,
    }
    if judged.decision is not None:
        document.update(_of_decision(judged.decision))
    return document


def _of_decision(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": decision.outcome.value,
        "score": _rounded(decision.score, DECIMALS),
        "reasons": [reason.value for reason in decision.reasons],
        "tests": {name: _of_score(score) for name, score in decision.scores.items()},
        "face": _of_face(decision.face),
        "source_size": list(decision.source_size),
        "timings_ms": {k: round(v, MS_DECIMALS) for k, v in decision.timings_ms.items()},
        "models": dict(decision.models),
    }


def _of_score(score: Score) -> dict[str, Any]:
    return {
        "score": _rounded(score.value, DECIMALS),
        "reason": None if score.reason is None else score.reason.value,
        "details": plain(score.details),
    }


def _of_face(face: Face | None) -> dict[str, Any] | None:
    if face is None:
        return None
    box = [int(edge) for edge in face.box]
    return {"box": box, "score": _rounded(face.score, DECIMALS), "others": face.others}


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(float(value), decimals)


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


def why(decision: Decision) -> str:
    """Return the reasons of a decision, and what was unusual about the input."""
    parts = [REASONS[reason].words for reason in decision.reasons] or _against_threshold(decision)
    return "; ".join((*parts, *_abstaining(decision), *decision.notes))


def explanation(changes: Mapping[str, float]) -> list[str]:
    """Return a line for each group of metrics with its change of the score, largest first.

    Args:
        changes: Score minus the score with the group at its training mean, by group.

    Example:
        >>> for line in explanation({"edges": 0.02, "spectrum": -0.41, "structure": 0.0}):
        ...     print(line)
        spectrum   -0.41  towards attack
        edges      +0.02  towards bona fide
        structure         no change
    """
    ordered = sorted(changes.items(), key=lambda item: -abs(item[1]))
    width = max((len(name) for name in changes), default=0)
    return [f"{name:<{width}} {_change(change)}" for name, change in ordered]


def _change(change: float) -> str:
    if abs(change) < SMALL_CHANGE:
        return f"{'':6}  no change"
    side = "bona fide" if change > 0 else "attack"
    return f"{change:>+6.2f}  towards {side}"


def _abstaining(decision: Decision) -> list[str]:
    """Return the tests that do not take part in the decision, with their reasons."""
    return [
        f"{name} abstains: {REASONS[score.reason].words}"
        for name, score in decision.scores.items()
        if score.reason is not None and score.reason not in decision.reasons
    ]


def _against_threshold(decision: Decision) -> list[str]:
    point = decision.operating_point
    if decision.score is None or point is None:
        return []
    if decision.outcome is Outcome.ATTACK:
        score, low = _distinct(decision.score, point.low)
        return [f"score {score} < {low} (reject)"]
    if decision.outcome is Outcome.BONA_FIDE:
        score, high = _distinct(decision.score, point.high)
        return [f"score {score} >= {high} (accept)"]
    return []


def _distinct(first: float, second: float) -> tuple[str, str]:
    """Return two numbers with two decimals, or with as many as show that they differ."""
    texts = [(f"{first:.{n}f}", f"{second:.{n}f}") for n in range(2, DECIMALS + 1)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[0])
