"""The service's application in this process, with workers that are threads of it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from facepad.pipeline import Checker
from facepad.service.config import ServiceConfig
from facepad.service.workers.pool import JudgeAnswer, NotReady, Overloaded
from facepad.service.workers.process import JudgeRequest
from facepad.service.workers.worker import Judge
from facepad.types import Frame, OperatingPoint, Presentation, Reason, Score

if TYPE_CHECKING:
    from starlette.testclient import TestClient

Answer = Callable[[Mapping[str, Any], Sequence[bytes]], dict[str, Any]]


class QuickTest:
    """Takes no time, so that what is tested is the way to it."""

    name = "quick"
    models: Mapping[str, str] = {}
    operating_point = OperatingPoint.at(0.5)

    def score(self, _: Presentation) -> Score:
        return Score(0.75)


class BlindFinder:
    """Finds no face."""

    models: Mapping[str, str] = {}

    def find(self, frame: Frame) -> Frame:
        return replace(frame, no_face=Reason.NO_FACE)


class QuickJudge(Judge):
    """Reads media as a worker does, and judges them by a quick test."""

    def _checker(self, *_: object, **__: object) -> Checker:
        return Checker([QuickTest()], finder=BlindFinder(), threads=1)

    def _metrics(self, header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
        self._image(header, media)
        return {"width": 1, "height": 1, "metrics": {}}

    def _calibrate(self, header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
        return self._image(header, media)


class DirectInference:
    """Answers requests by a function, in threads.

    Attributes:
        asked: The requests so far.
        places: Places that each request took.
        full: Whether every place is taken.
    """

    ready, queue_depth, in_flight, restarts, pids = True, 0, 0, 0, ()

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[JudgeRequest] = []
        self.places: list[int] = []
        self.full = False

    async def start(self) -> None:
        """Begin."""

    async def close(self) -> None:
        """End."""

    @contextmanager
    def admitted(self, presentations: int = 1) -> Iterator[Callable[[], None]]:
        """Take places."""
        if not self.ready:
            raise NotReady
        if self.full:
            raise Overloaded
        self.places.append(presentations)
        yield lambda: None

    async def judge(self, request: JudgeRequest, _: float | None = None) -> JudgeAnswer:
        """Return the answer of the function."""
        self.asked.append(request)
        header = {"kind": request.kind, **request.options}
        values = await asyncio.to_thread(self._answer, header, request.media)
        return JudgeAnswer(values, 0.0, 1.0)

    async def judge_apart(self, request: JudgeRequest, within_s: float) -> JudgeAnswer:
        """Return the answer of the function."""
        return await self.judge(request, within_s)


@dataclass
class Served:
    """An application and a client of it.

    Attributes:
        client: Sends requests.
        inference: What answers.
        key: A key with all scopes.
        make_key: Makes a key with some scopes.
    """

    client: "TestClient"
    inference: DirectInference
    key: str
    make_key: Callable[[list[str]], str]

    def post(self, path: str, **given: Any) -> Any:  # noqa: ANN401 - a response
        """Send a request with the key."""
        return self.client.post(path, headers=self.headers(given.pop("headers", {})), **given)

    def get(self, path: str) -> Any:  # noqa: ANN401 - a response
        """Send a request with the key."""
        return self.client.get(path, headers=self.headers())

    def headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the headers of a request with the key."""
        return {"Authorization": f"Bearer {self.key}", **(more or {})}


@contextmanager
def served(folder: Path, answer: Answer, **settings: Any) -> Iterator[Served]:  # noqa: ANN401
    """Give a running application.

    Args:
        folder: State folder.
        answer: Answers what a worker would be asked.
        settings: Settings of the service.
    """
    from starlette.testclient import TestClient

    from facepad.service.app import create_app
    from facepad.service.services import Services
    from facepad.service.state import open_state
    from facepad.service.workers.pool import Inference

    hosts = ("127.0.0.1", "localhost", "testserver")
    usual = {"workers": 2, "allowed_hosts": hosts}
    config = ServiceConfig(state_dir=folder, **{**usual, **settings})
    state, inference = open_state(folder), DirectInference(answer)
    app = create_app(Services.of(config, state, cast(Inference, inference)))

    def make_key(scopes: list[str]) -> str:
        return state.keys.create("some", scopes)[1]

    with TestClient(app, "http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield Served(client, inference, state.keys.create("all")[1], make_key)
    state.store.close()
