"""Inference off the event loop: worker processes, a bounded queue, deadlines, restarts.

Each worker is a process of its own that answers one request at a time. A worker that ends costs
the request it was judging; another one takes its place.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from facepad.service.config import ServiceConfig
from facepad.service.messages import next_message, packed

logger = logging.getLogger("facepad.service")
_START_S = 120.0  # a worker that is not ready by then is started again
_PAUSES_S = (0.0, 0.5, 2.0, 10.0)  # before further starts, while none succeeds


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """What a worker is asked.

    Attributes:
        kind: "image", "video", "frames" or "metrics".
        media: The bytes of a picture, a clip, or the pictures of one presentation.
        options: Tests, operating point, calibration, faces, frame rate; those that were given.
    """

    kind: str
    media: tuple[bytes, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    """What a worker answered.

    Attributes:
        values: The answer: a document, or a code of `facepad.service.problems` with a detail.
        queue_ms: How long the request waited for a worker.
        worker_ms: How long the worker had it.
    """

    values: Mapping[str, Any]
    queue_ms: float
    worker_ms: float


class Overloaded(Exception):  # noqa: N818 - a state, not a fault
    """The queue is full."""


class DeadlineExceeded(Exception):  # noqa: N818 - as above
    """The answer did not come in time."""


class WorkerLost(Exception):  # noqa: N818 - as above
    """The worker ended while it judged the request."""


class _Process:
    """A worker process and the socket to it."""

    def __init__(self, config: ServiceConfig) -> None:
        self.born = time.monotonic()
        self.link, other = socket.socketpair()
        command = [sys.executable, "-m", "facepad.service.worker", str(other.fileno())]
        with other:
            self._process = subprocess.Popen(  # noqa: S603 - the command is our own
                command,
                pass_fds=(other.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(config),
            )
        self.pid = self._process.pid
        self._first = packed(
            {
                "memory_mb": config.worker_memory_mb,
                "threads": config.threads,
                "deadline_s": config.tests_deadline_s,
            }
        )

    async def open(self) -> None:
        """Wait until the worker has answered its golden input.

        Raises:
            WorkerLost: It ended, or has no models; the message says why.
        """
        self.link.setblocking(False)
        self._reader, self._writer = await asyncio.open_connection(sock=self.link, limit=1 << 20)
        values = await self._asked(self._first, _START_S)
        if not values["ready"]:
            raise WorkerLost(values["fault"])

    async def ask(self, request: JudgeRequest, within_s: float) -> dict[str, Any]:
        """Return the answer to a request.

        Raises:
            WorkerLost: The worker ended.
            TimeoutError: There is no answer in time; the worker cannot be used any more.
        """
        header = {"kind": request.kind, **request.options}
        return await self._asked(packed(header, request.media), within_s)

    async def _asked(self, message: bytes, within_s: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(within_s):
                self._writer.write(message)
                await self._writer.drain()
                return await next_message(self._reader)
        except (OSError, asyncio.IncompleteReadError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise WorkerLost("the worker ended") from error

    def end(self) -> None:
        """Kill the process, if it has not ended, and take what it left."""
        self.link.close()
        if writer := getattr(self, "_writer", None):
            writer.close()
        self._process.kill()
        self._process.wait()


def _environment(config: ServiceConfig) -> dict[str, str]:
    """Return the environment of workers: the limits of media are settings of the engine."""
    side = config.max_image_side
    return {
        **os.environ,
        "FACEPAD_MAX_SIDE": str(side),
        "FACEPAD_MAX_MEGAPIXELS": str(side * side / 1e6),
        "FACEPAD_MAX_VIDEO_FRAMES": str(config.max_video_frames),
        **{f"{library}_NUM_THREADS": str(config.threads) for library in ("OMP", "OPENBLAS")},
    }


@dataclass(slots=True)
class _Waiting:
    request: JudgeRequest
    until: float  # of time.monotonic()
    answer: asyncio.Future[JudgeAnswer]
    since: float = field(default_factory=time.monotonic)


class Inference:
    """A pool of worker processes.

    The processes are started when it is made, so that they load their models while the rest of
    the service starts; `start` then takes them over on the event loop.

    Args:
        config: Settings of the service.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self._config = config
        self._first = [_Process(config) for _ in range(config.workers)]
        self._waiting: deque[_Waiting] = deque()
        self._more = asyncio.Condition()
        self._slots: list[asyncio.Task[None]] = []
        self._processes: dict[int, _Process] = {}
        self._busy = 0
        self._closing = False
        self.restarts = 0
        self.fault = ""

    async def start(self) -> None:
        """Begin to answer; returns at once."""
        self._slots = [
            asyncio.create_task(self._slot(number, process))
            for number, process in enumerate(self._first)
        ]

    @property
    def ready(self) -> bool:
        """Whether every worker has answered its golden input since the service began."""
        return not self._closing and bool(self._processes)

    @property
    def queue_depth(self) -> int:
        """Requests that wait for a worker."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Requests that workers judge at the moment."""
        return self._busy

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of the workers that are ready."""
        return tuple(process.pid for process in self._processes.values())

    async def judge(self, request: JudgeRequest, within_s: float | None = None) -> JudgeAnswer:
        """Return a worker's answer.

        Args:
            request: What is asked.
            within_s: Seconds until the answer is needed; the setting ``request_deadline_s`` if
                None.

        Raises:
            Overloaded: The queue is full, or the service stops.
            DeadlineExceeded: There was no answer in time.
            WorkerLost: The worker ended while it judged the request.
        """
        if self._closing or self.queue_depth >= self._config.waiting:
            raise Overloaded
        within = self._config.request_deadline_s if within_s is None else within_s
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, time.monotonic() + within, loop.create_future())
        self._waiting.append(waiting)
        async with self._more:
            self._more.notify()
        try:
            async with asyncio.timeout(within):
                return await waiting.answer
        except TimeoutError:
            raise DeadlineExceeded from None
        finally:
            with suppress(ValueError):
                self._waiting.remove(waiting)

    async def close(self) -> None:
        """Stop: waiting requests are refused, and the workers end."""
        self._closing = True
        for task in self._slots:
            task.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        for process in self._first:
            process.end()
        for waiting in self._waiting:
            if not waiting.answer.done():
                waiting.answer.set_exception(Overloaded())

    async def _slot(self, number: int, process: _Process) -> None:
        """Keep one worker at work; start another when it ends."""
        failures = 0
        while True:
            try:
                await process.open()
                self._processes[number], failures = process, 0
                logger.info("worker is ready", extra={"event": "worker_ready"})
                await self._serve(process)
            except (WorkerLost, TimeoutError) as error:
                failures += number not in self._processes
                self.fault = "" if number in self._processes else str(error)
                logger.error("worker ended", extra={"event": "worker_ended"})
            finally:
                self._processes.pop(number, None)
                process.end()
            self.restarts += 1
            await asyncio.sleep(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
            process = _Process(self._config)

    async def _serve(self, process: _Process) -> None:
        """Give a worker request after request, until it ends or is due to be replaced."""
        for _ in range(self._config.worker_jobs):
            waiting = await self._next()
            self._busy += 1
            try:
                await _answer(process, waiting)
            finally:
                self._busy -= 1

    async def _next(self) -> _Waiting:
        while True:
            async with self._more:
                await self._more.wait_for(lambda: bool(self._waiting))
                waiting = self._waiting.popleft()
            if not waiting.answer.done():
                return waiting


async def _answer(process: _Process, waiting: _Waiting) -> None:
    """Let a worker answer one request; its caller gets the answer or the error."""
    began = time.monotonic()
    try:
        values = await process.ask(waiting.request, max(0.1, waiting.until - began))
    except WorkerLost as error:
        _settle(waiting, WorkerLost(str(error)))
        raise
    except TimeoutError:
        _settle(waiting, DeadlineExceeded())
        raise
    except asyncio.CancelledError:
        _settle(waiting, Overloaded())
        raise
    now = time.monotonic()
    times = 1000.0 * (began - waiting.since), 1000.0 * (now - began)
    _settle(waiting, JudgeAnswer(values, *times))


def _settle(waiting: _Waiting, result: JudgeAnswer | Exception) -> None:
    if waiting.answer.done():
        return
    if isinstance(result, Exception):
        waiting.answer.set_exception(result)
    else:
        waiting.answer.set_result(result)
