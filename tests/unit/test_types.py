"""The nouns: frozen, checked when made, a missing score is never a number."""

import dataclasses
import pickle
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pytest

from facepad.decision import Decision
from facepad.errors import InputError
from facepad.needs import Needs, needs_of
from facepad.types import (
    Face,
    Frame,
    MemberReading,
    Observation,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    Sample,
    Score,
    Split,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FRAME = Frame(np.zeros((48, 64, 3), np.uint8))
NOUNS = [
    Face((0, 0, 2, 2), 0.9),
    FRAME,
    Presentation((FRAME,)),
    Score(0.5),
    Needs(),
    OperatingPoint.at(0.5),
    Decision(Outcome.BONA_FIDE, 0.9),
    Sample("nuaa/a", "a.jpg", "0001", Split.TRAIN),
]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda n: type(n).__name__)
def test_a_noun_cannot_be_changed(noun: "DataclassInstance") -> None:
    name = dataclasses.fields(noun)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(noun, name, None)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda n: type(n).__name__)
def test_a_noun_takes_no_new_attributes(noun: "DataclassInstance") -> None:
    assert not hasattr(noun, "__dict__")


def test_there_are_four_outcomes() -> None:
    assert [str(o) for o in Outcome] == ["bona_fide", "attack", "uncertain", "non_response"]


@pytest.mark.parametrize("word", [*Outcome, *Reason, *Split])
def test_a_word_is_text_and_reads_back(word: Outcome | Reason | Split) -> None:
    assert type(word)(str(word)) is word


def test_the_size_of_a_frame_is_width_then_height() -> None:
    assert FRAME.size == (64, 48)


def test_a_presentation_without_frames_is_refused() -> None:
    with pytest.raises(InputError, match="at least one frame"):
        Presentation(())


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_score_may_lie_anywhere_in_the_unit_interval(value: float) -> None:
    assert Score(value).value == value


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_score_outside_the_unit_interval_is_refused(value: float) -> None:
    with pytest.raises(InputError, match=r"lies in \[0, 1\], got"):
        Score(value)


def test_a_missing_score_needs_a_reason() -> None:
    with pytest.raises(InputError, match="needs a reason"):
        Score(None)


def test_a_missing_score_with_a_reason_stays_missing() -> None:
    assert Score(None, Reason.NO_FACE).value is None


def test_a_value_may_carry_a_reason_not_to_decide() -> None:
    assert Score(0.4, Reason.NEAR_THRESHOLD).reason is Reason.NEAR_THRESHOLD


@pytest.mark.parametrize(
    ("threshold", "low", "high"),
    [(0.5, 0.6, 0.7), (0.5, 0.3, 0.4), (0.5, -0.1, 0.6), (0.5, 0.4, 1.1), (float("nan"), 0, 1)],
)
def test_the_band_of_an_operating_point_surrounds_its_threshold(
    threshold: float, low: float, high: float
) -> None:
    with pytest.raises(InputError, match="low <= threshold <= high"):
        OperatingPoint("x", threshold, low, high)


def test_a_single_threshold_has_no_band() -> None:
    assert OperatingPoint.at(0.3) == OperatingPoint("given", 0.3, 0.3, 0.3)


def test_a_sample_without_an_attack_instrument_is_bona_fide() -> None:
    sample = Sample("nuaa/a", "a.jpg", "0001", Split.TRAIN)
    assert sample.is_bona_fide
    assert not dataclasses.replace(sample, pai_species="print").is_bona_fide


def test_the_default_details_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        Score(0.5).details["x"] = 1  # type: ignore[index]  # that is the point


def test_values_travel_between_processes() -> None:
    sample = Sample("a", "b", "c", Split.DEV, attributes=MappingProxyType({"pose": "00"}))
    again = pickle.loads(pickle.dumps(sample))  # noqa: S301 - what was just made
    assert again == sample


@pytest.mark.parametrize("interval", [(0.6, 0.9), (0.1, 0.4), (-0.1, 0.9), (0.1, 1.1), (0.9, 0.1)])
def test_an_interval_holds_its_value_and_lies_between_0_and_1(
    interval: tuple[float, float],
) -> None:
    assert Score(0.5, interval=(0.5, 0.5)).interval == (0.5, 0.5)
    with pytest.raises(InputError, match="0 <= low <= value <= high <= 1"):
        Score(0.5, interval=interval)


