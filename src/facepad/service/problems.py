"""Errors as ``application/problem+json`` (RFC 9457), each with a stable code.

No text repeats what was sent: no value, no file name, no address.
"""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from facepad.service.store import fault_fields

logger = logging.getLogger("facepad.service")
MEDIA_TYPE = "application/problem+json"
_RETRY_S = "5"  # where nothing better is known
_SPREAD_S = (2, 5)  # of further attempts


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem.

    Attributes:
        status: HTTP status.
        title: What it means, the same in each answer.
        help: What to do, for the page of the problem.
    """

    status: int
    title: str
    help: str


KINDS: Mapping[str, ProblemKind] = MappingProxyType(
    {
        "malformed": ProblemKind(
            400, "The request cannot be read", "Send JSON or multipart/form-data as documented."
        ),
        "unauthenticated": ProblemKind(
            401,
            "An API key is needed",
            "Send `Authorization: Bearer KEY` with a key of `facepad service apikey create`; a "
            "missing, unknown, expired or revoked key has this one answer.",
        ),
        "forbidden_scope": ProblemKind(
            403, "The API key may not do this", "Make a key with the scope that the route names."
        ),
        "origin_not_allowed": ProblemKind(
            403,
            "The request comes from another site",
            "Open the page at the address that the service printed, or send an API key.",
        ),
        "not_found": ProblemKind(404, "There is no such thing", "Check the address."),
        "method_not_allowed": ProblemKind(
            405, "The route has no such method", "The header Allow names the methods."
        ),
        "timeout": ProblemKind(
            408, "The request took too long to arrive", "Send it again, faster."
        ),
        "idempotency_in_progress": ProblemKind(
            409, "The first request with this key is still running", "Wait for its answer."
        ),
        "calibration_exists": ProblemKind(
            409, "There is a calibration of this name", "Choose another name, or set overwrite."
        ),
        "length_required": ProblemKind(411, "A length is needed", "Send Content-Length or chunks."),
        "too_large": ProblemKind(
            413, "The request is too large", "Send a smaller picture or clip."
        ),
        "uri_too_long": ProblemKind(414, "The address is too long", "Shorten it."),
        "unsupported_media_type": ProblemKind(
            415,
            "Unsupported format",
            "Send pictures as JPEG, PNG or WebP and clips as MP4 or WebM.",
        ),
        "misdirected": ProblemKind(
            421, "The service has another name", "Add the name to FACEPAD_SERVICE_ALLOWED_HOSTS."
        ),
        "invalid_request": ProblemKind(
            422, "A field has a value that cannot be used", "Each of `errors` names a field."
        ),
        "unprocessable_media": ProblemKind(
            422, "The picture or clip cannot be read", "Send another file; `errors` names it."
        ),
        "unknown_calibration": ProblemKind(
            422, "There is no calibration of this name", "GET /v1/calibrations lists them."
        ),
        "idempotency_key_reused": ProblemKind(
            422, "The key was used for another request", "Use a new Idempotency-Key."
        ),
        "rate_limited": ProblemKind(429, "Too many requests", "Wait as long as Retry-After says."),
        "headers_too_large": ProblemKind(
            431, "The headers are too large", "Send fewer or shorter ones."
        ),
        "internal": ProblemKind(500, "The service failed", "Report it with the request id."),
        "overloaded": ProblemKind(
            503, "The service is busy", "Send it again after as many seconds as Retry-After says."
        ),
        "deadline_exceeded": ProblemKind(
            503, "The check took too long", "Send it again, with fewer pictures or tests."
        ),
        "worker_lost": ProblemKind(
            503, "The process that judged it ended", "Send it again; if it recurs, report it."
        ),
        "interrupted": ProblemKind(
            503,
            "The service ended before the job did",
            "Only of jobs: send the pictures again, with a new Idempotency-Key.",
        ),
        "not_ready": ProblemKind(503, "The service is starting", "Send it again in a few seconds."),
        "model_unavailable": ProblemKind(
            503, "A model is missing or damaged", "The operator finds the cause in the log."
        ),
        "store_unavailable": ProblemKind(
            503, "The database does not answer", "Send it again later."
        ),
        "shutting_down": ProblemKind(
            503, "The service is stopping", "Send it to another instance."
        ),
    }
)


class Problem(Exception):  # noqa: N818 - the name of RFC 9457
    """An answer that is an error.

    Args:
        code: One of `KINDS`.
        detail: What is wrong in this case, or what to do; repeats nothing that was sent. By
            default the help of its kind.
        errors: Fields that are wrong.
        headers: Headers of the answer.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail or KINDS[code].help
        self.errors, self.headers = tuple(errors), dict(headers or {})

    @property
    def status(self) -> int:
        """HTTP status."""
        return KINDS[self.code].status

    def document(self, instance: str, request_id: str, base_url: str = "") -> dict[str, Any]:
        """Return the body of the answer."""
        return {
            "type": f"{base_url}/problems/{self.code}",
            "title": KINDS[self.code].title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "instance": instance,
            "request_id": request_id,
            "errors": [dict(one) for one in self.errors],
        }


