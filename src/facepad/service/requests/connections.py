"""Bounds on open connections: how many there are, and how long one waits for its client."""

import asyncio
import json
import secrets
import sys
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from ipaddress import ip_network
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from facepad.errors import SettingsError
from facepad.service.config import ServiceConfig
from facepad.service.problems import MEDIA_TYPE, Problem
from facepad.service.requests.chunks import BoundedChunks, SmallChunks
from facepad.service.requests.limits import OVER_LIMIT
from facepad.service.requests.rates import network_of, plain_address

MOST_UNFINISHED_BYTES = 32 << 10  # of headers that are not complete
RESERVE = 64  # connections over the limit that are kept until they are answered with 503
_GRACE_S = 1.0  # in which a connection that waits is not closed for a newer one
_WRITE_DEADLINE_S = 10.0  # in which the client must take what was sent to it
_OTHER_FILES = 128  # descriptors for workers, the database and the log


class Connections:
    """The open connections of a server.

    Over a limit, one that waits for its client is closed, the one that has waited longest first:
    those that never had a request, then those between two requests, then those whose body is not
    complete or whose answer is not taken. Over the limit of an address it is one of that address.
    Where none waits, a further connection is answered with 503. Connections that send or take
    nothing therefore take no place of others.

    Args:
        most: Connections that may be open.
        most_per_address: Connections of one address that may be open; None for no such limit.
        proxies: Networks whose connections do not count for an address.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        most: int,
        most_per_address: int | None = None,
        proxies: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._most_per_address, self._clock = most, most_per_address, clock
        self._proxies = [ip_network(one, strict=False) for one in proxies]
        self._open: dict[BoundedProtocol, str] = {}  # with the address; "" where it has no limit
        self._neighbours: dict[str, set[BoundedProtocol]] = defaultdict(set)  # of one address
        self._served: set[BoundedProtocol] = set()  # had a request
        self._new: OrderedDict[BoundedProtocol, float] = OrderedDict()  # wait for their first one
        self._idle: OrderedDict[BoundedProtocol, float] = OrderedDict()  # wait for another one
        self._held: OrderedDict[BoundedProtocol, float] = OrderedDict()  # in the middle of one

    def add(self, new: "BoundedProtocol") -> None:
        """Take a connection that was accepted; close another one, or this one, where needed."""
        over, among = self._over(new)
        if over > 0 and (oldest := self._to_close(among, is_full=over > RESERVE)):
            self.remove(oldest)
            oldest.give_way()
        elif over > RESERVE:
            self.remove(new)
            new.transport.abort()
        elif over > 0:
            new.app_state = {**new.app_state, OVER_LIMIT: True}
        self.wait(new)

    def wait(self, one: "BoundedProtocol") -> None:
        """Note that a connection waits for a request."""
        if one in self._open:
            self._held.pop(one, None)
            waiting = self._idle if one in self._served else self._new
            waiting.setdefault(one, self._clock())

    def hold(self, one: "BoundedProtocol") -> None:
        """Note that a connection waits for the rest of a body, or for its answer to be taken."""
        if one in self._open and one not in self._held:
            self.begin(one)
            self._held[one] = self._clock()

    def begin(self, one: "BoundedProtocol") -> None:
        """Note that a connection has a request."""
        self._forget(one)
        if one in self._open:
            self._served.add(one)

    def remove(self, one: "BoundedProtocol") -> None:
        """Forget a connection that was closed."""
        address = self._open.pop(one, "")
        if address:
            self._neighbours[address].discard(one)
            if not self._neighbours[address]:
                del self._neighbours[address]
        self._served.discard(one)
        self._forget(one)

    def _forget(self, one: "BoundedProtocol") -> None:
        for waiting in (self._new, self._idle, self._held):
            waiting.pop(one, None)

    def _over(self, new: "BoundedProtocol") -> "tuple[int, Collection[BoundedProtocol] | None]":
        """Take a connection; return by how many there are too many, among which; None for all."""
        address = self._limited_address(new)
        self._open[new] = address
        if address and self._most_per_address is not None:
            neighbours = self._neighbours[address]
            neighbours.add(new)
            over = len(neighbours) - self._most_per_address
            if over > 0:
                return over, neighbours
        return len(self._open) - self._most, None

    def _limited_address(self, new: "BoundedProtocol") -> str:
        """Return what counts as the address of a connection; "" for a proxy's."""
        host = new.client[0] if new.client else ""
        if self._most_per_address is None or not host:
            return ""
        if self._proxies and any(plain_address(host) in one for one in self._proxies):
            return ""
        return network_of(host)

    def _to_close(
        self, among: "Collection[BoundedProtocol] | None", *, is_full: bool
    ) -> "BoundedProtocol | None":
        """Return the connection to close for a newer one; None where none has waited for long."""
        now = self._clock()
        for waiting in (self._new, self._idle, self._held):
            one, since = _oldest(waiting, among)
            if one is not None and (is_full or now - since >= _GRACE_S):
                return one
        return None


