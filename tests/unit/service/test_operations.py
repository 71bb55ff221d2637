"""Operations: health, metrics, and what the audit log keeps of results."""

import asyncio
import sqlite3
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy.exc import OperationalError

from facepad.service.audit import AuditLog
from facepad.service.operations import LEAST_SCORES, Operations, router
from facepad.service.store import Store


class Pool:
    """Stands for the worker processes."""

    ready, queue_depth, in_flight, restarts = True, 3, 2, 1


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture
def audit(database: Store) -> AuditLog:
    return AuditLog(database, bytes(32))


@pytest.fixture
def operations(database: Store, audit: AuditLog, pool: Pool) -> Operations:
    return Operations(database, audit, pool)


@pytest.fixture
def client(operations: Operations) -> TestClient:
    async def anybody() -> str:
        return "operator"

    app = FastAPI()
    app.include_router(router(operations, anybody))
    return TestClient(app)


def result(score: float | None, calibration: str | None = None) -> Mapping[str, Any]:
    return {
        "decision": "spoof",
        "timings": {"queue_ms": 4.0, "face_cnn_ms": 30.0},
        "document": {
            "score": score,
            "reasons": ["too_dark"],
            "operating_point": {"name": "balanced"},
            "calibration": calibration,
            "models": {"face_cnn": "face_heads_free-6+6566915a"},
            "facepad_version": "0.1.0",
        },
    }


def samples(operations: Operations) -> dict[tuple[str, ...], float]:
    """Values by name and labels."""
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in parsed(operations.text().decode())
        for one in family.samples
    }


def test_the_process_is_live_whatever_the_rest_does(client: TestClient, pool: Pool) -> None:
    pool.ready = False
    assert client.get("/livez").json() == {"live": True}


def test_whoever_watches_may_ask_for_the_head_alone(client: TestClient, pool: Pool) -> None:
    assert [client.head(path).status_code for path in ("/livez", "/readyz")] == [200, 200]
    pool.ready = False
    assert [client.head(path).status_code for path in ("/livez", "/readyz")] == [200, 503]


def test_the_service_is_ready_with_store_and_workers(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


def test_the_service_is_not_ready_without_workers(client: TestClient, pool: Pool) -> None:
    pool.ready = False
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": {"store": "ok", "workers": "not ready"}}


def test_the_service_is_not_ready_without_its_database(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "is_reachable", lambda _: False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["store"]) == (503, "unreachable")


def test_a_late_deletion_is_reported_and_refuses_nothing(
    database: Store, audit: AuditLog, pool: Pool
) -> None:
    async def anybody() -> str:
        return "operator"

    lag = 300.0
    operations = Operations(database, audit, pool, lambda: lag)
    app = FastAPI()
    app.include_router(router(operations, anybody))
    client = TestClient(app)
    assert "degraded" not in client.get("/readyz").json()
    lag = 412.0
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["degraded"].startswith(
        "data over their retention were last deleted 412 s ago; expected every minute"
    )
    assert samples(operations)["facepad_purge_lag_seconds",] == 412.0


def test_workers_and_queue_are_shown(client: TestClient, operations: Operations) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    shown = samples(operations)
    assert shown["facepad_queue_depth",] == 3
    assert shown["facepad_processing_in_flight",] == 2
    assert shown["facepad_worker_restarts_total",] == 1
    assert shown["facepad_ready",] == 1


def test_results_are_counted_by_decision_reason_and_step(operations: Operations) -> None:
    asyncio.run(operations.judged("key:a", "req_1", [result(0.1), result(None)]))
    shown = samples(operations)
    assert shown["facepad_decisions_total", "balanced", "spoof"] == 2
    assert shown["facepad_reasons_total", "too_dark"] == 2
    assert shown["facepad_step_seconds_sum", "face_cnn"] == pytest.approx(0.06)
    assert shown["facepad_step_seconds_count", "queue"] == 2
    assert shown["facepad_score_count", "none"] == 1


def test_quantiles_of_scores_are_shown_by_calibration_once_there_are_enough(
    operations: Operations,
) -> None:
    scores = [result(number / LEAST_SCORES, "door") for number in range(LEAST_SCORES)]
    asyncio.run(operations.judged("key:a", "req_1", [*scores[1:], result(0.5)]))
    assert ("facepad_score", "0.5", "door") not in samples(operations)
    asyncio.run(operations.judged("key:a", "req_1", scores[:1]))
    shown = samples(operations)
    assert shown["facepad_score", "0.5", "door"] == pytest.approx(0.475)
    assert ("facepad_score", "0.5", "none") not in shown


def test_requests_are_counted_by_route_and_never_by_what_was_sent(operations: Operations) -> None:
    operations.request("/v1/jobs/{id}", "GET", 200, 0.02)
    operations.request("", "CANARY", 404, 0.01, "not_found")
    shown = samples(operations)
    assert shown["facepad_http_requests_total", "/v1/jobs/{id}", "200", "GET"] == 1
    assert shown["facepad_http_requests_total", "404", "other", "unknown"] == 1
    assert shown["facepad_problems_total", "not_found"] == 1
    assert b"CANARY" not in operations.text()


def test_the_audit_log_keeps_decisions_and_versions_but_no_score(
    operations: Operations, audit: AuditLog
) -> None:
    asyncio.run(operations.judged("key:a", "req_1", [result(0.123)]))
    (entry,) = audit.entries()
    assert (entry.actor, entry.action, entry.object) == ("key:a", "liveness.judged", "req_1")
    assert entry.details == {
        "decisions": ["spoof"],
        "operating_point": "balanced",
        "models": ["face_cnn:face_heads_free-6+6566915a"],
        "facepad_version": "0.1.0",
    }
    assert "0.123" not in str(entry)


def test_failed_authentication_is_counted_in_the_audit_log_once_a_minute(
    operations: Operations, audit: AuditLog
) -> None:
    async def fail() -> None:
        for _ in range(50):
            operations.request("/v1/models", "GET", 401, 0.01, "unauthenticated")
            await asyncio.gather(*operations._notes)
        assert [entry.details for entry in audit.entries()] == [{"count": 1}]
        await operations.note_failures()
        await operations.note_failures()

    asyncio.run(fail())
    assert [entry.details for entry in audit.entries()] == [{"count": 1}, {"count": 49}]
    assert {entry.action for entry in audit.entries()} == {"authentication.failed"}


def test_failures_that_a_locked_database_refuses_are_kept_and_hold_nobody_up(
    operations: Operations, audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = threading.Event()

    def refuse(*_: object) -> None:
        assert locked.wait(10.0)
        raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    async def fail() -> None:
        operations.request("/v1/models", "GET", 401, 0.01, "unauthenticated")
        await asyncio.sleep(0.01)  # the write has begun, and other requests go on
        locked.set()
        await asyncio.gather(*operations._notes)
        monkeypatch.undo()
        await operations.note_failures()

    monkeypatch.setattr(audit, "append", refuse)
    asyncio.run(fail())
    assert [entry.details for entry in audit.entries()] == [{"count": 1}]


def test_a_locked_database_does_not_keep_the_service_from_stopping(
    operations: Operations, audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(audit, "append", refuse)
    asyncio.run(operations.end())
