"""Paired differences between systems: equal systems, hand-made ones, and narrower intervals."""

from dataclasses import replace

import numpy as np
import pytest
from made_up_scores import row

from facepad.evaluation.aggregation import Scored
from facepad.evaluation.assessment import Assessment, GivenPoint, Sampling, assess
from facepad.evaluation.differences import pair_count, paired_differences

SAMPLING = Sampling(repeats=300)


def presentations(noise: float = 0.0, *, seed: int = 1, worse: float = 0.0) -> tuple[Scored, ...]:
    """Thirty people with hard and easy presentations, the same ones for every noise."""
    shared, own = np.random.default_rng(0), np.random.default_rng(seed)
    made = []
    for number in range(240):
        species = (None, "print", None, "screen")[number % 4]
        ease = shared.normal(0.0, 1.0) + (0.0 if species else 1.2 - worse)
        value = float(ease + noise * own.normal())
        made.append(row(f"k{number}", value, species, subject=f"s{number % 30}"))
    return tuple(made)


def system(name: str, rows: tuple[Scored, ...], *points: GivenPoint) -> Assessment:
    given = points or (GivenPoint("given", 0.6),)
    return assess(rows, given=given, system=name, part="test", sampling=SAMPLING)


def test_a_system_does_not_differ_from_itself() -> None:
    one = system("one", presentations())
    (found,) = paired_differences([one, replace(one, system="two")], SAMPLING)
    for each in (*found.ranking.values(), *found.points[0].rates.values()):
        assert (each.value, each.interval.low, each.interval.high) == (0.0, 0.0, 0.0)
        assert not each.is_clear


def test_the_difference_is_that_of_the_two_figures() -> None:
    one, two = system("one", presentations()), system("two", presentations(1.0))
    (found,) = paired_differences([one, two], SAMPLING)
    assert (found.system, found.reference, found.part) == ("two", "one", "test")
    assert one.ranking is not None
    assert two.ranking is not None
    assert found.ranking["auc"].value == two.ranking.auc - one.ranking.auc
    rates = found.points[0].rates
    for name in ("bpcer", "apcer_worst", "hter"):
        assert rates[name].value == getattr(two.points[0].rates, name) - getattr(
            one.points[0].rates, name
        )


def test_a_difference_is_clear_where_two_intervals_overlap() -> None:
    # Each presentation of the second system is a bit worse: unpaired intervals cannot show it.
    one, two = system("one", presentations()), system("two", presentations(0.1, worse=0.3))
    (found,) = paired_differences([one, two], SAMPLING)
    assert one.ranking_intervals is not None
    assert two.ranking_intervals is not None
    assert two.ranking_intervals.intervals["auc"].high > one.ranking_intervals.intervals["auc"].low
    assert found.ranking["auc"].is_clear
    assert found.ranking["auc"].interval.high < 0.0


def test_the_first_system_of_each_part_is_the_reference() -> None:
    rows = presentations()
    found = [
        replace(system(name, rows), part=part) for part in ("a", "b") for name in ("x", "y", "z")
    ]
    pairs = paired_differences(found, Sampling(repeats=100))
    assert [(one.part, one.system, one.reference) for one in pairs] == [
        ("a", "y", "x"), ("a", "z", "x"), ("b", "y", "x"), ("b", "z", "x"),
    ]  # fmt: skip
    assert pair_count(found) == 4


def test_systems_of_other_presentations_are_not_compared() -> None:
    one, other = system("one", presentations()), system("two", presentations()[:-1])
    assert paired_differences([one, other], SAMPLING) == ()


def test_points_of_the_same_origin_are_compared() -> None:
    shipped = GivenPoint("balanced", 0.5, origin="as shipped")
    one = system("one", presentations(), GivenPoint("given", 0.6), shipped)
    two = system("two", presentations(1.0), GivenPoint("own", 0.4, origin="as shipped"))
    (found,) = paired_differences([one, two], Sampling(repeats=100))
    (points,) = found.points
    assert (points.point, points.reference_point) == ("own, as shipped", "balanced, as shipped")


def test_missing_scores_count_in_the_rates_and_not_in_the_ranking() -> None:
    rows = presentations()
    silent = tuple(replace(r, value=None) if r.sample.subject == "s0" else r for r in rows)
    (found,) = paired_differences([system("one", rows), system("two", silent)], SAMPLING)
    assert found.points[0].rates["bpcer"].value > 0.0
    assert not np.isnan(found.ranking["auc"].interval.low)


def test_one_person_gives_no_interval() -> None:
    rows = (row("b", 0.9, subject="a"), row("p", 0.1, "print", subject="a"))
    (found,) = paired_differences([system("one", rows), system("two", rows)], SAMPLING)
    assert found.ranking["auc"].interval.method == "none"
    assert not found.ranking["auc"].is_clear


@pytest.mark.parametrize("name", ["bpcer", "hter"])
def test_a_class_that_is_missing_has_no_difference(name: str) -> None:
    rows = tuple(r for r in presentations() if r.sample.pai_species)
    (found,) = paired_differences([system("one", rows), system("two", rows)], SAMPLING)
    assert found.ranking == {}
    assert np.isnan(found.points[0].rates[name].value)
