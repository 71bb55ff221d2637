"""Thresholds from dev, and what a score means at one."""

import pytest
from hypothesis import given
from score_tables import VALUES, normal, table, tables

from facepad.errors import InputError
from facepad.evaluation.protocol import (
    at_apcer,
    at_bpcer,
    at_eer,
    subject_disjoint,
)
from facepad.evaluation.rates import Reading, rates_at
from facepad.evaluation.table import ScoreTable, score_table
from facepad.types import OperatingPoint, Sample, Split


@pytest.mark.parametrize("split", [Split.TEST, Split.TRAIN])
def test_a_threshold_from_another_part_than_dev_is_refused_with_the_reason(split: Split) -> None:
    with pytest.raises(InputError, match=f"chosen on dev scores, got {split} scores: error rates"):
        at_eer(normal(split=split))


def test_equal_errors_put_the_threshold_halfway_between_separate_classes() -> None:
    point = at_eer(table([0.8, 0.9], [0.1, 0.4], split=Split.DEV))
    assert point.name == "dev_eer"
    assert point.threshold == pytest.approx(0.6)


def test_a_fixed_bpcer_turns_away_no_more_people_than_asked() -> None:
    point = at_bpcer(table([0.1 * i for i in range(10)], [0.0], split=Split.DEV), 0.2)
    assert point.name == "dev_bpcer_20%"
    assert point.threshold == pytest.approx(0.15)  # 0.0 and 0.1 of ten lie below


def test_a_fixed_apcer_holds_for_the_worst_species() -> None:
    dev = table([0.9], [0.1] * 9 + [0.7], species=["print"] * 9 + ["mask"], split=Split.DEV)
    assert at_apcer(dev, 0.1).threshold == pytest.approx(0.8)


def test_presentations_that_the_threshold_does_not_decide_do_not_move_it() -> None:
    dev = score_table(
        [0.9, None, 0.2, 0.1],
        [None, None, None, "print"],
        list("abcd"),
        split=Split.DEV,
        abstained=[False, False, True, False],
    )
    assert at_eer(dev).threshold == pytest.approx(0.5)


def test_an_attack_with_the_highest_score_leaves_no_threshold_without_errors() -> None:
    with pytest.raises(InputError, match=r"no threshold in \[0, 1\] gives an APCER of 0%"):
        at_apcer(table([0.9], [1.0, 0.1], split=Split.DEV), 0.0)


def test_a_share_outside_the_unit_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"lies in \[0, 1\), got 5"):
        at_bpcer(normal(split=Split.DEV), 5)


def test_a_dev_part_without_attacks_is_refused() -> None:
    with pytest.raises(InputError, match="no attack presentation of the dev part"):
        at_eer(table([0.9], [], split=Split.DEV))


def test_test_samples_of_subjects_learned_in_either_class_are_left_out() -> None:
    def sample(subject: str, split: Split, species: str | None = None) -> Sample:
        return Sample(f"d/{subject}/{split}/{species}", "x", subject, split, species)

    samples = [
        sample("1", Split.TRAIN, "print"),
        sample("2", Split.DEV),
        sample("1", Split.TEST),
        sample("2", Split.TEST, "print"),
        sample("3", Split.TEST),
        sample("3", Split.TEST, "print"),
    ]
    assert subject_disjoint(samples) == tuple(samples[4:])


@given(tables(split=Split.DEV), VALUES.filter(lambda share: share < 1.0))
def test_a_fixed_bpcer_holds_on_dev(dev: ScoreTable, share: float) -> None:
    point = at_bpcer(dev, share)
    assert rates_at(dev, point, reading=Reading.DECIDED).bpcer <= share + 1e-9


@given(tables(split=Split.DEV), VALUES.filter(lambda share: share < 1.0))
def test_a_fixed_apcer_holds_on_dev(dev: ScoreTable, share: float) -> None:
    try:
        point = at_apcer(dev, share)
    except InputError as refused:
        assert "attacks score exactly 1" in str(refused)  # noqa: PT017 - either is right
        return
    assert rates_at(dev, point, reading=Reading.DECIDED).apcer_worst <= share + 1e-9


@given(tables(split=Split.DEV))
def test_no_other_threshold_brings_dev_errors_closer(dev: ScoreTable) -> None:
    def gap(threshold: float) -> float:
        rates = rates_at(dev, OperatingPoint.at(threshold), reading=Reading.DECIDED)
        return abs(2.0 * (rates.hter - rates.bpcer))  # pooled APCER - BPCER

    chosen = at_eer(dev).threshold
    between = [0.0, *((step + 0.5) / 20 for step in range(20)), 1.0]  # scores are steps of 1/20
    assert gap(chosen) <= min(map(gap, between)) + 1e-9


@given(tables(split=Split.DEV))
def test_the_threshold_does_not_depend_on_the_order_of_rows(dev: ScoreTable) -> None:
    import numpy as np

    turned = dev.keep(np.arange(len(dev.values))[::-1])  # type: ignore[arg-type] # an order
    assert at_eer(turned) == at_eer(dev)
