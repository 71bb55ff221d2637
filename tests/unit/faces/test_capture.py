"""Tests of capture quality, on made-up pictures."""

import numpy as np

from facepad.faces.capture import assess
from facepad.testing.made_up import made_up_presentation
from facepad.types import CaptureQuality, Face, Frame, Reason


def test_a_frame_without_a_face_has_nothing_to_assess() -> None:
    assert assess(Frame(np.zeros((9, 9, 3), np.uint8))) == CaptureQuality()


def test_a_normal_picture_has_no_reason() -> None:
    quality = assess(made_up_presentation().frames[0])
    assert quality.reasons == ()
    assert quality.measures["judgeable"] == 1.0


def test_a_picture_that_ends_at_the_face_has_no_context() -> None:
    image = np.full((100, 100, 3), 128, np.uint8)
    assert Reason.NO_CONTEXT in assess(Frame(image, face=Face((0, 0, 100, 100), 0.9))).reasons
