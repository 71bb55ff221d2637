"""Planes, bent sheets and shapes before a sensor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.simulate.scene.geometry import (
    Bend,
    Placement,
    Pose,
    coverage,
    rectangle,
    sample,
    turned,
)

SIZE = (60, 80)


def field(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([values], np.float32)


def test_a_frontal_plane_has_its_middle_in_the_sensors() -> None:
    x, y = Placement(Pose(2.0).homography(SIZE)).coordinates(SIZE)
    assert (abs(x[30, 40] - 0.25), abs(y[30, 40] - 0.25)) < (1e-4, 1e-4)
    assert np.allclose(np.diff(x[0]), 0.5, atol=1e-4)


def test_the_edge_that_is_turned_away_looks_smaller() -> None:
    seen = Placement(Pose(1.0, tilt_deg=20.0).homography(SIZE)).forward(
        np.array([(-20, -20), (20, -20), (-20, 20), (20, 20)], np.float32)
    )
    assert seen[1, 0] - seen[0, 0] < seen[3, 0] - seen[2, 0]
    seen = Placement(Pose(1.0, swing_deg=20.0).homography(SIZE)).forward(
        np.array([(-20, -20), (-20, 20), (20, -20), (20, 20)], np.float32)
    )
    assert seen[1, 1] - seen[0, 1] > seen[3, 1] - seen[2, 1]


@given(
    st.floats(0.5, 4.0), st.floats(-18, 18), st.floats(-20, 20), st.floats(-0.006, 0.006),
    st.floats(0, 90),
)  # fmt: skip
def test_both_ways_through_a_bent_sheet_lead_back(
    zoom: float, tilt: float, swing: float, curvature: float, along: float
) -> None:
    bend = Bend(curvature, along, distance=300.0)
    placement = Placement(Pose(zoom, tilt, swing, 3.0).homography(SIZE), bend)
    x, y = placement.coordinates(SIZE)
    back = placement.forward(np.array([(x[20, 30], y[20, 30])], np.float32))
    assert np.abs(back - [(30, 20)]).max() < 0.3


def test_a_middle_that_bulges_towards_the_camera_shows_more_paper_at_its_sides() -> None:
    flat = Pose(1.0).homography(SIZE)
    near, _ = Placement(flat, Bend(0.02, 0.0, 1e6)).coordinates(SIZE)
    assert near[30, 79] > Placement(flat).coordinates(SIZE)[0][30, 79]


def test_the_zoom_of_a_placement_is_that_of_its_pose() -> None:
    assert Placement(Pose(3.0, roll_deg=10.0).homography(SIZE)).zoom == pytest.approx(3.0)


def test_turning_back_leads_back() -> None:
    x, y = turned(*turned(field(3.0), field(4.0), 30.0), -30.0)
    assert np.allclose([x[0, 0], y[0, 0]], [3.0, 4.0], atol=1e-5)


def test_a_picture_that_fills_the_sensor_is_sampled_as_it_is() -> None:
    light = np.random.default_rng(0).random((60, 80, 3)).astype(np.float32)
    x, y = Placement(Pose(1.0).homography(SIZE)).coordinates(SIZE)
    assert np.abs(sample(light, x, y, 80.0) - light).max() < 1e-2


def test_a_picture_seen_from_afar_is_averaged() -> None:
    light = np.zeros((600, 800, 3), np.float32)
    light[::2] = 1.0
    x, y = Placement(Pose(1.0).homography(SIZE)).coordinates(SIZE)
    assert np.abs(sample(light, x, y, 80.0)[10:50, 10:70] - 0.5).max() < 0.01


def test_distances_to_a_rectangle_are_negative_inside_and_exact_outside() -> None:
    found = rectangle(field(0.0, 5.0, 4.0), field(0.0, 0.0, 5.0), (2.0, 2.0))
    assert np.allclose(found, [-2.0, 3.0, np.hypot(2.0, 3.0)])


def test_half_a_photosite_is_covered_on_the_outline() -> None:
    assert np.allclose(coverage(field(-1.0, 0.0, 1.0), 10.0), [1.0, 0.5, 0.0])


def test_the_depth_of_a_frontal_sheet_is_the_same_everywhere() -> None:
    depth = Placement(Pose(2.0, roll_deg=7.0, shift_x=5.0).homography(SIZE)).depth(SIZE)
    assert np.ptp(depth) < 1e-3


def test_an_edge_that_is_turned_away_is_further_away() -> None:
    tilted = Placement(Pose(2.0, tilt_deg=15.0).homography(SIZE)).depth(SIZE)
    assert (np.diff(tilted, axis=0) < 0).all()  # upper edge away
    assert np.ptp(tilted, axis=1).max() < 1e-3
    swung = Placement(Pose(2.0, swing_deg=15.0).homography(SIZE)).depth(SIZE)
    assert (np.diff(swung, axis=1) > 0).all()  # right edge away


@pytest.mark.parametrize("zoom", [0.5, 1.0, 3.0])
def test_the_unit_of_depth_is_a_pixel_at_the_middle(zoom: float) -> None:
    depth = Placement(Pose(zoom, tilt_deg=15.0).homography(SIZE)).depth(SIZE)
    slope = (depth[29, 40] - depth[30, 40]) / np.tan(np.deg2rad(15.0))
    assert slope == pytest.approx(1.0, rel=0.01)


def test_the_sides_of_a_sheet_that_bulges_towards_the_camera_are_further_away() -> None:
    radius = 100.0
    flat = Pose(2.0).homography(SIZE)
    bulging = Placement(flat, Bend(1 / radius, 0.0, 1e6)).depth(SIZE)[30]
    assert bulging.argmin() in (39, 40)
    away = radius - np.sqrt(radius**2 - (bulging.size / 2 / 2.0) ** 2)  # of a circle
    assert bulging[0] - bulging.min() == pytest.approx(2.0 * away, rel=0.05)
    hollow = Placement(flat, Bend(-1 / radius, 0.0, 1e6)).depth(SIZE)[30]
    assert hollow.argmax() in (39, 40)


def test_the_depth_of_a_bulge_on_a_tilted_sheet_is_along_the_cameras_axis() -> None:
    pose = Pose(2.0, tilt_deg=40.0).homography(SIZE)
    added = Placement(pose, Bend(0.01, 0.0, 1e6)).depth(SIZE) - Placement(pose).depth(SIZE)
    straight = Placement(Pose(2.0).homography(SIZE), Bend(0.01, 0.0, 1e6)).depth(SIZE)
    share = float(np.ptp(added[30]) / np.ptp(straight[30]))
    assert share == pytest.approx(np.cos(np.deg2rad(40.0)), rel=0.03)
