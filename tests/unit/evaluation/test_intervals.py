"""How sure a rate is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_tables import normal, table, tables

from examples import at_most
from facepad.errors import InputError
from facepad.evaluation.intervals import (
    Interval,
    bootstrap,
    clopper_pearson,
    rate_intervals,
    share_interval,
)
from facepad.evaluation.ranking import area_under_curve
from facepad.evaluation.rates import rates_at
from facepad.evaluation.table import ScoreTable, score_table
from facepad.types import OperatingPoint, Split

HALF = OperatingPoint.at(0.5)


def people(rates: "np.typing.NDArray[np.float64]", frames: int, seed: int) -> ScoreTable:
    """Bona fide frames of people who are each turned away at a rate of their own."""
    draw = np.random.default_rng(seed)
    turned_away = draw.random((len(rates), frames)) < rates[:, None]
    names = [str(person) for person in range(len(rates)) for _ in range(frames)]
    values = np.where(turned_away, 0.2, 0.8).ravel()
    return score_table(values, [None] * len(values), names, split=Split.TEST)


def of(made: ScoreTable, *, seed: int = 0, repeats: int = 2000) -> Interval:
    failed = made.values < 0.5
    return share_interval(made, failed, made.bona_fide, repeats=repeats, seed=seed)


def coverage(subjects: int, mean: float, alike: float, studies: int = 400) -> float:
    """Share of made-up studies whose 95 % interval holds the true error rate."""
    draw = np.random.default_rng(7)
    hits = 0
    for study in range(studies):
        rates = draw.beta(mean * alike, (1.0 - mean) * alike, subjects)
        interval = of(people(rates, 20, study), seed=study, repeats=400)
        hits += interval.low <= mean <= interval.high
    return hits / studies


@pytest.mark.slow
@pytest.mark.parametrize(("failures", "trials"), [(0, 10), (3, 10), (10, 10), (1, 200)])
def test_exact_bounds_agree_with_scipy(failures: int, trials: int) -> None:
    from scipy.stats import binomtest  # scipy 1.17.1

    expected = binomtest(failures, trials).proportion_ci(0.95, method="exact")
    found = clopper_pearson(failures, trials)
    assert found == pytest.approx((expected.low, expected.high))


def test_no_failure_of_thirty_leaves_room_for_one_in_nine() -> None:
    # By hand: 1 - 0.025 ** (1 / 30).
    assert clopper_pearson(0, 30) == pytest.approx((0.0, 0.11570), abs=1e-5)


@pytest.mark.parametrize(("failures", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(failures: int, trials: int) -> None:
    with pytest.raises(InputError, match="0 <= failures <= trials"):
        clopper_pearson(failures, trials)


def test_without_failures_the_bound_counts_people_and_not_frames() -> None:
    interval = of(people(np.zeros(12), 50, 0))
    assert interval.method == "exact"
    assert (interval.low, interval.high) == pytest.approx(clopper_pearson(0, 12))


def test_when_all_failed_the_bound_is_exact_from_below() -> None:
    interval = of(people(np.ones(12), 50, 0))
    assert (interval.low, interval.high) == pytest.approx(clopper_pearson(12, 12))


def test_more_frames_of_the_same_people_do_not_make_it_surer() -> None:
    rates = np.repeat([0.0, 1.0], 10)
    few, many = of(people(rates, 1, 0)), of(people(rates, 100, 0))
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.05)


def test_fewer_than_ten_people_are_only_an_indication() -> None:
    assert of(people(np.full(9, 0.3), 20, 0)).indicative
    assert not of(people(np.full(10, 0.3), 20, 0)).indicative


def test_one_person_tells_nothing() -> None:
    interval = of(people(np.full(1, 0.3), 50, 0))
    assert (interval.low, interval.high, interval.indicative) == (0.0, 1.0, True)


def test_nobody_tells_even_less() -> None:
    made = table([], [0.5])
    interval = share_interval(made, made.attack, made.bona_fide)
    assert np.isnan(interval.low)
    assert interval.indicative


def test_people_who_all_fail_alike_still_leave_doubt() -> None:
    failed = ([0.2] + [0.8] * 9) * 12
    names = [str(person) for person in range(12) for _ in range(10)]
    interval = of(score_table(failed, [None] * 120, names, split=Split.TEST))
    assert interval.low < 0.1 < interval.high


def test_the_same_seed_gives_the_same_interval() -> None:
    made = people(np.linspace(0.0, 0.5, 15), 10, 0)
    assert of(made, seed=3) == of(made, seed=3)


def test_intervals_have_the_names_of_the_rates_and_hold_them() -> None:
    made = normal(size=200)
    rates, intervals = rates_at(made, HALF), rate_intervals(made, HALF)
    for name in ("apcer_worst", "bpcer", "acer", "hter"):
        interval = getattr(intervals, name)
        assert interval.low < getattr(rates, name) < interval.high
    assert intervals.apcer.keys() == rates.apcer.keys()


def test_a_mean_of_two_errors_that_never_happened_still_leaves_room() -> None:
    made = table([0.9] * 20, [0.1] * 20)
    acer = rate_intervals(made, HALF).acer
    # By hand: the two bounds of 0.1684 add in quadrature and are halved.
    assert acer.high == pytest.approx(np.hypot(0.16843, 0.16843) / 2, abs=1e-4)


def test_intervals_without_attacks_are_unknown() -> None:
    intervals = rate_intervals(table([0.9] * 12, []), HALF)
    assert np.isnan(intervals.apcer_worst.low)
    assert np.isnan(intervals.acer.high)
    assert intervals.bpcer.method == "exact"


@pytest.mark.slow
def test_the_bootstrap_of_a_figure_agrees_with_theory() -> None:
    # Hanley and McNeil (1982) give the standard error of an AUC of independent people.
    draw = np.random.default_rng(0)
    good, bad = np.clip(draw.normal(0.6, 0.1, 100), 0, 1), np.clip(draw.normal(0.5, 0.1, 100), 0, 1)
    made = table(list(good), list(bad))
    area = area_under_curve(made)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + 99 * (q1 - area**2) + 99 * (q2 - area**2)) / 100**2)
    interval = bootstrap(made, area_under_curve, repeats=1000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_the_bootstrap_of_a_figure_needs_two_people_a_class() -> None:
    interval = bootstrap(table([0.9], [0.1, 0.2]), area_under_curve)
    assert (interval.method, interval.indicative) == ("none", True)


def test_an_interval_without_width_is_only_an_indication() -> None:
    interval = bootstrap(table([0.9] * 12, [0.1] * 12), area_under_curve, repeats=20)
    assert (interval.low, interval.high, interval.indicative) == (1.0, 1.0, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subjects", "mean", "alike", "least"),
    [(10, 0.3, 5.0, 0.94), (20, 0.1, 5.0, 0.93), (40, 0.3, 5.0, 0.93), (10, 0.05, 2.0, 0.89)],
)
def test_the_true_rate_lies_in_the_interval_as_often_as_promised(
    subjects: int, mean: float, alike: float, least: float
) -> None:
    # The last case is hard: one frame in twenty fails, nearly all in a few people.
    assert coverage(subjects, mean, alike) >= least


@pytest.mark.slow
def test_without_failures_the_exact_bound_holds_more_often_than_promised() -> None:
    assert coverage(10, 0.02, 1.0) >= 0.95


@given(st.integers(1, 60), st.data())
def test_exact_bounds_hold_the_share_they_bound(trials: int, data: st.DataObject) -> None:
    failures = data.draw(st.integers(0, trials))
    low, high = clopper_pearson(failures, trials)
    assert 0.0 <= low <= failures / trials <= high <= 1.0


@given(st.integers(1, 60), st.data())
def test_exact_bounds_of_passes_mirror_those_of_failures(trials: int, data: st.DataObject) -> None:
    failures = data.draw(st.integers(0, trials))
    low, high = clopper_pearson(failures, trials)
    assert clopper_pearson(trials - failures, trials) == pytest.approx((1.0 - high, 1.0 - low))


@at_most(25)
@given(tables())
def test_an_interval_of_a_rate_lies_in_the_unit_range_and_holds_it(made: ScoreTable) -> None:
    rates, intervals = rates_at(made, HALF), rate_intervals(made, HALF)
    pairs = [(rates.bpcer, intervals.bpcer), (rates.apcer_worst, intervals.apcer_worst)]
    for rate, interval in pairs:
        assert 0.0 <= interval.low <= rate + 1e-9
        assert rate - 1e-9 <= interval.high <= 1.0


@at_most(25)
@given(st.integers(2, 15), st.integers(0, 100))
def test_a_higher_confidence_never_gives_a_narrower_interval(subjects: int, seed: int) -> None:
    made = people(np.random.default_rng(seed).random(subjects), 5, seed)
    failed = made.values < 0.5
    narrow, wide = (
        share_interval(made, failed, made.bona_fide, level=level, repeats=300)
        for level in (0.8, 0.95)
    )
    assert wide.low <= narrow.low + 1e-12
    assert wide.high >= narrow.high - 1e-12