def response(problem: Problem, request: Request) -> JSONResponse:
    """Return the answer to a request that has a problem."""
    base = getattr(request.app.state, "public_url", "")
    request_id = str(request.scope.get("state", {}).get("request_id", ""))
    request.scope.setdefault("state", {})["problem"] = problem.code
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        problem.headers.setdefault("Retry-After", _RETRY_S)
    return JSONResponse(
        problem.document(_instance(request), request_id, base),
        problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Make every error of an app a problem."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> JSONResponse:
        return response(error, request)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return response(invalid(error.errors()), request)

    @app.exception_handler(DBAPIError)
    async def _store(request: Request, error: DBAPIError) -> JSONResponse:
        logger.error("the database failed", extra=fault_fields(error))
        return response(Problem("store_unavailable", headers={"Retry-After": "5"}), request)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
        problem = Problem(codes.get(error.status_code, "malformed"), headers=error.headers)
        return response(problem, request)


def problem_pages() -> APIRouter:
    """Make the route of the help on each code, which `type` of a problem names."""
    routes = APIRouter(tags=["problems"])

    shown = {"text/plain": {"example": "overloaded (503): The service is busy."}}

    @routes.get(
        "/problems/{code}",
        summary="What a code means",
        response_class=PlainTextResponse,
        responses={200: {"description": "Meaning and help", "content": shown}},
    )
    async def page(code: Annotated[str, Path(examples=["unauthenticated"])]) -> PlainTextResponse:
        if code not in KINDS:
            raise Problem("not_found")
        kind = KINDS[code]
        return PlainTextResponse(f"{code} ({kind.status}): {kind.title}.\n\n{kind.help}\n")

    return routes


def invalid(found: Sequence[Any]) -> Problem:
    """Return the problem of fields that a model of pydantic refused; without their values."""
    errors = [{"pointer": _pointer(one), "message": _message(one)} for one in found]
    if any(one["type"] == "json_invalid" for one in found):
        return Problem("malformed", "The body is not JSON.")
    return Problem("invalid_request", errors=errors)


def _message(error: Mapping[str, Any]) -> str:
    """Return pydantic's message where it is of fixed words, and a plain one elsewhere."""
    if error["type"] in {"value_error", "assertion_error"}:
        return str(error["ctx"]["error"])
    return "unknown field" if error["type"] == "extra_forbidden" else str(error["msg"])


def _pointer(error: Mapping[str, Any]) -> str:
    """Return a JSON pointer to a field that is known; the name of an unknown one is an input."""
    places = [part for part in error["loc"] if part not in ("body", "query", "header", "path")]
    known = places[:-1] if error["type"] == "extra_forbidden" else places
    return "".join(f"/{part}" for part in known)


def _instance(request: Request) -> str:
    route = request.scope.get("route")
    return str(getattr(route, "path", ""))


def documented(*groups: str) -> dict[int | str, dict[str, Any]]:
    """Return the errors of a route for OpenAPI: those of every route, and those of its groups."""
    codes: dict[int, list[str]] = {}
    for group in ("always", *groups):
        for code in _GROUPS[group]:
            codes.setdefault(KINDS[code].status, []).append(code)
    return {status: _documented(names) for status, names in sorted(codes.items())}


_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "always": (
            *("malformed", "unauthenticated", "forbidden_scope", "not_found", "timeout"),
            *("too_large", "uri_too_long", "misdirected", "invalid_request", "rate_limited"),
            *("headers_too_large", "internal", "overloaded", "not_ready", "shutting_down"),
            "store_unavailable",
        ),
        "liveness": (
            *("unsupported_media_type", "unprocessable_media", "unknown_calibration"),
            *("idempotency_in_progress", "idempotency_key_reused"),
            *("deadline_exceeded", "worker_lost", "model_unavailable"),
        ),
        "models": ("model_unavailable",),
        "calibrations": ("calibration_exists",),
    }
)


def _documented(codes: Sequence[str]) -> dict[str, Any]:
    examples = {
        code: {"value": Problem(code).document("", "req_0123456789abcdef")} for code in codes
    }
    described = "; ".join(f"`{code}`: {KINDS[code].title}" for code in codes)
    return {
        "description": described,
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/ProblemDocument"},
                "examples": examples,
            }
        },
    }


def retry_after() -> dict[str, str]:
    """Return the header that spreads further attempts over a few seconds."""
    return {"Retry-After": str(random.randint(*_SPREAD_S))}  # noqa: S311 - no secret
