"""Which parts are judged at which thresholds."""

from dataclasses import replace

import pytest
from made_up_scores import crowd, row, rows

from facepad.errors import InputError
from facepad.evaluation.assessment import GivenPoint, Sampling
from facepad.evaluation.plan import POOL, Plan, SystemScores, assess_all, count_of, parts_of
from facepad.types import Split

QUICK = Sampling(repeats=100)


def scores(dataset: str, *, source: str = "", seed: int = 0) -> SystemScores:
    made = (*crowd(Split.DEV, seed=seed, size=40), *crowd(Split.TEST, seed=seed, size=40))
    return SystemScores(system="x", dataset=dataset, rows=made, source=source or dataset)


def test_people_whom_no_other_part_has_are_a_part_of_their_own() -> None:
    made = (
        row("1", None, subject="a", split=Split.TRAIN),
        row("2", 0.5, subject="a"),
        row("3", 0.5, subject="b"),
    )
    parts = parts_of(made)
    assert {name: len(chosen) for name, chosen in parts.items()} == {
        "test": 2,
        "test, subject-disjoint": 1,
    }


def test_a_part_that_nobody_was_learned_from_is_reported_once() -> None:
    assert list(parts_of(rows([1.0], [0.0]))) == ["test"]


def test_without_test_rows_there_is_nothing_to_report() -> None:
    with pytest.raises(InputError, match="all 2 are of other parts"):
        parts_of(rows([1.0], [0.0], split=Split.DEV))


def test_each_dataset_is_judged_at_its_own_and_every_other_threshold() -> None:
    found = assess_all([scores("a"), scores("b", seed=1)], Plan(sampling=QUICK))
    assert [(one.part, [p.origin for p in one.points]) for one in found] == [
        ("a test", ["chosen on a dev", "chosen on b dev"]),
        ("b test", ["chosen on b dev", "chosen on a dev"]),
    ]


def test_protocols_of_the_same_data_give_each_other_no_threshold() -> None:
    found = assess_all([scores("a 1", source="a"), scores("a 2", source="a")], Plan(sampling=QUICK))
    assert [len(one.points) for one in found] == [1, 1]


def test_one_dataset_can_choose_for_all() -> None:
    plan = Plan(threshold_from="a", pool=True, sampling=QUICK)
    found = assess_all([scores("a"), scores("b", seed=1)], plan)
    assert {p.origin for one in found for p in one.points} == {"chosen on a dev"}


@pytest.mark.parametrize("part", ["test", "train"])
def test_a_threshold_from_test_or_train_is_refused_with_the_reason(part: str) -> None:
    with pytest.raises(InputError, match=f"cannot be set on {part}: error rates are too low"):
        assess_all([scores("a")], Plan(threshold_from=part))


def test_a_threshold_from_a_dataset_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(a\), got 'b'"):
        assess_all([scores("a")], Plan(threshold_from="b"))


def test_pooled_datasets_have_the_people_of_both() -> None:
    plan = Plan(pool=True, sampling=QUICK)
    both = [scores("a"), scores("b", seed=1)]
    found = assess_all(both, plan)
    pool = found[-1]
    assert pool.part == f"{POOL} test"
    assert len(pool.table.subjects) == sum(len(one.table.subjects) for one in found[:2])
    assert count_of(both, plan) == len(found)


def test_a_system_that_brings_its_threshold_asks_no_dev_part_pooled_or_not() -> None:
    point = GivenPoint("calibration kiosk-7", 0.5, origin="from ten frames")
    both = [replace(scores(name), asks_dev=False, given=(point,)) for name in ("a", "b")]
    found = assess_all(both, Plan(pool=True, sampling=QUICK))
    assert [[p.origin for p in one.points] for one in found] == [["from ten frames"]] * 3
    assert all(one.remark == "" for one in found)
