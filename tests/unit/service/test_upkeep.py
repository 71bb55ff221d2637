"""Upkeep: what is old is deleted, the end of the audit log is noted, and faults are seen."""

import asyncio
import logging
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from facepad.service import upkeep as upkeep_module
from facepad.service.audit import AuditLog
from facepad.service.config import ServiceConfig
from facepad.service.idempotency import IdempotencyStore, StoredAnswer
from facepad.service.records.jobs import Job, JobStore
from facepad.service.state import ServiceState
from facepad.service.store import AUDIT_LOG, IDEMPOTENCY, JOBS, Store
from facepad.service.upkeep import Upkeep

OLD = datetime(2020, 1, 1, tzinfo=UTC)


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def state(database: Store) -> ServiceState:
    """Old rows of every kind, and a new entry of the audit log."""
    long_ago = AuditLog(database, bytes(32), lambda: OLD)
    long_ago.append("key:a", "liveness.judged", "req_1")
    IdempotencyStore(database, lambda: OLD).begin("key:a", "k", b"")
    IdempotencyStore(database, lambda: OLD).finish("key:a", "k", StoredAnswer(200, b"{}"))
    jobs, audit = JobStore(database), AuditLog(database, bytes(32))
    jobs.add(Job("job_1", "key:a", "calibration", OLD, "done", OLD))
    audit.append("key:a", "liveness.judged", "req_2")
    keys, idempotency = None, IdempotencyStore(database)
    return ServiceState(database, keys, audit, idempotency, jobs, b"")  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def upkeep(state: ServiceState, clock: Clock) -> Upkeep:
    return Upkeep(state, ServiceConfig(), clock)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs cannot be deleted."""

    def refuse(*_: object) -> int:
        raise OperationalError("canary", None, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(JobStore, "purge", refuse)


def rows(store: Store) -> list[int]:
    """Numbers of rows: idempotency keys, jobs, entries of the audit log."""
    with store.read() as connection:
        return [
            len(connection.execute(select(one)).all()) for one in (IDEMPOTENCY, JOBS, AUDIT_LOG)
        ]


def test_rows_of_every_kind_are_deleted_after_their_time(
    upkeep: Upkeep, state: ServiceState
) -> None:
    assert rows(state.store) == [1, 1, 2]
    upkeep.purge()
    assert rows(state.store) == [0, 0, 2]  # the new entry, and the one about the deletion
    assert state.audit.verify().is_intact


def test_how_long_rows_are_kept_is_a_setting(state: ServiceState) -> None:
    days = (datetime.now(UTC) - OLD) // timedelta(days=1) + 3
    Upkeep(state, ServiceConfig(job_days=3650, audit_days=days)).purge()
    assert rows(state.store) == [0, 1, 2]


@pytest.mark.usefixtures("failing")
def test_a_kind_that_cannot_be_deleted_stops_no_other_and_is_late(
    upkeep: Upkeep, state: ServiceState, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.now = 400.0
    with caplog.at_level(logging.ERROR, "facepad.service"):
        upkeep.purge()
    assert rows(state.store) == [0, 1, 2]
    assert upkeep.lag_s() == 400.0
    (record,) = caplog.records
    assert (record.__dict__["event"], record.__dict__["fault"]) == (
        "purge_failed",
        "OperationalError",
    )


def test_nothing_is_late_after_a_deletion(upkeep: Upkeep, clock: Clock) -> None:
    clock.now = 400.0
    upkeep.purge()
    clock.now = 410.0
    assert upkeep.lag_s() == 10.0


def test_a_changed_audit_log_is_kept_and_late(
    upkeep: Upkeep, state: ServiceState, clock: Clock, tmp_path: Path
) -> None:
    connection = sqlite3.connect(tmp_path / "service.sqlite3")
    connection.execute("DROP TRIGGER audit_log_no_UPDATE")
    connection.execute("UPDATE audit_log SET actor = 'key:mine' WHERE seq = 1")
    connection.commit()
    connection.close()
    clock.now = 400.0
    upkeep.purge()
    assert rows(state.store) == [0, 0, 2]
    assert upkeep.lag_s() == 400.0


def test_the_end_of_the_audit_log_is_in_the_log_of_the_service(
    upkeep: Upkeep, state: ServiceState, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "facepad.service"):
        upkeep.checkpoint()
    (record,) = caplog.records
    made = state.audit.checkpoint()
    assert made is not None
    fields = {name: record.__dict__[name] for name in ("event", "seq", "hash", "at", "entries")}
    assert fields == {
        "event": "audit_checkpoint",
        "seq": 2,
        "hash": made.hash,
        "at": made.at,
        "entries": 2,
    }


def test_it_works_every_minute_and_notes_the_end_every_hour_and_when_it_stops(
    upkeep: Upkeep, state: ServiceState, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep_module, "PURGE_EVERY_S", 0.001)
    noted = list[int]()
    made = AuditLog.checkpoint

    def checkpoint(log: AuditLog) -> object:
        noted.append(log.head()[0])
        return made(log)

    monkeypatch.setattr(AuditLog, "checkpoint", checkpoint)

    async def until(number: int) -> None:
        async with asyncio.timeout(60.0):
            while len(noted) < number:
                await asyncio.sleep(0.001)

    async def work() -> None:
        async with upkeep.running():
            await until(1)
            while upkeep._checkpoint_from < 3600.0:  # the first one is written
                await asyncio.sleep(0.001)
            clock.now = 3500.0
            await asyncio.sleep(0.02)
            assert len(noted) == 1
            state.audit.append("service", "a", "b")
            clock.now = 3601.0
            await until(2)
            state.audit.append("service", "service.stopped", "b")

    asyncio.run(work())
    assert noted == [3, 4, 5]


def test_a_database_that_fails_does_not_keep_the_service_from_stopping(
    upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    async def work() -> None:
        async with upkeep.running():
            await asyncio.sleep(0.0)

    monkeypatch.setattr(AuditLog, "checkpoint", refuse)
    asyncio.run(work())
