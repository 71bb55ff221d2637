"""Landmarks of the face mesh: index sets, eyes, outline, eye line, head axes; and head pose.

Landmarks have shape (468, 3): x to the right and y down in pixels of the picture, z away from
the camera in the same scale. Right and left are those of the person: the right eye is on the
left of the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.types import Face, Landmarks

# Rings of landmark numbers, each in order around its region.
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67,
        109)  # fmt: skip
RIGHT_CORNERS, LEFT_CORNERS = (33, 133), (263, 362)  # outer and inner corner of each eye
# Landmarks of the upper and the lower lid, one above the other.
RIGHT_LIDS = ((160, 144), (159, 145), (158, 153))
LEFT_LIDS = ((387, 373), (386, 374), (385, 380))
BETWEEN_EYES, CHIN = 168, 152

Ellipse = tuple[float, float, float, float]  # centre and half axes, pixels: x, y, wide, high
_LONG, _HIGH = 0.62, 0.4  # half axes of an eye over the distance between its corners
# The detector's six points on a face that looks ahead, in distances between the eyes: x, y and
# z, and 1. Medians of 244 studio portraits; z of nose and mouth as in the face mesh.
_SIX = ((-0.5, 0.0, 0.0, 1.0), (0.5, 0.0, 0.0, 1.0), (0.0, 0.53, -0.65, 1.0),
        (0.0, 1.04, -0.35, 1.0), (-1.04, 0.3, 0.9, 1.0), (1.04, 0.3, 0.9, 1.0))  # fmt: skip


@dataclass(frozen=True, slots=True)
class EyeLine:
    """The line between the centres of both eyes.

    Attributes:
        right: Centre of the right eye, x and y in pixels.
        left: Centre of the left eye.
    """

    right: tuple[float, float]
    left: tuple[float, float]

    @property
    def roll_deg(self) -> float:
        """Angle of the line to the horizontal, degrees; above 0 when the left eye is lower."""
        across, down = self.left[0] - self.right[0], self.left[1] - self.right[1]
        return float(np.rad2deg(np.arctan2(down, across)))

    @property
    def distance(self) -> float:
        """Distance between the eyes, pixels."""
        return float(np.hypot(self.left[0] - self.right[0], self.left[1] - self.right[1]))


def eye_line(landmarks: Landmarks) -> EyeLine:
    """Return the line between the centres of the eyes."""
    right, left = (ellipse[:2] for ellipse in eyes(landmarks))
    return EyeLine(right, left)


def eyes(landmarks: Landmarks) -> tuple[Ellipse, Ellipse]:
    """Return one ellipse for each eye, right then left."""
    right, left = (_eye(landmarks, corners) for corners in (RIGHT_CORNERS, LEFT_CORNERS))
    return right, left


def eye_openness(landmarks: Landmarks) -> float:
    """Return the distance between the lids in widths of the eye, mean of both eyes.

    The network that finds landmarks rarely gives closed eyes less than half of what is usual.
    """
    shares = []
    for corners, lids in ((RIGHT_CORNERS, RIGHT_LIDS), (LEFT_CORNERS, LEFT_LIDS)):
        ends = landmarks[list(corners)]
        wide = max(float(np.linalg.norm(ends[1] - ends[0])), 1e-6)
        high = [float(np.linalg.norm(landmarks[low] - landmarks[up])) for up, low in lids]
        shares.append(float(np.mean(high)) / wide)
    return float(np.mean(shares))


def outline(landmarks: Landmarks) -> Ellipse:
    """Return the upright ellipse that has the extent of the face's oval."""
    ring = landmarks[list(OVAL), :2]
    low, high = ring.min(axis=0), ring.max(axis=0)
    left, top, right, bottom = float(low[0]), float(low[1]), float(high[0]), float(high[1])
    return (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2


def axes(landmarks: Landmarks) -> NDArray[np.float32]:
    """Return the directions of the head, one unit vector a row: to its left, down, backwards."""
    across = landmarks[LEFT_CORNERS[0]] - landmarks[RIGHT_CORNERS[0]]
    across = across / max(float(np.linalg.norm(across)), 1e-6)
    down = landmarks[CHIN] - landmarks[BETWEEN_EYES]
    down = down - across * (down @ across)
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    return np.stack([across, down, np.cross(across, down)]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where a head looks, relative to the camera; NaN when unknown.

    Attributes:
        yaw_deg: Turn to the person's left, degrees.
        pitch_deg: Tilt upwards, degrees.
    """

    yaw_deg: float
    pitch_deg: float


def head_pose(face: Face) -> HeadPose:
    """Return the head pose from the six points of a face.

    Six points of a mean head are fitted to them by a linear camera (weak perspective), so a
    tilt in the picture and the size have no effect. Rendered heads at a yaw of 45 degrees give
    40 in the median, at least 32 in 95 of 100; beyond 60 the values saturate at about 50. From
    32 on the face may be called turned.

    Args:
        face: A face with or without points.

    Returns:
        The pose; NaN without points.
    """
    if len(face.points) != len(_SIX):
        return HeadPose(np.nan, np.nan)
    camera = (np.linalg.pinv(_SIX) @ np.asarray(face.points, np.float64)).T[:, :3]
    across = camera[:, 0] / max(float(np.hypot(*camera[:, 0])), 1e-6)
    upright = np.array([across, (-across[1], across[0])]) @ camera
    pitch = np.arctan2(upright[1, 2], upright[1, 1])
    yaw = np.arctan2(-upright[0, 2] / max(float(np.cos(pitch)), 0.1), upright[0, 0])
    return HeadPose(float(np.rad2deg(yaw)), float(np.rad2deg(pitch)))


def levelled(landmarks: Landmarks) -> Landmarks:
    """Return landmarks about their mean, turned so that the face looks straight ahead."""
    return np.asarray((landmarks - landmarks.mean(axis=0)) @ axes(landmarks).T, np.float32)


def _eye(landmarks: Landmarks, corners: tuple[int, int]) -> Ellipse:
    ends = landmarks[list(corners), :2]
    reach = float(np.hypot(*(ends[1] - ends[0])))
    x, y = (float(value) for value in ends.mean(axis=0))
    return x, y, _LONG * reach, _HIGH * reach
