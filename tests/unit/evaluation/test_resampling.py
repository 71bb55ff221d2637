"""Intervals of ranking figures and bands of curves."""

import numpy as np
import pytest
from hypothesis import given
from score_tables import normal, table, tables

from examples import at_most
from facepad.evaluation.intervals import bootstrap, draws
from facepad.evaluation.ranking import area_under_curve, rank
from facepad.evaluation.resampling import FIGURES, ranking_intervals, resampled_figures
from facepad.evaluation.table import ScoreTable, score_table
from facepad.types import Split


@pytest.mark.slow
@pytest.mark.parametrize("figure", FIGURES)
def test_the_quick_way_agrees_with_recomputing_each_figure(figure: str) -> None:
    made = normal(size=200)
    quick = ranking_intervals(made, repeats=600).intervals[figure]
    slow = bootstrap(made, lambda drawn: float(getattr(rank(drawn), figure)), repeats=600)
    width = slow.high - slow.low
    assert (quick.low, quick.high) == pytest.approx((slow.low, slow.high), abs=0.2 * width)


def test_each_interval_holds_its_figure() -> None:
    made = normal(size=200)
    found, figures = ranking_intervals(made, repeats=400), rank(made)
    for name, interval in found.intervals.items():
        assert interval.low <= getattr(figures, name) <= interval.high


def test_an_area_between_two_people_a_class_agrees_with_theory() -> None:
    # Hanley and McNeil (1982), as for the general bootstrap.
    draw = np.random.default_rng(0)
    good, bad = np.clip(draw.normal(0.6, 0.1, 100), 0, 1), np.clip(draw.normal(0.5, 0.1, 100), 0, 1)
    made = table(list(good), list(bad))
    area = area_under_curve(made)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + 99 * (q1 - area**2) + 99 * (q2 - area**2)) / 100**2)
    interval = ranking_intervals(made).intervals["auc"]
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_the_band_holds_the_curve_and_falls() -> None:
    band = ranking_intervals(normal(size=200), repeats=400).band
    assert np.all(band.low <= band.bpcer + 1e-9)
    assert np.all(band.bpcer <= band.high + 1e-9)
    assert np.all(np.diff(band.bpcer) <= 1e-12)


def test_one_person_a_class_has_no_interval_and_no_band() -> None:
    found = ranking_intervals(table([0.9], [0.1, 0.2]), repeats=50)
    assert found.intervals["auc"].method == "none"
    assert np.isnan(found.band.low).all()


def test_thinned_thresholds_change_an_interval_by_little(monkeypatch: pytest.MonkeyPatch) -> None:
    made = normal(size=400)
    exact = ranking_intervals(made, repeats=400).intervals
    monkeypatch.setattr("facepad.evaluation.resampling.MOST_CELLS", 0)
    monkeypatch.setattr("facepad.evaluation.resampling.FEWEST_CUTS", 100)
    thinned = ranking_intervals(made, repeats=400).intervals
    for name in ("auc", "eer"):
        assert thinned[name].low == pytest.approx(exact[name].low, abs=0.01)


def test_a_species_that_was_not_drawn_is_left_out_of_the_worst() -> None:
    values = [0.9, 0.8, 0.7, 0.1, 0.2, 0.95]
    kinds = [None, None, None, "print", "print", "mask"]
    made = score_table(values, kinds, list("abcdef"), split=Split.TEST)
    interval = ranking_intervals(made, repeats=300).intervals["bpcer10"]
    assert (interval.low, interval.high) == (0.0, 1.0)


@pytest.mark.slow
def test_the_true_area_lies_in_its_interval_as_often_as_promised() -> None:
    # People differ (spread 1) as much as pictures of one person do; classes lie 2 apart.
    from scipy.special import ndtr

    draw = np.random.default_rng(5)
    subjects, frames, studies = 15, 8, 150
    true = float(ndtr(2.0 / np.sqrt(4.0)))
    kinds = [kind for kind in (None, "print") for _ in range(subjects * frames)]
    names = [f"{p}" for _ in range(2) for p in range(subjects) for _ in range(frames)]
    hits = 0
    for study in range(studies):
        middle = draw.normal(0.0, 1.0, (2, subjects, 1)) + np.array([2.0, 0.0])[:, None, None]
        scores = ndtr(draw.normal(middle, 1.0, (2, subjects, frames)) / 3.0).ravel()
        made = score_table(scores, kinds, names, split=Split.TEST)
        interval = ranking_intervals(made, repeats=200, seed=study).intervals["auc"]
        hits += interval.low <= true <= interval.high
    assert hits / studies >= 0.90


@at_most(25)
@given(tables())
def test_every_interval_lies_in_the_unit_range(made: ScoreTable) -> None:
    for interval in ranking_intervals(made, repeats=100).intervals.values():
        assert np.isnan(interval.low) or -1e-9 <= interval.low <= interval.high <= 1.0 + 1e-9


@at_most(15)
@given(tables(responses_only=True))
def test_swapping_the_classes_of_turned_scores_leaves_the_area(made: ScoreTable) -> None:
    turned = score_table(
        1.0 - made.values,
        ["print" if genuine else None for genuine in made.bona_fide],
        [made.subjects[person] for person in made.people],
        split=Split.TEST,
    )
    one, other = (ranking_intervals(each, repeats=400).intervals["auc"] for each in (made, turned))
    assert np.isnan(one.low) == np.isnan(other.low)
    if one.subjects > 2 and not np.isnan(one.low):  # of few people the ends move in large steps
        assert max(one.low, other.low) <= min(one.high, other.high) + 1e-9


def test_the_same_people_are_drawn_in_pieces_of_any_size() -> None:
    # Paired differences rest on it: two systems may be resampled in different pieces.
    whole = np.concatenate(list(draws(7, 50, seed=3)))
    pieces = list(draws(7, 50, seed=3, width=200_000))
    assert len(pieces) > 3
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_equal_scores_have_equal_figures_in_each_resampling() -> None:
    made = normal(size=40)
    first, second = (resampled_figures(made, repeats=50, seed=1) for _ in range(2))
    assert set(first) == {"auc", "eer"}
    np.testing.assert_array_equal(first["auc"], second["auc"])
