"""The face test: what it looks at, and what it says when it cannot."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from facepad.calibration import Anchor, Calibration, MemberAnchor
from facepad.errors import ModelError
from facepad.faces import crops
from facepad.liveness.face_cnn.backbone import SIDE, Backbone, Statistics
from facepad.liveness.face_cnn.heads import FaceHeads, Head
from facepad.liveness.face_cnn.test import FaceTest, FaceTestFactory, free, masks
from facepad.scores import AffineScaling, sigmoid
from facepad.testing import check_liveness_test
from facepad.training.face.export import CHANNELS
from facepad.types import Face, Frame, OperatingPoint, Presentation, Reason, RgbImage

BOX = (120, 80, 220, 200)
# View, block and share: three decide, two are for calibrations alone.
MEMBERS = (
    ("context", 10, 2.0),
    ("context", 2, 1.0),
    ("patch", 2, 1.0),
    ("tight", 5, 0.0),
    ("frame", 7, 0.0),
)
POINTS = {
    "crop": {"balanced": OperatingPoint("balanced", 0.9, 0.1, 0.9)},
    "context": {"balanced": OperatingPoint("balanced", 0.6, 0.4, 0.6)},
}


def head(view: str, block: int, share: float) -> Head:
    size = 2 * CHANNELS[block]
    weights = np.random.default_rng(block).normal(size=size) / size
    return Head(view, block, np.zeros(size), np.ones(size), weights, 0.1, share)


def made_up_heads(backbone: Backbone) -> FaceHeads:
    heads = tuple(head(*member) for member in MEMBERS)
    return FaceHeads(heads, AffineScaling(3.0, -0.5), POINTS, backbone.version)


class Remembering(Backbone):
    """The network, which runs once for the same pictures: many tests look at the same ones."""

    def extract(self, crops: Sequence[RgbImage], blocks: Sequence[int]) -> list[Statistics]:
        return [self._block(tuple(crop.tobytes() for crop in crops), each) for each in blocks]

    @cache  # noqa: B019 - one for the module
    def _block(self, crops: tuple[bytes, ...], block: int) -> Statistics:
        shape = (SIDE, SIDE, 3)
        squares = [np.frombuffer(one, np.uint8).reshape(shape) for one in crops]
        return super().extract(squares, [block])[0]


@pytest.fixture(scope="module")
def test() -> FaceTest:
    backbone = Remembering()
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


def cropped(seed: int = 0) -> Frame:
    return Frame(picture(seed, 120), face=Face((0, 0, 120, 120), 1.0))


def logit(test: FaceTest, name: str, square: RgbImage) -> float:
    """Logit of one head for one square, by numpy from the backbone's own statistics."""
    (own,) = (one for one in test.heads.heads if one.name == name)
    (statistics,) = test.backbone.extract([square], [own.block])
    return float(np.dot(statistics[0].astype(np.float64), own.weights)) + 0.1


def test_a_face_in_its_surroundings_is_judged_by_the_heads_with_a_share(test: FaceTest) -> None:
    score = test.score(Presentation((with_face(),)))
    image = picture()
    squares = {
        "context 10": crops.context(image, BOX, SIDE),
        "context 2": crops.context(image, BOX, SIDE),
        "patch 2": crops.patches(image, BOX, SIDE),
    }
    expected = {name: logit(test, name, square) for name, square in squares.items()}
    assert score.details["views"] == "context"
    assert score.details["heads"] == pytest.approx(expected, rel=1e-4)
    mean = (2.0 * expected["context 10"] + expected["context 2"] + expected["patch 2"]) / 4.0
    assert score.details["raw"] == pytest.approx(mean, rel=1e-4)
    assert score.details["log_likelihood_ratio"] == pytest.approx(3.0 * mean - 0.5, rel=1e-4)
    assert score.value == pytest.approx(sigmoid(3.0 * mean - 0.5), rel=1e-4)


def test_of_a_crop_the_tight_view_stands_for_its_surroundings(test: FaceTest) -> None:
    score = test.score(Presentation((cropped(),)))
    expected = logit(test, "context 10", crops.tight(picture(side=120), (0, 0, 120, 120), SIDE))
    assert score.details["views"] == "crop"
    assert score.details["heads"]["context 10"] == pytest.approx(expected, rel=1e-4)


def test_each_set_of_views_has_operating_points_of_its_own(test: FaceTest) -> None:
    found = [test.score(Presentation((frame,))).points for frame in (with_face(), cropped())]
    assert [dict(points or {}) for points in found] == [POINTS["context"], POINTS["crop"]]
    assert dict(test.operating_points) == POINTS["context"]
    assert test.operating_point == POINTS["context"]["balanced"]


def test_without_a_face_there_is_a_reason_and_no_value(test: FaceTest) -> None:
    score = test.score(Presentation((Frame(picture(), no_face=Reason.FACE_TOO_FAR),)))
    assert (score.value, score.reason) == (None, Reason.FACE_TOO_FAR)


