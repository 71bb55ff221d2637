"""The image-quality test: what it measures, and that resolution does not move it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from facepad import registry
from facepad.errors import ModelError
from facepad.liveness.quality import test as quality
from facepad.liveness.quality.classifier import QualityClassifier
from facepad.liveness.quality.test import QualityTest, view
from facepad.models import index, store
from facepad.quality import measure
from facepad.registry import MetricEntry
from facepad.training.quality.resolution import PlainCamera, dead_leaves
from facepad.types import Face, Frame, Presentation, Reason, RgbImage, Score

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
    params=["quality", "quality_research", "quality_whole", "quality_whole_research"],
)
def test(request: pytest.FixtureRequest) -> QualityTest:
    if request.param in registry.RESEARCH_TESTS:
        pytest.importorskip("facepad_research", reason="pip install packages/facepad-research")
    made: QualityTest = registry.resolve("liveness_tests", request.param)()
    return made


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
    frame = Frame(noise(64, 64), no_face=Reason.FACE_TOO_FAR)
    assert view(frame, 1.0, 128) is Reason.FACE_TOO_FAR


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
    assert list(moved) == [
        "fine detail",
        "edges and corners",
        "spectrum",
        "structure",
        "naturalness and compression",
    ]
    assert all(-1.0 <= change <= 1.0 for change in moved.values())


def test_the_default_weights_are_free_and_the_users_own_take_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert quality.face_crop().version.startswith("quality_free-")
    own = store.path("quality_whole_free")
    monkeypatch.setenv("FACEPAD_QUALITY_MODEL", str(own))
    test = quality.face_crop()
    assert (test.name, test.version) == (
        "quality",
        f"quality_whole_free+{index.find(own.stem).sha256[:8]}",
    )


def few(*names: str) -> QualityClassifier:
    """A classifier that needs only these metrics."""
    many, nothing = len(names), np.zeros(0)
    known = quality.face_crop().classifier
    return replace(
        known,
        names=names,
        mean=np.zeros(many),
        scale=np.ones(many),
        weights=np.arange(1.0, many + 1.0),
        vectors=nothing,
        dual=nothing,
        precision=np.eye(many),
        depends=quality.versions(names),
    )


def test_a_model_measures_its_own_metrics_in_its_own_order() -> None:
    image = noise(480, 640)
    score = QualityTest("quality", few("ssim", "mse"), "own+0").score(
        Presentation((with_face(image),))
    )
    part = view(with_face(image), 1.5, 128)
    assert not isinstance(part, Reason)
    expected = measure(part, names=("ssim", "mse"))
    assert score.details["metrics"] == expected
    intercept = few("ssim", "mse").intercept
    assert score.details["raw"] == pytest.approx(
        expected["ssim"] + 2.0 * expected["mse"] + intercept
    )


def test_a_model_explains_only_the_groups_of_its_metrics() -> None:
    test = QualityTest("quality", few("ssim", "mse"), "own+0")
    moved = test.explain(Presentation((with_face(noise(480, 640)),)))
    assert list(moved) == ["structure", "fine detail"]


def with_version(name: str, version: int) -> dict[str, MetricEntry]:
    """The registry's metrics with another version of one."""
    known = dict(registry.METRIC_ENTRIES)
    return known | {name: replace(known[name], version=version)}


def test_a_new_version_of_a_metric_that_a_model_needs_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = few("ssim", "mse")
    monkeypatch.setattr(registry, "METRIC_ENTRIES", with_version("mse", 2))
    with pytest.raises(ModelError, match="was trained on metric mse 1, but this facepad has 2"):
        QualityTest("quality", made, "own+0")


def test_a_new_version_of_another_metric_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    made = few("ssim", "mse")
    monkeypatch.setattr(registry, "METRIC_ENTRIES", with_version("psnr", 2))
    assert QualityTest("quality", made, "own+0").classifier is made


def test_a_model_with_a_metric_that_is_not_here_is_refused_by_its_name() -> None:
    other = replace(few("ssim", "mse"), names=("ssim", "sharpness"))
    with pytest.raises(ModelError, match="needs the metrics sharpness, which are not here"):
        QualityTest("quality", other, "own+0")


def test_a_metric_uses_the_version_of_its_own_model() -> None:
    assert set(quality.versions(["niqe", "mse"])) == {"metric niqe", "metric mse", "niqe"}
    assert "biqi" not in quality.versions(["mse"])


@pytest.fixture(scope="module")
def captured() -> list[list[Frame]]:
    return list(_captures())


def _captures() -> Iterator[list[Frame]]:
    """Each scene at three resolutions; seeds that no training used."""
    for seed in range(SCENES):
        rng = np.random.default_rng([seed, 77])
        scene = dead_leaves(rng, max(LINES), max(LINES) * 4 // 3)
        camera = PlainCamera.random(rng)
        yield [with_face(camera.capture(scene, lines, rng)) for lines in LINES]


@pytest.mark.slow
def test_resolution_does_not_move_the_score(test: QualityTest, captured: list[list[Frame]]) -> None:
    scores = [[test.score(Presentation((frame,))).value for frame in one] for one in captured]
    moved = np.ptp(np.array(scores, dtype=np.float64), axis=1)
    assert moved.max() <= MAX_MOVE, f"moved by {np.round(moved, 3).tolist()}"


def test_contributions_of_the_groups_sum_to_the_ratio(test: QualityTest) -> None:
    score = test.score(Presentation((with_face(noise(480, 640)), with_face(noise(480, 640, 1)))))
    found = test.contributions(score)
    ratio = test.classifier.ratio(score.details["raw"])
    assert found.log_likelihood_ratio == pytest.approx(ratio)
    assert "fine detail" in [part.name for part in found.parts]


def test_what_groups_change_together_is_a_part_of_a_curved_classifier() -> None:
    made = few("ssim", "mse")
    rng = np.random.default_rng(3)
    vectors, dual = rng.normal(size=(4, 2)), rng.normal(size=4)
    curved = replace(made, weights=np.zeros(0), vectors=vectors, dual=dual, gamma=0.5)
    test = QualityTest("quality", curved, "own+0")
    details = {"metrics": {"ssim": 0.9, "mse": 4.0}, "raw": -1.5}
    found = test.contributions(Score(0.5, details=details))
    assert found.log_likelihood_ratio == pytest.approx(curved.ratio(-1.5))
    assert found.parts[-1].name == "groups together"
