"""The real networks on NASA's portrait of an astronaut (public domain, from scikit-image)."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from facepad.faces.finder import FaceFinder
from facepad.models import store
from facepad.models.index import find
from facepad.types import Face, Frame, Landmarks, Reason, RgbImage

pytestmark = pytest.mark.skipif(
    not all(store.location(find(name)).is_file() for name in ("face_detector", "face_mesh")),
    reason="the face models are not here: run `facepad models pull`",
)
# By hand, from the picture: brows to chin, cheek to cheek.
BY_HAND = (178, 85, 268, 178)
# Landmarks by their numbers in the mesh; the picture's left eye is the right one of the person.
NOSE, LEFT_EYE, RIGHT_EYE, LEFT_MOUTH, RIGHT_MOUTH, FOREHEAD, CHIN = 1, 33, 263, 61, 291, 10, 152


@cache
def portrait() -> RgbImage:
    return np.asarray(astronaut(), np.uint8)  # type: ignore[no-untyped-call]


@cache
def finder() -> FaceFinder:
    return FaceFinder()


def face_of(image: RgbImage) -> Face:
    found = finder().find(Frame(np.ascontiguousarray(image)))
    assert found.face is not None
    return found.face


def landmarks_of(image: RgbImage) -> Landmarks:
    found = face_of(image).landmarks
    assert found is not None
    return found


def test_the_face_is_where_it_is_seen() -> None:
    face = face_of(portrait())
    np.testing.assert_allclose(face.box, BY_HAND, atol=12)
    assert face.score > 0.8
    assert face.others == 0


def test_landmarks_lie_about_the_box() -> None:
    left, top, right, bottom = BY_HAND
    x, y = landmarks_of(portrait())[:, :2].T
    assert left - 12 < x.min() < x.max() < right + 12
    assert top - 24 < y.min() < y.max() < bottom + 12


def test_eyes_nose_mouth_and_chin_are_in_their_places() -> None:
    found = landmarks_of(portrait())
    # By hand, from the picture, in pixels.
    np.testing.assert_allclose(found[LEFT_EYE, :2], (196, 103), atol=8)
    np.testing.assert_allclose(found[RIGHT_EYE, :2], (254, 104), atol=8)
    np.testing.assert_allclose(found[CHIN, :2], (222, 175), atol=10)
    assert found[FOREHEAD, 1] < found[LEFT_EYE, 1] < found[NOSE, 1] < found[LEFT_MOUTH, 1]
    assert found[LEFT_MOUTH, 1] < found[CHIN, 1]


def test_the_nose_is_nearer_than_the_eyes() -> None:
    found = landmarks_of(portrait())
    assert found[NOSE, 2] < min(found[LEFT_EYE, 2], found[RIGHT_EYE, 2])


def test_a_mirrored_picture_has_mirrored_landmarks() -> None:
    plain, mirrored = landmarks_of(portrait()), landmarks_of(portrait()[:, ::-1])
    mirrored[:, 0] = 511 - mirrored[:, 0]
    pairs = [(NOSE, NOSE), (LEFT_EYE, RIGHT_EYE), (RIGHT_EYE, LEFT_EYE)]
    pairs += [(LEFT_MOUTH, RIGHT_MOUTH), (CHIN, CHIN)]
    for one, other in pairs:
        np.testing.assert_allclose(mirrored[one, :2], plain[other, :2], atol=4)


@pytest.mark.parametrize("scale", [1.25, 2.0, 4.0])
def test_a_scaled_picture_has_scaled_box_and_landmarks(scale: float) -> None:
    side = round(512 * scale)
    scaled = np.asarray(
        cv2.resize(portrait(), (side, side), interpolation=cv2.INTER_CUBIC), np.uint8
    )
    face, plain = face_of(scaled), face_of(portrait())
    np.testing.assert_allclose(np.divide(face.box, scale), plain.box, atol=4)
    assert face.landmarks is not None
    difference = face.landmarks[:, :2] / scale - landmarks_of(portrait())[:, :2]
    assert np.abs(difference).max() < 3


def test_a_shifted_picture_has_shifted_landmarks() -> None:
    shifted = landmarks_of(portrait()[16:, 32:])
    difference = shifted[:, :2] + np.array([32, 16]) - landmarks_of(portrait())[:, :2]
    assert np.abs(difference).mean() < 3


def test_a_tilted_head_has_turned_landmarks() -> None:
    turn = cv2.getRotationMatrix2D((256, 256), 30, 1)
    tilted = np.asarray(cv2.warpAffine(portrait(), turn, (512, 512)), np.uint8)
    expected = landmarks_of(portrait())[:, :2] @ turn[:, :2].T + turn[:, 2]
    assert np.abs(landmarks_of(tilted)[:, :2] - expected).mean() < 4


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_on_its_side_gives_a_face_or_a_reason(quarters: int) -> None:
    found = finder().find(Frame(np.rot90(portrait(), quarters).copy()))
    assert (found.face is None) == (found.no_face is not None)


def test_a_small_face_in_a_large_picture_is_found_in_a_tile() -> None:
    large = np.full((1080, 1440, 3), 90, np.uint8)
    large[500:1012, 700:1212] = portrait()
    np.testing.assert_allclose(face_of(large).box, np.add(BY_HAND, (700, 500, 700, 500)), atol=14)


def test_a_picture_shrunk_to_half_its_side_has_a_face_that_is_too_small() -> None:
    small = np.asarray(cv2.resize(portrait(), (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    assert finder().find(Frame(small)).no_face is Reason.FACE_TOO_FAR


def test_a_face_at_the_edge_is_cut_off() -> None:
    assert finder().find(Frame(portrait()[:, :240].copy())).no_face is Reason.FACE_OFF_CENTER


def test_two_astronauts_are_one_face_and_another() -> None:
    both = np.concatenate([portrait()[:320, 100:350], portrait()[:320, 100:350]], axis=1)
    assert face_of(both).others == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (480, 640)])
def test_a_flat_picture_has_no_face(size: tuple[int, int]) -> None:
    found = finder().find(Frame(np.full((*size, 3), 127, np.uint8)))
    assert found.no_face is Reason.NO_FACE


def test_noise_has_no_face() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    assert finder().find(Frame(noise)).no_face is Reason.NO_FACE


@pytest.mark.slow
def test_threads_find_what_one_finds() -> None:
    shared, pictures = FaceFinder(), [portrait(), portrait()[:, ::-1].copy()] * 8
    expected = [landmarks_of(picture) for picture in pictures[:2]] * 8
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(shared.find, map(Frame, pictures)))
    for frame, landmarks in zip(found, expected, strict=True):
        assert frame.face is not None
        assert frame.face.landmarks is not None
        np.testing.assert_allclose(frame.face.landmarks, landmarks, atol=0.01)
