"""Fit the face model to the landmarks of a face: pose, identity and expression.

Each vertex of a model that is fitted to a portrait takes its colour from the place in the portrait
that it covers there, also after its shape or pose has changed.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import OVAL
from facepad.meshes.render import Vertices
from facepad.simulate.heads.face_model import FaceModel, Weights
from facepad.types import Face, Landmarks, RgbImage

_ROUNDS = 6
_MODES = 40  # identity modes that landmarks can determine
_PENALTY, _PENALTY_EXPRESSION = 0.05, 0.6  # of squared weights, over squared centimetres
_OUTLINE = 0.2  # weight of the outline, which slides over the surface
_DEPTH = 0.35  # weight of the landmarks' depth, which is less exact than their place
_MOST_IDENTITY, _MOST_EXPRESSION = 3.0, 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FaceFit:
    """A face model in the pixels of a picture.

    Attributes:
        scale: Pixels for each centimetre.
        rotation: Rotation of the model, shape (3, 3).
        shift: Pixels, x, y and z.
        identity: Weights of the identity modes.
        expression: Weights of the expressions.
    """

    scale: float
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    identity: Weights
    expression: Weights

    def placed(self, shape: Vertices) -> Vertices:
        """Return vertices of the model in pixels: x right, y down, z away from the camera."""
        return np.asarray(self.scale * shape @ self.rotation.T + self.shift, np.float32)

    def vertices(self, model: FaceModel) -> Vertices:
        """Return the vertices of the fitted face, in pixels."""
        return self.placed(model.shape(self.identity, self.expression))


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture of a person that gives a rendered face its colours.

    Attributes:
        image: RGB picture.
        face: Its face, with landmarks.
    """

    image: RgbImage
    face: Face


def fit(model: FaceModel, landmarks: Landmarks, depth: float = _DEPTH) -> FaceFit:
    """Fit the face model to landmarks: a similarity and weights, by turns.

    Args:
        model: The face model.
        landmarks: Shape (468, 3), pixels.
        depth: Weight of the landmarks' depth relative to their place in the picture.
    """
    at = model.landmarks
    modes = np.concatenate([model.identity[:_MODES, at], model.expression[:, at]])
    identity = np.zeros(_MODES, np.float32)
    expression = np.zeros(len(model.expression), np.float32)
    penalty = np.concatenate(
        [np.full(_MODES, _PENALTY), np.full(len(expression), _PENALTY_EXPRESSION)]
    )
    counts = np.ones(len(at), np.float64)
    counts[list(OVAL)] = _OUTLINE
    result = similarity(model.mean[at], landmarks)
    for _ in range(_ROUNDS):
        shape = model.mean[at] + np.tensordot(np.concatenate([identity, expression]), modes, 1)
        result = similarity(shape, landmarks)
        wanted = (landmarks - result.shift) @ result.rotation / result.scale
        axes = result.rotation.T * np.array([1.0, 1.0, depth]) ** 0.5  # to the camera's
        weights = _solve(modes, wanted - model.mean[at], axes, penalty, counts)
        identity = np.clip(weights[:_MODES], -_MOST_IDENTITY, _MOST_IDENTITY)
        expression = np.clip(weights[_MODES:], 0.0, _MOST_EXPRESSION)
    return replace(result, identity=identity, expression=expression)


def fitted_places(model: FaceModel, portrait: Portrait) -> NDArray[np.float32]:
    """Return where in a portrait each vertex of the face model takes its colour from."""
    if portrait.face.landmarks is None:
        raise ValueError("a portrait needs landmarks")
    fitted = fit(model, portrait.face.landmarks).vertices(model)
    return np.ascontiguousarray(fitted[:, :2])


def similarity(points: Vertices, wanted: Vertices) -> FaceFit:
    """Return the rotation, scale and shift that bring points nearest to others (Umeyama 1991)."""
    centre, target = points.mean(axis=0), wanted.mean(axis=0)
    left, strength, right = np.linalg.svd(
        (wanted - target).T.astype(np.float64) @ (points - centre)
    )
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = (left * sign) @ right
    scale = float((strength * sign).sum() / ((points - centre) ** 2).sum())
    shift = target - scale * centre @ rotation.T
    none = np.zeros(0, np.float32)
    return FaceFit(scale, rotation, np.asarray(shift, np.float64), none, none)


def _solve(
    modes: Weights,
    offsets: NDArray[np.floating],
    axes: NDArray[np.float64],
    penalty: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> Weights:
    """Return the weights of modes that explain offsets best."""
    seen = np.tensordot(modes.astype(np.float64), axes, 1)
    weighted = (seen * counts[:, None]).reshape(len(modes), -1)
    left = weighted @ seen.reshape(len(modes), -1).T / len(offsets) + np.diag(penalty) / 100.0
    right = weighted @ (offsets @ axes).reshape(-1) / len(offsets)
    return np.asarray(np.linalg.solve(left, right), np.float32)
