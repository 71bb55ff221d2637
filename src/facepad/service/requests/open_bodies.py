"""How many bytes of bodies may be on their way at once, whatever their senders' speed."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from facepad.service.config import ServiceConfig
from facepad.service.problems import Problem, retry_after
from facepad.service.requests.limits import most_body

MOST_OPEN_BYTES = 256 << 20


class OpenBodies:
    """The budget of bodies that are being read; a request that exceeds it is refused at once.

    Args:
        config: Bounds of the bodies.
        most: Bytes of the budget.
    """

    def __init__(self, config: ServiceConfig, most: int = MOST_OPEN_BYTES) -> None:
        self._config, self._most, self._open = config, most, 0

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
