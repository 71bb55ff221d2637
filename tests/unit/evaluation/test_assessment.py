"""One call says everything, on any scale, and never at a threshold from test."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_scores import crowd, row, rows

from examples import at_most
from facepad.errors import InputError
from facepad.evaluation.aggregation import Scored
from facepad.evaluation.assessment import (
    Aim,
    Assessment,
    GivenPoint,
    Rule,
    Sampling,
    assess,
)
from facepad.evaluation.choices import ScoreDirection
from facepad.types import OperatingPoint, Split

QUICK = Sampling(repeats=100)
DEV = rows([3.0, 4.0, 5.0, 6.0], [-9.0, -8.0, -7.0, 3.5], split=Split.DEV)
MONOTONE: dict[str, Callable[[float], float]] = {
    "stretched": lambda v: 1000.0 * v + 5.0,
    "cubed": lambda v: v**3,
    "squashed": lambda v: float(np.tanh(v / 40.0)),
    "exponential": lambda v: float(np.exp(v / 10.0)),
}


def changed(made: tuple[Scored, ...], change: Callable[[float], float]) -> tuple[Scored, ...]:
    return tuple(
        replace(one, value=None if one.value is None else change(one.value)) for one in made
    )


def figures(found: Assessment) -> list[object]:
    """All that does not stand on the system's own scale."""
    return [
        found.ranking,
        [(p.rates.apcer, p.rates.bpcer, p.intervals, p.rates.confusion) for p in found.points],
        found.ranking_intervals and found.ranking_intervals.intervals,
    ]


def test_the_threshold_is_a_score_of_dev_on_its_own_scale() -> None:
    # By hand: below 4 lie one of four bona fide, at or above it none of four attacks; below
    # 3.5 lie one of four and at or above it one of four attacks: equal errors there.
    found = assess(rows([3.6, 2.0], [3.4, 9.0]), {"dev": DEV}, sampling=QUICK)
    (point,) = found.points
    assert (point.name, point.origin, point.threshold) == ("dev_eer", "chosen on dev", 3.5)
    assert (point.rates.apcer["print"], point.rates.bpcer) == (0.5, 0.5)


def test_a_threshold_chosen_on_test_is_an_error_that_explains_itself() -> None:
    test = rows([1.0], [0.0])
    with pytest.raises(InputError, match="must be chosen on dev scores, got test scores: error"):
        assess(test, {"test": test})


def test_without_dev_and_threshold_there_are_only_ranking_figures_and_it_says_why() -> None:
    found = assess(rows([5.0, 7.0], [-1.0, 6.0]), sampling=QUICK)
    assert found.points == ()
    assert "no dev scores" in found.remark
    assert found.ranking is not None
    assert found.ranking.label == "ranking, threshold from test"
    assert found.ranking.auc == 0.75  # by hand: three of four pairs in order


def test_a_given_threshold_is_reported_as_given() -> None:
    given_point = GivenPoint("given", 6.0)
    found = assess(rows([5.0, 7.0], [-1.0, 6.0]), given=[given_point], sampling=QUICK)
    (point,) = found.points
    assert (point.threshold, point.origin) == (6.0, "fixed beforehand")
    assert (point.rates.apcer_worst, point.rates.bpcer) == (0.5, 0.5)


def test_a_band_on_the_systems_scale_leaves_scores_undecided() -> None:
    point = GivenPoint("as shipped", 5.0, 4.0, 6.0)
    found = assess(rows([4.0, 6.0], [5.5, 3.9]), given=[point], sampling=QUICK)
    rates = found.points[0].rates
    assert (rates.bona_fide_uncertain, rates.attack_uncertain) == (0.5, 0.5)
    assert (rates.apcer_worst, rates.bpcer) == (0.0, 0.5)


def test_a_row_with_a_point_of_its_own_counts_at_it_where_the_given_one_allows() -> None:
    own = OperatingPoint("own", 0.9, 0.2, 0.9)
    made = (
        row("1", 0.7),
        replace(row("2", 0.7), point=own),  # uncertain
        row("3", 0.3, "print"),
        replace(row("4", 0.3, "print"), point=own),  # uncertain, though below 0.5
        replace(row("5", 0.1, "print"), point=own),
    )
    both = [GivenPoint("a", 0.5, of_each=True), GivenPoint("b", 0.5)]
    each, all_alike = assess(made, given=both, sampling=QUICK).points
    assert (each.rates.bpcer, each.rates.bona_fide_uncertain) == (0.5, 0.5)
    assert each.rates.attack_uncertain == pytest.approx(1 / 3)
    assert (all_alike.rates.bpcer, all_alike.rates.attack_uncertain) == (0.0, 0.0)
    assert each.rates.point == replace(all_alike.rates.point, name="a")


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=9), st.floats(0.0, 1.0))
@at_most(30)
def test_rows_with_the_given_point_as_their_own_count_as_without(
    values: list[float], threshold: float
) -> None:
    plain = rows(values[1:], values[:1])
    point = GivenPoint("a", threshold, of_each=True)
    own = tuple(replace(one, point=OperatingPoint.at(threshold)) for one in plain)
    found = [assess(made, given=[point], sampling=QUICK).points[0] for made in (plain, own)]
    assert found[0].rates == found[1].rates


