"""A server's open connections are bounded; those that send or take nothing take no place."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from facepad.service.config import ServiceConfig
from facepad.service.requests import connections

if TYPE_CHECKING:
    from service_app import Served

MOST = 8
GO_ON = threading.Event()  # cleared while checks are not answered
GO_ON.set()


def answer(_: Mapping[str, Any], __: Sequence[bytes]) -> dict[str, Any]:
    """Answer no check."""
    GO_ON.wait()
    return {"code": "internal"}


@contextmanager
def listening(served: "Served", config: ServiceConfig) -> Iterator[int]:
    """Serve an application on a port of this machine, as `facepad serve` does."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # of each connection
    made = connections.protocol(config)
    settings = uvicorn.Config(served.client.app, http=made, lifespan="off", log_config=None)
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Served]":
    pytest.importorskip("fastapi")
    import service_app

    folder = tmp_path_factory.mktemp("state")
    with service_app.served(folder, answer, rate_per_s=0.0) as one:
        yield one


@pytest.fixture
def port(served: "Served") -> Iterator[int]:
    with listening(served, ServiceConfig(max_connections=MOST)) as number:
        yield number


def ask(port: int, path: str, key: str = "") -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of an answer on a connection of its own."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60.0)
    try:
        link.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        found = link.getresponse()
        headers = {name.lower(): value for name, value in found.getheaders()}
        return found.status, headers, json.loads(found.read())
    finally:
        link.close()


def opened(stack: ExitStack, port: int, first: bytes) -> socket.socket:
    link = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60.0))
    link.sendall(first)
    return link


def until(check: Callable[[], bool]) -> None:
    """Wait until something holds; the test is ended by the suite's bound where it never does."""
    while not check():
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("first", [b"", b"GET /livez HTTP/1.1\r\nHost: 127.0"])
def test_connections_that_never_send_a_request_take_no_place_of_others(
    port: int, served: "Served", monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    monkeypatch.setattr(connections, "_GRACE_S", 0.0)
    with ExitStack() as stack:
        statuses = []
        for _ in range(3 * MOST):
            opened(stack, port, first)
            statuses.append(ask(port, "/v1/models", served.key)[0])
    assert statuses == [200] * (3 * MOST)


@pytest.mark.slow
def test_where_all_connections_have_a_request_a_further_one_gets_a_problem(
    port: int, served: "Served"
) -> None:
    body = b'{"images": ["AAAA"]}'
    complete = head(served, b"Content-Length: %d" % len(body)) + body
    GO_ON.clear()
    with ExitStack() as stack:
        stack.callback(GO_ON.set)
        for _ in range(MOST):
            opened(stack, port, complete)
        until(lambda: ask(port, "/v1/models", served.key)[0] == 503)
        status, headers, body = ask(port, "/v1/models", served.key)
        assert (status, body["code"]) == (503, "overloaded")
        assert headers["content-type"] == "application/problem+json"
        assert int(headers["retry-after"]) > 0
        assert headers["connection"] == "close"
        assert ask(port, "/livez")[0] == 200
        assert ask(port, "/readyz")[0] == 200
    until(lambda: ask(port, "/v1/models", served.key)[0] == 200)


def head(served: "Served", length: bytes) -> bytes:
    """The headers of a check."""
    return (
        b"POST /v1/liveness/image HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + b"\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer %s\r\n\r\n"
    ) % served.key.encode()


@pytest.mark.slow
def test_bodies_that_do_not_come_take_no_place_of_others(
    port: int, served: "Served", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_GRACE_S", 0.0)
    with ExitStack() as stack:
        statuses = []
        for _ in range(3 * MOST):
            opened(stack, port, head(served, b"Content-Length: 1000"))
            statuses.append(ask(port, "/v1/models", served.key)[0])
    assert statuses == [200] * (3 * MOST)


UNREAD = b"GET /v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 80


def reading_nothing(stack: ExitStack, port: int) -> socket.socket:
    """A connection whose client asks for much and takes nothing of it."""
    link = stack.enter_context(socket.socket())
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    link.connect(("127.0.0.1", port))
    link.settimeout(60.0)
    link.sendall(UNREAD)
    return link


@pytest.mark.slow
def test_who_does_not_take_an_answer_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_WRITE_DEADLINE_S", 0.05)
    with ExitStack() as stack:
        link = reading_nothing(stack, port)
        with pytest.raises(ConnectionError):  # noqa: PT012 - reset at any of them
            while True:
                link.sendall(UNREAD)


@pytest.mark.slow
def test_who_does_not_take_an_answer_takes_no_place_of_others(
    port: int, served: "Served", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_GRACE_S", 0.0)
    monkeypatch.setattr(connections, "_WRITE_DEADLINE_S", 3600.0)
    with ExitStack() as stack:
        links = [reading_nothing(stack, port) for _ in range(MOST)]
        for _ in links:
            until(lambda: ask(port, "/v1/models", served.key)[0] == 200)


@pytest.mark.slow
def test_a_body_of_many_small_chunks_is_refused(port: int, served: "Served") -> None:
    start = head(served, b"Transfer-Encoding: chunked")
    with ExitStack() as stack:
        link = opened(stack, port, start + b"1\r\na\r\n" * 300)
        found = http.client.HTTPResponse(link)
        found.begin()
        body = json.loads(found.read())
    assert (found.status, body["code"]) == (400, "malformed")
    assert "256 chunks" in body["detail"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"\x16\x03\x01\r\n\r\n", 400, "malformed"),
        (b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 20_000, 431, "headers_too"),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400, "malformed"),
        (
            b"POST /v1/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "malformed",
        ),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, "malformed"),
    ],
)
def test_what_is_no_clear_http_gets_a_problem(
    port: int, sent: bytes, status: int, code: str
) -> None:
    with ExitStack() as stack:
        found = http.client.HTTPResponse(opened(stack, port, sent))
        found.begin()
        body = json.loads(found.read())
    assert (found.status, found.headers["Content-Type"]) == (status, "application/problem+json")
    assert body["code"].startswith(code)
    assert found.headers["X-Request-Id"] == body["request_id"]
