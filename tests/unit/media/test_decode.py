"""What becomes of each kind of pixel."""

import io
import struct

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from facepad import media
from facepad.errors import InputError
from facepad.media.decode import inspect
from media_samples import (
    chunk,
    colour_tiff,
    colours,
    encode,
    exif,
    gray_tiff,
    png,
    run_length_bmp,
    tiff,
    valid_pictures,
)

PICTURE = Image.fromarray(colours())


def pixels(data: bytes) -> NDArray[np.uint8]:
    return media.read(data).image


@pytest.mark.parametrize("name", valid_pictures())
def test_every_valid_picture_becomes_writable_rgb(name: str) -> None:
    image = pixels(valid_pictures()[name])
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    assert image.flags.writeable
    assert image.flags.c_contiguous


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"compression": "packbits"}),
    ],
)
def test_lossless_formats_keep_every_pixel_in_rgb_order(
    kind: str, options: dict[str, object]
) -> None:
    assert np.array_equal(pixels(encode(PICTURE, kind, **options)), colours())


@pytest.mark.parametrize(("kind", "tolerance"), [("JPEG", 12), ("WEBP", 25)])
def test_lossy_formats_keep_the_order_of_colours(kind: str, tolerance: int) -> None:
    red = Image.new("RGB", (16, 16), (200, 90, 10))
    difference = pixels(encode(red, kind)).astype(int) - (200, 90, 10)
    assert np.abs(difference).max() <= tolerance


def test_pixels_equal_those_of_opencv() -> None:
    data = encode(Image.fromarray(colours(64, 48)), "PNG")
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    assert np.array_equal(pixels(data), bgr[:, :, ::-1])


UPRIGHT = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 0]], [[9, 9, 9]] * 2])
UPRIGHT = UPRIGHT.astype(np.uint8)  # 2 wide, 3 high: red green / blue yellow / gray gray
# How a camera that was held so stores it: EXIF 2.32, tag 0x0112 (row 0 is ..., column 0 is ...).
STORED = {
    1: UPRIGHT,  # top, left
    2: UPRIGHT[:, ::-1],  # top, right
    3: UPRIGHT[::-1, ::-1],  # bottom, right
    4: UPRIGHT[::-1],  # bottom, left
    5: UPRIGHT.transpose(1, 0, 2),  # left, top
    6: UPRIGHT[:, ::-1].transpose(1, 0, 2),  # right, top
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),  # right, bottom
    8: UPRIGHT[::-1].transpose(1, 0, 2),  # left, bottom
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("order", "<>")
def test_orientation_is_applied(orientation: int, kind: str, order: str) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    if kind == "TIFF":
        data = encode(stored, kind, tiffinfo={274: orientation})
    else:
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encode(stored, kind, exif=exif(orientation, order), **options)
    assert np.array_equal(pixels(data), UPRIGHT)


@pytest.mark.parametrize("orientation", STORED)
def test_orientation_is_applied_to_jpeg(orientation: int) -> None:
    large = np.ascontiguousarray(STORED[orientation]).repeat(16, axis=0).repeat(16, axis=1)
    data = encode(Image.fromarray(large), "JPEG", exif=exif(orientation), quality=98, subsampling=0)
    assert np.abs(pixels(data)[8::16, 8::16].astype(int) - UPRIGHT).max() <= 6


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_is_upright(value: int) -> None:
    assert np.array_equal(pixels(encode(PICTURE, "PNG", exif=exif(value))), colours())


