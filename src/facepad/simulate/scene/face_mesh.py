"""The surface of a face as a triangle mesh: from its landmarks, or from a file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import OVAL, Ellipse, axes, levelled
from facepad.meshes.files import read_obj
from facepad.meshes.render import Mesh, Triangles, Vertices
from facepad.simulate.scene.geometry import Points
from facepad.types import Landmarks

_TAKEN = -0.06  # where a rim takes its colours: inside of the outline, which is not all skin
_SHEET = 0.85  # share of a cylinder in the form of a sheet before a face
_GRID = 13  # lines and columns of the egg that stands for an unknown face


@dataclass(frozen=True, slots=True)
class FaceSurface:
    """A face's surface over its picture.

    Attributes:
        vertices: Pixels of the picture; x right, y down, z away from the camera.
        triangles: Numbers of vertices.
        places: Where in the picture each vertex takes its colour from, shape (N, 2).
    """

    vertices: Vertices
    triangles: Triangles
    places: Points


class MeshFiles:
    """Wavefront OBJ files, each of which is read once."""

    def __init__(self) -> None:
        self._meshes: dict[Path, Mesh] = {}

    def read(self, path: Path) -> Mesh:
        """Return the mesh of a file.

        Raises:
            InputError: It cannot be read, is too large, or is no mesh.
        """
        if path not in self._meshes:
            self._meshes[path] = read_obj(path)
        return self._meshes[path]


def own(
    landmarks: Landmarks, vertices: int = 0, rim: float = 0.0, *, sheet: bool = False
) -> FaceSurface:
    """Return the surface through a face's landmarks.

    Args:
        landmarks: Shape (468, 3).
        vertices: How many landmarks to keep, for a surface of few flat facets; 0 keeps all.
        rim: How far the surface reaches beyond the outline, share of half the face's width;
            there it bends backwards.
        sheet: Whether it is cut from a picture: the rim shows what the picture shows there,
            and a surface without facets is rolled about the face rather than formed like it.
    """
    level, turn = levelled(landmarks), axes(landmarks)
    kept = np.arange(len(landmarks)) if not vertices else _spread(level, vertices)
    level_kept, places = level[kept], landmarks[kept]
    if rim:
        ring, taken = _rim(level, rim), landmarks.copy()
        edge = ring @ turn + landmarks.mean(axis=0)
        if not sheet:
            edge = taken[list(OVAL)] = _rim(level, _TAKEN) @ turn + landmarks.mean(axis=0)
        level_kept = np.concatenate([level_kept, ring])
        places = np.concatenate([taken[kept], edge])
    points = np.asarray(level_kept @ turn + landmarks.mean(axis=0), np.float32)
    if sheet and not vertices:  # what it shows stays where the picture shows it
        points[:, 2] = (_rolled(level_kept) @ turn + landmarks.mean(axis=0))[:, 2]
    flat = np.ascontiguousarray(places[:, :2], np.float32)
    return FaceSurface(points, triangulated(level_kept), flat)


def egg(outline: Ellipse) -> FaceSurface:
    """Return half an ellipsoid, for a face whose landmarks are not known."""
    x, y, wide, high = outline
    v, u = np.mgrid[-1 : 1 : _GRID * 1j, -1 : 1 : _GRID * 1j]
    keep = u**2 + v**2 <= 1.02
    u, v = u[keep], v[keep]
    depth = -0.9 * wide * np.sqrt(np.maximum(1.0 - u**2 - v**2, 0.0))
    points = np.stack([x + wide * u, y + high * v, depth], axis=1).astype(np.float32)
    return FaceSurface(points, _delaunay(np.stack([u, v], axis=1)), points[:, :2].copy())


def given(mesh: Mesh, landmarks: Landmarks) -> FaceSurface:
    """Return a mesh that is fitted to a face; the picture is projected from the front.

    Args:
        mesh: A face: x right, y up, z towards the viewer, in any unit. One with 468 vertices
            is fitted landmark by landmark, any other by its extent.
        landmarks: The face's landmarks, shape (468, 3).
    """
    vertices, triangles = mesh
    vertices = vertices * np.array([1.0, -1.0, -1.0], np.float32)
    turn = axes(landmarks)
    level = levelled(landmarks)
    if len(vertices) == len(landmarks):
        placed = _fitted(vertices, level)
    else:
        low, high = level.min(axis=0), level.max(axis=0)
        size = (high - low)[:2] / np.ptp(vertices, axis=0)[:2]
        middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
        placed = (vertices - middle) * np.float32(size.mean()) + (low + high) / 2
    points = np.asarray(placed @ turn + landmarks.mean(axis=0), np.float32)
    return FaceSurface(points, triangles, points[:, :2].copy())


def triangulated(level: Landmarks) -> Triangles:
    """Return triangles between levelled landmarks.

    The face is unrolled about a vertical axis behind it, where no part hides another, and
    the points are joined by Delaunay's rule.
    """
    radius = 0.7 * float(np.ptp(level[:, 0]))
    angle = np.arctan2(level[:, 0], radius - level[:, 2])
    return _delaunay(np.stack([angle * radius, level[:, 1]], axis=1))


def _spread(level: Landmarks, count: int) -> NDArray[np.intp]:
    """Return landmarks that are far from each other, and every other one of the outline."""
    kept = list(OVAL[::2])
    away = np.min([np.linalg.norm(level - level[number], axis=1) for number in kept], axis=0)
    while len(kept) < min(count, len(level)):
        kept.append(int(np.argmax(away)))
        away = np.minimum(away, np.linalg.norm(level - level[kept[-1]], axis=1))
    return np.array(sorted(kept), np.intp)


def _rim(level: Landmarks, share: float) -> Landmarks:
    """Return the outline moved outwards and to the back."""
    ring = level[list(OVAL)]
    half = float(np.ptp(ring[:, 0])) / 2
    outwards = ring[:, :2] - ring[:, :2].mean(axis=0)
    outwards /= np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-6)
    back = np.full((len(ring), 1), 0.7)
    return np.asarray(ring + share * half * np.hstack([outwards, back]), np.float32)


def _rolled(level: Landmarks) -> Landmarks:
    """Return points on a cylinder about an upright axis, which the nose still pushes out."""
    radius = 0.62 * float(np.ptp(level[:, 0]))
    across = np.clip(level[:, 0] / radius, -0.95, 0.95)
    depth = radius * (1.0 - np.sqrt(1.0 - across**2))
    depth += level[:, 2].mean() - depth.mean()
    rolled = level.copy()
    rolled[:, 2] = _SHEET * depth + (1.0 - _SHEET) * level[:, 2]
    return rolled


def _fitted(points: Vertices, wanted: Vertices) -> Vertices:
    """Return points after the similarity that fits them best to others (Umeyama 1991)."""
    centred, target = points - points.mean(axis=0), wanted - wanted.mean(axis=0)
    left, strength, right = np.linalg.svd(target.T @ centred)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    scale = (strength * sign).sum() / (centred**2).sum()
    turn = (left * sign) @ right
    return np.asarray(scale * centred @ turn.T + wanted.mean(axis=0), np.float32)


def _delaunay(flat: NDArray[np.float64]) -> Triangles:
    from scipy.spatial import Delaunay  # takes a moment to import

    return np.asarray(Delaunay(flat).simplices, np.int32)