def test_a_score_without_a_value_has_no_interval() -> None:
    with pytest.raises(InputError, match="an interval needs"):
        Score(None, Reason.NO_FACE, interval=(0.0, 1.0))


def test_a_presentation_covers_one_interval_for_each_frame() -> None:
    frames = tuple(Frame(FRAME.image, time_s) for time_s in (0.0, 0.5, 1.0))
    assert Presentation(frames).duration_s == pytest.approx(1.5)
    assert Presentation((FRAME,)).duration_s == 0.0


def test_a_presentation_keeps_its_challenge_and_its_capture() -> None:
    made = Presentation((FRAME,), challenge={"type": "flash"}, capture={"frame_rate": 30})
    assert (made.challenge, made.capture) == ({"type": "flash"}, {"frame_rate": 30})
    assert (Presentation((FRAME,)).challenge, Presentation((FRAME,)).capture) == (None, None)


@pytest.mark.parametrize(
    ("needs", "is_clip"),
    [(Needs(), False), (Needs(landmarks=True, depth=True), False),
     (Needs(min_frames=2), True), (Needs(seconds=0.5), True), (Needs(fps=20.0), True)],
)  # fmt: skip
def test_a_clip_test_needs_frames_a_duration_or_a_rate(needs: Needs, is_clip: bool) -> None:
    assert needs.is_clip is is_clip


def test_the_most_of_two_needs_meets_both() -> None:
    most = Needs(True, 6, 1.0, 20.0).most(Needs(min_frames=2, seconds=6.0, depth=True))
    assert most == Needs(True, 6, 6.0, 20.0, True)


def test_a_test_that_says_nothing_needs_one_still() -> None:
    class Silent:
        name = "silent"

    assert needs_of(Silent()) == Needs()  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_needs_that_nothing_can_meet_are_refused(value: float) -> None:
    with pytest.raises(InputError, match="0 or more and finite, got seconds="):
        Needs(seconds=value)
    with pytest.raises(InputError, match="0 or more and finite, got fps="):
        Needs(fps=value)


@pytest.mark.parametrize("min_frames", [0, -3, float("nan")])
def test_a_test_needs_one_frame_or_more(min_frames: int) -> None:
    with pytest.raises(InputError, match="1 frame or more, got min_frames="):
        Needs(min_frames=min_frames)


def at_times(*times: float) -> Presentation:
    return Presentation(tuple(Frame(FRAME.image, time) for time in times))


@pytest.mark.parametrize(
    ("fps", "needed", "reason"),
    [(25.0, 20.0, None), (20.0, 20.0, None), (29.97, 30.0, None), (29.4, 30.0, None),
     (19.0, 20.0, Reason.FRAME_RATE_TOO_LOW), (5.0, 20.0, Reason.FRAME_RATE_TOO_LOW)],
)  # fmt: skip
def test_a_clip_may_miss_a_rate_by_two_percent_and_one_frame(
    fps: float, needed: float, reason: Reason | None
) -> None:
    clip = at_times(*(at / fps for at in range(round(4 * fps))))
    assert Needs(fps=needed).unmet(clip) is reason


def test_a_rate_needs_two_frames_that_have_times() -> None:
    assert Needs(fps=20.0).unmet(at_times(0.0)) is Reason.CLIP_TOO_SHORT
    assert Needs(fps=20.0).unmet(at_times(0.0, 0.0)) is Reason.FRAME_RATE_TOO_LOW


@pytest.mark.parametrize(
    ("needs", "frames"),
    [(Needs(), 1), (Needs(fps=9.0), 2), (Needs(seconds=6.0, fps=20.0), 121), (Needs(False, 8), 8)],
)
def test_needs_tell_the_fewest_frames(needs: Needs, frames: int) -> None:
    assert needs.frames == frames


def test_a_score_without_a_value_has_no_operating_points() -> None:
    points = {"strict": OperatingPoint.at(0.7, "strict")}
    assert Score(0.4, points=points).points["strict"].high == 0.7
    assert not Score(0.4).points
    with pytest.raises(InputError, match="no operating points"):
        Score(None, Reason.NO_FACE, points=points)


def test_the_raw_logit_of_an_observation_is_the_mean_over_its_members() -> None:
    features = np.zeros(3)
    members = {"tight 2": MemberReading(1.0, features), "patch 5": MemberReading(4.0, features)}
    assert Observation(members).raw == 2.5
    with pytest.raises(InputError, match="at least one member"):
        Observation({})
