"""HEIC and AVIF: turned as the file says, and bounded by what it states before it is decoded."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facepad import media
from facepad.errors import InputError
from facepad.media.decode import inspect
from media_samples import colours, encode, exif, heic

PICTURE = Image.fromarray(colours(64, 48))
AVIF = encode(PICTURE, "AVIF", quality=95)
CLIP = encode(PICTURE, "AVIF", save_all=True, append_images=[PICTURE])


def stating(data: bytes, width: int, height: int) -> bytes:
    """The file with another size in its boxes; the pixels stay as they are."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


@pytest.mark.parametrize("turns", range(4))
def test_heic_is_turned_as_the_file_says(turns: int) -> None:
    pytest.importorskip("pi_heif")
    expected = np.rot90(colours(64, 48), turns)
    image = media.read(heic(turns)).image
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_avif_is_turned_once(orientation: int) -> None:
    turns = {1: 0, 3: 2, 6: 3, 8: 1}[orientation]
    expected = np.rot90(colours(64, 48), turns)
    image = media.read(encode(PICTURE, "AVIF", quality=95, exif=exif(orientation))).image
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 4


def test_limits_hold_for_heic_before_its_pixels_are_read() -> None:
    pytest.importorskip("pi_heif")
    with pytest.raises(InputError, match=r"60000x100 pixels; no side may be longer"):
        media.read(stating(heic(), 60_000, 100))


def test_heic_whose_pixels_are_larger_than_stated_is_refused() -> None:
    pytest.importorskip("pi_heif")
    with pytest.raises(InputError, match="HEIC is damaged"):
        media.read(stating(heic(), 16, 16))


@pytest.mark.parametrize("data", [AVIF, CLIP[: CLIP.index(b"moov")] + b"free" + CLIP[
    CLIP.index(b"moov") + 4 :]], ids=["short header", "full header"])  # fmt: skip
def test_limits_hold_for_the_size_of_the_pixels_of_avif_whatever_is_stated(data: bytes) -> None:
    assert (inspect(data).width, inspect(data).height) == (64, 48)
    lying = stating(data, 8, 8)
    assert (inspect(lying).width, inspect(lying).height) == (64, 48)
    with pytest.raises(InputError, match=r"the limit is 0\.001 "):
        media.read(lying, limits=media.Limits(max_pixels=1000))


def test_animated_avif_is_named() -> None:
    with pytest.raises(InputError, match="an animated AVIF; save one of its frames as PNG"):
        media.read(CLIP)


@pytest.mark.parametrize("data", [heic(), AVIF], ids=["HEIC", "AVIF"])
@pytest.mark.parametrize("name", [b"meta", b"iprp", b"ispe"])
def test_a_file_without_a_size_is_damaged(data: bytes, name: bytes) -> None:
    if data == heic():
        pytest.importorskip("pi_heif")
    with pytest.raises(InputError, match=r"it (holds no picture|states no size)"):
        media.read(data.replace(name, b"free"))


def test_avif_whose_pixels_lie_elsewhere_is_refused() -> None:
    with pytest.raises(InputError, match="its pixels state no size"):
        media.read(AVIF.replace(b"iloc", b"free"))
    twice = AVIF.replace(b"colr", b"ispe")  # a second size, of numbers that mean something else
    with pytest.raises(InputError, match="no side may be longer"):
        media.read(twice)


def test_a_box_that_must_be_single_is() -> None:
    second = struct.pack(">I4sI", 12, b"meta", 0)
    with pytest.raises(InputError, match="two boxes meta"):
        media.read(AVIF + second)


def test_without_its_library_heic_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(InputError) as caught:
        media.read(heic(), name="me.heic")
    assert str(caught.value) == (
        'me.heic: HEIC needs facepad[heif]: pip install "facepad[heif]"; or convert it, e.g. '
        "`heif-convert in.heic out.jpg`, or set the phone to take JPEG (iPhone: Settings, "
        "Camera, Formats, Most Compatible)"
    )


def test_transparent_pixels_of_avif_are_replaced() -> None:
    image = PICTURE.convert("RGBA")
    image.putalpha(0)
    frame = media.read(encode(image, "AVIF"))
    assert (frame.image == 128).all()
    assert frame.notes == ("transparent pixels were replaced by gray",)


def test_the_suffix_may_say_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "me.avif"
    path.write_bytes(AVIF)
    assert media.read(path).notes == ()
