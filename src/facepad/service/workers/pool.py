"""Inference off the event loop: worker processes, a bounded queue, deadlines, restarts.

Each worker is a process of its own that answers one request at a time. A worker that ends costs
the request it was judging; another one takes its place.
"""

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from facepad.service.config import ServiceConfig
from facepad.service.workers.bounds import over_check, over_decoding
from facepad.service.workers.process import (
    JudgeRequest,
    WorkerBroken,
    WorkerLost,
    WorkerProcess,
)

logger = logging.getLogger("facepad.service")
_PAUSES_S = (0.0, 0.5, 2.0, 10.0)  # before further starts, while none succeeds
# A worker that exceeds a deadline is ended; one that is sent a check too late would be at no fault.
LEAST_SHARE = 0.1  # of a check's time that is left when a worker gets it
_TOO_MUCH_TO_DECODE: Mapping[str, Any] = MappingProxyType(
    {"code": "unprocessable_media", "detail": "Decoding it takes too much processor time."}
)


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
    """As many requests are being answered as may be."""


class NotReady(Exception):  # noqa: N818 - as above
    """No worker has been ready yet, or the service stops."""


class DeadlineExceeded(Exception):  # noqa: N818 - as above
    """The answer did not come in time."""


@dataclass(slots=True, eq=False, repr=False)  # media are neither compared nor printed
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
        self._first = [WorkerProcess(config) for _ in range(config.workers)]
        self._waiting: deque[_Waiting] = deque()
        self._more = asyncio.Condition()
        self._slots: list[asyncio.Task[None]] = []
        self._processes: dict[int, WorkerProcess] = {}
        self._admitted = self._busy = 0
        self._was_ready = self._closing = False
        self.restarts = 0
        self.broken = ""  # why no worker can start
        self._is_filter_noted = False

    async def start(self) -> None:
        """Begin to answer; returns at once."""
        self._slots = [
            asyncio.create_task(self._slot(number, process))
            for number, process in enumerate(self._first)
        ]

    @property
    def ready(self) -> bool:
        """Whether a worker has answered its golden input and is at work."""
        return not self._closing and bool(self._processes)

    @property
    def queue_depth(self) -> int:
        """Checks that wait for a worker."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Checks that workers are busy with."""
        return self._busy

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of the workers that are ready."""
        return tuple(process.pid for process in self._processes.values())

    @contextmanager
    def admitted(self, presentations: int = 1) -> Iterator[Callable[[], None]]:
        """Take a place for each presentation of a request whose body was read.

        There is a place for each worker, and as many more as the setting ``queue``. A request is
        taken while one place is free, and takes a place for each of its presentations: it may
        take more than are left, and then no other request is taken until one is free again.

        Args:
            presentations: Pictures that are judged by themselves, or 1 for a clip.

        Yields:
            A function that frees the place of one presentation; those that are left are freed at
            the end of the block.

        Raises:
            Overloaded: All places are taken.
            NotReady: No worker has been ready yet, or the service stops.
        """
        if self._closing or not self._was_ready:
            raise NotReady
        if self._admitted >= self._config.workers + self._config.waiting:
            raise Overloaded
        self._admitted += presentations
        left = presentations

        def free() -> None:
            nonlocal left
            left -= 1
            self._admitted -= 1

        try:
            yield free
        finally:
            self._admitted -= left

    async def judge(self, request: JudgeRequest, within_s: float | None = None) -> JudgeAnswer:
        """Return a worker's answer.

        Args:
            request: What is asked.
            within_s: Seconds until the answer is needed; the setting ``request_deadline_s`` if
                None.

        Raises:
            NotReady: The service stops.
            DeadlineExceeded: There was no answer in time.
            WorkerLost: The worker ended while it judged the request.
        """
        if self._closing:
            raise NotReady
        within = self._config.request_deadline_s if within_s is None else within_s
        answer: asyncio.Future[JudgeAnswer] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(request, time.monotonic() + within, answer)
        self._waiting.append(waiting)
        async with self._more:
            self._more.notify()
        try:
            async with asyncio.timeout(within):
                return await answer
        except TimeoutError:
            raise DeadlineExceeded from None
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    async def judge_apart(self, request: JudgeRequest, within_s: float) -> JudgeAnswer:
        """Return the answer of a process of its own, for work that takes long.

        Raises:
            DeadlineExceeded: There was no answer in time.
            WorkerLost: The process ended.
        """
        process = WorkerProcess(self._config, warm=False)
        began = time.monotonic()
        try:
            await process.open()
            values = await process.ask(request, within_s)
        except TimeoutError:
            raise DeadlineExceeded from None
        except WorkerLost as error:
            if over_check(error.ended_by):
                raise DeadlineExceeded from None
            if not over_decoding(error.ended_by):
                raise
            values = dict(_TOO_MUCH_TO_DECODE)
        finally:
            process.end()
        return JudgeAnswer(values, 0.0, 1000.0 * (time.monotonic() - began))

    async def close(self) -> None:
        """Stop: what waits is refused, and the workers end."""
        self._closing = True
        for task in self._slots:
            task.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        for process in self._first:
            process.end()
        for waiting in self._waiting:
            _settle(waiting, NotReady())

    async def _slot(self, number: int, process: WorkerProcess) -> None:
        """Keep one worker at work; start another when it ends or is due."""
        failures = 0
        while True:
            successor: WorkerProcess | None = None
            try:
                if not process.is_open:
                    await process.open()
                self._processes[number], failures, self._was_ready = process, 0, True
                self._note_filter(process)
                successor = await self._serve(process)
            except (WorkerLost, TimeoutError) as error:
                failures += number not in self._processes
                if isinstance(error, WorkerBroken) and not self._was_ready:
                    self.broken = str(error)
                logger.error("worker ended", extra=_ended(error))
            finally:
                self._processes.pop(number, None)
                process.end()
            self.restarts += 1
            if successor is None:
                await asyncio.sleep(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
                successor = WorkerProcess(self._config)
            process = successor

    def _note_filter(self, process: WorkerProcess) -> None:
        """Log once why the system calls of workers are not filtered, if they are not."""
        if process.unfiltered and not self._is_filter_noted:
            self._is_filter_noted = True
            fields = {"event": "system_calls_not_filtered", "fault": process.unfiltered}
            logger.warning("system calls of workers are not filtered", extra=fields)

    async def _serve(self, process: WorkerProcess) -> WorkerProcess:
        """Give a worker request after request; return its successor when it is due.

        The successor loads its models while the worker still answers. One that is ready takes
        over, too, when the worker ends.
        """
        successor: asyncio.Task[WorkerProcess] | None = None
        try:
            for done in itertools.count(1):
                await self._serve_one(process)
                if done == self._config.worker_jobs:
                    successor = asyncio.create_task(_opened(self._config))
                if successor is not None and successor.done():
                    break
        except (WorkerLost, TimeoutError) as error:
            if successor is None or not successor.done():
                await _discard(successor)
                raise
            logger.error("worker ended", extra=_ended(error))
        except BaseException:
            await _discard(successor)
            raise
        if successor is None:
            raise WorkerLost  # no more numbers
        return successor.result()

    async def _serve_one(self, process: WorkerProcess) -> None:
        """Give a worker the next request.

        Raises:
            WorkerLost: The worker ended, or must not be asked again.
            TimeoutError: It did not answer in time.
        """
        waiting = await self._next(process)
        self._busy += 1
        try:
            is_due = await _answer(process, waiting)
        finally:
            self._busy -= 1
        if is_due:
            raise WorkerLost("a liveness test did not end in time")

    async def _next(self, process: WorkerProcess) -> _Waiting:
        """Return the next request for a worker.

        Raises:
            WorkerLost: The worker ended while it had nothing to do.
        """
        taken, ended = asyncio.ensure_future(self._taken()), asyncio.ensure_future(process.ended())
        try:
            await asyncio.wait({taken, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                return taken.result()
            if taken.done():
                self._waiting.appendleft(taken.result())
        finally:
            taken.cancel()
            ended.cancel()
            await asyncio.gather(taken, ended, return_exceptions=True)
        async with self._more:
            self._more.notify()  # another worker takes what this one would have
        raise WorkerLost("the worker ended")

    async def _taken(self) -> _Waiting:
        while True:
            async with self._more:
                await self._more.wait_for(lambda: bool(self._waiting))
                waiting = self._waiting.popleft()
            if _is_late(waiting, time.monotonic()):
                _settle(waiting, DeadlineExceeded())
            if not waiting.answer.done():
                return waiting


async def _opened(config: ServiceConfig) -> WorkerProcess:
    process = WorkerProcess(config)
    try:
        await process.open()
    except BaseException:
        process.end()
        raise
    return process


async def _discard(successor: asyncio.Task[WorkerProcess] | None) -> None:
    """End a successor that does not take over, ready or not."""
    if successor is None:
        return
    successor.cancel()
    (result,) = await asyncio.gather(successor, return_exceptions=True)
    if isinstance(result, WorkerProcess):
        result.end()


def _is_late(waiting: _Waiting, now: float) -> bool:
    """Return whether too little of a check's time is left to send it to a worker."""
    return waiting.until - now < LEAST_SHARE * (waiting.until - waiting.since)


