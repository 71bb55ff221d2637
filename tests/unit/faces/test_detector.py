"""Decoding of the face detector, with made-up outputs of the network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import ModelError
from facepad.faces.detection import Detection, overlap
from facepad.faces.detector import Detector, anchors, decode, letterbox, merge
from facepad.faces.tflite import by_size

POINTS = np.zeros((6, 2), np.float32)
Corners = tuple[float, float, float, float]


def outputs(*faces: tuple[int, float, Corners]) -> tuple[np.ndarray, np.ndarray]:
    """What the network would say: anchor, logit, and offset and size in pixels."""
    logits = np.full((1, 896, 1), -20.0, np.float32)
    values = np.zeros((1, 896, 16), np.float32)
    for anchor, logit, box in faces:
        logits[0, anchor] = logit
        values[0, anchor, :4] = box
    return logits, values


def test_there_are_two_anchors_in_each_small_cell_and_six_in_each_large_one() -> None:
    found = anchors()
    assert found.shape == (896, 2)
    np.testing.assert_allclose(
        found[[0, 1, 2, 32, 511]], np.array([[4, 4], [4, 4], [12, 4], [4, 12], [124, 124]]) / 128
    )
    np.testing.assert_allclose(
        found[[512, 517, 518, 895]], np.array([[8, 8], [8, 8], [24, 8], [120, 120]]) / 128
    )


def test_a_box_is_its_anchor_plus_the_offset() -> None:
    (face,) = decode(*outputs((2, 3.0, (1.0, -2.0, 10.0, 20.0))), anchors(), 0.5)
    assert face.box == (8.0, -8.0, 18.0, 12.0)
    assert face.score == pytest.approx(0.952574, abs=1e-6)


def test_points_are_relative_to_the_anchor() -> None:
    logits, values = outputs((2, 3.0, (0.0, 0.0, 8.0, 8.0)))
    values[0, 2, 4:6] = (-3.0, 5.0)
    (face,) = decode(logits, values, anchors(), 0.5)
    np.testing.assert_allclose(face.points[0], (9.0, 9.0))
    np.testing.assert_allclose(face.points[1], (12.0, 4.0))


def test_faces_come_most_confident_first_and_weak_ones_not_at_all() -> None:
    size = (0.0, 0.0, 8.0, 8.0)
    found = decode(*outputs((0, 0.1, size), (40, 4.0, size), (90, -0.1, size)), anchors(), 0.5)
    assert [round(face.score, 3) for face in found] == [0.982, 0.525]


@pytest.mark.filterwarnings("error")
def test_extreme_logits_overflow_nothing() -> None:
    size = (0.0, 0.0, 8.0, 8.0)
    found = decode(*outputs((0, 1e9, size), (40, -1e9, size)), anchors(), 0.5)
    assert [face.score for face in found] == [1.0]


def test_no_face_is_an_empty_list() -> None:
    assert merge(decode(*outputs(), anchors(), 0.5)) == []


def test_boxes_of_one_face_become_their_mean_by_score() -> None:
    one = Detection((0, 0, 10, 10), 0.9, POINTS)
    other = Detection((2, 0, 12, 10), 0.6, POINTS + 5)
    (face,) = merge([one, other])
    assert face.box == pytest.approx((0.8, 0.0, 10.8, 10.0))
    assert face.score == 0.9
    np.testing.assert_allclose(face.points, 2.0)


def test_boxes_of_two_faces_stay_two() -> None:
    faces = [Detection((0, 0, 10, 10), 0.9, POINTS), Detection((20, 0, 30, 10), 0.8, POINTS)]
    assert [face.box for face in merge(faces)] == [face.box for face in faces]


def test_a_box_without_an_area_is_merged_with_nothing() -> None:
    assert (
        len(merge([Detection((5, 5, 5, 5), 0.9, POINTS), Detection((5, 5, 5, 5), 0.8, POINTS)]))
        == 2
    )


@given(
    *[st.tuples(*[st.floats(0, 50), st.floats(0, 50), st.floats(51, 99), st.floats(51, 99)])] * 2
)
def test_overlap_is_a_share_and_the_same_both_ways(one: Corners, other: Corners) -> None:
    assert 0.0 <= overlap(one, other) <= 1.0
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert overlap(one, one) == pytest.approx(1.0)


def test_overlap_of_halves_is_a_third() -> None:
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("height", "width", "shift", "scale"),
    [
        (480, 640, (0, 16), 5.0),
        (640, 480, (16, 0), 5.0),
        (64, 64, (0, 0), 0.5),
        (1, 1, (0, 0), 1 / 128),
    ],
)
def test_a_picture_keeps_its_shape_in_the_networks_input(
    height: int, width: int, shift: tuple[int, int], scale: float
) -> None:
    blob, found_scale, found_shift = letterbox(np.full((height, width, 3), 255, np.uint8))
    assert (found_scale, found_shift) == (scale, shift)
    white = blob[0, 0] == 1.0
    assert white.sum() == (128 - 2 * shift[0]) * (128 - 2 * shift[1])
    assert (blob[0, 0][~white] == -1.0).all()


def test_room_leaves_a_black_edge_on_all_sides() -> None:
    blob, scale, shift = letterbox(np.full((128, 128, 3), 255, np.uint8), room=2.0)
    assert (scale, shift) == (2.0, (32, 32))
    assert (blob[0, :, 32:96, 32:96] == 1.0).all()
    assert (blob == 1.0).sum() == 3 * 64 * 64


def test_red_is_the_first_channel() -> None:
    blob, _, _ = letterbox(np.full((128, 128, 3), (255, 0, 0), np.uint8))
    assert blob[0, :, 64, 64].tolist() == [1.0, -1.0, -1.0]


def test_detections_are_in_pixels_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = Detector()
    logits, values = outputs((2 * 16 * 8 + 16, 3.0, (0.0, 0.0, 20.0, 20.0)))  # at (68, 68)
    monkeypatch.setattr(detector.net, "run", lambda _: [values, logits])  # in either order
    (face,) = detector.detect(np.zeros((480, 640, 3), np.uint8))
    assert face.box == pytest.approx((290.0, 210.0, 390.0, 310.0))
    np.testing.assert_allclose(face.points, [(340.0, 260.0)] * 6)


def test_outputs_of_another_network_are_refused() -> None:
    with pytest.raises(
        ModelError, match=r"'net' gives outputs of \[3\] numbers, expected \[1, 2\]"
    ):
        by_size([np.zeros(3, np.float32)], (1, 2), "net")
