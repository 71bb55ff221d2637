"""A worker process and the socket to it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from facepad.service.config import ServiceConfig
from facepad.service.workers.messages import next_message, packed

COMMAND = (sys.executable, "-m", "facepad.service.workers.worker")
_END_S = 0.05  # from the end of its socket to that of a process
_TOO_LITTLE = "FACEPAD_SERVICE_WORKER_MEMORY_MB may be too low"
_START_S = 120.0  # a worker that is not ready by then is started again


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """What a worker is asked.

    Attributes:
        kind: "image", "video", "frames" or "metrics".
        media: The bytes of a picture, a clip, or the pictures of one presentation.
        options: Tests, operating point, calibration, faces, frame rate; those that were given.
    """

    kind: str
    media: tuple[bytes, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


class WorkerLost(Exception):  # noqa: N818 - as above
    """The worker ended while it judged the request."""


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
            raise WorkerLost(f"{error} before it was ready; {_TOO_LITTLE}") from error
        if not values["ready"] and values.get("is_passing"):
            raise WorkerLost(f"{values['fault']}; {_TOO_LITTLE}")
        if not values["ready"]:
            raise WorkerBroken(values["fault"])
        self.is_open = True

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
        header = {"kind": request.kind, **request.options}
        return await self._asked(packed(header, request.media), within_s)

    async def _asked(self, message: bytes, within_s: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(within_s):
                self._writer.write(message)
                await self._writer.drain()
                return await next_message(self._reader)
        except (OSError, asyncio.IncompleteReadError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise WorkerLost(f"the worker ended{self._status()}") from error

    def _status(self) -> str:
        """Return how the process ended, in words, where it has."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_END_S)
            return f" by signal {-code}" if code < 0 else f" with exit code {code}"
        return ""

    def end(self) -> None:
        """Kill the process, if it has not ended, and take what it left."""
        self.link.close()
        if writer := getattr(self, "_writer", None):
            writer.close()
        self._process.kill()
        self._process.wait()


def _first_message(config: ServiceConfig, *, warm: bool) -> dict[str, Any]:
    side = config.max_image_side
    return {
        "memory_mb": config.worker_memory_mb,
        "threads": config.threads,
        "deadline_s": config.tests_deadline_s,
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
        **os.environ,
        "FACEPAD_MAX_SIDE": str(side),
        "FACEPAD_MAX_MEGAPIXELS": str(side * side / 1e6),
        "FACEPAD_MAX_VIDEO_FRAMES": str(config.max_video_frames),
        "FACEPAD_MAX_VIDEO_S": str(config.max_video_s),
        "OPENCV_FFMPEG_LOGLEVEL": "-8",
        **{f"{library}_NUM_THREADS": str(config.threads) for library in ("OMP", "OPENBLAS")},
    }