@pytest.mark.parametrize("make", [with_face, cropped])
def test_a_head_of_the_whole_frame_decides_if_it_has_a_share(
    test: FaceTest, make: Callable[[], Frame]
) -> None:
    heads = tuple(
        replace(one, share=float(one.view in ("frame", "patch"))) for one in test.heads.heads
    )
    own = replace(test, heads=replace(test.heads, heads=heads))
    frame = make()
    assert frame.face is not None
    score = own.score(Presentation((frame,)))
    expected = {
        "patch 2": logit(test, "patch 2", crops.patches(frame.image, frame.face.box, SIDE)),
        "frame 7": logit(test, "frame 7", crops.whole(frame.image, SIDE)),
    }
    assert score.details["heads"] == pytest.approx(expected, rel=1e-4)


def test_frames_are_averaged_before_scaling(test: FaceTest) -> None:
    each = [raw(test, with_face(seed)) for seed in (1, 2)]
    assert raw(test, with_face(1), with_face(2)) == pytest.approx(np.mean(each))


def test_frames_without_a_face_are_left_out(test: FaceTest) -> None:
    blank = Frame(picture(3), no_face=Reason.NO_FACE)
    assert raw(test, blank, with_face(1)) == pytest.approx(raw(test, with_face(1)))


def test_what_lies_outside_the_deciding_views_does_not_matter(test: FaceTest) -> None:
    changed = picture(0, 640)
    frame = Frame(picture(0, 640), face=Face(BOX, 1.0))
    changed[500:, 500:] = 0
    assert raw(test, frame) == raw(test, Frame(changed, face=Face(BOX, 1.0)))


def test_heads_of_another_trunk_are_refused(test: FaceTest) -> None:
    heads = made_up_heads(test.backbone)
    other = replace(heads, backbone="face_trunk-0+1")
    with pytest.raises(ModelError, match="trained on face_trunk-0"):
        FaceTest("face_cnn", other, test.backbone, "heads-1+0")


NAMES = {
    view: ["decision", *(f"{v} {b}" for v, b, _ in MEMBERS if v != view)] for view in ("", "frame")
}


def anchored(test: FaceTest, frame: Frame, version: str = "heads-1+0", *sets: str) -> FaceTest:
    """The test calibrated to one frame, by anchors with unit scales and weights."""
    observed = test.observe(Presentation((frame,)))
    assert not isinstance(observed, Reason)
    anchors = {
        views: Anchor(
            {
                name: MemberAnchor(
                    centre=reading.features,
                    scale=np.ones(len(reading.features)),
                    logit=reading.logit,
                    logit_scale=1.0,
                    distance=0.0,
                    distance_scale=1.0,
                    logit_weight=1.0,
                    distance_weight=1.0,
                )
                for name, reading in observation.members.items()
            },
            {"convenience": -2.0, "balanced": -1.0, "strict": -0.5},
        )
        for views, observation in observed.items()
        if not sets or views in sets
    }
    return test.calibrated(Calibration("it", "face_cnn", version, 3, anchors))


def test_a_picture_is_observed_as_a_crop_with_its_surroundings_and_as_a_frame(
    test: FaceTest,
) -> None:
    found = test.observe(Presentation((with_face(),)))
    assert not isinstance(found, Reason)
    assert list(found) == ["crop", "context", "context+frame"]
    assert list(found["crop"].members) == NAMES["frame"]
    assert list(found["context"].members) == NAMES["frame"]
    assert list(found["context+frame"].members) == NAMES[""]


def test_the_logit_that_counts_is_that_of_the_decision_and_has_no_features(test: FaceTest) -> None:
    found = test.observe(Presentation((with_face(),)))
    assert not isinstance(found, Reason)
    members = found["context"].members
    assert [name for name, one in members.items() if one.decides] == ["decision"]
    assert members["decision"].logit == pytest.approx(raw(test, with_face()))
    assert len(members["decision"].features) == 0
    assert members["tight 5"].group == "tight"


def test_a_crop_is_observed_as_one_alone(test: FaceTest) -> None:
    found = test.observe(Presentation((cropped(),)))
    assert not isinstance(found, Reason)
    assert list(found) == ["crop"]


def test_one_crop_in_a_clip_makes_it_one_of_crops(test: FaceTest) -> None:
    found = test.observe(Presentation((with_face(), cropped())))
    assert not isinstance(found, Reason)
    assert list(found) == ["crop"]


def test_as_a_crop_the_tight_view_is_observed_by_heads_of_the_context(test: FaceTest) -> None:
    found = test.observe(Presentation((with_face(),)))
    assert not isinstance(found, Reason)
    tight, wide = (
        logit(test, "context 10", make(picture(), BOX, SIDE))
        for make in (crops.tight, crops.context)
    )
    assert found["crop"].members["context 10"].logit == pytest.approx(tight, rel=1e-4)
    assert found["context"].members["context 10"].logit == pytest.approx(wide, rel=1e-4)


