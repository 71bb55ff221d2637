"""From the picture to the mesh's input and back, without the network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.faces.detection import Detection
from facepad.faces.detector import Mesh, placement, to_frame


def face(angle_deg: float = 0.0) -> Detection:
    """A face in the box (100, 50) to (200, 150), its eyes turned clockwise by an angle."""
    points = np.zeros((6, 2), np.float32)
    turn = np.radians(angle_deg)
    points[1] = (40 * np.cos(turn), 40 * np.sin(turn))
    return Detection((100.0, 50.0, 200.0, 150.0), 0.9, points)


@given(st.floats(-180, 180))
def test_the_middle_of_the_input_is_the_middle_of_the_box(angle: float) -> None:
    middle = placement(face(angle)) @ np.array([96.0, 96.0, 1.0])
    np.testing.assert_allclose(middle, (150.0, 100.0), atol=1e-3)


def test_the_input_shows_one_and_a_half_boxes() -> None:
    matrix = placement(face())
    np.testing.assert_allclose(matrix @ np.array([0.0, 0.0, 1.0]), (75.0, 25.0), atol=1e-3)
    np.testing.assert_allclose(matrix @ np.array([192.0, 192.0, 1.0]), (225.0, 175.0), atol=1e-3)


def test_level_in_the_input_is_along_the_eyes_in_the_picture() -> None:
    step = placement(face(30.0))[:, 0]
    assert np.degrees(np.arctan2(step[1], step[0])) == pytest.approx(30.0, abs=1e-3)


def test_depth_has_the_scale_of_the_other_two() -> None:
    points = np.array([[96.0, 96.0, 64.0]], np.float32)
    found = to_frame(points, placement(face(45.0)))
    np.testing.assert_allclose(found, [(150.0, 100.0, 64.0 * 150 / 192)], rtol=1e-5)


def test_landmarks_and_presence_are_read_from_either_order(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = Mesh()
    middle = np.full((1, 1404, 1, 1), 96.0, np.float32)
    monkeypatch.setattr(mesh.net, "run", lambda _: [np.full((1, 1, 1, 1), 2.0, np.float32), middle])
    landmarks, presence = mesh.landmarks(np.zeros((300, 300, 3), np.uint8), face())
    assert landmarks.shape == (468, 3)
    np.testing.assert_allclose(landmarks[:, :2], [(150.0, 100.0)] * 468, atol=1e-3)
    assert presence == pytest.approx(0.880797, abs=1e-6)


def test_the_network_sees_the_turned_face_upright(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((300, 300, 3), np.uint8)
    image[100:, :] = 255  # the lower half, seen from the box's middle
    mesh = Mesh()
    seen: list[np.ndarray] = []

    def run(blob: np.ndarray) -> list[np.ndarray]:
        seen.append(blob)
        return [np.zeros(1, np.float32), np.zeros(1404, np.float32)]

    monkeypatch.setattr(mesh.net, "run", run)
    mesh.landmarks(image, face(90.0))
    assert seen[0].shape == (1, 3, 192, 192)
    assert seen[0].max() == 1.0
    assert seen[0][0, 0, 96, 150] == 1.0  # what lay below is now on the right
    assert seen[0][0, 0, 96, 40] == 0.0
