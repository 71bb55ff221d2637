"""Calls side by side in a bounded number of threads: of one item with a deadline, or of many."""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import Generic, TypeVar

AHEAD = 2  # items in work or waiting per thread, so that memory stays bounded

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Call(Generic[Result]):
    """A call that waits for its turn, is at work, or has ended.

    Attributes:
        make: What is called.
        future: Its result.
        began: When its turn came, in seconds of `time.perf_counter`; infinity before.
        is_late: Whether another thread takes the turns that would have followed in its thread.
    """

    make: Callable[[], Result]
    future: "Future[Result]" = field(default_factory=Future)
    began: float = math.inf
    is_late: bool = False


class SideBySide(Generic[Result]):
    """Runs named calls side by side; safe to share between threads.

    A thread cannot be stopped: a late call goes on by itself, and what it returns is dropped.
    Until it ends, further calls of its name are late at once, so that late calls do not pile up.

    Args:
        threads: How many calls of one `run` are at work at a time; late ones are not counted.
        deadline_s: Seconds after which all calls of one `run` are late, also those that are still
            waiting for their turn; None for no limit.
        each_s: Seconds after which one call is late, counted from its turn; the calls behind it
            then go on in another thread. None for no limit.
    """

    def __init__(
        self, threads: int, deadline_s: float | None = None, each_s: float | None = None
    ) -> None:
        self._threads = threads
        self._is_timed = deadline_s is not None or each_s is not None
        self._deadline_s = math.inf if deadline_s is None else deadline_s
        self._each_s = math.inf if each_s is None else each_s
        self._late: list[tuple[str, Future[Result]]] = []
        self._lock = Lock()

    def run(self, calls: Mapping[str, Callable[[], Result]]) -> dict[str, Result | None]:
        """Return the results in the order of the calls; None for a late one.

        Without a deadline the calling thread takes its share of the calls. What a call raises
        is raised here.
        """
        if not self._is_timed and (self._threads == 1 or len(calls) < 2):
            return {name: call() for name, call in calls.items()}
        end = perf_counter() + self._deadline_s
        still_late = self._still_late()
        asked = {name: _Call(call) for name, call in calls.items() if name not in still_late}
        queue: SimpleQueue[_Call[Result]] = SimpleQueue()
        for call in asked.values():
            queue.put(call)
        for _ in range(min(self._threads, len(asked)) - (not self._is_timed)):
            _start(queue)
        try:
            if not self._is_timed:
                _work(queue)
            results = self._results(asked, queue, end)
        finally:
            self._leave(asked)
        return {name: results.get(name) for name in calls}

    def _results(
        self,
        asked: "Mapping[str, _Call[Result]]",
        queue: "SimpleQueue[_Call[Result]]",
        end: float,
    ) -> dict[str, Result]:
        """Return the results that are there in time."""
        results: dict[str, Result] = {}
        waiting = dict(asked)
        while waiting:
            now = perf_counter()
            for name, call in tuple(waiting.items()):
                if call.future.done():
                    results[name] = waiting.pop(name).future.result()
                elif now - call.began >= self._each_s:
                    waiting.pop(name).is_late = True
                    if not queue.empty():
                        _start(queue)
            if now >= end:
                break
            # A call whose turn comes from now on is late in `each_s` at the earliest.
            began = min((call.began for call in waiting.values()), default=now)
            within = min(end, min(began, now) + self._each_s) - now
            futures = [call.future for call in waiting.values()]
            timeout = None if math.isinf(within) else max(0.0, within)
            wait(futures, timeout, return_when=FIRST_COMPLETED)
        return results

    def _still_late(self) -> frozenset[str]:
        with self._lock:
            self._late = [(name, future) for name, future in self._late if not future.done()]
            return frozenset(name for name, _ in self._late)

    def _leave(self, asked: "Mapping[str, _Call[Result]]") -> None:
        """Drop the calls that have not begun, and remember those that are still at work."""
        futures = [(name, call.future) for name, call in asked.items()]
        late = [(name, future) for name, future in futures if not future.cancel()]
        with self._lock:
            self._late += [(name, future) for name, future in late if not future.done()]


def _start(queue: "SimpleQueue[_Call[Result]]") -> None:
    Thread(target=_work, args=(queue,), name="facepad-call", daemon=True).start()


def _work(queue: "SimpleQueue[_Call[Result]]") -> None:
    """Make the calls of a queue until it is empty, or until another thread goes on with it."""
    while True:
        try:
            call = queue.get_nowait()
        except Empty:
            return
        if not call.future.set_running_or_notify_cancel():
            continue
        call.began = perf_counter()
        try:
            call.future.set_result(call.make())
        except BaseException as error:  # noqa: BLE001 - raised where the result is wanted
            call.future.set_exception(error)
        if call.is_late:
            return


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
