"""Rendered heads on a made-up face model: lids, rotation, body, colours and pulse."""

from dataclasses import replace

import numpy as np
import pytest

from face_model_files import write_geometry
from facepad.simulate.clips.lighting import PULSE_COLOUR
from facepad.simulate.clips.motion import HeadMotion
from facepad.simulate.clips.pinhole import Pinhole
from facepad.simulate.heads.body import PIVOT_CM, follows, with_body
from facepad.simulate.heads.face_model import FaceModel
from facepad.simulate.heads.fitting import Portrait, similarity
from facepad.simulate.heads.head import (
    BRIDGE_CM,
    EVEN,
    Features,
    HeadLight,
    HeadView,
    PersonHead,
    carried,
    draw_head,
)
from facepad.simulate.linear_light import to_light
from facepad.simulate.scene.geometry import rotation
from facepad.types import Face, RgbImage

SIZE = (120, 160)
CAMERA = Pinhole(SIZE, 130.0)
AT = np.array([0.0, 0.0, 45.0])


def picture() -> RgbImage:
    rng = np.random.default_rng(3)
    coarse = rng.integers(90, 200, (12, 12, 3))
    return np.kron(coarse, np.ones((16, 16, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> FaceModel:
    return write_geometry(tmp_path_factory.mktemp("geometry")).read()


@pytest.fixture(scope="module")
def head(model: FaceModel) -> PersonHead:
    landmarks = (8.0 * model.mean[model.landmarks] + [96.0, 90.0, 0.0]).astype(np.float32)
    portrait = Portrait(picture(), Face((30, 20, 160, 180), 1.0, landmarks))
    return draw_head(model, portrait, to_light(picture()), np.random.default_rng(4))


def seen(head: PersonHead, lamp: HeadLight = EVEN) -> HeadView:
    features = Features()
    placed = head.placed(rotation(0.0, 0.0, 0.0), AT, features)
    return head.view(placed, CAMERA.seen(placed), SIZE, features, lamp=lamp)


def test_a_closure_of_one_closes_the_lids_and_none_leaves_them_open(head: PersonHead) -> None:
    assert (head.gaps(Features()) > 0.05).all()
    assert (head.gaps(Features(right=1.0, left=1.0)) <= 0.0).all()


def test_each_eye_closes_by_itself_and_steadily(head: PersonHead) -> None:
    gaps = np.array([head.gaps(Features(right=share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)])
    assert (np.diff(gaps[:, 0]) < 0.0).all()
    assert np.ptp(gaps[:, 1]) < 0.02


def test_lashes_lie_on_the_lids_and_darken_closed_eyes(head: PersonHead) -> None:
    assert not head.lashes[head.lids == 0.0].any()
    assert head.lashes.max() == 1.0
    closed = Features(right=1.0, left=1.0)
    placed = head.placed(rotation(0.0, 0.0, 0.0), AT, closed)
    points = CAMERA.seen(placed)
    without = replace(head, lashes=np.zeros_like(head.lashes))
    dark, light = (one.view(placed, points, SIZE, closed).light for one in (head, without))
    assert (dark <= light + 1e-6).all()
    assert (dark < 0.8 * light).any()


def test_the_right_eye_of_the_person_is_left_in_the_picture(head: PersonHead) -> None:
    moved = np.linalg.norm(head.closing[0], axis=1)
    assert head.base[moved.argmax(), 0] < 0.0


@pytest.mark.parametrize("angles", [(0.0, 25.0, 0.0), (-12.0, -30.0, 5.0), (10.0, 0.0, -8.0)])
def test_the_rotation_of_the_face_is_that_of_the_truth(
    head: PersonHead, angles: tuple[float, float, float]
) -> None:
    face = head.follows[:, 0] == 1.0
    placed = head.placed(rotation(*angles), AT, Features())
    found = similarity(head.base[face], placed[face])
    assert found.rotation == pytest.approx(rotation(*angles), abs=1e-4)
    assert found.scale == pytest.approx(1.0, abs=1e-5)


def test_a_positive_yaw_turns_the_nose_to_the_right_of_the_picture(head: PersonHead) -> None:
    nose = head.base[:, 2].argmin()
    straight, turned = (head.placed(rotation(0.0, yaw, 0.0), AT, Features()) for yaw in (0.0, 20.0))
    assert turned[nose, 0] > straight[nose, 0] + 1.0


def test_the_body_does_not_turn_with_the_head() -> None:
    body, face = (np.array([[5.0, y, 3.0]], np.float32) for y in (30.0, 0.0))
    assert follows(body)[0, 0] == 0.0
    assert follows(face)[0, 0] == 1.0


def test_the_bridge_of_the_nose_moves_on_a_circle_about_the_neck() -> None:
    straight = carried(rotation(0.0, 0.0, 0.0), AT, np.zeros(3))
    turned = carried(rotation(0.0, 30.0, 0.0), AT, np.zeros(3))
    assert straight == pytest.approx(AT)
    pivot = AT + PIVOT_CM - BRIDGE_CM
    assert np.linalg.norm(turned - pivot) == pytest.approx(np.linalg.norm(straight - pivot))


def test_a_head_covers_part_of_the_frame_and_its_outline_is_soft(head: PersonHead) -> None:
    view = seen(head)
    assert 0.05 < view.covered.mean() < 0.8
    behind = np.zeros((*SIZE, 3), np.float32)
    alone = view.before(behind)
    assert not alone[0, 0].any()
    assert np.allclose(alone[60, 80], view.light[60, 80], rtol=0.02)


def test_a_pulse_changes_green_most_and_only_on_skin(head: PersonHead) -> None:
    still, beating = seen(head), seen(head)
    beating.pulsing(PULSE_COLOUR * np.float32(0.01))
    assert np.array_equal(still.light[~still.skin], beating.light[~still.skin])
    change = (beating.light[still.skin] / still.light[still.skin]).mean(axis=0) - 1.0
    assert change == pytest.approx([0.0043, 0.01, 0.0069], abs=2e-4)


def test_a_lamp_at_one_side_lights_that_side_of_the_head(head: PersonHead) -> None:
    lamp = HeadLight((0.8, 0.0, -0.6), 0.8)
    ratio = seen(head, lamp=lamp).light.sum(axis=2) / np.maximum(seen(head).light.sum(axis=2), 1e-6)
    columns = np.nonzero(seen(head).covered[60])[0]
    first, last = columns[3], columns[-4]
    assert ratio[60, last] > 1.3 * ratio[60, first]


def test_a_model_without_a_bust_gets_no_body(model: FaceModel) -> None:
    assert with_body(model) is model


def test_a_bust_gets_a_body_that_leaves_the_frame_below(model: FaceModel) -> None:
    long = replace(model, mean=(model.mean * [1.0, 2.0, 1.0]).astype(np.float32))
    whole = with_body(long)
    more = len(whole.mean) - len(long.mean)
    assert more > 30
    assert whole.mean[:, 1].max() > 60.0
    assert not whole.surface[len(long.triangles) :].any()
    assert whole.identity.shape == (len(long.identity), len(whole.mean), 3)
    assert np.array_equal(whole.mean[: len(long.mean)], long.mean)


def test_fewer_triangles_are_rendered_than_the_model_has(
    head: PersonHead, model: FaceModel
) -> None:
    assert len(head.triangles) < len(model.triangles)


def test_a_track_of_a_head_can_be_read_frame_by_frame() -> None:
    track = HeadMotion(kind="turn").track(np.arange(60) / 30.0, 400.0, np.random.default_rng(0))
    assert track.rotation(10) == pytest.approx(
        rotation(track.pitch_deg[10], track.yaw_deg[10], track.roll_deg[10])
    )
    assert track.place_mm(10)[2] == track.distance_mm[10]


def test_a_portrait_without_landmarks_is_refused(model: FaceModel) -> None:
    portrait = Portrait(picture(), Face((0, 0, 9, 9), 1.0))
    with pytest.raises(ValueError, match="landmarks"):
        draw_head(model, portrait, to_light(picture()), np.random.default_rng(0))
