"""A face held still: neither shift, size, roll nor the foreshortening of a plane moves it."""

import numpy as np
import pytest

from facepad.faces.steady import STEADY, hold_still, landmarks_of, upright
from facepad.types import Face, Frame
from made_up_face import made_up_landmarks


@pytest.mark.parametrize(
    "turn",
    [
        [[1.0, 0.0], [0.0, 1.0]],
        [[2.5, 0.0], [0.0, 2.5]],
        [[0.8, -0.6], [0.6, 0.8]],
        [[0.7, 0.0], [0.0, 1.0]],
        [[1.0, 0.1], [-0.05, 0.8]],
    ],
)
def test_a_face_held_still_does_not_depend_on_an_affine_map_of_its_frame(
    turn: list[list[float]],
) -> None:
    face = made_up_landmarks(100.0, 80.0, 50.0)[:, :2].astype(np.float64)
    moved = face @ np.array(turn).T + np.array([13.0, -7.0])
    steady = hold_still(np.stack([face, face, moved]))
    held = steady.held(np.stack([face, face, moved]))
    assert held[2] == pytest.approx(held[0], abs=1e-6)


def test_the_outer_eye_corners_of_the_shape_are_one_apart_and_level() -> None:
    steady = hold_still(made_up_landmarks(100.0, 80.0, 50.0)[None])
    assert steady.shape[33] == pytest.approx([-0.5, 0.0], abs=1e-9)
    assert steady.shape[263] == pytest.approx([0.5, 0.0], abs=1e-9)


def test_lids_that_move_leave_the_rest_of_the_face_where_it_is() -> None:
    face = made_up_landmarks(100.0, 80.0, 50.0)
    shut = face.copy()
    shut[[159, 386], 1] += 3.0
    steady = hold_still(np.stack([face, face, shut]))
    held = steady.held(np.stack([face, face, shut])[..., :2].astype(np.float64))
    others = list(STEADY)
    assert held[2, others] == pytest.approx(held[0, others], abs=1e-9)
    assert held[2, 159, 1] > held[0, 159, 1]


def test_the_reach_is_the_distance_between_the_outer_eye_corners_in_pixels() -> None:
    small, large = (made_up_landmarks(100.0, 80.0, half) for half in (25.0, 50.0))
    reach = hold_still(np.stack([small, large])).reach
    assert reach[1] == pytest.approx(2.0 * reach[0], rel=1e-5)


def test_landmarks_without_extent_give_finite_numbers() -> None:
    assert np.isfinite(upright(np.zeros((1, 468, 2)))).all()


def test_landmarks_of_frames_are_stacked_and_others_left_out() -> None:
    face = Face((0, 0, 9, 9), 1.0, made_up_landmarks(100.0, 80.0, 50.0))
    image = np.zeros((9, 9, 3), np.uint8)
    assert landmarks_of([Frame(image, face=face), Frame(image)]).shape == (1, 468, 3)
