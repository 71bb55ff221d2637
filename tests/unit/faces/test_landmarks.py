"""Regions of a face, its eye line and its head axes, from made-up landmarks."""

import numpy as np
import pytest

from facepad.faces import landmarks
from facepad.types import Landmarks
from made_up_face import made_up_landmarks

POINTS = made_up_landmarks(100.0, 90.0, 50.0)


def rolled(points: Landmarks, degrees: float) -> Landmarks:
    """Turn landmarks clockwise in the picture, about their mean."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = points[:, :2].mean(axis=0)
    flat = (points[:, :2] - middle) @ turn + middle
    return np.column_stack([flat, points[:, 2]]).astype(np.float32)


def test_the_outline_has_the_extent_of_the_face() -> None:
    assert landmarks.outline(POINTS) == pytest.approx((100.0, 90.0, 50.0, 65.0), abs=0.1)


def test_eyes_are_ellipses_about_the_middle_of_their_corners() -> None:
    right, left = landmarks.eyes(POINTS)
    assert right[:2] == pytest.approx((80.0, 77.0), abs=0.5)
    assert left[:2] == pytest.approx((120.0, 77.0), abs=0.5)
    assert right[2] > right[3]


def test_a_level_face_has_no_roll() -> None:
    line = landmarks.eye_line(POINTS)
    assert line.roll_deg == pytest.approx(0.0, abs=0.5)
    assert line.distance == pytest.approx(40.0, abs=1.0)


@pytest.mark.parametrize("degrees", [-30.0, 12.0, 80.0])
def test_roll_is_the_angle_by_which_a_face_is_turned_clockwise(degrees: float) -> None:
    level = landmarks.eye_line(POINTS).roll_deg
    turned = landmarks.eye_line(rolled(POINTS, degrees)).roll_deg
    assert turned - level == pytest.approx(degrees, abs=0.01)


def test_the_axes_of_a_head_are_orthonormal_and_follow_its_roll() -> None:
    level, turned = landmarks.axes(POINTS), landmarks.axes(rolled(POINTS, 20.0))
    np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-5)
    before, after = (np.rad2deg(np.arctan2(axes[0, 1], axes[0, 0])) for axes in (level, turned))
    assert after - before == pytest.approx(20.0, abs=0.01)


def test_levelled_landmarks_do_not_depend_on_roll() -> None:
    level, turned = landmarks.levelled(POINTS), landmarks.levelled(rolled(POINTS, 25.0))
    np.testing.assert_allclose(level, turned, atol=1e-3)


def test_the_rings_share_no_landmark() -> None:
    rings = (landmarks.RIGHT_EYE, landmarks.LEFT_EYE, landmarks.LIPS, landmarks.OVAL)
    numbers = [number for ring in rings for number in ring]
    assert len(set(numbers)) == len(numbers)
    assert set(landmarks.RIGHT_CORNERS) <= set(landmarks.RIGHT_EYE)
    assert set(landmarks.LEFT_CORNERS) <= set(landmarks.LEFT_EYE)
