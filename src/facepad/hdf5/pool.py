"""Work in processes of one thread each; a decoder that takes one down costs one sample."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import connection
from threading import Thread
from typing import TypeVar

from facepad.types import Sample

DIED = "the process that decoded it died"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring samples of a listing.

    Attributes:
        start: Number of the first one.
        samples: One or more.
    """

    start: int
    samples: tuple[Sample, ...]

    @property
    def stop(self) -> int:
        """Number of the sample behind the last one."""
        return self.start + len(self.samples)


def pieces(samples: Sequence[Sample], length: int, start: int = 0) -> Iterator[Piece]:
    """Cut a listing into pieces that can be sent to another process.

    Args:
        samples: The listing, or a part of it.
        length: Samples a piece.
        start: Number of the first sample.
    """
    for at in range(0, len(samples), length):
        part = samples[at : at + length]
        plain = tuple(replace(sample, attributes=dict(sample.attributes)) for sample in part)
        yield Piece(start + at, plain)


def in_processes(
    work: Callable[[Piece], Result], todo: Sequence[Piece], workers: int
) -> Iterator[tuple[Piece, Result | None]]:
    """Yield each piece with what became of it, as soon as that is known.

    Args:
        work: Found by its name in the new processes; what it raises is raised here.
        todo: Pieces; one that takes a process down is cut until the sample is found.
        workers: Processes; 0 to work in this one, which a decoder may then take down.

    Yields:
        None as the result of a single sample that took its process down.
    """
    if workers == 0:
        yield from ((piece, work(piece)) for piece in todo)
        return
    waiting = deque(todo)
    while waiting:
        lost: list[Piece] = []
        with _pool(min(workers, len(waiting))) as pool:
            yield from _until_broken(pool, work, waiting, lost, 2 * workers)
        for piece in lost:
            yield from _alone(work, piece)


def _until_broken(
    pool: ProcessPoolExecutor,
    work: Callable[[Piece], Result],
    waiting: deque[Piece],
    lost: list[Piece],
    most: int,
) -> Iterator[tuple[Piece, Result]]:
    pending: dict[Future[Result], Piece] = {}
    try:
        while waiting or pending:
            while waiting and len(pending) < most:
                pending[pool.submit(work, waiting[0])] = waiting[0]
                waiting.popleft()
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                result = future.result()
                yield pending.pop(future), result
    except BrokenProcessPool:
        lost.extend(sorted(pending.values(), key=lambda piece: piece.start))
    finally:
        pool.shutdown(wait=not lost, cancel_futures=True)


def _alone(work: Callable[[Piece], Result], piece: Piece) -> Iterator[tuple[Piece, Result | None]]:
    """Do a piece with no other beside it; in halves when it takes its process down."""
    try:
        with _pool(1) as pool:
            result = pool.submit(work, piece).result()
    except BrokenProcessPool:
        if len(piece.samples) == 1:
            yield piece, None
            return
        half = len(piece.samples) // 2
        for part in (
            Piece(piece.start, piece.samples[:half]),
            Piece(piece.start + half, piece.samples[half:]),
        ):
            yield from _alone(work, part)
    else:
        yield piece, result


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a fork copies the locks of OpenCV's threads as they stand.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start)


def _start() -> None:
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    cv2.setNumThreads(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave when the parent is gone, also when it was killed and could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
