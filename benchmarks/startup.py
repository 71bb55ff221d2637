"""How long the first answer takes: importing, the help, one picture from a cold start.

Usage: python benchmarks/startup.py [--runs 7] [--against FACEPAD]

Each row is the median wall time of fresh processes, after one run that fills the disk's
cache and compiles the sources to bytecode, as an installation does: without that a cold start
is 200 ms longer. The first row, an empty Python, is part of all others.

With ``--against``, the command ``facepad`` of another installation, both judge one picture from
a cold start in turns; what else the machine does then slows both alike. Time of the processor
is printed too, on which other work has less effect.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FACEPAD = str(Path(sys.executable).with_name("facepad"))
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
WARM_PICTURES = 12  # in one call; the first two are left out


def main() -> None:
    """Print the table, or the comparison."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--against", metavar="FACEPAD", help="another installation's command")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        picture = _picture_640x480(Path(folder))
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if given.against:
            _compare(given.against, picture, given.runs, environment)
        else:
            _table(picture, given.runs, environment)


def _table(picture: str, runs: int, environment: Mapping[str, str]) -> None:
    def median(*command: str) -> float:
        return statistics.median([_run(command, environment)[0] for _ in range(runs + 1)][1:])

    empty = median(sys.executable, "-c", "pass")
    _row("empty python", empty, None)
    _row("import facepad", median(sys.executable, "-c", "import facepad") - empty, 0.15)
    _row("facepad --help", median(FACEPAD, "--help"), 0.4)
    _row("facepad check, cold", median(FACEPAD, "check", picture), 1.2)
    _row("facepad check, warm, per picture", _warm_s(picture), 0.1)
    print("import facepad: without the empty python; the other rows are whole processes")


def _compare(other: str, picture: str, runs: int, environment: Mapping[str, str]) -> None:
    """Print medians of both installations, and how many times longer this one takes."""
    alone = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    pairs = [
        (_run((FACEPAD, "check", picture), environment), _run((other, "check", picture), alone))
        for _ in range(runs + 1)
    ][1:]
    for place, what in enumerate(("wall time", "time of the processor")):
        own, others = (
            statistics.median(run[place] for run in runs) for runs in zip(*pairs, strict=True)
        )
        print(f"{what:<22} {own:7.3f} s, other {others:7.3f} s: {own / others:.2f} times")


def _picture_640x480(folder: Path) -> str:
    portrait = cv2.imread(str(PORTRAIT))
    path = folder / "portrait.jpg"
    cv2.imwrite(str(path), np.asarray(portrait)[:384])  # 4:3, with the face
    wide = cv2.resize(np.asarray(cv2.imread(str(path))), (640, 480), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), wide)
    return str(path)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Return the wall time and the processor's time of one process, in seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _warm_s(picture: str) -> float:
    command = [FACEPAD, "check", "--json", *[picture] * WARM_PICTURES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    return float(statistics.median(d["timings_ms"]["total"] for d in documents[2:])) / 1000


def _row(what: str, seconds: float, goal: float | None) -> None:
    verdict = "" if goal is None else f"goal {goal} s: {'met' if seconds <= goal else 'missed'}"
    print(f"{what:<34} {seconds:7.3f} s   {verdict}")


if __name__ == "__main__":
    main()
