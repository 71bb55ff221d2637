"""Rows of the file of scores."""

from facepad.scoring.rows import decision_fields, error_fields, is_error, output_columns
from facepad.types import Decision, Outcome, Reason, Score

TESTS = ("quality", "blink")
NON_RESPONSE = Decision(
    Outcome.NON_RESPONSE,
    None,
    (Reason.NO_FACE, Reason.CLIP_TOO_SHORT),
    {"quality": Score(0.25), "blink": Score(None, Reason.CLIP_TOO_SHORT)},
    timings_ms={"total": 12.34},
)


def test_a_decision_fills_its_columns() -> None:
    fields = dict(zip(output_columns(TESTS), decision_fields(NON_RESPONSE, TESTS), strict=True))
    assert fields == {
        "score": "",
        "outcome": "non_response",
        "reason": "no_face;clip_too_short",
        "quality_score": "0.250000",
        "blink_score": "",
        "ms": "12.3",
    }


def test_an_error_has_no_outcome() -> None:
    fields = error_fields("broken", TESTS)
    assert len(fields) == len(output_columns(TESTS))
    assert is_error(fields)
    assert not is_error(decision_fields(NON_RESPONSE, TESTS))


def test_an_error_cannot_be_a_formula() -> None:
    assert error_fields("=cmd()", TESTS)[2].startswith("error: ")
