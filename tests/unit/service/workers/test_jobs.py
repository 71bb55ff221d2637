"""Jobs: each one ends, whatever becomes of its process and of the database."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError

from facepad.service.audit import AuditLog
from facepad.service.operations import Operations
from facepad.service.problems import KINDS
from facepad.service.records.jobs import Job, JobStore
from facepad.service.store import Store
from facepad.service.workers.jobs import JobBoard, job_answer
from facepad.service.workers.pool import Inference, JudgeAnswer
from facepad.service.workers.process import JudgeRequest, WorkerLost

FACTS = {"consent": True}
Judged = Callable[[], dict[str, Any]]


class Pool:
    """Stands for the worker processes."""

    ready, queue_depth, in_flight, restarts = True, 0, 0, 0

    def __init__(self, judged: Judged) -> None:
        self.judged = judged

    async def judge_apart(self, *_: object) -> JudgeAnswer:
        return JudgeAnswer(self.judged(), 0.0, 1.0)


def finished(database: Store, audit: AuditLog, judged: Judged) -> Job:
    """A job after its end."""
    pool = cast("Inference", Pool(judged))

    async def work() -> Job:
        board = JobBoard(pool, Operations(database, audit, pool), JobStore(database))
        job = await board.submit("key:a", "calibration", JudgeRequest("calibrate", ()), FACTS)
        await asyncio.gather(*board._tasks)
        return await board.get("key:a", job.id)

    return asyncio.run(work())


@pytest.fixture
def audit(database: Store) -> AuditLog:
    return AuditLog(database, bytes(32))


def test_a_job_has_its_result_and_an_entry_in_the_audit_log(
    database: Store, audit: AuditLog
) -> None:
    job = finished(database, audit, lambda: {"grade": "fair"})
    assert (job.status, job.result) == ("done", {"grade": "fair"})
    asked, entry = audit.entries()
    assert (asked.action, asked.object, asked.details) == ("calibration.requested", job.id, FACTS)
    assert (entry.action, entry.details) == ("calibration.finished", {"status": "done"})


def test_a_job_ends_while_the_database_is_locked(
    database: Store, audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    def judged() -> dict[str, Any]:
        monkeypatch.setattr(audit, "append", refuse)
        return {"grade": "fair"}

    assert finished(database, audit, judged).status == "done"


@pytest.mark.parametrize(
    ("error", "code"), [(WorkerLost("it ended"), "worker_lost"), (OSError("no"), "internal")]
)
def test_a_job_whose_process_fails_ends_with_a_code(
    error: Exception, code: str, database: Store, audit: AuditLog
) -> None:
    def fail() -> dict[str, Any]:
        raise error

    job = finished(database, audit, fail)
    assert (job.status, job.problem, job.result) == ("failed", code, {})


def test_the_place_of_a_fault_is_in_the_log_and_not_in_the_answer(
    database: Store, audit: AuditLog, caplog: pytest.LogCaptureFixture
) -> None:
    values = {"code": "internal", "fault": "OSError at run.py:7"}
    with caplog.at_level(logging.ERROR, "facepad.service"):
        job = finished(database, audit, lambda: values)
    assert [record.__dict__["fault"] for record in caplog.records] == ["OSError at run.py:7"]
    assert "run.py" not in job_answer(job, "req_1").model_dump_json()


def test_a_job_whose_end_the_database_refused_is_written_with_the_next_one(
    database: Store, audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, jobs = cast("Inference", Pool(lambda: {"grade": "fair"})), JobStore(database)

    def refuse(*_: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    async def work() -> None:
        board = JobBoard(pool, Operations(database, audit, pool), jobs)
        monkeypatch.setattr(JobStore, "save", refuse)
        first = await board.submit("key:a", "calibration", JudgeRequest("calibrate", ()), FACTS)
        await asyncio.gather(*board._tasks)
        assert (await board.get("key:a", first.id)).status == "done"
        monkeypatch.undo()
        second = await board.submit("key:a", "calibration", JudgeRequest("calibrate", ()), FACTS)
        await asyncio.gather(*board._tasks)
        for job in (first, second):
            kept = jobs.get("key:a", job.id)
            assert kept is not None
            assert kept.status == "done"
        assert board._live == {}

    asyncio.run(work())


def test_a_job_that_cannot_be_written_is_refused_and_takes_no_place(
    database: Store, audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = cast("Inference", Pool(dict))

    def refuse(*_: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    async def work() -> None:
        board = JobBoard(pool, Operations(database, audit, pool), JobStore(database))
        monkeypatch.setattr(JobStore, "add", refuse)
        for _ in range(10):
            with pytest.raises(OperationalError):
                await board.submit("key:a", "calibration", JudgeRequest("calibrate", ()), FACTS)
        board.check_room()

    asyncio.run(work())


def test_a_job_without_an_entry_in_the_audit_log_does_not_run(
    database: Store, audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []

    def judged() -> dict[str, Any]:
        runs.append(1)
        return {"grade": "fair"}

    pool, jobs = cast("Inference", Pool(judged)), JobStore(database)

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("disk is full"))

    async def work() -> None:
        board = JobBoard(pool, Operations(database, audit, pool), jobs)
        monkeypatch.setattr(audit, "append", refuse)
        with pytest.raises(OperationalError):
            await board.submit("key:a", "calibration", JudgeRequest("calibrate", ()), FACTS)
        await asyncio.sleep(0.0)
        assert not board._tasks

    asyncio.run(work())
    assert runs == []
    assert jobs.fail_unfinished() == 0  # the job is not in the database either


def test_a_job_that_runs_when_the_service_stops_has_failed(
    database: Store, audit: AuditLog
) -> None:
    class SlowPool(Pool):
        async def judge_apart(self, *_: object) -> JudgeAnswer:
            await asyncio.sleep(60.0)
            raise AssertionError

    pool, jobs = cast("Inference", SlowPool(dict)), JobStore(database)

    async def work() -> list[Job]:
        board = JobBoard(pool, Operations(database, audit, pool), jobs)
        asked = [
            await board.submit("key:a", "calibration", JudgeRequest("calibrate", ()), FACTS)
            for _ in range(2)
        ]
        await asyncio.sleep(0.0)
        assert (await board.get("key:a", asked[0].id)).status == "running"
        await board.close()
        return asked

    for job in asyncio.run(work()):
        kept = jobs.get("key:a", job.id)
        assert kept is not None
        assert (kept.status, kept.problem) == ("failed", "interrupted")
        assert kept.problem in KINDS
    *_, entry = audit.entries()
    assert (entry.action, entry.details) == ("jobs.interrupted", {"count": 2})
