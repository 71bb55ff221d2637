from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from facepad.errors import ModelError, SettingsError
from facepad.jobs.csv_rows import read_csv
from facepad.training.stack.estimate import estimate
from facepad.training.stack.loop import TrainingPlan, train_loop
from with_torch import NEEDS_TORCH, torch

if TYPE_CHECKING:
    from torch import Tensor, nn

pytestmark = NEEDS_TORCH

Points = tuple["Tensor", "Tensor"]

PLAN = TrainingPlan(epochs=4, learning_rate=0.05, seed=3, checkpoint_every=2)


class Halves:
    """Points of a plane, whose class is the sign of their first number."""

    def __init__(self, stop_at: int = -1) -> None:
        self._stop_at, self._given = stop_at, 0

    def __len__(self) -> int:
        return 5

    def epoch(self, number: int) -> Iterator[Any]:
        random = np.random.default_rng((7, number))
        for _ in range(len(self)):
            if self._given == self._stop_at:
                raise KeyboardInterrupt
            self._given += 1
            points = random.normal(size=(16, 2)).astype(np.float32)
            yield points, (points[:, 0] > 0.0).astype(np.int64)


class TwoLayers:
    """A small network with dropout, so that random numbers count."""

    def __init__(self, metrics: list[float] | None = None) -> None:
        self._metrics = list(metrics or [])

    def module(self) -> "nn.Module":
        nn = torch.nn
        return nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 2))

    def loss(self, module: "nn.Module", batch: Points) -> "Tensor":
        points, classes = batch
        return torch.nn.functional.cross_entropy(module(points), classes)

    def validate(self, module: "nn.Module") -> dict[str, float]:
        if self._metrics:
            return {"given": self._metrics.pop(0)}
        points = torch.linspace(-1.0, 1.0, 20)[:, None].repeat(1, 2)
        right = (module(points).argmax(1) == (points[:, 0] > 0.0)).float().mean()
        return {"accuracy": float(right), "spread": float(module(points).std())}


@pytest.fixture(autouse=True)
def _no_plot(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "plot" not in request.node.name:
        monkeypatch.setattr("facepad.training.stack.loop.draw", lambda *_: None)


def _numbers(folder: Path) -> list[dict[str, str]]:
    rows = [cells for _, cells in read_csv(folder / "log.csv").rows()]
    return [{name: cells[name] for name in cells if name != "seconds"} for cells in rows]


def test_a_network_learns_and_each_step_has_a_line(tmp_path: Path) -> None:
    trained = train_loop(TwoLayers(), Halves(), PLAN, tmp_path)
    rows = _numbers(tmp_path)
    assert len(rows) == 20
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert trained.metrics["accuracy"] > 0.8
    assert len(read_csv(tmp_path / "validation.csv").cells) == 4


def test_a_run_that_was_interrupted_and_resumed_reaches_the_same_numbers(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    expected = train_loop(TwoLayers(), Halves(), PLAN, whole)
    with pytest.raises(KeyboardInterrupt):
        train_loop(TwoLayers(), Halves(stop_at=13), PLAN, parts)
    resumed = train_loop(TwoLayers(), Halves(), PLAN, parts, resume=True)
    assert _numbers(parts) == _numbers(whole)
    assert resumed.metrics == expected.metrics
    for one, other in zip(
        resumed.module.state_dict().values(), expected.module.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def test_a_run_whose_record_was_lost_is_resumed_to_the_same_numbers(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    expected = train_loop(TwoLayers(), Halves(), PLAN, whole)
    with pytest.raises(KeyboardInterrupt):
        train_loop(TwoLayers(), Halves(stop_at=13), PLAN, parts)
    for name in ("log.csv", "validation.csv"):
        (parts / name).write_bytes(b"")
    resumed = train_loop(TwoLayers(), Halves(), PLAN, parts, resume=True)
    assert resumed.metrics == expected.metrics
    assert _numbers(parts) == _numbers(whole)[12:]
    assert len(read_csv(parts / "validation.csv").cells) == 2


def test_a_finished_run_is_resumed_without_a_step(tmp_path: Path) -> None:
    first = train_loop(TwoLayers(), Halves(), PLAN, tmp_path)
    again = train_loop(TwoLayers(), Halves(stop_at=0), PLAN, tmp_path, resume=True)
    assert again.metrics == first.metrics


def test_a_run_is_not_overwritten_unasked(tmp_path: Path) -> None:
    train_loop(TwoLayers(), Halves(), PLAN, tmp_path)
    with pytest.raises(SettingsError, match="--resume"):
        train_loop(TwoLayers(), Halves(), PLAN, tmp_path)


def test_a_run_is_not_resumed_with_another_plan(tmp_path: Path) -> None:
    train_loop(TwoLayers(), Halves(), PLAN, tmp_path)
    with pytest.raises(SettingsError, match="learning_rate"):
        train_loop(TwoLayers(), Halves(), replace(PLAN, learning_rate=0.1), tmp_path, resume=True)


def test_training_stops_after_the_patience_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    plan = replace(PLAN, epochs=9, patience=2)
    trained = train_loop(TwoLayers([0.5, 0.7, 0.6, 0.7]), Halves(), plan, tmp_path)
    assert (trained.best_epoch, trained.epochs) == (1, 4)
    assert trained.metrics == {"given": 0.7}


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    plan = replace(PLAN, learning_rate=1e30, optimizer="sgd")
    with pytest.raises(ModelError, match="lower learning rate"):
        train_loop(TwoLayers(), Halves(), plan, tmp_path)


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    train_loop(TwoLayers(), Halves(), PLAN, tmp_path)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    train_loop(TwoLayers(), Halves(), PLAN, tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be resumed"):
        train_loop(TwoLayers(), Halves(), PLAN, tmp_path, resume=True)


def test_a_cosine_schedule_falls_to_zero() -> None:
    plan = replace(PLAN, schedule="cosine", learning_rate=0.2)
    assert plan.rate_at(0, 10) == 0.2
    assert plan.rate_at(5, 10) == pytest.approx(0.1)
    assert plan.rate_at(10, 10) == pytest.approx(0.0)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"learning_rate": 0.0}, {"optimizer": "lion"}, {"schedule": "step"}],
)
def test_an_option_that_cannot_be_used_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        replace(PLAN, **wrong)


def test_progress_counts_each_step(tmp_path: Path) -> None:
    steps: list[None] = []
    train_loop(TwoLayers(), Halves(), PLAN, tmp_path, advance=lambda: steps.append(None))
    assert len(steps) == 20


def test_a_dry_run_names_shapes_parameters_memory_and_time() -> None:
    module = TwoLayers().module()
    module[0].requires_grad_(False)
    text = estimate(module, torch.zeros(16, 2), PLAN, Halves())
    assert "input 16x2" in text
    assert "3 (Linear)" in text
    assert "parameters: 42, of which 18 are trained" in text
    assert "memory: " in text
    assert "5 steps an epoch, 4 epochs" in text
