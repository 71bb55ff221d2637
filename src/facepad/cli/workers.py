"""Worker processes that judge pictures; a decoder that takes one down costs one row."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait
from threading import Thread
from types import TracebackType
from typing import Self

from facepad.cli.document import Judged
from facepad.errors import InputError, ModelError, SettingsError
from facepad.pipeline import Checker

AHEAD = 4  # pictures in work or waiting per worker
NO_PATH = "the row names no picture"
DIED = "the worker process died on this picture"

_checker: Checker | None = None  # one per worker process, made by _start


class Workers:
    """Judges pictures in processes of one thread each; results come in order.

    Args:
        tests: Names of the liveness tests.
        count: Number of processes.
        judge: What a worker does with a path; found by its name in the new process.
    """

    def __init__(
        self,
        tests: tuple[str, ...],
        count: int,
        judge: Callable[[str], Judged] | None = None,
    ) -> None:
        self._tests = tests
        self._judge = judge or _judge
        self._count = count
        self._pool = self._new_pool(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=error is None, cancel_futures=True)

    def judge(self, pictures: Iterable[str]) -> Iterator[Judged]:
        """Judge pictures by path.

        Raises:
            ModelError: A model is missing or has the wrong hash.
            SettingsError: A test that was named does not exist.
        """
        waiting = iter(pictures)
        ahead: deque[tuple[str, Future[Judged]]] = deque()
        while True:
            for path in islice(waiting, AHEAD * self._count - len(ahead)):
                ahead.append((path, self._submit(path)))
            if not ahead:
                return
            path, future = ahead.popleft()
            try:
                yield future.result()
            except BrokenProcessPool:
                yield self._alone(path)
                ahead = self._again(ahead)

    def _submit(self, path: str) -> Future[Judged]:
        try:
            return self._pool.submit(self._judge, path)
        except BrokenProcessPool as error:  # broke meanwhile; told when its turn comes
            future: Future[Judged] = Future()
            future.set_exception(error)
            return future

    def _alone(self, path: str) -> Judged:
        """Judge a picture that may have taken a worker down, with no other beside it."""
        with self._new_pool(1) as pool:
            try:
                return pool.submit(self._judge, path).result()
            except BrokenProcessPool:
                return Judged(path, error=DIED)

    def _again(self, ahead: deque[tuple[str, Future[Judged]]]) -> deque[tuple[str, Future[Judged]]]:
        """Hand what was lost with the old pool to a new one."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._new_pool(self._count)
        return deque((path, self._submit(path)) for path, _ in ahead)

    def _new_pool(self, count: int) -> ProcessPoolExecutor:
        # Spawned, not forked: a fork copies the locks of OpenCV's threads as they stand.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            count, mp_context=context, initializer=_start, initargs=(self._tests,)
        )


def _start(tests: tuple[str, ...]) -> None:
    global _checker  # a pool's initialiser has no other place
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    Thread(target=_end_with_parent, daemon=True).start()
    _checker = Checker(tests, threads=1)


def _end_with_parent() -> None:
    """Leave when the parent is gone, also when it was killed and could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _judge(path: str) -> Judged:
    if _checker is None:
        raise SettingsError("a worker must be started by its pool, got a bare call")
    if not path:
        return Judged(path, error=NO_PATH)
    try:
        return Judged(path, _checker.check(path))
    except InputError as error:
        return Judged(path, error=str(error))
    except (ModelError, SettingsError):
        raise
    except Exception as error:  # noqa: BLE001 - one odd picture must not end a long run
        return Judged(path, error=f"unexpected {type(error).__name__}: {error}")
