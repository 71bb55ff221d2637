"""Turn a part of a picture so that the eyes of its face are level.

Quarter turns move pixels and change none. What remains is one warp of the part alone.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.types import Box, Face, RgbImage

Map = NDArray[np.float64]  # affine, shape (3, 3); pixel centres are at whole numbers
_EDGE = 2  # pixels beyond a part that the interpolation reads


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a picture, counter-clockwise: quarter turns, then the rest about a pivot.

    Attributes:
        quarters: Quarter turns, 0 to 3.
        rest_deg: What remains, degrees.
        picture: Width and height of the picture before the turn.
        pivot: Where the rest turns about, x and y after the quarter turns.
    """

    quarters: int
    rest_deg: float
    picture: tuple[int, int]
    pivot: tuple[float, float] = (0.0, 0.0)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height after the quarter turns; the rest keeps them."""
        return self.picture if self.quarters % 2 == 0 else self.picture[::-1]

    @property
    def matrix(self) -> Map:
        """The map from pixels of the picture to pixels of the turned picture."""
        return rotation(self.rest_deg, self.pivot) @ self._quarters()

    def box(self, box: Box) -> Box:
        """Return where the quarter turns bring a box of the picture."""
        left, top, right, bottom = box
        corners = mapped(np.array([(left, top), (right - 1, bottom - 1)]), self._quarters())
        low, high = np.rint(corners.min(axis=0)), np.rint(corners.max(axis=0)) + 1
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def cut(self, image: RgbImage, part: Box, most: int) -> tuple[RgbImage, Map]:
        """Cut a part out of the turned picture.

        Args:
            image: The picture, not turned yet.
            part: The part, in pixels of the turned picture.
            most: Longer side of a part that must be resampled, pixels; a larger one is shrunk.

        Returns:
            The part, a copy, with edge pixels repeated where the turned picture has none; and
            the map from pixels of the picture to pixels of the part.
        """
        left, top, right, bottom = part
        to_part = _moving(-left, -top) @ self.matrix
        if self.rest_deg == 0.0:
            shown = np.rot90(image, self.quarters)[top:bottom, left:right]
            return _rotated(np.rot90(shown, -self.quarters), self.quarters), to_part
        width, height = right - left, bottom - top
        factor = min(1.0, most / max(width, height))
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        to_part = _scaling(size[0] / width, size[1] / height) @ to_part
        return _warp(image, to_part, size, factor), to_part

    def _quarters(self) -> Map:
        whole, (width, height) = np.eye(3), self.picture
        for _ in range(self.quarters):
            whole = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, width - 1.0], [0.0, 0.0, 1.0]]) @ whole
            width, height = height, width
        return whole


def turn_of(roll_deg: float, picture: tuple[int, int]) -> Turn:
    """Return the turn against a roll; its pivot is still to be set.

    Args:
        roll_deg: Roll of a face, degrees.
        picture: Width and height of its picture.
    """
    quarters = round(roll_deg / 90.0)
    return Turn(quarters % 4, roll_deg - 90.0 * quarters, picture)


def roll_of(points: NDArray[np.floating]) -> float:
    """Return the angle of the line between the eyes, degrees in (-180, 180].

    Args:
        points: Right eye, left eye, x and y in pixels; further points are ignored.
    """
    across, down = (float(value) for value in points[1] - points[0])
    roll = float(np.rad2deg(np.arctan2(down, across)))
    return 180.0 if roll == -180.0 else roll


def turned(face: Face, box: Box, to_part: Map) -> Face:
    """Return a face as it is in a turned part of its picture.

    Args:
        face: The face, in the picture.
        box: Its box in the part.
        to_part: The map from pixels of the picture to pixels of the part.
    """
    points, landmarks = face.points, face.landmarks
    if points:
        points = tuple((float(x), float(y)) for x, y in mapped(np.array(points), to_part))
    if landmarks is not None:
        flat = mapped(landmarks[:, :2], to_part)
        depth = landmarks[:, 2:] * np.hypot(to_part[0, 0], to_part[1, 0])
        landmarks = np.column_stack([flat, depth]).astype(np.float32)
    angle = np.deg2rad(face.roll_deg)
    across = to_part[:2, :2] @ np.array([np.cos(angle), np.sin(angle)])
    roll = roll_of(np.stack([np.zeros(2), across]))
    return replace(face, box=box, points=points, landmarks=landmarks, roll_deg=roll)


def mapped(points: NDArray[np.floating], by: Map) -> NDArray[np.float64]:
    """Return points, shape (N, 2), where a map brings them."""
    return np.asarray(points @ by[:2, :2].T + by[:2, 2], np.float64)


def rotation(angle_deg: float, pivot: tuple[float, float]) -> Map:
    """Return the map that turns a picture counter-clockwise about a point."""
    angle = np.deg2rad(angle_deg)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(_moving(*pivot) @ turn @ _moving(-pivot[0], -pivot[1]))


def _rotated(image: RgbImage, quarters: int) -> RgbImage:
    """Return `np.rot90` of a picture as a copy; OpenCV copies large ones ten times faster."""
    codes = cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE
    if quarters == 0:
        return image.copy()
    return np.asarray(cv2.rotate(np.ascontiguousarray(image), codes[quarters - 1]), np.uint8)


def _warp(image: RgbImage, to_part: Map, size: tuple[int, int], factor: float) -> RgbImage:
    """Warp what a part shows and nothing else; shrink it first where the part is smaller."""
    corners = np.array([(x, y) for x in (0, size[0]) for y in (0, size[1])])
    shown = mapped(corners, np.asarray(np.linalg.inv(to_part)))
    height, width = image.shape[:2]
    low, high = np.floor(shown.min(axis=0)) - _EDGE, np.ceil(shown.max(axis=0)) + _EDGE
    left, top = (int(edge) for edge in np.clip(low, 0, (width - 1, height - 1)))
    right, bottom = (int(edge) for edge in np.clip(high, (left + 1, top + 1), (width, height)))
    source, to_source = np.ascontiguousarray(image[top:bottom, left:right]), _moving(-left, -top)
    if factor < 1.0:
        wide, high_ = max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor))
        source = np.asarray(cv2.resize(source, (wide, high_), interpolation=cv2.INTER_AREA))
        to_source = _scaling(wide / (right - left), high_ / (bottom - top)) @ to_source
    warped = cv2.warpAffine(
        source,
        (to_source @ np.linalg.inv(to_part))[:2],
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, np.uint8)


def _moving(x: float, y: float) -> Map:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _scaling(x: float, y: float) -> Map:
    """Return the map to a picture of another size; its corners, not its pixel centres, stay."""
    return np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2], [0.0, 0.0, 1.0]])
