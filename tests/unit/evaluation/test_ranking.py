"""Figures that rank systems."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from score_tables import normal, table, tables

from facepad.errors import InputError
from facepad.evaluation.ranking import area_under_curve, curve, rank
from facepad.evaluation.table import ScoreTable
from facepad.types import Split


def mirrored(made: ScoreTable) -> ScoreTable:
    """The same scores upside down, with the classes exchanged."""
    kinds = np.where(made.bona_fide, 0, -1)
    return replace(made, values=1.0 - made.values, kinds=kinds, species=("print",))


def test_the_figures_say_where_their_threshold_comes_from() -> None:
    assert rank(table([0.9], [0.1])).label == "ranking, threshold from test"
    assert rank(normal(split=Split.DEV)).label == "ranking, threshold from dev"


def test_the_area_counts_ties_as_half() -> None:
    # Pairs: 0.5 beats 0.2, ties with 0.5; 0.8 beats both.
    assert area_under_curve(table([0.5, 0.8], [0.2, 0.5])) == pytest.approx(3.5 / 4)


def test_equal_errors_of_a_hand_worked_case() -> None:
    # At 0.45 one of four on each side is wrong.
    made = table([0.4, 0.6, 0.7, 0.8], [0.1, 0.2, 0.3, 0.5])
    assert rank(made).eer == pytest.approx(0.25)


def test_bpcer_at_fixed_apcer_of_a_hand_worked_case() -> None:
    # Ten attacks 0.05 to 0.95: 10 % lets one through, so the threshold is above 0.85.
    attacks = [0.05 + 0.1 * i for i in range(10)]
    found = rank(table([0.80, 0.90, 0.99, 0.99], attacks))
    assert (found.bpcer10, found.bpcer20, found.bpcer100) == pytest.approx((0.25, 0.5, 0.5))


def test_the_worst_species_sets_the_bpcer_at_fixed_apcer() -> None:
    species = ["print"] * 99 + ["mask"]
    found = rank(table([0.5, 0.9], [0.1] * 99 + [0.7], species=species))
    assert found.bpcer10 == pytest.approx(0.5)


def test_presentations_without_a_score_are_left_out_and_counted() -> None:
    found = rank(table([0.9, None], [0.1, None, None]))
    assert (found.auc, found.non_responses) == (1.0, 3)


def test_a_class_without_scores_cannot_be_ranked() -> None:
    with pytest.raises(InputError, match="no attack presentation of the test part has one"):
        rank(table([0.9], [None]))


def test_the_thresholds_reach_from_accepting_all_to_accepting_none() -> None:
    errors = curve(table([0.0, 1.0], [0.0, 1.0]))
    assert (errors.bpcer[0], errors.apcer_pooled[0]) == (0.0, 1.0)
    assert (errors.bpcer[-1], errors.apcer_pooled[-1]) == (1.0, 0.0)
    assert np.isinf(errors.thresholds[-1])


def test_scores_that_almost_touch_are_told_apart() -> None:
    low = 0.5
    high = float(np.nextafter(low, 1.0))
    errors = curve(table([high], [low]))
    assert (errors.bpcer[1], errors.apcer_pooled[1]) == (0.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_area_agrees_with_scikit_learn(seed: int) -> None:
    from sklearn.metrics import roc_auc_score  # scikit-learn 1.9.1

    made = normal(seed).equal_subjects()
    expected = roc_auc_score(made.bona_fide, np.round(made.values, 1), sample_weight=made.weights)
    assert area_under_curve(replace(made, values=np.round(made.values, 1))) == pytest.approx(
        expected
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_equal_errors_agree_with_the_curve_of_scikit_learn(seed: int) -> None:
    from scipy.optimize import brentq  # scipy 1.17.1
    from sklearn.metrics import roc_curve  # scikit-learn 1.9.1

    made = normal(seed).equal_subjects()
    false, true, _ = roc_curve(
        made.bona_fide, made.values, sample_weight=made.weights, drop_intermediate=False
    )
    expected = brentq(lambda x: 1.0 - x - np.interp(x, false, true), 0.0, 1.0)
    assert rank(made).eer == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("apcer", "name"), [(0.1, "bpcer10"), (0.05, "bpcer20"), (0.01, "bpcer100")]
)
def test_bpcer_at_fixed_apcer_agrees_with_the_curve_of_scikit_learn(
    apcer: float, name: str
) -> None:
    from sklearn.metrics import roc_curve  # scikit-learn 1.9.1

    made = normal(5)
    made = made.keep(made.bona_fide | made.of_species("print"))
    false, true, _ = roc_curve(made.bona_fide, made.values, drop_intermediate=False)
    expected = 1.0 - true[false <= apcer].max()
    assert getattr(rank(made), name) == pytest.approx(expected)


@given(tables(responses_only=True))
def test_the_area_of_exchanged_classes_upside_down_is_the_same(made: ScoreTable) -> None:
    assert area_under_curve(mirrored(made)) == pytest.approx(area_under_curve(made))


@given(tables())
def test_the_area_is_the_share_of_pairs_in_the_right_order(made: ScoreTable) -> None:
    good = made.values[made.bona_fide & made.answered][:, None]
    bad = made.values[made.attack & made.answered][None, :]
    pairs = np.mean((good > bad) + 0.5 * (good == bad))
    assert area_under_curve(made) == pytest.approx(pairs)


@given(tables())
def test_equal_errors_do_not_depend_on_a_monotonic_change_of_scale(made: ScoreTable) -> None:
    assert rank(replace(made, values=made.values**3)).eer == pytest.approx(rank(made).eer)


@given(tables())
def test_equal_errors_lie_between_the_two_errors_at_every_threshold(made: ScoreTable) -> None:
    errors = curve(made)
    assert np.all(rank(made).eer >= np.minimum(errors.bpcer, errors.apcer_pooled) - 1e-9)
    assert np.all(rank(made).eer <= np.maximum(errors.bpcer, errors.apcer_pooled) + 1e-9)


@given(tables())
def test_fewer_accepted_attacks_never_cost_fewer_people(made: ScoreTable) -> None:
    found = rank(made)
    assert 0.0 <= found.bpcer10 <= found.bpcer20 <= found.bpcer100 <= 1.0


@given(tables())
def test_bpcer_at_fixed_apcer_does_not_depend_on_a_monotonic_change_of_scale(
    made: ScoreTable,
) -> None:
    changed = rank(replace(made, values=made.values**3))
    assert changed.bpcer10 == pytest.approx(rank(made).bpcer10)
