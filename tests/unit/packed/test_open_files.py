"""Packed files that stay open: a few, and opened again when they change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from facepad.packed.address import Address
from facepad.packed.pictures import PackedFiles


@pytest.fixture
def file(miniatures: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(next(miniatures("packed").rglob("*.h5")), tmp_path))


@pytest.mark.slow
def test_a_file_is_opened_once(file: Path) -> None:
    files = PackedFiles()
    assert files.opened(file) is files.opened(file)


def test_a_file_that_was_closed_is_opened_again(file: Path) -> None:
    files = PackedFiles()
    files.opened(file).close()
    assert not files.opened(file).is_closed


def test_a_file_that_was_replaced_is_opened_again(file: Path) -> None:
    files = PackedFiles()
    before = files.opened(file)
    copy = file.with_suffix(".new")
    copy.write_bytes(file.read_bytes())
    copy.replace(file)
    assert files.opened(file) is not before


def test_the_file_that_was_not_used_for_longest_is_given_up(file: Path, tmp_path: Path) -> None:
    files = PackedFiles(most=2)
    others = [tmp_path / f"{number}.h5" for number in range(2)]
    for other in others:
        other.write_bytes(file.read_bytes())
    first, second = files.opened(file), files.opened(others[0])
    assert files.opened(file) is first
    files.opened(others[1])
    assert files.opened(file) is first
    assert files.opened(others[0]) is not second


def test_pixels_of_a_sound_file_are_those_that_were_packed(file: Path) -> None:
    assert PackedFiles().check_pixels(Address(file, "bona_fide", 0, 0)) == ()
