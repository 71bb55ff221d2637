"""Sigmoid and logit undo each other, stay in their ranges, and keep ranks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.scores import LOGIT_LIMIT, AffineScaling, logit, sigmoid


def test_a_ratio_of_zero_is_a_score_of_one_half() -> None:
    assert sigmoid(0.0) == 0.5


def test_a_score_never_leaves_its_range() -> None:
    assert 0.0 <= sigmoid(-1e9) < sigmoid(1e9) <= 1.0


@pytest.mark.parametrize("value", [0.0, 1e-300, 1.0])
def test_certainty_is_a_logit_at_the_limit(value: float) -> None:
    assert abs(logit(value)) == LOGIT_LIMIT


@given(st.floats(-LOGIT_LIMIT, LOGIT_LIMIT))
def test_a_logit_comes_back_from_its_sigmoid(value: float) -> None:
    assert logit(sigmoid(value)) == pytest.approx(value, abs=1e-6)


def test_an_affine_scaling_is_a_slope_and_a_bias() -> None:
    assert AffineScaling(2.0, -1.0).apply(3.0) == 5.0
