"""Rendering of triangle meshes: visible triangle, depth and normals of each pixel."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError

Vertices = NDArray[np.float32]  # shape (N, 3): x right, y down, z away from the camera
Triangles = NDArray[np.int32]  # shape (M, 3): numbers of vertices
Mesh = tuple[Vertices, Triangles]

_CANDIDATES = 200_000  # pairs of pixel and triangle that are tried at once; bounds the memory
_PIXELS = 50_000  # that are interpolated at once, likewise
_ROOM = 1e-4  # of an edge, so that neighbours leave no crack
_BOX_ROOM = 1e-3  # pixels around the box of a triangle; numbers are rounded
_LEAST_AREA = 1e-6  # pixels squared; below it a triangle is seen from its side


@dataclass(frozen=True, slots=True)
class Rendered:
    """The visible triangle and depth of each pixel.

    Attributes:
        triangle: Number of the nearest triangle, -1 for none, shape (H, W).
        depth: Its distance in the unit of z, infinite for none, shape (H, W).
    """

    triangle: NDArray[np.int32]
    depth: NDArray[np.float32]

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Whether each pixel sees the mesh."""
        return np.asarray(self.triangle >= 0, np.bool_)


def render(points: Vertices, triangles: Triangles, size: tuple[int, int]) -> Rendered:
    """Find the nearest triangle behind every pixel's middle.

    Args:
        points: Projected vertices: x and y in pixels from the middle of the first one, z in
            any unit, larger is further away.
        triangles: Numbers of vertices; visible from both sides.
        size: Lines and columns.

    Raises:
        InputError: Shapes are wrong, or a triangle names a vertex that is not there.
    """
    _check(points, triangles)
    index = np.full(size[0] * size[1], -1, np.int32)
    depth = np.full(size[0] * size[1], np.inf, np.float32)
    low, counts = _boxes(points, triangles, size)
    kept = np.flatnonzero(
        counts[:, 0] * counts[:, 1]
    )  # few of a fine mesh, whose others see no pixel
    planes = np.ascontiguousarray(_planes(points, triangles[kept]).transpose(1, 2, 0))
    for place, x, y in _candidates(low[kept], counts[kept]):
        first, second, z = (a[place] * x + b[place] * y + c[place] for a, b, c in planes)
        inside = (first >= -_ROOM) & (second >= -_ROOM) & (first + second <= 1.0 + _ROOM)
        at = (y * size[1] + x)[inside]
        near = z[inside].astype(np.float32)
        np.minimum.at(depth, at, near)
        nearest = near <= depth[at]
        index[at[nearest]] = kept[place[inside][nearest]]
    return Rendered(index.reshape(size), depth.reshape(size))


