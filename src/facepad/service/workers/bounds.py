"""Bounds of a worker process: memory, open files, and processor time.

The kernel counts processor time and ends the process that is over a bound, also within a decoder
that never returns. The signal tells the server which bound it was.
"""

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_MOST_FILES = 256  # that are open at once
_SPARE_S = 1.0  # the kernel counts the time of a check in whole seconds


def over_decoding(ended_by: int | None) -> bool:
    """Return whether a process was ended by this signal for what it decoded."""
    return ended_by is not None and ended_by == getattr(signal, "SIGPROF", None)


def over_check(ended_by: int | None) -> bool:
    """Return whether a process was ended by this signal for the processor time of a check."""
    return ended_by is not None and ended_by == getattr(signal, "SIGXCPU", None)


def bound_process(memory_mb: int) -> None:
    """Bound memory and open files of this process, and write no core file.

    Args:
        memory_mb: Address space, megabytes of 2**20 bytes.
    """
    import resource  # POSIX only

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES, _MOST_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))


def bound_check(cpu_s: float) -> None:
    """Give this process so much more processor time, from now on; over it, SIGXCPU ends it.

    Args:
        cpu_s: Seconds; they are rounded up, and all threads count.
    """
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + cpu_s + _SPARE_S)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


class DecodingTime:
    """Bounds the processor time of decoding; over it, SIGPROF ends the process.

    Args:
        image_s: Seconds for one picture; None for no bound.
        video_s: Seconds for one clip; None for no bound.
    """

    def __init__(self, image_s: float | None = None, video_s: float | None = None) -> None:
        self._image_s, self._video_s = image_s, video_s

    @contextmanager
    def image(self) -> Iterator[None]:
        """Bound what is decoded within, as one picture."""
        with _within(self._image_s):
            yield

    @contextmanager
    def video(self) -> Iterator[None]:
        """Bound what is decoded within, as one clip."""
        with _within(self._video_s):
            yield


@contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        end_decoding()


def end_decoding() -> None:
    """Stop counting the time for decoding."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, 0.0)
