"""A running service, and a client that sends it many requests at a time over loopback."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

START_S = 60.0
_NO_BYTE_CODE = "PYTHONDONTWRITEBYTECODE"  # pip compiles what it installs; a checkout does so then
_BOUNDARY = "facepad-benchmark"


@dataclass(frozen=True)
class Service:
    """A service of its own process.

    Attributes:
        process: The server.
        url: Its address.
        key: The API key of its first start.
        folder: Its state folder.
        log: What it wrote.
    """

    process: "subprocess.Popen[bytes]"
    url: str
    key: str
    folder: Path
    log: Path

    @property
    def workers(self) -> list[int]:
        """Process numbers of its workers."""
        folder = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in folder.read_text().split()]

    def stop(self, within_s: float = 60.0) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)


@contextmanager
def serving(
    folder: Path, *, workers: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Start a service in a folder, wait until it is ready, and kill it in the end."""
    log = folder / "log.txt"
    command = [sys.executable, "-m", "facepad", "serve", "--port", "0", "--workers", str(workers)]
    kept = {name: value for name, value in os.environ.items() if name != _NO_BYTE_CODE}
    variables = {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "FACEPAD_STATE_DIR": str(folder / "state"),
        "FACEPAD_SERVICE_RATE_PER_S": "0",
        **(environment or {}),
    }
    log.write_text("")
    with log.open("a") as lines:
        process = subprocess.Popen(command, stdout=lines, stderr=lines, env=variables)
    try:
        url, key = _first_lines(process, log)
        (folder / "key.txt").write_text(key or (folder / "key.txt").read_text())
        service = Service(process, url, (folder / "key.txt").read_text(), folder / "state", log)
        wait_ready(service)
        yield service
    finally:
        process.kill()
        process.wait()


def _first_lines(process: "subprocess.Popen[bytes]", log: Path) -> tuple[str, str]:
    """Return the address and the API key, "" but at the first start, once they are written."""
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < START_S:
        words = {line.partition(" ")[0]: line.split()[-1] for line in log.read_text().splitlines()}
        if "documentation:" in words:
            return words["listening"], words.get("API", "")
        time.sleep(0.02)
    raise RuntimeError(f"the service did not start: {log.read_text()[-2000:]}")


def wait_ready(service: Service, within_s: float = START_S) -> float:
    """Wait until ``/readyz`` is 200; return the seconds it took."""
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        status, _ = asyncio.run(fetch(service.url, request(service, "GET", "/readyz")))
        if status == 200:
            return time.monotonic() - began
        time.sleep(0.05)
    raise RuntimeError(f"not ready in {within_s:.0f} s: {service.log.read_text()[-2000:]}")


def request(
    service: Service,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return a whole request as bytes, so that sending it costs little."""
    given = {
        "Host": urlsplit(service.url).netloc,
        "Authorization": f"Bearer {service.key}",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join((*lines, "", "")).encode() + body


def picture_request(
    service: Service, picture: bytes, path: str = "/v1/liveness/image", part: str = "image"
) -> bytes:
    """Return a request that sends a picture as a form."""
    return form_request(service, path, [(part, picture)])


def form_request(
    service: Service,
    path: str,
    files: Sequence[tuple[str, bytes]],
    fields: Mapping[str, str] | None = None,
) -> bytes:
    """Return a request that sends files and fields as a form."""
    parts = [
        *((f"name={name}; filename=a", data) for name, data in files),
        *((f"name={name}", text.encode()) for name, text in (fields or {}).items()),
    ]
    body = b"".join(
        f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n\r\n".encode() + data + b"\r\n"
        for name, data in parts
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    return request(service, "POST", path, body + f"--{_BOUNDARY}--\r\n".encode(), kind)


@dataclass
class Tally:
    """What a load was answered.

    Attributes:
        statuses: Number of answers by status; 0 for a connection that broke.
        times_s: Time of each answer 200.
        seconds: How long the load took.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    times_s: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers 200 per second."""
        return self.statuses[200] / max(self.seconds, 1e-9)

    def quantile(self, share: float) -> float:
        """Return a quantile of the times of answers 200, seconds."""
        ordered = sorted(self.times_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def add(self, status: int, time_s: float) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        if status == 200:
            self.times_s.append(time_s)


class Connection:
    """One connection that is kept open from request to request."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._place = place.hostname, place.port
        self._link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, message: bytes) -> tuple[int, bytes]:
        """Send a request; return status and body, or 0 where the connection broke."""
        try:
            if self._link is None:
                self._link = await asyncio.open_connection(*self._place)
            reader, writer = self._link
            writer.write(message)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = head.partition("content-length:")[2].partition("\r\n")[0]
            body = await reader.readexactly(int(length or 0))
            if "connection: close" in head:
                await self.close()
            return int(head.split()[1]), body
        except (OSError, EOFError):
            await self.close()
            return 0, b""

    async def close(self) -> None:
        """Close the connection."""
        if self._link is not None:
            self._link[1].close()
            with suppress(OSError):
                await self._link[1].wait_closed()
        self._link = None


async def fetch(url: str, message: bytes) -> tuple[int, bytes]:
    """Send one request on a connection of its own."""
    connection = Connection(url)
    try:
        return await connection.ask(message)
    finally:
        await connection.close()


async def closed_load(url: str, message: bytes, *, clients: int, seconds: float) -> Tally:
    """Let clients ask one after the other, each as soon as it has its answer."""
    tally, began = Tally(), time.monotonic()

    async def client() -> None:
        connection = Connection(url)
        while time.monotonic() - began < seconds:
            sent = time.monotonic()
            status, _ = await connection.ask(message)
            tally.add(status, time.monotonic() - sent)
        await connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    tally.seconds = time.monotonic() - began
    return tally


async def open_load(url: str, message: bytes, *, per_s: float, seconds: float) -> Tally:
    """Send requests at a rate, whether or not earlier ones have been answered."""
    tally, began = Tally(), time.monotonic()

    async def one(due: float) -> None:
        await asyncio.sleep(due)
        sent = time.monotonic()
        status, _ = await fetch(url, message)
        tally.add(status, time.monotonic() - sent)

    await asyncio.gather(*(one(number / per_s) for number in range(int(per_s * seconds))))
    tally.seconds = time.monotonic() - began
    return tally


def memory_kb(pid: int) -> dict[str, int]:
    """Return resident and proportional set size of a process, kilobytes."""
    found: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("Rss", "Pss"):
            found[name] = int(value.split()[0])
    return found
