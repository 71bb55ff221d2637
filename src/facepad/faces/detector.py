"""The two networks of `FaceFinder`: BlazeFace finds faces, FaceMesh their 468 landmarks.

References:
    Bazarevsky et al. (2019), BlazeFace, arXiv:1907.05047. The decoding follows the short-range
    model: 896 anchors, boxes and points in units of the 128 pixels wide input.

    Kartynnik et al. (2019), Real-time facial surface geometry from monocular video on mobile
    GPUs, arXiv:1907.06724.
"""

import numpy as np

from facepad.faces.detection import Detection, box_of, overlap
from facepad.faces.tflite import FloatArray, Net, by_size
from facepad.opencv import cv2
from facepad.types import Landmarks, RgbImage

DETECTOR_SIDE, MESH_SIDE = 128, 192  # square inputs of the networks, pixels
LANDMARKS = 468
_GRIDS = ((8, 2), (16, 6))  # stride in pixels, anchors in each cell
_VALUES = 16  # per anchor: centre, width, height, six points
SAME_FACE = 0.3  # overlap (intersection over union) from which two boxes show one face
_LARGEST_LOGIT = 80.0  # keeps exp() within range; the score is 1
_MARGIN = 1.5  # side of the square that the mesh sees, relative to the box


class Detector:
    """Finds faces in pictures; safe to share between threads."""

    def __init__(self) -> None:
        self.net = Net("face_detector", ("classificators", "regressors"))
        self._anchors = anchors()

    def detect(self, image: RgbImage, min_score: float = 0.5, room: float = 1.0) -> list[Detection]:
        """Return all faces that are visible when the picture is shrunk to the network's input.

        Args:
            image: RGB picture of any size.
            min_score: Faces of a lower confidence are left out.
            room: Side of the network's view relative to the picture's longer side; the rest is
                black. Above 1 for faces that fill or leave the picture.

        Returns:
            Faces, most confident first.

        Raises:
            ModelError: The model's file is missing or wrong.
        """
        blob, scale, shift = letterbox(image, room)
        sizes = (len(self._anchors), len(self._anchors) * _VALUES)
        logits, values = by_size(self.net.run(blob), sizes, self.net.name)
        detections = decode(logits, values, self._anchors, min_score)
        return [face.moved(-shift[0], -shift[1]).scaled(scale) for face in merge(detections)]


class Mesh:
    """Finds the landmarks of a face; safe to share between threads."""

    def __init__(self) -> None:
        self.net = Net("face_mesh", ("conv2d_31", "conv2d_21"))

    def landmarks(self, image: RgbImage, face: Detection) -> tuple[Landmarks, float]:
        """Return the landmarks of one face, and the confidence that it is one.

        Args:
            image: RGB picture.
            face: The detected face.

        Returns:
            Landmarks, shape (468, 3): x and y in pixels of the picture, z in the same scale;
            and the confidence in [0, 1] that there is a face.

        Raises:
            ModelError: The model's file is missing or wrong.
        """
        to_picture = placement(face)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        square = cv2.warpAffine(image, to_picture, (MESH_SIDE, MESH_SIDE), flags=flags)
        blob = square.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255.0)
        logit, values = by_size(self.net.run(blob), (1, 3 * LANDMARKS), self.net.name)
        presence = 1.0 / (1.0 + np.exp(-np.clip(logit.item(), -_LARGEST_LOGIT, _LARGEST_LOGIT)))
        return to_frame(values.reshape(LANDMARKS, 3), to_picture), float(presence)


def anchors() -> FloatArray:
    """Return centres of the 896 anchors, shape (896, 2), as shares of the input's side."""
    parts = []
    for stride, count in _GRIDS:
        steps = (
            (np.arange(DETECTOR_SIDE // stride, dtype=np.float32) + 0.5) * stride / DETECTOR_SIDE
        )
        y, x = np.meshgrid(steps, steps, indexing="ij")
        parts.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), count, axis=0))
    return np.concatenate(parts).astype(np.float32)


