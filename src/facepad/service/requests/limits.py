"""Bounds on requests, applied before anything is parsed: address, headers, host, body, time."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facepad.service.config import ServiceConfig
from facepad.service.problems import Problem, response, retry_after

MOST_URL_BYTES = 4 << 10
MOST_HEADER_BYTES = 16 << 10
OVER_LIMIT = "is_over_limit"  # in the state of a connection that is one too many
_WATCHED = ("/livez", "/readyz")  # answered on such a connection, and to any Host
# A body that comes more slowly is not waited for, after a time in which a connection may stall.
_LEAST_BYTES_PER_S, _PATIENCE_S = 8 << 10, 5.0
_MOST_DRAINED, _DRAINED_WITHIN_S = 64 << 20, 2.0  # of a body that is refused unread


class Bounds:
    """ASGI middleware that refuses what is over a limit.

    Args:
        app: What is called within the bounds.
        config: The limits.
    """

    def __init__(self, app: ASGIApp, config: ServiceConfig) -> None:
        self._app, self._config = app, config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = most_body(self._config, scope["path"])
        problem = self._refusal(scope, headers, most)
        if problem is not None:
            # A sender whose connection ends while it sends never reads the answer.
            await _CountedBody(receive, _MOST_DRAINED, _DRAINED_WITHIN_S).drain()
            await response(problem, Request(scope))(scope, receive, send)
            return
        body = _CountedBody(receive, most, self._config.body_deadline_s)

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                await body.drain()
            await send(message)

        await self._app(scope, body.receive, send_after_body)

    def _refusal(self, scope: Scope, headers: Headers, most: int) -> Problem | None:
        if scope.get("state", {}).get(OVER_LIMIT) and scope["path"] not in _WATCHED:
            return Problem("overloaded", headers={**retry_after(), "Connection": "close"})
        if len(scope["raw_path"]) + len(scope["query_string"]) > MOST_URL_BYTES:
            return Problem("uri_too_long")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADER_BYTES:
            return Problem("headers_too_large")
        if scope["path"] not in _WATCHED and not is_known_host(headers, self._config):
            return Problem("misdirected")
        if "transfer-encoding" in headers and "content-length" in headers:
            # A proxy in front may believe the one and this service the other.
            detail = "Send Content-Length or Transfer-Encoding, not both."
            return Problem("malformed", detail, headers={"Connection": "close"})
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > most:
            return _too_large(most)
        return None


def most_body(config: ServiceConfig, path: str) -> int:
    """Return the largest body of a route, bytes."""
    if path.endswith(("/liveness/video", "/v1/calibrations")):
        return config.max_video_bytes
    if path.endswith(("/liveness/image", "/v1/metrics")):
        return config.max_image_bytes
    return config.max_json_bytes


def is_known_host(headers: Mapping[str, str], config: ServiceConfig) -> bool:
    """Return whether the header Host is one of those that are answered."""
    return not config.hosts or host_name(headers.get("host", "")) in config.hosts


def host_name(host: str) -> str:
    """Return a value of the header Host without its port.

    Example:
        >>> host_name("localhost:8000"), host_name("[::1]:8000")
        ('localhost', '[::1]')
    """
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Return whether a page of the service itself sent a request, by Origin and Host."""
    try:
        origin = urlsplit(headers.get("origin", ""))
    except ValueError:  # brackets that hold no IPv6 address
        return False
    site = headers.get("sec-fetch-site", "same-origin")
    return bool(origin.netloc) and origin.netloc == headers.get("host") and site == "same-origin"


class _CountedBody:
    def __init__(self, receive: Receive, most: int, within_s: float) -> None:
        self._receive, self._most = receive, most
        self._began = time.monotonic()
        self._until = self._began + within_s
        self._size, self._is_whole, self._is_over = 0, False, False

    async def drain(self) -> None:
        """Take the rest of a body that is refused, so that its sender reads the answer."""
        with suppress(Problem):
            while not (self._is_whole or self._is_over):
                await self.receive()

    async def receive(self) -> Message:
        if self._is_whole:  # waits for the client to go away
            return await self._receive()
        try:
            slowest = self._began + _PATIENCE_S + self._size / _LEAST_BYTES_PER_S
            async with asyncio.timeout(min(self._until, slowest) - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            self._is_over = True
            raise Problem("timeout", headers={"Connection": "close"}) from None
        self._size += len(message.get("body", b""))
        self._is_whole = message["type"] != "http.request" or not message.get("more_body")
        if self._size > self._most:
            self._is_over = True
            raise _too_large(self._most)
        return message


def _too_large(most: int) -> Problem:
    detail = f"The body may have at most {most:,} bytes."
    return Problem("too_large", detail, headers={"Connection": "close"})
