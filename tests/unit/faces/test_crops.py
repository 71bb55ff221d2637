"""Crops, the views of a face, tiles and clipped boxes."""

import numpy as np
import pytest
from crop_reference import CASES, GOLDEN, picture
from crop_reference import crop as slow_crop
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import InputError
from facepad.faces import crops
from facepad.faces.crops import clip_box, crop, square, tiles
from facepad.types import Box, Face, Frame, RgbImage

BOX: Box = (5, 4, 13, 14)
FACE: Box = (100, 100, 200, 200)  # in `noise`

boxes = st.tuples(
    st.integers(0, 35), st.integers(0, 27), st.integers(1, 40), st.integers(1, 40)
).map(lambda b: (b[0], b[1], min(36, b[0] + b[2]), min(28, b[1] + b[3])))


@pytest.mark.parametrize("name", CASES)
def test_a_crop_is_the_golden_one(name: str) -> None:
    box, margin, size = CASES[name]
    with np.load(GOLDEN, allow_pickle=False) as golden:
        np.testing.assert_array_equal(crop(picture(), box, margin, size), golden[name])


@pytest.mark.parametrize("name", CASES)
def test_the_golden_crops_are_those_of_the_slow_rule(name: str) -> None:
    with np.load(GOLDEN, allow_pickle=False) as golden:
        np.testing.assert_array_equal(slow_crop(picture(), *CASES[name]), golden[name])


@given(boxes, st.floats(0.2, 3.0))
def test_any_crop_is_that_of_the_slow_rule(box: Box, margin: float) -> None:
    if round(max(box[2] - box[0], box[3] - box[1]) * margin) >= 1:
        expected = slow_crop(picture(), box, margin, None)
        np.testing.assert_array_equal(crop(picture(), box, margin), expected)


@given(boxes)
def test_a_crop_without_margin_lies_in_the_picture_and_holds_the_box(box: Box) -> None:
    left, top, side = square(np.zeros((64, 64, 3), np.uint8), box, 1.0)
    assert 0 <= left <= box[0]
    assert 0 <= top <= box[1]
    assert box[2] <= left + side <= 64
    assert box[3] <= top + side <= 64


def test_a_face_is_cropped_by_its_box() -> None:
    expected = crop(picture(), BOX, 1.5)
    np.testing.assert_array_equal(crop(picture(), Face(BOX, 0.9), 1.5), expected)


def test_a_crop_is_a_copy() -> None:
    image = picture()
    crop(image, BOX)[:] = 0
    np.testing.assert_array_equal(image, picture())


@pytest.mark.parametrize("size", [1, 7, 10, 31])
def test_a_crop_has_the_size_that_is_asked_for(size: int) -> None:
    assert crop(picture(), BOX, size=size).shape == (size, size, 3)


@pytest.mark.parametrize(
    ("box", "margin", "size", "told"),
    [
        ((5, 4, 5, 14), 1.0, None, "not empty"),
        ((13, 4, 5, 14), 1.0, None, "not empty"),
        ((36, 4, 40, 14), 1.0, None, "lies outside the picture of 36x28"),
        ((-9, -9, 0, 4), 1.0, None, "lies outside"),
        (BOX, 0.0, None, "margin must lie in"),
        (BOX, 99.0, None, "margin must lie in"),
        (BOX, float("nan"), None, "margin must lie in"),
        (BOX, 1.0, 0, "size must lie in"),
        (BOX, 1.0, 100_000, "size must lie in"),
    ],
)
def test_a_crop_that_cannot_be_made_says_why(
    box: Box, margin: float, size: int | None, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        crop(picture(), box, margin, size)


@pytest.mark.parametrize("image", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32)])
def test_a_picture_that_is_not_rgb_is_not_cropped(image: np.ndarray) -> None:
    with pytest.raises(InputError, match="RGB uint8"):
        crop(image, (0, 0, 4, 4))


def test_the_part_of_a_box_inside_the_picture_is_in_whole_pixels() -> None:
    assert clip_box((-3.2, 4.6, 20.4, 99.0), picture()) == (0, 5, 20, 28)


def test_a_box_outside_the_picture_leaves_a_pixel_at_its_edge() -> None:
    assert clip_box((50.0, -9.0, 60.0, -5.0), picture()) == (35, 0, 36, 1)


@given(st.integers(1, 700), st.integers(1, 700), st.integers(8, 400))
def test_any_part_smaller_than_what_tiles_share_lies_in_one_of_them(
    height: int, width: int, side: int
) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    shared = side // 3 - 1
    covered = np.zeros((height, width), bool)  # where such a part may begin
    for left, top, right, bottom in tiles(image, side):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        covered[top : max(top + 1, bottom - shared), left : max(left + 1, right - shared)] = True
    assert covered[: max(1, height - shared), : max(1, width - shared)].all()


def noise(height: int = 400, width: int = 400) -> RgbImage:
    return np.random.default_rng(0).integers(1, 256, (height, width, 3), dtype=np.uint8)


def test_the_tight_view_is_square_and_of_the_size_that_was_asked_for() -> None:
    assert crops.tight(noise(), FACE, 224).shape == (224, 224, 3)


def test_the_context_is_wider_than_the_face() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[100:200, 100:200] = 255
    assert crops.context(image, FACE, 224).mean() < crops.tight(image, FACE, 224).mean()


