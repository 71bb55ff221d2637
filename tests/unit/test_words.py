"""Outcomes and reasons in words."""

from facepad.documents import OUTCOMES, REASONS, explanation, why
from facepad.types import Decision, OperatingPoint, Outcome, Reason, Score

AT_HALF = OperatingPoint.at(0.5)


def test_every_outcome_has_words() -> None:
    assert set(OUTCOMES) == set(Outcome)


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Reason)


def test_an_attack_is_told_against_its_threshold() -> None:
    assert why(Decision(Outcome.ATTACK, 0.2, operating_point=AT_HALF)) == "below 0.50"


def test_reasons_and_notes_stand_together() -> None:
    decision = Decision(
        Outcome.NON_RESPONSE, None, (Reason.NO_FACE,), notes=("named .png but is JPEG",)
    )
    assert why(decision) == "no face found; named .png but is JPEG"


def test_a_test_that_was_left_out_is_told_with_its_reason() -> None:
    scores = {"shy": Score(0.9, Reason.UNFAMILIAR_CAMERA), "sure": Score(0.2)}
    decision = Decision(Outcome.ATTACK, 0.2, scores=scores, operating_point=AT_HALF)
    assert why(decision) == "below 0.50; shy abstains: unlike the pictures it learned from"


def test_a_reason_of_the_whole_decision_is_not_told_again_of_a_test() -> None:
    scores = {"quality": Score(None, Reason.NO_FACE)}
    decision = Decision(Outcome.NON_RESPONSE, None, (Reason.NO_FACE,), scores)
    assert why(decision) == "no face found"


def test_the_group_that_moved_the_score_most_comes_first() -> None:
    lines = explanation({"edges": 0.02, "spectrum": -0.41})
    assert lines == [
        "spectrum  -0.41  speaks for an attack",
        "edges     +0.02  speaks for bona fide",
    ]


def test_a_group_that_moved_nothing_is_told_so() -> None:
    assert explanation({"edges": -0.001})[0].endswith("moved nothing")
