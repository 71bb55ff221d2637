"""A training that is killed and resumed reaches the numbers of one that was not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facepad.jobs.csv_rows import read_csv

pytest.importorskip("torch")
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STEPS = 60
SCRIPT = """
import sys, time
from pathlib import Path
import numpy as np, torch
from torch import nn
from facepad.training.stack.loop import TrainingPlan, train_loop

class Points:
    def __len__(self):
        return 20
    def epoch(self, number):
        random = np.random.default_rng((1, number))
        for _ in range(20):
            time.sleep(float(sys.argv[2]))
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
train_loop(Net(), Points(), plan, Path(sys.argv[1]), resume="resume" in sys.argv)
"""


def _command(folder: Path, seconds: float, *more: str) -> list[str]:
    return [sys.executable, "-c", SCRIPT, str(folder), str(seconds), *more]


def _lines(folder: Path) -> int:
    file = folder / "log.csv"
    return file.read_text().count("\n") - 1 if file.is_file() else 0


def _killed_after(folder: Path, steps: int, *more: str) -> None:
    process = subprocess.Popen(_command(folder, 0.05, *more))
    end = time.monotonic() + 120
    while _lines(folder) < steps and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def _numbers(folder: Path) -> list[list[str]]:
    rows = [cells for _, cells in read_csv(folder / "log.csv").rows()]
    return [[value for name, value in cells.items() if name != "seconds"] for cells in rows]


def test_a_training_that_was_killed_twice_reaches_the_same_numbers(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    subprocess.run(_command(whole, 0.0), check=True)
    _killed_after(parts, 17)
    _killed_after(parts, 33, "resume")
    assert _lines(parts) < STEPS
    subprocess.run(_command(parts, 0.0, "resume"), check=True)
    assert _numbers(parts) == _numbers(whole)
    assert len(_numbers(parts)) == STEPS
    assert (parts / "validation.csv").read_text() == (whole / "validation.csv").read_text()
