"""Pillow images give the pixels that their files would give."""

import io

import numpy as np
import pytest
from PIL import Image

from facepad import media
from facepad.errors import InputError
from facepad.media.reading import from_image
from media_samples import colours, encode, exif, gray_tiff, valid_pictures

PICTURE = Image.fromarray(colours())


@pytest.mark.parametrize("name", valid_pictures())
def test_an_opened_image_gives_the_pixels_of_its_file(name: str) -> None:
    data = valid_pictures()[name]
    with Image.open(io.BytesIO(data)) as image:
        frame = from_image(image)
    assert np.array_equal(frame.image, media.read(data).image)


@pytest.mark.parametrize("photometric", [0, 1])
def test_deep_gray_is_scaled_as_in_a_file(photometric: int) -> None:
    data = gray_tiff(np.array([[0, 257, 25_700, 65_535]], np.uint16), photometric=photometric)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(from_image(image).image, media.read(data).image)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "RGBX", "CMYK", "YCbCr", "I;16"])
def test_common_modes_are_converted(mode: str) -> None:
    image = Image.new(mode, (3, 2))
    assert from_image(image).size == (3, 2)
    assert image.mode == mode


@pytest.mark.parametrize("mode", ["F", "I", "LAB", "HSV"])
def test_other_modes_are_refused_in_words(mode: str) -> None:
    with pytest.raises(InputError, match=f"pixels of kind {mode}"):
        from_image(Image.new(mode, (3, 2)))


def test_the_image_itself_does_not_change() -> None:
    palette = PICTURE.quantize(16)
    palette.info["transparency"] = 3
    before = palette.copy()
    from_image(palette)
    assert palette == before
    assert palette.info == before.info


def test_transparent_pixels_are_replaced_with_a_note() -> None:
    image = PICTURE.convert("RGBA")
    image.putalpha(0)
    frame = from_image(image)
    assert (frame.image == 128).all()
    assert frame.notes == ("transparent pixels were replaced by gray",)


def test_orientation_is_applied_once() -> None:
    from PIL import ImageOps

    with Image.open(io.BytesIO(encode(PICTURE, "PNG", exif=exif(6)))) as image:
        turned = from_image(image).image
        again = from_image(ImageOps.exif_transpose(image)).image
    assert turned.shape == (20, 16, 3)
    assert np.array_equal(turned, again)


def test_limits_hold_before_an_image_is_decoded() -> None:
    data = encode(Image.new("1", (3000, 2000)), "PNG")
    with (
        Image.open(io.BytesIO(data)) as image,
        pytest.raises(InputError, match="the limit is 1 "),
    ):
        from_image(image, limits=media.Limits(max_pixels=1_000_000))


def test_a_file_that_is_cut_off_is_an_input_error() -> None:
    with (
        Image.open(io.BytesIO(encode(PICTURE, "PNG")[:-40])) as image,
        pytest.raises(InputError, match=r"cut off|damaged"),
    ):
        from_image(image)
