"""The heads of the face test as arrays: read as written, refused when damaged."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.liveness.face_cnn.heads import FaceHeads, Head
from facepad.scores import AffineScaling
from facepad.types import OperatingPoint


def head(view: str = "tight", block: int = 5) -> Head:
    rng = np.random.default_rng(block)
    mean, weights = rng.normal(size=4), rng.normal(size=4)
    return Head(view, block, mean, np.full(4, 2.0), weights, 0.25)


def heads() -> FaceHeads:
    point = OperatingPoint("dev_eer", 0.5, 0.4, 0.6)
    both, tight = AffineScaling(2.0, -1.0), AffineScaling(1.0, 0.5)
    return FaceHeads((head(), head("context", 13)), both, tight, point, "face_trunk-1+0")


def test_arrays_are_read_as_they_were_written() -> None:
    found = FaceHeads.from_arrays(heads().arrays(), "it")
    assert [one.name for one in found.heads] == ["tight 5", "context 13"]
    assert (found.all_views, found.tight_only) == (
        AffineScaling(2.0, -1.0),
        AffineScaling(1.0, 0.5),
    )
    assert found.operating_point == heads().operating_point
    np.testing.assert_allclose(found.heads[1].weights, heads().heads[1].weights, rtol=1e-6)


def test_a_logit_is_linear_in_the_statistics() -> None:
    one = head()
    a, b = np.ones(4), np.arange(4.0)
    middle = one.logits((a + b) / 2)
    assert middle == pytest.approx((one.logits(a) + one.logits(b)) / 2)


def test_the_training_mean_has_the_intercept_as_its_logit() -> None:
    assert head().logits(head().mean) == pytest.approx(0.25)


def test_without_the_context_the_scaling_is_that_of_the_tight_view() -> None:
    assert heads().scaling(("tight",)) == AffineScaling(1.0, 0.5)
    assert heads().scaling(("tight", "context")) == AffineScaling(2.0, -1.0)


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
        ("format_version", np.array(9), "has format 9, expected 1"),
        ("scalings", None, "holds no heads"),
        ("scalings", np.array([[0.0, 1.0], [1.0, 0.0]]), "slopes above 0"),
        ("tight 5 weights", np.ones(3), "head 'tight 5' needs finite mean"),
        ("tight 5 scale", np.zeros(4), "scale above 0"),
        ("tight 5 mean", np.full(4, np.nan), "needs finite"),
        ("heads", np.array(["tight"]), "holds no heads"),
    ],
)
def test_damaged_heads_are_refused(name: str, value: NDArray[Any] | None, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        FaceHeads.from_arrays(changed(name, value), "it")