def test_without_the_face_its_pixels_no_longer_matter() -> None:
    image, other = noise(), noise()
    other[100:200, 100:200] = 7
    a, b = (crops.without_face(one, FACE) for one in (image, other))
    np.testing.assert_array_equal(a, b)


def test_blacking_out_leaves_the_picture_itself_as_it_was() -> None:
    image = noise()
    crops.without_face(image, FACE)
    np.testing.assert_array_equal(image, noise())


def test_a_face_in_its_surroundings_has_context() -> None:
    assert crops.has_context(Frame(noise(), face=Face(FACE, 1.0)))


def test_a_face_that_fills_the_picture_has_no_context() -> None:
    frame = Frame(noise(110, 100), face=Face((0, 0, 100, 110), 1.0))
    assert not crops.has_context(frame)


def test_a_frame_without_a_face_has_no_context() -> None:
    assert not crops.has_context(Frame(noise()))


def piece(image: RgbImage, x: float, y: float, side: int) -> RgbImage:
    """One piece pixel by pixel, written anew: a square about a point, moved inside."""
    height, width = image.shape[:2]
    left = min(max(int(x - side // 2), 0), max(width - side, 0))
    top = min(max(int(y - side // 2), 0), max(height - side, 0))
    found = np.zeros((side, side, 3), np.uint8)
    for row in range(side):
        for column in range(side):
            found[row, column] = image[mirrored(top + row, height), mirrored(left + column, width)]
    return found


def mirrored(place: int, length: int) -> int:
    """Where an index past the end lies in the picture, the last pixel being repeated once."""
    place %= 2 * length
    return place if place < length else 2 * length - 1 - place


def test_the_patches_are_the_pictures_own_pixels_at_temples_and_cheeks() -> None:
    image = noise()
    found = crops.patches(image, FACE, 64)
    assert found.shape == (64, 64, 3)
    # The middles lie at (130, 135), (170, 135), (130, 170) and (170, 170); half a piece is 16.
    np.testing.assert_array_equal(found[:32, :32], image[119:151, 114:146])
    np.testing.assert_array_equal(found[:32, 32:], image[119:151, 154:186])
    np.testing.assert_array_equal(found[32:, :32], image[154:186, 114:146])
    np.testing.assert_array_equal(found[32:, 32:], image[154:186, 154:186])


def test_patches_of_a_face_at_the_edge_are_moved_inside() -> None:
    image = noise()
    found = crops.patches(image, (0, 0, 20, 20), 64)
    for part in (found[:32, :32], found[:32, 32:], found[32:, :32], found[32:, 32:]):
        np.testing.assert_array_equal(part, image[:32, :32])


def test_patches_of_a_picture_that_is_too_small_are_mirrored() -> None:
    image = noise(24, 20)
    part = crops.patches(image, (0, 0, 20, 24), 64)[:32, :32]
    np.testing.assert_array_equal(part[:24, :20], image)
    np.testing.assert_array_equal(part[24:, :20], image[:-9:-1])
    np.testing.assert_array_equal(part[:24, 20:], image[:, :-13:-1])


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 90), (2, 2), (5, 90)])
def test_patches_of_any_picture_have_their_size(height: int, width: int) -> None:
    image = noise(height, width)
    found = crops.patches(image, (0, 0, width, height), 64)
    assert found.shape == (64, 64, 3)
    assert {tuple(pixel) for pixel in found.reshape(-1, 3).tolist()} <= {
        tuple(pixel) for pixel in image.reshape(-1, 3).tolist()
    }


@given(boxes, st.sampled_from([16, 24, 64]))
def test_any_patches_are_those_of_the_slow_rule(box: Box, side: int) -> None:
    image = picture()
    left, top, length = square(image, box, 1.0)
    rows = [
        np.hstack(
            [piece(image, left + length * x, top + length * y, side // 2) for x in (0.3, 0.7)]
        )
        for y in (0.35, 0.7)
    ]
    np.testing.assert_array_equal(crops.patches(image, box, side), np.vstack(rows))


@given(boxes, st.integers(0, 60), st.integers(0, 60))
def test_patches_move_with_the_face(box: Box, x: int, y: int) -> None:
    image = noise(200, 200)
    moved = np.zeros((300, 300, 3), np.uint8)
    moved[y : y + 200, x : x + 200] = image
    there = (box[0] + 60, box[1] + 60, box[2] + 60, box[3] + 60)
    further = (there[0] + x, there[1] + y, there[2] + x, there[3] + y)
    np.testing.assert_array_equal(
        crops.patches(moved, further, 32), crops.patches(image, there, 32)
    )


def test_the_whole_view_is_the_square_in_the_middle() -> None:
    image = noise(60, 100)
    np.testing.assert_array_equal(crops.whole(image, 60), image[:, 20:80])
    np.testing.assert_array_equal(
        crops.whole(image.transpose(1, 0, 2), 60), image[:, 20:80].transpose(1, 0, 2)
    )


def test_the_whole_view_halved_is_the_mean_of_four_pixels() -> None:
    image = noise(64, 80)
    means = image[:, 8:72].astype(float).reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(crops.whole(image, 32) - means).max() <= 0.5


def test_the_sides_of_a_wide_picture_do_not_matter_to_the_whole_view() -> None:
    image = noise(60, 100)
    other = image.copy()
    other[:, :20] = other[:, 80:] = 0
    np.testing.assert_array_equal(crops.whole(image, 224), crops.whole(other, 224))
