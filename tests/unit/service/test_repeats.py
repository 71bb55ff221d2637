"""Requests that are sent twice run once."""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.testclient import TestClient
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from facepad.service.config import ServiceConfig
from facepad.service.idempotency import IdempotencyStore
from facepad.service.problems import Problem, install
from facepad.service.repeats import RepeatableRoute, Repeats
from facepad.service.requests.open_bodies import OpenBodies
from facepad.service.store import Store

ONE: Mapping[str, Any] = {"Idempotency-Key": "one"}


class Counting:
    """A service with one route that counts how often it runs."""

    def __init__(self, store: Store) -> None:
        self.runs, self.problem, self.wait_s = 0, "", 0.0
        repeats = Repeats(IdempotencyStore(store), OpenBodies(ServiceConfig()))
        routes = APIRouter(route_class=RepeatableRoute)

        async def caller(request: Request) -> str:
            if "authorization" not in request.headers:
                raise Problem("unauthenticated")
            return request.headers["authorization"]

        @routes.post("/run", dependencies=[Depends(repeats.of(caller))])
        async def run(request: Request) -> dict[str, int]:
            await request.body()
            await asyncio.sleep(self.wait_s)
            self.runs += 1
            if self.problem:
                raise Problem(self.problem)
            return {"runs": self.runs}

        @routes.post("/job", status_code=202, dependencies=[Depends(repeats.of(caller))])
        async def job(response: Response) -> dict[str, str]:
            response.headers["Location"] = "/v1/jobs/job_1"
            return {"job_id": "job_1"}

        self.app = FastAPI()
        install(self.app)
        self.app.include_router(routes)


@pytest.fixture
def service(database: Store) -> Counting:
    return Counting(database)


@pytest.fixture
def client(service: Counting) -> Iterator[TestClient]:
    with TestClient(service.app, headers={"Authorization": "key:a"}) as client:
        yield client


def send(client: TestClient, *, content: bytes = b"picture", **headers: str) -> httpx2.Response:
    return client.post("/run", files={"image": content}, headers=headers)


def test_a_repeated_form_gets_the_first_answer_in_spite_of_its_boundary(
    client: TestClient, service: Counting
) -> None:
    first, second = send(client, **ONE), send(client, **ONE)
    assert first.request.content != second.request.content  # by the boundary
    assert first.json() == second.json() == {"runs": 1}
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert service.runs == 1


def test_without_a_key_every_request_runs(client: TestClient, service: Counting) -> None:
    send(client)
    send(client)
    assert service.runs == 2


def test_another_request_with_the_key_is_refused(client: TestClient, service: Counting) -> None:
    send(client, **ONE)
    answer = send(client, content=b"other", **ONE)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert service.runs == 1


def test_the_key_of_another_api_key_is_another_key(client: TestClient) -> None:
    send(client, **ONE)
    assert send(client, content=b"other", **ONE, Authorization="key:b").json() == {"runs": 2}


def test_an_error_is_not_kept(client: TestClient, service: Counting) -> None:
    service.problem = "overloaded"
    assert send(client, **ONE).status_code == 503
    service.problem = ""
    assert send(client, **ONE).json() == {"runs": 2}


def refuse(*_: object) -> None:
    raise OperationalError("", None, sqlite3.OperationalError("database or disk is full"))


def test_an_answer_that_cannot_be_kept_is_sent_and_blocks_no_repetition(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(IdempotencyStore, "finish", refuse)
        assert send(client, **ONE).json() == {"runs": 1}
    assert send(client, **ONE).json() == {"runs": 2}
    assert send(client, **ONE).json() == {"runs": 2}


@pytest.mark.parametrize("problem", ["", "overloaded"])
def test_a_request_can_be_repeated_though_the_database_refused_all_that_followed_its_begin(
    problem: str, client: TestClient, service: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_full, write = True, Store.write

    @contextmanager
    def refusing(store: Store) -> Iterator[Connection]:
        with write(store) as connection:
            yield connection
            if is_full and service.runs:
                refuse()

    monkeypatch.setattr(Store, "write", refusing)
    service.problem = problem
    assert send(client, **ONE).status_code == (503 if problem else 200)
    is_full, service.problem = False, ""
    assert send(client, **ONE).json() == {"runs": 2}
    assert send(client, **ONE).headers["idempotency-replayed"] == "true"


def test_a_repeated_request_for_a_job_has_the_place_of_the_job(client: TestClient) -> None:
    first, second = (client.post("/job", headers=ONE) for _ in range(2))
    assert second.headers["idempotency-replayed"] == "true"
    assert first.headers["location"] == second.headers["location"] == "/v1/jobs/job_1"


def test_the_api_key_is_checked_before_an_answer_is_sent_again(client: TestClient) -> None:
    send(client, **ONE)
    del client.headers["Authorization"]
    assert send(client, **ONE).status_code == 401


def test_a_bad_key_is_refused_without_being_repeated(client: TestClient) -> None:
    answer = send(client, **{**ONE, "Idempotency-Key": "canary " * 50})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "canary" not in answer.text


def test_two_requests_at_once_run_once(service: Counting) -> None:
    service.wait_s = 0.5

    async def both() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(service.app)
        headers = {**ONE, "Authorization": "key:a"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://a") as client:
            first = asyncio.create_task(client.post("/run", headers=headers, data={"a": "b"}))
            await asyncio.sleep(0.01)
            second = await client.post("/run", headers=headers, data={"a": "b"})
            return [await first, second]

    first, second = asyncio.run(both())
    # Which of the two comes first is a matter of threads.
    assert sorted((first.status_code, second.status_code)) == [200, 409]
    assert service.runs == 1
    refused = first if first.status_code == 409 else second
    assert refused.json()["code"] == "idempotency_in_progress"
    assert refused.headers["retry-after"] == "1"
