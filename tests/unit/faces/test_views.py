"""The views of a face that networks see."""

import numpy as np

from facepad.faces import views
from facepad.types import Face, Frame, RgbImage

BOX = (100, 100, 200, 200)


def picture(height: int = 400, width: int = 400) -> RgbImage:
    return np.random.default_rng(0).integers(1, 256, (height, width, 3), dtype=np.uint8)


def test_the_tight_view_is_square_and_of_the_size_that_was_asked_for() -> None:
    assert views.tight(picture(), BOX, 224).shape == (224, 224, 3)


def test_the_context_is_wider_than_the_face() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[100:200, 100:200] = 255
    assert views.context(image, BOX, 224).mean() < views.tight(image, BOX, 224).mean()


def test_without_the_face_its_pixels_no_longer_matter() -> None:
    image, other = picture(), picture()
    other[100:200, 100:200] = 7
    a, b = (views.without_face(one, BOX) for one in (image, other))
    np.testing.assert_array_equal(a, b)


def test_blacking_out_leaves_the_picture_itself_as_it_was() -> None:
    image = picture()
    views.without_face(image, BOX)
    np.testing.assert_array_equal(image, picture())


def test_a_face_in_its_surroundings_has_context() -> None:
    assert views.has_context(Frame(picture(), face=Face(BOX, 1.0)))


def test_a_face_that_fills_the_picture_has_no_context() -> None:
    frame = Frame(picture(110, 100), face=Face((0, 0, 100, 110), 1.0))
    assert not views.has_context(frame)


def test_a_frame_without_a_face_has_no_context() -> None:
    assert not views.has_context(Frame(picture()))
