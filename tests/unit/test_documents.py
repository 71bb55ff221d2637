"""The JSON document of one input."""

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from facepad.decision import Decision, plain
from facepad.documents import OUTCOMES, Judged, explained, explanation, to_json, why
from facepad.reasons import REASONS
from facepad.scores import Breakdown, Contribution, sigmoid
from facepad.scoring.table import AUDIT
from facepad.types import CaptureQuality, Face, OperatingPoint, Outcome, Reason, Score

ROOT = Path(__file__).resolve().parents[2]
KEYS = [
    "schema_version",
    "path",
    "outcome",
    "score",
    "interval",
    "prior",
    "reasons",
    "advice",
    "notes",
    "operating_point",
    "deciding",
    "advisory",
    "tests",
    "left_out",
    "fusion",
    "calibration",
    "contributions",
    "heat_map",
    "drawings",
    "clip_figure",
    "face",
    "capture",
    "source_size",
    "frames",
    "timings_ms",
    "models",
    "facepad_version",
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
    operating_point=OperatingPoint("mean", 0.5, 0.4, 0.6),
    operating_points={"quality": OperatingPoint("dev_eer", 0.5, 0.4, 0.6)},
    source="a.jpg",
    notes=("1 other face in the picture",),
    interval=(0.1, 0.2),
    left_out={"blink": Reason.CLIP_TOO_SHORT},
    capture=CaptureQuality((), {"luminance": 0.25}),
    advisory=("blink",),
    fusion="mean",
    calibration="kiosk-7+00000000",
    version="1.2.3",
)
AT_HALF = OperatingPoint.at(0.5)


def document(judged: Judged) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(judged))
    return found


def test_the_keys_are_the_same_with_a_decision_and_with_an_error() -> None:
    assert list(document(Judged("a.jpg", DECISION))) == KEYS
    assert list(document(Judged("a.jpg", error="broken"))) == KEYS


def test_a_decision_is_told_whole() -> None:
    assert document(Judged("a.jpg", DECISION)) == {
        "schema_version": 2,
        "path": "a.jpg",
        "outcome": "uncertain",
        "score": 0.123457,
        "interval": [0.1, 0.2],
        "prior": 0.5,
        "reasons": ["unfamiliar_camera"],
        "advice": ["calibrate the camera"],
        "notes": ["1 other face in the picture"],
        "operating_point": {"name": "mean", "threshold": 0.5, "low": 0.4, "high": 0.6},
        "deciding": ["quality"],
        "advisory": ["blink"],
        "tests": {
            "quality": {
                "score": 0.123457,
                "interval": None,
                "reason": "unfamiliar_camera",
                "operating_point": {"name": "dev_eer", "threshold": 0.5, "low": 0.4, "high": 0.6},
                "details": {"distance": 4.0},
            }
        },
        "left_out": {"blink": "clip_too_short"},
        "fusion": "mean",
        "calibration": "kiosk-7+00000000",
        "contributions": None,
        "heat_map": None,
        "drawings": {},
        "clip_figure": None,
        "face": {"box": [1, 2, 3, 4], "score": 0.5, "others": 1, "roll_deg": 0.0},
        "capture": {"reasons": [], "measures": {"luminance": 0.25}},
        "source_size": [640, 480],
        "frames": 1,
        "timings_ms": {"total": 12.35},
        "models": {"quality": "quality-1+00000000"},
        "facepad_version": "1.2.3",
        "error": None,
    }


def test_a_decision_gives_the_document_of_the_command_line() -> None:
    assert DECISION.to_dict() == document(Judged("a.jpg", DECISION))
    assert DECISION.to_json() == to_json(Judged("a.jpg", DECISION))


def test_a_decision_can_be_compared_hashed_and_sent_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(DECISION))  # noqa: S301 - our own bytes
    assert again == DECISION
    assert hash(again) == hash(DECISION)
    assert again != replace(DECISION, outcome=Outcome.ATTACK)
    assert again == replace(DECISION, timings_ms={})


def test_every_key_and_every_column_is_documented() -> None:
    page = (ROOT / "docs" / "decisions.md").read_text()
    documented = {name for row in page.splitlines() if row.startswith("| `")
                  for name in re.findall(r"`(\w+)`", row.split("|")[1])}  # fmt: skip
    assert set(KEYS) <= documented
    assert {*AUDIT, "score", "outcome", "reason", "ms"} <= documented


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


