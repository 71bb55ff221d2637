"""Limits are checked from the header, before anything is decoded."""

import pytest

from broken_files import broken_contents
from facepad import media
from facepad.errors import InputError, SettingsError
from facepad.media import decode, reading
from media_samples import png, valid_pictures

TOO_LARGE = ["bomb.png", "pixels.png", "bomb.jpg", "bomb.webp", "bomb.bmp", "bomb.tif", "runs.bmp"]


def test_the_defaults_are_those_of_the_settings() -> None:
    assert media.Limits.from_settings() == media.Limits(20_000_000, 50_000_000, 12_000)


def test_settings_change_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_MAX_SIDE", "19")
    with pytest.raises(InputError, match="20x16 pixels; no side may be longer than 19"):
        media.read(valid_pictures()["gray.png"])


def test_a_setting_that_is_no_number_is_a_settings_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_MAX_FILE_MB", "plenty")
    with pytest.raises(SettingsError, match="FACEPAD_MAX_FILE_MB"):
        media.read(valid_pictures()["gray.png"])


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_over_a_limit_is_never_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(decode, "_open", opened.append)
    with pytest.raises(InputError):
        media.read(broken_contents()[name][0])
    assert opened == []


def test_a_file_over_the_limit_is_never_inspected(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    monkeypatch.setattr(reading, "inspect", seen.append)
    with pytest.raises(InputError, match=r"limit of 0\.0001 MB"):
        media.read(bytes(101), limits=media.Limits(max_bytes=100))
    assert seen == []


def test_a_picture_at_the_limit_is_read() -> None:
    limits = media.Limits(max_pixels=12, max_side=4)
    assert media.read(png(4, 3, bytes(15)), limits=limits).size == (4, 3)


def test_a_picture_over_the_limit_of_pixels_is_refused() -> None:
    with pytest.raises(InputError, match="megapixels"):
        media.read(png(4, 3, bytes(15)), limits=media.Limits(max_pixels=11))
