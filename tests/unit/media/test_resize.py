"""Making pictures smaller, never larger."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad import media
from facepad.errors import InputError
from facepad.media.resize import even, shrink_to_fit
from facepad.testing.made_up import made_up_picture
from media_samples import colours


def test_a_picture_that_fits_is_returned_as_it_is() -> None:
    image = colours()
    assert media.to_long_side(image, 20) is image


@pytest.mark.parametrize(
    ("width", "height", "side", "expected"),
    [(640, 480, 320, (240, 320)), (480, 640, 320, (320, 240)), (1000, 1, 10, (1, 10))],
)
def test_the_aspect_is_kept(width: int, height: int, side: int, expected: tuple[int, int]) -> None:
    assert media.to_long_side(colours(width, height), side).shape == (*expected, 3)


def test_each_new_pixel_is_the_mean_of_its_area() -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 12, 3)).astype(np.uint8)
    means = image.reshape(2, 4, 3, 4, 3).mean(axis=(1, 3))
    assert np.abs(media.to_long_side(image, 3) - means).max() <= 0.5


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_no_side_is_ever_longer_than_asked_or_than_before(
    width: int, height: int, side: int
) -> None:
    new = media.to_long_side(colours(width, height), side)
    assert max(new.shape[:2]) == min(side, max(width, height))
    assert new.shape[0] <= height
    assert new.shape[1] <= width


@pytest.mark.parametrize(
    ("image", "side"),
    [(colours(), 0), (np.zeros((3, 3), np.uint8), 2), (np.zeros((0, 3, 3), np.uint8), 2)],
)
def test_what_does_not_fit_is_an_error(image: np.ndarray, side: int) -> None:
    with pytest.raises(InputError, match="got"):
        media.to_long_side(image, side)


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    box=st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
def test_a_picture_fits_its_box_and_keeps_its_aspect(
    width: int, height: int, box: tuple[int, int]
) -> None:
    small = shrink_to_fit(np.zeros((height, width, 3), np.uint8), box)
    assert small.shape[1] <= min(width, box[0])
    assert small.shape[0] <= min(height, box[1])
    scale = min(1.0, box[0] / width, box[1] / height)
    assert abs(small.shape[1] - scale * width) <= 1.0
    assert abs(small.shape[0] - scale * height) <= 1.0


@pytest.mark.parametrize("size", [(31, 17), (100, 100)])
def test_a_picture_that_fits_is_not_touched(size: tuple[int, int]) -> None:
    picture = made_up_picture(size=(31, 17))
    assert np.array_equal(shrink_to_fit(picture, size), picture)


@pytest.mark.parametrize(
    ("size", "expected"), [((31, 17), (30, 16)), ((30, 16), (30, 16)), ((1, 1), (1, 1))]
)
def test_sides_become_even_without_the_last_row_and_column(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    picture = made_up_picture(size=size)
    smaller = even(picture)
    assert smaller.shape[1::-1] == expected
    assert np.array_equal(smaller, picture[: expected[1], : expected[0]])
