"""The pool of workers: places, deadlines, workers that end, and workers that are replaced."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from facepad.service.config import ServiceConfig
from facepad.service.workers import pool, process
from facepad.service.workers.pool import DeadlineExceeded, Inference, NotReady, Overloaded
from facepad.service.workers.process import JudgeRequest, WorkerLost, WorkerProcess

pytestmark = pytest.mark.slow  # starts processes

# A worker without models: it sleeps, ends or repeats as it is asked.
STUB = """
import os, socket, sys, time
from facepad.service.workers.messages import packed, read_message
with socket.socket(fileno=int(sys.argv[1])) as link, link.makefile("rb") as stream:
    read_message(stream)
    link.sendall(packed({"ready": True, "unfiltered": "none here"}))
    while (message := read_message(stream)) is not None:
        header, media = message
        if header["kind"] == "end":
            os._exit(9)
        if header["kind"] == "signal":
            os.kill(os.getpid(), header["number"])
        time.sleep(header.get("sleep", 0.0))
        answer = {"pid": os.getpid(), "size": sum(map(len, media)), "cpu_s": header["cpu_s"]}
        link.sendall(packed({**answer, "is_due": header["kind"] == "late"}))
"""


def run(
    work: Callable[[Inference], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    **settings: Any,  # noqa: ANN401
) -> None:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", STUB))
    monkeypatch.setattr(pool, "_PAUSES_S", (0.0,))

    async def whole() -> None:
        inference = Inference(ServiceConfig(**{"workers": 1, **settings}))
        await inference.start()
        try:
            async with asyncio.timeout(30.0):
                while not inference.ready:
                    await asyncio.sleep(0.005)
                await work(inference)
        finally:
            await inference.close()

    asyncio.run(whole())


def asked(kind: str = "image", **options: Any) -> JudgeRequest:  # noqa: ANN401
    return JudgeRequest(kind, (b"abc", b"de"), options)


def test_a_worker_gets_the_media_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        answer = await inference.judge(asked())
        assert answer.values["size"] == 5
        assert inference.pids == (answer.values["pid"],)

    run(work, monkeypatch)


def test_a_worker_that_ends_costs_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        waiting = [asyncio.create_task(inference.judge(one)) for one in (asked("end"), asked())]
        lost, answer = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(lost, WorkerLost)
        assert not isinstance(answer, BaseException)
        assert answer.values["size"] == 5
        assert inference.restarts == 1

    run(work, monkeypatch)


def test_a_worker_that_is_killed_while_it_waits_costs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        (first,) = inference.pids
        os.kill(first, signal.SIGKILL)
        while inference.pids == (first,):
            await asyncio.sleep(0.001)
        assert (await inference.judge(asked())).values["size"] == 5

    run(work, monkeypatch)


def test_a_worker_that_hangs_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        first = inference.pids
        with pytest.raises(DeadlineExceeded):
            await inference.judge(asked(sleep=60.0), 0.05)
        assert (await inference.judge(asked())).values["pid"] not in first

    run(work, monkeypatch)


def test_a_worker_with_a_late_test_is_replaced_and_its_answer_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(inference: Inference) -> None:
        both = await asyncio.gather(inference.judge(asked("late")), inference.judge(asked()))
        assert "is_due" not in both[0].values
        assert both[0].values["pid"] != both[1].values["pid"]
        assert inference.restarts == 1

    run(work, monkeypatch)


def test_a_worker_that_decoded_for_too_long_blames_the_media(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(inference: Inference) -> None:
        request = asked("signal", number=signal.SIGPROF)
        for judge in (inference.judge, inference.judge_apart):
            assert (await judge(request, 20.0)).values["code"] == "unprocessable_media"
        assert (await inference.judge(asked())).values["size"] == 5

    run(work, monkeypatch)


def test_a_worker_over_its_processor_time_exceeded_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(inference: Inference) -> None:
        request = asked("signal", number=signal.SIGXCPU)
        for judge in (inference.judge, inference.judge_apart):
            with pytest.raises(DeadlineExceeded):
                await judge(request, 20.0)

    run(work, monkeypatch)


def test_the_processor_time_of_a_check_is_its_time_on_the_clock_for_each_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(inference: Inference) -> None:
        assert 30.0 < (await inference.judge(asked(), 20.0)).values["cpu_s"] <= 40.0

    run(work, monkeypatch, threads=2)


def test_that_system_calls_are_not_filtered_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(inference: Inference) -> None:
        await inference.judge(asked("late"))
        await inference.judge(asked())

    run(work, monkeypatch)
    lines = [one for one in caplog.records if "not filtered" in one.getMessage()]
    assert [vars(one)["fault"] for one in lines] == ["none here"]


def test_a_check_that_waited_too_long_is_not_sent_to_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(inference: Inference) -> None:
        pids = inference.pids
        first = asyncio.create_task(inference.judge(asked(sleep=0.95)))
        await asyncio.sleep(0.01)
        with pytest.raises(DeadlineExceeded):
            await inference.judge(asked(sleep=0.5), within_s=1.0)
        await first
        assert (await inference.judge(asked())).values["pid"] == pids[0]
        assert inference.restarts == 0

    run(work, monkeypatch)


def test_a_worker_is_replaced_after_its_jobs_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        seen: set[int] = set()
        while len(seen) < 2:
            seen.add((await inference.judge(asked())).values["pid"])
            assert inference.ready

    run(work, monkeypatch, worker_jobs=2)


def test_a_successor_that_is_ready_takes_over_when_its_worker_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[WorkerProcess] = []

    class Noted(WorkerProcess):
        def __init__(self, *given: Any, **options: Any) -> None:  # noqa: ANN401
            super().__init__(*given, **options)
            started.append(self)

    async def work(inference: Inference) -> None:
        await inference.judge(asked())  # starts the successor
        while len(started) < 2 or not started[1].is_open:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.0)
        os.kill(started[0].pid, signal.SIGKILL)
        while inference.pids != (started[1].pid,):
            await asyncio.sleep(0.005)
        assert (await inference.judge(asked())).values["pid"] == started[1].pid

    monkeypatch.setattr(pool, "WorkerProcess", Noted)
    run(work, monkeypatch, worker_jobs=1)
    assert all(one._process.returncode is not None for one in started)


def test_a_successor_that_is_ready_ends_with_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[WorkerProcess] = []

    class Noted(WorkerProcess):
        def __init__(self, *given: Any, **options: Any) -> None:  # noqa: ANN401
            super().__init__(*given, **options)
            started.append(self)

    async def work(inference: Inference) -> None:
        await inference.judge(asked())
        while len(started) < 2 or not started[1].is_open:
            await asyncio.sleep(0.005)

    monkeypatch.setattr(pool, "WorkerProcess", Noted)
    run(work, monkeypatch, worker_jobs=1)
    assert [one._process.returncode is not None for one in started] == [True, True]


def test_requests_over_the_places_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        with (
            inference.admitted(),
            inference.admitted(),
            pytest.raises(Overloaded),
            inference.admitted(),
        ):
            pass
        with inference.admitted():
            pass

    run(work, monkeypatch, queue=1)


def test_each_presentation_takes_a_place_and_frees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        with inference.admitted(3) as free:
            for _ in range(2):
                with pytest.raises(Overloaded), inference.admitted():
                    pass
                free()
            with inference.admitted():
                pass
        with inference.admitted(2), pytest.raises(Overloaded), inference.admitted():
            pass

    run(work, monkeypatch, queue=1)


def test_a_request_with_more_pictures_than_places_is_taken_while_one_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(inference: Inference) -> None:
        with (
            inference.admitted(),
            inference.admitted(8),
            pytest.raises(Overloaded),
            inference.admitted(),
        ):
            pass
        with inference.admitted(8):
            pass

    run(work, monkeypatch, queue=1)


def test_media_are_not_printed_with_a_request() -> None:
    assert "canary" not in repr(JudgeRequest("image", (b"canary",)))


def test_long_work_has_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        answer = await inference.judge_apart(asked(), 30.0)
        assert answer.values["pid"] not in inference.pids
        with pytest.raises(WorkerLost):
            await inference.judge_apart(asked("end"), 30.0)

    run(work, monkeypatch)


def test_what_waits_is_refused_when_the_pool_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(inference: Inference) -> None:
        waiting = [asyncio.create_task(inference.judge(asked(sleep=0.2))) for _ in range(3)]
        await asyncio.sleep(0.05)
        await inference.close()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(one) for one in results} == {NotReady}

    run(work, monkeypatch)


def test_no_request_is_taken_before_a_worker_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", STUB))

    async def whole() -> None:
        inference = Inference(ServiceConfig(workers=1))
        with pytest.raises(NotReady), inference.admitted():
            pass
        await inference.close()

    asyncio.run(whole())