def interpolated(
    rendered: Rendered, points: Vertices, triangles: Triangles, values: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return values of vertices, interpolated at the pixels that see the mesh.

    Args:
        rendered: From `render` of the same points and triangles.
        points: Projected vertices.
        triangles: Numbers of vertices.
        values: Shape (N, K), one row for each vertex.

    Returns:
        Shape (P, K), in the order of ``rendered.covered``. Linear within a triangle in the
        picture, which is near enough to perspective where triangles are small.
    """
    places = np.argwhere(rendered.covered)
    result = np.empty((len(places), values.shape[1]), np.float32)
    used, which = np.unique(rendered.triangle[rendered.covered], return_inverse=True)
    planes = _planes(points, triangles[used])
    for start in range(0, len(places), _PIXELS):
        y, x = places[start : start + _PIXELS].T
        number = which[start : start + _PIXELS]
        a, b, c = planes[number].transpose(2, 0, 1)
        first, second = (a[:, i] * x + b[:, i] * y + c[:, i] for i in (0, 1))
        shares = np.stack([first, second, 1.0 - first - second], axis=1).astype(np.float32)
        corners = values[triangles[used[number]]]
        result[start : start + _PIXELS] = np.einsum("pc,pck->pk", shares, corners)
    return result


def normals(points: Vertices, triangles: Triangles) -> Vertices:
    """Return unit normals at the vertices, towards the camera.

    The mean of the triangles around each vertex, larger ones counting more.
    """
    faces = face_normals(points, triangles)
    corners = triangles.T.ravel()
    sums = np.stack(
        [np.bincount(corners, np.tile(axis, 3), len(points)) for axis in faces.T], axis=1
    )
    length = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return np.asarray(sums / length, np.float32)


def face_normals(points: Vertices, triangles: Triangles) -> Vertices:
    """Return normals of triangles towards the camera; their length is twice the area."""
    first, second, third = (points[triangles[:, corner]] for corner in range(3))
    crossed = np.cross(second - first, third - first)
    away = crossed[:, 2:] > 0.0
    return np.asarray(np.where(away, -crossed, crossed), np.float32)


def _planes(points: Vertices, triangles: Triangles) -> NDArray[np.float64]:
    """Return the first two barycentric coordinates and z as a x + b y + c; shape (M, 3, 3).

    A triangle that is seen from its side gives planes that no pixel is inside of.
    """
    (x0, y0, z0), (x1, y1, z1), (x2, y2, z2) = (
        points[triangles].astype(np.float64).transpose(1, 2, 0)
    )
    twice = (y1 - y2) * (x0 - x2) + (x2 - x1) * (y0 - y2)
    flat = np.abs(twice) < _LEAST_AREA
    scale = 1.0 / np.where(flat, 1.0, twice)
    first = np.stack([(y1 - y2) * scale, (x2 - x1) * scale])
    second = np.stack([(y2 - y0) * scale, (x0 - x2) * scale])
    third = np.stack([plane[0] * x2 + plane[1] * y2 for plane in (first, second)])
    a = np.stack([*first, np.where(flat, -9.0, -third[0])])
    b = np.stack([*second, np.where(flat, -9.0, -third[1])])
    z = a * (z0 - z2) + b * (z1 - z2)
    z[2] += z2
    return np.asarray(np.stack([a, b, z]).transpose(2, 0, 1))


def _boxes(
    points: Vertices, triangles: Triangles, size: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first column and line of each triangle's box, and how many there are of both."""
    first, second, third = (points[triangles[:, corner], :2] for corner in range(3))
    low = np.minimum(np.minimum(first, second), third)
    high = np.maximum(np.maximum(first, second), third)
    limit = np.array(size[::-1]) - 1
    room = _BOX_ROOM + 4.0 * _ROOM * (high - low)  # more than the room of its edges
    low = np.ceil(np.clip(low - room, 0, limit + 1)).astype(np.int64)
    high = np.floor(np.clip(high + room, -1, limit)).astype(np.int64)
    return low, np.maximum(high - low + 1, 0)


def _candidates(
    low: NDArray[np.int64], counts: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Yield number of a box, column and line of each of its pixels, in batches."""
    wide, pixels = counts[:, 0], counts[:, 0] * counts[:, 1]
    group = np.cumsum(pixels) // _CANDIDATES
    for members in np.split(np.arange(len(pixels)), np.flatnonzero(np.diff(group)) + 1):
        number = np.repeat(members, pixels[members])
        starts = np.cumsum(pixels[members]) - pixels[members]
        place = np.arange(len(number)) - np.repeat(starts, pixels[members])
        yield number, low[number, 0] + place % wide[number], low[number, 1] + place // wide[number]


def _check(points: Vertices, triangles: Triangles) -> None:
    if points.ndim != 2 or points.shape[1] != 3:
        raise InputError(f"vertices have shape (N, 3), got {points.shape}")
    if triangles.ndim != 2 or triangles.shape[1] != 3:
        raise InputError(f"triangles have shape (M, 3), got {triangles.shape}")
    if triangles.size and not 0 <= triangles.min() <= triangles.max() < len(points):
        raise InputError(f"triangles name vertices 0 to {len(points) - 1}, got others")
    if not np.isfinite(points).all():
        raise InputError("vertices must be finite numbers")
