"""The page's addresses: its files, the live picture, the state, and what its buttons ask for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from facepad.errors import FacepadError
from facepad.webcam.page_pictures import MEDIA_TYPE, PagePictures
from facepad.webcam.page_state import page_state

if TYPE_CHECKING:
    from facepad.webcam.state import LiveView

FILES: Mapping[str, str] = MappingProxyType(
    {
        "": "text/html",
        "page.css": "text/css",
        "answer.css": "text/css",
        "webcam.css": "text/css",
        "webcam.js": "text/javascript",
        "shown.js": "text/javascript",
        "icon.svg": "image/svg+xml",
    }
)
SHARED = ("page.css", "answer.css", "icon.svg")  # with the pages of the service
T = TypeVar("T")
MOST_BYTES = 4096  # of a body; the longest holds names of tests
_MOST_TESTS, _LONGEST_NAME = 64, 200


class PageActions:
    """What the buttons of the page do.

    Args:
        session: The live view.
        stop: Ends the program.
    """

    def __init__(self, session: "LiveView", stop: Callable[[], object]) -> None:
        self._session, self._stop = session, stop

    def pause(self, body: Mapping[str, Any]) -> None:
        """Pause or resume."""
        self._session.pause(_of_type(body, "paused", bool))

    def tests(self, body: Mapping[str, Any]) -> None:
        """Select the tests that decide."""
        names = _of_type(body, "tests", list)
        if len(names) > _MOST_TESTS or not all(_is_name(name) for name in names):
            raise _BodyError
        self._session.select(names)

    def save(self, _: Mapping[str, Any]) -> None:
        """Save the picture and the decision."""
        self._session.save()

    def calibrate(self, body: Mapping[str, Any]) -> None:
        """Begin a calibration."""
        name = _of_type(body, "name", str)
        if not _is_name(name):
            raise _BodyError
        self._session.begin_calibration(name)

    def cancel(self, _: Mapping[str, Any]) -> None:
        """Cancel a calibration."""
        self._session.cancel_calibration()

    def stop(self, _: Mapping[str, Any]) -> None:
        """End the program."""
        self._stop()


def page_app(session: "LiveView", pictures: PagePictures, stop: Callable[[], object]) -> Starlette:
    """Return the application behind a `PageGate`.

    Args:
        session: The live view.
        pictures: Its pictures for browsers.
        stop: Ends the program.
    """
    actions = PageActions(session, stop)

    async def live(_: Request) -> Response:
        if pictures.is_full:
            return Response(status_code=503)
        return StreamingResponse(pictures.parts(), media_type=MEDIA_TYPE)

    async def state(_: Request) -> Response:
        return JSONResponse(page_state(await asyncio.to_thread(session.state)))

    return Starlette(
        routes=[
            *(Route(f"/{name}", _file(name), methods=["GET"]) for name in FILES),
            Route("/picture", live, methods=["GET"]),
            Route("/state", state, methods=["GET"]),
            *(
                Route(f"/do/{act.__name__}", _action(act), methods=["POST"])
                for act in (
                    *(actions.pause, actions.tests, actions.save),
                    *(actions.calibrate, actions.cancel, actions.stop),
                )
            ),
        ],
        exception_handlers={404: _bare, 405: _bare},
    )


class _BodyError(Exception):
    """A body is not what the page sends."""


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    folder = files("facepad") / ("web" if name in SHARED else "webcam/static")
    content = (folder / (name or "index.html")).read_bytes()

    async def answer(_: Request) -> Response:
        return Response(content, media_type=FILES[name])

    return answer


def _action(
    act: Callable[[Mapping[str, Any]], None],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            await asyncio.to_thread(act, await _body(request))
        except (_BodyError, ClientDisconnect):
            return Response(status_code=400)
        except FacepadError as error:
            return JSONResponse({"message": str(error)}, 409)
        return Response(status_code=204)

    return answer


async def _body(request: Request) -> Mapping[str, Any]:
    """Return the object of a request's body, of bounded length."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise _BodyError
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise _BodyError
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise _BodyError from None
    if not isinstance(found, dict):
        raise _BodyError
    return found


def _of_type(body: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = body.get(key)
    if not isinstance(value, kind):
        raise _BodyError
    return value


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_NAME


async def _bare(_: Request, error: Exception) -> Response:
    return Response(status_code=getattr(error, "status_code", 404))
