"""Meshes out of files, and into them."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facepad.errors import InputError
from facepad.meshes.files import encoded_obj, encoded_ply, read_obj


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


SQUARE = (
    np.array([[0, 1, 0.5], [0, 0, 0], [1, 1, 0], [1, 0, -0.25]], np.float32),
    np.array([[0, 1, 2], [2, 1, 3]], np.int32),
)
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [51, 102, 153]], np.uint8)


def test_a_written_obj_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.obj"
    file.write_bytes(encoded_obj(SQUARE, COLOURS, ("Made up",)))
    points, triangles = read_obj(file)
    assert np.array_equal(points, SQUARE[0])
    assert np.array_equal(triangles, SQUARE[1])


def test_an_obj_has_comments_and_colours_as_shares() -> None:
    lines = encoded_obj(SQUARE, COLOURS, ("Made up",)).decode().splitlines()
    assert lines[0] == "# Made up"
    assert lines[4] == "v 1.000 0.000 -0.250 0.2000 0.4000 0.6000"
    assert lines[5:] == ["f 1 2 3", "f 3 2 4"]


def test_a_ply_holds_what_its_head_states() -> None:
    head, _, body = encoded_ply(SQUARE, COLOURS, ("Made up",)).partition(b"end_header\n")
    lines = head.decode().splitlines()
    assert lines[:3] == ["ply", "format binary_little_endian 1.0", "comment Made up"]
    assert "element vertex 4" in lines
    assert "element face 2" in lines
    assert len(body) == 4 * (3 * 4 + 3) + 2 * (1 + 3 * 4)
    assert struct.unpack_from("<fff3B", body, 3 * 15) == (1.0, 0.0, -0.25, 51, 102, 153)
    assert struct.unpack_from("<B3i", body, 4 * 15 + 13) == (3, 2, 1, 3)


@pytest.mark.parametrize("encoded", [encoded_obj, encoded_ply])
def test_a_mesh_needs_a_colour_for_each_vertex(encoded: Callable[..., bytes]) -> None:
    with pytest.raises(InputError, match="4 vertices needs as many colours, got shape"):
        encoded(SQUARE, COLOURS[:3])
