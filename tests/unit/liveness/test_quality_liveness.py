"""The image-quality test: what it measures, and that resolution does not move it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from facepad.errors import ModelError
from facepad.liveness.quality import test as quality
from facepad.liveness.quality.test import GROUPS, QualityTest, view
from facepad.models import index
from facepad.quality import METRICS
from facepad.training.quality.resolution import PlainCamera, dead_leaves
from facepad.types import Face, Frame, Presentation, Reason, RgbImage

SCENES = 20
LINES = (480, 720, 1080)
FACE = (0.36, 0.30, 0.64, 0.6733)  # of width, height, width, height; square in a 4:3 picture
MAX_MOVE = 0.10


def noise(height: int, width: int, seed: int = 0) -> RgbImage:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def with_face(image: RgbImage) -> Frame:
    height, width = image.shape[:2]
    left, top, right, bottom = FACE
    box = (
        round(left * width),
        round(top * height),
        round(right * width),
        round(bottom * height),
    )
    return Frame(image, face=Face(box, 1.0))


@pytest.fixture(
    scope="module",
    params=["face_crop", "face_crop_research", "whole_picture", "whole_picture_research"],
)
def test(request: pytest.FixtureRequest) -> QualityTest:
    made: QualityTest = getattr(quality, request.param)()
    return made


def test_every_metric_belongs_to_one_group() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(METRICS)


def test_the_part_of_a_face_is_brought_down_to_its_canonical_size() -> None:
    part = view(with_face(noise(960, 1280)), 1.0, 128)
    assert not isinstance(part, Reason)
    assert max(part.shape[:2]) == 128


def test_a_small_face_is_never_enlarged() -> None:
    part = view(with_face(noise(240, 320)), 1.0, 128)
    assert not isinstance(part, Reason)
    assert max(part.shape[:2]) == 90


def test_a_margin_that_leaves_the_picture_is_cut_and_not_made_up() -> None:
    frame = Frame(noise(200, 200), face=Face((0, 0, 200, 200), 1.0))
    part = view(frame, 1.5, 128)
    assert not isinstance(part, Reason)
    assert part.shape == (128, 128, 3)


def test_a_frame_without_a_face_gives_the_reason() -> None:
    frame = Frame(noise(64, 64), no_face=Reason.FACE_TOO_SMALL)
    assert view(frame, 1.0, 128) is Reason.FACE_TOO_SMALL


def test_a_tiny_whole_picture_gives_the_reason() -> None:
    assert view(Frame(noise(63, 200)), 0.0, 320) is Reason.PICTURE_TOO_SMALL


def test_a_picture_unlike_any_camera_is_never_a_confident_answer(test: QualityTest) -> None:
    score = test.score(Presentation((with_face(noise(480, 640)),)))
    assert score.reason is Reason.UNFAMILIAR_CAMERA
    assert score.details["distance"] > score.details["distance_limit"]


def test_frames_of_a_clip_are_averaged_and_those_without_a_face_left_out() -> None:
    test = quality.face_crop()
    good, blank = with_face(noise(480, 640)), Frame(noise(480, 640), no_face=Reason.NO_FACE)
    alone = test.score(Presentation((good,)))
    assert test.score(Presentation((blank, good, good))).value == pytest.approx(alone.value)


def test_explaining_names_every_group(test: QualityTest) -> None:
    moved = test.explain(Presentation((with_face(noise(480, 640)),)))
    assert set(moved) == set(GROUPS)
    assert all(-1.0 <= change <= 1.0 for change in moved.values())


def test_the_default_weights_are_free_and_the_users_own_take_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert quality.face_crop().version.startswith("quality_free-")
    own = index.find("quality_research").path
    monkeypatch.setenv("FACEPAD_QUALITY_MODEL", str(own))
    test = quality.face_crop()
    assert (test.name, test.version) == (
        "quality",
        f"quality_research+{index.find(own.stem).sha256[:8]}",
    )


def test_only_the_research_weights_are_for_research() -> None:
    names = ("quality_free", "quality_whole_free", "quality_research", "quality_whole_research")
    assert [index.find(name).research_use for name in names] == [False, False, True, True]


def test_a_model_for_other_metrics_is_refused() -> None:
    made = quality.face_crop()
    other = replace(made.classifier, depends={"metrics": "other"})
    with pytest.raises(ModelError, match="train it again"):
        QualityTest("quality", other, "own+0")


@pytest.fixture(scope="module")
def captured() -> list[list[Frame]]:
    return list(_captures())


def _captures() -> Iterator[list[Frame]]:
    """Each scene at three resolutions; seeds that no training used."""
    for seed in range(SCENES):
        rng = np.random.default_rng([seed, 77])
        scene = dead_leaves(rng, 1440, 1920)
        camera = PlainCamera.random(rng)
        yield [with_face(camera.capture(scene, lines, rng)) for lines in LINES]


@pytest.mark.slow
def test_resolution_does_not_move_the_score(test: QualityTest, captured: list[list[Frame]]) -> None:
    scores = [[test.score(Presentation((frame,))).value for frame in one] for one in captured]
    moved = np.ptp(np.array(scores, dtype=np.float64), axis=1)
    assert moved.max() <= MAX_MOVE, f"moved by {np.round(moved, 3).tolist()}"
