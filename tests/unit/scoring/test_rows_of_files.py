"""Rows of a run that are made from files and folders."""

import os
from pathlib import Path

import pytest

from facepad.errors import InputError
from facepad.media.inputs import expand
from facepad.scoring.files import manifest_of


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/1.jpg", "a/sub/2.jpg", "b/3.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


def rows(*paths: str) -> list[str]:
    manifest = manifest_of(expand(paths))
    return [manifest.name(index) for index in range(len(manifest.rows))]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a"], ["1.jpg", "sub/2.jpg"]),
        (["a", "b"], ["a/1.jpg", "a/sub/2.jpg", "b/3.jpg"]),
        (["a/sub/2.jpg"], ["2.jpg"]),
        (["a/*/2.jpg"], ["sub/2.jpg"]),
        (["b/3.jpg", "a/1.jpg"], ["b/3.jpg", "a/1.jpg"]),
        (["a", "a/1.jpg", "a/*.jpg"], ["1.jpg", "sub/2.jpg"]),
    ],
)
def test_a_path_is_relative_to_the_folder_that_all_inputs_are_in(
    paths: list[str], expected: list[str], tmp_path: Path
) -> None:
    assert rows(*paths) == expected
    assert rows(*(str(tmp_path / path) for path in paths)) == expected


def test_the_picture_of_a_row_is_the_file_itself(tmp_path: Path) -> None:
    manifest = manifest_of(expand([str(tmp_path / "a")]))
    assert manifest.picture(1) == str(tmp_path / "a" / "sub" / "2.jpg")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("*.png", "no file matches"),
        ("-", "check -"),
        ("empty", "is empty"),
        ("missing.jpg", "missing.jpg: file not found"),
    ],
)
def test_what_stands_for_no_file_is_an_error(
    path: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("empty").mkdir()
    monkeypatch.setattr("facepad.media.inputs._read", lambda *_: b"bytes")
    with pytest.raises(InputError, match=message):
        rows(path)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")
def test_a_name_that_is_no_text_is_written_with_escapes(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path / "b") + b"/\xff.jpg", os.O_CREAT))
    assert rows("b") == ["3.jpg", "\\udcff.jpg"]


def test_an_address_in_a_packed_file_is_a_row() -> None:
    assert rows("b/data.h5#attack/0") == ["data.h5#attack/0"]
