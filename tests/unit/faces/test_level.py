"""Tilted faces are levelled before their views are cut."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from facepad.faces import crops, landmarks, level
from facepad.types import Box, Face, Frame, RgbImage
from made_up_face import made_up_landmarks

BOX: Box = (150, 110, 250, 210)
EYES = ((180.0, 150.0), (220.0, 150.0))


def picture(width: int = 400, height: int = 320) -> RgbImage:
    """Soft blobs, so that interpolation changes little."""
    noise = np.random.default_rng(0).uniform(0.0, 255.0, (height // 20, width // 20, 3))
    soft = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(soft, 0, 255).astype(np.uint8)


def upright() -> Frame:
    face = Face(BOX, 0.9, made_up_landmarks(200.0, 160.0, 50.0), points=EYES)
    return Frame(picture(), face=face)


def tilted(degrees: float) -> Frame:
    """The upright frame turned clockwise about the middle of its face."""
    back = level.rotation(-degrees, (199.5, 159.5))
    frame = upright()
    image = cv2.warpAffine(frame.image, back[:2], frame.size, borderMode=cv2.BORDER_REPLICATE)
    assert frame.face is not None
    face = level.turned(frame.face, BOX, back)
    return replace(frame, image=np.asarray(image, np.uint8), face=face)


def quarter_turned(quarters: int, frame: Frame) -> Frame:
    """The frame turned clockwise, as a camera on its side takes it."""
    turn = level.Turn(-quarters % 4, 0.0, frame.size)
    assert frame.face is not None
    face = level.turned(frame.face, turn.box(frame.face.box), turn.matrix)
    return replace(frame, image=np.rot90(frame.image, -quarters), face=face)


def views(frame: Frame) -> list[RgbImage]:
    flat = crops.levelled(frame)
    assert flat.face is not None
    return [view(flat.image, flat.face.box, 96) for view in (crops.tight, crops.context)]


@pytest.mark.parametrize("degrees", [0.0, 9.0, -9.0])
def test_a_small_tilt_leaves_the_frame_alone(degrees: float) -> None:
    frame = tilted(degrees)
    assert frame.face is not None
    assert frame.face.roll_deg == pytest.approx(degrees, abs=0.01)
    assert crops.levelled(frame) is frame


def test_a_frame_without_a_face_stays_as_it_is() -> None:
    frame = Frame(picture())
    assert crops.levelled(frame) is frame


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("box", [BOX, (0, 10, 80, 100), (310, 230, 400, 320)])
def test_a_picture_on_its_side_gives_the_views_of_the_upright_one(quarters: int, box: Box) -> None:
    frame = upright()
    assert frame.face is not None
    frame = replace(frame, face=replace(frame.face, box=box))
    turned = quarter_turned(quarters, frame)
    for expected, view in zip(views(frame), views(turned), strict=True):
        np.testing.assert_array_equal(view, expected)
    assert crops.has_context(turned) == crops.has_context(frame)


@pytest.mark.parametrize("degrees", [-160.0, -70.0, -30.0, 25.0, 45.0, 105.0, 165.0])
def test_a_tilted_face_gives_nearly_the_views_of_the_upright_one(degrees: float) -> None:
    for expected, view in zip(views(upright()), views(tilted(degrees)), strict=True):
        middle = np.s_[10:-10, 10:-10]
        difference = np.abs(view[middle].astype(float) - expected[middle])
        assert difference.mean() < 3.0


@pytest.mark.parametrize("degrees", [-30.0, 25.0, 120.0])
def test_levelled_eyes_are_level(degrees: float) -> None:
    face = crops.levelled(tilted(degrees)).face
    assert face is not None
    assert face.landmarks is not None
    (right_x, right_y), (left_x, left_y) = face.points
    assert (left_x - right_x, left_y - right_y) == pytest.approx((40.0, 0.0), abs=0.01)
    assert face.roll_deg == pytest.approx(0.0, abs=0.01)
    assert landmarks.eye_line(face.landmarks).roll_deg == pytest.approx(0.0, abs=0.5)


def test_only_the_part_around_the_face_is_turned_and_a_large_one_is_shrunk() -> None:
    small, large = (
        crops.levelled(tilted(30.0)),
        Frame(
            np.zeros((3000, 4000, 3), np.uint8),
            face=Face((1000, 800, 2000, 1800), 0.9, roll_deg=30.0),
        ),
    )
    assert small.size == (220, 220)
    shrunk = crops.levelled(large)
    assert shrunk.size == (1024, 1024)
    assert shrunk.face is not None
    left, _, right, _ = shrunk.face.box
    assert right - left == pytest.approx(1024 / crops.MARGINS[crops.CONTEXT], abs=1)


def test_context_is_counted_in_the_pixels_of_the_picture() -> None:
    whole = Face((100, 100, 200, 200), 0.9, roll_deg=45.0)
    assert crops.has_context(Frame(picture(300, 300), face=whole))
    small = Face((25, 25, 125, 125), 0.9, roll_deg=45.0)
    # A picture of 170 turned by 45 degrees covers more of a square of 220 than one of 165.
    assert crops.has_context(Frame(picture(180, 180), face=small))
    assert not crops.has_context(Frame(picture(160, 160), face=small))
