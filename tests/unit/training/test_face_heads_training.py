"""Training the heads of the face test on made-up statistics."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.evaluation.ranking import auc
from facepad.liveness.face_cnn.heads import Vector
from facepad.training.face import heads as face_heads
from facepad.training.face.features import VIEWS, FaceFeatures
from facepad.training.face.heads import (
    HeadSpec,
    LabelledFeatures,
    as_points,
    context_logits,
    decided,
    fit,
    held_out,
    joined,
    train,
)
from facepad.training.face.run import errors_on
from facepad.training.run import report_text
from facepad.training.scaling import Mask, sample_weights
from facepad.types import Reason, Sample, Split
from installed import needs_scikit_learn

pytestmark = needs_scikit_learn

WIDTH = 6  # statistics of each of two made-up blocks
SPEC = HeadSpec((("tight", 0), ("context", 1)), regularisation_c=300.0)
SETS = ("crop", "context")
SOURCES = ("studio", "phone", "webcam")


def made_up(*, gap: float = 2.0, each: int = 40, split: Split = Split.TRAIN) -> LabelledFeatures:
    """Pictures of three sources, each with an offset of its own; one statistic tells."""
    rng = np.random.default_rng([each, list(Split).index(split)])
    samples, rows = [], []
    for place, source in enumerate(SOURCES):
        for species in (None, "print", "screen"):
            for number in range(each):
                key = f"{split}/{source}/{species}/{number}"
                subject = f"{source} {number % 5}"
                samples.append(Sample(key, key, subject, split, species, source))
                row = rng.normal(0.3 * place, 1.0, (len(VIEWS), 2 * WIDTH))
                row[:, ::WIDTH] += gap * (species is None)
                rows.append(row)
    values = np.array(rows, np.float32)
    blocks = {0: slice(0, WIDTH), 1: slice(WIDTH, 2 * WIDTH)}
    wide = np.ones(len(rows), np.bool_)
    return LabelledFeatures(tuple(samples), FaceFeatures(values, blocks, wide, (None,) * len(rows)))


def test_bona_fide_pictures_of_a_source_left_out_score_higher() -> None:
    seen = made_up()
    assert auc(seen.bona_fide, held_out(seen, SPEC, seen)) > 0.9


def test_where_nothing_tells_sources_left_out_say_so() -> None:
    seen = made_up(gap=0.0)
    assert abs(auc(seen.bona_fide, held_out(seen, SPEC, seen)) - 0.5) < 0.15


@pytest.mark.slow
def test_training_twice_gives_the_same_numbers() -> None:
    a, b = (train(made_up(), SPEC).arrays() for _ in range(2))
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name])


def test_the_threshold_parts_the_classes_of_new_pictures() -> None:
    heads = train(made_up(), SPEC, [made_up(each=25, split=Split.DEV)])
    part = errors_on("new", heads, made_up(each=30, split=Split.TEST))
    assert part.rates.hter < 0.15
    assert part.auc > 0.95


def as_crops(labelled: LabelledFeatures) -> LabelledFeatures:
    narrow = replace(labelled.features, has_context=np.zeros(len(labelled.samples), np.bool_))
    return LabelledFeatures(labelled.samples, narrow)


@pytest.mark.slow
def test_dev_sets_move_the_points_and_neither_heads_nor_scaling() -> None:
    dev = as_crops(made_up(gap=0.5, each=25, split=Split.DEV))
    alone = train(made_up(), SPEC)
    judged = train(made_up(), SPEC, [dev])
    assert judged.scaling == alone.scaling
    assert judged.arrays()["intercepts"].tolist() == alone.arrays()["intercepts"].tolist()
    assert judged.points["crop"] != alone.points["crop"]
    assert judged.points["context"] == alone.points["context"]


def test_given_bounds_are_used_instead_of_selected_ones() -> None:
    bounds = {views: {"balanced": (-1.0, 2.0)} for views in SETS}
    found = train(made_up(), SPEC, [made_up(split=Split.DEV)], bounds)
    assert found.points == as_points(bounds, found.scaling)


def test_of_crops_the_tight_view_stands_for_the_context() -> None:
    seen = made_up()
    heads = fit(seen, SPEC)
    tight = (
        heads[0].logits(seen.features.of("tight", 0)),
        heads[1].logits(seen.features.of("tight", 1)),
    )
    np.testing.assert_allclose(decided(heads, as_crops(seen)), np.mean(tight, axis=0))
    wide = heads[1].logits(seen.features.of("context", 1))
    np.testing.assert_allclose(decided(heads, seen), np.mean([tight[0], wide], axis=0))
    np.testing.assert_allclose(context_logits(heads, seen), wide)


def test_heads_decide_by_the_mean_weighted_by_their_shares() -> None:
    seen = made_up()
    one, two = fit(seen, SPEC)
    shared = (replace(one, share=0.5), replace(two, share=2.0))
    a = one.logits(seen.features.of("tight", 0))
    b = two.logits(seen.features.of("context", 1))
    np.testing.assert_allclose(decided(shared, seen), (0.5 * a + 2.0 * b) / 2.5)
    np.testing.assert_allclose(decided((one, replace(two, share=0.0)), seen), a)


def test_members_are_fitted_beside_and_have_no_share() -> None:
    seen = made_up()
    found = fit(seen, replace(SPEC, members=(("patch", 1), ("tight", 0), ("frame", 0))))
    assert [(head.name, head.share) for head in found] == [
        ("tight 0", 1.0),
        ("context 1", 1.0),
        ("patch 1", 0.0),
        ("frame 0", 0.0),
    ]
    np.testing.assert_array_equal(decided(found, seen), decided(fit(seen, SPEC), seen))


def test_masks_teach_only_heads_of_masks() -> None:
    kinds = ("print", "screen", "partial", "mask", None)
    samples = [Sample("", "", "", Split.TRAIN, kind) for kind in kinds]
    assert [SPEC.teaches(one) for one in samples] == [True, True, True, False, True]
    masks = replace(SPEC, species=("mask",))
    assert [masks.teaches(one) for one in samples] == [False, False, False, True, True]


def test_the_context_is_learned_from_pictures_that_show_it() -> None:
    seen = made_up()
    shows = np.arange(len(seen.samples)) % 3 > 0
    some = LabelledFeatures(seen.samples, replace(seen.features, has_context=shows))
    expected = fit(seen.part(shows), SPEC)[1]
    np.testing.assert_array_equal(fit(some, SPEC)[1].weights, expected.weights)


def test_as_crops_the_context_learns_every_picture_once_more_by_its_tight_view() -> None:
    seen = made_up()
    found = fit(seen, replace(SPEC, as_crops=True))
    tight = seen.features.of("tight", 1)
    mean = np.concatenate([seen.features.of("context", 1), tight]).mean(axis=0, dtype=float)
    np.testing.assert_allclose(found[1].mean, mean)
    np.testing.assert_array_equal(found[0].weights, fit(seen, SPEC)[0].weights)


def test_pictures_without_a_face_take_no_part() -> None:
    seen = made_up()
    values = seen.features.values.copy()
    values[0] = np.nan
    reasons = (Reason.NO_FACE, *seen.features.reasons[1:])
    heads = train(
        LabelledFeatures(seen.samples, replace(seen.features, values=values, reasons=reasons)), SPEC
    )
    assert all(np.isfinite(head.weights).all() for head in heads.heads)


def test_one_source_alone_cannot_be_held_out() -> None:
    seen = made_up()
    one = seen.part(np.array([sample.session == "studio" for sample in seen.samples]))
    with pytest.raises(DatasetError, match="there is only 'studio'"):
        train(one, SPEC)


def test_a_missing_class_is_told() -> None:
    seen = made_up()
    with pytest.raises(DatasetError, match="no attack picture"):
        train(seen.part(seen.bona_fide), SPEC)


def test_joined_sets_keep_their_order() -> None:
    a, b = made_up(each=2), made_up(each=3)
    assert joined([a, b]).samples == (*a.samples, *b.samples)


def test_auc_counts_ties_by_half() -> None:
    labels = np.array([True, False, True, False])
    assert auc(labels, np.array([1.0, 1.0, 2.0, 0.0])) == 0.875


def test_auc_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    labels, values = rng.random(50) < 0.4, np.round(rng.normal(size=50), 1)
    assert auc(labels, values) == pytest.approx(float(roc_auc_score(labels, values)))


def test_the_report_tells_the_background_beside_the_context() -> None:
    heads = train(made_up(), SPEC)
    shown = report_text([errors_on("new", heads, made_up())], heads.operating_point)
    assert "with the face blacked out" in shown


def test_every_picture_twice_gives_the_same_heads() -> None:
    seen = made_up()
    once, twice = fit(seen, SPEC), fit(joined([seen, seen]), SPEC)
    for one, other in zip(once, twice, strict=True):
        np.testing.assert_allclose(other.weights, one.weights, rtol=1e-3, atol=1e-5)


def independent_head(values: Vector, samples: Sequence[Sample]) -> tuple[Vector, float]:
    """Weights and intercept of a head by scikit-learn 1.9, written anew."""
    from sklearn.linear_model import LogisticRegression

    units = (values - values.mean(0)) / (values.std(0) + 1e-3 * values.std())
    labels = [one.pai_species is None for one in samples]
    weights = []
    for one in samples:
        same = [s for s in samples if s.pai_species == one.pai_species]
        sizes = [sum(s.session == source for s in same) for source in {s.session for s in same}]
        own = sum(s.session == one.session for s in same)
        kinds = 1 if one.pai_species is None else 2
        weights.append(len(samples) / 2 / kinds / np.sqrt(own) / np.sqrt(sizes).sum())
    model = LogisticRegression(C=300.0 / len(samples), tol=1e-8, max_iter=2000)
    model.fit(units, labels, weights)
    spread = model.decision_function(units).std()
    return model.coef_[0] / spread, float(model.intercept_[0] / spread)


def test_a_head_is_the_logistic_regression_of_scikit_learn() -> None:
    seen = made_up().part(np.arange(360) % 7 > 0)  # sources of unequal size
    (found,) = fit(seen, replace(SPEC, heads=(("tight", 0),)))
    weights, intercept = independent_head(
        seen.features.of("tight", 0).astype(np.float64), seen.samples
    )
    np.testing.assert_allclose(found.weights, weights, rtol=1e-3, atol=1e-4)
    assert found.intercept == pytest.approx(intercept, abs=1e-4)


Problem = tuple[Vector, Mask, Vector, list[str]]  # units, labels, weight, kinds


def kinds_problem(seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    kinds = [("", "print a", "print b", "screen")[number % 4] for number in range(120)]
    labels = np.array([kind == "" for kind in kinds])
    shift = np.array([0.0 if kind == "print b" else 1.5 for kind in kinds])
    units = rng.normal(size=(120, 4)) + np.outer(np.where(labels, shift, -shift), [1, 0, 0.5, 0])
    return units, labels, rng.uniform(0.5, 1.5, 120), kinds


def even_loss(parameters: Vector, problem: Problem, evenness: float) -> float:
    """Mean loss, evenness times the variance over kinds of attack, and penalty: plain loops."""
    units, labels, weight, kinds = problem
    margin = np.where(labels, 1.0, -1.0) * (units @ parameters[:-1] + parameters[-1])
    each = np.log1p(np.exp(-margin))
    by_kind = []
    for kind in sorted(set(kinds) - {""}):
        own = np.array([one == kind for one in kinds])
        by_kind.append(np.average(each[own], weights=weight[own]))
    pull = float(parameters[:-1] @ parameters[:-1]) / (2.0 * 0.05 * weight.sum())
    return float(np.average(each, weights=weight) + evenness * np.var(by_kind) + pull)


def even(evenness: float, seed: int = 0) -> Vector:
    weights, intercept = face_heads._even(*kinds_problem(seed), (0.05, evenness))
    return np.append(weights, intercept)


@pytest.mark.parametrize("evenness", [0.0, 1.0, 20.0])
def test_the_even_fit_is_a_stationary_point_of_its_loss(evenness: float) -> None:
    problem, found = kinds_problem(), even(evenness)
    step = 1e-5
    slopes = [
        (even_loss(found + step * one, problem, evenness)
         - even_loss(found - step * one, problem, evenness)) / (2 * step)
        for one in np.eye(len(found))
    ]  # fmt: skip
    np.testing.assert_allclose(slopes, 0.0, atol=2e-4)


@pytest.mark.parametrize("evenness", [0.0, 3.0])
def test_the_gradient_of_the_even_loss_is_that_of_finite_differences(
    evenness: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Value and gradient at a point, as given to scipy, against plain loops."""
    import scipy.optimize

    problem = kinds_problem()
    given: list[Callable[[Vector], tuple[float, Vector]]] = []
    solve = scipy.optimize.minimize

    def noted(
        loss: Callable[[Vector], tuple[float, Vector]], *args: object, **names: object
    ) -> object:
        given.append(loss)
        return solve(loss, *args, **names)

    monkeypatch.setattr(scipy.optimize, "minimize", noted)
    face_heads._even(*problem, (0.05, evenness))
    at = np.random.default_rng(5).normal(size=5)
    value, slope = given[0](at)
    assert value == pytest.approx(even_loss(at, problem, evenness), rel=1e-12)
    numeric = scipy.optimize.approx_fprime(at, even_loss, 1e-7, problem, evenness)
    np.testing.assert_allclose(slope, numeric, rtol=1e-4, atol=1e-6)


