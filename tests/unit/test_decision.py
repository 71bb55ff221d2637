"""What a score means at an operating point."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.decision import conclude, decide
from facepad.fusion import Fused
from facepad.types import OperatingPoint, Outcome, Reason, Score

VALUES = st.floats(0.0, 1.0)
BAND = OperatingPoint("band", 0.5, 0.4, 0.6)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (Score(0.6), (Outcome.BONA_FIDE, ())),
        (Score(0.39), (Outcome.ATTACK, ())),
        (Score(0.4), (Outcome.UNCERTAIN, (Reason.NEAR_THRESHOLD,))),
        (Score(None, Reason.NO_FACE), (Outcome.NON_RESPONSE, (Reason.NO_FACE,))),
        (
            Score(0.9, Reason.UNFAMILIAR_CAMERA),
            (Outcome.UNCERTAIN, (Reason.UNFAMILIAR_CAMERA,)),
        ),
        (
            Score(0.5, Reason.UNFAMILIAR_CAMERA),
            (Outcome.UNCERTAIN, (Reason.UNFAMILIAR_CAMERA, Reason.NEAR_THRESHOLD)),
        ),
    ],
)
def test_a_score_has_one_outcome_and_says_why(
    score: Score, expected: tuple[Outcome, tuple[Reason, ...]]
) -> None:
    assert decide(score, BAND) == expected


def test_a_tie_with_the_threshold_is_bona_fide() -> None:
    assert decide(Score(0.5), OperatingPoint.at(0.5)) == (Outcome.BONA_FIDE, ())


@given(VALUES, VALUES)
def test_a_higher_score_never_has_a_worse_outcome(one: float, other: float) -> None:
    order = [Outcome.ATTACK, Outcome.UNCERTAIN, Outcome.BONA_FIDE]
    lower, higher = (decide(Score(value), BAND)[0] for value in sorted((one, other)))
    assert order.index(lower) <= order.index(higher)


def test_a_given_point_goes_before_the_fusions_own() -> None:
    assert conclude(Fused(0.9, (), OperatingPoint.at(0.5)), OperatingPoint.at(0.95)) == (
        Outcome.ATTACK, (),
    )  # fmt: skip


def test_without_a_face_there_is_no_response_whatever_the_score() -> None:
    fused = Fused(0.9, (Reason.UNFAMILIAR_CAMERA,), BAND)
    assert conclude(fused, no_face=Reason.NO_FACE) == (
        Outcome.NON_RESPONSE, (Reason.NO_FACE, Reason.UNFAMILIAR_CAMERA),
    )  # fmt: skip


@pytest.mark.parametrize("value", [0.1, 0.5, 0.9])
def test_a_poor_capture_never_passes_and_never_accuses(value: float) -> None:
    outcome, reasons = conclude(Fused(value, (), BAND), capture=(Reason.TOO_DARK,))
    assert outcome is Outcome.UNCERTAIN
    assert reasons[0] is Reason.TOO_DARK


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(0.39, Outcome.ATTACK), (0.4, Outcome.UNCERTAIN), (0.9, Outcome.UNCERTAIN)],
)
def test_without_context_a_score_can_only_be_that_of_an_attack(
    value: float, outcome: Outcome
) -> None:
    assert conclude(Fused(value, (), BAND), capture=(Reason.NO_CONTEXT,))[0] is outcome


def test_without_context_in_the_dark_nobody_is_accused() -> None:
    both = (Reason.TOO_DARK, Reason.NO_CONTEXT)
    assert conclude(Fused(0.1, (), BAND), capture=both) == (Outcome.UNCERTAIN, both)


def test_a_test_that_abstains_accuses_nobody_without_context() -> None:
    fused = Fused(0.1, (Reason.UNFAMILIAR_CAMERA,), BAND)
    assert conclude(fused, capture=(Reason.NO_CONTEXT,)) == (
        Outcome.UNCERTAIN, (Reason.NO_CONTEXT, Reason.UNFAMILIAR_CAMERA),
    )  # fmt: skip


def test_without_a_score_a_poor_capture_is_no_response() -> None:
    fused = Fused(None, (Reason.TOO_DARK,), BAND)
    assert conclude(fused, capture=(Reason.TOO_DARK,)) == (
        Outcome.NON_RESPONSE, (Reason.TOO_DARK,),
    )  # fmt: skip


def test_a_reason_is_given_once() -> None:
    fused = Fused(None, (Reason.NO_FACE,), BAND)
    assert conclude(fused, no_face=Reason.NO_FACE)[1] == (Reason.NO_FACE,)
