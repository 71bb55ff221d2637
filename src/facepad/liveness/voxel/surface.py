"""The surface of a volume: a triangle mesh with the colours of the crop, and views all round."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from facepad.liveness.voxel.volume import GRID, SIDE, DepthMap, Present, Volume
from facepad.meshes.render import Mesh, Triangles, Vertices, interpolated, normals, render
from facepad.opencv import cv2
from facepad.types import RgbImage

YAWS = (-60, -40, -20, 0, 20, 40, 60)  # degrees; above 0 the viewer has moved to the right
TILE = 176  # pixels of one view
_STEEPEST = 8.0  # depth over width of a cell (83 degrees); a steeper one is a jump, left open
_SMOOTH = 1.2  # voxels; deviation of the Gaussian that takes the steps out of the outline
_RIM = 2.5  # voxels from the outline, whose depth goes on as it does further inside
_REACH, _NEAR = 6, 2.0  # voxels: reach and deviation of the weights of the planes that do that
_JUMP = 20.0  # crop pixels; voxels that differ by more do not count in a plane
_STIFF = 0.5  # voxels squared, added to the variance of places; keeps planes from being steep
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

    Triangles join neighbours in the crop; none crosses a jump of the depth. They end at a smooth
    contour, and the outermost voxels continue the depth further inside: the outline of a volume
    is steep, so that its steps would be spikes from the side.

    Args:
        volume: With or without a surface; without one there are no vertices.
        per_voxel: Vertices across and down a voxel.
    """
    present = _whole(volume.present)
    size, step = GRID * per_voxel, SIDE / (GRID * per_voxel)
    depth, inside = (
        np.asarray(cv2.resize(one, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)
        for one in (_continued(volume.depth, present), _contour(volume, present))
    )
    corners = np.stack([depth[:-1, :-1], depth[:-1, 1:], depth[1:, :-1], depth[1:, 1:]])
    joined = _without_spikes(np.ptp(corners, axis=0) <= _STEEPEST * step, per_voxel)
    first = np.arange(size * size, dtype=np.int64).reshape(size, size)[:-1, :-1][joined]
    right, below = first + 1, first + size
    halves = [np.stack([first, below, right], 1), np.stack([right, below, below + 1], 1)]
    pairs, shares, triangles = _clipped(np.concatenate(halves), inside.ravel())
    y, x = np.divmod(np.arange(size * size), size)
    known = np.stack([step * (x + 0.5) - 0.5, step * (y + 0.5) - 0.5, depth.ravel()], axis=1)
    points = known[pairs[:, 0]] + shares[:, None] * (known[pairs[:, 1]] - known[pairs[:, 0]])
    middle = np.array([(SIDE - 1) / 2, (SIDE - 1) / 2, 0.0])
    return Surface(
        (points - middle).astype(np.float32), triangles, points[:, :2].astype(np.float32)
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


def _contour(volume: Volume, present: Present) -> NDArray[np.float32]:
    """Return numbers that are above 0 inside of the smooth contour, shape (GRID, GRID)."""
    certain = volume.occupancy[-1]
    share = np.where(present == (certain > 0.5), certain, present).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), _SMOOTH) - 0.5, np.float32)


def _continued(depth: DepthMap, present: Present) -> DepthMap:
    """Return the depth everywhere: outside and near the outline it goes on as further inside."""
    from scipy.ndimage import distance_transform_edt

    away = distance_transform_edt(np.pad(present, 1))[1:-1, 1:-1]  # outside of the crop is none
    known = present & ~np.isnan(depth)
    inner = known & (away > min(_RIM, 0.5 * float(away.max())))
    if not inner.any():
        return np.zeros_like(depth)
    at = distance_transform_edt(~inner, return_distances=False, return_indices=True)
    found = _planes(np.where(inner, depth, 0.0), inner, np.asarray(depth[tuple(at)], np.float32))
    share = np.where(inner, np.clip(away / _RIM - 1.0, 0.0, 1.0), 0.0)
    return np.asarray(found + share * (np.where(inner, depth, 0.0) - found), np.float32)


