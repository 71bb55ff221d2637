"""The state of a run, and its checkpoint: what a resumed run needs to reach the same numbers."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facepad.errors import ModelError
from facepad.jobs.files import replaced_file

if TYPE_CHECKING:
    from torch import Tensor, device, nn, optim

CHECKPOINT = "checkpoint.pt"


class TrainingState:
    """Weights, optimizer, random numbers, place in the run, and the best epoch so far.

    Args:
        module: The network.
        optimizer: Its optimizer.
        folder: Where the checkpoint is.

    Attributes:
        step: Number of steps that were done.
        epoch: Number of epochs that were done, validation included.
        best: Weights of the best epoch, on the CPU.
        best_epoch: Its number, from 0; -1 before the first.
        metrics: Its validation metrics, by name.
    """

    def __init__(self, module: "nn.Module", optimizer: "optim.Optimizer", folder: Path) -> None:
        self._module, self._optimizer, self._file = module, optimizer, folder / CHECKPOINT
        self.step = self.epoch = 0
        self.best: dict[str, Tensor] = {}
        self.best_epoch = -1
        self.metrics: dict[str, float] = {}

    def keep_best(self, metrics: Mapping[str, float]) -> None:
        """Keep the weights where the first metric is the best so far; NaN is the worst."""
        value = _selection(metrics)
        if self.best_epoch < 0 or value > _selection(self.metrics):
            self.best = {
                name: value.detach().cpu().clone()
                for name, value in self._module.state_dict().items()
            }
            self.best_epoch, self.metrics = self.epoch, dict(metrics)

    def save(self) -> None:
        """Write the checkpoint; a run that is killed meanwhile leaves the earlier one.

        Raises:
            ModelError: It cannot be written.
        """
        import torch

        content = {
            "module": self._module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "random_gpu": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "step": self.step,
            "epoch": self.epoch,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "metrics": self.metrics,
        }
        with replaced_file(self._file, error=ModelError) as part:
            torch.save(content, part)

    def restore(self, device: "device") -> None:
        """Read the checkpoint, where there is one.

        Raises:
            ModelError: It is damaged, or is of another network.
        """
        import torch

        if not self._file.is_file():
            return
        try:
            content: dict[str, Any] = torch.load(self._file, map_location="cpu", weights_only=True)
            self._module.load_state_dict(content["module"])
            self._optimizer.load_state_dict(content["optimizer"])
            torch.set_rng_state(content["random"])
            if device.type == "cuda" and content["random_gpu"]:
                torch.cuda.set_rng_state_all(content["random_gpu"])
            self.step, self.epoch = int(content["step"]), int(content["epoch"])
            self.best, self.best_epoch = content["best"], int(content["best_epoch"])
            self.metrics = dict(content["metrics"])
        except Exception as error:  # torch has no common error for a file that is damaged
            raise ModelError(
                f"{self._file} cannot be resumed from: {error!r:.300}; --force begins again"
            ) from error


def _selection(metrics: Mapping[str, float]) -> float:
    value = next(iter(metrics.values()), -math.inf)
    return -math.inf if math.isnan(value) else value
