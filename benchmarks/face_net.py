"""Time of the face test's network: both crops of a face, all blocks, by number of threads.

Usage: python benchmarks/face_net.py [--repeat 100]

The goal is 12 ms for both crops on two threads. Processor time is told beside it, since
other work on the machine lengthens the one and not the other.
"""

import argparse
import os
import statistics
import time

import numpy as np

from facepad.liveness.face_cnn.backbone import SIDE, Backbone

GOAL_MS = 12.0


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeat", type=int, default=100)
    repeat = options.parse_args().repeat
    load = f"{os.getloadavg()[0]:.1f}" if os.name == "posix" else "?"
    print(f"2 crops of {SIDE}x{SIDE}, {repeat} runs, load {load} on {os.cpu_count()} cores")
    print(f"{'threads':>7} {'median ms':>9} {'min ms':>7} {'processor ms':>12}")
    for threads in (1, 2):
        wall, processor = _timed(threads, repeat)
        median = statistics.median(wall)
        told = statistics.median(processor)
        print(f"{threads:>7} {median:>9.1f} {min(wall):>7.1f} {told:>12.1f}")
    verdict = "met" if median <= GOAL_MS else "missed"
    print(f"goal of {GOAL_MS:g} ms on two threads (median): {verdict}")


def _timed(threads: int, repeat: int) -> tuple[list[float], list[float]]:
    backbone = Backbone(threads)
    noise = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
    crops = list(noise)
    backbone.extract(crops, backbone.blocks)
    wall, processor = [], []
    for _ in range(repeat):
        start, start_processor = time.perf_counter(), time.process_time()
        backbone.extract(crops, backbone.blocks)
        wall.append((time.perf_counter() - start) * 1e3)
        processor.append((time.process_time() - start_processor) * 1e3)
    return wall, processor


if __name__ == "__main__":
    main()