def app1(payload: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload


@pytest.mark.parametrize(
    ("blocks", "orientation"),
    [
        ((exif(6) + b"x" * 500, b"Exif\0\0" + b"y" * 200), 6),
        ((exif(6), exif(1)), 6),
        ((exif(1), exif(6)), 1),
        ((b"Exif\0\0no header", exif(8, ">"), exif(6)), 8),
    ],
    ids=["continued", "second upright", "second turned", "first damaged"],
)
def test_the_first_exif_with_a_header_holds(blocks: tuple[bytes, ...], orientation: int) -> None:
    jpeg, bare = encode(PICTURE, "JPEG"), encode(PICTURE, "PNG")
    webp = encode(PICTURE, "WEBP", lossless=True, exif=exif(1))
    at = webp.index(b"EXIF")
    chunks = b"".join(
        b"EXIF" + struct.pack("<I", len(block)) + block + bytes(len(block) % 2) for block in blocks
    )
    body = webp[8:at] + chunks
    files = {
        "JPEG": jpeg[:2] + b"".join(map(app1, blocks)) + jpeg[2:],
        "PNG": bare[:33] + b"".join(chunk(b"eXIf", block) for block in blocks) + bare[33:],
        "WebP": b"RIFF" + struct.pack("<I", len(body)) + body,
    }
    for name, data in files.items():
        assert inspect(data).orientation == orientation, name


def test_a_png_in_the_form_of_apple_is_named_with_the_way_out() -> None:
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    content = chunk(b"CgBI", b"P\0 \2") + chunk(b"IHDR", header) + chunk(b"IEND", b"")
    with pytest.raises(
        InputError, match=r"Apple's own form \(CgBI\).*convert it: `xcrun"
    ) as raised:
        media.read(b"\x89PNG\r\n\x1a\n" + content)
    assert "damaged" not in str(raised.value)


GRAY = (128, 128, 128)
BEHIND_TRANSPARENT = ("transparent pixels were replaced by gray",)


def see_through(hidden: NDArray[np.uint8], alpha: int | NDArray[np.uint8]) -> Image.Image:
    """A picture with the given colours and how opaque each pixel is."""
    image = Image.fromarray(hidden).convert("RGBA")
    mask = Image.fromarray(alpha) if isinstance(alpha, np.ndarray) else alpha
    image.putalpha(mask)
    return image


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})],
)
def test_the_colour_of_transparent_pixels_cannot_matter(
    kind: str, options: dict[str, object]
) -> None:
    mask = np.where(np.arange(20) < 10, 0, 255).astype(np.uint8)[None].repeat(16, axis=0)
    shown = colours()
    other = np.where(mask[:, :, None] == 0, 255 - shown, shown)
    first, second = (
        media.read(encode(see_through(one, mask), kind, **options)) for one in (shown, other)
    )
    assert np.array_equal(first.image, second.image)
    assert (first.image[:, :10] == GRAY).all()
    assert np.array_equal(first.image[:, 10:], shown[:, 10:])
    assert first.notes == BEHIND_TRANSPARENT


def test_pixels_that_are_half_transparent_are_mixed_with_gray() -> None:
    white = np.full((4, 4, 3), 255, np.uint8)
    assert pixels(encode(see_through(white, 128), "PNG"))[0, 0].tolist() == [192] * 3


def test_an_alpha_channel_without_transparent_pixels_changes_nothing() -> None:
    frame = media.read(encode(see_through(colours(), 255), "PNG"))
    assert np.array_equal(frame.image, colours())
    assert frame.notes == ()


def test_transparent_palette_colours_are_replaced() -> None:
    palette = PICTURE.quantize(16)
    frame = media.read(encode(palette, "PNG", transparency=bytes(15 * [255]) + b"\0"))
    hidden = np.array(palette) == 15
    expected = np.where(hidden[:, :, None], GRAY, np.array(palette.convert("RGB")))
    assert hidden.any()
    assert np.array_equal(frame.image, expected)
    assert frame.notes == BEHIND_TRANSPARENT


@pytest.mark.parametrize(("mode", "colour"), [("RGB", (0, 0, 80)), ("L", 85), ("1", 0)])
def test_a_colour_that_stands_for_transparency_is_replaced(
    mode: str, colour: int | tuple[int, ...]
) -> None:
    image = PICTURE.convert(mode)
    frame = media.read(encode(image, "PNG", transparency=colour))
    hidden = (np.array(image.convert("RGB")) == colour).all(axis=2)
    assert hidden.any()
    assert (frame.image[hidden] == 128).all()
    assert np.array_equal(frame.image[~hidden], np.array(image.convert("RGB"))[~hidden])


@pytest.mark.parametrize(("bits", "colour"), [(2, 0), (4, 0), (16, 0), (16, 2)])
def test_a_transparent_colour_is_refused_where_pixels_have_another_scale(
    bits: int, colour: int
) -> None:
    transparent = chunk(b"tRNS", b"\x12\x34" * (3 if colour else 1))
    rows = b"\0" + bytes(6 * 4)
    with pytest.raises(InputError, match=f"the PNG has {bits} bits .* without transparency"):
        media.read(png(4, 1, rows, bits=bits, colour=colour, extra=transparent))


