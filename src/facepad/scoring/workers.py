"""Worker processes that judge pictures; a decoder that takes one down costs one row."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache, partial
from itertools import islice
from multiprocessing.connection import wait
from threading import Thread
from types import TracebackType
from typing import Self

from facepad import calibration, runtime
from facepad.errors import FacepadError, InputError, ModelError, SettingsError
from facepad.pipeline import Checker
from facepad.scoring.rows import Fields, decision_fields, error_fields

AHEAD = 4  # pictures in work or waiting per worker
NO_PATH = "the row names no picture"
DIED = "the worker process died on this picture"

Judge = Callable[[str, tuple[str, ...]], Fields]


class Workers:
    """Judges pictures in processes of one thread each; results come in order.

    Args:
        tests: Names of the liveness tests.
        count: Number of processes.
        judge: What a worker does with a path and the tests; found by its name in the new process.
    """

    def __init__(
        self,
        tests: tuple[str, ...],
        count: int,
        judge: Judge | None = None,
    ) -> None:
        self._tests = tests
        self._judge = judge or partial(judge_picture, None)
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

    def judge(self, pictures: Iterable[str]) -> Iterator[Fields]:
        """Judge pictures by path; yields the added fields of each.

        Raises:
            FacepadError: The processes cannot be started.
            ModelError: A model is missing or has the wrong hash.
            SettingsError: A test that was named does not exist.
        """
        self._check_start()
        waiting = iter(pictures)
        ahead: deque[tuple[str, Future[Fields]]] = deque()
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

    def _check_start(self) -> None:
        """Tell processes that cannot start from pictures that take them down."""
        try:
            self._pool.submit(os.getpid).result()
        except BrokenProcessPool as error:
            raise FacepadError(
                "the worker processes end as soon as they start; what they said stands above"
            ) from error

    def _submit(self, path: str) -> Future[Fields]:
        try:
            return self._pool.submit(self._judge, path, self._tests)
        except BrokenProcessPool as error:  # broke meanwhile; told when its turn comes
            future: Future[Fields] = Future()
            future.set_exception(error)
            return future

    def _alone(self, path: str) -> Fields:
        """Judge a picture that may have taken a worker down, with no other beside it."""
        with self._new_pool(1) as pool:
            try:
                return pool.submit(self._judge, path, self._tests).result()
            except BrokenProcessPool:
                return error_fields(DIED, self._tests)

    def _again(self, ahead: deque[tuple[str, Future[Fields]]]) -> deque[tuple[str, Future[Fields]]]:
        """Hand what was lost with the old pool to a new one."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._new_pool(self._count)
        return deque((path, self._submit(path)) for path, _ in ahead)

    def _new_pool(self, count: int) -> ProcessPoolExecutor:
        # Spawned, not forked: a fork copies the locks of OpenCV's threads as they stand.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(count, mp_context=context, initializer=_start)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave when the parent is gone, also when it was killed and could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@lru_cache(maxsize=1)
def _checker(tests: tuple[str, ...], camera: str | None) -> Checker:
    """The checker of a worker process; not made at its start, where errors are not heard."""
    runtime.tune()
    name = None if camera is None else camera.partition("+")[0]
    if name is not None and (now := calibration.version(name)) != camera:
        raise ModelError(
            f"calibration {name!r} was replaced during the run: expected {camera}, got {now}"
        )
    return Checker(tests, calibration=name, threads=1)


def judge_picture(camera: str | None, path: str, tests: tuple[str, ...]) -> Fields:
    """Judge one picture in a worker process; only text goes back to the parent.

    Args:
        camera: Version of the calibration ("kiosk-7+3fa9c1d2"), which the process loads
            itself; None for none.
        path: Where the picture lies; empty when the row names none.
        tests: Names of the liveness tests.

    Raises:
        ModelError: A model is missing or wrong, or the calibration is another by now.
        SettingsError: A test or the calibration does not exist.
    """
    if not path:
        return error_fields(NO_PATH, tests)
    try:
        return decision_fields(_checker(tests, camera).check(path), tests)
    except InputError as error:
        return error_fields(str(error), tests)
    except (ModelError, SettingsError):
        raise
    except Exception as error:  # noqa: BLE001 - one odd picture must not end a long run
        return error_fields(f"{path}: unexpected {type(error).__name__}: {error}", tests)
