"""How many attacks a worker of `facepad simulate` makes in a second, and what memory it takes.

    python benchmarks/simulate_run.py --bona-fide DIR [--backgrounds DIR] [--sources 20]

The work of one process with one thread, from reading a picture to the finished files: face,
landmarks, matte, background, one bona fide picture and one attack of every kind. First with
cameras of 480 lines, then as they are drawn (240 to 1080 lines). Aims at 640x480: 4 attacks a
second, 200 MB. Times are of the processor, so that a busy machine tells the same.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from facepad.errors import InputError
from facepad.simulate import capture_set, sources
from facepad.simulate.camera.camera import Camera
from facepad.simulate.capture_set import ATTACKS, CaptureOptions, Simulator
from facepad.simulate.parameters import draw
from facepad.types import Sample


def main() -> None:
    """Print one line for each choice of cameras."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bona-fide", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--sources", type=int, default=20)
    given = parser.parse_args()
    print(f"{'cameras':<12} {'attacks':>8} {'a second':>9} {'peak MB':>8} {'before work':>12}")
    for lines in (480, None):  # each in a process of its own, for the peak of its memory
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_report, args=(given, lines))
        process.start()
        process.join()


def _report(given: argparse.Namespace, lines: int | None) -> None:
    cv2.setNumThreads(1)
    before = _peak()
    listed = sources.bona_fide([given.bona_fide])
    few = listed[:: max(1, len(listed) // given.sources)][: given.sources]
    behind = sources.backgrounds(given.backgrounds) if given.backgrounds else ()
    simulator = Simulator(CaptureOptions(ATTACKS, backgrounds=behind))
    with _sensors(lines):
        first, start = _taken(few[0], simulator), time.process_time()  # loads the networks
        attacks = sum(_taken(source, simulator) for source in few[1:])
    second = attacks / (time.process_time() - start)
    name = "as drawn" if lines is None else f"{lines} lines"
    print(f"{name:<12} {first + attacks:>8} {second:>9.1f} {_peak():>8.0f} {before:>12.0f}")


def _taken(source: Sample, simulator: Simulator) -> int:
    try:
        return sum(one.species in ATTACKS for one in simulator.captures(source))
    except InputError:
        return 0


@contextmanager
def _sensors(lines: int | None) -> Iterator[None]:
    """Give every camera so many lines."""

    def drawn(kind: type, rng: np.random.Generator) -> object:
        made: object = draw(kind, rng)
        if lines is not None and isinstance(made, Camera):
            return replace(made, lens=replace(made.lens, lines=lines))
        return made

    vars(capture_set)["draw"] = drawn
    yield
    vars(capture_set)["draw"] = draw


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kibibytes on Linux


if __name__ == "__main__":
    main()
