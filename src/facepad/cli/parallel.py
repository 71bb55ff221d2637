"""Several inputs at once, results in the order of the inputs."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2  # inputs in work or waiting per worker, so that memory stays bounded


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` for each item, in order, as soon as it is there.

    Args:
        function: Safe to call from several threads; what it raises is raised here.
        items: Taken as they are needed, never far ahead.
        workers: Threads; with one, everything runs in the caller's thread.
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