def _oldest(
    waiting: "OrderedDict[BoundedProtocol, float]",
    among: "Collection[BoundedProtocol] | None",
) -> "tuple[BoundedProtocol | None, float]":
    if among is None:
        return next(iter(waiting.items()), (None, 0.0))
    since = {one: waiting[one] for one in among if one in waiting}
    one = min(since, key=since.__getitem__, default=None)
    return one, 0.0 if one is None else since[one]


class BoundedProtocol(H11Protocol):
    """A connection whose headers must come, and whose answers must be taken, in time.

    What is no HTTP is answered as a problem.

    Attributes:
        connections_open: All connections of the server.
        header_deadline_s: Seconds in which the headers of a request must arrive.
        public_url: Address of the service as its users see it; may be "".
    """

    connections_open: ClassVar[Connections]
    header_deadline_s: ClassVar[float]
    public_url: ClassVar[str]
    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.conn = BoundedChunks(h11.SERVER, MOST_UNFINISHED_BYTES)
        transport.set_write_buffer_limits(high=0)  # paused while anything is not taken
        self.connections_open.add(self)
        self._wait_for_headers(is_waiting=True)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        super().data_received(data)
        self._note()
        self._wait_for_headers(is_waiting=self.conn.their_state is h11.IDLE)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._note()

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent to it, but not for ever."""
        super().pause_writing()
        self._note()
        self._unread = self.loop.call_later(_WRITE_DEADLINE_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on; the client took all that was sent to it."""
        super().resume_writing()
        self._note()
        self._all_is_read()

    def give_way(self) -> None:
        """Close for another connection."""
        if self.conn.our_state is h11.IDLE and not self.flow.write_paused:
            self.timeout_keep_alive_handler()
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self.connections_open.remove(self)
        self._wait_for_headers(is_waiting=False)
        self._all_is_read()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the server's words
        """Answer what is no HTTP, or has too long headers, and close the connection."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        error = sys.exception()
        hint = getattr(error, "error_status_hint", HTTPStatus.BAD_REQUEST)
        if isinstance(error, SmallChunks):
            problem = Problem("malformed", str(error))
        elif hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            problem = Problem("headers_too_large")
        else:
            problem = Problem("malformed", "The request is no valid HTTP/1.1.")
        request_id = f"req_{secrets.token_hex(8)}"
        body = json.dumps(problem.document("", request_id, self.public_url)).encode()
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": request_id,
            "Connection": "close",
        }
        start = h11.Response(
            status_code=problem.status,
            headers=list(headers.items()),
            reason=HTTPStatus(problem.status).phrase.encode(),
        )
        for event in (start, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _note(self) -> None:
        """Note what the connection waits for."""
        if self.conn.their_state is h11.SEND_BODY or self.flow.write_paused:
            self.connections_open.hold(self)
        elif self.conn.their_state is h11.IDLE:
            self.connections_open.wait(self)
        else:
            self.connections_open.begin(self)

    def _all_is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait_for_headers(self, *, is_waiting: bool) -> None:
        if is_waiting and self._late is None:
            self._late = self.loop.call_later(
                self.header_deadline_s, self.timeout_keep_alive_handler
            )
        elif not is_waiting and self._late is not None:
            self._late.cancel()
            self._late = None


def protocol(config: ServiceConfig) -> type[BoundedProtocol]:
    """Return the protocol of a server's connections.

    Raises:
        SettingsError: The system does not let this process have so many connections.
    """
    _allow_files(config.max_connections + RESERVE + _OTHER_FILES)
    facts = {
        "connections_open": Connections(
            config.max_connections,
            config.max_connections_per_address,
            config.trusted_proxies if config.behind_proxy else (),
        ),
        "header_deadline_s": config.header_deadline_s,
        "public_url": config.public_url.rstrip("/"),
    }
    return type("Protocol", (BoundedProtocol,), facts)


def _allow_files(count: int) -> None:
    """Raise the limit of open files where it is too low."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count or soft == resource.RLIM_INFINITY:
        return
    if hard < count and hard != resource.RLIM_INFINITY:
        raise SettingsError(
            f"FACEPAD_SERVICE_MAX_CONNECTIONS needs {count} open files, but the system allows "
            f"{hard}; lower it, or raise the limit (ulimit -n)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
