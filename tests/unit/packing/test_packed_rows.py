"""What is stored of a picture: PNG without loss, or pixels on a canvas."""

import io

import numpy as np

from facepad import media
from facepad.packing.rows import on_canvas, to_png
from facepad.testing.made_up import made_up_picture
from facepad.types import RgbImage


def test_png_gives_the_very_pixels() -> None:
    picture = made_up_picture(size=(31, 17))
    assert np.array_equal(media.read(to_png(picture)).image, picture)
    assert io.BytesIO(to_png(picture)).read(8) == b"\x89PNG\r\n\x1a\n"


def test_a_canvas_is_black_where_the_picture_is_not() -> None:
    picture: RgbImage = np.full((2, 3, 3), 200, np.uint8)
    canvas = on_canvas(picture, (5, 4))
    assert canvas.shape == (4, 5, 3)
    assert canvas.sum() == picture.sum()
    assert np.array_equal(canvas[:2, :3], picture)
