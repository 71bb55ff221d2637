"""FaceMesh: 468 landmarks of one face.

Reference:
    Kartynnik et al. (2019), Real-time facial surface geometry from monocular video on mobile
    GPUs, arXiv:1907.06724.
"""

import cv2
import numpy as np

from facepad.faces.detector import Detection
from facepad.faces.nets import FloatArray, Net, by_size
from facepad.types import Landmarks, RgbImage

SIDE = 192  # of the network's square input, pixels
COUNT = 468
_MARGIN = 1.5  # of the square that is shown to the network, relative to the box


class Mesh:
    """Finds the landmarks of a face; safe to share between threads."""

    def __init__(self) -> None:
        self.net = Net("face_mesh")

    def landmarks(self, image: RgbImage, face: Detection) -> tuple[Landmarks, float]:
        """The landmarks of one face, and how sure the network is that it is one.

        Args:
            image: RGB picture.
            face: Where the detector saw the face.

        Returns:
            Landmarks, shape (468, 3): x and y in pixels of the picture, z in the same scale;
            and the confidence in [0, 1] that there is a face.

        Raises:
            ModelError: The model's file is missing or wrong.
        """
        to_picture = placement(face)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        square = cv2.warpAffine(image, to_picture, (SIDE, SIDE), flags=flags)
        blob = square.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255.0)
        logit, values = by_size(self.net.run(blob), (1, 3 * COUNT), self.net.name)
        presence = 1.0 / (1.0 + np.exp(-np.clip(logit.item(), -80.0, 80.0)))
        return to_frame(values.reshape(COUNT, 3), to_picture), float(presence)


def placement(face: Detection) -> FloatArray:
    """The way from the network's input to the picture, as an affine matrix of shape (2, 3).

    The input is a square around the middle of the box, 1.5 times its longer side, turned so
    that the eyes are level.
    """
    left, top, right, bottom = face.box
    step = _MARGIN * max(right - left, bottom - top) / SIDE
    across = face.points[1] - face.points[0]
    angle = float(np.arctan2(across[1], across[0]))
    cos, sin = step * np.cos(angle), step * np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    shift = middle - turn @ np.full(2, SIDE / 2)
    return np.column_stack([turn, shift]).astype(np.float32)


def to_frame(points: FloatArray, to_picture: FloatArray) -> Landmarks:
    """Take landmarks from the network's input to the picture; z is scaled as x and y are."""
    flat = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
    depth = points[:, 2:] * np.hypot(to_picture[0, 0], to_picture[1, 0])
    return np.concatenate([flat, depth], axis=1).astype(np.float32)
