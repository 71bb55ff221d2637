"""A face model of identity and expression: its mesh, and its place of each face landmark.

The model is the light version of ICT-FaceKit as one NumPy archive. The canonical face mesh in
the order of the 468 face landmarks gives the correspondence: both carry the 68 points that are
usual for faces, and a smooth warp through these brings the rest near the model's surface.

Reference: Li et al. (2020), Learning Formation of Physically-Based Face Attributes, CVPR,
arXiv:2004.03458.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError, InputError, ModelError
from facepad.meshes.files import read_obj
from facepad.meshes.render import Triangles, Vertices
from facepad.models import npz
from facepad.models.index import read_bytes

_ARRAYS = ("vertices", "faces", "identity", "expression", "expression_names", "landmarks68",
           "part_names", "part_vertices", "part_faces")  # fmt: skip
# Parts that a camera can see; lashes and the film over the eye are left out.
_SEEN = ("face", "head_neck", "mouth_socket", "gums_tongue", "teeth", "eyeball_left",
         "eyeball_right")  # fmt: skip
_SURFACE = ("face", "eyeball_left", "eyeball_right", "teeth")  # that a volume describes
_INSIDE = ("mouth_socket", "gums_tongue")
# Bounds of the described surface, centimetres: ears, neck and scalp are left out.
_BELOW_CHIN_CM, _TOP_CM, _BACK_CM, _ASIDE_CM = 1.0, 10.5, -1.0, 7.6
# The landmark of the face mesh at each of the 68 usual points.
_USUAL = (162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, 71,
          63, 105, 66, 107, 336, 296, 334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305, 33, 160,
          158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 61, 39, 37, 0, 267, 269, 291, 405, 314,
          17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87)  # fmt: skip
_OUTLINE = 17  # first of the 68 points, which lie on the outline and are inexact
_OUTER_EYES = (36, 45)  # of the 68 points
# Upper and lower lid of the right and the left eye; of the 68 points, inner ones below outer ones.
_LIDS = (((37, 38), (41, 40)), ((43, 44), (47, 46)))

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FaceModel:
    """A mean face and how people and expressions differ from it.

    Coordinates are centimetres: x to the right of the picture, y down and z away from the camera
    of somebody who looks straight ahead, about a point behind the bridge of the nose.

    Attributes:
        mean: Vertices of the mean face, shape (V, 3).
        identity: Offsets of each identity mode, shape (60, V, 3).
        expression: Offsets of each expression, shape (57, V, 3).
        expressions: Names of the expressions.
        triangles: Numbers of vertices.
        surface: Whether each triangle belongs to the surface that a volume describes.
        inside: Whether each vertex lies in the mouth.
        teeth: Whether each vertex is of a tooth.
        landmarks: Vertex of each of the 468 face landmarks.
        eyes: Vertices of the outer corners of both eyes.
        eyeballs: Whether each vertex is of an eyeball.
        lids: Vertices of the lids: right and left eye of the person, upper and lower lid, two of
            each; shape (2, 2, 2).
    """

    mean: Vertices
    identity: Weights
    expression: Weights
    expressions: tuple[str, ...]
    triangles: Triangles
    surface: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    teeth: NDArray[np.bool_]
    landmarks: NDArray[np.intp]
    eyes: tuple[int, int]
    eyeballs: NDArray[np.bool_]
    lids: NDArray[np.intp]

    def shape(self, identity: Weights, expression: Weights) -> Vertices:
        """Return the vertices of a person with an expression.

        Args:
            identity: Weights of the identity modes, standard normal over people.
            expression: Weights of the expressions, 0 to 1.
        """
        offsets = np.tensordot(identity, self.identity[: len(identity)], 1)
        return np.asarray(
            self.mean + offsets + np.tensordot(expression, self.expression, 1), np.float32
        )

    @property
    def eye_distance(self) -> float:
        """Distance between the outer corners of the mean face's eyes, centimetres."""
        first, second = self.mean[list(self.eyes)]
        return float(np.linalg.norm(first - second))


def read_face_model(model: Path, canonical: Path) -> FaceModel:
    """Read a face model and the canonical face mesh.

    Args:
        model: ``ict_facekit_light.npz``.
        canonical: ``canonical_face_model.obj`` of MediaPipe, 468 vertices.

    Raises:
        DatasetError: A file is missing or is not such a model.
    """
    arrays = _read(model)
    try:
        return _face_model(arrays, canonical)
    except InputError as error:  # names the canonical mesh
        raise DatasetError(str(error)) from error
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{model} has arrays of other shapes than ICT-FaceKit's: {error!r:.200}"
        ) from error