def _planes(depth: DepthMap, known: Present, guide: DepthMap) -> NDArray[np.float64]:
    """Return the depth of the plane that fits the known voxels around each voxel.

    Voxels that are nearer in the crop count more; those across a jump from ``guide`` do not.
    """
    depths, there = np.pad(depth, _REACH), np.pad(known, _REACH)
    sums, with_depth = np.zeros((6, GRID, GRID)), np.zeros((3, GRID, GRID))
    for down, across in product(range(-_REACH, _REACH + 1), repeat=2):
        line, column = _REACH + down, _REACH + across
        value = depths[line : line + GRID, column : column + GRID]
        own = there[line : line + GRID, column : column + GRID]
        near = np.exp(-(down**2 + across**2) / (2.0 * _NEAR**2))
        weight = near * (own & (np.abs(value - guide) < _JUMP))
        terms = np.array([1.0, across, down, across**2, down**2, across * down])[:, None, None]
        sums += terms * weight
        with_depth += terms[:3] * (weight * value)
    total = np.maximum(sums[0], 1e-9)
    x, y, xx, yy, xy = sums[1:] / total
    z, xz, yz = with_depth / total
    xx, yy, xy, xz, yz = (
        xx - x * x + _STIFF,
        yy - y * y + _STIFF,
        xy - x * y,
        xz - x * z,
        yz - y * z,
    )
    slope = (yy * xz - xy * yz) * x + (xx * yz - xy * xz) * y
    return np.where(sums[0] > 0.0, z - slope / (xx * yy - xy * xy), guide)


def _clipped(
    triangles: NDArray[np.int64], inside: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], Triangles]:
    """Return the parts of triangles where a linear function is above 0.

    Args:
        triangles: Numbers of vertices, shape (M, 3).
        inside: The function at each vertex.

    Returns:
        Each new vertex as two old ones, shape (N, 2), and its share of the way to the second one,
        shape (N,); and triangles of new vertices, in the same direction of rotation.
    """
    count = (inside[triangles] > 0.0).sum(axis=1)
    one, two = triangles[count == 1], triangles[count == 2]
    for part, odd in ((one, inside[one] > 0.0), (two, inside[two] <= 0.0)):
        turned = (odd.argmax(axis=1)[:, None] + np.arange(3)) % 3  # the odd one comes first
        part[:] = np.take_along_axis(part, turned, axis=1)
    whole = triangles[count == 3]
    a, b, c = two.T
    listed = [
        (whole[:, [0, 0]], whole[:, [1, 1]], whole[:, [2, 2]]),
        (one[:, [0, 0]], one[:, [0, 1]], one[:, [0, 2]]),
        (np.stack([b, a], 1), two[:, [1, 1]], two[:, [2, 2]]),
        (np.stack([b, a], 1), two[:, [2, 2]], np.stack([c, a], 1)),
    ]
    corners = np.concatenate([np.stack(three, axis=1) for three in listed])
    corners = np.sort(corners.reshape(-1, 2), axis=1)
    pairs, numbers = np.unique(corners, axis=0, return_inverse=True)
    first, second = inside[pairs].T
    rise = first - second
    shares = np.divide(first, rise, out=np.zeros_like(rise), where=rise != 0.0)
    shares = np.where(pairs[:, 0] == pairs[:, 1], 0.0, shares)
    return pairs, shares.astype(np.float32), numbers.reshape(-1, 3).astype(np.int32)


def _without_spikes(joined: Present, per_voxel: int) -> Present:
    """Return the cells without thin strips between jumps."""
    side = 2 * per_voxel + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    opened = cv2.morphologyEx(joined.astype(np.uint8), cv2.MORPH_OPEN, disc)
    return np.asarray(opened, np.bool_) & joined


def _sampled(crop: RgbImage, places: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return colours of a picture at places, x and y, shape (N, 2)."""
    padded = np.zeros((2, -(-len(places) // _ROW), _ROW), np.float32)
    padded.reshape(2, -1)[:, : len(places)] = places.T
    mode = cv2.BORDER_REPLICATE
    found = cv2.remap(crop, padded[0], padded[1], cv2.INTER_LINEAR, borderMode=mode)
    return np.asarray(found.reshape(-1, 3)[: len(places)], np.uint8)
