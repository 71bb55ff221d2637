"""Regions of a face, its eye line and its head axes, from made-up landmarks."""

import numpy as np
import pytest

from facepad.faces import landmarks
from facepad.types import Face, Landmarks
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


def six_points(yaw: float, pitch: float = 0.0, roll: float = 0.0, size: float = 60.0) -> Face:
    """A mean head turned to its left, tilted upwards and rolled clockwise, in degrees."""
    a, b, c = np.deg2rad((yaw, pitch, roll))
    head = np.array(landmarks._SIX)[:, :3]
    left = [[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]]
    up = [[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]]
    clockwise = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
    flat = size * (head @ (np.array(clockwise) @ left @ up).T)[:, :2] + [200.0, 150.0]
    return Face((100, 50, 300, 250), 1.0, points=tuple((float(x), float(y)) for x, y in flat))


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (-40, 0), (25, 0), (0, 20), (0, -30), (55, 10)])
def test_head_pose_is_the_turn_of_the_head(yaw: float, pitch: float) -> None:
    pose = landmarks.head_pose(six_points(yaw, pitch))
    assert (pose.yaw_deg, pose.pitch_deg) == pytest.approx((yaw, pitch), abs=0.1)


def test_a_head_that_turns_left_shows_its_nose_on_the_right_of_the_picture() -> None:
    face = six_points(30.0)
    assert face.points[2][0] > 200.0 + 10.0
    assert landmarks.head_pose(face).yaw_deg > 0.0


def test_head_pose_depends_neither_on_size_nor_on_a_tilt_in_the_picture() -> None:
    pose = landmarks.head_pose(six_points(35.0, -10.0))
    other = landmarks.head_pose(six_points(35.0, -10.0, roll=120.0, size=7.0))
    assert other.yaw_deg == pytest.approx(pose.yaw_deg, abs=0.1)
    assert other.pitch_deg == pytest.approx(pose.pitch_deg, abs=0.1)


def test_a_mirrored_face_turns_the_other_way() -> None:
    points = np.array(six_points(20.0, 15.0).points) + np.array([[3.0, -2.0]] * 2 + [[0, 4.0]] * 4)
    mirrored = (points * [-1.0, 1.0] + [640.0, 0.0])[[1, 0, 2, 3, 5, 4]]
    pose, other = (
        landmarks.head_pose(Face((0, 0, 9, 9), 1.0, points=tuple(map(tuple, each.tolist()))))
        for each in (points, mirrored)
    )
    assert other.yaw_deg == pytest.approx(-pose.yaw_deg)
    assert other.pitch_deg == pytest.approx(pose.pitch_deg)


def test_the_pose_of_a_face_without_points_is_unknown() -> None:
    pose = landmarks.head_pose(Face((0, 0, 9, 9), 1.0))
    assert np.isnan([pose.yaw_deg, pose.pitch_deg]).all()