def _face_model(arrays: dict[str, NDArray[Any]], canonical: Path) -> FaceModel:
    names = [str(name) for name in arrays["part_names"]]
    of_part = dict(zip(names, arrays["part_vertices"].tolist(), strict=True))
    faces_of = dict(zip(names, arrays["part_faces"].tolist(), strict=True))
    flip = np.array([1.0, -1.0, -1.0], np.float32)
    raw = arrays["vertices"].astype(np.float32)
    usual = arrays["landmarks68"]
    middle = raw[usual[27]] - np.array([0.0, 0.0, 4.0], np.float32)
    count = max(of_part[part][1] for part in _SEEN)
    triangles, part_of = _triangles(arrays["faces"], faces_of)
    chin = float(raw[usual[8], 1])
    low = (raw[:, 1] > chin - _BELOW_CHIN_CM) & (raw[:, 1] < _TOP_CM)
    low &= (raw[:, 2] > _BACK_CM) & (np.abs(raw[:, 0]) < _ASIDE_CM)
    surface = low[triangles].all(axis=1) & np.isin(part_of, [names.index(p) for p in _SURFACE])
    points = (raw - middle) * flip
    seen = np.arange(*of_part["face"])[low[slice(*of_part["face"])]]
    return FaceModel(
        points[:count],
        _offsets(arrays["identity"], count, flip),
        _offsets(arrays["expression"], count, flip),
        tuple(str(name) for name in arrays["expression_names"]),
        triangles,
        surface,
        _within(count, of_part, _INSIDE),
        _within(count, of_part, ("teeth",)),
        _correspondence(canonical, points, usual, seen),
        (int(usual[_OUTER_EYES[0]]), int(usual[_OUTER_EYES[1]])),
        _within(count, of_part, ("eyeball_left", "eyeball_right")),
        np.asarray(usual[np.array(_LIDS)], np.intp),
    )


def _read(model: Path) -> dict[str, NDArray[Any]]:
    try:
        arrays = npz.unpack(read_bytes(model, npz.MAX_BYTES), str(model))
    except ModelError as error:
        raise DatasetError(f"{model} cannot be read as a face model: {error}") from error
    if missing := [name for name in _ARRAYS if name not in arrays]:
        raise DatasetError(f"{model} has no array {missing[0]!r}; expected ICT-FaceKit")
    return arrays


def _triangles(
    faces: NDArray[np.int32], faces_of: dict[str, list[int]]
) -> tuple[Triangles, NDArray[np.intp]]:
    """Return the triangles of all parts that are seen, and the number of each one's part."""
    found, parts = [], []
    for number, (name, (start, end)) in enumerate(faces_of.items()):
        if name not in _SEEN:
            continue
        own = faces[start:end]
        halves = np.concatenate([own[:, :3], own[own[:, 3] >= 0][:, [0, 2, 3]]])
        found.append(halves)
        parts.append(np.full(len(halves), number))
    return np.concatenate(found).astype(np.int32), np.concatenate(parts)


def _offsets(modes: NDArray[np.float16], count: int, flip: Weights) -> Weights:
    return np.ascontiguousarray(modes[:, :, :count].transpose(0, 2, 1) * flip, np.float32)


def _within(count: int, of_part: dict[str, list[int]], names: tuple[str, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(count, np.bool_)
    for name in names:
        inside[slice(*of_part[name])] = True
    return inside


def _correspondence(
    canonical: Path, points: Vertices, usual: NDArray[np.int32], seen: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the vertex of the model at each of the 468 landmarks."""
    from scipy.interpolate import RBFInterpolator  # takes a moment to import
    from scipy.spatial import cKDTree

    vertices = read_obj(canonical)[0] * np.array([1.0, -1.0, -1.0], np.float32)
    if len(vertices) < 468:
        raise DatasetError(f"{canonical} has {len(vertices)} vertices, expected 468")
    inexact = np.where(np.arange(len(_USUAL)) < _OUTLINE, 1.0, 0.01)
    warp = RBFInterpolator(
        vertices[list(_USUAL)], points[usual], kernel="linear", smoothing=inexact
    )
    _, nearest = cKDTree(points[seen]).query(warp(vertices[:468]))
    return np.asarray(seen[nearest], np.intp)
