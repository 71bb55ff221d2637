"""Manifests: which are taken, and what is said of the others."""

from pathlib import Path

import pytest

from facepad.errors import DatasetError
from facepad.scoring.manifest import read_manifest

OUTPUTS = ("score", "ms")


def write(folder: Path, content: str | bytes) -> Path:
    file = folder / "in.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, "path\na/b.jpg\n"), OUTPUTS)
    assert manifest.picture(0) == str(tmp_path / "a" / "b.jpg")


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, "path\n/a/b.jpg\n"), OUTPUTS)
    assert manifest.picture(0) == "/a/b.jpg"


def test_other_columns_are_kept_as_they_are(tmp_path: Path) -> None:
    content = 'subject,path,note\n007,a.jpg,"one, ""two""\nthree"\n'
    manifest = read_manifest(write(tmp_path, content), OUTPUTS)
    assert manifest.rows == (("007", "a.jpg", 'one, "two"\nthree'),)


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    file = write(tmp_path, b"\xef\xbb\xbfpath\r\na.jpg\r\n")
    assert read_manifest(file, OUTPUTS).columns == ("path",)


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    assert len(read_manifest(write(tmp_path, "\npath\n\na.jpg\n\n"), OUTPUTS).rows) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got an empty file"),
        ("path\n", "expected at least one row"),
        ("file,subject\na.jpg,1\n", "expected a column 'path', got file, subject"),
        ("path,x,x\na.jpg,1,2\n", "got twice: x"),
        ("path,ms,score\na.jpg,1,2\n", "got ms, score; rename them"),
        ("path,x\na.jpg,1\nb.jpg\n", "line 3: expected 2 fields as in the header, got 1"),
        ('path\n"a.jpg\n', "expected CSV"),
        (b"path\n\xff.jpg\n", "expected UTF-8"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_told_why(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        read_manifest(write(tmp_path, content), OUTPUTS)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no\.csv: cannot be read: No such file"):
        read_manifest(tmp_path / "no.csv", OUTPUTS)