def letterbox(image: RgbImage, room: float = 1.0) -> tuple[FloatArray, float, tuple[int, int]]:
    """Scale a picture into the middle of the network's square; its shape is kept, the rest black.

    Args:
        image: RGB picture.
        room: Side of the square relative to the picture's longer side; at least 1.

    Returns:
        The input, shape (1, 3, 128, 128) in [-1, 1]; how many times larger the picture
        is; and where it begins in the square (x, y in pixels).
    """
    height, width = image.shape[:2]
    scale = room * max(height, width) / DETECTOR_SIDE
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    shift = ((DETECTOR_SIDE - size[0]) // 2, (DETECTOR_SIDE - size[1]) // 2)
    square = np.zeros((DETECTOR_SIDE, DETECTOR_SIDE, 3), np.uint8)
    method = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    inside = square[shift[1] : shift[1] + size[1], shift[0] : shift[0] + size[0]]
    inside[:] = cv2.resize(image, size, interpolation=method)
    blob = square.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(127.5) - 1
    return blob.astype(np.float32), scale, shift


def decode(
    logits: FloatArray, values: FloatArray, centres: FloatArray, min_score: float
) -> list[Detection]:
    """Decode the network's outputs.

    Args:
        logits: One per anchor.
        values: 16 per anchor: centre, width and height of the box, six points; in pixels of
            the input, centre and points relative to the anchor.
        centres: The anchors, shape (N, 2).
        min_score: Anchors of a lower score are left out.

    Returns:
        One detection per remaining anchor, in pixels of the input, most confident first.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits.reshape(-1), -_LARGEST_LOGIT, _LARGEST_LOGIT)))
    kept = np.flatnonzero(scores >= min_score)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    raw = values.reshape(-1, _VALUES)[kept]
    origin = centres[kept] * DETECTOR_SIDE
    centre, half = raw[:, 0:2] + origin, raw[:, 2:4] / 2
    corners = np.concatenate([centre - half, centre + half], axis=1)
    points = raw[:, 4:].reshape(-1, 6, 2) + origin[:, None]
    return [
        Detection(box_of(corner), float(score), point.astype(np.float32))
        for corner, score, point in zip(corners, scores[kept], points, strict=True)
    ]


def merge(detections: list[Detection]) -> list[Detection]:
    """Merge detections of one face into their mean, weighted by score.

    The mean is steadier over frames than the best detection alone (the paper's "blending").

    Args:
        detections: Most confident first.

    Returns:
        One per face, most confident first, each with its highest score.
    """
    merged = []
    while detections:
        first, *rest = detections
        group = [face for face in detections if overlap(face.box, first.box) > SAME_FACE]
        merged.append(_mean(group or [first]))
        detections = [face for face in rest if face not in group]
    return merged


def placement(face: Detection) -> FloatArray:
    """Return the affine matrix, shape (2, 3), from the mesh's input to the picture.

    The input is a square around the middle of the box, 1.5 times its longer side, turned so
    that the eyes are level.
    """
    left, top, right, bottom = face.box
    step = _MARGIN * max(right - left, bottom - top) / MESH_SIDE
    across = face.points[1] - face.points[0]
    angle = float(np.arctan2(across[1], across[0]))
    cos, sin = step * np.cos(angle), step * np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    shift = middle - turn @ np.full(2, MESH_SIDE / 2)
    return np.column_stack([turn, shift]).astype(np.float32)


def to_frame(points: FloatArray, to_picture: FloatArray) -> Landmarks:
    """Convert landmarks from the mesh's input to the picture; z is scaled as x and y are."""
    flat = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
    depth = points[:, 2:] * np.hypot(to_picture[0, 0], to_picture[1, 0])
    return np.concatenate([flat, depth], axis=1).astype(np.float32)


def _mean(group: list[Detection]) -> Detection:
    weights = np.array([face.score for face in group])
    box = np.average([face.box for face in group], axis=0, weights=weights)
    points = np.average([face.points for face in group], axis=0, weights=weights)
    return Detection(box_of(box), group[0].score, points.astype(np.float32))
