"""A classifier of metric vectors: scaling, distance, and what its file must hold."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import ModelError
from facepad.liveness.quality.classifier import QualityClassifier, metric_key
from facepad.types import OperatingPoint

NAMES = ("mse", "sc", "ssim")


def made_up(**changes: object) -> QualityClassifier:
    nothing = np.zeros(0)
    model = QualityClassifier(
        names=NAMES,
        margin=1.0,
        side=128,
        mean=np.zeros(3),
        scale=np.ones(3),
        weights=np.array([1.0, -2.0, 0.5]),
        vectors=nothing,
        dual=nothing,
        gamma=0.0,
        intercept=0.25,
        slope=2.0,
        bias=-0.5,
        precision=np.eye(3),
        limit=3.0,
        operating_point=OperatingPoint("dev_eer", 0.5, 0.4, 0.6),
        depends={"biqi": "biqi-1+0", **{metric_key(name): "1" for name in NAMES}},
    )
    return replace(model, **changes)  # type: ignore[arg-type]


def test_a_linear_classifier_is_a_weighted_sum() -> None:
    assert made_up().raw(np.array([1.0, 1.0, 2.0])) == pytest.approx(1.0 - 2.0 + 1.0 + 0.25)


def test_a_support_vector_machine_is_a_sum_of_kernels() -> None:
    model = made_up(
        weights=np.zeros(0), vectors=np.eye(3)[:2], dual=np.array([1.5, -0.5]), gamma=0.5
    )
    at_origin = 1.5 * math.exp(-0.5) - 0.5 * math.exp(-0.5) + 0.25
    assert model.raw(np.zeros(3)) == pytest.approx(at_origin)


def test_the_distance_is_that_of_mahalanobis() -> None:
    model = made_up(precision=np.diag([4.0, 1.0, 1.0]))
    assert model.distance(np.array([1.0, 2.0, 0.0])) == pytest.approx(math.sqrt(8.0))


def test_a_metric_that_does_not_vary_is_left_out() -> None:
    model = made_up(scale=np.array([1.0, 0.0, 1.0]))
    assert model.standardised(np.array([1.0, 7.0, 1.0]))[1] == 0.0


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_higher_raw_value_never_scores_lower(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert 0.0 <= made_up().score(low) <= made_up().score(high) <= 1.0


def test_a_classifier_survives_its_file() -> None:
    model = made_up()
    again = QualityClassifier.from_arrays(model.arrays(), "here")
    vector = np.array([0.3, 1.2, 0.9])
    assert again.raw(again.standardised(vector)) == model.raw(model.standardised(vector))
    assert (again.operating_point, again.depends) == (model.operating_point, model.depends)


def test_one_version_for_all_metrics_becomes_one_for_each() -> None:
    old = made_up().arrays() | {"depends": np.array(["biqi=biqi-1+0", "metrics=1"])}
    assert QualityClassifier.from_arrays(old, "here").depends == made_up().depends


def test_the_models_of_metrics_are_told_from_the_metrics() -> None:
    assert made_up().models == {"biqi": "biqi-1+0"}


@pytest.mark.parametrize("name", sorted(made_up().arrays()))
def test_a_file_without_one_of_the_arrays_is_refused(name: str) -> None:
    arrays = made_up().arrays()
    del arrays[name]
    with pytest.raises(ModelError, match="here"):
        QualityClassifier.from_arrays(arrays, "here")


def test_a_file_of_another_format_is_refused() -> None:
    arrays = made_up().arrays() | {"format_version": np.array(99)}
    with pytest.raises(ModelError, match="format 99, expected 1"):
        QualityClassifier.from_arrays(arrays, "here")


def test_a_file_with_weights_for_other_metrics_is_refused() -> None:
    arrays = made_up().arrays() | {"weights": np.zeros(4)}
    with pytest.raises(ModelError, match=r"weights must be finite of shape \(3,\)"):
        QualityClassifier.from_arrays(arrays, "here")
