"""Volumes of faces: depth maps and back, and the crop that they belong to."""

import numpy as np
import pytest

from facepad.errors import InputError
from facepad.liveness.voxel.volume import (
    DEPTH_PITCH,
    GRID,
    SIDE,
    SLICES,
    DepthMap,
    Present,
    Volume,
    centred,
    crop_of,
    solid,
)
from facepad.types import Face, Frame

HALF = SLICES / 2 * DEPTH_PITCH  # crop pixels from the middle to either end


def bowl() -> tuple[DepthMap, Present]:
    y, x = np.mgrid[:GRID, :GRID] - (GRID - 1) / 2
    radius = np.hypot(x, y)
    return (radius**1.3 - 20.0).astype(np.float32), radius < 25.0


def test_depth_is_the_inverse_of_solid() -> None:
    depth, present = bowl()
    volume = Volume(solid(depth, present))
    assert (volume.present == present).all()
    assert np.abs(volume.depth - depth)[present].max() < 1e-4


def test_there_is_no_depth_where_there_is_no_surface() -> None:
    depth, present = bowl()
    assert np.isnan(Volume(solid(depth, present)).depth[~present]).all()


def test_the_depth_of_an_uncertain_surface_is_that_of_a_certain_one() -> None:
    depth, present = bowl()
    volume = Volume(solid(depth, present) * np.float32(0.6))
    assert np.abs(volume.depth - depth)[present].max() < 1e-4


def test_occupancy_never_falls_with_the_depth() -> None:
    occupancy = solid(*bowl())
    assert occupancy.dtype == np.float32
    assert (np.diff(occupancy, axis=0) >= 0.0).all()


def test_depth_zero_fills_exactly_the_farther_half() -> None:
    flat = np.zeros((GRID, GRID), np.float32)
    occupancy = solid(flat, flat == 0.0)
    assert (occupancy[: SLICES // 2] == 0.0).all()
    assert (occupancy[SLICES // 2 :] == 1.0).all()


def test_a_voxel_that_the_surface_passes_through_is_partly_filled() -> None:
    quarter = np.full((GRID, GRID), DEPTH_PITCH / 4, np.float32)
    assert solid(quarter, quarter > 0.0)[SLICES // 2, 3, 5] == pytest.approx(0.75)


def test_surfaces_outside_the_volume_are_moved_to_its_ends() -> None:
    ends = np.where(np.arange(GRID) % 2, -2.0 * HALF, 2.0 * HALF) * np.ones((GRID, 1))
    volume = Volume(solid(ends.astype(np.float32), np.ones((GRID, GRID), np.bool_)))
    assert volume.present.all()
    assert set(volume.depth.ravel().tolist()) == {-HALF, HALF - DEPTH_PITCH}


def test_an_absent_surface_may_have_any_depth() -> None:
    depth = np.full((GRID, GRID), np.nan, np.float32)
    assert (solid(depth, np.zeros((GRID, GRID), np.bool_)) == 0.0).all()


def test_the_middle_of_a_centred_surface_has_the_mean_depth_zero() -> None:
    depth, present = bowl()
    middle = np.hypot(*(np.mgrid[:GRID, :GRID] - (GRID - 1) / 2)) * SIDE / GRID <= SIDE / 4
    assert abs(float(centred(depth, present)[middle].mean())) < 1e-4


def test_a_surface_beside_the_middle_is_centred_by_all_of_it() -> None:
    present = np.zeros((GRID, GRID), np.bool_)
    present[:4] = True
    assert (centred(np.full((GRID, GRID), 7.0, np.float32), present)[:4] == 0.0).all()


def test_a_map_without_a_surface_stays_when_it_is_centred() -> None:
    depth = np.full((GRID, GRID), 7.0, np.float32)
    assert (centred(depth, np.zeros((GRID, GRID), np.bool_)) == depth).all()


@pytest.mark.parametrize("wrong", [np.zeros((SLICES, GRID, GRID)), np.zeros(3, np.float32)])
def test_another_type_or_shape_is_no_volume(wrong: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"an occupancy is float32 \(64, 64, 64\), got"):
        Volume(wrong)


def test_the_crop_has_the_face_in_the_middle() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[160:240, 140:220] = 255
    crop = crop_of(Frame(image, face=Face((140, 160, 220, 240), 1.0)))
    assert crop.shape == (SIDE, SIDE, 3)
    lines, columns = np.nonzero(crop[..., 0] > 127)
    assert abs(lines.mean() - SIDE / 2) < 2.0
    assert abs(columns.mean() - SIDE / 2) < 2.0


def test_a_frame_without_a_face_has_no_crop() -> None:
    with pytest.raises(InputError, match="frame with a face"):
        crop_of(Frame(np.zeros((40, 40, 3), np.uint8)))
