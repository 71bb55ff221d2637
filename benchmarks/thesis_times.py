"""How long one test takes to load and to judge a picture, beside a reference: one process.

Usage: python benchmarks/thesis_times.py TEST PICTURE THREADS REPEAT

Prints JSON; `benchmarks/thesis.py times` runs it for every test. Nothing of facepad is imported
before the clock starts, so that loading includes all imports. Times are those of the processor: on
one thread they are what a wall clock shows on an idle machine, and other work hardly lengthens
them.
"""

import json
import sys
import time

SIDE = 1600  # of the reference's matrices: 1600 ** 3 = 4.1e9 multiplications
WARM = 2  # classifications that are not timed


def timed(test: str, picture: str, threads: int, repeat: int) -> dict[str, object]:
    """Load a test and judge one picture in turns with the reference; return the least times."""
    start = time.process_time()
    from facepad import runtime
    from facepad.pipeline import Checker

    runtime.tune()
    checker = Checker((test,), advisory=(), threads=threads)
    checker.load()
    load_s = time.process_time() - start

    import numpy as np

    from facepad.evaluation.report.document import environment

    matrix = np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(np.float32)
    judged, reference = [], []
    for turn in range(repeat + WARM):
        marks = [time.process_time()]
        checker.check(picture)
        marks.append(time.process_time())
        matrix @ matrix
        marks.append(time.process_time())
        if turn >= WARM:
            judged.append(marks[1] - marks[0])
            reference.append(marks[2] - marks[1])
    return {
        "test": checker.deciding[0],
        "load_s": round(load_s, 4),
        "classify_s": round(min(judged), 5),
        "reference_s": round(min(reference), 5),
        "runs": repeat,
        "threads": threads,
        "processor": environment()["processor"],
    }


if __name__ == "__main__":
    name, file, *numbers = sys.argv[1:]
    print(json.dumps(timed(name, file, *map(int, numbers))))
