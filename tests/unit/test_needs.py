"""Which frames of a presentation are judged, and what is wrong with the others."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from facepad.needs import JUDGEABLE, judged_frames
from facepad.types import CaptureQuality, Face, Frame, Presentation, Reason

DARK, BLURRED, FLAT = Reason.TOO_DARK, Reason.TOO_BLURRED, Reason.LOW_CONTRAST
FACELESS = Frame(np.zeros((8, 8, 3), np.uint8), no_face=Reason.NO_FACE)


def framed(*reasons: Reason, measures: Mapping[str, float] | None = None) -> Frame:
    """A frame with a face whose capture was assessed before."""
    return replace(
        FACELESS,
        face=Face((0, 0, 8, 8), 0.9),
        no_face=None,
        capture=CaptureQuality(reasons, measures or {}),
    )


def never(_: Frame) -> CaptureQuality:
    raise AssertionError("a frame without a face was assessed, or one that was assessed before")


def test_frames_of_a_poor_capture_are_ignored_where_half_of_them_are_good() -> None:
    good = framed()
    clip = Presentation((framed(DARK), good, FACELESS, framed(BLURRED, DARK), good))
    judged = judged_frames(clip, never)
    assert judged.presentation.frames == (good, FACELESS, good)
    assert (judged.reasons, judged.judgeable) == ((), True)
    assert judged.notes == ("2 of 4 frames ignored: too dark, too blurred",)


def test_a_clip_of_poor_frames_is_judged_whole_with_the_reasons_of_most() -> None:
    clip = Presentation((framed(DARK, BLURRED), framed(DARK), framed(FLAT, BLURRED)))
    judged = judged_frames(clip, never)
    assert judged.presentation.frames == clip.frames
    assert (judged.reasons, judged.notes) == ((DARK, BLURRED), ())


def test_without_a_common_reason_the_most_frequent_ones_hold() -> None:
    clip = Presentation((framed(DARK), framed(BLURRED), framed(FLAT)))
    assert judged_frames(clip, never).reasons == (DARK, FLAT, BLURRED)


def test_a_frame_where_nothing_is_left_is_never_judged() -> None:
    lost, dark = framed(DARK, measures={JUDGEABLE: 0.0}), framed(DARK)
    judged = judged_frames(Presentation((lost, dark)), never)
    assert judged.presentation.frames == (dark,)
    assert (judged.reasons, judged.judgeable) == ((DARK,), True)
    assert judged.notes == ("1 of 2 frames ignored: too dark",)


def test_where_nothing_is_left_in_any_frame_there_is_nothing_to_judge() -> None:
    lost = framed(DARK, measures={JUDGEABLE: 0.0})
    judged = judged_frames(Presentation((FACELESS, lost)), never)
    assert (judged.reasons, judged.judgeable) == ((DARK,), False)


def test_without_a_face_there_is_no_capture_to_assess() -> None:
    judged = judged_frames(Presentation((FACELESS,)), never)
    assert (judged.reasons, judged.judgeable, judged.notes) == ((), True, ())


@pytest.mark.parametrize("reasons", [(), (DARK,)])
def test_a_face_that_was_not_assessed_is_assessed_once(reasons: tuple[Reason, ...]) -> None:
    asked: list[Frame] = []

    def assess(frame: Frame) -> CaptureQuality:
        asked.append(frame)
        return CaptureQuality(reasons)

    still = Presentation((replace(framed(), capture=None),))
    judged = judged_frames(still, assess)
    assert len(asked) == 1
    assert judged.presentation.frames[0].capture == CaptureQuality(reasons)
    assert judged.reasons == reasons
