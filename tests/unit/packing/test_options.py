"""What may be asked of packing, and the fingerprint that tells one order from another."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from facepad.errors import DatasetError, SettingsError
from facepad.media.frame_selection import FrameSelection
from facepad.packing.pack import fingerprint
from facepad.packing.rows import PackOptions, parse_size
from facepad.types import Sample
from packing import pictures


@pytest.fixture
def samples(tmp_path: Path) -> tuple[Sample, ...]:
    return tuple(pictures(tmp_path, 3))


def fingerprint_of(samples: tuple[Sample, ...], options: PackOptions | None = None) -> str:
    return fingerprint("made_up", samples, options or PackOptions())


@pytest.mark.parametrize("text", ["", "0", "x", "12x", "x12", "-3", "320X240", "12001", "1x0"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="a size is like 320x240 or 224"):
        parse_size(text)


def test_pixels_need_a_size() -> None:
    with pytest.raises(SettingsError, match="store 'pixels' needs a size"):
        PackOptions("pixels")


def test_encoded_pictures_take_no_size() -> None:
    with pytest.raises(SettingsError, match="store 'encoded' keeps pictures as they are"):
        PackOptions("encoded", (3, 3))


def test_an_unknown_store_is_refused() -> None:
    with pytest.raises(SettingsError, match="a store is one of encoded, pixels, got 'raw'"):
        PackOptions("raw")  # type: ignore[arg-type] # wrong on purpose


def test_the_fingerprint_is_the_same_where_the_files_lie_elsewhere(
    samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    before = fingerprint_of(samples)
    moved = []
    for sample in samples:
        path = tmp_path / f"moved_{Path(sample.path).name}"
        Path(sample.path).rename(path)
        moved.append(replace(sample, path=str(path)))
    assert fingerprint_of(tuple(moved)) == before


def test_the_fingerprint_tells_every_other_order(samples: tuple[Sample, ...]) -> None:
    first, *rest = samples
    found = {
        fingerprint_of(samples),
        fingerprint_of(samples[::-1]),
        fingerprint_of(samples[:2]),
        fingerprint_of((replace(first, subject="other"), *rest)),
        fingerprint_of((replace(first, attributes={"other": "1"}), *rest)),
        fingerprint_of(samples, PackOptions("pixels", (9, 9))),
        fingerprint_of(samples, PackOptions(frames=FrameSelection("even", 3))),
        fingerprint("other", samples, PackOptions()),
    }
    assert len(found) == 8


def test_the_fingerprint_notices_a_file_that_changed(samples: tuple[Sample, ...]) -> None:
    before = fingerprint_of(samples)
    os.utime(samples[0].path, (1, 1))
    assert fingerprint_of(samples) != before


def test_a_missing_file_is_named(samples: tuple[Sample, ...]) -> None:
    Path(samples[1].path).unlink()
    with pytest.raises(DatasetError, match=r"1\.jpg is listed but cannot be read"):
        fingerprint_of(samples)


def test_frames_are_not_packed_by_what_they_show() -> None:
    with pytest.raises(SettingsError, match=r"frames are packed as they are.*got 'best:8'"):
        PackOptions(frames=FrameSelection.parse("best:8"))
