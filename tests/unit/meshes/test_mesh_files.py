"""Meshes out of files."""

from pathlib import Path

import pytest

from facepad.errors import InputError
from facepad.meshes.files import read_obj


def obj(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_corners_may_be_counted_from_the_end(tmp_path: Path) -> None:
    path = obj(tmp_path / "a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3 -2 -1\n")
    assert read_obj(path)[1].tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "3 to"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\n", "3 to"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "not there"),
        ("v a b c\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "not a Wavefront"),
        ("v 0 0 0\nv 0 0 1\nv 0 0 2\nf 1 2 3\n", "no extent"),
        ("v nan 0 0\nv 0 0 1\nv 0 1 2\nf 1 2 3\n", "no extent"),
    ],
)
def test_a_file_that_is_no_mesh_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_obj(obj(tmp_path / "a.obj", text))


def test_a_missing_mesh_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.obj cannot be read"):
        read_obj(tmp_path / "none.obj")
