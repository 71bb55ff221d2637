"""Faces followed through a clip: as searched, detection when lost, another person noticed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from facepad import Checker
from facepad.faces.detection import Detection
from facepad.faces.tracker import DETECT_EVERY_S, follow, person_changed, similarity
from facepad.finders import with_faces
from facepad.types import (
    Face,
    Frame,
    Landmarks,
    OperatingPoint,
    Presentation,
    Reason,
    RgbImage,
    Score,
)

HALF = OperatingPoint.at(0.5)
RNG = np.random.default_rng(4)
SHAPE = np.column_stack([RNG.uniform(-40, 40, (468, 2)), RNG.uniform(-20, 20, 468)])
SCENE = RNG.integers(0, 255, (12, 16, 3), dtype=np.uint8).repeat(20, axis=0).repeat(20, axis=1)


def landmarks_at(x: float, y: float, size: float = 1.0, turn_deg: float = 0.0) -> Landmarks:
    angle = np.deg2rad(turn_deg)
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flat = SHAPE[:, :2] @ turn.T + (x, y)
    return np.column_stack([flat, size * SHAPE[:, 2]]).astype(np.float32)


def face_at(x: float, y: float, others: int = 0) -> Face:
    points = ((-15, -10), (15, -10), (0, 5), (0, 20), (-35, 0), (35, 0))
    placed = tuple((x + dx, y + dy) for dx, dy in points)
    box = (int(x - 40), int(y - 40), int(x + 40), int(y + 40))
    return Face(box, 0.95, landmarks=landmarks_at(x, y), others=others, points=placed)


@dataclass
class Scene:
    """A finder that knows where the face is by the time of a frame, and counts what is asked."""

    path: dict[float, tuple[float, float]] = field(default_factory=dict)
    presence: float = 1.0
    others: int = 0
    searched: int = 0
    meshed: int = 0
    now: float = 0.0
    models: dict[str, str] = field(default_factory=dict)

    def find(self, frame: Frame) -> Frame:
        self.searched += 1
        if frame.time_s not in self.path:
            return replace(frame, no_face=Reason.NO_FACE)
        return replace(frame, face=face_at(*self.path[frame.time_s], others=self.others))

    def mesh(self, image: RgbImage, detection: Detection) -> tuple[Landmarks, float]:
        assert image is SCENE
        self.meshed += 1
        # The finder is asked in order: the frame is the one after the detection before.
        x, y = next(at for at in self.path.values() if at[0] > detection.middle[0] + 1)
        return landmarks_at(x, y), self.presence

    def follow(self, frames: Iterable[Frame]) -> Iterable[Frame]:
        return follow(self, frames)

    def person_changed(self, frames: Iterable[Frame]) -> bool:
        return person_changed(frames)

    def openness(self, frame: Frame) -> float | None:
        return 0.3 if frame.face else None


def walk(count: int = 10, step_s: float = 0.04, step: float = 2.0) -> tuple[list[Frame], Scene]:
    frames = [Frame(SCENE, round(n * step_s, 4)) for n in range(count)]
    return frames, Scene({f.time_s: (100.0 + step * n, 120.0) for n, f in enumerate(frames)})


def test_a_face_is_detected_once_and_then_followed() -> None:
    frames, scene = walk()
    found = list(follow(scene, frames))
    assert (scene.searched, scene.meshed) == (1, 9)
    for frame in found:
        assert frame.face is not None
        own = face_at(*scene.path[frame.time_s])
        np.testing.assert_allclose(frame.face.box, own.box, atol=1.0)
        np.testing.assert_allclose(frame.face.points, own.points, atol=1e-3)
        assert frame.face.landmarks is not None


def test_the_detector_has_its_turn_again_and_counts_other_faces() -> None:
    frames, scene = walk(30)
    list(follow(scene, frames))
    assert scene.searched == 1 + int(29 * 0.04 / DETECT_EVERY_S)


@pytest.mark.parametrize("change", ["presence", "gap", "jump"])
def test_a_face_that_is_lost_is_searched(change: str) -> None:
    frames, scene = walk(
        step_s=0.5 if change == "gap" else 0.04, step=90.0 if change == "jump" else 2
    )
    scene.presence = 0.2 if change == "presence" else 1.0
    list(follow(scene, frames[:3]))
    assert scene.searched == 3


def test_frames_without_a_face_keep_their_reason() -> None:
    frames, scene = walk(4)
    scene.path = {}
    assert [one.no_face for one in follow(scene, frames)] == [Reason.NO_FACE] * 4


def test_frames_that_were_searched_are_not_searched_again() -> None:
    frames, scene = walk(3)
    given = [replace(one, face=face_at(100 + 2 * n, 120)) for n, one in enumerate(frames)]
    assert list(follow(scene, given)) == given
    assert (scene.searched, scene.meshed) == (0, 0)


def test_stills_of_a_clip_are_searched_and_the_rest_is_followed() -> None:
    frames, scene = walk()
    stills, clip = Presentation((frames[0], frames[5])), Presentation(tuple(frames))
    first, second = with_faces(stills, clip, scene, single=False)
    assert first is not None
    assert second is not None
    assert second.frames[5] is first.frames[1]
    assert all(frame.face for frame in second.frames)
    assert scene.searched == 2


@pytest.mark.parametrize("turn_deg", [0.0, 30.0, -120.0])
def test_a_similarity_is_found_from_points(turn_deg: float) -> None:
    source, target = landmarks_at(0, 0), landmarks_at(30, -7, 1.4, turn_deg)
    by = similarity(source[:, :2], target[:, :2])
    np.testing.assert_allclose(source[:, :2] @ by[:, :2].T + by[:, 2], target[:, :2], atol=1e-3)


def test_similarity_takes_the_least_squares() -> None:
    rng = np.random.default_rng(1)
    source = rng.normal(size=(20, 2)).astype(np.float32)
    target = (source + rng.normal(0, 0.2, (20, 2))).astype(np.float32)
    by = similarity(source, target)

    def error(matrix: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> float:
        return float(np.sum((source @ matrix[:, :2].T + matrix[:, 2] - target) ** 2))

    scale_turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    for step in (1e-3, -1e-3):
        worse = by.copy()
        worse[:, :2] += step * np.eye(2)
        assert error(worse) > error(by)
        worse = by.copy()
        worse[:, :2] += step * scale_turn
        assert error(worse) > error(by)


def test_one_person_who_moves_is_not_another() -> None:
    frames, scene = walk(20, step=4.0)
    assert not person_changed(follow(scene, frames))


def test_a_face_that_is_elsewhere_at_once_is_another() -> None:
    there = Frame(SCENE, 0.0, face=face_at(60, 60))
    here = Frame(SCENE, 0.04, face=face_at(250, 160))
    assert person_changed([there, here])
    later = replace(here, time_s=2.0)
    assert not person_changed([there, later])


def test_another_scene_is_another_person_and_brightness_is_not() -> None:
    one = Frame(SCENE, 0.0, face=face_at(100, 120))
    other = Frame(255 - SCENE, 0.04, face=face_at(100, 120))
    darker = Frame((SCENE * 0.5).astype(np.uint8), 0.04, face=face_at(100, 120))
    assert person_changed([one, other])
    assert not person_changed([one, darker])


def faces_in_one_place(
    shares: Sequence[float], *, times: Sequence[float] | None = None
) -> list[Frame]:
    """Frames of one scene whose face is another one to some share, with a little noise."""
    rng, own = np.random.default_rng(5), slice(70, 170)
    drawn = rng.integers(0, 255, (2, 20, 20, 3)).repeat(5, axis=1).repeat(5, axis=2)
    frames = []
    for number, share in enumerate(shares):
        image = SCENE.copy()
        face = (1.0 - share) * drawn[0] + share * drawn[1] + rng.normal(0.0, 4.0, (100, 100, 3))
        image[own, 50:150] = np.clip(face, 0.0, 255.0)
        time_s = times[number] if times else 0.04 * number
        frames.append(Frame(image, time_s, face=face_at(100, 120)))
    return frames


def test_another_face_in_the_same_place_is_another_person() -> None:
    assert person_changed(faces_in_one_place([0, 0, 0, 1, 1, 1]))
    assert not person_changed(faces_in_one_place(6 * [0]))


def test_a_face_that_changes_over_several_frames_is_the_same() -> None:
    assert not person_changed(faces_in_one_place([0, 0, 0.3, 0.7, 1, 1]))


def test_what_changes_while_frames_are_missing_is_the_same() -> None:
    times = [0.0, 0.04, 0.08, 0.24, 0.28, 0.32]
    assert not person_changed(faces_in_one_place([0, 0, 0, 1, 1, 1], times=times))


def test_landmarks_that_jump_are_no_other_person() -> None:
    frames = faces_in_one_place(6 * [0])
    jumped = face_at(100, 120)
    assert jumped.landmarks is not None
    moved = replace(jumped, landmarks=jumped.landmarks + np.float32(15.0))
    frames[3:] = [replace(frame, face=moved) for frame in frames[3:]]
    assert not person_changed(frames)


def test_faces_without_landmarks_are_compared_by_place_and_scene() -> None:
    frames = [
        replace(frame, face=replace(face_at(100, 120), landmarks=None))
        for frame in faces_in_one_place([0, 0, 0, 1, 1, 1])
    ]
    assert not person_changed(frames)


@dataclass
class Sees:
    name: str = "sees"
    operating_point: OperatingPoint = HALF
    models: dict[str, str] = field(default_factory=dict)

    def score(self, presentation: Presentation) -> Score:
        return Score(0.9 if presentation.frames else 0.5)


@dataclass
class SeesClips(Sees):
    def __post_init__(self) -> None:
        from facepad.needs import Needs

        self.needs = Needs(min_frames=2)


def test_a_clip_of_two_people_does_not_pass() -> None:
    frames = (
        Frame(SCENE, 0.0, face=face_at(60, 60)),
        Frame(SCENE, 0.04, face=face_at(250, 160)),
    )
    checker = Checker((SeesClips(),), finder=Scene())
    decision = checker.check_presentation(Presentation(frames))
    assert decision.outcome == "uncertain"
    assert Reason.PERSON_CHANGED in decision.reasons
