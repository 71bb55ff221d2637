"""Which connection is closed where there are too many, and what a server needs for them."""

import asyncio
import resource
import socket
from typing import Any, cast

import pytest

from facepad.errors import SettingsError
from facepad.service.config import ServiceConfig
from facepad.service.requests import connections
from facepad.service.requests.connections import RESERVE, BoundedProtocol, Connections


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
