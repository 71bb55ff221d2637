"""A worker that cannot begin: why, and whether another start may help."""

import asyncio
import sys

import pytest

from facepad.service.config import ServiceConfig
from facepad.service.workers import process
from facepad.service.workers.process import WorkerBroken, WorkerLost, WorkerProcess

pytestmark = pytest.mark.slow  # starts processes

# A worker whose whole start is one message, or an end without one.
STUB = """
import os, socket, sys
from facepad.service.workers.messages import packed, read_message
with socket.socket(fileno=int(sys.argv[1])) as link, link.makefile("rb") as stream:
    read_message(stream)
    {act}
"""


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (
            "link.sendall(packed(dict(ready=False, fault='E at m.py:1', is_passing=True)))",
            WorkerLost,
            "^E at m.py:1; FACEPAD_SERVICE_WORKER_MEMORY_MB may be too low$",
        ),
        ("os.abort()", WorkerLost, "the worker ended by signal 6 before it was ready; FACEPAD"),
        ("link.sendall(packed(dict(ready=False, fault='no model')))", WorkerBroken, "^no model$"),
    ],
)
def test_a_worker_that_cannot_begin_is_explained(
    act: str, error: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", STUB.format(act=act)))

    async def begin() -> None:
        worker = WorkerProcess(ServiceConfig())
        try:
            await worker.open()
        finally:
            worker.end()

    with pytest.raises(error, match=words) as caught:
        asyncio.run(begin())
    assert type(caught.value) is error
