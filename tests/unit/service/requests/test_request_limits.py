"""Bounds around the application: slow and long bodies, and bodies of requests that are refused."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from facepad.service.config import ServiceConfig
from facepad.service.requests.limits import (
    Bounds,
    host_name,
    is_known_host,
    is_same_origin,
    most_body,
)

HOST = (b"host", b"127.0.0.1:8000")


class Sender:
    """Sends a body in pieces, and then nothing."""

    def __init__(self, pieces: list[bytes], *, is_whole: bool = True) -> None:
        self.left, self._is_whole = list(pieces), is_whole

    async def __call__(self) -> Any:  # noqa: ANN401 - a message
        if not self.left:
            await asyncio.sleep(60.0)
        body = self.left.pop(0)
        more = bool(self.left) or not self._is_whole
        return {"type": "http.request", "body": body, "more_body": more}


def run(
    app: Any,  # noqa: ANN401
    receive: Sender,
    host: bytes = HOST[1],
    path: str = "/v1/models",
    **settings: Any,  # noqa: ANN401
) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    scope = {
        "type": "http",
        "app": SimpleNamespace(state=SimpleNamespace()),
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(HOST[0], host)],
    }
    bounds = Bounds(app, ServiceConfig(**settings))
    asyncio.run(bounds(scope, receive, send))
    return sent


async def refusing(_: Any, __: Any, send: Any) -> None:  # noqa: ANN401
    await send({"type": "http.response.start", "status": 401, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_the_body_of_a_refused_request_is_taken_so_that_its_sender_reads_the_answer() -> None:
    sender = Sender([b"a", b"b", b"c"])
    assert run(refusing, sender)[0]["status"] == 401
    assert sender.left == []


def test_a_refused_body_is_not_taken_beyond_its_bound() -> None:
    sender = Sender([b"a" * 600] * 10)
    run(refusing, sender, max_json_kb=1)
    assert len(sender.left) == 8


def test_a_body_that_trickles_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facepad.service.requests.limits._PATIENCE_S", 0.05)

    async def reading(_: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        for _ in range(3):
            await receive()
        await send({})

    with pytest.raises(Exception, match="timeout"):
        run(reading, Sender([b"a", b"b"], is_whole=False), body_deadline_s=30.0)


def test_a_body_that_does_not_come_is_waited_for_no_longer_than_the_deadline() -> None:

    async def reading(_: Any, receive: Any, __: Any) -> None:  # noqa: ANN401
        while (await receive()).get("more_body"):
            pass

    with pytest.raises(Exception, match="timeout"):
        run(reading, Sender([b"a"], is_whole=False), body_deadline_s=0.05)


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/v1/liveness/image", 8_000_000),
        ("/try/liveness/image", 8_000_000),
        ("/v1/metrics", 8_000_000),
        ("/v1/liveness/video", 20_000_000),
        ("/v1/calibrations", 20_000_000),
        ("/v1/models", 64_000),
        ("/nothing", 64_000),
    ],
)
def test_each_route_has_its_bound(path: str, most: int) -> None:
    assert most_body(ServiceConfig(), path) == most


@pytest.mark.parametrize(
    ("host", "name"),
    [("localhost:8000", "localhost"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("A.b", "a.b")],
)
def test_a_host_is_compared_without_its_port(host: str, name: str) -> None:
    assert host_name(host) == name


def test_on_this_machine_only_its_own_names_are_answered() -> None:
    config = ServiceConfig()
    assert is_known_host({"host": "localhost:8000"}, config)
    assert not is_known_host({"host": "rebound.example"}, config)
    assert not is_known_host({}, config)
    assert is_known_host({"host": "any"}, ServiceConfig(host="192.0.2.1", insecure_http=True))


@pytest.mark.parametrize(
    ("path", "status"), [("/livez", 401), ("/readyz", 401), ("/v1/models", 421), ("/try", 421)]
)
def test_health_checks_are_answered_to_any_host(path: str, status: int) -> None:
    sent = run(refusing, Sender([b""]), b"10.0.0.7:8000", path)
    assert sent[0]["status"] == status


def test_a_page_is_of_the_service_by_origin_and_host() -> None:
    own = {"host": "localhost:8000", "origin": "http://localhost:8000"}
    assert is_same_origin(own)
    assert not is_same_origin({**own, "origin": "http://localhost:8001"})
    assert not is_same_origin({**own, "sec-fetch-site": "cross-site"})
    assert not is_same_origin({"host": "localhost:8000"})


@pytest.mark.parametrize("origin", ["http://[", "http://[v1.x]", "null", "", "//"])
def test_an_origin_that_is_no_address_is_that_of_another_page(origin: str) -> None:
    assert not is_same_origin({"host": "localhost:8000", "origin": origin})
