"""Spawned worker processes: ordered results, and a crash costs one item, not the run.

Each process has one OpenCV thread, ignores Ctrl-C (the parent decides) and exits when the
parent is gone. Processes are spawned, not forked: a fork copies the locks of OpenCV's threads
in whatever state they are.
"""

import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Thread
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload

from facepad.errors import FacepadError
from facepad.types import Sample

AHEAD = 4  # items per process that are taken before their turn, so that memory stays bounded
CLOSE_S = 5.0  # how long a process that has no work may take to exit

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
        self._most = workers
        self._processes: list[_Process] = []
        self._function: Callable[[Item], Result] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.connection.close()  # an idle process exits on that
        for process in self._processes:
            process.end(at_once=error is not None)
        self._processes.clear()

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
        split: Callable[[Item], Iterable[Item]],
    ) -> Iterator[tuple[Item, Result]]:
        if self._most == 0:
            function = self._in_this_process()
            yield from ((item, function(item)) for item in items)
            return
        source, tasks = iter(items), deque[_Task]()
        while True:
            tasks.extend(_Task(item) for item in islice(source, self._room(tasks)))
            if not tasks:
                return
            if tasks[0].is_done:
                task = tasks.popleft()
                yield task.item, task.result
                continue
            self._hand_out(tasks)
            for task in self._receive():
                _after_crash(task, tasks, died, split)

    def _in_this_process(self) -> Callable[[Item], Result]:
        if self._function is None:
            self._function = _function(self._work, self._context)
        return self._function

    def _room(self, tasks: Sequence["_Task"]) -> int:
        return max(0, AHEAD * self._most - len(tasks))

    def _hand_out(self, tasks: Iterable["_Task"]) -> None:
        """Give waiting tasks to idle processes; one that has crashed runs alone."""
        waiting = [task for task in tasks if not (task.is_done or task.is_running)]
        if suspects := [task for task in waiting if task.crashes]:
            alone = all(process.task is None for process in self._processes)
            waiting = suspects[:1] if alone else []
        todo = deque(waiting)
        idle = [process for process in self._processes if process.is_idle]
        for process in idle[: len(todo)]:
            process.send(todo.popleft())
        starting = sum(not process.is_ready for process in self._processes)
        for _ in range(min(len(todo) - starting, self._most - len(self._processes))):
            self._processes.append(_Process(self._work, self._context))

    def _receive(self) -> "list[_Task]":
        """Wait for messages; return the tasks whose process died."""
        by_connection = {
            process.connection: process for process in self._processes if not process.is_idle
        }
        lost = []
        for connection in wait(list(by_connection)):
            process = by_connection[connection]  # type: ignore[index]  # only connections wait
            try:
                process.receive()
            except (EOFError, OSError):
                self._processes.remove(process)
                lost.append(process.bury())
        return lost


@dataclass(slots=True, eq=False)
class _Task:
    item: Any
    crashes: int = 0
    is_running: bool = False
    is_done: bool = False
    result: Any = None


@dataclass(slots=True, eq=False)
class _Process:
    """One worker process, seen from the parent."""

    work: Callable[..., Any]
    context: Callable[[], Any] | None
    task: _Task | None = None
    is_ready: bool = False
    connection: "Connection[Any, Any]" = field(init=False)
    process: BaseProcess = field(init=False)

    def __post_init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        # Daemonic: a pool that nobody closed must not keep the program from exiting.
        self.process = spawn.Process(
            target=_serve, args=(theirs, self.work, self.context), daemon=True
        )
        self.process.start()
        theirs.close()

    @property
    def is_idle(self) -> bool:
        return self.is_ready and self.task is None

    def send(self, task: _Task) -> None:
        task.is_running, self.task = True, task
        try:
            self.connection.send(task.item)
        except OSError:  # it has died; `receive` notices
            return

    def receive(self) -> None:
        succeeded, value = self.connection.recv()
        task, self.task = self.task, None
        if not succeeded:
            raise value
        if task is None:
            self.is_ready = True
        else:
            task.result, task.is_running, task.is_done = value, False, True

    def bury(self) -> _Task:
        """Return the task of a process that has died."""
        self.connection.close()
        self.end(at_once=True)
        if self.task is None:
            raise FacepadError(
                "the worker processes exit as soon as they start; their output stands above"
            )
        return self.task

    def end(self, *, at_once: bool) -> None:
        if not at_once and self.task is None:
            self.process.join(CLOSE_S)
        if self.process.is_alive():
            self.process.terminate()
        self.process.join()


def _after_crash(
    task: _Task,
    tasks: deque[_Task],
    died: Callable[[Any], Any],
    split: Callable[[Any], Iterable[Any]],
) -> None:
    """Let a task run again, put its parts in its place, or give it the result of the dead."""
    task.is_running = False
    task.crashes += 1
    if task.crashes < 2:
        return
    place = tasks.index(task)
    parts = [_Task(part, crashes=1) for part in split(task.item)]
    if not parts:
        task.result, task.is_done = died(task.item), True
        return
    del tasks[place]
    for part in reversed(parts):
        tasks.insert(place, part)


def _function(
    work: Callable[..., Result], context: Callable[[], Any] | None
) -> Callable[[Any], Result]:
    return work if context is None else partial(work, context())


def _serve(
    connection: "Connection[Any, Any]",
    work: Callable[..., Any],
    context: Callable[[], Any] | None,
) -> None:
    """Work in a process of its own until the parent closes the connection."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    cv2.setNumThreads(1)
    Thread(target=_exit_with_parent, daemon=True).start()
    try:
        function = _function(work, context)
    except Exception as error:  # noqa: BLE001 - raised again in the parent
        _answer(connection, (False, error))
        return
    _answer(connection, (True, None))
    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, function(item))
        except Exception as error:  # noqa: BLE001 - raised again in the parent
            error.add_note(f"In a worker process:\n{traceback.format_exc()}")
            answer = (False, error)
        _answer(connection, answer)


def _answer(connection: "Connection[Any, Any]", answer: tuple[bool, Any]) -> None:
    try:
        connection.send(answer)
    except OSError:  # the parent has closed the connection
        return
    except Exception as error:  # noqa: BLE001 - what cannot be pickled
        text = f"a worker process cannot send {answer[1]!r}: {type(error).__name__}: {error}"
        connection.send((False, FacepadError(text)))


def _exit_with_parent() -> None:
    """Exit when the parent is gone, also when it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
