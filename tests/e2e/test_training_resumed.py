"""A training that is killed and resumed reaches the numbers of one that was not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from facepad.jobs.csv_rows import read_csv
from with_torch import NEEDS_TORCH

pytestmark = [pytest.mark.e2e, *NEEDS_TORCH]

STEPS = 60
SCRIPT = """
import os, sys, time, traceback
from pathlib import Path
import numpy as np, torch
from torch import nn
from facepad.training.stack.loop import TrainingPlan, train_loop

class Points:
    def __init__(self, pause):
        self.pause = pause
    def __len__(self):
        return 20
    def epoch(self, number):
        random = np.random.default_rng((1, number))
        for _ in range(20):
            time.sleep(self.pause)
            points = random.normal(size=(8, 4)).astype(np.float32)
            yield points, (points.sum(1) > 0).astype(np.int64)

class Net:
    def module(self):
        first = nn.Linear(4, 16), nn.BatchNorm1d(16)
        return nn.Sequential(*first, nn.Dropout(0.5), nn.Linear(16, 2))
    def loss(self, module, batch):
        return nn.functional.cross_entropy(module(batch[0]), batch[1])
    def validate(self, module):
        return {"score": -float(module(torch.ones(3, 4)).std())}

plan = TrainingPlan(epochs=3, learning_rate=0.01, seed=5, checkpoint_every=7)
first = torch.zeros(1, requires_grad=True)
first.grad = torch.zeros(1)
torch.optim.Adam([first]).step()  # imports what every run needs
for line in sys.stdin:
    folder, pause, *more = line.split()
    run = os.fork()
    if run == 0:
        try:
            train_loop(Net(), Points(float(pause)), plan, Path(folder), resume="resume" in more)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    print(run, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(run, 0)[1]), flush=True)
"""


class Trainings:
    """Runs a training in a process of its own, a copy of one that has imported torch."""

    def __init__(self, original: "subprocess.Popen[str]") -> None:
        assert original.stdin is not None
        assert original.stdout is not None
        self._asked, self._told = original.stdin, original.stdout

    def begin(self, folder: Path, pause: float, *more: str) -> int:
        """Begin a training that pauses for so many seconds at each step; gives its process."""
        print(folder, pause, *more, file=self._asked, flush=True)
        return int(self._told.readline())

    def end(self) -> int:
        """Wait for the training's end; gives its exit code."""
        return int(self._told.readline())


@pytest.fixture(scope="module")
def trainings() -> Iterator[Trainings]:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as original:
        yield Trainings(original)


def _lines(folder: Path) -> int:
    file = folder / "log.csv"
    return file.read_text().count("\n") - 1 if file.is_file() else 0


def _killed_after(trainings: Trainings, folder: Path, steps: int, *more: str) -> None:
    process = trainings.begin(folder, 0.05, *more)
    end = time.monotonic() + 120
    while _lines(folder) < steps and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    assert trainings.end() == -signal.SIGKILL


def _numbers(folder: Path) -> list[list[str]]:
    rows = [cells for _, cells in read_csv(folder / "log.csv").rows()]
    return [[value for name, value in cells.items() if name != "seconds"] for cells in rows]


def test_a_training_that_was_killed_twice_reaches_the_same_numbers(
    trainings: Trainings, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    trainings.begin(whole, 0.0)
    assert trainings.end() == 0
    _killed_after(trainings, parts, 17)
    _killed_after(trainings, parts, 33, "resume")
    assert _lines(parts) < STEPS
    trainings.begin(parts, 0.0, "resume")
    assert trainings.end() == 0
    assert _numbers(parts) == _numbers(whole)
    assert len(_numbers(parts)) == STEPS
    assert (parts / "validation.csv").read_text() == (whole / "validation.csv").read_text()
