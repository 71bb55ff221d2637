"""The training loop: steps, a validation each epoch, early stop, and checkpoints to resume from.

A run in a folder is repeatable: the same plan, data and number of threads give the same numbers on
one machine, also when the run was killed and resumed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from facepad.errors import ModelError, require
from facepad.jobs.progress import Advance, ignore
from facepad.jobs.work_folder import WorkFolder
from facepad.training.stack.record import FILES, PLOT, STEPS, RunRecord, draw
from facepad.training.stack.state import TrainingState

if TYPE_CHECKING:
    from torch import Tensor, device, nn, optim

OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "cosine")
MOMENTUM = 0.9  # of sgd


class Trainable(Protocol):
    """A network with its loss and its validation."""

    def module(self) -> "nn.Module":
        """Return a new network; called once, after the random seed is set.

        Parameters with ``requires_grad`` are trained.
        """

    def loss(self, module: "nn.Module", batch: Any) -> "Tensor":  # noqa: ANN401 - the batches' own
        """Return the mean loss of a batch, a tensor of one number.

        Args:
            module: The network, in training mode.
            batch: From the `Batches`, on the network's device.
        """

    def validate(self, module: "nn.Module") -> Mapping[str, float]:
        """Return metrics on held-out data by name.

        The first one selects the epoch whose weights are kept; higher is better.

        Args:
            module: The network, in evaluation mode; gradients are off.
        """


class Batches(Protocol):
    """The batches of every epoch: tensors or arrays, or tuples, lists or dicts of them."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def epoch(self, number: int) -> Iterator[Any]:
        """Yield the batches of one epoch, from 0; they depend on a seed and the number only."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Options of a run.

    Attributes:
        epochs: Number of epochs at most.
        learning_rate: Of the first step.
        optimizer: "adam", "adamw" or "sgd" (with a momentum of 0.9).
        weight_decay: Penalty on the weights.
        schedule: "constant", or "cosine": the learning rate falls to 0 at the last step.
        patience: Epochs without a better validation after which the run ends; 0 for none.
        seed: Random seed of weights and dropout.
        threads: Number of CPU threads.
        checkpoint_every: Steps between two checkpoints; 0 for one at the end of each epoch only.
    """

    epochs: int
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    schedule: str = "constant"
    patience: int = 0
    seed: int = 0
    threads: int = 1
    checkpoint_every: int = 0

    def __post_init__(self) -> None:
        require(self.epochs >= 1, "epochs", "1 or more", self.epochs)
        require(0.0 < self.learning_rate < math.inf, "learning_rate", "above 0", self.learning_rate)
        require(self.optimizer in OPTIMIZERS, "optimizer", " or ".join(OPTIMIZERS), self.optimizer)
        require(self.schedule in SCHEDULES, "schedule", " or ".join(SCHEDULES), self.schedule)
        require(self.weight_decay >= 0.0, "weight_decay", "0 or more", self.weight_decay)
        require(self.threads >= 1, "threads", "1 or more", self.threads)
        for name in ("patience", "checkpoint_every"):
            require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))

    def rate_at(self, step: int, steps: int) -> float:
        """Return the learning rate of a step, from 0, of so many steps."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / steps))


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModule:
    """What a run gives.

    Attributes:
        module: The network with the weights of the best epoch, on the CPU, in evaluation mode.
        metrics: Validation metrics of that epoch.
        best_epoch: Its number, from 0.
        epochs: Number of epochs that were run.
        log: CSV with one line for each step; the other files of the run lie beside it.
    """

    module: "nn.Module"
    metrics: Mapping[str, float]
    best_epoch: int
    epochs: int
    log: Path


def train_loop(
    trainable: Trainable,
    batches: Batches,
    plan: TrainingPlan,
    folder: Path,
    *,
    advance: Advance = ignore,
    resume: bool = False,
    force: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> TrainedModule:
    """Train a network and keep the weights of the best epoch.

    Writes ``log.csv``, ``validation.csv``, ``checkpoint.pt`` and ``plot.png`` to the folder. A GPU
    is used where there is one.

    Args:
        trainable: Network, loss and validation.
        batches: The data.
        plan: Options.
        folder: Work folder of this run; one run at a time.
        advance: Called once per step, also for those that an earlier run has done.
        resume: Resume the run in the folder, where there is one.
        force: Overwrite it.
        facts: What the result depends on beside the plan; a run resumes only with the same.

    Raises:
        SettingsError: The folder holds a run and neither ``resume`` nor ``force`` was given, or
            the run had another plan.
        ModelError: The loss is not finite, or the checkpoint is damaged.
    """
    import torch

    torch.set_num_threads(plan.threads)
    work = WorkFolder(folder, FILES)
    work.claim({**asdict(plan), **(facts or {})}, resume=resume, force=force)
    try:
        return _Run(trainable, batches, plan, folder, advance).run()
    finally:
        work.release()


def on_device(batch: Any, device: "device") -> Any:  # noqa: ANN401 - as `Batches`
    """Return a batch with every tensor or array of it on a device."""
    import torch

    if isinstance(batch, dict):
        return {name: on_device(value, device) for name, value in batch.items()}
    if isinstance(batch, tuple | list):
        return type(batch)(on_device(value, device) for value in batch)
    return torch.as_tensor(batch).to(device)


def best_device() -> "device":
    """Return the GPU where there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def optimizer_of(module: "nn.Module", plan: TrainingPlan) -> "optim.Optimizer":
    """Return the optimizer of a plan over the parameters that are trained."""
    from torch import optim

    trained = [one for one in module.parameters() if one.requires_grad]
    options = {"lr": plan.learning_rate, "weight_decay": plan.weight_decay}
    if plan.optimizer == "sgd":
        return optim.SGD(trained, momentum=MOMENTUM, **options)
    kind = optim.AdamW if plan.optimizer == "adamw" else optim.Adam
    return kind(trained, **options)


