"""Input rules of the metrics, one test per row of the specification's table, and sharing."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import noise, scene

from facepad.errors import InputError
from facepad.quality import Picture, measure
from facepad.quality.picture import to_gray

SOME = ["mse", "ssim", "rred", "hlfi", "jqi"]


def test_uint8_is_taken_as_it_is() -> None:
    pixels = noise()
    rounded, gray = to_gray(pixels)
    np.testing.assert_array_equal(rounded, pixels)
    np.testing.assert_array_equal(gray, pixels.astype(np.float32))


def test_uint16_is_divided_by_257() -> None:
    _, gray = to_gray(np.array([[0, 257, 65535]], np.uint16))
    assert gray.tolist() == [[0, 1, 255]]


def test_bool_is_black_or_white() -> None:
    rounded, _ = to_gray(np.array([[False, True]]))
    assert rounded.tolist() == [[0, 255]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_point_up_to_one_is_scaled(dtype: type[np.floating[Any]]) -> None:
    _, gray = to_gray(np.array([[0, 0.5, 1]], dtype), value_range=1)
    assert gray.tolist() == [[0, 127.5, 255]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_point_up_to_255_is_not_scaled(dtype: type[np.floating[Any]]) -> None:
    rounded, gray = to_gray(np.array([[0, 0.6, 255]], dtype), value_range=255)
    np.testing.assert_array_equal(gray, np.array([[0, 0.6, 255]], np.float32))
    assert rounded.tolist() == [[0, 1, 255]]


def test_floating_point_is_clipped_to_its_range() -> None:
    _, gray = to_gray(np.array([[-3.0, 1e300]]), value_range=1)
    assert gray.tolist() == [[0, 255]]


@pytest.mark.parametrize("value_range", [None, 0, 2, 256, -1])
def test_floating_point_without_a_known_range_is_refused(value_range: float | None) -> None:
    with pytest.raises(InputError, match="value_range 1 or 255, got"):
        to_gray(np.zeros((4, 4)), value_range)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "float16", "complex64", "U3", "O"])
def test_any_other_type_is_refused(dtype: str) -> None:
    with pytest.raises(InputError, match=r"elements of type .*, expected uint8"):
        to_gray(np.zeros((4, 4), dtype), 255)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="NaN or infinity"):
        to_gray(np.array([[1.0, bad]]), 255)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0, 3), (0, 4, 1)])
def test_an_empty_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="at least one pixel"):
        to_gray(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(), (4,), (4, 4, 2), (4, 4, 5), (1, 4, 4, 3), (4, 4, 0)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="shape"):
        to_gray(np.zeros(shape, np.uint8))


def test_an_error_of_input_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="shape"):
        to_gray(np.zeros(3, np.uint8))


def test_rgb_becomes_gray_in_fixed_point() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    r, g, b = (rgb[..., i].astype(np.int64) for i in range(3))
    expected = (9798 * r + 19235 * g + 3735 * b + 16384) >> 15
    np.testing.assert_array_equal(to_gray(rgb)[0], expected)


def test_floating_point_rgb_becomes_gray_without_rounding() -> None:
    rgb = np.random.default_rng(0).uniform(0, 255, (20, 30, 3))
    expected = rgb @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(to_gray(rgb, 255)[1], expected, atol=1e-3)


def test_one_channel_is_gray_and_alpha_is_ignored() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    rgba = np.dstack([rgb, noise(20, 30)])
    np.testing.assert_array_equal(to_gray(rgba)[0], to_gray(rgb)[0])
    np.testing.assert_array_equal(to_gray(rgb[..., :1])[0], rgb[..., 0])


SAME: dict[str, tuple[NDArray[Any], float | None]] = {
    "uint16": (scene().astype(np.uint16) * 257, None),
    "big-endian uint16": (scene().astype(">u2") * 257, None),
    "float32": (scene().astype(np.float32), 255),
    "float64": (scene().astype(np.float64), 255),
    "gray RGBA": (np.dstack([scene()] * 4), None),
    "one channel": (scene()[..., np.newaxis], None),
    "non-contiguous": (np.repeat(scene(), 2, axis=1)[:, ::2], None),
    "Fortran order": (np.asfortranarray(scene()), None),
}


@pytest.mark.parametrize(("image", "value_range"), SAME.values(), ids=list(SAME))
def test_the_same_picture_in_another_form_has_the_same_metrics(
    image: NDArray[Any], value_range: float | None
) -> None:
    assert measure(image, value_range=value_range, names=SOME) == measure(scene(), names=SOME)


def test_the_picture_given_is_not_changed() -> None:
    pixels = noise()
    before = pixels.copy()
    pixels.setflags(write=False)
    measure(pixels, names=SOME)
    np.testing.assert_array_equal(pixels, before)


def test_the_blurred_copy_is_the_3x3_gaussian_with_replicated_border() -> None:
    a, b = 0.10650698, 0.78698604
    picture = Picture.of(noise(12, 9))
    padded = np.pad(picture.gray.astype(np.float64), 1, mode="edge")
    rows = a * padded[:-2] + b * padded[1:-1] + a * padded[2:]
    expected = a * rows[:, :-2] + b * rows[:, 1:-1] + a * rows[:, 2:]
    np.testing.assert_allclose(picture.blurred, expected, atol=1e-4)


def test_the_difference_is_picture_minus_copy() -> None:
    picture = Picture.of(noise())
    np.testing.assert_array_equal(picture.difference, picture.gray - picture.blurred)


def test_a_shared_result_is_computed_once() -> None:
    calls = []
    picture = Picture.of(noise())

    def count(of: Picture) -> int:
        calls.append(of)
        return len(calls)

    assert [picture.once(count), picture.once(count)] == [1, 1]
