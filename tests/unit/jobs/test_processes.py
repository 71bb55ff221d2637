"""Worker processes: order, crashes, contexts, and errors that end everything."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from pickle import PicklingError

import pytest

from facepad.errors import FacepadError, ModelError
from facepad.jobs.processes import AHEAD, Chunk, ProcessPool, chunks, sendable
from facepad.types import Sample, Split

DEAD = ("dead", 0)


def judge(item: str) -> tuple[str, int]:
    """Stands in for real work; found by its name in the worker."""
    if item == "deadly":
        os._exit(9)
    if item == "no model":
        raise ModelError("no weights")
    if item == "slow":
        time.sleep(0.3)
    return item, os.getpid()


def died(_: str) -> tuple[str, int]:
    return DEAD


def total(chunk: Chunk[int]) -> int:
    if 4 in chunk.items:
        os._exit(9)
    return sum(chunk.items)


def add(context: list[int], item: int) -> tuple[int, int]:
    context.append(item)
    return os.getpid(), len(context)


def broken_context() -> list[int]:
    raise ModelError("the context has no weights")


def lambda_of(_: int) -> object:
    return lambda: None


def settings_of_the_process(_: int) -> tuple[int, bool]:
    import cv2

    return cv2.getNumThreads(), signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.slow
def test_results_come_in_order_and_from_other_processes() -> None:
    items = ["slow", *(str(i) for i in range(9))]
    with ProcessPool(judge, 2) as pool:
        results = list(pool.map(items, died=died))
    assert [item for item, _ in results] == items
    assert os.getpid() not in {process for _, process in results}


def test_without_workers_everything_runs_in_this_process() -> None:
    with ProcessPool(judge, 0) as pool:
        assert list(pool.map(["a"], died=died)) == [("a", os.getpid())]


@pytest.mark.slow
def test_an_item_that_makes_its_process_die_costs_only_itself() -> None:
    items = ["0", "deadly", "2", "3"]
    with ProcessPool(judge, 1) as pool:
        results = [item for item, _ in pool.map(items, died=died)]
    assert results == [item if item != "deadly" else "dead" for item in items]


@pytest.mark.slow
def test_a_chunk_is_halved_until_the_item_that_is_to_blame_is_found() -> None:
    with ProcessPool(total, 2) as pool:
        results = list(pool.map_chunks(chunks(range(8), 8), died=lambda _: -1))
    assert [chunk.items for chunk, _ in results] == [(0, 1, 2, 3), (4,), (5,), (6, 7)]
    assert [result for _, result in results] == [6, -1, 5, 13]


@pytest.mark.slow
def test_an_error_of_the_work_is_raised_here_and_tells_where_it_comes_from() -> None:
    with (
        pytest.raises(ModelError, match="no weights") as caught,
        ProcessPool(judge, 1) as pool,
    ):
        list(pool.map(["no model"], died=died))
    assert "in judge" in str(caught.value.__cause__)


@pytest.mark.slow
def test_a_context_is_made_once_a_process() -> None:
    with ProcessPool(add, 1, list[int]) as pool:
        first = list(pool.map([1, 2], died=lambda _: (0, 0)))
        second = list(pool.map([3], died=lambda _: (0, 0)))
    assert [count for _, count in first + second] == [1, 2, 3]


def test_without_workers_a_context_is_made_once() -> None:
    with ProcessPool(add, 0, list[int]) as pool:
        first = list(pool.map([1, 2], died=lambda _: (0, 0)))
        second = list(pool.map([3], died=lambda _: (0, 0)))
    assert [count for _, count in first + second] == [1, 2, 3]


@pytest.mark.slow
def test_an_error_of_the_context_is_raised_here() -> None:
    with (
        pytest.raises(ModelError, match="the context has no weights"),
        ProcessPool(add, 1, broken_context) as pool,
    ):
        list(pool.map([1], died=lambda _: (0, 0)))


@pytest.mark.slow
def test_processes_that_cannot_start_are_not_blamed_on_the_items() -> None:
    with (
        pytest.raises(FacepadError, match="as soon as they start"),
        ProcessPool(add, 1, os.abort) as pool,
    ):
        list(pool.map([1], died=lambda _: (0, 0)))


@pytest.mark.slow
def test_a_result_that_cannot_be_pickled_is_an_error_that_says_so() -> None:
    with (
        pytest.raises((AttributeError, PicklingError), match="pickle"),
        ProcessPool(lambda_of, 1) as pool,
    ):
        list(pool.map([1], died=lambda _: None))


def test_nothing_to_do_starts_no_process() -> None:
    with ProcessPool(judge, 2) as pool:
        assert list(pool.map([], died=died)) == []
        assert pool._executor is None


@pytest.mark.slow
def test_items_are_taken_a_bounded_number_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[str]:
        for number in range(100):
            taken.append(number)
            yield str(number)

    with ProcessPool(judge, 1) as pool:
        next(pool.map(items(), died=died))
        assert len(taken) <= AHEAD


@pytest.mark.slow
def test_a_worker_has_one_opencv_thread_and_leaves_interrupts_to_the_parent() -> None:
    with ProcessPool(settings_of_the_process, 1) as pool:
        assert list(pool.map([0], died=lambda _: (0, False))) == [(1, True)]


def test_chunks_hold_every_item_once_with_its_number() -> None:
    cut = list(chunks("abcde", 2, start=10))
    assert [(chunk.start, chunk.stop) for chunk in cut] == [(10, 12), (12, 14), (14, 15)]
    assert "".join(item for chunk in cut for item in chunk.items) == "abcde"


def test_a_sample_that_is_sent_has_plain_attributes() -> None:
    sample = Sample("a/0", "", "anna", Split.TEST, attributes={"light": "dim"})
    assert type(sendable(sample).attributes) is dict
    assert sendable(sample).attributes == {"light": "dim"}


PARENT = """
import multiprocessing, time
from facepad.jobs.processes import ProcessPool

with ProcessPool(time.sleep, 1) as pool:
    results = pool.map([0.0, 600.0], died=print)
    next(results)
    print(multiprocessing.active_children()[0].pid, flush=True)
    next(results)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_exit_when_their_parent_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert is_running(worker)
        parent.kill()
    until = time.monotonic() + 20.0
    while is_running(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(worker)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
