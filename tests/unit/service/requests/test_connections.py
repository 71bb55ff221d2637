"""Open connections are bounded; those that send no request take no place of others."""

import asyncio
import http.client
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from facepad.errors import SettingsError
from facepad.service.config import ServiceConfig
from facepad.service.requests import connections
from facepad.service.requests.connections import RESERVE, BoundedProtocol, Connections

if TYPE_CHECKING:
    from service_app import Served

MOST = 8


class Link:
    """A connection without a socket."""

    def __init__(self, address: str = "") -> None:
        self.client = (address, 1) if address else None
        self.app_state: dict[str, Any] = {}
        self.transport, self.is_closed = self, False

    def abort(self) -> None:
        self.is_closed = True

    give_way = abort

    @property
    def is_refused(self) -> bool:
        return bool(self.app_state)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Links:
    """Connections with a limit of two, and a clock; proxies are those of 10.0.0.0/8."""

    def __init__(self, most: int = 2, most_per_address: int | None = None) -> None:
        self.clock = Clock()
        self.all = Connections(most, most_per_address, ("10.0.0.0/8",), self.clock)

    def add(self, address: str = "", *, busy: bool = False) -> Link:
        link = Link(address)
        self.all.add(cast("BoundedProtocol", link))
        if busy:
            self.begin(link)
        return link

    def begin(self, link: Link) -> None:
        self.all.begin(cast("BoundedProtocol", link))

    def hold(self, link: Link) -> None:
        self.all.hold(cast("BoundedProtocol", link))

    def remove(self, link: Link) -> None:
        self.all.remove(cast("BoundedProtocol", link))

    def wait(self, link: Link) -> None:
        self.all.wait(cast("BoundedProtocol", link))


def test_over_the_limit_the_connection_that_waited_longest_is_closed() -> None:
    links = Links()
    first, second = links.add(), links.add()
    links.clock.now = 5.0
    third = links.add()
    assert [one.is_closed for one in (first, second, third)] == [True, False, False]
    assert not third.is_refused


def test_a_connection_with_a_request_is_not_closed_for_another() -> None:
    links = Links()
    busy, idle = links.add(busy=True), links.add()
    links.clock.now = 5.0
    links.add()
    assert (busy.is_closed, idle.is_closed) == (False, True)


def test_where_all_have_a_request_a_further_one_is_refused() -> None:
    links = Links()
    assert not any(links.add(busy=True).is_refused for _ in range(2))
    assert links.add().is_refused


def test_a_connection_that_is_new_is_not_closed_before_it_can_send() -> None:
    links = Links()
    links.add(busy=True)
    waits = links.add()
    refused = links.add()
    assert not waits.is_closed
    assert refused.is_refused


def test_connections_over_the_limit_are_bounded_too() -> None:
    links = Links()
    many = [links.add() for _ in range(2 + RESERVE + 50)]
    assert sum(not one.is_closed for one in many) == 2 + RESERVE
    busy = Links()
    many = [busy.add(busy=True) for _ in range(2 + RESERVE + 50)]
    assert sum(not one.is_closed for one in many) == 2 + RESERVE


def test_a_burst_of_new_connections_does_not_close_one_that_had_a_request() -> None:
    links = Links()
    known = links.add(busy=True)
    links.wait(known)
    links.clock.now = 0.5
    burst = [links.add() for _ in range(2 * RESERVE)]
    assert not known.is_closed
    assert burst[0].is_closed
    assert not burst[-1].is_closed


def test_where_all_had_a_request_the_one_that_is_idle_for_longest_is_closed() -> None:
    links = Links()
    first, second = links.add(busy=True), links.add(busy=True)
    links.wait(second)
    links.clock.now = 0.5
    links.wait(first)
    links.clock.now = 5.0
    links.add()
    assert (first.is_closed, second.is_closed) == (False, True)


def test_where_none_is_idle_the_one_that_holds_a_body_back_for_longest_is_closed() -> None:
    links = Links(3)
    busy, first, second = links.add(busy=True), links.add(busy=True), links.add(busy=True)
    links.hold(first)
    links.clock.now = 0.5
    links.hold(second)
    refused = links.add()
    assert refused.is_refused
    links.remove(refused)
    links.clock.now = 5.0
    links.hold(first)  # more of its body came
    further = links.add()
    assert [one.is_closed for one in (busy, first, second)] == [False, True, False]
    links.begin(second)  # its body is complete
    links.clock.now = 10.0
    links.begin(further)
    links.add()
    assert not second.is_closed


def test_an_address_takes_no_more_places_than_its_own() -> None:
    links = Links(100, 2)
    crowd = [links.add("192.0.2.7", busy=True) for _ in range(2)]
    other = links.add("192.0.2.8")
    links.clock.now = 5.0
    refused = links.add("192.0.2.7")
    assert refused.is_refused
    links.remove(refused)
    assert not links.add("192.0.2.9").is_refused
    links.hold(crowd[0])
    links.clock.now = 10.0
    assert not links.add("::ffff:192.0.2.7").is_refused
    assert [one.is_closed for one in (*crowd, other)] == [True, False, False]
    assert not any(links.add("10.0.0.2", busy=True).is_refused for _ in range(5))


def test_an_address_that_left_is_forgotten() -> None:
    links = Links(100, 2)
    for number in range(10):
        links.remove(links.add(f"2001:db8::{number}", busy=True))
    assert (links.all._neighbours, links.all._open) == ({}, {})


def test_more_connections_than_the_system_allows_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 512))
    with pytest.raises(SettingsError, match="FACEPAD_SERVICE_MAX_CONNECTIONS needs"):
        connections.protocol(ServiceConfig(max_connections=1000))
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    connections.protocol(ServiceConfig(max_connections=100))
    assert raised == [(292, 512)]


def test_small_answers_are_sent_without_delay() -> None:
    from facepad.service.run import bound

    accepted: list[int] = []

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            link = transport.get_extra_info("socket")
            accepted.append(link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    async def whole() -> None:
        server = await asyncio.get_running_loop().create_server(
            Accepted, sock=bound(ServiceConfig(port=0))
        )
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await reader.read()
            writer.close()

    asyncio.run(whole())
    assert accepted == [1]


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


@pytest.mark.slow
def test_who_does_not_take_an_answer_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_WRITE_DEADLINE_S", 0.05)
    link = socket.socket()
    with link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        link.connect(("127.0.0.1", port))
        link.settimeout(60.0)
        with pytest.raises(ConnectionError):  # noqa: PT012 - reset while it sends, or after
            while True:
                link.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 80)


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
