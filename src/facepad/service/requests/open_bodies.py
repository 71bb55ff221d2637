"""How many bytes of bodies may be on their way at once, whatever their senders' speed."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from facepad.service.config import MOST_OPEN_BYTES, ServiceConfig
from facepad.service.problems import Problem, retry_after
from facepad.service.requests.limits import most_body

_Value = TypeVar("_Value")


class OpenBodies:
    """The budget of bodies that are being read; a request that exceeds it is refused at once.

    Args:
        config: Bounds of the bodies.
        most: Bytes of the budget.
    """

    def __init__(self, config: ServiceConfig, most: int = MOST_OPEN_BYTES) -> None:
        self._config, self._most, self._open = config, most, 0
        self._turn = asyncio.Semaphore(1)

    @contextmanager
    def reading(self, request: Request) -> Iterator[None]:
        """Hold the bytes that a request announces, or may send, while its body is read.

        Raises:
            Problem: Too many bytes are on their way already.
        """
        most = most_body(self._config, request.url.path)
        announced = request.headers.get("content-length", "")
        size = min(int(announced), most) if announced.isdecimal() else most
        if self._open + size > self._most:
            raise Problem("overloaded", headers=retry_after())
        self._open += size
        try:
            yield
        finally:
            self._open -= size

    async def parsed(self, parse: Callable[..., _Value], *given: Any) -> _Value:  # noqa: ANN401
        """Return what a function makes of a body, off the event loop and one body at a time.

        Parsing holds the interpreter's lock for most of its time: several bodies at a time would
        take as long together, and the event loop would wait for all of them.
        """
        async with self._turn:
            return await run_in_threadpool(parse, *given)
