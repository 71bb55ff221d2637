"""Settings of the whole process: speed for applications, and telemetry off for everybody.

A library must not change the settings of `tune` by itself, since all other code of the process
sees them: applications (the command line, a service, its workers) call it when they start.
"""

import ctypes
import logging
import os
import sys

TELEMETRY_SWITCH = "ORT_DISABLE_TELEMETRY"  # ONNX Runtime reads it when it is first imported

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
    from facepad.opencv import cv2  # heavy, and not needed to import this module

    cv2.setNumThreads(opencv_threads)
    # A reader that restores the level in one thread must not let another thread's warnings out.
    getattr(cv2.utils, "logging", cv2).setLogLevel(0)
    return _keep_memory()


def disable_telemetry() -> bool:
    """Turn the telemetry of ONNX Runtime off, in this process and in those that it starts.

    From version 1.29 on, ONNX Runtime keeps a device identifier and a queue of events in the
    user's cache and looks up a server, unless `TELEMETRY_SWITCH` is "1" when it is first
    imported. Call this function before that import.

    Returns:
        Whether it was in time; False, with a line in the log, where the host program imported
        ONNX Runtime earlier without the variable.
    """
    in_time = "onnxruntime" not in sys.modules or os.environ.get(TELEMETRY_SWITCH) == "1"
    os.environ[TELEMETRY_SWITCH] = "1"
    if not in_time:
        logging.getLogger("facepad").warning(
            "onnxruntime was imported before facepad could turn its telemetry off; "
            "set %s=1 in the environment of this program",
            TELEMETRY_SWITCH,
        )
    return in_time


def _keep_memory() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    kept = mallopt(_MMAP_THRESHOLD, _LARGEST_ON_HEAP)
    return bool(mallopt(_TRIM_THRESHOLD, _NEVER_TRIM) and kept)
