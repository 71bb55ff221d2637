"""Bytes stay as they are, frames of clips lose nothing, pixels keep their aspect."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad import media
from facepad.packing.rows import fitted, on_canvas, to_png
from facepad.testing.made_up import made_up_picture
from facepad.types import RgbImage

SIDES = st.integers(1, 300)


def test_png_gives_the_very_pixels() -> None:
    picture = made_up_picture(size=(31, 17))
    assert np.array_equal(media.read(to_png(picture)).image, picture)
    assert io.BytesIO(to_png(picture)).read(8) == b"\x89PNG\r\n\x1a\n"


@given(width=SIDES, height=SIDES, box=st.tuples(SIDES, SIDES))
def test_a_picture_fits_its_box_and_keeps_its_aspect(
    width: int, height: int, box: tuple[int, int]
) -> None:
    small = fitted(np.zeros((height, width, 3), np.uint8), box)
    assert small.shape[1] <= min(width, box[0])
    assert small.shape[0] <= min(height, box[1])
    scale = min(1.0, box[0] / width, box[1] / height)
    assert abs(small.shape[1] - scale * width) <= 1.0
    assert abs(small.shape[0] - scale * height) <= 1.0


@pytest.mark.parametrize("size", [(31, 17), (100, 100)])
def test_a_picture_that_fits_is_not_touched(size: tuple[int, int]) -> None:
    picture = made_up_picture(size=(31, 17))
    assert np.array_equal(fitted(picture, size), picture)


def test_a_canvas_is_black_where_the_picture_is_not() -> None:
    picture: RgbImage = np.full((2, 3, 3), 200, np.uint8)
    canvas = on_canvas(picture, (5, 4))
    assert canvas.shape == (4, 5, 3)
    assert canvas.sum() == picture.sum()
    assert np.array_equal(canvas[:2, :3], picture)