def test_the_whole_frame_is_the_square_in_its_middle(test: FaceTest) -> None:
    found = test.observe(Presentation((with_face(),)))
    assert not isinstance(found, Reason)
    expected = logit(test, "frame 7", crops.whole(picture(), SIDE))
    assert found["context+frame"].members["frame 7"].logit == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_observations_of_frames_are_averaged(test: FaceTest) -> None:
    alone = [test.observe(Presentation((with_face(seed),))) for seed in (1, 2)]
    both = test.observe(Presentation((with_face(1), with_face(2))))
    readings = []
    for found in (*alone, both):
        assert not isinstance(found, Reason)
        readings.append(found["context"].members["patch 2"])
    assert readings[2].logit == pytest.approx((readings[0].logit + readings[1].logit) / 2)
    mean = (readings[0].features + readings[1].features) / 2
    np.testing.assert_allclose(readings[2].features, mean, rtol=1e-6)


def test_what_cannot_be_observed_has_a_reason(test: FaceTest) -> None:
    blank = Frame(picture(), no_face=Reason.FACE_TOO_FAR)
    assert test.observe(Presentation((blank,))) is Reason.FACE_TOO_FAR
    assert anchored(test, with_face()).score(Presentation((blank,))).reason is Reason.FACE_TOO_FAR


@pytest.mark.slow
def test_the_frame_of_the_calibration_has_a_score_of_one_half(test: FaceTest) -> None:
    score = anchored(test, with_face()).score(Presentation((with_face(),)))
    assert score.value == pytest.approx(0.5, abs=1e-3)


def test_calibrated_the_points_are_those_of_the_camera(test: FaceTest) -> None:
    made = anchored(test, with_face())
    score = made.score(Presentation((with_face(),)))
    assert made.anchored
    assert made.operating_point.name == "calibration it"
    assert made.operating_point.threshold == pytest.approx(sigmoid(-1.0))
    assert set(score.points or {}) == {"convenience", "balanced", "strict"}


@pytest.mark.parametrize(
    ("calibrated", "compared"),
    [
        pytest.param(("crop",), "crop", marks=pytest.mark.slow),
        pytest.param(("crop", "context"), "context", marks=pytest.mark.slow),
        ((), "context+frame"),
    ],
)
def test_the_largest_set_of_views_that_was_calibrated_is_compared(
    test: FaceTest, calibrated: tuple[str, ...], compared: str
) -> None:
    made = anchored(test, with_face(), "heads-1+0", *calibrated)
    score = made.score(Presentation((with_face(),)))
    assert score.details["calibrated_views"] == compared
    assert score.value == pytest.approx(0.5, abs=1e-3)


def test_a_calibration_of_other_heads_is_refused(test: FaceTest) -> None:
    with pytest.raises(ModelError, match="calibrate the camera again"):
        anchored(test, with_face(), version="heads-2+0")


def test_prints_and_masks_have_heads_of_their_own() -> None:
    assert (free.name, free.heads) == ("face_cnn", "face_heads_free")
    assert (masks.name, masks.heads) == ("face_mask", "mask_heads_free")


@pytest.mark.parametrize("factory", [free, masks], ids=lambda one: str(one.name))
def test_packaged_heads_have_all_points_for_both_sets_of_views(factory: FaceTestFactory) -> None:
    made = factory()
    for views in ("crop", "context"):
        assert list(made.heads.points[views]) == ["convenience", "balanced", "strict"]
        assert all(p.low <= p.threshold for p in made.heads.points[views].values())


def test_members_are_grouped_by_what_they_see_and_sum_to_the_ratio(test: FaceTest) -> None:
    score = test.score(Presentation((with_face(),)))
    found = test.contributions(score)
    ratio = score.details["log_likelihood_ratio"]
    assert found.log_likelihood_ratio == pytest.approx(ratio, abs=1e-9)
    assert {part.group for part in found.parts} == {"face and surroundings", "pieces of the face"}


def test_of_a_crop_no_member_sees_the_surroundings(test: FaceTest) -> None:
    found = test.contributions(test.score(Presentation((cropped(),))))
    assert {part.group for part in found.parts} == {"face", "pieces of the face"}


def test_calibrated_logit_and_distances_sum_to_the_ratio(test: FaceTest) -> None:
    calibrated = anchored(test, with_face())
    score = calibrated.score(Presentation((with_face(1),)))
    found = calibrated.contributions(score)
    ratio = score.details["log_likelihood_ratio"]
    assert found.log_likelihood_ratio == pytest.approx(ratio, abs=1e-9)
    assert (found.parts[0].name, found.parts[0].group) == ("decision logit", "uncalibrated score")


def test_frames_with_other_views_are_a_part_of_a_clip(test: FaceTest) -> None:
    calibrated = anchored(test, with_face())
    score = calibrated.score(Presentation((with_face(1), cropped(2))))
    found = calibrated.contributions(score)
    ratio = score.details["log_likelihood_ratio"]
    assert found.log_likelihood_ratio == pytest.approx(ratio, abs=1e-9)
    assert found.parts[-1].name == "frames with other views"
