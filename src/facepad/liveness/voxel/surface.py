"""The surface of a volume: a triangle mesh with the colours of the crop, and views all round."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.liveness.voxel.volume import GRID, SIDE, DepthMap, Present, Volume
from facepad.meshes.render import Mesh, Triangles, Vertices, interpolated, normals, render
from facepad.opencv import cv2
from facepad.types import RgbImage

YAWS = (-60, -40, -20, 0, 20, 40, 60)  # degrees; above 0 the viewer has moved to the right
TILE = 176  # pixels of one view
_STEEPEST = 8.0  # depth over width of a cell (83 degrees); a steeper one is a jump, left open
_SMOOTH = 0.8  # voxels; deviation of the Gaussian that takes the steps out of the outline
_FINE = 3  # vertices of a file across and down a voxel: one for each pixel of the crop
_PIVOT = 24.0  # crop pixels behind depth 0: about the middle of a head
_ROW = 1024  # places; OpenCV has a limit for the width of what it maps
_PAPER = 245  # grey level
_CLAY = np.array([226.0, 218.0, 208.0])
_LAMP = np.array([-0.35, -0.5, -0.8]) / np.linalg.norm([-0.35, -0.5, -0.8])  # moves with the viewer


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A mesh over a face crop.

    Attributes:
        vertices: Crop pixels from the middle of the crop and the volume, shape (N, 3); x right,
            y down, z away from the camera.
        triangles: Numbers of vertices; counter-clockwise for the camera.
        places: Pixel of the crop of each vertex, x and y, shape (N, 2).
    """

    vertices: Vertices
    triangles: Triangles
    places: NDArray[np.float32]

    def mesh(self) -> Mesh:
        """Return the mesh as files have it: x right, y up, z towards the viewer."""
        return self.vertices * np.array([1.0, -1.0, -1.0], np.float32), self.triangles

    def colours(self, crop: RgbImage) -> NDArray[np.uint8]:
        """Return the colour of each vertex in the crop, shape (N, 3)."""
        return _sampled(crop, self.places)


def surface(volume: Volume, per_voxel: int = _FINE) -> Surface:
    """Return the visible surface of a volume: its largest part, with small holes filled.

    Triangles join neighbours in the crop; none crosses a jump of the depth.

    Args:
        volume: With or without a surface; without one there are no vertices.
        per_voxel: Vertices across and down a voxel.
    """
    depth, present = _filled(volume.depth, _whole(volume.present))
    size, step = GRID * per_voxel, SIDE / (GRID * per_voxel)
    share = cv2.GaussianBlur(present.astype(np.float32), (0, 0), _SMOOTH)
    depth = np.asarray(cv2.resize(depth, (size, size), interpolation=cv2.INTER_CUBIC))
    present = cv2.resize(share, (size, size), interpolation=cv2.INTER_LINEAR) > 0.5
    corners = np.stack([depth[:-1, :-1], depth[:-1, 1:], depth[1:, :-1], depth[1:, 1:]])
    joined = np.ptp(corners, axis=0) <= _STEEPEST * step
    joined &= present[:-1, :-1] & present[:-1, 1:] & present[1:, :-1] & present[1:, 1:]
    joined = _without_spikes(joined, per_voxel)
    first = np.arange(size * size, dtype=np.int32).reshape(size, size)[:-1, :-1][joined]
    right, below = first + 1, first + size
    halves = [np.stack([first, below, right], 1), np.stack([right, below, below + 1], 1)]
    used, triangles = np.unique(np.concatenate(halves), return_inverse=True)
    y, x = (step * (place + 0.5) - 0.5 for place in np.divmod(used, size))
    middle = (SIDE - 1) / 2
    return Surface(
        np.stack([x - middle, y - middle, depth.ravel()[used]], axis=1).astype(np.float32),
        triangles.reshape(-1, 3).astype(np.int32),
        np.stack([x, y], axis=1).astype(np.float32),
    )


