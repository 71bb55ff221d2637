"""Bounds on open connections: how many there are, and how long one waits for a request."""

import asyncio
import json
import secrets
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from facepad.errors import SettingsError
from facepad.service.config import ServiceConfig
from facepad.service.problems import MEDIA_TYPE, Problem
from facepad.service.requests.limits import OVER_LIMIT

MOST_UNFINISHED_BYTES = 32 << 10  # of headers that are not complete
RESERVE = 64  # connections over the limit that are kept until they are answered with 503
_GRACE_S = 1.0  # in which a new connection is not closed for a newer one
_OTHER_FILES = 128  # descriptors for workers, the database and the log


class Connections:
    """The open connections of a server.

    Over the limit, the one that has waited longest for a request is closed, those that never had
    one first. Where all have a request, a further connection is answered with 503. Connections
    that never send a request therefore take no place of those that do.

    Args:
        most: Connections that may be open.
        clock: Seconds that only grow.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._open: set[BoundedProtocol] = set()
        self._served: set[BoundedProtocol] = set()  # had a request
        self._new: OrderedDict[BoundedProtocol, float] = OrderedDict()  # wait for their first one
        self._idle: OrderedDict[BoundedProtocol, float] = OrderedDict()  # wait for another one

    def add(self, new: "BoundedProtocol") -> None:
        """Take a connection that was accepted; close another one, or this one, where needed."""
        self._open.add(new)
        over = len(self._open) - self._most
        if over > 0 and (oldest := self._to_close(is_full=over > RESERVE)):
            self.remove(oldest)
            oldest.timeout_keep_alive_handler()
        elif over > RESERVE:
            self.remove(new)
            new.transport.abort()
        elif over > 0:
            new.app_state = {**new.app_state, OVER_LIMIT: True}
        self.wait(new)

    def wait(self, one: "BoundedProtocol") -> None:
        """Note that a connection waits for a request."""
        if one in self._open:
            waiting = self._idle if one in self._served else self._new
            waiting.setdefault(one, self._clock())

    def begin(self, one: "BoundedProtocol") -> None:
        """Note that a connection has a request."""
        self._new.pop(one, None)
        self._idle.pop(one, None)
        if one in self._open:
            self._served.add(one)

    def remove(self, one: "BoundedProtocol") -> None:
        """Forget a connection that was closed."""
        self._open.discard(one)
        self._served.discard(one)
        self._new.pop(one, None)
        self._idle.pop(one, None)

    def _to_close(self, *, is_full: bool) -> "BoundedProtocol | None":
        """Return the connection to close for a newer one; None where none has waited for long."""
        now = self._clock()
        oldest = [(one, now - since) for one, since in map(_first, (self._new, self._idle)) if one]
        found = (one for one, waited in oldest if is_full or waited >= _GRACE_S)
        return next(found, None)


def _first(
    waiting: "OrderedDict[BoundedProtocol, float]",
) -> "tuple[BoundedProtocol | None, float]":
    return next(iter(waiting.items()), (None, 0.0))


class BoundedProtocol(H11Protocol):
    """A connection whose headers must come in time; what is no HTTP is answered as a problem.

    Attributes:
        connections_open: All connections of the server.
        header_deadline_s: Seconds in which the headers of a request must arrive.
        public_url: Address of the service as its users see it; may be "".
    """

    connections_open: ClassVar[Connections]
    header_deadline_s: ClassVar[float]
    public_url: ClassVar[str]
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.connections_open.add(self)
        self._wait_for_headers(is_waiting=True)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        super().data_received(data)
        is_waiting = self.conn.their_state is h11.IDLE
        if is_waiting:
            self.connections_open.wait(self)
        else:
            self.connections_open.begin(self)
        self._wait_for_headers(is_waiting=is_waiting)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE:
            self.connections_open.wait(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self.connections_open.remove(self)
        self._wait_for_headers(is_waiting=False)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the server's words
        """Answer what is no HTTP, or has too long headers, and close the connection."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        hint = getattr(sys.exception(), "error_status_hint", HTTPStatus.BAD_REQUEST)
        if hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
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
        "connections_open": Connections(config.max_connections),
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
