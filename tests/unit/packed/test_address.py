"""Addresses of packed pictures: told from plain paths, and written as they are read."""

from pathlib import Path

import pytest

from facepad.packed.address import Address, file_of, parse


@pytest.mark.parametrize(
    "text", ["a.h5#bona_fide/0", "/x/a b.hdf5#attack/17", "../a.h5#attack/20-29"]
)
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "a.h5",
        "a.jpg",
        "a.jpg#attack/1",
        "a.h5#attack/",
        "a.h5#attack/-1",
        "a.h5#masks/1",
        "a.h5#attack/1/b.jpg",
        "#attack/1",
        "",
    ],
)
def test_a_plain_path_is_no_address(text: str) -> None:
    assert parse(text) is None


def test_an_address_survives_being_a_path() -> None:
    assert parse(Path("a.h5#attack/3")) == Address(Path("a.h5"), "attack", 3, 3)


def test_an_address_with_the_separators_of_windows_is_the_same() -> None:
    assert parse("a.h5#attack\\3") == parse("a.h5#attack/3")


def test_only_the_last_mark_divides_file_and_row() -> None:
    assert file_of("a.h5#attack/1.h5#attack/2") == Path("a.h5#attack/1.h5")
