"""Which parts are judged at which thresholds."""

import re
from dataclasses import replace

import pytest
from made_up_scores import crowd, row, rows

from facepad.errors import InputError
from facepad.evaluation.assessment import GivenPoint, Sampling
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.plan import (
    POOL,
    Plan,
    SystemScores,
    assess_all,
    count_of,
    notices_of,
    parts_of,
)
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
    with pytest.raises(
        InputError, match=r"all 2 are of other parts \(dev 2\), of 2 people; put people into"
    ):
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


def told(scores: SystemScores) -> tuple[str, ...]:
    return notices_of([scores], assess_all([scores], Plan(sampling=QUICK)))


def test_a_scale_that_is_upside_down_is_noticed_with_the_option_that_turns_it() -> None:
    made = (*crowd(Split.TEST, scale=-1.0),)
    (notice,) = told(SystemScores(system="x", dataset="", rows=made))
    assert re.fullmatch(
        r"x on test: the AUC is 0\.\d+ \(0\.\d+ to 0\.\d+\), below 0\.5: attacks are ranked "
        r"above bona fide; did you mean `--higher-is attack`\?",
        notice,
    )
    turned = SystemScores(system="x", dataset="", rows=made, higher_is=ScoreDirection.ATTACK)
    assert told(turned) == ()
    (notice,) = told(SystemScores(system="x", dataset="nuaa", rows=made))
    assert notice.endswith("are the labels right?")


def test_an_interval_around_chance_is_not_noticed() -> None:
    made = rows([0.1, 0.3, 0.5, 0.7], [0.2, 0.4, 0.6, 0.8])
    assert told(SystemScores(system="x", dataset="", rows=made)) == ()


def test_people_in_two_parts_of_a_file_of_scores_are_noticed() -> None:
    made = (*rows([0.9, 0.8, 0.7], [0.1, 0.2]), row("d", 0.7, subject="test-b0", split=Split.DEV))
    assert told(SystemScores(system="x", dataset="", rows=made)) == (
        "shared: 1 subject is in more than one part: test-b0",
    )
    assert told(SystemScores(system="x", dataset="nuaa", rows=made)) == ()  # its listing says so


def test_a_class_of_one_person_is_noticed() -> None:
    made = (row("1", 0.9, subject="a"), row("2", 0.1, "print", subject="a"))
    (notice,) = told(SystemScores(system="x", dataset="", rows=made))
    assert notice.startswith("test: bona fide and attacks of 1 person only, so that there are no ")
