"""Arrays become frames; the order of channels is always said."""

from typing import Literal

import numpy as np
import pytest

from facepad import media
from facepad.errors import InputError
from media_samples import colours


def test_rgb_is_kept() -> None:
    assert np.array_equal(media.from_array(colours(), channels="rgb").image, colours())


def test_bgr_is_turned_round() -> None:
    frame = media.from_array(colours()[:, :, ::-1], channels="bgr")
    assert np.array_equal(frame.image, colours())


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1)])
def test_gray_is_repeated(shape: tuple[int, ...]) -> None:
    gray = np.arange(6, dtype=np.uint8).reshape(shape)
    image = media.from_array(gray, channels="gray").image
    assert np.array_equal(image, np.dstack([gray.reshape(2, 3)] * 3))


def test_16_bit_is_scaled() -> None:
    deep = np.array([[0, 257, 128, 129, 65_535]], np.uint16)
    image = media.from_array(deep, channels="gray").image
    assert image[0, :, 0].tolist() == [0, 1, 0, 1, 255]


def test_the_frame_holds_a_copy() -> None:
    image = colours()
    frame = media.from_array(image, channels="rgb")
    image[:] = 0
    assert np.array_equal(frame.image, colours())


@pytest.mark.parametrize(
    ("image", "channels"),
    [
        (np.zeros((2, 2, 3)), "rgb"),
        (np.zeros((2, 2, 3), bool), "rgb"),
        (np.zeros((2, 2, 4), np.uint8), "rgb"),
        (np.zeros((2, 2), np.uint8), "bgr"),
        (np.zeros((2, 2, 3), np.uint8), "gray"),
        (np.zeros((0, 2, 3), np.uint8), "rgb"),
        (np.zeros((2, 2, 3, 1), np.uint8), "rgb"),
        (np.zeros((2, 2, 3), np.uint8), "rbg"),
        ([[1, 2], [3, 4]], "gray"),
    ],
)
def test_what_does_not_fit_is_an_error(image: object, channels: object) -> None:
    with pytest.raises(InputError, match="got"):
        media.from_array(image, channels=channels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "channels"), [((4, 5), "rgb"), ((4, 5, 3), "gray"), ((4,), "rgb"), ((0, 5, 3), "bgr")]
)
def test_a_wrong_shape_is_named_as_it_was_given(
    shape: tuple[int, ...], channels: Literal["rgb", "bgr", "gray"]
) -> None:
    with pytest.raises(InputError) as caught:
        media.from_array(np.zeros(shape, np.uint8), channels=channels)
    assert str(caught.value).endswith(f"got {shape}")


def test_a_fourth_channel_is_named_with_the_way_out() -> None:
    with pytest.raises(InputError, match="alpha: lay the picture over a plain background"):
        media.from_array(np.zeros((4, 5, 4), np.uint8), channels="rgb")
