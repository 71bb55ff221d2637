"""The fit of the fusion: means and covariance, missing tests, held-out people, subsets."""

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.training.fusion.fit import (
    FusionRows,
    camera_covariance,
    fit,
    held_out,
    normal_of,
)
from facepad.training.fusion.subsets import subsets
from facepad.types import Sample, Split

TESTS = ("strong", "weak", "noise")


def rows_of(ratios: np.ndarray, labels: np.ndarray, *, cameras: int = 6) -> FusionRows:
    samples = tuple(
        Sample(
            f"set/{row}",
            f"{row}.png",
            f"person {row % 20}",
            Split.TRAIN,
            None if label else "print",
            session=f"source {row % 2}",
            attributes={"camera": f"camera {row % cameras}"},
        )
        for row, label in enumerate(labels)
    )
    return FusionRows(TESTS[: ratios.shape[1]], samples, ratios, tuple({} for _ in samples))


def made_up(count: int = 400, seed: int = 0) -> FusionRows:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 4 < 2
    noise = rng.normal(size=(count, 3))
    ratios = noise + np.outer(np.where(labels, 1.0, -1.0), [1.5, 0.5, 0.0])
    return rows_of(ratios, labels)


@pytest.mark.slow
def test_without_missing_scores_the_decision_is_that_of_shrunk_lda_of_scikit_learn() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    # scikit-learn 1.7, eigen solver with automatic shrinkage, is the independent implementation;
    # it standardises and shrinks each class by itself, so that the last digits differ.
    rows = made_up(4_000)
    reference = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto", priors=[0.5, 0.5])
    expected = reference.fit(rows.ratios, rows.labels).decision_function(rows.ratios)
    model = fit(rows, {name: {} for name in TESTS})
    own = np.array([model.ratio(dict(zip(TESTS, each, strict=True))) for each in rows.ratios])
    assert np.corrcoef(own, expected)[0, 1] > 0.9995


@pytest.mark.slow
def test_scores_missing_at_random_hardly_change_means_and_covariance() -> None:
    whole = made_up(4_000)
    holes = whole.ratios.copy()
    rng = np.random.default_rng(1)
    holes[rng.random(holes.shape) < 0.3] = np.nan
    holes[0] = whole.ratios[0]
    for first, second in zip(
        normal_of(whole), normal_of(rows_of(holes, whole.labels)), strict=True
    ):
        assert np.abs(first - second).max() < 0.12


@pytest.mark.slow
def test_a_test_that_says_nothing_gets_hardly_any_weight() -> None:
    weights, _ = fit(made_up(2_000), {name: {} for name in TESTS}).weights(TESTS)
    assert weights[2] < 0.1 * weights[0]


@pytest.mark.slow
def test_a_test_that_is_upside_down_gets_no_weight() -> None:
    rows = made_up()
    turned = rows_of(
        rows.ratios * [1.0, 1.0, 1.0] - np.outer(rows.labels, [0, 0, 3.0]), rows.labels
    )
    weights, _ = fit(turned, {name: {} for name in TESTS}).weights(TESTS)
    assert weights[2] == 0.0


def test_held_out_people_are_not_in_their_own_fit() -> None:
    rows = made_up(200)
    others = rows.ratios.copy()
    others[rows.people == "person 3"] += 50.0
    moved = rows_of(others, rows.labels)
    apart = rows.people == "person 3"
    weights = []
    for each in (rows, moved):
        found = held_out(each)
        weights.append(
            (found[apart][1] - found[apart][0], each.ratios[apart][1] - each.ratios[apart][0])
        )
    assert weights[0] == (pytest.approx(weights[1][0]), pytest.approx(weights[1][1]))


def test_held_out_scores_of_a_missing_test_are_missing() -> None:
    rows = made_up()
    rows.ratios[5, 0] = np.nan
    assert np.isnan(held_out(rows, ["strong"])[5])
    assert np.isfinite(held_out(rows)[5])


