"""The frames of a clip that tests see: the best of each part, in turns until it is settled."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from facepad import Checker
from facepad.faces.landmarks import LEFT_CORNERS, LEFT_LIDS, RIGHT_CORNERS, RIGHT_LIDS, eye_openness
from facepad.fusion import mean_over_frames
from facepad.media.frame_selection import FrameSelection
from facepad.needs import best_frames
from facepad.scorer import _turns
from facepad.testing import made_up_presentation
from facepad.types import (
    CaptureQuality,
    Frame,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    Score,
)

STILL = made_up_presentation().frames[0]
BAND = OperatingPoint("balanced", 0.5, 0.4, 0.6)


def frames(count: int) -> tuple[Frame, ...]:
    return tuple(replace(STILL, time_s=0.1 * n, number=n) for n in range(count))


def assessor(reasons: Mapping[int, Reason], **measures: Mapping[int, float]) -> object:
    def assess(frame: Frame) -> CaptureQuality:
        number = frame.number or 0
        own = {name: of.get(number, 0.0) for name, of in measures.items()}
        return CaptureQuality((reasons[number],) if number in reasons else (), own)

    return assess


def chosen(given: Presentation) -> list[int | None]:
    return [frame.number for frame in given.frames]


def test_one_frame_of_each_part_is_chosen() -> None:
    clip = Presentation(frames(16))
    assert chosen(best_frames(clip, assessor({}), 8)) == [0, 2, 4, 6, 8, 10, 12, 14]  # type: ignore[arg-type]


def test_a_shorter_clip_keeps_all_frames() -> None:
    clip = Presentation(frames(5))
    assert best_frames(clip, assessor({}), 8) is clip  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "assess",
    [
        assessor({0: Reason.TOO_DARK}),
        assessor({}, blur={0: 3.0, 1: 1.0}),
        assessor({}, yaw_deg={0: -30.0, 1: 3.0}),
        assessor({}, pitch_deg={0: 20.0}),
    ],
)
def test_the_better_frame_is_chosen(assess: object) -> None:
    clip = Presentation(frames(4))
    assert chosen(best_frames(clip, assess, 2))[0] == 1  # type: ignore[arg-type]


def test_a_frame_without_a_face_comes_last() -> None:
    first, *rest = frames(4)
    clip = Presentation((replace(first, face=None, no_face=Reason.NO_FACE), *rest))
    poor = assessor({1: Reason.TOO_DARK}, blur={1: 9.0})
    assert chosen(best_frames(clip, poor, 2))[0] == 1  # type: ignore[arg-type]


def test_open_eyes_are_chosen_where_the_rest_is_as_good() -> None:
    clip = Presentation(frames(8))
    closed = {2: 0.05}

    def openness(frame: Frame) -> float:
        return closed.get(frame.number or 0, 0.3)

    found = best_frames(clip, assessor({}), 4, openness)  # type: ignore[arg-type]
    assert chosen(found) == [0, 3, 4, 6]
    dark = assessor({3: Reason.TOO_DARK})
    found = best_frames(clip, dark, 4, openness)  # type: ignore[arg-type]
    assert chosen(found) == [0, 2, 4, 6]


def test_the_choice_does_not_depend_on_the_order_of_equal_frames() -> None:
    clip = Presentation(frames(6))
    once = best_frames(clip, assessor({}), 3)  # type: ignore[arg-type]
    again = best_frames(once, assessor({}), 3)  # type: ignore[arg-type]
    assert chosen(again) == chosen(once)


def test_eyes_that_are_twice_as_open_have_twice_the_openness() -> None:
    points = np.zeros((468, 3), np.float32)
    for corners, lids in ((RIGHT_CORNERS, RIGHT_LIDS), (LEFT_CORNERS, LEFT_LIDS)):
        points[list(corners), 0] = (0.0, 10.0)
        for up, low in lids:
            points[up], points[low] = (5.0, -1.5, 0.0), (5.0, 1.5, 0.0)
    assert eye_openness(points) == pytest.approx(0.3)
    assert eye_openness(3.0 * points) == pytest.approx(0.3)
    wide = points.copy()
    wide[:, 1] *= 2.0
    assert eye_openness(wide) == pytest.approx(0.6)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 8, 13])
def test_turns_hold_every_frame_once(count: int) -> None:
    turns = _turns(count)
    assert sorted(number for turn in turns for number in turn) == list(range(count))
    assert len(turns[0]) == min(3, count)


def test_candidates_are_two_for_each_frame() -> None:
    assert FrameSelection.parse("best:8").candidates == FrameSelection("even", 16)
    assert FrameSelection.parse("even:8").candidates == FrameSelection("even", 8)
    assert str(FrameSelection.parse("best:8")) == "best:8"


@dataclass
class ByFrame:
    """Gives frame n the n-th value, and counts what it is asked."""

    values: tuple[float, ...]
    by_frame: ClassVar[bool] = True
    name: str = "by_frame"
    operating_point: OperatingPoint = BAND
    models: Mapping[str, str] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)

    def score(self, presentation: Presentation) -> Score:
        return mean_over_frames(presentation, self._score)

    def _score(self, frame: Frame) -> Score:
        self.seen.append(frame.number or 0)
        return Score(self.values[frame.number or 0])


class AtOnce(ByFrame):
    by_frame = False


class Seen:
    """Takes every frame as searched."""

    models: Mapping[str, str] = {}

    def find(self, frame: Frame) -> Frame:
        return frame

    def follow(self, given: Iterable[Frame]) -> Iterator[Frame]:
        return iter(given)


def judged(test: ByFrame, **options: object) -> tuple[Outcome, int]:
    assess = assessor({})
    checker = Checker((test,), frames="best:8", finder=Seen(), assess=assess, **options)  # type: ignore[arg-type]
    decision = checker.check_presentation(Presentation(frames(16)))
    return decision.outcome, decision.frames


def test_a_clear_answer_ends_after_three_frames() -> None:
    test = ByFrame((0.95,) * 16)
    assert judged(test) == (Outcome.BONA_FIDE, 3)
    assert len(test.seen) == 3


def test_a_clear_attack_ends_as_soon() -> None:
    assert judged(ByFrame((0.05,) * 16)) == (Outcome.ATTACK, 3)


def test_an_answer_near_the_band_takes_all_frames() -> None:
    test = ByFrame((0.62,) * 16)
    assert judged(test) == (Outcome.BONA_FIDE, 8)
    assert sorted(test.seen) == [0, 2, 4, 6, 8, 10, 12, 14]


def test_frames_that_disagree_are_not_settled_early() -> None:
    values = tuple(0.97 if n % 4 else 0.3 for n in range(16))
    _, used = judged(ByFrame(values))
    assert used == 8


def test_the_score_of_all_frames_is_that_of_their_mean() -> None:
    values = tuple(0.5 + 0.01 * n for n in range(16))
    turns, once = ByFrame(values), AtOnce(values)
    clip = Presentation(frames(16))
    options = {"frames": "best:8", "finder": Seen(), "assess": assessor({})}
    first, second = (
        Checker((test,), **options).check_presentation(clip)  # type: ignore[arg-type]
        for test in (turns, once)
    )
    assert first.score == pytest.approx(second.score)
    assert first.interval == pytest.approx(second.interval)


def test_a_test_that_is_not_by_frame_gets_its_frames_at_once() -> None:
    test = AtOnce((0.95,) * 16)
    assert judged(test) == (Outcome.BONA_FIDE, 8)
    assert test.seen == [0, 2, 4, 6, 8, 10, 12, 14]
