"""Several tests become one: facts, and properties over drawn answers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from facepad.errors import InputError
from facepad.finders import side_information
from facepad.fusion import (
    Answer,
    Fused,
    mean_over_frames,
    mean_ratio,
    point_of,
)
from facepad.scores import LOGIT_LIMIT, logit, sigmoid
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    OperatingPoint,
    Presentation,
    Reason,
    Score,
)

HALF = OperatingPoint.at(0.5)
POINT = OperatingPoint("dev", 0.5, 0.25, 0.75)
UNFAMILIAR = Reason.UNFAMILIAR_CAMERA
SHARES = st.floats(0.0, 1.0)
# scipy 1.17.1: expit(mean(logit([0.9, 0.6]))) and the same of 0.2 and 0.5.
REFERENCE_VALUE, REFERENCE_THRESHOLD = 0.7860612308660186, 0.3333333333333333
POINTS = st.lists(SHARES, min_size=3, max_size=3).map(
    lambda three: OperatingPoint("dev", *(sorted(three)[index] for index in (1, 0, 2)))
)
ANSWERS = st.builds(
    Answer,
    st.builds(Score, SHARES, st.sampled_from([None, None, UNFAMILIAR, Reason.NEAR_THRESHOLD]))
    | st.builds(Score, st.none(), st.sampled_from([Reason.NO_FACE, Reason.CLIP_TOO_SHORT])),
    POINTS,
)
SEVERAL = st.lists(ANSWERS, min_size=1, max_size=5)


def fused(*values: float | Score, point: OperatingPoint = HALF) -> Fused:
    scores = [value if isinstance(value, Score) else Score(value) for value in values]
    return mean_ratio({f"test {n}": Answer(score, point) for n, score in enumerate(scores)})


def named(answers: list[Answer]) -> dict[str, Answer]:
    return {f"test {number}": answer for number, answer in enumerate(answers)}


def test_the_value_equals_the_reference() -> None:
    assert fused(0.9, 0.6).value == pytest.approx(REFERENCE_VALUE, abs=1e-12)


def test_the_threshold_is_the_mean_in_log_odds() -> None:
    points = OperatingPoint.at(0.2), HALF
    found = mean_ratio({p.name + str(i): Answer(Score(0.5), p) for i, p in enumerate(points)})
    assert found.operating_point.threshold == pytest.approx(REFERENCE_THRESHOLD, abs=1e-12)


def test_opposite_ratios_cancel() -> None:
    assert fused(0.9, 0.1).value == pytest.approx(0.5)


def test_the_point_is_named_after_the_tests_that_decide() -> None:
    found = mean_ratio(
        {
            "two": Answer(Score(0.5), HALF),
            "shy": Answer(Score(0.5, UNFAMILIAR), POINT),
            "one": Answer(Score(0.5), HALF),
        }
    )
    assert found.operating_point.name == "mean of one, two"


def test_a_test_that_abstains_counts_for_nothing() -> None:
    assert fused(0.9, Score(0.01, UNFAMILIAR)) == Fused(0.9, (), HALF)


def test_a_test_without_a_value_counts_for_nothing() -> None:
    assert fused(Score(None, Reason.CLIP_TOO_SHORT), 0.9) == Fused(0.9, (), HALF)


def test_when_all_abstain_their_values_are_shown_with_every_reason() -> None:
    found = fused(
        Score(0.9, UNFAMILIAR), Score(0.1, UNFAMILIAR), Score(None, Reason.CLIP_TOO_SHORT)
    )
    assert found.value == pytest.approx(0.5)
    assert found.reasons == (Reason.CLIP_TOO_SHORT, UNFAMILIAR)


def test_without_a_value_there_is_none_and_the_reason_is_told() -> None:
    found = fused(Score(None, Reason.NO_FACE), Score(None, Reason.NO_FACE), point=POINT)
    assert (found.value, found.reasons) == (None, (Reason.NO_FACE,))


def test_without_an_answer_there_is_nothing_to_fuse() -> None:
    with pytest.raises(InputError, match="at least one test, got none"):
        mean_ratio({})


def test_a_certain_test_cannot_outvote_the_limit() -> None:
    assert fused(1.0, 1.0, sigmoid(-2.0 * LOGIT_LIMIT)).value == pytest.approx(
        sigmoid(LOGIT_LIMIT / 3)
    )


@given(ANSWERS)
def test_one_test_alone_is_itself(answer: Answer) -> None:
    reasons = () if answer.score.reason is None else (answer.score.reason,)
    fused = mean_ratio({"a": answer})
    assert replace(fused, interval=None) == Fused(
        answer.score.value, reasons, answer.operating_point
    )


@given(ANSWERS)
def test_a_score_is_in_the_band_where_its_interval_reaches_across_the_middle(
    answer: Answer,
) -> None:
    fused, point = mean_ratio({"a": answer}), answer.operating_point
    value, low, high = answer.score.value, logit(point.low), logit(point.high)
    if value is None or high - low < 1e-6 or min(abs(logit(value) - e) for e in (low, high)) < 1e-6:
        return
    if max(abs(low), abs(high), abs(logit(value))) >= LOGIT_LIMIT:
        return  # the logit is clamped
    assert fused.interval is not None
    first, last = map(logit, fused.interval)
    assert (first < (low + high) / 2.0 < last) == (point.low <= value < point.high)


@given(SEVERAL, st.randoms())
def test_the_order_of_the_tests_does_not_matter(answers: list[Answer], random: Random) -> None:
    items = list(named(answers).items())
    random.shuffle(items)
    assert mean_ratio(dict(items)) == mean_ratio(named(answers))


@given(st.lists(SHARES, min_size=1, max_size=5), st.integers(0, 4), SHARES)
def test_a_higher_ratio_never_lowers_the_value(
    values: list[float], index: int, other: float
) -> None:
    assume(index < len(values))
    raised = list(values)
    raised[index] = max(values[index], other)
    before, after = fused(*values).value, fused(*raised).value
    assert before is not None
    assert after is not None
    assert before <= after


@given(SEVERAL)
def test_the_value_lies_between_the_extremes(answers: list[Answer]) -> None:
    found = mean_ratio(named(answers))
    values = [one.score.value for one in answers if one.score.value is not None]
    assume(found.value is not None)
    assert found.value is not None
    edge = sigmoid(-LOGIT_LIMIT)
    low, high = min(*values, 1.0 - edge), max(*values, edge)
    assert low - 1e-12 <= found.value <= high + 1e-12


@given(SEVERAL)
def test_the_threshold_lies_in_its_band(answers: list[Answer]) -> None:
    point = mean_ratio(named(answers)).operating_point
    assert point.low <= point.threshold <= point.high


def test_one_test_that_decides_alone_keeps_its_interval() -> None:
    sure = Score(0.9, interval=(0.8, 0.95))
    assert fused(sure, Score(0.5, UNFAMILIAR, interval=(0.1, 0.9))).interval == (0.8, 0.95)
    assert fused(Score(None, Reason.NO_FACE)).interval is None


def test_several_tests_are_as_uncertain_as_they_are_on_average() -> None:
    # Half-widths log(3), half the band of each point, and 0; widened by sqrt(log(3)^2 + log(2)^2).
    band = OperatingPoint("balanced", 0.5, 0.25, 0.75)
    sure, wide = Answer(Score(0.5), HALF), Answer(Score(0.5, interval=(1 / 3, 2 / 3)), band)
    together = mean_ratio({"a": wide, "b": sure})
    usual, own = math.log(3.0) / 2.0, math.hypot(math.log(3.0), math.log(2.0)) / 2.0
    assert together.margin == pytest.approx(own - usual)
    assert together.interval == pytest.approx((sigmoid(-own), sigmoid(own)))


# --- side information ---------------------------------------------------------------------


def test_side_information_has_size_and_surroundings_of_the_face() -> None:
    face = Face((0, 40, 40, 80), 0.9)  # 2.2 faces around it are 88 pixels wide, 68 inside
    side = side_information(face, (200, 200), CaptureQuality(measures={"blur": 2.0}))
    assert side == {
        "blur": 2.0,
        "face_size": pytest.approx(math.log(40)),
        "surroundings": pytest.approx(64 / 88),
    }


def test_without_a_face_there_is_no_side_information() -> None:
    assert side_information(None, (200, 200), None) == {}


# --- frames of one presentation -----------------------------------------------------------


def over_frames(*scores: Score) -> Score:
    """The score of a presentation whose frames have these scores."""
    frames = tuple(Frame(np.zeros((2, 2, 3), np.uint8), float(at)) for at in range(len(scores)))
    return mean_over_frames(Presentation(frames), lambda frame: scores[int(frame.time_s)])


def test_a_still_keeps_its_score_as_it_is() -> None:
    score = Score(0.1 + 0.2, UNFAMILIAR, {"raw": 1.5})
    assert over_frames(score) is score


def test_frames_are_combined_by_their_mean_log_likelihood_ratio() -> None:
    assert over_frames(Score(0.9), Score(0.6)).value == pytest.approx(REFERENCE_VALUE)


def test_frames_without_a_value_are_left_out() -> None:
    score = over_frames(Score(None, Reason.NO_FACE), Score(0.9), Score(0.9))
    assert score.value == pytest.approx(0.9)
    assert (score.reason, dict(score.details)) == (None, {"frames": 2})


def test_without_any_value_the_first_frame_says_why() -> None:
    score = over_frames(Score(None, Reason.NO_FACE), Score(None, Reason.FACE_TOO_FAR))
    assert score == Score(None, Reason.NO_FACE)


@pytest.mark.parametrize(("unfamiliar", "reason"), [(1, None), (2, None), (3, UNFAMILIAR)])
def test_a_reason_not_to_decide_holds_when_most_frames_have_it(
    unfamiliar: int, reason: Reason | None
) -> None:
    scores = [Score(0.9, UNFAMILIAR if at < unfamiliar else None) for at in range(4)]
    assert over_frames(*scores).reason is reason


def test_a_number_that_some_frames_lack_is_that_of_the_first_frame() -> None:
    one = Score(0.5, details={"yaw": 1.5, "heads": {"a": 2.0}, "sharp": True})
    two = Score(0.5, details={"yaw": None, "heads": None, "sharp": False})
    assert over_frames(one, two).details == {**one.details, "frames": 2}
    assert over_frames(two, one).details == {**two.details, "frames": 2}


def test_numbers_of_numpy_are_numbers_too() -> None:
    scores = [Score(0.5, details={"blur": np.float32(at), "count": np.int64(at)}) for at in (1, 2)]
    assert over_frames(*scores).details == {"blur": 1.5, "count": 1.5, "frames": 2}


def test_the_interval_of_a_clip_is_that_of_a_mean_by_the_scatter_of_its_frames() -> None:
    # Log-odds 1, 2 and 3: mean 2, deviation 1, standard error 1/sqrt(3), 90 % of a normal.
    score = over_frames(*(Score(sigmoid(ratio)) for ratio in (1.0, 2.0, 3.0)))
    half = 1.645 / math.sqrt(3.0)
    assert score.interval == pytest.approx((sigmoid(2.0 - half), sigmoid(2.0 + half)))


def test_frames_that_agree_have_no_interval_of_their_own() -> None:
    assert over_frames(Score(0.7), Score(0.7)).interval is None


def test_intervals_of_frames_add_to_the_scatter() -> None:
    own = Score(0.5, interval=(sigmoid(-0.3), sigmoid(0.3)))
    assert over_frames(own, own).interval == pytest.approx(own.interval)
    assert over_frames(own, Score(0.5)).interval is None  # one of the two is not known


@given(st.lists(SHARES.map(Score), min_size=2, max_size=5))
def test_the_interval_of_a_clip_is_around_its_value(scores: list[Score]) -> None:
    score = over_frames(*scores)
    if score.interval is not None:
        assert score.value is not None
        assert score.interval[0] <= score.value <= score.interval[1]


def test_numbers_in_the_details_are_means_and_all_else_is_of_the_first_frame() -> None:
    one = Score(0.5, details={"raw": 1.0, "views": ["tight"], "heads": {"a": 2.0}, "size": 3})
    two = Score(0.5, details={"raw": 2.0, "views": [], "heads": {"a": 4.0}, "size": 5, "more": 1})
    assert over_frames(one, two).details == {
        "raw": 1.5, "views": ["tight"], "heads": {"a": 3.0}, "size": 4.0, "frames": 2,
    }  # fmt: skip


@given(st.lists(SHARES.map(Score), min_size=1, max_size=5), st.randoms())
def test_the_order_of_frames_does_not_matter(scores: list[Score], random: Random) -> None:
    shuffled = random.sample(scores, len(scores))
    assert over_frames(*shuffled).value == over_frames(*scores).value


# --- operating points -----------------------------------------------------------------------


@dataclass(frozen=True)
class Named:
    """A test with operating points by name; only what `point_of` looks at."""

    operating_point: OperatingPoint = HALF
    operating_points: Mapping[str, OperatingPoint] = field(default_factory=dict)


STRICT = OperatingPoint("camera 7", 0.8, 0.3, 0.9)


@pytest.mark.parametrize(
    ("usual", "own", "expected"),
    [
        ({}, {}, HALF),
        ({"strict": STRICT}, {}, replace(STRICT, name="strict")),
        ({"strict": POINT}, {"strict": STRICT}, replace(STRICT, name="strict")),
        ({"balanced": POINT}, {"balanced": STRICT}, HALF),
    ],
)
def test_a_scores_own_point_goes_before_the_tests_and_that_before_its_only_one(
    usual: dict[str, OperatingPoint], own: dict[str, OperatingPoint], expected: OperatingPoint
) -> None:
    test: Any = Named(operating_points=usual)
    assert point_of(test, "strict", Score(0.5, points=own)) == expected


def test_the_mean_of_points_of_one_name_keeps_it() -> None:
    named = replace(POINT, name="strict")
    both = {"one": Answer(Score(0.5), named), "two": Answer(Score(0.5), named)}
    assert mean_ratio(both).operating_point.name == "strict, mean of one, two"


def clip_points(*points: Mapping[str, OperatingPoint]) -> Mapping[str, OperatingPoint]:
    return over_frames(*(Score(0.5, points=each) for each in points)).points


def test_points_that_all_frames_share_hold_for_the_clip() -> None:
    assert clip_points({"strict": STRICT}, {"strict": STRICT}) == {"strict": STRICT}


def test_where_frames_differ_the_most_cautious_point_holds() -> None:
    other = OperatingPoint("camera 7", 0.85, 0.4, 0.88)
    found = clip_points({"strict": STRICT, "balanced": POINT}, {"strict": other})
    assert found == {"strict": OperatingPoint("camera 7", 0.85, 0.3, 0.9)}


def test_a_frame_without_points_leaves_the_clip_those_of_the_test() -> None:
    assert clip_points({"strict": STRICT}, {}) == {}


@given(st.lists(POINTS, min_size=1, max_size=4))
def test_no_frame_is_treated_less_cautiously_in_a_clip(drawn: list[OperatingPoint]) -> None:
    found = clip_points(*({"strict": point} for point in drawn))["strict"]
    assert all(found.low <= point.low and found.high >= point.high for point in drawn)
    assert clip_points(*({"strict": point} for point in reversed(drawn)))["strict"] == found
