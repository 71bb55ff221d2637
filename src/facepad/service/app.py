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
from facepad.service.config import ServiceConfig
from facepad.service.inference import Inference
from facepad.service.limits import Bounds
from facepad.service.messages import where
from facepad.service.operations import SCOPE, Operations
from facepad.service.operations import router as operations_router
from facepad.service.problems import Problem, install, response
from facepad.service.repeats import Repeats
from facepad.service.routes import liveness
from facepad.service.storage.state import ServiceState

logger = logging.getLogger("facepad.service")
_HEADERS = (  # of every answer; pages have their own policy
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
QUIET = frozenset({"/livez", "/readyz", "/metrics"})  # asked every few seconds
_HSTS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes work with.

    Attributes:
        config: Settings of the service.
        state: Keys, audit log and idempotency keys.
        inference: The worker processes.
    """

    config: ServiceConfig
    state: ServiceState
    inference: Inference


def create_app(services: Services) -> FastAPI:
    """Make the application; the worker processes start and end with it."""
    state, inference = services.state, services.inference
    access = Access(state.keys, services.config)
    operations = Operations(state.store, state.audit, inference)
    repeats = Repeats(state.idempotency)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await operations.acted("service", "service.started", __version__)
        await inference.start()
        try:
            yield
        finally:
            await inference.close()
            operations.note_failures()
            await operations.acted("service", "service.stopped", __version__)
            state.store.close()

    app = FastAPI(
        title="facepad",
        version=__version__,
        summary="Is the face in front of the camera a living person?",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.public_url = services.config.public_url
    install(app)
    app.include_router(
        liveness.router(inference, access, services.config, operations=operations, repeats=repeats)
    )
    app.include_router(operations_router(operations, access.this_machine_or_key(SCOPE)))
    app.add_middleware(Bounds, config=services.config)
    app.add_middleware(Surroundings, config=services.config, operations=operations)
    return app


class Surroundings:
    """ASGI middleware around every request: an id, headers, a line in the log, faults as 500.

    Args:
        app: What is called.
        config: Settings of the service.
        operations: Counts the requests.
    """

    def __init__(self, app: ASGIApp, config: ServiceConfig, operations: Operations) -> None:
        self._app, self._operations = app, operations
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
            self._note(scope, status, time.monotonic() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request, and write a line about it to the log."""
        state, route = scope["state"], getattr(scope.get("route"), "path", "")
        problem = state.get("problem", "")
        self._operations.request(route, scope["method"], status, seconds, problem)
        if route in QUIET:
            return
        fields = {
            "event": "request",
            "request_id": state["request_id"],
            "key_id": state.get("key_id", ""),
            "route": route,
            "status": status,
            "duration_ms": round(1000.0 * seconds, 1),
            "reason_code": problem,
        }
        logger.info("request", extra=fields)
