"""Requests with an idempotency key: the second one gets the answer of the first."""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError

from facepad.errors import InputError
from facepad.service.idempotency import (
    IdempotencyStore,
    InProgressError,
    KeyReusedError,
    StoredAnswer,
    request_fingerprint,
)
from facepad.service.problems import Problem
from facepad.service.requests.open_bodies import OpenBodies
from facepad.service.store import fault_fields
from facepad.service.wire import place_of_job

logger = logging.getLogger("facepad.service")
HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_LASTING = range(200, 300)  # other answers may become better when the request is sent again
Dependency = Callable[..., Awaitable[None]]


class _Replay(Exception):  # noqa: N818 - an answer, not a fault
    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__()
        self.answer = answer


class Repeats:
    """Makes the dependency of routes that may be repeated.

    Their routers need `RepeatableRoute` as ``route_class``.
    """

    def __init__(self, store: IdempotencyStore, bodies: OpenBodies) -> None:
        """Keep answers in a store; the bodies that are read for it are bounded."""
        self._store, self._bodies = store, bodies

    def of(
        self, caller: Callable[..., Awaitable[str]], gate: Callable[[], object] = lambda: None
    ) -> Dependency:
        """Return a dependency that begins a request with an idempotency key.

        Args:
            caller: Dependency that checks the API key and gives the actor; it comes first.
            gate: Called before the body is read; raises what refuses the request.
        """

        async def begun(
            request: Request,
            actor: Annotated[str, Depends(caller)],
            idempotency_key: Annotated[
                str | None,
                Header(
                    description="1 to 255 printable ASCII characters. For 24 hours a request with "
                    f"the same key gets the first answer, with the header {REPLAYED}: true.",
                ),
            ] = None,
        ) -> None:
            if idempotency_key is not None:
                gate()
                with self._bodies.reading(request):
                    body = await request.body()
                fingerprint = await run_in_threadpool(_fingerprint, request, body)
                await run_in_threadpool(self._begin, actor, idempotency_key, fingerprint)
                request.state.repeat = _Repeat(self._store, actor, idempotency_key)

        return begun

    def _begin(self, actor: str, key: str, fingerprint: bytes) -> None:
        try:
            answer = self._store.begin(actor, key, fingerprint)
        except KeyReusedError:
            raise Problem("idempotency_key_reused") from None
        except InProgressError:
            wait = {"Retry-After": "1"}
            raise Problem("idempotency_in_progress", headers=wait) from None
        except InputError as error:
            errors = [{"pointer": f"/{HEADER}", "message": str(error)}]
            raise Problem("invalid_request", errors=errors) from None
        if answer is not None:
            raise _Replay(answer)


class _Repeat:
    """A request that was begun."""

    def __init__(self, store: IdempotencyStore, actor: str, key: str) -> None:
        self._store, self._place = store, (actor, key)

    def keep(self, response: Response) -> None:
        """Keep an answer; without a place for it, the request may be sent again."""
        answer = StoredAnswer(response.status_code, bytes(response.body))
        try:
            self._store.finish(*self._place, answer)
        except DBAPIError as error:
            logger.error("an answer was not kept", extra=fault_fields(error))
            self.forget()

    def forget(self) -> None:
        """Let the request be sent again, also while the database does not answer."""
        try:
            self._store.forget(*self._place)
        except DBAPIError as error:
            logger.error("a request was not forgotten yet", extra=fault_fields(error))


class RepeatableRoute(APIRoute):
    """A route that keeps its answer to a request with an idempotency key."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Any]]:  # type: ignore[override]
        """Return the handler, with the answer kept or the first one sent again."""
        answered = super().get_route_handler()

        async def handler(request: Request) -> Response:
            response = None
            try:
                response = await answered(request)
            except _Replay as replay:
                first = replay.answer
                headers = {REPLAYED: "true", **_location(first)}
                return Response(first.body, first.status, headers, "application/json")
            finally:
                repeat = getattr(request.state, "repeat", None)
                if repeat is not None:
                    await _settle(repeat, response)
            return response

        return handler


async def _settle(repeat: _Repeat, response: Response | None) -> None:
    """Keep a good answer; after any other one the request may be sent again."""
    if response is not None and response.status_code in _LASTING:
        await run_in_threadpool(repeat.keep, response)
    else:
        await run_in_threadpool(repeat.forget)


def _location(answer: StoredAnswer) -> dict[str, str]:
    """Return the header that an answer had beside its body: where its job is, if it has one."""
    if answer.status != HTTPStatus.ACCEPTED:
        return {}
    return {"Location": place_of_job(json.loads(answer.body)["job_id"])}


def _fingerprint(request: Request, body: bytes) -> bytes:
    """Return what makes a request the same as another one: all but the boundary of a form."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    boundary = parameters.partition("boundary=")[2].partition(";")[0].strip().strip('"')
    content = body.replace(boundary.encode("latin-1"), b"") if boundary else body
    parts = (
        ("method", request.method.encode()),
        ("path", request.url.path.encode()),
        ("query", request.url.query.encode()),
        ("type", kind.strip().lower().encode("latin-1")),
        ("body", hashlib.sha256(content).digest()),
    )
    return request_fingerprint(parts)
