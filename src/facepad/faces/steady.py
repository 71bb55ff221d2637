"""Hold the face of a clip still: its own upright shape, and the map from it to each frame.

A blink moves the lids within the face; everything else moves the whole face. The maps are fitted
to landmarks that neither lids, brows nor mouth move, so that shift, size, roll and the
foreshortening of a turned or tilted face are taken out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import LEFT_CORNERS, RIGHT_CORNERS
from facepad.types import Frame

# Eye corners, ridge of the nose, forehead and temples.
STEADY = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 10, 151, 9, 109, 338, 67, 297, 103, 332, 21,
          251, 162, 389, 127, 356, 234, 454)  # fmt: skip
_LEAST = 1e-6  # pixels, and units of a map; below it a face has no extent

Flat = NDArray[np.float64]  # shape (..., 2): x and y


@dataclass(frozen=True, slots=True, eq=False)
class SteadyFaces:
    """Faces of the frames of one clip, held still.

    Attributes:
        shape: Median of the upright faces, shape (468, 2). The outer eye corners are at (-0.5, 0)
            and (0.5, 0); y points down.
        to_picture: Affine maps from the shape to the pixels of each frame, shape (N, 2, 3).
        reach: Distance between the outer eye corners in each frame, pixels, shape (N,).
    """

    shape: Flat
    to_picture: NDArray[np.float64]
    reach: NDArray[np.float64]

    def held(self, points: Flat) -> Flat:
        """Return points of the frames in the coordinates of the shape.

        Args:
            points: Pixels of each frame, shape (N, K, 2).
        """
        turn, shift = self.to_picture[:, :, :2], self.to_picture[:, :, 2]
        back = np.linalg.pinv(turn)
        return np.asarray(np.einsum("nij,nkj->nki", back, points - shift[:, None]))


def landmarks_of(frames: Sequence[Frame]) -> NDArray[np.float32]:
    """Return the landmarks of frames that have them, shape (N, 468, 3), pixels."""
    faces = (frame.face for frame in frames)
    return np.stack([one.landmarks for one in faces if one and one.landmarks is not None])


def hold_still(landmarks: NDArray[np.floating]) -> SteadyFaces:
    """Fit the shape and the maps.

    Args:
        landmarks: Of each frame of a clip, at least one, shape (N, 468, 2 or 3), pixels.
    """
    flat = np.asarray(landmarks[..., :2], np.float64)
    shape = np.median(upright(flat), axis=0)
    known = np.column_stack([shape[list(STEADY)], np.ones(len(STEADY))])
    maps = np.einsum("ik,nkj->nji", np.linalg.pinv(known), flat[:, list(STEADY)])
    return SteadyFaces(shape, maps, _across(flat)[1])


def upright(landmarks: NDArray[np.floating]) -> Flat:
    """Return faces in units of the distance between their outer eye corners, and level.

    Args:
        landmarks: Shape (N, 468, 2 or 3), pixels.

    Returns:
        Shape (N, 468, 2); the middle between the outer eye corners is the origin.
    """
    flat = np.asarray(landmarks[..., :2], np.float64)
    across, reach = _across(flat)
    cos, sin = (across / reach[:, None]).T
    turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], 1)
    middle = flat[:, [RIGHT_CORNERS[0], LEFT_CORNERS[0]]].mean(axis=1)
    turned = np.einsum("nij,nkj->nki", turn, flat - middle[:, None])
    return np.asarray(turned / reach[:, None, None])


def _across(flat: Flat) -> tuple[Flat, NDArray[np.float64]]:
    """Return the vectors from the right to the left outer eye corner, and their lengths."""
    across = flat[:, LEFT_CORNERS[0]] - flat[:, RIGHT_CORNERS[0]]
    return across, np.maximum(np.hypot(across[:, 0], across[:, 1]), _LEAST)