def test_every_outcome_has_words() -> None:
    assert set(OUTCOMES) == set(Outcome)


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Reason)


def test_an_attack_is_told_against_its_threshold() -> None:
    assert (
        why(Decision(Outcome.ATTACK, 0.2, operating_point=AT_HALF)) == "score 0.20 < 0.50 (reject)"
    )


def test_reasons_and_notes_stand_together() -> None:
    decision = Decision(
        Outcome.NON_RESPONSE, None, (Reason.NO_FACE,), notes=("named .png but is JPEG",)
    )
    assert why(decision) == (
        "no face found (look straight into the camera); named .png but is JPEG"
    )


def test_a_test_that_was_left_out_is_told_with_its_reason() -> None:
    scores = {"shy": Score(0.9, Reason.UNFAMILIAR_CAMERA), "sure": Score(0.2)}
    decision = Decision(Outcome.ATTACK, 0.2, scores=scores, operating_point=AT_HALF)
    assert (
        why(decision)
        == "score 0.20 < 0.50 (reject); shy abstains: camera unlike those of the training data"
    )


def test_a_reason_of_the_whole_decision_is_not_told_again_of_a_test() -> None:
    scores = {"quality": Score(None, Reason.NO_FACE)}
    decision = Decision(Outcome.NON_RESPONSE, None, (Reason.NO_FACE,), scores)
    assert why(decision) == "no face found (look straight into the camera)"


def test_a_test_that_is_only_shown_does_not_abstain() -> None:
    scores = {"shy": Score(0.9, Reason.UNFAMILIAR_CAMERA), "sure": Score(0.2)}
    decision = Decision(
        Outcome.ATTACK, 0.2, scores=scores, operating_point=AT_HALF, advisory=("shy",)
    )
    assert why(decision) == "score 0.20 < 0.50 (reject)"


def test_the_group_that_moved_the_score_most_comes_first() -> None:
    lines = explanation({"edges": 0.02, "spectrum": -0.41})
    assert lines == [
        "spectrum  -0.41  towards attack",
        "edges     +0.02  towards bona fide",
    ]


def test_a_group_that_moved_nothing_is_told_so() -> None:
    assert explanation({"edges": -0.001})[0].endswith("no change")


def test_a_score_that_rounds_to_its_threshold_has_more_decimals() -> None:
    point = OperatingPoint.at(0.6215)
    assert why(Decision(Outcome.ATTACK, 0.6204, operating_point=point)) == (
        "score 0.620 < 0.622 (reject)"
    )


def test_the_file_of_a_heat_map_is_in_the_document() -> None:
    assert document(Judged("a.jpg", DECISION, heat_map="maps/a.jpg"))["heat_map"] == "maps/a.jpg"


def test_a_decision_without_explanations_has_no_lines() -> None:
    assert explained(DECISION) == []


def test_tests_and_their_members_are_explained_in_log_odds() -> None:
    members = Breakdown(
        (
            Contribution("context 9", 0.5, "surroundings"),
            Contribution("context 13", -1.5, "surroundings"),
            Contribution("patch 7", 0.001),
        ),
        0.25,
    )
    fused = Breakdown((Contribution("quality", -0.375, weight=0.5),), 0.1)
    details = {"contributions": members.to_dict()}
    own = "its own -0.75, accepted alone from +0.41, weight 0.50"
    scores = {"quality": Score(sigmoid(-0.75), Reason.UNFAMILIAR_CAMERA, details)}
    assert explained(replace(DECISION, scores=scores, contributions=fused)) == [
        "log-likelihood ratio -0.28 (accepted from +0.41, attack below -0.41):",
        f"  quality  -0.38  towards attack     {own}",
        "  bias     +0.10  towards bona fide",
        "quality, abstains: log-likelihood ratio -0.75:",
        "  surroundings  -1.00  towards attack",
        "    context 13  -1.50  towards attack",
        "    context 9   +0.50  towards bona fide",
        "  patch 7              no change",
        "  bias          +0.25  towards bona fide",
    ]


def test_the_files_of_drawings_are_in_the_document_by_test() -> None:
    judged = Judged("a.jpg", DECISION, drawings={"shape": "maps/a.shape.png"})
    assert document(judged)["drawings"] == {"shape": "maps/a.shape.png"}
