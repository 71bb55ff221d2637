"""The face test: what it looks at, and what it says when it cannot."""

from dataclasses import replace

import numpy as np
import pytest

from facepad.calibration import Anchor, Calibration
from facepad.errors import ModelError
from facepad.liveness.face_cnn.backbone import Backbone
from facepad.liveness.face_cnn.heads import FaceHeads, Head
from facepad.liveness.face_cnn.test import FaceTest
from facepad.scores import AffineScaling
from facepad.testing import check_liveness_test
from facepad.training.face.export import CHANNELS
from facepad.types import Face, Frame, OperatingPoint, Presentation, Reason, RgbImage

TIGHT_BLOCK, CONTEXT_BLOCK = 5, 10
BOX = (120, 80, 220, 200)


def head(view: str, block: int) -> Head:
    size = 2 * CHANNELS[block]
    weights = np.random.default_rng(block).normal(size=size) / size
    return Head(view, block, np.zeros(size), np.ones(size), weights, 0.1)


def made_up_heads(backbone: Backbone) -> FaceHeads:
    both = (head("tight", TIGHT_BLOCK), head("context", CONTEXT_BLOCK))
    point = OperatingPoint.at(0.5)
    return FaceHeads(
        both, AffineScaling(1.0, 0.0), AffineScaling(3.0, 0.0), point, backbone.version
    )


@pytest.fixture(scope="module")
def test() -> FaceTest:
    backbone = Backbone()
    return FaceTest("face_cnn", made_up_heads(backbone), backbone, "heads-1+0")


def picture(seed: int = 0, side: int = 320) -> RgbImage:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def with_face(seed: int = 0) -> Frame:
    return Frame(picture(seed), face=Face(BOX, 1.0))


def raw(test: FaceTest, *frames: Frame) -> float:
    value: float = test.score(Presentation(frames)).details["raw"]
    return value


@pytest.mark.slow
def test_it_keeps_the_contract_of_a_liveness_test(test: FaceTest) -> None:
    check_liveness_test(test)


def test_a_face_in_its_surroundings_is_seen_in_both_views(test: FaceTest) -> None:
    score = test.score(Presentation((with_face(),)))
    assert score.details["views"] == ["tight", "context"]
    assert set(score.details["heads"]) == {"tight 5", "context 10"}


def test_a_face_that_fills_the_picture_is_judged_without_its_context(test: FaceTest) -> None:
    frame = Frame(picture(side=120), face=Face((0, 0, 120, 120), 1.0))
    score = test.score(Presentation((frame,)))
    assert score.details["views"] == ["tight"]
    assert score.details["log_likelihood_ratio"] == pytest.approx(3.0 * score.details["raw"])


def test_without_a_face_there_is_a_reason_and_no_value(test: FaceTest) -> None:
    score = test.score(Presentation((Frame(picture(), no_face=Reason.FACE_TOO_FAR),)))
    assert (score.value, score.reason) == (None, Reason.FACE_TOO_FAR)


def test_frames_are_averaged_before_scaling(test: FaceTest) -> None:
    each = [raw(test, with_face(seed)) for seed in (1, 2)]
    assert raw(test, with_face(1), with_face(2)) == pytest.approx(np.mean(each))


def test_frames_without_a_face_are_left_out(test: FaceTest) -> None:
    blank = Frame(picture(3), no_face=Reason.NO_FACE)
    assert raw(test, blank, with_face(1)) == pytest.approx(raw(test, with_face(1)))


def test_what_lies_outside_both_views_does_not_matter(test: FaceTest) -> None:
    changed = picture(0, 640)
    frame = Frame(picture(0, 640), face=Face(BOX, 1.0))
    changed[500:, 500:] = 0
    assert raw(test, frame) == raw(test, Frame(changed, face=Face(BOX, 1.0)))


def test_heads_of_another_trunk_are_refused(test: FaceTest) -> None:
    heads = made_up_heads(test.backbone)
    other = FaceHeads(
        heads.heads, heads.all_views, heads.tight_only, heads.operating_point, "face_trunk-0+1"
    )
    with pytest.raises(ModelError, match="trained on face_trunk-0"):
        FaceTest("face_cnn", other, test.backbone, "heads-1+0")


def anchored(test: FaceTest, frame: Frame, version: str = "heads-1+0") -> FaceTest:
    observed = test.observe(Presentation((frame,)))
    assert not isinstance(observed, Reason)
    anchors = {
        views: Anchor(o.features, np.ones(len(o.features)), o.raw, 1.0, 0.0, 1.0, -1.0)
        for views, o in observed.items()
    }
    return test.calibrated(Calibration("it", "face_cnn", version, 3, anchors))


def test_the_tight_view_is_observed_alone_as_in_a_picture_without_context(test: FaceTest) -> None:
    both = test.observe(Presentation((with_face(),)))
    assert not isinstance(both, Reason)
    assert list(both) == ["tight", "tight+context"]
    narrow = Frame(with_face().image[BOX[1] : BOX[3], BOX[0] : BOX[2]])
    alone = test.observe(Presentation((replace(narrow, face=Face((0, 0, 100, 120), 1.0)),)))
    assert not isinstance(alone, Reason)
    assert list(alone) == ["tight"]


def test_the_frame_of_the_calibration_lies_at_its_own_mean(test: FaceTest) -> None:
    score = anchored(test, with_face()).score(Presentation((with_face(),)))
    assert score.details["deviations"] == pytest.approx(1.0, abs=1e-3)


def test_calibrated_the_threshold_is_one_half(test: FaceTest) -> None:
    point = anchored(test, with_face()).operating_point
    assert (point.name, point.threshold) == ("calibration it", 0.5)


def test_without_context_in_the_calibration_the_tight_view_is_compared(test: FaceTest) -> None:
    made = anchored(test, with_face())
    assert made.calibration is not None
    alone = replace(made.calibration, anchors={"tight": made.calibration.anchors["tight"]})
    score = test.calibrated(alone).score(Presentation((with_face(),)))
    assert score.details["deviations"] == pytest.approx(1.0, abs=1e-2)


def test_a_calibration_of_other_heads_is_refused(test: FaceTest) -> None:
    with pytest.raises(ModelError, match="calibrate the camera again"):
        anchored(test, with_face(), version="heads-2+0")
