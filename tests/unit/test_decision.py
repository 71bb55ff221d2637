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


def test_a_reason_is_given_once() -> None:
    fused = Fused(None, (Reason.NO_FACE,), BAND)
    assert conclude(fused, no_face=Reason.NO_FACE)[1] == (Reason.NO_FACE,)
