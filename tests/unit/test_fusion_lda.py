"""The fitted fusion: weights, missing tests, side information, and its file."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import ModelError, SettingsError
from facepad.fusion import Answer
from facepad.fusion.lda import LdaFusion, discriminant, from_file
from facepad.fusion.side import SideModel
from facepad.models import store
from facepad.models.card import Card
from facepad.scores import AffineScaling, logit, sigmoid
from facepad.testing import check_fusion
from facepad.types import OperatingPoint, Reason, Score

HALF = OperatingPoint.at(0.5)
TESTS = ("a", "b", "c")
MEANS = np.array([[-1.0, -0.5, -0.2], [1.5, 0.7, 0.4]])
COVARIANCE = np.array([[1.0, 0.2, 0.1], [0.2, 0.8, 0.3], [0.1, 0.3, 1.2]])
POINTS = MappingProxyType(
    {"convenience": (-1.0, 0.2), "balanced": (-1.0, 0.5), "strict": (-1.0, 1.0)}
)
CARD = Card("Fusion", "1", "data", "Apache-2.0", "recipe", "results", "limits")


def fusion(**other: object) -> LdaFusion:
    model = LdaFusion(
        tests=TESTS,
        versions={name: {name: f"{name}-1"} for name in TESTS},
        means=MEANS,
        covariance=COVARIANCE,
        cameras=0.25 * np.eye(3),
        scaling=AffineScaling(1.0, 0.0),
        bounds=POINTS,
    )
    return replace(model, **other)  # type: ignore[arg-type]


def answers(**scores: float | Score) -> dict[str, Answer]:
    return {
        name: Answer(one if isinstance(one, Score) else Score(one), HALF)
        for name, one in scores.items()
    }


def normal_ratio(values: np.ndarray, rows: list[int]) -> float:
    """The log-likelihood ratio of two normal distributions, by SciPy's densities."""
    from scipy.stats import multivariate_normal  # slow to import

    inner = COVARIANCE[np.ix_(rows, rows)]
    attack, bona_fide = (multivariate_normal(mean[rows], inner) for mean in MEANS)
    return float(bona_fide.logpdf(values) - attack.logpdf(values))


@pytest.mark.parametrize("rows", [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]])
def test_the_ratio_is_that_of_two_normal_distributions_also_where_tests_are_missing(
    rows: list[int],
) -> None:
    # SciPy 1.17 multivariate_normal is the independent implementation.
    values = np.array([0.3, -0.4, 0.9])[rows]
    given_ratios = {TESTS[row]: float(value) for row, value in zip(rows, values, strict=True)}
    assert fusion().ratio(given_ratios) == pytest.approx(normal_ratio(values, rows), abs=1e-9)


def test_the_weights_are_those_of_bounded_least_squares() -> None:
    # SciPy 1.17 nnls on the Cholesky factor is the independent implementation.
    from scipy.optimize import nnls  # slow to import

    rng = np.random.default_rng(3)
    for _ in range(30):
        root = rng.normal(size=(4, 4)) + 2.0 * np.eye(4)
        covariance, difference = root @ root.T, rng.normal(size=4)
        lower = np.linalg.cholesky(covariance)
        expected, _ = nnls(lower.T, np.linalg.solve(lower, difference))
        assert discriminant(covariance, difference) == pytest.approx(expected, abs=1e-7)


@given(st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3), st.integers(0, 2))
def test_a_higher_score_of_a_test_never_lowers_the_fused_score(
    values: list[float], place: int
) -> None:
    higher = list(values)
    higher[place] = min(0.999, values[place] + 0.005)
    first, second = (
        fusion()(answers(**dict(zip(TESTS, some, strict=True)))).value for some in (values, higher)
    )
    assert first is not None
    assert second is not None
    assert second >= first


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_an_abstaining_test_counts_as_missing(first: float, abstains: float) -> None:
    doubt = Score(abstains, Reason.UNFAMILIAR_CAMERA)
    alone = fusion()(answers(a=first))
    assert fusion()(answers(a=first, b=doubt)).value == alone.value
    assert fusion()(answers(a=first, b=Score(None, Reason.NO_FACE))).value == alone.value


def test_a_missing_test_is_not_a_score_in_the_middle() -> None:
    without, middle = fusion()(answers(a=0.9)), fusion()(answers(a=0.9, b=0.5, c=0.5))
    assert without.value != pytest.approx(middle.value, abs=1e-3)


def test_side_information_changes_the_interval_and_never_the_score() -> None:
    side = SideModel(("blur",), np.array([1.0]), np.array([0.5]), np.array([0.4]))
    model = fusion(side=side)
    blurred = {name: replace(one, side={"blur": 2.0}) for name, one in answers(a=0.8).items()}
    sharp, soft = model(answers(a=0.8)), model(blurred)
    assert soft.value == sharp.value
    assert soft.interval
    assert sharp.interval
    assert soft.interval[0] < sharp.interval[0]
    assert sharp.margin == 0.0
    assert soft.margin > 0.0