@pytest.mark.slow
def test_every_subset_is_compared_with_the_best_single_test() -> None:
    found = {one.tests: one for one in subsets(made_up())}
    assert len(found) == 7
    assert found["strong",].difference == 0.0
    assert found["strong", "weak"].auc > found["weak",].auc
    assert all(one.low <= one.difference <= one.high for one in found.values())


@pytest.mark.slow
def test_the_scatter_of_cameras_is_found() -> None:
    rng = np.random.default_rng(2)
    labels = np.arange(3_000) % 4 < 2
    offsets = rng.normal(scale=0.8, size=(60, 2))
    ratios = rng.normal(size=(3_000, 2)) + offsets[np.arange(3_000) % 60] + labels[:, None]
    rows = rows_of(ratios, labels, cameras=60)
    found = camera_covariance(rows, fit(rows, {name: {} for name in TESTS[:2]}))
    assert np.sqrt(np.diag(found)) == pytest.approx([0.8, 0.8], abs=0.2)


@pytest.mark.slow
def test_few_cameras_are_not_taken_for_equal_cameras() -> None:
    rows = made_up()
    model = fit(rows, {name: {} for name in TESTS})
    assert model.cameras == pytest.approx(0.1 * model.covariance)


@pytest.mark.slow
def test_each_subset_is_scaled_by_itself() -> None:
    rows = made_up(2_000)
    model = fit(rows, {name: {} for name in TESTS})
    assert len(model.scalings) == 6
    for some in (("strong",), ("weak",), ("strong", "weak")):
        raw = held_out(rows, some)
        scaling = model.scaling_of(some)
        errors = np.logaddexp(
            0, -np.where(rows.labels, 1, -1) * (scaling.slope * raw + scaling.bias)
        )
        usual = np.logaddexp(0, -np.where(rows.labels, 1, -1) * raw)
        assert errors.mean() <= usual.mean() + 1e-6


@pytest.mark.slow
def test_side_information_that_goes_with_larger_errors_widens_the_interval() -> None:
    rng = np.random.default_rng(4)
    base = made_up(2_000)
    blur = rng.random(2_000)
    off = base.ratios + rng.normal(size=(2_000, 1)) * (3.0 * blur)[:, None]
    rows = rows_of(off, base.labels)
    rows = FusionRows(rows.tests, rows.samples, off, tuple({"blur": one} for one in blur.tolist()))
    side = fit(rows, {name: {} for name in TESTS}).side
    assert side.names == ("blur",)
    assert side.factor({"blur": 1.0}) > 1.1 > side.factor({"blur": 0.0})


def test_without_attacks_there_is_no_fusion() -> None:
    rows = made_up()
    with pytest.raises(DatasetError, match="no attack has a score"):
        fit(rows.part(rows.labels), {name: {} for name in TESTS})


def test_a_test_without_scores_is_named() -> None:
    rows = made_up()
    rows.ratios[:, 1] = np.nan
    with pytest.raises(DatasetError, match="'weak' has no score"):
        fit(rows, {name: {} for name in TESTS})


def test_a_class_of_one_person_cannot_be_held_out() -> None:
    rows = made_up()
    one = rows.part(rows.labels | (rows.people == "person 2"))
    with pytest.raises(DatasetError, match="too few people have attack presentations"):
        fit(one, {name: {} for name in TESTS})


def test_a_test_that_answers_for_one_person_only_is_refused() -> None:
    rows = made_up()
    rows.ratios[rows.people != "person 1", 1] = np.nan
    rows.ratios[~rows.labels, 1] = 0.0
    with pytest.raises(DatasetError, match=r"too few people have bona fide .* test 'weak'"):
        fit(rows, {name: {} for name in TESTS})


def test_tests_that_all_rank_attacks_higher_make_no_fusion() -> None:
    rows = made_up()
    rows.ratios[:] = -np.abs(rows.ratios) * np.where(rows.labels, 1.0, -1.0)[:, None]
    with pytest.raises(DatasetError, match="no test has higher scores for bona fide"):
        fit(rows, {name: {} for name in TESTS})