class _Run:
    """One run: its state, and what it writes."""

    def __init__(
        self,
        trainable: Trainable,
        batches: Batches,
        plan: TrainingPlan,
        folder: Path,
        advance: Advance,
    ) -> None:
        import torch

        self._trainable, self._batches, self._plan = trainable, batches, plan
        self._folder, self._advance = folder, advance
        self._device = best_device()
        torch.manual_seed(plan.seed)
        self._module = trainable.module().to(self._device)
        self._optimizer = optimizer_of(self._module, plan)
        self._state = TrainingState(self._module, self._optimizer, folder)
        self._state.restore(self._device)
        self._record = RunRecord(folder, self._state.step, self._state.epoch)

    def run(self) -> TrainedModule:
        state, plan = self._state, self._plan
        for _ in range(state.step):
            self._advance()
        while state.epoch < plan.epochs and not self._is_stopped():
            self._train_epoch()
            self._validate()
            state.save()
        draw(self._folder, self._folder / PLOT)
        self._module.load_state_dict(state.best)
        self._module.to("cpu").eval()
        log = self._folder / STEPS
        return TrainedModule(self._module, state.metrics, state.best_epoch, state.epoch, log)

    def _is_stopped(self) -> bool:
        waited = self._state.epoch - 1 - self._state.best_epoch
        return bool(self._plan.patience and self._state.epoch and waited >= self._plan.patience)

    def _train_epoch(self) -> None:
        state, length = self._state, len(self._batches)
        self._module.train()
        began = perf_counter()
        done = state.step - state.epoch * length
        for batch in islice(self._batches.epoch(state.epoch), done, None):
            loss, rate = self._step(on_device(batch, self._device))
            self._record.step(state.step, state.epoch, loss, rate, perf_counter() - began)
            state.step += 1
            self._advance()
            began = perf_counter()
            if self._plan.checkpoint_every and state.step % self._plan.checkpoint_every == 0:
                state.save()
        if state.step != (state.epoch + 1) * length:
            raise ModelError(
                f"epoch {state.epoch} had {state.step - state.epoch * length} batches, "
                f"expected {length}"
            )

    def _step(self, batch: Any) -> tuple[float, float]:  # noqa: ANN401 - as `Batches`
        rate = self._plan.rate_at(self._state.step, self._plan.epochs * len(self._batches))
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad()
        loss = self._trainable.loss(self._module, batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise ModelError(
                f"the loss of step {self._state.step} is {value}, expected a finite number; try a "
                "lower learning rate"
            )
        loss.backward()
        self._optimizer.step()
        return value, rate

    def _validate(self) -> None:
        import torch

        state = self._state
        self._module.eval()
        with torch.no_grad():
            metrics = {name: float(x) for name, x in self._trainable.validate(self._module).items()}
        self._record.validation(state.step, state.epoch, metrics)
        state.keep_best(metrics)
        state.epoch += 1
