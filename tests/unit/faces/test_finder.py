"""What counts as a face and what can be judged, with a made-up detector and mesh."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from facepad.errors import ModelError
from facepad.faces.detection import Detection
from facepad.faces.finder import FaceFinder
from facepad.types import Frame, Landmarks, Reason, RgbImage

FRAME = Frame(np.zeros((480, 640, 3), np.uint8), time_s=1.5, notes=("a note",))
MESH = np.ones((468, 3), np.float32)
SIDE, OVER = (256, 192, 3), (192, 256, 3)  # a small copy of the frame on its side, upside down
VIEW = (128, 128, 3)  # the surroundings of a tilted face, as they are looked at again
Corners = tuple[float, float, float, float]


def seen(box: Corners, score: float = 0.95) -> Detection:
    return Detection(box, score, np.zeros((6, 2), np.float32))


FACE = seen((200.0, 100.0, 300.0, 200.0))


class Detector:
    """Answers with given faces, by how the picture is looked at."""

    def __init__(self, **answers: tuple[Detection, ...]) -> None:
        self.answers = {"view": (), "side": (), "over": (), **answers}
        self.looks: list[str] = []
        self.views: list[tuple[Detection, ...]] = []  # the next answers for "view"

    def detect(self, image: RgbImage, min_score: float = 0.5, room: float = 1.0) -> list[Detection]:
        known = {FRAME.image.shape: "whole", SIDE: "side", VIEW: "view", OVER: "over"}
        look = "far" if room > 1 else known.get(image.shape, "tile")
        self.looks.append(look)
        answer = self.views.pop(0) if look == "view" and self.views else self.answers[look]
        return [one for one in answer if one.score >= min_score]


class Mesh:
    """Is as sure of every face as it is told to be, and counts how often it is asked."""

    def __init__(self, presence: Callable[[Detection], float]) -> None:
        self.presence = presence
        self.asked = 0

    def landmarks(self, _: RgbImage, face: Detection) -> tuple[Landmarks, float]:
        self.asked += 1
        return MESH, self.presence(face)


class Made:
    """A finder over a made-up detector and mesh."""

    def __init__(
        self,
        *whole: Detection,
        far: tuple[Detection, ...] = (),
        tile: tuple[Detection, ...] = (),
        side: tuple[Detection, ...] = (),
        view: tuple[Detection, ...] = (),
        presence: Callable[[Detection], float] = lambda _: 1.0,
        landmarks: bool = True,
    ) -> None:
        self.detector = Detector(whole=whole, far=far, tile=tile, side=side, view=view)
        self.mesh = Mesh(presence)
        self.finder = FaceFinder(landmarks=landmarks)
        vars(self.finder).update(_detector=self.detector, _mesh=self.mesh)

    def find(self, frame: Frame = FRAME) -> Frame:
        return self.finder.find(frame)


def test_a_face_is_added_to_the_frame_and_the_rest_is_kept() -> None:
    found = Made(FACE).find()
    assert found.face is not None
    assert found.face.box == (200, 100, 300, 200)
    assert found.face.score == 0.95
    assert found.face.landmarks is MESH
    assert (found.no_face, found.time_s, found.notes) == (None, 1.5, ("a note",))


def test_the_largest_face_counts_and_the_others_are_counted() -> None:
    found = Made(seen((10.0, 10.0, 90.0, 90.0), 0.99), FACE, seen((400.0, 9.0, 480.0, 90.0))).find()
    assert found.face is not None
    assert (found.face.box, found.face.others) == ((200, 100, 300, 200), 2)


def test_all_faces_come_largest_first_each_with_its_own_finding() -> None:
    small, cut = seen((400.0, 9.0, 440.0, 49.0)), seen((-90.0, 200.0, 110.0, 400.0))
    made = Made(FACE, small, cut)
    first, second, third = made.finder.find_all(FRAME)
    assert first.no_face is Reason.FACE_OFF_CENTER
    assert second.face is not None
    assert (second.face.box, second.face.others) == ((200, 100, 300, 200), 2)
    assert third.no_face is Reason.FACE_TOO_FAR
    assert made.find().no_face is first.no_face


def test_a_frame_without_faces_gives_one_finding() -> None:
    assert [frame.no_face for frame in Made().finder.find_all(FRAME)] == [Reason.NO_FACE]


def test_to_load_runs_the_detector_once() -> None:
    made = Made()
    made.finder.load()
    assert (made.detector.looks, made.mesh.asked) == (["view"], 0)


def test_a_face_keeps_the_points_of_the_detector_and_its_roll() -> None:
    points = np.array([(220, 130), (270, 180), (240, 150), (230, 180), (200, 120), (290, 200)])
    found = Made(replace(FACE, points=points.astype(np.float32)), landmarks=False).find()
    assert found.face is not None
    assert found.face.points[:2] == ((220.0, 130.0), (270.0, 180.0))
    assert found.face.roll_deg == pytest.approx(45.0)


def rolled(face: Detection, degrees: float) -> Detection:
    """A face whose eyes are 40 pixels apart, with a roll."""
    angle, (x, y) = np.deg2rad(degrees), face.middle
    across, down = 20.0 * float(np.cos(angle)), 20.0 * float(np.sin(angle))
    eyes = [(x - across, y - down), (x + across, y + down)]
    points = np.array([*eyes, *[(x, y)] * 4], np.float32)
    return replace(face, points=points)


IN_VIEW = seen((40.0, 40.0, 88.0, 88.0), 0.97)


@pytest.mark.parametrize("degrees", [-60.0, 25.0, 115.0])
def test_a_tilted_face_is_detected_again_with_level_eyes(degrees: float) -> None:
    made = Made(rolled(FACE, degrees), view=(rolled(IN_VIEW, 4.0),), landmarks=False)
    found = made.find()
    assert made.detector.looks == ["whole", "view"]
    assert found.face is not None
    assert found.face.score == 0.97
    assert found.face.roll_deg == pytest.approx(degrees + 4.0, abs=0.1)
    left, top, right, bottom = found.face.box
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((250.0, 150.0), abs=2.0)


def test_a_face_that_is_not_seen_again_stays_as_it_was_detected() -> None:
    found = Made(rolled(FACE, 25.0), landmarks=False).find()
    assert found.face is not None
    assert found.face.box == (200, 100, 300, 200)
    assert found.face.roll_deg == pytest.approx(25.0)


def test_a_doubtful_face_is_turned_over_and_the_surer_way_counts() -> None:
    made = Made(rolled(seen(FACE.box, 0.7), 3.0), landmarks=False)
    made.detector.views = [(rolled(IN_VIEW, 0.0),), ()]  # upside down first, then as it was
    found = made.find()
    assert found.face is not None
    assert abs(found.face.roll_deg) == pytest.approx(177.0, abs=0.1)
    made.detector.views = [(rolled(replace(IN_VIEW, score=0.7), 0.0),)]
    found = made.find()
    assert found.face is not None
    assert found.face.roll_deg == pytest.approx(3.0, abs=0.01)


def test_a_face_on_its_side_is_found_where_none_stands_upright() -> None:
    lying = rolled(seen((40.0, 80.0, 80.0, 120.0)), 0.0)
    found = Made(side=(lying,), landmarks=False).find()
    assert found.face is not None
    assert found.face.box in ((200, 280, 300, 380), (340, 100, 440, 200))
    assert abs(found.face.roll_deg) == pytest.approx(90.0)


def test_a_face_that_the_mesh_does_not_see_is_neither_the_largest_nor_another() -> None:
    doubtful = seen((0.0, 0.0, 400.0, 400.0), 0.7)
    found = Made(doubtful, FACE, presence=lambda face: float(face is not doubtful)).find()
    assert found.face is not None
    assert (found.face.box, found.face.others) == ((200, 100, 300, 200), 0)


def test_a_detector_that_is_sure_needs_no_mesh() -> None:
    made = Made(FACE, landmarks=False, presence=lambda _: 0.0)
    found = made.find()
    assert found.face is not None
    assert (found.face.landmarks, made.mesh.asked) == (None, 0)


def test_without_landmarks_frames_of_a_clip_are_searched_once() -> None:
    made = Made(FACE, landmarks=False)
    once = list(made.finder.follow([FRAME, replace(FRAME, no_face=Reason.NO_FACE)]))
    assert once[0].face is not None
    assert once[1].no_face is Reason.NO_FACE
    again = list(made.finder.follow(once))
    assert [one is other for one, other in zip(once, again, strict=True)] == [True, True]


def test_without_landmarks_the_same_faces_are_refused() -> None:
    doubtful = seen(FACE.box, 0.7)
    assert Made(doubtful, landmarks=False, presence=lambda _: 0.1).find().face is None
    assert Made(doubtful, landmarks=False).find().face is not None


def test_the_mesh_runs_once_for_one_face() -> None:
    for score in (0.6, 0.95):
        made = Made(seen(FACE.box, score))
        made.find()
        assert made.mesh.asked == 1


def test_a_picture_with_a_face_is_looked_at_once() -> None:
    made = Made(FACE)
    made.find()
    assert made.detector.looks == ["whole"]


def test_nothing_found_is_no_face_after_all_looks() -> None:
    made = Made()
    found = made.find()
    assert (found.face, found.no_face) == (None, Reason.NO_FACE)
    assert made.detector.looks == ["whole", "far", *["tile"] * 6, "side", "side", "over"]


def test_a_small_picture_has_no_tiles_but_three_turns() -> None:
    made = Made()
    made.find(Frame(np.zeros((300, 400, 3), np.uint8)))
    assert made.detector.looks == ["tile", "far", "side", "side", "over"]


def test_a_face_that_fills_the_picture_is_found_from_further_away() -> None:
    found = Made(far=(seen((-20.0, -20.0, 500.0, 500.0), 0.7),)).find()
    assert found.face is not None
    assert found.face.box == (0, 0, 500, 480)


def test_a_face_in_a_tile_is_found_where_it_lies_in_the_picture() -> None:
    made = Made(tile=(seen((100.0, 100.0, 180.0, 180.0), 0.7),))
    found = made.find()
    assert found.face is not None
    assert found.face.box[2] - found.face.box[0] == 80


def test_later_looks_ask_more_of_detector_and_mesh() -> None:
    weak = seen((100.0, 100.0, 180.0, 180.0), 0.55)
    assert Made(far=(weak,), tile=(weak,)).find().face is None
    sure = seen((100.0, 100.0, 180.0, 180.0), 0.95)
    assert Made(far=(sure,), tile=(sure,), presence=lambda _: 0.8).find().face is None


@pytest.mark.parametrize(("side", "reason"), [(63.9, Reason.FACE_TOO_FAR), (64.0, None)])
def test_a_face_under_64_pixels_is_too_small(side: float, reason: Reason | None) -> None:
    found = Made(seen((200.0, 100.0, 300.0, 100.0 + side))).find()
    assert found.no_face is reason
    assert (found.face is None) == (reason is not None)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((-24.0, 100.0, 76.0, 200.0), None),
        ((-26.0, 100.0, 74.0, 200.0), Reason.FACE_OFF_CENTER),
        ((566.0, 100.0, 666.0, 200.0), Reason.FACE_OFF_CENTER),
        ((200.0, -26.0, 300.0, 74.0), Reason.FACE_OFF_CENTER),
        ((200.0, 406.0, 300.0, 506.0), Reason.FACE_OFF_CENTER),
        ((-14.0, -14.0, 86.0, 86.0), Reason.FACE_OFF_CENTER),  # a corner counts both ways
        ((700.0, 100.0, 800.0, 200.0), Reason.FACE_OFF_CENTER),
    ],
)
def test_a_face_of_which_more_than_a_quarter_is_outside_is_cut_off(
    box: Corners, reason: Reason | None
) -> None:
    assert Made(seen(box)).find().no_face is reason


def test_the_box_is_cut_at_the_edges_of_the_picture() -> None:
    found = Made(seen((-20.0, -1.0, 80.0, 99.0))).find()
    assert found.face is not None
    assert found.face.box == (0, 0, 80, 99)


def test_a_face_found_earlier_is_looked_for_anew() -> None:
    made = Made(FACE)
    again = made.find(made.find())
    assert again.face is not None
    made.detector.answers["whole"] = ()
    assert made.find(again).no_face is Reason.NO_FACE


def test_the_versions_of_both_networks_are_told() -> None:
    assert dict(FaceFinder().models) == {
        "face_detector": "face_detector-0.10.14+bbff11ce",
        "face_mesh": "face_mesh-0.10.14+1055cb9d",
    }


def test_missing_models_are_answered_with_the_command(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_MODEL_DIR", str(tmp_path))
    finder = FaceFinder()
    with pytest.raises(ModelError, match="`facepad models pull`"):
        finder.find(FRAME)