def test_16_bit_gray_is_scaled() -> None:
    values = np.array([[0, 128, 129, 257, 32_768, 65_535]], np.uint16)
    data = cv2.imencode(".png", values)[1].tobytes()
    assert pixels(data)[0, :, 1].tolist() == [0, 0, 1, 1, 128, 255]


def test_16_bit_gray_tiff_is_scaled() -> None:
    values = np.array([[0, 257, 25_700, 65_535]], np.uint16)
    assert pixels(gray_tiff(values))[0, :, 0].tolist() == [0, 1, 100, 255]


def test_16_bit_gray_tiff_may_count_down_from_white() -> None:
    values = np.array([[0, 25_700, 65_535]], np.uint16)
    assert pixels(gray_tiff(values, photometric=0))[0, :, 0].tolist() == [255, 155, 0]


def test_16_bit_colour_keeps_the_high_byte() -> None:
    bgr = np.array([[[0x0AFF, 0x1400, 0xC8C8]]], np.uint16)
    assert pixels(cv2.imencode(".png", bgr)[1].tobytes())[0, 0].tolist() == [0xC8, 0x14, 0x0A]


@pytest.mark.parametrize(
    ("cmyk", "expected"),
    [((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0), ((255, 255, 255, 0), 0)],
)
def test_cmyk_jpeg_as_adobe_stores_it(cmyk: tuple[int, ...], expected: int) -> None:
    data = encode(Image.new("CMYK", (8, 8), cmyk), "JPEG", quality=98)
    assert b"Adobe" in data
    assert np.abs(pixels(data).astype(int) - expected).max() <= 3


def test_one_bit_becomes_black_and_white() -> None:
    image = Image.new("1", (9, 2))
    image.putpixel((8, 0), 1)
    assert pixels(encode(image, "PNG"))[:, :, 0].tolist() == [[0] * 8 + [255], [0] * 9]


def test_run_length_bmp_is_decoded() -> None:
    assert np.array_equal(pixels(run_length_bmp()), np.full((2, 4, 3), (255, 0, 0)))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_of_many_frames_the_first_is_used(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    more = [Image.new("RGB", PICTURE.size)]
    frame = media.read(encode(PICTURE, kind, save_all=True, append_images=more, **options))
    assert np.array_equal(frame.image, colours())
    assert "only" in frame.notes[0]


def test_of_a_mpo_the_first_picture_is_used() -> None:
    data = valid_pictures()["two.mpo"]
    assert np.array_equal(pixels(data), np.array(Image.open(io.BytesIO(data)).convert("RGB")))


def test_a_colour_profile_changes_nothing() -> None:
    assert np.array_equal(pixels(encode(PICTURE, "PNG", icc_profile=b"wide gamut")), colours())


def test_text_that_would_inflate_is_never_unpacked() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + b"\x78\x9c" + b"\xff" * 5000)
    assert media.read(png(4, 4, bytes(20), extra=bomb)).size == (4, 4)


@pytest.mark.slow
def test_a_small_file_may_hold_a_large_black_picture() -> None:
    data = png(12_000, 4_000, bytes(4_000 * 1_501), bits=1)
    assert len(data) < 30_000
    assert media.read(data).size == (12_000, 4_000)


def test_32_bit_pixels_are_refused() -> None:
    with pytest.raises(InputError, match="floating"):
        media.read(encode(Image.new("F", (4, 4)), "TIFF"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
@pytest.mark.parametrize("separate", [False, True], ids=["interleaved", "planes"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_colour_tiff_of_every_layout_is_decoded_right_or_refused(
    kind: type[np.uint8] | type[np.uint16], separate: bool, deflate: bool, order: str
) -> None:
    deep = colours().astype(np.uint16) * 257
    image = deep if kind is np.uint16 else colours()
    data = colour_tiff(image, separate=separate, deflate=deflate, order=order)
    if kind is np.uint16 and separate and not deflate:
        with pytest.raises(InputError, match=r"16 bit .*separate planes.*; save it as PNG"):
            pixels(data)
    else:
        assert np.array_equal(pixels(data), colours())


def test_signed_tiff_is_refused() -> None:
    entries = {256: 4, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 4, 339: 2}
    data = tiff({tag: (3, [value]) for tag, value in entries.items()}, b"\x00\x7f\x80\xff")
    with pytest.raises(InputError, match="holds signed or floating point numbers"):
        pixels(data)
