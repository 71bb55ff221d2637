"""Surfaces of volumes: meshes without holes, and views from both sides."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from facepad.liveness.voxel.surface import TILE, YAWS, Surface, surface, turntable
from facepad.liveness.voxel.volume import GRID, SIDE, DepthMap, Present, Volume, solid
from facepad.types import RgbImage
from made_up_volume import half_ellipsoid

FLAT = np.zeros((GRID, GRID), np.float32)
EMPTY = Volume(solid(FLAT, FLAT > 0.0))


def volume_of(depth: DepthMap, present: Present) -> Volume:
    return Volume(solid(depth.astype(np.float32), present))


def disc(radius: float = 20.0) -> Present:
    y, x = np.mgrid[:GRID, :GRID] - (GRID - 1) / 2
    return np.asarray(np.hypot(x, y) < radius, np.bool_)


def ramp() -> RgbImage:
    """A crop that is red by its column and green by its line."""
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.stack([x, y, np.zeros_like(x)], axis=2).astype(np.uint8)


def euler_number(found: Surface) -> int:
    """1 for a disc, less by one for each hole, more by one for each further part."""
    low, high = np.sort(found.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1).T
    edges = len(np.unique(low.astype(np.int64) * len(found.vertices) + high))
    return len(found.vertices) - edges + len(found.triangles)


@pytest.mark.parametrize("per_voxel", [1, 3])
def test_the_mesh_of_a_face_is_one_disc_without_holes(per_voxel: int) -> None:
    found = surface(volume_of(*half_ellipsoid()), per_voxel)
    assert euler_number(found) == 1
    assert set(found.triangles.ravel().tolist()) == set(range(len(found.vertices)))


def test_vertices_lie_on_the_surface() -> None:
    depth, present = half_ellipsoid()
    found = surface(volume_of(depth, present), 1)
    column, line = np.rint((found.places + 0.5) * GRID / SIDE - 0.5).astype(int).T
    inner = distance_transform_edt(present)[line, column] > 5.0  # voxels from the outline
    assert inner.sum() > 800
    assert np.abs(found.vertices[inner, 2] - depth[line, column][inner]).max() < 1e-3


def outline(found: Surface) -> NDArray[np.float32]:
    """Both ends of each edge of one triangle only, shape (N, 2, 3)."""
    edges = np.sort(found.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    pairs, count = np.unique(edges, axis=0, return_counts=True)
    ends: NDArray[np.float32] = found.vertices[pairs[count == 1]]
    return ends


def test_the_outline_of_a_disc_is_round() -> None:
    edges = outline(surface(volume_of(FLAT, disc())))
    radius = np.hypot(*edges[:, 0, :2].T)
    assert np.ptp(radius) < 1.5  # crop pixels; a voxel has 3
    assert radius.mean() == pytest.approx(20.0 * SIDE / GRID, abs=1.0)


def test_the_outline_of_a_face_has_no_spikes_from_the_side() -> None:
    rng = np.random.default_rng(0)
    depth, present = half_ellipsoid()
    present = present & (rng.random(present.shape) > 0.3) | (distance_transform_edt(present) > 1.0)
    edges = outline(surface(volume_of(depth, present)))
    length = np.linalg.norm(edges[:, 0] - edges[:, 1], axis=1)
    assert length.max() < 3.0  # crop pixels; a step of the half ellipsoid's outline has 10


def test_a_fine_mesh_is_as_deep_as_a_coarse_one() -> None:
    volume = volume_of(*half_ellipsoid())
    fine, coarse = surface(volume, 3), surface(volume, 1)
    assert fine.vertices[:, 2].min() == pytest.approx(coarse.vertices[:, 2].min(), abs=0.5)
    assert len(fine.vertices) > 8 * len(coarse.vertices)


def test_the_middle_of_the_crop_is_the_origin() -> None:
    found = surface(volume_of(FLAT, disc()))
    np.testing.assert_allclose(found.vertices.mean(axis=0), 0.0, atol=1e-3)
    np.testing.assert_allclose(found.places.mean(axis=0), (SIDE - 1) / 2, atol=1e-3)


def test_files_have_y_upwards_and_triangles_that_face_the_viewer() -> None:
    found = surface(volume_of(*half_ellipsoid()))
    points, triangles = found.mesh()
    first, second, third = (points[triangles[:, corner]] for corner in range(3))
    assert (np.cross(second - first, third - first)[:, 2] > 0.0).all()
    upper = found.places[:, 1] < SIDE / 2 - 1
    assert (points[upper, 1] > 0.0).all()
    assert points[np.hypot(*points[:, :2].T).argmin(), 2] == points[:, 2].max()


def test_vertices_have_the_colour_of_the_crop_at_their_place() -> None:
    found = surface(volume_of(FLAT, disc()))
    assert np.abs(found.colours(ramp())[:, :2] - found.places).max() <= 1.0


def test_a_jump_of_the_depth_is_left_open() -> None:
    depth = np.where(np.arange(GRID) < GRID // 2, FLAT - 30, FLAT + 30)
    found = surface(volume_of(depth, disc()))
    corners = found.vertices[found.triangles]
    assert np.ptp(corners[..., 2], axis=1).max() < 30.0
    assert euler_number(found) == 2


def test_a_small_hole_is_closed_and_a_part_beside_the_face_is_left_out() -> None:
    present = disc()
    present[30:32, 30:32] = False
    present[2:5, 2:5] = True
    found = surface(volume_of(FLAT, present))
    assert euler_number(found) == 1
    assert np.abs(found.vertices[:, :2]).max() < 20.5 * SIDE / GRID


def test_a_volume_without_a_surface_has_no_triangles() -> None:
    found = surface(EMPTY)
    assert len(found.vertices) == len(found.triangles) == 0


@pytest.fixture(scope="module")
def views() -> RgbImage:
    crop = np.full((SIDE, SIDE, 3), 200, np.uint8)
    crop[:, : SIDE // 2] = (200, 0, 0)
    return turntable(volume_of(*half_ellipsoid()), crop)


def view(strip: RgbImage, yaw_deg: int) -> RgbImage:
    """The coloured view from one side."""
    start = YAWS.index(yaw_deg) * TILE
    return strip[:TILE, start : start + TILE]


def red(picture: RgbImage) -> int:
    return int(((picture[..., 0] > 40) & (picture[..., 1] < 20)).sum())


def test_a_turntable_has_two_rows_of_seven_views(views: RgbImage) -> None:
    assert YAWS == (-60, -40, -20, 0, 20, 40, 60)
    assert views.shape == (2 * TILE, 7 * TILE, 3)
    assert views.dtype == np.uint8


def test_from_the_left_more_is_seen_of_the_left_half(views: RgbImage) -> None:
    seen = [view(views, yaw) for yaw in YAWS]
    shares = [red(one) / (one != views[0, 0]).any(axis=2).sum() for one in seen]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 2 * shares[-1]


def test_clay_has_the_outline_of_the_face_and_no_colour(views: RgbImage) -> None:
    paper = views[0, 0]
    covered = (views != paper).any(axis=2)
    assert abs(int(covered[:TILE].sum()) - int(covered[TILE:].sum())) < 50
    assert red(views[TILE:]) == 0


def test_a_flat_sheet_is_narrow_from_the_side() -> None:
    strip = turntable(volume_of(FLAT, disc()), np.zeros((SIDE, SIDE, 3), np.uint8))
    wide = [(view(strip, yaw) != strip[0, 0]).any(axis=2).any(axis=0).sum() for yaw in (0, 60)]
    assert wide[1] / wide[0] == pytest.approx(0.5, abs=0.05)


def test_a_volume_without_a_surface_has_empty_views() -> None:
    strip = turntable(EMPTY, np.zeros((SIDE, SIDE, 3), np.uint8))
    assert (strip == strip[0, 0]).all()