def test_non_responses_and_doubts_are_counted_under_both_readings() -> None:
    made = (
        row("1", 9.0),
        row("2", None, reason="no_face"),
        row("3", 8.0, reason="unfamiliar_camera"),
        row("4", 1.0, "print"),
        row("5", None, "print", reason="no_face"),
    )
    (point,) = assess(made, given=[GivenPoint("given", 5.0)], sampling=QUICK).points
    assert point.rates.bpnrr == pytest.approx(1 / 3)
    assert point.rates.bona_fide_uncertain == pytest.approx(1 / 3)
    assert point.rates.bpcer == pytest.approx(2 / 3)
    assert point.decided.bpcer == 0.0
    assert point.rates.apnrr == {"print": 0.5}


def test_a_part_with_one_class_has_errors_and_no_ranking() -> None:
    found = assess([row("1", 9.0)], given=[GivenPoint("given", 5.0)], sampling=QUICK)
    assert found.ranking is None
    assert found.points[0].rates.bpcer == 0.0


def test_a_system_that_never_answers_turns_everybody_away() -> None:
    made = (row("1", None, reason="no_face"), row("2", None, "print", reason="no_face"))
    (point,) = assess(made, given=[GivenPoint("given", 5.0)], sampling=QUICK).points
    assert (point.rates.bpcer, point.rates.apcer_worst) == (1.0, 0.0)


def test_thresholds_of_several_dev_parts_stand_side_by_side() -> None:
    other = rows([30.0, 40.0], [1.0, 2.0], split=Split.DEV)
    found = assess(rows([5.0], [0.0]), {"a dev": DEV, "b dev": other}, sampling=QUICK)
    assert [point.origin for point in found.points] == ["chosen on a dev", "chosen on b dev"]
    assert found.points[1].rates.bpcer == 1.0


@pytest.mark.parametrize(
    ("rule", "threshold"), [("bpcer=25", 4.0), ("apcer=25", 3.0), ("apcer=0", 4.0)]
)
def test_fixed_errors_choose_a_score_of_dev(rule: str, threshold: float) -> None:
    found = assess(rows([5.0], [0.0]), {"dev": DEV}, rule=Rule.parse(rule), sampling=QUICK)
    assert found.points[0].threshold == threshold


@pytest.mark.parametrize("text", ["eer=5", "bpcer", "apcer=100", "apcer=x", "test", "bpcer=-1"])
def test_a_rule_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="a rule is 'eer', 'bpcer=5' or 'apcer=1'"):
        Rule.parse(text)


def test_a_rule_is_read_in_percent() -> None:
    assert Rule.parse("bpcer=2.5") == Rule(Aim.BPCER, 0.025)


@pytest.mark.slow
@pytest.mark.parametrize("change", MONOTONE.values(), ids=MONOTONE)
def test_a_rising_change_of_the_scale_changes_no_figure(change: Callable[[float], float]) -> None:
    test, dev = crowd(Split.TEST), crowd(Split.DEV)
    before = assess(test, {"dev": dev}, sampling=QUICK)
    after = assess(changed(test, change), {"dev": changed(dev, change)}, sampling=QUICK)
    assert figures(after) == figures(before)
    assert after.points[0].threshold == pytest.approx(change(before.points[0].threshold))


def test_negated_scores_of_a_scale_where_higher_is_attack_give_the_same_figures() -> None:
    test, dev = crowd(Split.TEST), crowd(Split.DEV)
    before = assess(test, {"dev": dev}, sampling=QUICK)
    after = assess(
        changed(test, lambda v: -v),
        {"dev": changed(dev, lambda v: -v)},
        higher_is=ScoreDirection.ATTACK,
        sampling=QUICK,
    )
    assert figures(after) == figures(before)
    assert after.points[0].threshold == -before.points[0].threshold


VALUES = st.integers(-6, 6).map(float)


@at_most(40)
@given(
    st.lists(VALUES, min_size=2, max_size=8),
    st.lists(VALUES, min_size=2, max_size=8),
    st.lists(VALUES, min_size=2, max_size=8),
    st.sampled_from(sorted(MONOTONE)),
)
def test_no_outcome_changes_with_the_scale_or_its_sign(
    good: list[float], bad: list[float], more: list[float], name: str
) -> None:
    test, dev = rows(more, bad), rows(good, bad, split=Split.DEV)
    change = MONOTONE[name]
    before = assess(test, {"dev": dev}, sampling=QUICK)
    after = assess(
        changed(test, lambda v: -change(v)),
        {"dev": changed(dev, lambda v: -change(v))},
        higher_is=ScoreDirection.ATTACK,
        sampling=QUICK,
    )
    assert after.points[0].rates.apcer == before.points[0].rates.apcer
    assert after.points[0].rates.bpcer == before.points[0].rates.bpcer


@at_most(40)
@given(st.lists(VALUES, min_size=1, max_size=8), st.lists(VALUES, min_size=1, max_size=8))
def test_test_scores_never_move_the_threshold(good: list[float], bad: list[float]) -> None:
    alone = assess(rows([0.0], [1.0]), {"dev": DEV}, sampling=QUICK)
    beside = assess(rows(good, bad), {"dev": DEV}, sampling=QUICK)
    assert alone.points[0].threshold == beside.points[0].threshold


def test_a_dev_part_without_scores_of_a_class_gives_no_threshold_and_says_so() -> None:
    dev = rows([1.0], [None], split=Split.DEV)
    found = assess(rows([1.0], [0.0]), {"a dev": dev, "b dev": DEV}, sampling=QUICK)
    assert [point.origin for point in found.points] == ["chosen on b dev"]
    assert found.remark == (
        "No threshold from a dev: no attack presentation there has a score that decides."
    )
