"""Classifiers of rows that weigh differently, on made-up rows."""

import numpy as np
import pytest

from facepad.training.quality.fit import TrainingRows, fit_classifier
from facepad.training.scaling import sample_weights
from facepad.types import Sample, Split
from installed import needs_scikit_learn

pytestmark = needs_scikit_learn

NO_DRIFT = np.zeros((1, 4))


def made_up(size: int = 60) -> TrainingRows:
    rng = np.random.default_rng(0)
    labels = np.arange(size) % 2 == 0
    units = rng.normal(0.0, 1.0, (size, 4)) + labels[:, None]
    return TrainingRows(units, labels, np.ones(size))


def listed(*species: str | None) -> list[Sample]:
    return [Sample(str(i), str(i), "1", Split.TRAIN, one) for i, one in enumerate(species)]


def test_both_classes_weigh_the_same_and_so_do_species() -> None:
    weight = sample_weights(listed(None, "print", "print", "print", "mask"))
    assert weight == pytest.approx([2.5, 1.25 / 3, 1.25 / 3, 1.25 / 3, 1.25])


def test_equal_weights_give_the_discriminant_of_scikit_learn() -> None:
    """The oracle: ``LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")``, 1.9.1."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    rows = made_up()
    oracle = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto", priors=[0.5, 0.5]).fit(
        rows.units, rows.labels
    )
    found = fit_classifier(rows, NO_DRIFT, 0.0, "lda")
    assert found["weights"] == pytest.approx(oracle.coef_[0])
    assert found["intercept"] == pytest.approx(oracle.intercept_[0])


def test_a_row_that_weighs_twice_counts_for_two_in_the_mean() -> None:
    rows = made_up(4)
    heavy = TrainingRows(rows.units, rows.labels, np.array([2.0, 1.0, 1.0, 1.0]))
    expected = (2.0 * rows.units[0] + rows.units[2]) / 3.0
    assert heavy.mean(True) == pytest.approx(expected)


def test_a_direction_that_drifts_weighs_less() -> None:
    drift = np.array([[9.0, 0.0, 0.0, 0.0], [-9.0, 0.0, 0.0, 0.0]])
    calm, moved = (fit_classifier(made_up(), drift, much, "lda")["weights"] for much in (0.0, 1.0))
    assert abs(moved[0] / moved[1]) < 0.3 * abs(calm[0] / calm[1])


def test_the_kernel_classifier_tells_the_classes_apart() -> None:
    rows = made_up()
    found = fit_classifier(rows, NO_DRIFT, 0.0, "svm")
    assert found["vectors"].shape == (len(found["dual"]), 4)
