"""The pinhole camera of a clip: where points and planes in space fall on the sensor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.meshes.render import Vertices
from facepad.opencv import cv2
from facepad.simulate.linear_light import LinearImage, Size
from facepad.simulate.scene.geometry import Matrix

BORDER = 0.06  # of a background around the frame, share of the longer side


@dataclass(frozen=True, slots=True)
class Pinhole:
    """A camera without lens errors.

    Attributes:
        size: Lines and columns of the sensor.
        focal: Focal length, pixels.
        shift_x: Shift of the picture by an unsteady camera, pixels to the right.
        shift_y: Shift downwards, pixels.
    """

    size: Size
    focal: float
    shift_x: float = 0.0
    shift_y: float = 0.0

    @property
    def matrix(self) -> Matrix:
        """Matrix from directions before the camera to pixels, shape (3, 3)."""
        middle_x = (self.size[1] - 1) / 2 + self.shift_x
        middle_y = (self.size[0] - 1) / 2 + self.shift_y
        return np.array([[self.focal, 0, middle_x], [0, self.focal, middle_y], [0, 0, 1.0]])

    def seen(self, points: NDArray[np.floating]) -> Vertices:
        """Return points in space as pixels, and their distance; shape (N, 3) both."""
        flat = points @ self.matrix.T
        pixels = flat[:, :2] / flat[:, 2:]
        return np.asarray(np.hstack([pixels, points[:, 2:]]), np.float32)

    def homography(self, turned: Matrix, middle: NDArray[np.float64]) -> Matrix:
        """Return the homography from a plane to pixels.

        Args:
            turned: Rotation of the plane, shape (3, 3).
            middle: Place of its origin: right, down and away from the camera, in the unit of
                the plane.
        """
        plane = np.column_stack([turned[:, :2], middle])
        return np.asarray(self.matrix @ plane / middle[2], np.float64)

    def behind(self, background: LinearImage) -> LinearImage:
        """Return the part of a background that is seen, from a picture with a `BORDER`."""
        border = border_of(self.size)
        if not (self.shift_x or self.shift_y):
            part = background[border : border + self.size[0], border : border + self.size[1]]
            return np.ascontiguousarray(part)
        move = np.array([[1.0, 0.0, self.shift_x - border], [0.0, 1.0, self.shift_y - border]])
        moved = cv2.warpAffine(background, move, self.size[::-1])
        return np.asarray(moved, np.float32)


def border_of(size: Size) -> int:
    """Return the width of a background's border on each side, pixels."""
    return int(np.ceil(BORDER * max(size)))
