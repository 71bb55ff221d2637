"""Mesh files: Wavefront OBJ is read; OBJ and PLY with coloured vertices are written."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.meshes.render import Mesh, Triangles, Vertices

Colours = NDArray[np.uint8]  # R G B of each vertex, shape (N, 3)

_MAX_BYTES, _MAX_VERTICES = 16 * 2**20, 200_000  # of a mesh file


def read_obj(path: Path) -> Mesh:
    """Read vertices and triangles of a Wavefront OBJ file; polygons are cut into triangles.

    Raises:
        InputError: It cannot be read, is too large, or no mesh.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"mesh {path} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"mesh {path} is larger than {_MAX_BYTES} bytes")
    try:
        lines = [line.split() for line in data.decode("utf-8").splitlines()]
        points = np.array([line[1:4] for line in lines if line[:1] == ["v"]], np.float32)
        polygons = [_corners(line[1:], len(points)) for line in lines if line[:1] == ["f"]]
    except ValueError as error:
        raise InputError(f"mesh {path} is not a Wavefront OBJ file: {error}") from error
    fans = [
        (polygon[0], polygon[i], polygon[i + 1])
        for polygon in polygons
        for i in range(1, len(polygon) - 1)
    ]
    triangles = np.array(fans, np.int32).reshape(-1, 3)
    _check(path, points, triangles)
    return points, triangles


def encoded_obj(mesh: Mesh, colours: Colours, comments: Sequence[str] = ()) -> bytes:
    """Return a Wavefront OBJ file with lines ``v x y z r g b``; colours are shares of 1.

    Args:
        mesh: Vertices as they are written; triangles counter-clockwise for who sees their front.
        colours: One for each vertex.
        comments: Lines at the beginning.

    Raises:
        InputError: There is not one colour for each vertex.
    """
    vertices, triangles = _matching(mesh, colours)
    head = "".join(f"# {line}\n" for line in comments)
    values = np.hstack([vertices, colours / 255.0]).ravel().tolist()
    points = "v %.3f %.3f %.3f %.4f %.4f %.4f\n" * len(vertices) % tuple(values)
    faces = "f %d %d %d\n" * len(triangles) % tuple((triangles + 1).ravel().tolist())
    return (head + points + faces).encode()


def encoded_ply(mesh: Mesh, colours: Colours, comments: Sequence[str] = ()) -> bytes:
    """Return a binary PLY file, little-endian, with the arguments of `encoded_obj`.

    Raises:
        InputError: There is not one colour for each vertex.
    """
    vertices, triangles = _matching(mesh, colours)
    head = [
        *("ply", "format binary_little_endian 1.0"),
        *(f"comment {line}" for line in comments),
        f"element vertex {len(vertices)}",
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {name}" for name in ("red", "green", "blue")),
        f"element face {len(triangles)}",
        *("property list uchar int vertex_indices", "end_header\n"),
    ]
    points = np.empty(len(vertices), [("place", "<f4", 3), ("colour", "u1", 3)])
    points["place"], points["colour"] = vertices, colours
    faces = np.empty(len(triangles), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, triangles
    return "\n".join(head).encode() + points.tobytes() + faces.tobytes()


def _matching(mesh: Mesh, colours: Colours) -> Mesh:
    if colours.shape != mesh[0].shape:
        raise InputError(
            f"a mesh of {len(mesh[0])} vertices needs as many colours, got shape {colours.shape}"
        )
    return mesh


def _corners(words: list[str], vertices: int) -> list[int]:
    numbers = [int(word.partition("/")[0]) for word in words]
    return [number - 1 if number > 0 else vertices + number for number in numbers]


def _check(path: Path, points: Vertices, triangles: Triangles) -> None:
    if points.ndim != 2 or not len(triangles) or not 3 <= len(points) <= _MAX_VERTICES:
        raise InputError(
            f"mesh {path} must have 3 to {_MAX_VERTICES} vertices and a face, "
            f"got {len(points)} and {len(triangles)}"
        )
    if not np.isfinite(points).all() or np.ptp(points, axis=0)[:2].min() <= 0:
        raise InputError(f"mesh {path} has no extent, or coordinates that are no numbers")
    if triangles.min() < 0 or triangles.max() >= len(points):
        raise InputError(f"mesh {path} has a face with a vertex that is not there")
