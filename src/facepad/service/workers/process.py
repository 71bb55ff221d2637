"""A worker process and the socket to it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from facepad.service.config import ServiceConfig
from facepad.service.workers.messages import next_message, packed

COMMAND = (sys.executable, "-m", "facepad.service.workers.worker")
_END_S = 1.0  # from the end of its socket to that of a process
# Each arena of the C library takes 64 MiB of address space; frames of a clip that tests of movement
# look at must fit beside the models.
_SMALL: Mapping[str, str] = MappingProxyType(
    {"MALLOC_ARENA_MAX": "1", "FACEPAD_MAX_CLIP_MB": "256"}
)
_TOO_LITTLE = "FACEPAD_SERVICE_WORKER_MEMORY_MB may be too low"
_THREAD_MB = 128  # more address space for each further thread
_MORE_FOR_LONG_WORK = 2  # times the memory of a worker: a calibration keeps all its frames
_PIECE = 1 << 18  # bytes of a message that are written at once
_START_S = 120.0  # a worker that is not ready by then is started again


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """What a worker is asked.

    Attributes:
        kind: "image", "video", "frames" or "metrics".
        media: The bytes of a picture, a clip, or the pictures of one presentation.
        options: Tests, operating point, calibration and faces, where they were given; with frames,
            ``times_s``.
    """

    kind: str
    media: tuple[bytes, ...] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)


class WorkerLost(Exception):  # noqa: N818 - a state, not a fault
    """The worker ended while it judged the request.

    Args:
        text: How it ended.
        ended_by: The signal that ended it; None for none, or where it is not known.
    """

    def __init__(self, text: str = "", ended_by: int | None = None) -> None:
        super().__init__(text)
        self.ended_by = ended_by


class WorkerBroken(WorkerLost):
    """The worker has no models; the message has the reason."""


class WorkerProcess:
    """A worker process and the socket to it."""

    def __init__(self, config: ServiceConfig, *, warm: bool = True) -> None:
        self.link, other = socket.socketpair()
        command = [*COMMAND, str(other.fileno())]
        with other:
            self._process = subprocess.Popen(  # noqa: S603 - the command is our own
                command,
                pass_fds=(other.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(config),
            )
        self.pid, self.is_open = self._process.pid, False
        self.unfiltered = ""  # why its system calls are not filtered
        self._threads = config.threads
        self._first = packed(_first_message(config, warm=warm))

    async def open(self) -> None:
        """Wait until the worker has answered its golden input.

        Raises:
            WorkerBroken: It has no models.
            WorkerLost: It ended, or could not begin; the message has the place of the fault.
        """
        self.link.setblocking(False)
        self._reader, self._writer = await asyncio.open_connection(sock=self.link, limit=1 << 20)
        try:
            values = await self._asked(self._first, _START_S)
        except WorkerLost as error:
            raise WorkerLost(
                f"{error} before it was ready; {_TOO_LITTLE}", error.ended_by
            ) from error
        if not values["ready"] and values.get("is_passing"):
            raise WorkerLost(f"{values['fault']}; {_TOO_LITTLE}")
        if not values["ready"]:
            raise WorkerBroken(values["fault"])
        self.is_open, self.unfiltered = True, values.get("unfiltered", "")

    async def ended(self) -> None:
        """Wait until the process ends, while it has nothing to do."""
        with suppress(OSError):
            await self._reader.read(1)

    async def ask(self, request: JudgeRequest, within_s: float) -> dict[str, Any]:
        """Return the answer to a request.

        Raises:
            WorkerLost: The worker ended.
            TimeoutError: There is no answer in time; the worker cannot be used any more.
        """
        cpu_s = within_s * self._threads  # what it can use of the time on the clock
        header = {**request.options, "kind": request.kind, "cpu_s": cpu_s}
        return await self._asked(packed(header, request.media), within_s)

    async def _asked(self, message: bytes, within_s: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(within_s):
                whole = memoryview(message)
                for start in range(0, len(whole), _PIECE):
                    self._writer.write(whole[start : start + _PIECE])
                    await self._writer.drain()
                    await asyncio.sleep(0.0)  # drain does not wait while the worker keeps up
                return await next_message(self._reader)
        except (OSError, asyncio.IncompleteReadError) as error:
            if isinstance(error, TimeoutError):
                raise
            code = await self._exit_code()
            if code is None:
                raise WorkerLost("the worker ended") from error
            by = -code if code < 0 else None
            how = f"by signal {by}" if by else f"with exit code {code}"
            raise WorkerLost(f"the worker ended {how}", by) from error

    async def _exit_code(self) -> int | None:
        """Return the code of a process whose socket has ended; None if it goes on."""
        until = time.monotonic() + _END_S
        while self._process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.001)
        return self._process.returncode

    def end(self) -> None:
        """Kill the process, if it has not ended, and take what it left."""
        self.link.close()
        if writer := getattr(self, "_writer", None):
            writer.close()
        self._process.kill()
        self._process.wait()


def _first_message(config: ServiceConfig, *, warm: bool) -> dict[str, Any]:
    side = config.max_image_side
    memory_mb = config.worker_memory_mb + _THREAD_MB * (config.threads - 1)
    return {
        "memory_mb": memory_mb * (1 if warm else _MORE_FOR_LONG_WORK),
        "threads": config.threads,
        "deadline_s": config.tests_deadline_s,
        "test_deadline_s": config.test_deadline_s,
        "decoding": {"image_s": config.image_decode_cpu_s, "video_s": config.video_decode_cpu_s},
        "filter": config.syscall_filter,
        "pictures": {"max_side": side},
        "clips": {
            "max_side": side,
            "max_s": config.max_video_s,
            "max_frames": config.max_video_frames,
        },
        "warm": warm,
    }


def _environment(config: ServiceConfig) -> dict[str, str]:
    """Return the environment of workers: the limits of media are settings of the engine."""
    side = config.max_image_side
    return {
        **_SMALL,
        **os.environ,
        "FACEPAD_MAX_SIDE": str(side),
        "FACEPAD_MAX_MEGAPIXELS": str(side * side / 1e6),
        "FACEPAD_MAX_VIDEO_FRAMES": str(config.max_video_frames),
        "FACEPAD_MAX_VIDEO_S": str(config.max_video_s),
        "OPENCV_FFMPEG_LOGLEVEL": "-8",
        **{f"{library}_NUM_THREADS": str(config.threads) for library in ("OMP", "OPENBLAS")},
    }
