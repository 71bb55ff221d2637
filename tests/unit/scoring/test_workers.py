"""Worker processes: order, crashes, errors that end everything."""

import os
from pathlib import Path

import pytest

from facepad.errors import FacepadError, ModelError
from facepad.scoring.workers import DIED, Workers


def judge(path: str, tests: tuple[str, ...]) -> tuple[str, ...]:
    """Stands in for the real work; found by name in the worker."""
    if path == "deadly":
        os._exit(9)
    if path == "no model":
        raise ModelError("no weights")
    return (path, str(os.getpid()), *tests)


def test_results_come_in_order_and_not_from_this_process() -> None:
    paths = [str(i) for i in range(20)]
    with Workers((), 2, judge) as workers:
        results = list(workers.judge(paths))
    assert [result[0] for result in results] == paths
    assert str(os.getpid()) not in {result[1] for result in results}


def test_what_takes_a_worker_down_costs_one_row_each() -> None:
    paths = ["0", "1", "deadly", "3", "deadly", "5", "6", "7", "8"]
    with Workers(("quality",), 1, judge) as workers:
        results = list(workers.judge(paths))
    assert [r[0] or r[2] for r in results] == [
        p if p != "deadly" else f"error: {DIED}" for p in paths
    ]


def test_a_missing_model_ends_the_run() -> None:
    with pytest.raises(ModelError, match="no weights"), Workers((), 1, judge) as workers:
        list(workers.judge(["no model"]))


def test_a_row_without_a_path_is_an_error(tmp_path: Path) -> None:
    with Workers(("quality",), 1) as workers:
        results = list(workers.judge(["", str(tmp_path)]))
    assert results[0][2] == "error: the row names no picture"


def test_processes_that_cannot_start_are_not_blamed_on_the_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("facepad.scoring.workers._start", os.abort)
    with (
        pytest.raises(FacepadError, match="as soon as they start"),
        Workers((), 1, judge) as workers,
    ):
        list(workers.judge(["1"]))
