"""Calls side by side in a bounded number of threads: of one item with a deadline, or of many."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import Generic, TypeVar

AHEAD = 2  # items in work or waiting per thread, so that memory stays bounded

Item = TypeVar("Item")
Result = TypeVar("Result")
_Job = tuple[Callable[[], Result], "Future[Result]"]


class SideBySide(Generic[Result]):
    """Runs named calls side by side; safe to share between threads.

    A thread cannot be stopped: a late call goes on by itself, and what it returns is dropped.
    Until it ends, further calls of its name are late at once, so that late calls do not pile up.

    Args:
        threads: How many calls of one `run` are at work at a time.
        deadline_s: Seconds after which a call is late, also one that is still waiting for its
            turn; None to wait for all calls.
    """

    def __init__(self, threads: int, deadline_s: float | None = None) -> None:
        self._threads = threads
        self._deadline_s = deadline_s
        self._late: list[tuple[str, Future[Result]]] = []
        self._lock = Lock()

    def run(self, calls: Mapping[str, Callable[[], Result]]) -> dict[str, Result | None]:
        """Return the results in the order of the calls; None for a late one.

        Without a deadline the calling thread takes its share of the calls. What a call raises
        is raised here.
        """
        if self._deadline_s is None and (self._threads == 1 or len(calls) < 2):
            return {name: call() for name, call in calls.items()}
        end = None if self._deadline_s is None else perf_counter() + self._deadline_s
        still_late = self._still_late()
        futures = {name: Future[Result]() for name in calls if name not in still_late}
        queue: SimpleQueue[_Job[Result]] = SimpleQueue()
        for name, future in futures.items():
            queue.put((calls[name], future))
        for _ in range(min(self._threads, len(futures)) - (end is None)):
            Thread(target=_work, args=(queue,), name="facepad-call", daemon=True).start()
        try:
            if end is None:
                _work(queue)
            results = {name: _result(future, end) for name, future in futures.items()}
        finally:
            self._leave(futures)
        return {name: results.get(name) for name in calls}

    def _still_late(self) -> frozenset[str]:
        with self._lock:
            self._late = [(name, future) for name, future in self._late if not future.done()]
            return frozenset(name for name, _ in self._late)

    def _leave(self, futures: "Mapping[str, Future[Result]]") -> None:
        """Drop the calls that have not begun, and remember those that are still at work."""
        late = [(name, future) for name, future in futures.items() if not future.cancel()]
        with self._lock:
            self._late += [(name, future) for name, future in late if not future.done()]


def _work(queue: "SimpleQueue[_Job[Result]]") -> None:
    """Make the calls of a queue until it is empty."""
    while True:
        try:
            call, future = queue.get_nowait()
        except Empty:
            return
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - raised where the result is wanted
                future.set_exception(error)


def _result(future: "Future[Result]", end: float | None) -> Result | None:
    try:
        return future.result(None if end is None else max(0.0, end - perf_counter()))
    except TimeoutError:
        # When the call has ended by now, it was its own TimeoutError or it made it just in time.
        return future.result() if future.done() else None


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` for each item, in order, as soon as it is ready.

    Args:
        function: Safe to call from several threads; its exceptions are raised here.
        items: Taken a bounded number ahead.
        workers: Number of threads; 1 runs everything in the caller's thread.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    waiting = iter(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="facepad") as pool:
        ahead: deque[Future[Result]] = deque(
            pool.submit(function, item) for item in islice(waiting, AHEAD * workers)
        )
        try:
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(function, item) for item in islice(waiting, 1))
        finally:
            for future in ahead:
                future.cancel()
