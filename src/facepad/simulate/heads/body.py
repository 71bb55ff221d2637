"""A neck that turns and a body below the bust of a face model, which ends at the shoulders."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from facepad.meshes.render import Triangles, Vertices
from facepad.simulate.heads.face_model import FaceModel

PIVOT_CM = np.array([0.0, 7.0, 6.0])  # of a head on its neck, in the face model
# Height at which the neck begins and ends to follow the head; the nape is higher than the throat.
_TURNS_CM, _STAYS_CM, _NAPE = 11.5, 19.0, 0.35
_BUST_CM = 15.0  # height below which the edge of the bust lies
_LEAST = 8  # vertices of that edge; with fewer the model has no bust
# Rings of the body: factor of the edge's width, of its depth, and height of the lowest point.
_RINGS = ((1.55, 1.15, 26.0), (1.75, 1.3, 32.0), (1.8, 1.35, 75.0))
_MIDDLE_CM = 8.5  # of the body's depth


def with_body(model: FaceModel) -> FaceModel:
    """Return the face model with shoulders and a trunk that moves with nothing.

    A model whose lower edge is no bust is returned as it is.
    """
    edge = _lower_edge(model)
    if len(edge) < _LEAST:
        return model
    corners, which = np.unique(edge, return_inverse=True)
    which = which.reshape(edge.shape)
    ring = model.mean[corners]
    rings = [_ring(ring, *sizes) for sizes in _RINGS]
    first = len(model.mean) + np.arange(len(corners))
    numbers = [corners, *(first + at * len(corners) for at in range(len(rings)))]
    loops = [np.asarray(ring, np.int32)[which] for ring in numbers]
    strips = [_strip(upper, lower) for upper, lower in pairwise(loops)]
    count = len(rings) * len(corners)
    triangles = np.concatenate([model.triangles, *strips]).astype(np.int32)
    more = np.zeros(count, np.bool_)
    return replace(
        model,
        mean=np.concatenate([model.mean, *rings]).astype(np.float32),
        identity=_with_rest(model.identity, corners, len(rings)),
        expression=_with_rest(model.expression, corners, len(rings)),
        triangles=triangles,
        surface=np.concatenate(
            [model.surface, np.zeros(len(triangles) - len(model.surface), bool)]
        ),
        inside=np.concatenate([model.inside, more]),
        teeth=np.concatenate([model.teeth, more]),
        eyeballs=np.concatenate([model.eyeballs, more]),
    )


def follows(vertices: Vertices) -> NDArray[np.float32]:
    """Return the share of the head's rotation that vertices follow, shape (V, 1); 0 is the body."""
    height = vertices[:, 1] + _NAPE * vertices[:, 2]
    share = np.clip((_STAYS_CM - height) / (_STAYS_CM - _TURNS_CM), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), np.float32)[:, None]


def _lower_edge(model: FaceModel) -> NDArray[np.int32]:
    """Return the edges of one triangle alone, below the neck, in the direction of the triangle."""
    triangles = model.triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    _, which, count = np.unique(
        np.sort(edges, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    alone = edges[count[which.ravel()] == 1]
    low = (model.mean[alone][..., 1] > _BUST_CM).all(axis=1)
    return np.asarray(alone[low], np.int32)


def _ring(edge: Vertices, wide: float, deep: float, height: float) -> Vertices:
    x, y, z = edge.T
    lower = height + 0.5 * (y - y.max())  # shoulders are higher than the chest
    return np.asarray(
        np.stack([x * wide, lower, (z - _MIDDLE_CM) * deep + _MIDDLE_CM], axis=1), np.float32
    )


def _strip(upper: NDArray[np.integer], lower: NDArray[np.integer]) -> Triangles:
    """Return the triangles between edges and the edges below them, seen from outside."""
    (first, second), (third, fourth) = upper.T, lower.T
    one = np.stack([second, first, third], axis=1)
    return np.concatenate([one, np.stack([second, third, fourth], axis=1)]).astype(np.int32)


def _with_rest(
    modes: NDArray[np.float32], corners: NDArray[np.integer], rings: int
) -> NDArray[np.float32]:
    """Return modes that move every ring as the edge of the bust."""
    return np.asarray(np.concatenate([modes, *[modes[:, corners]] * rings], axis=1), np.float32)