async def _answer(process: WorkerProcess, waiting: _Waiting) -> bool:
    """Let a worker answer one request; its caller gets the answer or the error.

    Returns:
        Whether the worker must not be asked again.
    """
    began = time.monotonic()

    def answer(values: Mapping[str, Any]) -> JudgeAnswer:
        queue_s, worker_s = began - waiting.since, time.monotonic() - began
        return JudgeAnswer(values, 1000.0 * queue_s, 1000.0 * worker_s)

    try:
        values = await process.ask(waiting.request, max(0.1, waiting.until - began))
    except WorkerLost as error:
        if over_decoding(error.ended_by):
            _settle(waiting, answer(_TOO_MUCH_TO_DECODE))
        elif over_check(error.ended_by):
            _settle(waiting, DeadlineExceeded())
        else:
            _settle(waiting, WorkerLost(str(error), error.ended_by))
        raise
    except TimeoutError:
        _settle(waiting, DeadlineExceeded())
        raise
    except asyncio.CancelledError:
        _settle(waiting, NotReady())
        raise
    is_due = bool(values.pop("is_due", False))
    _settle(waiting, answer(values))
    return is_due


def _ended(error: Exception) -> dict[str, str]:
    return {"event": "worker_ended", "fault": str(error) or type(error).__name__}


def _settle(waiting: _Waiting, result: JudgeAnswer | Exception) -> None:
    if waiting.answer.done():
        return
    if isinstance(result, Exception):
        waiting.answer.set_exception(result)
    else:
        waiting.answer.set_result(result)
