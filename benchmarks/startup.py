"""How long the first answer takes: importing, the help, one picture from a cold start.

Usage: python benchmarks/startup.py [--runs 7]

Each row is the median wall time of fresh processes, after one run that fills the disk's
cache. The first row, an empty Python, is part of all others.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FACEPAD = str(Path(sys.executable).with_name("facepad"))
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
WARM_PICTURES = 12  # in one call; the first two are left out


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=7)
    runs = options.parse_args().runs
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory() as folder:
        picture = _picture_640x480(Path(folder))
        empty = _median_s([*python, "pass"], runs)
        _row("empty python", empty, None)
        _row("import facepad", _median_s([*python, "import facepad"], runs) - empty, 0.15)
        _row("facepad --help", _median_s([FACEPAD, "--help"], runs), 0.4)
        _row("facepad check, cold", _median_s([FACEPAD, "check", picture], runs), 1.2)
        _row("facepad check, warm, per picture", _warm_s(picture), 0.1)
    print("import facepad: without the empty python; the other rows are whole processes")


def _picture_640x480(folder: Path) -> str:
    portrait = cv2.imread(str(PORTRAIT))
    path = folder / "portrait.jpg"
    cv2.imwrite(str(path), np.asarray(portrait)[:384])  # 4:3, with the face
    wide = cv2.resize(np.asarray(cv2.imread(str(path))), (640, 480), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), wide)
    return str(path)


def _median_s(command: Sequence[str], runs: int) -> float:
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - start)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return statistics.median(times[1:])


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
