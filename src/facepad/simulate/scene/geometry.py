"""Geometry: a flat or bent sheet in space, seen by a pinhole camera.

A plane has millimetres, x to the right and y down from its middle. A sensor has pixels,
x to the right and y down from the centre of its first photosite.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.linear_light import LinearImage, Map, Size, bands

Matrix = NDArray[np.float64]  # shape (3, 3)
Points = NDArray[np.float32]  # shape (N, 2)

_FOCAL = 1.1  # focal length over the longer side: 49 degrees, between webcam and phone
_FLAT = 1e-7  # curvature of a sheet that may count as flat, per millimetre
_STEEPEST = 0.95  # sine of the angle at which a bent sheet turns its back to the camera


@dataclass(frozen=True, slots=True)
class Pose:
    """Pose of a plane before the camera.

    Attributes:
        zoom: Pixels of the sensor for each millimetre, at the plane's middle.
        tilt_deg: Turned about the horizontal axis; positive: upper edge away.
        swing_deg: Turned about the vertical axis; positive: right edge away.
        roll_deg: Turned in the picture plane, clockwise.
        shift_x: Middle of the plane from the sensor's, in pixels to the right.
        shift_y: Middle of the plane from the sensor's, in pixels downwards.
    """

    zoom: float
    tilt_deg: float = 0.0
    swing_deg: float = 0.0
    roll_deg: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0

    def homography(self, size: Size) -> Matrix:
        """Return the homography from millimetres of the plane to pixels of the sensor."""
        focal = _focal(size)
        turned = rotation(self.tilt_deg, self.swing_deg, self.roll_deg)[:, :2]
        distance = focal / self.zoom
        middle = np.array([self.shift_x, self.shift_y, focal]) / self.zoom
        plane = np.column_stack([turned, middle])
        return np.asarray(_lens(size) @ plane / distance, np.float64)


@dataclass(frozen=True, slots=True)
class Bend:
    """A sheet rolled about an axis in its plane, like a page held by its edges.

    Attributes:
        curvature: One over the radius, per millimetre; positive: middle towards the camera.
        along_deg: Direction in which the sheet bends; 0 is along x.
        distance: Distance from the camera to the sheet's middle, millimetres.
    """

    curvature: float = 0.0
    along_deg: float = 0.0
    distance: float = 1000.0

    def unrolled(self, x: Map, y: Map) -> tuple[Map, Map]:
        """Return millimetres on the sheet of points on the plane through its middle."""
        if abs(self.curvature) < _FLAT:
            return x, y
        along, across = self._axes(x, y)
        depth = self._depth(self._on_sheet(along))  # seen from here, so near that one step does
        nearer = 1.0 + depth / np.float32(self.distance)
        return self._back(self._on_sheet(along * nearer), across * nearer)

    def rolled(self, x: Map, y: Map) -> tuple[Map, Map]:
        """Return the inverse of `unrolled`."""
        if abs(self.curvature) < _FLAT:
            return x, y
        along, across = self._axes(x, y)
        nearer = 1.0 + self._depth(along) / np.float32(self.distance)
        flat = np.asarray(np.sin(along * self.curvature) / self.curvature, np.float32)
        return self._back(flat / nearer, across / nearer)

    def slope(self, x: Map, y: Map) -> Map:
        """Return the angle of the sheet against the plane through its middle, radians."""
        return self._axes(x, y)[0] * np.float32(self.curvature)

    def behind_plane(self, x: Map, y: Map) -> tuple[Map, Map, Map | float]:
        """Return the foot of points of the sheet on the plane, and how far they are behind it.

        Args:
            x: Millimetres on the sheet, to the right.
            y: Millimetres on the sheet, downwards.

        Returns:
            Millimetres on the plane to the right and downwards, and away from the camera
            along the plane's normal.
        """
        if abs(self.curvature) < _FLAT:
            return x, y, 0.0
        along, across = self._axes(x, y)
        flat = np.asarray(np.sin(along * self.curvature) / self.curvature, np.float32)
        return *self._back(flat, across), self._depth(along)

    def _on_sheet(self, along: Map) -> Map:
        sine = np.clip(along * np.float32(self.curvature), -_STEEPEST, _STEEPEST)
        return np.asarray(np.arcsin(sine) / np.float32(self.curvature), np.float32)

    def _depth(self, along: Map) -> Map:
        lost = (1.0 - np.cos(along * np.float32(self.curvature))) / np.float32(self.curvature)
        return np.asarray(lost, np.float32)

    def _axes(self, x: Map, y: Map) -> tuple[Map, Map]:
        return turned(x, y, self.along_deg)

    def _back(self, along: Map, across: Map) -> tuple[Map, Map]:
        return turned(along, across, -self.along_deg)


@dataclass(frozen=True, slots=True)
class Placement:
    """The mapping between a sheet and the sensor, both ways.

    Attributes:
        to_sensor: Homography from millimetres of the flat sheet to pixels.
        bend: How the sheet is rolled.
    """

    to_sensor: Matrix
    bend: Bend = Bend()

    def coordinates(self, size: Size) -> tuple[Map, Map]:
        """Return the place on the sheet that each photosite sees: x and y in millimetres."""
        return self.bend.unrolled(
            *projected(np.asarray(np.linalg.inv(self.to_sensor), np.float64), size)
        )

    def forward(self, points: Points) -> Points:
        """Return the pixels of points of the sheet, which are in millimetres."""
        x, y = self.bend.rolled(points[:, 0], points[:, 1])
        flat = np.stack([x, y], axis=1)[None].astype(np.float64)
        return np.asarray(cv2.perspectiveTransform(flat, self.to_sensor)[0], np.float32)

    def depth(self, size: Size) -> Map:
        """Return the distance of the sheet along the camera's axis, for each photosite.

        The unit is a photosite at the sheet's middle; larger is further away.
        """
        x, y = self.coordinates(size)
        right, down, behind = self.bend.behind_plane(x, y)
        to_sensor = self.to_sensor / self.to_sensor[2, 2]
        plane = np.linalg.solve(_lens(size), to_sensor)[:, :2]  # both axes over the distance
        normal = np.cross(plane[:, 0], plane[:, 1])
        facing = normal[2] / np.sqrt(np.linalg.norm(normal))
        depth = 1.0 + right * np.float32(plane[2, 0]) + down * np.float32(plane[2, 1])
        depth += behind * np.float32(facing)
        return np.asarray(depth * np.float32(_focal(size)), np.float32)

    @property
    def zoom(self) -> float:
        """Pixels for each millimetre, at the middle of the sheet."""
        at = self.to_sensor[:2, 2] / self.to_sensor[2, 2]
        slopes = self.to_sensor[:2, :2] - np.outer(at, self.to_sensor[2, :2])
        return float(np.sqrt(abs(np.linalg.det(slopes / self.to_sensor[2, 2]))))


def _focal(size: Size) -> float:
    """Return the focal length in pixels of the sensor."""
    return _FOCAL * max(size)


def _lens(size: Size) -> Matrix:
    """Return the matrix from directions before the camera to pixels of the sensor."""
    focal = _focal(size)
    return np.array(
        [[focal, 0.0, (size[1] - 1) / 2], [0.0, focal, (size[0] - 1) / 2], [0.0, 0.0, 1.0]]
    )


def rotation(tilt_deg: float, swing_deg: float, roll_deg: float) -> Matrix:
    """Return the rotation of `Pose` by its three angles."""
    a, b, c = np.deg2rad([tilt_deg, swing_deg, roll_deg])
    about_x = [[1, 0, 0], [0, np.cos(a), np.sin(a)], [0, -np.sin(a), np.cos(a)]]
    about_y = [[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]]
    about_z = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
    return np.asarray(np.array(about_x) @ about_y @ about_z, np.float64)


def projected(matrix: Matrix, size: Size) -> tuple[Map, Map]:
    """Apply a homography to the position of every pixel."""
    across = np.arange(size[1], dtype=np.float64)[None]
    down = np.arange(size[0], dtype=np.float64)[:, None]
    x, y, z = (np.empty(size, np.float32) for _ in range(3))
    for row, result in zip(matrix / matrix[2, 2], (x, y, z), strict=True):
        for band in bands(size[0]):  # in double precision, which takes much memory
            result[band] = row[0] * across + (row[1] * down[band] + row[2])
    x /= z
    y /= z
    return x, y


def turned(x: Map, y: Map, angle_deg: float) -> tuple[Map, Map]:
    """Return coordinates in axes turned clockwise by an angle."""
    cosine, sine = (
        np.float32(np.cos(np.deg2rad(angle_deg))),
        np.float32(np.sin(np.deg2rad(angle_deg))),
    )
    return x * cosine + y * sine, y * cosine - x * sine


def sample(light: LinearImage, x: Map, y: Map, width: float) -> LinearImage:
    """Return the light of a picture at places of its sheet.

    Args:
        light: The picture in linear light.
        x: Millimetres to the right of the picture's middle.
        y: Millimetres below it.
        width: Width of the picture on the sheet, millimetres.

    Returns:
        Light at the places; outside the picture, that of its border. Never negative.
    """
    finest = float(min(np.hypot(*_steps(x, y, axis)) for axis in (0, 1)))
    wanted = round(width / max(finest, 1e-9))
    if wanted < 0.8 * light.shape[1]:  # more picture than photosites: average, don't skip
        size = (max(wanted, 8), max(round(wanted * light.shape[0] / light.shape[1]), 8))
        light = np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA), np.float32)
    scale = np.float32(light.shape[1] / width)
    result = np.empty((*x.shape, 3), np.float32)
    mode = cv2.BORDER_REPLICATE
    for band in bands(len(x)):
        columns = x[band] * scale + np.float32((light.shape[1] - 1) / 2)
        lines = y[band] * scale + np.float32((light.shape[0] - 1) / 2)
        result[band] = cv2.remap(light, columns, lines, cv2.INTER_CUBIC, borderMode=mode)
    return np.asarray(np.maximum(result, 0.0, out=result), np.float32)


def _steps(x: Map, y: Map, axis: int) -> tuple[float, float]:
    """Return the step from one photosite to the next, in the middle of the frame."""
    line, column = x.shape[0] // 2, x.shape[1] // 2
    other = (line - 1, column) if axis == 0 else (line, column - 1)
    return float(x[line, column] - x[other]), float(y[line, column] - y[other])


def length(x: Map, y: Map) -> Map:
    """Return the length of vectors; its bits do not depend on memory alignment, as OpenCV's do."""
    return np.asarray(np.sqrt(x * x + y * y), np.float32)


def rectangle(x: Map, y: Map, half: tuple[float, float], corner: float = 0.0) -> Map:
    """Return the signed distance to a rectangle about the origin; negative inside.

    Args:
        x: Coordinates to the right.
        y: Coordinates downwards.
        half: Half the width and half the height.
        corner: Radius of the rounded corners.
    """
    result = np.empty_like(x)
    for band in bands(len(x)):
        over_x = np.abs(x[band]) - np.float32(half[0] - corner)
        over_y = np.abs(y[band]) - np.float32(half[1] - corner)
        outside = length(np.maximum(over_x, 0.0), np.maximum(over_y, 0.0))
        inside = np.minimum(np.maximum(over_x, over_y), 0.0)
        result[band] = outside + inside - np.float32(corner)
    return result


def coverage(distance: Map, zoom: float) -> Map:
    """Return the share of each photosite inside a shape, from the distance to its outline.

    Args:
        distance: Signed distance, negative inside, in millimetres; overwritten.
        zoom: Pixels for each millimetre.
    """
    distance *= np.float32(zoom)
    np.subtract(np.float32(0.5), distance, out=distance)
    return np.asarray(np.clip(distance, 0.0, 1.0, out=distance), np.float32)
