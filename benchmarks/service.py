"""The service under load and with faults: throughput, overload, killed workers, start, memory.

Usage: python benchmarks/service.py [throughput|overload|kill|start|memory ...] [--workers N]

Load comes from this machine over loopback. The bare engine judges the same picture in as many
processes as the service has workers, in turns with the service, so that what else the machine
does slows both alike.
"""

import argparse
import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from service_load import (
    Service,
    Tally,
    closed_load,
    fetch,
    memory_kb,
    open_load,
    picture_request,
    serving,
    wait_ready,
)

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
_BARE = """
import sys, time
from facepad import runtime
from facepad.pipeline import Checker
runtime.tune()
checker, data = Checker(threads=1), open(sys.argv[1], "rb").read()
checker.check(data)
print("ready", flush=True)
for line in sys.stdin:
    until, count, began = time.monotonic() + float(line), 0, time.monotonic()
    while time.monotonic() < until:
        checker.check(data)
        count += 1
    print(count / (time.monotonic() - began), flush=True)
"""


def main() -> None:
    """Run what is asked for, and print a table of each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("what", nargs="*", default=[], help="; ".join(PARTS))
    options.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--seconds", type=float, default=5.0, help="of each turn")
    options.add_argument("--turns", type=int, default=4)
    options.add_argument("--kills", type=int, default=50)
    given = options.parse_args()
    for name in given.what or PARTS:
        print(f"{name}:")
        PARTS[name](given)


def throughput(given: argparse.Namespace) -> None:
    """Compare image checks per second with those of the bare engine, in turns."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _bare_engines(given.workers) as ask_bare,
        serving(Path(folder), workers=given.workers) as service,
    ):
        message = picture_request(service, PORTRAIT.read_bytes())
        bare, served, tallies = [], [], []
        for _ in range(given.turns):
            bare.append(ask_bare(given.seconds))
            load = closed_load(
                service.url, message, clients=2 * given.workers, seconds=given.seconds
            )
            tally = asyncio.run(load)
            served.append(tally.rate)
            tallies.append(tally)
    ratio = sum(served) / sum(bare)
    _row("bare engine", f"{statistics.fmean(bare):.2f} checks/s")
    _row("service", f"{statistics.fmean(served):.2f} checks/s, {100 * ratio:.0f} % of it")
    whole = _joined(tallies)
    p50, p95 = whole.quantile(0.5), whole.quantile(0.95)
    _row("latency", f"p50 {1e3 * p50:.0f} ms, p95 {1e3 * p95:.0f} ms, {p95 / p50:.2f} times p50")
    _row("statuses", dict(whole.statuses))


def overload(given: argparse.Namespace) -> None:
    """Send three times what the service can do; then wait until it answers as before."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), workers=given.workers) as service,
    ):
        message = picture_request(service, PORTRAIT.read_bytes())
        usual = asyncio.run(
            closed_load(service.url, message, clients=given.workers, seconds=given.seconds)
        )
        flood = asyncio.run(
            open_load(
                service.url, message, per_s=3.0 * usual.rate, seconds=given.seconds * given.turns
            )
        )
        began = time.monotonic()
        while asyncio.run(fetch(service.url, message))[0] != 200:
            time.sleep(0.05)
        _row("usual", f"{usual.rate:.2f} checks/s")
        _row("at three times that", f"{flood.rate:.2f} checks/s, {dict(flood.statuses)}")
        _row("answers again after", f"{time.monotonic() - began:.2f} s")


def kill(given: argparse.Namespace) -> None:
    """Kill a worker again and again at random moments, under load."""
    chance = random.Random(0)  # noqa: S311 - no secret
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), workers=given.workers) as service,
    ):
        tally = asyncio.run(killed_load(service, given.kills, chance))
        _row("kills", given.kills)
        _row("statuses", dict(tally.statuses))
        _row("latency", f"p50 {tally.quantile(0.5):.2f} s, longest {tally.quantile(1.0):.2f} s")
        _row("ready again after", f"{wait_ready(service):.2f} s")


async def killed_load(service: Service, kills: int, chance: random.Random) -> Tally:
    """Return what a load was answered while workers were killed."""
    message = picture_request(service, PORTRAIT.read_bytes())
    tally, is_over = Tally(), asyncio.Event()

    async def client() -> None:
        while not is_over.is_set():
            sent = time.monotonic()
            status, _ = await fetch(service.url, message)
            tally.add(status, time.monotonic() - sent)

    async def killer() -> None:
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.2, 2.0))
            while not (workers := service.workers):
                await asyncio.sleep(0.05)
            os.kill(chance.choice(workers), signal.SIGKILL)
        is_over.set()

    await asyncio.gather(killer(), *(client() for _ in range(2)))
    return tally


def start(given: argparse.Namespace) -> None:
    """Measure the time from the command to the first answer of ``/readyz``."""
    times = []
    for _ in range(given.turns):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            with serving(Path(folder), workers=given.workers) as service:
                times.append(time.monotonic() - began)
                cpu = [_cpu_s(pid) for pid in (service.process.pid, *service.workers)]
    _row("ready after", f"{statistics.median(times):.2f} s, shortest {min(times):.2f} s")
    shown = ", ".join(f"{one:.2f}" for one in cpu)
    _row("processor time", f"server and workers: {shown} s")


def memory(given: argparse.Namespace) -> None:
    """Compare the memory of server and workers with that of ``facepad check``."""
    check = _peak_of_check_mb()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), workers=given.workers) as service,
    ):
        message = picture_request(service, PORTRAIT.read_bytes())
        asyncio.run(closed_load(service.url, message, clients=2, seconds=given.seconds))
        server = memory_kb(service.process.pid)["Pss"] / 1024
        workers = [memory_kb(pid)["Pss"] / 1024 for pid in service.workers]
    _row("facepad check", f"{check:.0f} MB resident at most")
    _row("server", f"{server:.0f} MB (proportional)")
    _row("workers", ", ".join(f"{one:.0f} MB" for one in workers))
    allowed = 200 + 1.1 * check * len(workers)
    _row("in all", f"{server + sum(workers):.0f} MB; allowed {allowed:.0f} MB")


def _peak_of_check_mb() -> float:
    code = (
        "import resource, sys; from facepad.cli.app import app\n"
        f"try: app(['check', '--json', {str(PORTRAIT)!r}])\n"
        "except SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stderr.split()[-1]) / 1024


@contextmanager
def _bare_engines(count: int) -> Iterator[Callable[[float], float]]:
    """Give a function that lets processes with a checker each judge; it returns checks a second."""
    command = [sys.executable, "-c", _BARE, str(PORTRAIT)]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        engines = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            for _ in range(count)
        ]
        ends = [(one.stdin, one.stdout) for one in engines if one.stdin and one.stdout]
        for _, answers in ends:
            answers.readline()

        def ask(seconds: float) -> float:
            for orders, _ in ends:
                orders.write(f"{seconds}\n")
                orders.flush()
            return sum(float(answers.readline()) for _, answers in ends)

        yield ask
        for orders, _ in ends:
            orders.close()


def _joined(tallies: list[Tally]) -> Tally:
    whole = Tally()
    for one in tallies:
        whole.statuses += one.statuses
        whole.times_s += one.times_s
        whole.seconds += one.seconds
    return whole


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _row(what: str, value: object) -> None:
    print(f"  {what:<22} {value}", flush=True)


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "throughput": throughput,
    "overload": overload,
    "kill": kill,
    "start": start,
    "memory": memory,
}

if __name__ == "__main__":
    main()