def test_without_evenness_the_even_fit_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    units, labels, weight, _ = kinds_problem()
    model = LogisticRegression(C=0.05, tol=1e-8).fit(units, labels, weight)
    expected = np.append(model.coef_[0], model.intercept_)
    np.testing.assert_allclose(even(0.0), expected, atol=2e-3)


@pytest.mark.parametrize("seed", range(3))
def test_more_evenness_leaves_less_variance_over_kinds(seed: int) -> None:
    problem = kinds_problem(seed)

    def variance(found: Vector) -> float:
        return even_loss(found, problem, 1.0) - even_loss(found, problem, 0.0)

    spreads = [variance(even(evenness, seed)) for evenness in (0.0, 1.0, 10.0)]
    assert spreads == sorted(spreads, reverse=True)


def test_the_order_of_pictures_does_not_matter_to_the_even_fit() -> None:
    units, labels, weight, kinds = kinds_problem()
    order = np.random.default_rng(1).permutation(len(kinds))
    turned = units[order], labels[order], weight[order], [kinds[row] for row in order]
    weights, intercept = face_heads._even(*turned, (0.05, 1.0))
    np.testing.assert_allclose(np.append(weights, intercept), even(1.0), atol=1e-3)


def test_a_recipe_with_evenness_weighs_kinds_of_artefact_as_loops_do() -> None:
    seen = made_up()
    (found,) = fit(seen, HeadSpec((("tight", 0),), regularisation_c=2.0, evenness=1.0))
    values = seen.features.of("tight", 0)
    units = (values - found.mean) / found.scale
    kinds = [one.pai_species or "" for one in seen.samples]
    weight = sample_weights(seen.samples, by_source=True)
    weights, intercept = face_heads._even(
        units, seen.bona_fide, weight, kinds, (2.0 / len(units), 1.0)
    )
    spread = np.std(units @ weights + intercept)
    np.testing.assert_allclose(found.weights, weights / spread, rtol=1e-6)