def test_side_information_that_is_not_finite_counts_as_missing() -> None:
    side = SideModel(("blur",), np.array([1.0]), np.array([0.5]), np.array([0.4]))
    assert side.factor({"blur": float("nan")}) == side.factor({}) == 1.0


def test_side_information_cannot_make_the_interval_infinite() -> None:
    side = SideModel(("blur",), np.array([1.0]), np.array([0.5]), np.array([1e9]))
    assert math.isfinite(side.factor({"blur": 2.0}))
    assert side.factor({"blur": 0.0}) > 0.0


def test_contributions_sum_to_the_ratio_without_the_bias() -> None:
    model = fusion(scaling=AffineScaling(1.3, -0.2))
    given_answers = answers(a=0.7, b=0.2, c=0.6)
    parts = model.contributions(given_answers)
    fused = model(given_answers)
    assert fused.value is not None
    assert sum(parts.values()) - 0.2 == pytest.approx(logit(fused.value))


def test_the_operating_point_is_the_one_that_the_tests_were_asked_for() -> None:
    strict = OperatingPoint("strict", 0.9, 0.1, 0.9)
    fused = fusion()({"a": Answer(Score(0.5), strict)})
    assert fused.operating_point.name == "strict"
    assert fused.operating_point.high == pytest.approx(sigmoid(1.0))


def test_a_test_that_was_not_fitted_on_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="was fitted on a, b, c, not on d"):
        fusion()(answers(d=0.5))


def test_it_keeps_the_contract_of_a_fusion() -> None:
    check_fusion(fusion(), tests=TESTS)


def test_the_file_gives_the_same_fusion_back(tmp_path: Path) -> None:
    side = SideModel(("blur",), np.array([1.0]), np.array([0.5]), np.array([0.4]))
    model = fusion(side=side, scaling=AffineScaling(1.3, -0.2))
    store.save_arrays(tmp_path / "own.npz", model.arrays(), CARD)
    read = from_file(tmp_path / "own.npz")
    given_answers = answers(a=0.7, c=0.6)
    assert read(given_answers) == model(given_answers)
    assert read.version.startswith("own+")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("means", np.zeros((2, 2)), "shapes"),
        ("covariance", np.ones((3, 3)), "positive definite"),
        ("covariance", np.full((3, 3), np.nan), "finite"),
        ("covariance", np.eye(3) + np.eye(3, k=1) / 2, "symmetric"),
        ("tests", np.array(["a", "a", "b"]), "named once"),
        ("means", np.full((2, 3), 1e300), "finite numbers below"),
        ("scaling", np.array([1.0, np.nan]), "finite"),
        ("bounds", np.full((3, 2), np.inf), "finite"),
        ("scaling", np.array([-1.0, 0.0]), "slope above 0"),
        ("bounds", np.array([[1.0, 0.0]] * 3), "not above"),
        ("points", np.array(["x", "y", "z"]), "convenience"),
        ("versions", np.array("{"), "holds no fusion"),
        ("versions", np.array(json.dumps({"a": {}})), "holds no fusion"),
        ("versions", np.array(json.dumps({name: [] for name in TESTS})), "no mappings"),
        ("versions", np.array("[" * 100_000), "too deeply"),
        ("side_numbers", np.zeros((3, 4)), "measures"),
    ],
)
def test_a_damaged_file_is_a_model_error(name: str, value: np.ndarray, words: str) -> None:
    arrays = fusion().arrays() | {name: value}
    with pytest.raises(ModelError, match=words):
        LdaFusion.from_arrays(arrays, "file")


def test_a_subset_of_the_tests_has_a_scaling_of_its_own() -> None:
    model = fusion(scalings={("a",): AffineScaling(0.5, 0.1)})
    assert model.ratio({"a": 0.3}) == pytest.approx(0.5 * fusion().ratio({"a": 0.3}) + 0.1)
    assert model.ratio({"a": 0.3, "b": 0.1}) == fusion().ratio({"a": 0.3, "b": 0.1})
    read = LdaFusion.from_arrays(model.arrays(), "file")
    assert read.scalings == {("a",): AffineScaling(0.5, 0.1)}


def test_side_information_at_most_halves_or_doubles_the_interval() -> None:
    side = SideModel(("a", "b"), np.zeros(2), np.ones(2), np.array([2.0, 2.0]))
    assert side.factor({"a": 9.0, "b": 9.0}) == pytest.approx(2.0)
    assert side.factor({"a": -9.0}) == pytest.approx(0.5)
