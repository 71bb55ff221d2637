"""Settings of the whole process that make measuring quicker.

A library must not change them by itself, since all other code of the process sees them:
applications (the command line, a service, its workers) call `tune` when they start.
"""

import ctypes
import sys

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # numbers of M_MMAP_THRESHOLD and M_TRIM_THRESHOLD
_LARGEST_ON_HEAP = 2**29  # bytes
_NEVER_TRIM = 2**31 - 1


def tune(*, opencv_threads: int = 1) -> bool:
    """Let OpenCV use so many threads per call, and keep freed memory for the next picture.

    Metrics run side by side in threads of their own, which beats the parallel loops of
    OpenCV at the usual sizes of pictures. Without the second setting the C library gives
    every large array back to the system, which then clears each page of the next one.

    Args:
        opencv_threads: Threads per call of OpenCV, in the whole process.

    Returns:
        Whether the memory setting took effect; only glibc has it.
    """
    import cv2  # heavy, and not needed to import this module

    cv2.setNumThreads(opencv_threads)
    return _keep_memory()


def _keep_memory() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    kept = mallopt(_MMAP_THRESHOLD, _LARGEST_ON_HEAP)
    return bool(mallopt(_TRIM_THRESHOLD, _NEVER_TRIM) and kept)
