"""Rendering of triangle meshes: visible triangle, depth, normals and shadows of each pixel."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.opencv import cv2
from facepad.simulate.linear_light import Map, Size

Vertices = NDArray[np.float32]  # shape (N, 3): x right, y down, z away from the camera
Triangles = NDArray[np.int32]  # shape (M, 3): numbers of vertices

_CANDIDATES = 200_000  # pairs of pixel and triangle that are tried at once; bounds the memory
_PIXELS = 50_000  # that are interpolated at once, likewise
_ROOM = 1e-4  # of an edge, so that neighbours leave no crack
_SHORT = 160  # longer side of the maps of shadows and hollows, pixels
_USUAL_LAMP = np.array([0.0, -0.15, -0.35])  # slopes of the light on a face
_LEAST_AREA = 1e-6  # pixels squared; below it a triangle is seen from its side


@dataclass(frozen=True, slots=True)
class Rendered:
    """The visible triangle and depth of each pixel.

    Attributes:
        triangle: Number of the nearest triangle, -1 for none, shape (H, W).
        depth: Its distance in the unit of z, infinite for none, shape (H, W).
    """

    triangle: NDArray[np.int32]
    depth: Map

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Whether each pixel sees the mesh."""
        return np.asarray(self.triangle >= 0, np.bool_)


@dataclass(frozen=True, slots=True)
class MaskSurface:
    """What the photosites of one rectangle see of a mask.

    Attributes:
        inside: Whether a photosite sees the mask, shape (H, W).
        facing: Direction of the surface, unit vectors, shape (H, W, 3).
        place: Millimetres on the mask to the right and down, and away from the camera,
            shape (H, W, 3).
        pitch: Millimetres of the mask for each photosite.
        lamp: Slopes of the light that falls on the scene, from `fitted_lamp`.
    """

    inside: NDArray[np.bool_]
    facing: Vertices
    place: Vertices
    pitch: float
    lamp: Vertices


def render(points: Vertices, triangles: Triangles, size: Size) -> Rendered:
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
    planes = _planes(points, triangles)
    for number, x, y in _candidates(points[triangles][..., :2], size):
        first, second, z = (
            a[number] * x + b[number] * y + c[number] for a, b, c in planes.transpose(1, 2, 0)
        )
        inside = (first >= -_ROOM) & (second >= -_ROOM) & (first + second <= 1.0 + _ROOM)
        at = (y * size[1] + x)[inside]
        near = z[inside].astype(np.float32)
        np.minimum.at(depth, at, near)
        nearest = near <= depth[at]
        index[at[nearest]] = number[inside][nearest]
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
    planes = _planes(points, triangles)
    result = np.empty((len(places), values.shape[1]), np.float32)
    for start in range(0, len(places), _PIXELS):
        y, x = places[start : start + _PIXELS].T
        number = rendered.triangle[y, x]
        a, b, c = planes[number].transpose(2, 0, 1)
        first, second = (a[:, i] * x + b[:, i] * y + c[:, i] for i in (0, 1))
        shares = np.stack([first, second, 1.0 - first - second], axis=1).astype(np.float32)
        corners = values[triangles[number]]
        result[start : start + _PIXELS] = np.einsum("pc,pck->pk", shares, corners)
    return result


def normals(points: Vertices, triangles: Triangles) -> Vertices:
    """Return unit normals at the vertices, towards the camera.

    The mean of the triangles around each vertex, larger ones counting more.
    """
    faces = face_normals(points, triangles)
    sums = np.zeros((len(points), 3), np.float64)
    for corner in range(3):
        np.add.at(sums, triangles[:, corner], faces)
    length = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return np.asarray(sums / length, np.float32)


def face_normals(points: Vertices, triangles: Triangles) -> Vertices:
    """Return normals of triangles towards the camera; their length is twice the area."""
    first, second, third = (points[triangles[:, corner]] for corner in range(3))
    crossed = np.cross(second - first, third - first)
    away = crossed[:, 2:] > 0.0
    return np.asarray(np.where(away, -crossed, crossed), np.float32)


def towards(slopes: Vertices, right_deg: float, up_deg: float) -> Vertices:
    """Return the unit vector to the lamp of `fitted_lamp`, turned to the right and upwards."""
    x, y, z = (float(value) for value in slopes)
    front = max(-z, 0.35 * float(np.hypot(x, y)), 1e-3)  # lamps behind a face do not light it
    across = np.arctan2(x, front) + np.deg2rad(right_deg)
    up = np.arctan2(-y, np.hypot(x, front)) + np.deg2rad(up_deg)
    direction = [np.cos(up) * np.sin(across), -np.sin(up), -np.cos(up) * np.cos(across)]
    return np.array(direction, np.float32)