def turntable(volume: Volume, crop: RgbImage) -> RgbImage:
    """Return views of a volume from -60 to 60 degrees: in the crop's colours, and as plain clay.

    Args:
        volume: One without a surface gives empty views.
        crop: RGB uint8, shape (192, 192, 3), that the volume belongs to.

    Returns:
        RGB, shape (2 * TILE, len(YAWS) * TILE, 3); all views have one scale.
    """
    strip = np.full((2 * TILE, len(YAWS) * TILE, 3), _PAPER, np.uint8)
    seen = surface(volume, per_voxel=2)
    if not len(seen.triangles):
        return strip
    facing = normals(seen.vertices, seen.triangles)
    about = (seen.vertices.min(axis=0) + seen.vertices.max(axis=0)) / 2
    about[2] = _PIVOT
    centred = seen.vertices - about
    reach = max(np.hypot(centred[:, 0], centred[:, 2]).max(), np.abs(centred[:, 1]).max(), 1.0)
    centred *= np.float32(0.47 * TILE / reach)
    for number, yaw_deg in enumerate(YAWS):
        tile = strip[:, number * TILE : (number + 1) * TILE]
        turn = _turn(yaw_deg)
        points = (centred @ turn + np.array([TILE / 2 - 0.5, TILE / 2 - 0.5, 0.0])).astype("f4")
        view = render(points, seen.triangles, (TILE, TILE))
        values = np.hstack([seen.places, facing @ turn]).astype(np.float32)
        found = interpolated(view, points, seen.triangles, values)
        length = np.maximum(np.linalg.norm(found[:, 2:], axis=1), 1e-6)
        light = np.maximum(found[:, 2:] @ _LAMP / length, 0.0)[:, None]
        shown = _sampled(crop, found[:, :2]) * (0.4 + 0.75 * light), _CLAY * (0.25 + 0.8 * light)
        for half, colours in zip((tile[:TILE], tile[TILE:]), shown, strict=True):
            half[view.covered] = np.clip(colours, 0.0, 255.0)
    return strip


def _turn(yaw_deg: float) -> NDArray[np.float32]:
    """Return the matrix that rows are multiplied with, so that the viewer moves to the right."""
    cos, sin = np.cos(np.deg2rad(yaw_deg)), np.sin(np.deg2rad(yaw_deg))
    return np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]], np.float32)


def _whole(present: Present) -> Present:
    """Return the largest connected part, with its holes filled."""
    from scipy.ndimage import binary_fill_holes

    _, labels, stats, _ = cv2.connectedComponentsWithStats(present.astype(np.uint8))
    if len(stats) < 2:
        return present
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.asarray(binary_fill_holes(labels == largest), np.bool_)


def _without_spikes(joined: Present, per_voxel: int) -> Present:
    """Return the cells without thin strips, which steep outlines leave."""
    side = 2 * per_voxel + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    opened = cv2.morphologyEx(joined.astype(np.uint8), cv2.MORPH_OPEN, disc)
    return np.asarray(opened, np.bool_) & joined


def _filled(depth: DepthMap, present: Present) -> tuple[DepthMap, Present]:
    """Return the depth with that of the nearest surface where there is none."""
    from scipy.ndimage import distance_transform_edt

    missing = np.isnan(depth) | ~present
    if missing.all():
        return np.zeros_like(depth), np.zeros_like(present)
    at = distance_transform_edt(missing, return_distances=False, return_indices=True)
    return np.asarray(depth[tuple(at)], np.float32), present


def _sampled(crop: RgbImage, places: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return colours of a picture at places, x and y, shape (N, 2)."""
    padded = np.zeros((2, -(-len(places) // _ROW), _ROW), np.float32)
    padded.reshape(2, -1)[:, : len(places)] = places.T
    mode = cv2.BORDER_REPLICATE
    found = cv2.remap(crop, padded[0], padded[1], cv2.INTER_LINEAR, borderMode=mode)
    return np.asarray(found.reshape(-1, 3)[: len(places)], np.uint8)
