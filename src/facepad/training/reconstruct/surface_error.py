"""How far a reconstructed surface is from the true one, beside two surfaces without a network.

Definition: for each visible point of the true face, the distance to the reconstructed surface: to
the tangent plane at the reconstruction's nearest point, and the distance along that plane beyond
one pixel. The reconstruction is first moved along the depth axis by the mean difference over the
pixels that both describe, since one picture does not determine the distance. The
mean over points, in per cent of the distance between the outer corners of the eyes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.liveness.voxel.volume import SIDE, solid
from facepad.opencv import cv2
from facepad.training.reconstruct.targets import Depth, on_grid

RECONSTRUCTION, MEAN_FACE, FACE_MESH = "reconstruction", "mean face, same pose", "FaceMesh, fitted"
_POINTS = 4000  # of the true surface that are compared
_APART = 1.0  # pixels between points of a surface, which are no distance from it


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A rendered face in its crop.

    Attributes:
        depth: True depth, crop pixels, shape (SIDE, SIDE); NaN where there is no face.
        mean: Depth of the mean face at the same pose.
        mesh: Depth of the face model, fitted to the landmarks with their depth.
        eye_distance: Between the outer corners of the eyes in space, crop pixels.
        yaw_deg: Turn of the head.
    """

    depth: Depth
    mean: Depth
    mesh: Depth
    eye_distance: float
    yaw_deg: float


@dataclass(frozen=True, slots=True)
class SurfaceError:
    """Errors of one surface over many faces.

    Attributes:
        name: The surface.
        error: Mean over faces of the mean error, per cent of the eye distance.
        errors: That of each face that has a surface.
        overlap: Mean intersection over union of the solids' voxels.
        failed: Number of faces without any surface; they count in the overlap only.
    """

    name: str
    error: float
    errors: tuple[float, ...]
    overlap: float
    failed: int = 0

    def lines(self) -> list[str]:
        """Return the line of the report."""
        return [
            f"{self.name:<22} surface error {self.error:5.2f} % of the eye distance (median "
            f"{np.median(self.errors):.2f}, worst {max(self.errors):.2f}), volumetric IoU "
            f"{self.overlap:.3f}" + (f"; no surface in {self.failed}" if self.failed else "")
        ]


def surface_error(true: Depth, found: Depth, eye_distance: float) -> float:
    """Return the mean distance of the true surface's points to another, per cent; see the module.

    Args:
        true: Depth map of the crop, pixels; NaN where there is nothing. Shape (SIDE, SIDE).
        found: Depth map of the other surface, same shape.
        eye_distance: Pixels.

    Raises:
        InputError: One of them has no surface.
    """
    from scipy.spatial import cKDTree

    if not np.isfinite(true).any() or not np.isfinite(found).any():
        raise InputError("a surface error needs two surfaces, got an empty one")
    both = np.isfinite(true) & np.isfinite(found)
    moved = found - ((found - true)[both].mean() if both.any() else 0.0)
    points, _ = _points(true)
    points = points[:: max(len(points) // _POINTS, 1)]
    others, facing = _points(np.asarray(moved, np.float32))
    _, nearest = cKDTree(others).query(points)
    off = points - others[nearest]
    away = np.abs((off * facing[nearest]).sum(axis=1))
    along = np.sqrt(np.maximum((off**2).sum(axis=1) - away**2, 0.0))
    distance = np.hypot(away, np.maximum(along - _APART, 0.0))
    return float(100.0 * distance.mean() / eye_distance)


def overlap(true: Depth, found: Depth) -> float:
    """Return the intersection over union of two solids on the grid of a volume.

    Args:
        true: Depth map of a volume, shape (GRID, GRID).
        found: Another one.
    """
    first, second = (solid(np.nan_to_num(one), np.isfinite(one)) > 0.5 for one in (true, found))
    return float((first & second).sum() / max((first | second).sum(), 1))


def measured(truths: Sequence[Truth], volumes: Sequence[Depth]) -> tuple[SurfaceError, ...]:
    """Return the errors of reconstructions, of the mean face and of the fitted face mesh.

    Args:
        truths: The faces.
        volumes: Depth map of each one's reconstruction, shape (GRID, GRID).
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for truth, volume in zip(truths, volumes, strict=True):
        grid = on_grid(truth.depth)
        surfaces: Mapping[str, tuple[Depth, Depth]] = {
            RECONSTRUCTION: (enlarged(volume), volume),
            MEAN_FACE: (truth.mean, on_grid(truth.mean)),
            FACE_MESH: (truth.mesh, on_grid(truth.mesh)),
        }
        for name, (fine, coarse) in surfaces.items():
            error = np.nan
            if np.isfinite(fine).any():
                error = surface_error(truth.depth, fine, truth.eye_distance)
            found.setdefault(name, []).append((error, overlap(grid, coarse)))
    return tuple(_summary(name, each) for name, each in found.items())


def _summary(name: str, each: Sequence[tuple[float, float]]) -> SurfaceError:
    errors = tuple(error for error, _ in each if np.isfinite(error)) or (float("inf"),)
    failed = sum(not np.isfinite(error) for error, _ in each)
    overlaps = float(np.mean([share for _, share in each]))
    return SurfaceError(name, float(np.mean(errors)), errors, overlaps, failed)


def enlarged(depth: Depth) -> Depth:
    """Return a volume's depth map at the crop's size, interpolated within its outline."""
    present = np.isfinite(depth)
    size = (SIDE, SIDE)
    weight = cv2.resize(present.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    values = cv2.resize(np.nan_to_num(depth), size, interpolation=cv2.INTER_LINEAR)
    inside = weight >= 0.5
    return np.where(inside, values / np.maximum(weight, 1e-6), np.nan).astype(np.float32)


def depth_error(wanted: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Return the mean absolute difference of depths where both have a surface, crop pixels."""
    both = np.isfinite(wanted) & np.isfinite(found)
    return float(np.abs(wanted - found)[both].mean()) if both.any() else float("inf")


def _points(depth: Depth) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the points of a depth map and the unit normals there."""
    known = np.isfinite(depth)
    slopes, bordered = [], np.pad(depth, 1, constant_values=np.nan)
    for axis in (0, 1):
        inner = np.moveaxis(np.moveaxis(bordered, axis, 0)[:, 1:-1], 0, axis)
        ahead, behind = (
            np.take(inner, range(start, start + depth.shape[axis]), axis) for start in (2, 0)
        )
        sides = np.stack([ahead - depth, depth - behind])
        count = np.isfinite(sides).sum(axis=0)
        slopes.append(np.nansum(sides, axis=0) / np.maximum(count, 1))
    y, x = np.nonzero(known)
    down, right = (slope[known] for slope in slopes)
    normal = np.stack([-right, -down, np.ones_like(right)], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    points = np.stack([x, y, depth[known]], axis=1)
    return np.asarray(points, np.float32), np.asarray(normal, np.float32)
