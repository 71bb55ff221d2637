"""The parts of the service together: scopes as documented, a failing database, the client."""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from sqlalchemy.exc import OperationalError

from facepad.client import AsyncClient, Client, ServiceError
from facepad.decision import Decision, document
from facepad.service.store import Store
from facepad.types import Outcome

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

if TYPE_CHECKING:
    from service_app import Served


def answer(header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
    """Answer as a worker would."""
    if header["kind"] == "calibrate":
        return {"calibration": "kiosk-7+01234567"}
    if header["kind"] == "metrics":
        return {"width": 4, "height": 3, "metrics": {"mse": 1.0}}
    score = len(media[0]) / 100.0
    decision = Decision(Outcome.BONA_FIDE, score, timings_ms={"total": 2.0}, source_size=(4, 3))
    return {"document": document("-", decision)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Served]":
    pytest.importorskip("fastapi")
    import service_app

    folder = tmp_path_factory.mktemp("state")
    with service_app.served(folder, answer, rate_per_s=0.0) as one:
        yield one


@pytest.fixture
def client(served: "Served") -> Client:
    return Client("http://127.0.0.1:8000", served.key, http=served.client, retries=0)


def test_the_page_about_the_api_names_the_scope_of_each_route(served: "Served") -> None:
    import service_docs
    from facepad.service.keys import SCOPES

    for route, scope in service_docs.SCOPE_OF.items():
        key = served.make_key([one for one in SCOPES if one != scope])
        method, path = route.split()
        found = served.client.request(method, path, headers={"Authorization": f"Bearer {key}"})
        assert (found.status_code, found.json()["detail"]) == (403, f"The scope {scope} is needed.")
    described = set(service_docs.openapi()["paths"])
    assert {path for path in described if path.startswith("/v1/")} <= {
        route.split()[1] for route in service_docs.SCOPE_OF
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, False),
        ({"behind_proxy": True}, True),
        ({"host": "192.0.2.1", "behind_proxy": True}, True),
    ],
)
def test_browsers_are_kept_to_tls_where_there_is_some(
    settings: dict[str, Any], expected: bool
) -> None:
    from starlette.responses import Response
    from starlette.testclient import TestClient

    from facepad.service.app import Surroundings
    from facepad.service.config import ServiceConfig

    app = Surroundings(Response(), ServiceConfig(**settings), lambda *_: None)
    assert ("strict-transport-security" in TestClient(app).get("/").headers) is expected


@pytest.mark.parametrize("path", ["/v1/models/", "/livez/", "/try/"])
def test_an_address_with_a_slash_too_many_is_not_found(served: "Served", path: str) -> None:
    found = served.client.get(path, follow_redirects=False)
    assert (found.status_code, found.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("act", ["read", "write"])
def test_a_database_that_fails_is_answered_with_503(
    served: "Served", monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    def fail(_: Store) -> None:
        raise OperationalError("canary", {}, sqlite3.OperationalError("disk is full"))

    monkeypatch.setattr(Store, act, fail)
    found = served.post("/v1/liveness/image", files={"image": b"x" * 50})
    assert (found.status_code, found.json()["code"]) == (503, "store_unavailable")
    assert found.headers["retry-after"] == "5"
    assert "canary" not in found.text
    monkeypatch.undo()
    assert served.post("/v1/liveness/image", files={"image": b"x" * 50}).status_code == 200


def test_the_client_reads_the_answer_of_every_route(client: Client) -> None:
    first, second = client.images([b"x" * 50, b"x" * 60], tests=["quality", "face_cnn"])
    assert (first.score, second.score, first.is_live) == (0.5, 0.6, True)
    assert first.timings_ms["total_ms"] == 2.0
    assert client.video(b"x" * 50, operating_point="strict").decision == "live"
    assert client.frames([b"x" * 50] * 3, 5.0, faces="single").decision == "live"
    assert client.metrics(b"x" * 50) == {"mse": 1.0}
    assert "quality" in {one["name"] for one in client.models()} | {"quality"}
    assert isinstance(client.calibrations(), list)


def test_the_client_calibrates(client: Client, served: "Served") -> None:
    persons = ["ann", "ann", "bob"]
    job = client.calibrate("kiosk-7", [b"x" * 50] * 3, consent=True, persons=persons)
    assert job.status in {"queued", "running", "done"}
    done = client.wait(job, within_s=30.0)
    assert done.result == {"calibration": "kiosk-7+01234567"}
    asked = next(one for one in served.inference.asked if one.kind == "calibrate")
    assert asked.options["persons"] == persons
    with pytest.raises(ServiceError, match=r"not_found \(404\)"):
        client.job("job_none")


def test_an_option_that_is_refused_is_named_by_the_client(client: Client) -> None:
    with pytest.raises(ServiceError, match=r"invalid_request \(422\).*; /tests: unknown test"):
        client.image(b"x" * 50, tests=["canary"])


def test_the_async_client_judges_side_by_side(served: "Served") -> None:
    async def judged() -> list[str]:
        transport = httpx2.ASGITransport(served.client.app)
        http = httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        async with AsyncClient("http://127.0.0.1:8000", served.key, http=http) as client:
            checks = await asyncio.gather(*(client.image(b"x" * n) for n in (50, 60)))
            return [f"{check.decision} {check.score}" for check in checks]

    assert asyncio.run(judged()) == ["live 0.5", "live 0.6"]
