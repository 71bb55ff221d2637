"""What several tests say together of a presentation."""

from collections.abc import Mapping

import pytest

from facepad.decision import conclude
from facepad.evaluation.aggregation import Scored
from facepad.scoring.fused_rows import abstentions, fused_rows, shipped_point, together
from facepad.types import OperatingPoint, Outcome, Reason, Sample, Split

SAMPLE = Sample("b/1", "b/1.jpg", "ben", Split.TEST)
ONE, TWO = OperatingPoint.at(0.2), OperatingPoint("dev", 0.5, 0.4, 0.6)
POINTS = {"one": ONE, "two": TWO}
UNFAMILIAR = Reason.UNFAMILIAR_CAMERA.value


def row(value: float | None, reason: str = "") -> Scored:
    return Scored(SAMPLE, value, reason, "b/1")


def fused(one: Scored, two: Scored) -> Scored:
    (found,) = fused_rows({"one": [one], "two": [two]}, POINTS)
    return found


def test_two_scores_are_the_mean_of_their_log_odds() -> None:
    # scipy 1.17.1: expit(mean(logit([0.9, 0.6])))
    assert fused(row(0.9), row(0.6)).value == pytest.approx(0.7860612308660186)


def test_a_test_that_abstains_leaves_the_others_score() -> None:
    assert fused(row(0.9, UNFAMILIAR), row(0.3)) == row(0.3)


def test_a_test_without_a_score_leaves_the_others() -> None:
    assert fused(row(None, "no_face"), row(0.3)) == row(0.3)


def test_when_all_abstain_the_score_must_not_decide() -> None:
    assert fused(row(0.9, UNFAMILIAR), row(0.9, UNFAMILIAR)).unsure


def test_what_could_not_be_read_keeps_its_error() -> None:
    error = row(None, "error: b/1.jpg: the file is empty")
    assert fused(error, error) == error


def test_frames_that_could_not_be_read_for_one_test_leave_the_others() -> None:
    assert fused(row(None, "error: torn"), row(0.3)).value == 0.3


def test_a_presentation_keeps_its_sample_and_name() -> None:
    found = fused(row(0.9), row(0.6))
    assert (found.sample, found.presentation) == (SAMPLE, "b/1")


def test_presentations_of_which_some_tests_have_no_say_are_counted() -> None:
    rows = {"one": [row(0.5), row(0.5), row(None, "no_face")],
            "two": [row(0.5), row(0.5, UNFAMILIAR), row(None, "no_face")]}  # fmt: skip
    assert abstentions(rows) == 1


@pytest.mark.parametrize(
    ("scored", "outcome", "reasons"),
    [
        ({"one": row(0.9), "two": row(0.9)}, Outcome.BONA_FIDE, ()),
        ({"one": row(0.9, UNFAMILIAR), "two": row(0.5)}, Outcome.UNCERTAIN,
         (Reason.NEAR_THRESHOLD,)),
        ({"one": row(0.3), "two": row(0.9, UNFAMILIAR)}, Outcome.BONA_FIDE, ()),
        ({"one": row(0.9, UNFAMILIAR), "two": row(None, "clip_too_short")}, Outcome.UNCERTAIN,
         (Reason.CLIP_TOO_SHORT, Reason.UNFAMILIAR_CAMERA)),
        ({"one": row(None, "no_face"), "two": row(None, "no_face")}, Outcome.NON_RESPONSE,
         (Reason.NO_FACE,)),
    ],
)  # fmt: skip
def test_the_tests_that_decide_decide_at_their_own_threshold(
    scored: Mapping[str, Scored], outcome: Outcome, reasons: tuple[Reason, ...]
) -> None:
    assert conclude(together(scored, POINTS)) == (outcome, reasons)


def test_a_test_that_is_only_shown_does_not_count() -> None:
    assert together({"one": row(0.9), "two": row(0.1)}, {"one": ONE}).value == 0.9


def test_the_shipped_threshold_is_the_mean_in_log_odds() -> None:
    # scipy 1.17.1: expit(mean(logit([0.2, 0.5])))
    assert shipped_point(POINTS).threshold == pytest.approx(1 / 3)
