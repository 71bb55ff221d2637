"""Frames become presentations, and datasets become one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_scores import row

from facepad.errors import InputError
from facepad.evaluation.aggregation import Scored, combined, pooled, ranked_table
from facepad.evaluation.choices import FrameAggregation, ScoreDirection
from facepad.evaluation.scale import scale_of
from facepad.types import Split


def video(values: list[float | None], *, reasons: list[str] | None = None) -> list[Scored]:
    return [
        replace(row(f"f{i}", value, subject="p", reason=reason), presentation="v")
        for i, (value, reason) in enumerate(zip(values, reasons or [""] * len(values), strict=True))
    ]


@pytest.mark.parametrize(
    ("how", "expected"), [("mean", 3.0), ("median", 2.0), ("min", 1.0), ("max", 6.0)]
)
def test_the_frames_of_a_video_become_one_score(how: str, expected: float) -> None:
    (one,) = combined(video([1.0, 2.0, 6.0]), FrameAggregation(how))
    assert one.value == expected


def test_the_least_genuine_frame_is_the_highest_score_where_higher_is_attack() -> None:
    (one,) = combined(video([1.0, 2.0, 6.0]), FrameAggregation.MIN, ScoreDirection.ATTACK)
    assert one.value == 6.0


def test_frames_without_a_score_are_left_out_of_the_mean() -> None:
    (one,) = combined(video([1.0, None, 3.0], reasons=["", "no_face", ""]))
    assert (one.value, one.reason) == (2.0, "")


def test_a_video_without_any_score_is_a_non_response_with_the_commonest_reason() -> None:
    (one,) = combined(video([None] * 3, reasons=["no_face", "face_too_far", "no_face"]))
    assert (one.value, one.reason) == (None, "no_face")


@pytest.mark.parametrize(("doubts", "abstained"), [(1, False), (2, True)])
def test_a_video_must_not_decide_when_most_of_its_frames_must_not(
    doubts: int, abstained: bool
) -> None:
    reasons = ["unfamiliar_camera"] * doubts + [""] * (3 - doubts)
    (one,) = combined(video([1.0, 2.0, 3.0], reasons=reasons))
    assert one.abstained is abstained


def test_frames_that_disagree_about_who_they_show_are_refused() -> None:
    frames = [*video([1.0]), replace(row("g", 2.0, subject="other"), presentation="v")]
    with pytest.raises(InputError, match="'v' has frames of different kinds: p test bona_fide and"):
        combined(frames)


def test_single_pictures_stay_as_they_are_and_in_order() -> None:
    made = [row("b", 1.0), row("a", 2.0)]
    assert combined(made) == tuple(made)


def test_the_same_subject_of_two_datasets_is_two_people_when_pooled() -> None:
    groups = {name: [row("1", 0.5, subject="0001")] for name in ("nuaa", "other")}
    made = pooled(groups)
    assert {one.sample.subject for one in made} == {"nuaa/0001", "other/0001"}
    assert len(combined(made)) == 2


def test_rows_of_several_parts_are_no_table() -> None:
    made = [row("1", 0.5), row("2", 0.5, split=Split.DEV)]
    with pytest.raises(InputError, match="rows of one part, got dev, test"):
        ranked_table(made, scale_of([0.5]))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), st.sampled_from(FrameAggregation))
def test_combining_negated_scores_of_a_turned_scale_gives_the_negated_score(
    values: list[float], how: FrameAggregation
) -> None:
    (one,) = combined(video(list(values)), how)
    (other,) = combined(video([-v for v in values]), how, ScoreDirection.ATTACK)
    assert one.value is not None
    assert other.value == -one.value
