r"""How long the voxel test takes, and all tests of one picture beside another version.

    python benchmarks/voxel.py [--threads 2] [--runs 30] [--against SRC --tests-there A,B]

Rows: reconstruction and classification of one crop, their sum with the crop, and the backbone of
the face test on one crop as reference, in turns; then the resident memory of a process that has
judged one picture by the voxel test. With --against, the folder ``src`` of another checkout,
`facepad check` judges one picture of 640x480 by all tests, here and there in turns, warm; it
needs an environment without facepad-research.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.faces.finder import FaceFinder
from facepad.liveness.face_cnn.backbone import SIDE, Backbone
from facepad.liveness.voxel.reconstructor import Reconstructor
from facepad.liveness.voxel.test import free
from facepad.liveness.voxel.volume import crop_of
from facepad.models.session import Network
from facepad.registry import BUILT_IN
from facepad.types import Frame, Presentation

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
WARM = 12  # pictures of one call; the first two are left out
MEMORY = (
    "import resource, sys\n"
    "from facepad import Checker\n"
    "Checker(tests=('voxel',)).check(sys.argv[1])\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
)


def main() -> None:
    """Print the rows."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--runs", type=int, default=30)
    options.add_argument("--against", metavar="SRC", help="folder src of another checkout")
    options.add_argument("--tests-there", default="quality,quality_whole,face_cnn")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        picture = picture_640x480(Path(folder))
        print_steps(picture, given.threads, given.runs)
        print_memory(picture)
        if given.against:
            here = ",".join(BUILT_IN["liveness_tests"])
            places = ((str(ROOT / "src"), here), (given.against, given.tests_there))
            print_against(picture, places, max(given.runs // 10, 3))


def print_steps(picture: str, threads: int, runs: int) -> None:
    """Print the time of each step, in turns."""
    image = np.ascontiguousarray(np.asarray(cv2.imread(picture), np.uint8)[..., ::-1])
    frame = FaceFinder().find(Frame(image))
    crop, reconstructor = crop_of(frame), Reconstructor(threads)
    seen = reconstructor.seen(crop)
    classifier, backbone = Network("voxel_net_free", threads), Backbone(threads)
    given: dict[str, NDArray[Any]] = {
        "occupancy": seen.volume.occupancy[None], "crops": crop[None], **seen.maps
    }  # fmt: skip
    inputs = {name: given[name] for name in classifier.inputs}
    test, presentation = free(threads), Presentation((frame,))
    square = np.asarray(cv2.resize(crop, (SIDE, SIDE)), np.uint8)
    steps: dict[str, Callable[[], object]] = {
        "reconstruct": lambda: reconstructor.seen(crop),
        "classify": lambda: classifier.run(inputs, ["logit"]),
        "crop, reconstruct, classify": lambda: test.score(presentation),
        "reference: backbone, one crop": lambda: backbone.extract([square], [14]),
    }
    times = {name: medians(step, runs) for name, step in steps.items()}
    reference = times["reference: backbone, one crop"]
    for name, seconds in times.items():
        print(f"{name:<32} {1000 * seconds:7.1f} ms   {seconds / reference:5.2f} x the reference")
    print(f"threads {threads}, medians of {runs}; goal: reconstruct and classify in 45 ms")


def medians(step: Callable[[], object], runs: int) -> float:
    """Return the median time of a step, seconds, after three that do not count."""
    times = []
    for _ in range(runs + 3):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return statistics.median(times[3:])


def print_memory(picture: str) -> None:
    """Print the largest resident memory of a process that judges one picture."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, picture], capture_output=True, text=True, check=True
    )
    print(f"resident: {float(done.stdout):.0f} MiB; goal 300 MB")


def print_against(picture: str, places: Sequence[tuple[str, str]], rounds: int) -> None:
    """Print the time of all tests of one picture here and there, in turns, and the ratio."""
    times = [[warm_s(picture, *place) for place in places] for _ in range(rounds)]
    here, there = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"all tests here  ({places[0][1]}): {1000 * here:.1f} ms")
    print(f"all tests there ({places[1][1]}): {1000 * there:.1f} ms")
    print(f"ratio {here / there:.2f}; goal 3")


def warm_s(picture: str, source: str, tests: str) -> float:
    """Return the median time of one picture in one call of ``facepad check``, seconds."""
    command = [sys.executable, "-m", "facepad", "check", "--json", "--tests", tests]
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [*command, *[picture] * WARM], env=environment, capture_output=True, text=True, check=False
    )
    if not done.stdout:
        sys.exit(f"facepad check of {source} failed:\n{done.stderr}")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    return float(statistics.median(d["timings_ms"]["total"] for d in documents[2:])) / 1000


def picture_640x480(folder: Path) -> str:
    """Write the demo picture at 640x480 and return its path."""
    portrait = np.asarray(cv2.imread(str(PORTRAIT)), np.uint8)[:384]
    path = str(folder / "portrait.png")
    cv2.imwrite(path, cv2.resize(portrait, (640, 480), interpolation=cv2.INTER_CUBIC))
    return path


if __name__ == "__main__":
    main()