def fitted_lamp(light: Map, facing: Vertices) -> Vertices:
    """Return how the light on a face depends on the direction of its surface.

    Args:
        light: Luminance at places of the face, shape (N,).
        facing: Directions of the surface there, shape (N, 3).

    Returns:
        Slopes, shape (3,): the light is 1 + slopes . direction, over that of a surface that
        gets even light. They point towards the lamp.
    """
    low, high = np.percentile(light, [25, 95])  # no brows, nostrils or highlights
    values = np.clip(light, low, high) / max(float(np.mean(np.clip(light, low, high))), 1e-4)
    terms = np.column_stack([np.ones(len(light)), facing]).astype(np.float64)
    held = np.diag([0.0, 1.0, 1.0, 1.0]) * 0.03 * len(light)  # towards usual light
    wanted = terms.T @ values + held @ np.array([0.0, *_USUAL_LAMP])
    even, *slopes = np.linalg.solve(terms.T @ terms + held, wanted)
    return np.asarray(np.array(slopes) / max(float(even), 0.2), np.float32)


def shadows(
    depth: Map, covered: NDArray[np.bool_], pitch: float, lamp: Vertices
) -> tuple[Map, Map]:
    """Return the share of even light that reaches hollows, and of the lamp's light.

    Args:
        depth: Distance of the surface, millimetres from any plane, shape (H, W).
        covered: Whether a pixel sees the surface.
        pitch: Millimetres of the surface for each pixel.
        lamp: Unit vector towards the lamp: right, down, away from the camera.

    Returns:
        Two maps of shape (H, W), smooth over some millimetres; 1 is all of the light.
    """
    size = covered.shape[::-1]
    scale = min(_SHORT / max(size), 1.0)
    small = (max(round(size[0] * scale), 1), max(round(size[1] * scale), 1))
    pitch = pitch * size[0] / small[0]
    inside = cv2.resize(covered.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    high = -cv2.resize(np.asarray(depth * covered, np.float32), small, interpolation=cv2.INTER_AREA)
    high = np.where(inside > 0.5, high / np.maximum(inside, 0.5), 0.0).astype(np.float32)
    held = (inside > 0.5).astype(np.float32)
    around = np.asarray(cv2.GaussianBlur(high, (0, 0), 9.0 / pitch), np.float32)
    around /= np.maximum(cv2.GaussianBlur(held, (0, 0), 9.0 / pitch), np.float32(1e-3))
    hollow = 1.0 - np.float32(0.08) * np.clip(around - high, -2.0, 5.0)
    visible = np.ones_like(high)
    flat = float(np.hypot(lamp[0], lamp[1]))
    if flat > 0.1:
        ground = np.float32(high[held > 0].min() - 100.0) if held.any() else np.float32(0.0)
        high = np.where(held > 0, high, ground).astype(np.float32)
        rise = float(-lamp[2]) / flat
        for away in (3.0, 6.0, 10.0, 16.0, 24.0):  # millimetres towards the lamp
            step = away / pitch / flat
            move = np.array([[1, 0, -lamp[0] * step], [0, 1, -lamp[1] * step]])
            there = cv2.warpAffine(high, move, small, borderValue=float(ground))
            over = (high + np.float32(away * rise) - there) / np.float32(0.4 * away) + 0.5
            np.minimum(visible, np.clip(over, 0.0, 1.0), out=visible)
        cv2.GaussianBlur(visible, (0, 0), 1.2, dst=visible)
    maps = (np.asarray(hollow, np.float32), visible)
    hollow, visible = (cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in maps)
    return np.asarray(hollow, np.float32), np.asarray(visible, np.float32)


def spots(size: tuple[int, int], wide: float, rng: np.random.Generator) -> Map:
    """Return smooth noise of deviation near 1 whose spots are so many photosites wide."""
    small = (round(size[0] / max(wide, 1.0)) + 3, round(size[1] / max(wide, 1.0)) + 3)
    noise = rng.standard_normal(small, dtype=np.float32)
    spots = cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(spots, -2.5, 2.5), np.float32)


def grain(size: tuple[int, ...], rng: np.random.Generator) -> Map:
    """Return fine and coarse unevenness of deviation near 1."""
    fine = rng.standard_normal((size[0], size[1]), dtype=np.float32)
    cv2.GaussianBlur(fine, (0, 0), 0.7, dst=fine)
    fine *= np.float32(0.8)
    fine += np.float32(0.6) * spots((size[0], size[1]), 6.0, rng)
    return fine


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


def _candidates(
    corners: NDArray[np.float32], size: Size
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Yield number of a triangle, column and line of each pixel in its box, in batches."""
    limit = np.array(size[::-1]) - 1
    low = np.clip(np.floor(corners.min(axis=1)), 0, limit).astype(np.int64)
    high = np.clip(np.ceil(corners.max(axis=1)), 0, limit).astype(np.int64)
    wide, tall = (high - low + 1).T
    counts = wide * tall
    group = np.cumsum(counts) // _CANDIDATES
    for members in np.split(np.arange(len(counts)), np.flatnonzero(np.diff(group)) + 1):
        number = np.repeat(members, counts[members])
        starts = np.cumsum(counts[members]) - counts[members]
        place = np.arange(len(number)) - np.repeat(starts, counts[members])
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
