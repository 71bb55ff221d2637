"""Cllr, its minimum and reliability: reference numbers, properties, intervals over subjects."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from score_tables import normal, table, tables

from facepad.errors import InputError
from facepad.evaluation.ratio_costs import FEWEST, cllr, minimum_cllr, ratio_quality
from facepad.evaluation.table import ScoreTable, score_table
from facepad.types import Split

BONA_FIDE, ATTACK = (0.9, 0.8, 0.6, 0.4, 0.95, 0.7, 0.7), (0.1, 0.3, 0.7, 0.2, 0.05)


def drawn(bona_fide: int = 40, attack: int = 60) -> ScoreTable:
    """Two overlapping classes of ratios, every subject once."""
    draw = np.random.default_rng(5)
    ratios = np.concatenate([draw.normal(1.5, 1.2, bona_fide), draw.normal(-1.0, 1.2, attack)])
    kinds = [None] * bona_fide + ["print"] * attack
    people = [str(number) for number in range(bona_fide + attack)]
    return score_table(1.0 / (1.0 + np.exp(-ratios)), kinds, people, split=Split.TEST)


def test_costs_equal_those_of_an_independent_implementation() -> None:
    # lir 1.3.1 (Netherlands Forensic Institute), metrics.cllr and cllr_min, of logits / ln(10)
    few = table(BONA_FIDE, ATTACK)
    assert cllr(few) == pytest.approx(0.5396593254264492, abs=1e-12)
    assert minimum_cllr(few) == pytest.approx(0.31845594580375963, abs=1e-12)
    assert cllr(drawn()) == pytest.approx(0.5328014781054065, abs=1e-12)
    assert minimum_cllr(drawn()) == pytest.approx(0.3397307094275348, abs=1e-12)


@settings(max_examples=40)
@given(tables(responses_only=True))
def test_ratios_of_one_cost_one_bit(any_table: ScoreTable) -> None:
    assert cllr(replace(any_table, values=np.full(len(any_table.values), 0.5))) == pytest.approx(1)


@settings(max_examples=40)
@given(tables())
def test_the_best_scaling_costs_no_more(any_table: ScoreTable) -> None:
    assert -1e-12 <= minimum_cllr(any_table) <= min(1.0, cllr(any_table)) + 1e-12


@settings(max_examples=40)
@given(tables())
def test_a_monotone_change_leaves_the_minimum(any_table: ScoreTable) -> None:
    changed = replace(any_table, values=(any_table.values + 0.1) ** 3 / 2.0)
    assert minimum_cllr(changed) == pytest.approx(minimum_cllr(any_table))


def test_repeating_a_class_changes_nothing() -> None:
    assert cllr(table(BONA_FIDE * 3, ATTACK)) == pytest.approx(cllr(table(BONA_FIDE, ATTACK)))


def test_certainty_in_the_wrong_class_costs_a_clamped_ratio() -> None:
    # log2(1 + exp(10)) for the one attack, nearly nothing for bona fide
    assert cllr(table([1.0], [1.0])) == pytest.approx(np.log2(1 + np.exp(10)) / 2, abs=1e-4)


def test_both_classes_are_needed() -> None:
    with pytest.raises(InputError, match="no attack presentation"):
        ratio_quality(table([0.5], [None]))


def test_intervals_hold_their_figures_and_are_of_the_smaller_class() -> None:
    found = ratio_quality(drawn(), repeats=200)
    for value, sure in (
        (found.cllr, found.cllr_interval),
        (found.cllr_min, found.cllr_min_interval),
    ):
        assert sure.low < value < sure.high
        assert (sure.method, sure.subjects) == ("bootstrap", 40)


def test_one_subject_gives_no_interval() -> None:
    scored = score_table([0.9, 0.2], [None, "print"], ["a", "b"], split=Split.TEST)
    assert ratio_quality(scored).cllr_interval.method == "none"


def test_bins_hold_enough_presentations_and_all_of_them() -> None:
    found = ratio_quality(normal(size=300), repeats=100)
    assert sum(each.presentations for each in found.bins) == found.presentations == 600
    assert all(each.presentations >= FEWEST for each in found.bins)
    assert all(each.interval.low <= each.observed <= each.interval.high for each in found.bins)


def test_few_presentations_share_one_bin() -> None:
    (only,) = ratio_quality(table(BONA_FIDE, ATTACK), repeats=100).bins
    assert only.observed == pytest.approx(0.5)  # both classes weigh alike
    assert only.predicted == pytest.approx((np.mean(BONA_FIDE) + np.mean(ATTACK)) / 2)


def test_a_bin_of_one_class_has_an_exact_bound() -> None:
    scored = table([0.95] * 25 + [0.05], [0.05] * 25)
    last = ratio_quality(scored, repeats=100).bins[-1]
    assert (last.observed, last.interval.method, last.interval.high) == (1.0, "exact", 1.0)
    assert last.interval.low == pytest.approx(0.8628, abs=1e-4)  # 0.025 ** (1 / 25)


def test_reliable_scores_lie_on_the_diagonal() -> None:
    draw = np.random.default_rng(0)
    probabilities = draw.uniform(0, 1, 8000)
    kinds = [None if draw.uniform() < p else "print" for p in probabilities]
    people = [str(number % 400) for number in range(8000)]
    found = ratio_quality(score_table(probabilities, kinds, people, split=Split.TEST), repeats=100)
    assert len(found.bins) == 10
    assert max(abs(each.observed - each.predicted) for each in found.bins) < 0.04
    assert found.cllr - found.cllr_min < 0.02
