"""The JSON document of one input."""

import json
from typing import Any

import numpy as np

from facepad.documents import Judged, plain, to_json
from facepad.types import Decision, Face, Outcome, Reason, Score

KEYS = [
    "schema_version",
    "path",
    "outcome",
    "score",
    "reasons",
    "tests",
    "face",
    "source_size",
    "timings_ms",
    "models",
    "error",
]
DECISION = Decision(
    outcome=Outcome.UNCERTAIN,
    score=0.123456789,
    reasons=(Reason.UNFAMILIAR_CAMERA,),
    scores={"quality": Score(0.123456789, Reason.UNFAMILIAR_CAMERA, {"distance": np.float32(4)})},
    face=Face((1, 2, 3, 4), 0.5, others=1),
    source_size=(640, 480),
    models={"quality": "quality-1+00000000"},
    timings_ms={"total": 12.3456},
)


def document(judged: Judged) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(judged))
    return found


def test_the_keys_are_the_same_with_a_decision_and_with_an_error() -> None:
    assert list(document(Judged("a.jpg", DECISION))) == KEYS
    assert list(document(Judged("a.jpg", error="broken"))) == KEYS


def test_a_decision_is_told_whole() -> None:
    assert document(Judged("a.jpg", DECISION)) == {
        "schema_version": 1,
        "path": "a.jpg",
        "outcome": "uncertain",
        "score": 0.123457,
        "reasons": ["unfamiliar_camera"],
        "tests": {
            "quality": {
                "score": 0.123457,
                "reason": "unfamiliar_camera",
                "details": {"distance": 4.0},
            }
        },
        "face": {"box": [1, 2, 3, 4], "score": 0.5, "others": 1},
        "source_size": [640, 480],
        "timings_ms": {"total": 12.35},
        "models": {"quality": "quality-1+00000000"},
        "error": None,
    }


def test_a_missing_score_is_null_and_never_zero() -> None:
    decision = Decision(Outcome.NON_RESPONSE, None, (Reason.NO_FACE,))
    assert document(Judged("a.jpg", decision))["score"] is None


def test_a_document_is_one_line_of_ascii_whatever_the_name() -> None:
    line = to_json(Judged("a\n面\udcff.jpg", error="broken"))
    assert line.isascii()
    assert "\n" not in line


def test_numbers_that_are_not_finite_become_null() -> None:
    assert plain({"a": float("inf"), "b": np.array([np.nan, 1.0])}) == {"a": None, "b": [None, 1.0]}


def test_what_json_does_not_know_becomes_text() -> None:
    assert plain({1: 2j}) == {"1": "2j"}
