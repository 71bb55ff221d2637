"""The application: routes, and what happens around every request."""

import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facepad import __version__
from facepad.service.access import Access
from facepad.service.audit import AuditLog
from facepad.service.config import ServiceConfig
from facepad.service.inference import Inference
from facepad.service.keys import KeyStore
from facepad.service.limits import Bounds
from facepad.service.messages import where
from facepad.service.problems import Problem, install, response
from facepad.service.routes import liveness

logger = logging.getLogger("facepad.service")
_HEADERS = (  # of every answer; pages have their own policy
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
_HSTS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes work with.

    Attributes:
        config: Settings of the service.
        keys: The API keys.
        audit: The audit log.
        inference: The worker processes.
    """

    config: ServiceConfig
    keys: KeyStore
    audit: AuditLog
    inference: Inference


def create_app(services: Services) -> FastAPI:
    """Make the application; the worker processes start and end with it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.inference.start()
        try:
            yield
        finally:
            await services.inference.close()

    app = FastAPI(
        title="facepad",
        version=__version__,
        summary="Is the face in front of the camera a living person?",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    access = Access(services.keys, services.config)
    app.state.public_url = services.config.public_url
    install(app)
    app.include_router(liveness.router(services.inference, access, services.config))
    app.add_middleware(Bounds, config=services.config)
    app.add_middleware(Surroundings, config=services.config)
    return app


class Surroundings:
    """ASGI middleware around every request: an id, headers, a line in the log, faults as 500.

    Args:
        app: What is called.
        config: Settings of the service.
    """

    def __init__(self, app: ASGIApp, config: ServiceConfig) -> None:
        self._app = app
        self._headers = _HEADERS if config.is_loopback else (*_HEADERS, _HSTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0
        state = scope.setdefault("state", {})
        state["request_id"] = f"req_{secrets.token_hex(8)}"

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = state["request_id"]
                for name, value in self._headers:
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - no traceback and no input leaves the service
            logger.error("fault", extra={"event": "fault", "fault": where(error)})
            if not status:
                answer = response(Problem("internal"), Request(scope))
                await answer(scope, receive, send_with_headers)
        finally:
            _log(scope, status, 1000.0 * (time.monotonic() - began))


def _log(scope: Scope, status: int, duration_ms: float) -> None:
    state, route = scope["state"], getattr(scope.get("route"), "path", "")
    fields = {
        "event": "request",
        "request_id": state["request_id"],
        "route": route,
        "status": status,
        "duration_ms": round(duration_ms, 1),
        "reason_code": state.get("problem", ""),
    }
    logger.info("request", extra=fields)
