"""What a run would need, before it begins: shapes, parameters, memory and time of a dry run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from facepad.jobs.progress import duration
from facepad.training.stack.loop import Batches, TrainingPlan, best_device, on_device, optimizer_of

if TYPE_CHECKING:
    from torch import Tensor, nn

_STATES = {"adam": 2, "adamw": 2, "sgd": 1}  # numbers of the optimizer for each parameter
_MOST_TIMED = 3  # steps
_LONGEST_S = 10.0  # of all timed steps but the last
_LAYER_WIDTH, _SHAPE_WIDTH = 44, 24
_MIB = 2**20


@dataclass(slots=True)
class _Layers:
    """Lines and sizes of the layers that a forward pass reaches."""

    lines: list[str] = field(default_factory=list)
    kept: int = 0  # bytes of outputs that the backward pass needs

    def add(self, name: str, layer: "nn.Module", output: Any) -> None:  # noqa: ANN401 - a layer's own
        first = output[0] if isinstance(output, tuple | list) else output
        if not hasattr(first, "shape"):
            return
        shape = "x".join(str(size) for size in first.shape)
        count, trained = parameters_of(layer)
        note = f"{count:>13,}" + ("" if trained == count else " frozen") if count else ""
        kind = type(layer).__name__
        label = f"{name} ({kind})"
        self.lines.append(f"{label:<{_LAYER_WIDTH}} {shape:<{_SHAPE_WIDTH}} {note}".rstrip())
        if first.requires_grad:
            self.kept += first.numel() * first.element_size()


def estimate(
    module: "nn.Module",
    example_batch: Any,  # noqa: ANN401 - the module's own
    plan: TrainingPlan,
    batches: Batches,
) -> str:
    """Return what a training would need, as text; runs a few steps, which change the module.

    Args:
        module: The network.
        example_batch: What the network takes: a tensor, or a tuple of its arguments, each a tensor
            or a list of tensors.
        plan: Options of the run.
        batches: The data; only its length is used.
    """
    import torch

    torch.set_num_threads(plan.threads)
    device = best_device()
    module.to(device).train()
    given = example_batch if isinstance(example_batch, tuple) else (example_batch,)
    arguments = on_device(given, device)
    with _watched(module) as layers:
        module(*arguments)
    seconds = _seconds_of_step(module, arguments, plan)
    count, trained = parameters_of(module)
    size = sum(one.numel() * one.element_size() for one in module.parameters())
    share = trained / max(count, 1)
    needed = size * (1.0 + share * (1 + _STATES[plan.optimizer])) + layers.kept
    checkpoint = size * (2.0 + share * _STATES[plan.optimizer])
    steps = plan.epochs * len(batches)
    inputs = ", ".join("x".join(map(str, one.shape)) for one in _tensors(arguments))
    return "\n".join(
        [
            *(f"input {inputs}", *layers.lines),
            f"parameters: {count:,}, of which {trained:,} are trained",
            f"memory: {needed / _MIB:,.0f} MiB (weights, gradients, optimizer, activations), "
            f"checkpoint {checkpoint / _MIB:,.0f} MiB",
            f"time: {duration_of(seconds)} a step on {device.type}, {len(batches):,} steps an "
            f"epoch, {plan.epochs} epochs: {duration(seconds * steps)} without data and validation",
        ]
    )


def parameters_of(module: "nn.Module") -> tuple[int, int]:
    """Return how many parameters a network has, and how many of them are trained."""
    sizes = [(one.numel(), one.requires_grad) for one in module.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, is_trained in sizes if is_trained)


def duration_of(seconds: float) -> str:
    """Return a short time as text.

    Example:
        >>> duration_of(0.0123), duration_of(12.3)
        ('12 ms', '12.3 s')
    """
    return f"{1000.0 * seconds:.0f} ms" if seconds < 1.0 else f"{seconds:.1f} s"


def _tensors(arguments: Any) -> "Iterator[Tensor]":  # noqa: ANN401 - as `estimate`
    """Yield every tensor of tuples and lists."""
    for one in arguments:
        yield from _tensors(one) if isinstance(one, tuple | list) else (one,)


@contextmanager
def _watched(module: "nn.Module") -> Iterator[_Layers]:
    """Watch the layers without parts of their own during a forward pass."""
    layers = _Layers()
    hooks = [
        layer.register_forward_hook(lambda own, _, out, name=name: layers.add(name, own, out))
        for name, layer in module.named_modules()
        if not list(layer.children())
    ]
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()


def _seconds_of_step(module: "nn.Module", arguments: tuple[Any, ...], plan: TrainingPlan) -> float:
    import torch

    optimizer = optimizer_of(module, plan)
    times: list[float] = []
    while len(times) < _MOST_TIMED and sum(times) < _LONGEST_S:
        began = perf_counter()
        optimizer.zero_grad()
        output = module(*arguments)
        first = output[0] if isinstance(output, tuple | list) else output
        first.float().mean().backward()
        optimizer.step()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(perf_counter() - began)
    return min(times)
