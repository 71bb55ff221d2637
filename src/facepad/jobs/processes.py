"""Spawned worker processes: ordered results, and a crash costs one item, not the run.

Each process has one OpenCV thread, ignores Ctrl-C (the parent decides) and exits when the
parent is gone. Processes are spawned, not forked: a fork copies the locks of OpenCV's threads
in whatever state they are.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from multiprocessing.connection import wait
from threading import Thread
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload

from facepad.errors import FacepadError
from facepad.types import Sample

AHEAD = 4  # items per process that are taken before their turn, so that memory stays bounded

Item = TypeVar("Item")
Part = TypeVar("Part")
Result = TypeVar("Result")
Context = TypeVar("Context")


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Item]):
    """Consecutive items that one process works on at a time.

    Attributes:
        start: Index of the first item.
        items: One or more.
    """

    start: int
    items: tuple[Item, ...]

    @property
    def stop(self) -> int:
        """Index after the last item."""
        return self.start + len(self.items)

    def halves(self) -> "tuple[Chunk[Item], ...]":
        """Return two smaller chunks; none if there is one item only."""
        middle = len(self.items) // 2
        if not middle:
            return ()
        return (
            Chunk(self.start, self.items[:middle]),
            Chunk(self.start + middle, self.items[middle:]),
        )


def chunks(items: Sequence[Item], length: int, start: int = 0) -> Iterator[Chunk[Item]]:
    """Cut a sequence into chunks.

    Args:
        items: All items, or a part of them.
        length: Items per chunk.
        start: Index of the first item.

    Example:
        >>> [chunk.items for chunk in chunks("abcde", 2)]
        [('a', 'b'), ('c', 'd'), ('e',)]
    """
    for at in range(0, len(items), length):
        yield Chunk(start + at, tuple(items[at : at + length]))


def sendable(sample: Sample) -> Sample:
    """Return a sample with plain attributes, which can be sent to another process."""
    return replace(sample, attributes=dict(sample.attributes))


class ProcessPool(Generic[Item, Result]):
    """Worker processes that apply one function; started when they are needed.

    Args:
        work: Called as ``work(item)``, or ``work(context, item)`` with a context. Functions,
            items and results must be picklable.
        workers: Number of processes; 0 to work in this process, without isolation.
        context: Makes what a process needs once, before its first item; its errors are raised
            by `map`.

    Example:
        >>> with ProcessPool(len, workers=0) as pool:
        ...     list(pool.map(["a", "bc"], died=lambda item: 0))
        [1, 2]
    """

    @overload
    def __init__(self, work: Callable[[Item], Result], workers: int) -> None: ...

    @overload
    def __init__(
        self,
        work: Callable[[Context, Item], Result],
        workers: int,
        context: Callable[[], Context],
    ) -> None: ...

    def __init__(
        self,
        work: Callable[..., Result],
        workers: int,
        context: Callable[[], Any] | None = None,
    ) -> None:
        self._work, self._context = work, context
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None
        self._here: _Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=error is None, cancel_futures=True)
            self._executor = None

    def map(self, items: Iterable[Item], *, died: Callable[[Item], Result]) -> Iterator[Result]:
        """Yield the result of each item, in order.

        An item whose process dies is tried once more, with no other item beside it.

        Args:
            items: Taken a bounded number ahead.
            died: Gives the result of an item that made its process die twice; called here.

        Raises:
            FacepadError: The processes exit as soon as they start.
            Exception: Whatever ``work`` or ``context`` raised.
        """
        for _, result in self._results(items, died, lambda _: ()):
            yield result

    def map_chunks(
        self: "ProcessPool[Chunk[Part], Result]",
        todo: Iterable[Chunk[Part]],
        *,
        died: Callable[[Chunk[Part]], Result],
    ) -> Iterator[tuple[Chunk[Part], Result]]:
        """Yield each chunk with its result, in order.

        A chunk whose process dies twice is halved until the item is found, so the chunks that
        are yielded may be smaller than those of ``todo``.

        Args:
            todo: The chunks.
            died: Gives the result of a chunk of the one item that made its process die.

        Raises:
            Exception: As `map`.
        """
        yield from self._results(todo, died, Chunk.halves)

    def _results(
        self,
        items: Iterable[Item],
        died: Callable[[Item], Result],
        split: Callable[[Item], Sequence[Item]],
    ) -> Iterator[tuple[Item, Result]]:
        if self._workers == 0:
            self._here = self._here or _Worker(self._work, self._context)
            yield from ((item, self._here.run(item)) for item in items)
            return
        source, ahead = iter(items), deque[tuple[Item, Future[Result]]]()
        while True:
            for item in islice(source, AHEAD * self._workers - len(ahead)):
                ahead.append((item, self._submit(item)))
            if not ahead:
                return
            item, future = ahead.popleft()
            try:
                yield item, future.result()
            except BrokenProcessPool:
                self._executor = None
                yield from self._alone(item, died, split)
                ahead = deque((waiting, self._again(waiting, f)) for waiting, f in ahead)

    def _submit(self, item: Item) -> "Future[Result]":
        try:
            return self._started().submit(_run, item)
        except BrokenProcessPool as error:  # it broke meanwhile; raised when its turn comes
            future: Future[Result] = Future()
            future.set_exception(error)
            return future

    def _again(self, item: Item, future: "Future[Result]") -> "Future[Result]":
        """Submit an item again, unless its result arrived before the processes were lost."""
        lost = future.cancelled() or not future.done() or future.exception() is not None
        return self._submit(item) if lost else future

    def _alone(
        self,
        item: Item,
        died: Callable[[Item], Result],
        split: Callable[[Item], Sequence[Item]],
    ) -> Iterator[tuple[Item, Result]]:
        """Try an item with no other beside it; then its parts, or it has died."""
        try:
            with self._new_executor(1) as executor:
                result = executor.submit(_run, item).result()
        except BrokenProcessPool:
            parts = split(item)
            if not parts:
                yield item, died(item)
            for part in parts:
                yield from self._alone(part, died, split)
        else:
            yield item, result

    def _started(self) -> ProcessPoolExecutor:
        """Return running processes; those that cannot start are not blamed on an item."""
        if self._executor is None:
            executor = self._new_executor(self._workers)
            try:
                executor.submit(_prepare).result()
            except BrokenProcessPool as error:
                raise FacepadError(
                    "the worker processes exit as soon as they start; their output stands above"
                ) from error
            self._executor = executor
        return self._executor

    def _new_executor(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(self._work, self._context),
        )


class _Worker:
    """Applies the function of a pool in one process; makes the context before the first item."""

    def __init__(self, work: Callable[..., Any], context: Callable[[], Any] | None) -> None:
        self._work, self._context = work, context
        self._function: Callable[[Any], Any] | None = None

    def prepare(self) -> Callable[[Any], Any]:
        if self._function is None:
            make = self._context
            self._function = self._work if make is None else partial(self._work, make())
        return self._function

    def run(self, item: Any) -> Any:  # noqa: ANN401 - the pool is generic, its processes are not
        return self.prepare()(item)


class _Process:
    """What the functions that a pool sends to a worker process find there."""

    worker: _Worker


def _start(work: Callable[..., Any], context: Callable[[], Any] | None) -> None:
    from facepad.opencv import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    cv2.setNumThreads(1)
    Thread(target=_exit_with_parent, daemon=True).start()
    _Process.worker = _Worker(work, context)


def _prepare() -> None:
    _Process.worker.prepare()


def _run(item: Any) -> Any:  # noqa: ANN401 - as above
    return _Process.worker.run(item)


def _exit_with_parent() -> None:
    """Exit when the parent is gone, also when it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
