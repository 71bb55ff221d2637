"""The error of a reconstructed surface, against shapes whose distance is known."""

import numpy as np
import pytest

from facepad.errors import InputError
from facepad.liveness.voxel.volume import GRID, SIDE
from facepad.training.reconstruct.surface_error import (
    FACE_MESH,
    MEAN_FACE,
    RECONSTRUCTION,
    Truth,
    _points,
    enlarged,
    measured,
    overlap,
    surface_error,
)
from facepad.training.reconstruct.targets import Depth, on_grid

EYES = 50.0  # pixels


def sphere(radius: float, reach: float = 40.0) -> Depth:
    """Return the depth map of the front of a sphere, nearest at the middle."""
    at = np.arange(SIDE) - (SIDE - 1) / 2
    away = np.hypot(at[:, None], at)
    depth = -np.sqrt(np.maximum(radius**2 - away**2, 0.0))
    return np.where(away <= reach, depth, np.nan).astype(np.float32)


def test_a_surface_has_no_distance_from_itself() -> None:
    assert surface_error(sphere(60.0), sphere(60.0), EYES) == pytest.approx(0.0, abs=1e-3)


def test_the_error_does_not_depend_on_the_distance_to_the_camera() -> None:
    moved = sphere(60.0) + np.float32(35.0)
    assert surface_error(sphere(60.0), moved, EYES) == pytest.approx(0.0, abs=1e-3)


def test_planes_at_an_angle_are_as_far_apart_as_geometry_gives() -> None:
    x = np.tile(np.arange(SIDE, dtype=np.float32), (SIDE, 1)) - (SIDE - 1) / 2
    slope = np.tan(np.deg2rad(10.0))
    # A point at x is |x| sin(10 deg) from the plane that is turned about the middle.
    expected = 100.0 * np.abs(x).mean() * np.sin(np.deg2rad(10.0)) / EYES
    flat = np.zeros((SIDE, SIDE), np.float32)
    found = surface_error(flat, np.asarray(x * slope, np.float32), EYES)
    assert found == pytest.approx(expected, rel=0.02)


def test_a_flatter_face_is_further_from_the_truth() -> None:
    truth = sphere(50.0)
    errors = [surface_error(truth, np.asarray(truth * share, np.float32), EYES)
              for share in (0.9, 0.6, 0.0)]  # fmt: skip
    assert errors == sorted(errors)
    assert errors[0] > 0.0


def test_an_empty_surface_is_an_error() -> None:
    with pytest.raises(InputError, match="needs two surfaces"):
        surface_error(sphere(50.0), np.full((SIDE, SIDE), np.nan, np.float32), EYES)


def test_faces_without_a_surface_are_counted() -> None:
    truth, nothing = sphere(60.0), np.full((GRID, GRID), np.nan, np.float32)
    known = Truth(truth, truth, truth, EYES, 0.0)
    found = measured([known, known], [on_grid(truth), nothing])[0]
    assert found.failed == 1
    assert len(found.errors) == 1
    assert "no surface in 1" in found.lines()[0]


def test_a_surface_at_the_edge_of_the_crop_has_the_slope_of_its_inside() -> None:
    x = np.tile(np.arange(SIDE, dtype=np.float32), (SIDE, 1))
    _, normals = _points(np.asarray(0.5 * x, np.float32))
    assert np.ptp(normals, axis=0) == pytest.approx(0.0, abs=1e-6)


def test_equal_solids_overlap_fully_and_shifted_ones_by_their_shares() -> None:
    flat = np.zeros((GRID, GRID), np.float32)
    assert overlap(flat, flat) == 1.0
    # 32 slices against 24 of them: 16 pixels further away are 8 slices less.
    assert overlap(flat, flat + np.float32(16.0)) == pytest.approx(24 / 32)


def test_a_volume_is_compared_beside_two_surfaces_without_a_network() -> None:
    truth, mean = sphere(60.0), sphere(90.0)
    known = Truth(truth, mean, sphere(70.0), EYES, 0.0)
    found = {one.name: one for one in measured([known], [on_grid(truth)])}
    assert set(found) == {RECONSTRUCTION, MEAN_FACE, FACE_MESH}
    assert found[RECONSTRUCTION].error < found[FACE_MESH].error < found[MEAN_FACE].error
    assert found[RECONSTRUCTION].overlap > found[FACE_MESH].overlap > found[MEAN_FACE].overlap
    assert "volumetric IoU" in found[MEAN_FACE].lines()[0]


def test_an_enlarged_volume_keeps_its_outline_and_depth() -> None:
    grid = np.full((GRID, GRID), np.nan, np.float32)
    grid[16:48, 16:48] = 5.0
    large = enlarged(grid)
    assert np.isfinite(large).sum() == pytest.approx((32 * 3) ** 2, rel=0.01)
    assert np.nanmax(np.abs(large - 5.0)) < 1e-4
