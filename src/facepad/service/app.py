"""The application: routes, and what happens around every request."""

import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facepad import __version__
from facepad.service import operations
from facepad.service.config import ServiceConfig
from facepad.service.pages import pages
from facepad.service.problems import Problem, documented, install, problem_pages, response
from facepad.service.requests.limits import Bounds
from facepad.service.routes import calibrations, jobs, liveness, metrics, models
from facepad.service.services import Services
from facepad.service.workers.messages import where

Count = Callable[[str, str, int, float, str], None]
logger = logging.getLogger("facepad.service")
_GONE = 499  # the client went away before its answer; only in logs and counts
_HEADERS = (  # of every answer; pages have their own policy
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
_DESCRIPTION = (
    "Judges pictures and clips: is the face in each one a living person, or a presentation attack? "
    "Checks are passive and stateless: nothing shows that media are fresh, so that replayed or "
    "injected media are judged as they are. Media are kept in memory only, until the answer."
)
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})  # asked every few seconds
_HSTS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")


def create_app(services: Services) -> FastAPI:
    """Make the application; the worker processes start and end with it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.inference.start()
        async with services.upkeep.running():
            try:
                yield
            finally:
                await services.jobs.close()
                await services.inference.close()
                await services.access.rates.close()
                await services.operations.end()

    app = FastAPI(
        title="facepad",
        version=__version__,
        summary="Is the face in front of the camera a living person?",
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect is no documented answer
        lifespan=lifespan,
        responses=documented(),
    )
    app.state.public_url = services.config.public_url.rstrip("/")
    install(app)
    for router in _routers(services):
        app.include_router(router)
    app.add_middleware(Bounds, config=services.config)
    app.add_middleware(Surroundings, config=services.config, count=services.operations.request)
    return app


def _routers(services: Services) -> Iterator[APIRouter]:
    """Yield the routes of the API, of operations and of the pages."""
    config, access = services.config, services.access
    yield from (
        module.router(services) for module in (liveness, metrics, models, calibrations, jobs)
    )
    yield problem_pages()
    yield operations.router(services.operations, access.key(operations.SCOPE))
    yield pages(config)


class Surroundings:
    """ASGI middleware around every request: an id, headers, a line in the log, faults as 500.

    Args:
        app: What is called.
        config: Settings of the service.
        count: Counts requests.
    """

    def __init__(self, app: ASGIApp, config: ServiceConfig, count: Count) -> None:
        self._app, self._count = app, count
        is_plain = config.is_loopback and not config.behind_proxy
        self._headers = _HEADERS if is_plain else (*_HEADERS, _HSTS)

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
        except ClientDisconnect:
            status = status or _GONE
        except Exception as error:  # noqa: BLE001 - no traceback and no input leaves the service
            logger.error("fault", extra={"event": "fault", "fault": where(error)})
            if not status:
                answer = response(Problem("internal"), Request(scope))
                await answer(scope, receive, send_with_headers)
        finally:
            self._note(scope, status, time.monotonic() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request, and write its line in the log."""
        state, route = scope["state"], getattr(scope.get("route"), "path", "")
        problem = state.get("problem", "")
        self._count(route, scope["method"], status, seconds, problem)
        if route in _QUIET:
            return
        fields = {
            "event": "request",
            "request_id": state["request_id"],
            "route": route,
            "method": scope["method"],
            "status": status,
            "duration_ms": round(1000.0 * seconds, 1),
            "reason_code": problem,
            "key_id": state.get("key_id", ""),
        }
        logger.info("request", extra=fields)
