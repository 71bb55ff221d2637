"""The heads of the face test as arrays: read as written, refused when damaged."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.liveness.face_cnn.heads import FaceHeads, Head
from facepad.scores import AffineScaling
from facepad.types import OperatingPoint


def head(view: str = "tight", block: int = 5) -> Head:
    rng = np.random.default_rng(block)
    mean, weights = rng.normal(size=4), rng.normal(size=4)
    return Head(view, block, mean, np.full(4, 2.0), weights, 0.25)


POINTS = {
    "crop": {"balanced": OperatingPoint("balanced", 0.75, 0.25, 0.75)},
    "context": {
        "balanced": OperatingPoint("balanced", 0.5, 0.4, 0.6),
        "strict": OperatingPoint("strict", 0.7, 0.4, 0.7),
    },
}


def heads(*shares: float) -> FaceHeads:
    made = (head(), head("context", 13), head("frame", 7))
    own = tuple(
        replace(one, share=share)
        for one, share in zip(made, shares or (1.0, 3.0, 0.0), strict=True)
    )
    return FaceHeads(own, AffineScaling(2.0, -1.0), POINTS, "face_trunk-1+0")


def test_arrays_are_read_as_they_were_written() -> None:
    found = FaceHeads.from_arrays(heads().arrays(), "it")
    assert [one.name for one in found.heads] == ["tight 5", "context 13", "frame 7"]
    assert [one.share for one in found.heads] == [1.0, 3.0, 0.0]
    assert (found.scaling, found.backbone) == (AffineScaling(2.0, -1.0), "face_trunk-1+0")
    assert {views: dict(named) for views, named in found.points.items()} == POINTS
    np.testing.assert_allclose(found.heads[1].weights, heads().heads[1].weights, rtol=1e-6)


def test_a_logit_is_linear_in_the_statistics() -> None:
    one = head()
    a, b = np.ones(4), np.arange(4.0)
    middle = one.logits((a + b) / 2)
    assert middle == pytest.approx((one.logits(a) + one.logits(b)) / 2)


def test_the_training_mean_has_the_intercept_as_its_logit() -> None:
    assert head().logits(head().mean) == pytest.approx(0.25)


def test_the_raw_logit_is_the_mean_weighted_by_the_shares() -> None:
    logits = {"tight 5": 1.0, "context 13": -2.0, "frame 7": 100.0}
    assert heads().raw(logits) == pytest.approx((1.0 * 1.0 + 3.0 * -2.0) / 4.0)


@given(st.lists(st.floats(0.1, 9.0), min_size=3, max_size=3), st.floats(0.1, 9.0))
def test_only_the_ratio_of_the_shares_counts(shares: list[float], factor: float) -> None:
    logits = {"tight 5": 0.7, "context 13": -1.3, "frame 7": 2.0}
    scaled = heads(*(factor * share for share in shares)).raw(logits)
    assert scaled == pytest.approx(heads(*shares).raw(logits))


@given(st.lists(st.floats(-50.0, 50.0), min_size=3, max_size=3), st.floats(0.0, 9.0))
def test_the_raw_logit_lies_between_those_of_the_heads(each: list[float], share: float) -> None:
    logits = dict(zip(("tight 5", "context 13", "frame 7"), each, strict=True))
    deciding = each if share > 0.0 else each[:2]
    assert min(deciding) - 1e-9 <= heads(1.0, 2.0, share).raw(logits) <= max(deciding) + 1e-9


def test_heads_without_a_share_do_not_decide() -> None:
    assert [one.name for one in heads().deciding] == ["tight 5", "context 13"]


def test_the_operating_point_is_that_of_pictures_that_show_enough_around_the_face() -> None:
    assert heads().operating_point == POINTS["context"]["balanced"]


def changed(name: str, value: NDArray[Any] | None) -> Mapping[str, NDArray[Any]]:
    arrays = dict(heads().arrays())
    if value is None:
        del arrays[name]
    else:
        arrays[name] = value
    return arrays


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format_version", np.array(1), "has format 1, expected 2"),
        ("scaling", None, "holds no heads"),
        ("scaling", np.array([0.0, 1.0]), "a slope above 0"),
        ("scaling", np.array([np.nan, 1.0]), "a slope above 0"),
        ("shares", np.zeros(3), "needs heads with a share"),
        ("shares", np.array([1.0, -0.5, 0.0]), "a share of 0 or more"),
        ("shares", np.array([1.0, np.nan, 0.0]), "a share of 0 or more"),
        ("shares", np.ones(2), "holds no heads"),
        ("point_names", np.array(["crop a", "context balanced", "context b"]), "'balanced' for"),
        ("point_names", np.array(["crop", "context", "crop"]), "holds no heads"),
        ("tight 5 weights", np.ones(3), "head 'tight 5' needs finite mean"),
        ("tight 5 scale", np.zeros(4), "scale above 0"),
        ("tight 5 mean", np.full(4, np.nan), "needs finite"),
        ("heads", np.array(["tight", "context 13", "frame 7"]), "holds no heads"),
    ],
)
def test_damaged_heads_are_refused(name: str, value: NDArray[Any] | None, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        FaceHeads.from_arrays(changed(name, value), "it")


def test_a_head_of_an_unknown_view_is_refused() -> None:
    arrays = {name.replace("tight 5", "profile 5"): v for name, v in heads().arrays().items()}
    arrays["heads"] = np.array(["profile 5", "context 13", "frame 7"])
    with pytest.raises(ModelError, match="'profile 5' needs a known view"):
        FaceHeads.from_arrays(arrays, "it")


@given(st.lists(st.floats(-50.0, 50.0), min_size=3, max_size=3), st.floats(0.0, 9.0))
def test_contributions_of_the_heads_sum_to_the_ratio(each: list[float], share: float) -> None:
    logits = dict(zip(("tight 5", "context 13", "frame 7"), each, strict=True))
    made = heads(1.0, 2.0, share)
    ratio = made.scaling.apply(made.raw(logits))
    assert made.contributions(logits).log_likelihood_ratio == pytest.approx(ratio, abs=1e-9)


def test_a_head_at_its_training_mean_adds_nothing() -> None:
    logits = {"tight 5": 0.25, "context 13": 1.25, "frame 7": 9.0}
    assert [part.log_odds for part in heads().contributions(logits).parts] == [0.0, 1.5]
