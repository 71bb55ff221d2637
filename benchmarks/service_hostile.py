"""Whether /livez and /readyz are answered while clients send large, crowded, slow or cut bodies.

Usage: python benchmarks/service_hostile.py [KIND ...] [--workers N] [--seconds S] [--clients N]

Each kind of load comes from a process of its own over loopback, for the same time: "ordinary" are
checks of a picture, beside which the others are read.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from service_load import Connection, Service, form_request, picture_request, request, serving

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
IMAGE, VIDEO = "/v1/liveness/image", "/v1/liveness/video"
WATCHED = ("/livez", "/readyz")
MOST_CONNECTIONS = 50  # of the service that is measured
_PAUSE_S = 0.005  # between two looks
_JSON = {"Content-Type": "application/json"}


def main() -> None:
    """Print a table of each load."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("kinds", nargs="*", default=[], help=", ".join(KINDS))
    options.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--seconds", type=float, default=6.0)
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--send", metavar="URL", help="only send, with the key in KEY")
    given = options.parse_args()
    if given.send:
        service: Any = argparse.Namespace(url=given.send, key=os.environ["KEY"])
        print(json.dumps(asyncio.run(_send(service, given))))
        return
    variables = {"FACEPAD_SERVICE_MAX_CONNECTIONS": str(MOST_CONNECTIONS)}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), workers=given.workers, environment=variables) as service,
    ):
        for kind in given.kinds or KINDS:
            looks, statuses = watched(service, kind, given.seconds, given.clients)
            print(f"{kind}: {statuses}")
            for path, times in looks.items():
                ordered = sorted(times)
                p50, p95 = (1e3 * ordered[int(one * len(ordered))] for one in (0.5, 0.95))
                print(f"  {path:<8} {len(times)} answers, p50 {p50:.1f} ms, p95 {p95:.1f} ms,"
                      f" longest {1e3 * ordered[-1]:.0f} ms", flush=True)  # fmt: skip


def watched(
    service: Service, kind: str, seconds: float, clients: int = 8
) -> tuple[dict[str, list[float]], Mapping[str, int]]:
    """Look at the service while another process sends a load.

    Returns:
        Seconds of each answer, by address, infinite where it was not 200; and the number of
        answers to the load by status.
    """
    command = [sys.executable, __file__, kind, "--send", service.url, "--seconds", str(seconds)]
    sender = subprocess.Popen(
        [*command, "--clients", str(clients)],
        stdout=subprocess.PIPE,
        env={**os.environ, "KEY": service.key},
    )
    with sender:
        looks = asyncio.run(_look(service, sender))
        printed = sender.communicate()[0]
    return looks, json.loads(printed)


async def _look(service: Service, sender: "subprocess.Popen[bytes]") -> dict[str, list[float]]:
    async def one(path: str) -> list[float]:
        connection, times = Connection(service.url), list[float]()
        message = request(service, "GET", path)
        while sender.poll() is None:
            began = time.monotonic()
            status, _ = await connection.ask(message)
            times.append(time.monotonic() - began if status == 200 else float("inf"))
            await asyncio.sleep(_PAUSE_S)
        await connection.close()
        return times

    found = await asyncio.gather(*map(one, WATCHED))
    return dict(zip(WATCHED, found, strict=True))


async def _send(service: Service, given: argparse.Namespace) -> Counter[str]:
    statuses: Counter[str] = Counter()
    (kind,) = given.kinds
    until = time.monotonic() + given.seconds
    if kind in ("slow", "silent"):
        count = given.clients if kind == "slow" else 4 * MOST_CONNECTIONS
        await asyncio.gather(*(_trickle(service, kind, until) for _ in range(count)))
        return statuses
    if kind == "chunks":
        await asyncio.gather(*(_small_chunks(service, until) for _ in range(given.clients)))
        return statuses
    message = KINDS[kind](service)

    async def client() -> None:
        connection = Connection(service.url)
        while time.monotonic() < until:
            status, _ = await connection.ask(message)
            statuses[str(status)] += 1
        await connection.close()

    await asyncio.gather(*(client() for _ in range(given.clients)))
    return statuses


async def _trickle(service: Service, kind: str, until: float) -> None:
    """Send a body at 20 KB a second, or nothing at all on a connection."""
    head = request(service, "POST", IMAGE, headers={**_JSON, "Content-Length": "7000000"})
    while time.monotonic() < until:
        try:
            _, writer = await asyncio.open_connection(*service.url.split("/")[2].split(":"))
            writer.write(head if kind == "slow" else b"GET /livez HTTP/1.1\r\n")
            while time.monotonic() < until and not writer.is_closing():
                await asyncio.sleep(0.1)
                writer.write(b"a" * 2000 if kind == "slow" else b"")
            writer.close()
        except OSError:
            await asyncio.sleep(0.1)


async def _small_chunks(service: Service, until: float) -> None:
    """Send a body in chunks of a byte, as fast as it is taken; begin anew where it is refused."""
    head = request(service, "POST", VIDEO, headers={**_JSON, "Transfer-Encoding": "chunked"})
    head = head.replace(b"Content-Length: 0\r\n", b"")
    while time.monotonic() < until:
        try:
            _, writer = await asyncio.open_connection(*service.url.split("/")[2].split(":"))
            writer.write(head)
            while time.monotonic() < until:
                writer.write(b"1\r\na\r\n" * 10_000)
                await writer.drain()
            writer.close()
        except OSError:
            await asyncio.sleep(0.0)


def _base64(size: int) -> bytes:
    return base64.b64encode(random.Random(0).randbytes(size))  # noqa: S311 - no secret


def _large(service: Service) -> bytes:
    body = b'{"images": ["' + _base64(5_900_000) + b'"]}'
    return request(service, "POST", IMAGE, body, _JSON)


def _clip(service: Service) -> bytes:
    body = b'{"video": "' + _base64(14_900_000) + b'"}'
    return request(service, "POST", VIDEO, body, _JSON)


def _crowded(service: Service) -> bytes:
    values = b",".join([b"1"] * 4900)
    body = b'{"images": ["' + _base64(5_800_000) + b'"], "x": [' + values + b"]}"
    return request(service, "POST", IMAGE, body, _JSON)


KINDS: dict[str, Callable[[Service], bytes]] = {
    "ordinary": lambda service: picture_request(service, PORTRAIT.read_bytes()),
    "large": _large,
    "clip": _clip,
    "crowded": _crowded,
    "parts": lambda service: form_request(service, VIDEO, [("frame", b"a" * 100)] * 600),
    "slow": lambda _: b"",
    "silent": lambda _: b"",
    "chunks": lambda _: b"",
}

if __name__ == "__main__":
    main()
