"""The vector of all metrics of a picture, in the order that models are trained on."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, cast

from numpy.typing import NDArray

from facepad import registry
from facepad.errors import InputError
from facepad.quality.picture import Metric, Picture

METRICS: tuple[str, ...] = tuple(registry.METRIC_ENTRIES)

# Metrics that share most of their work, the longest group first: threads take the next
# group when they are free, and are done at about the same time if the last ones are short.
_GROUPS: tuple[frozenset[str], ...] = (
    frozenset({"niqe"}),
    frozenset({"vif"}),
    frozenset({"ted", "tcd", "gme", "gpe"}),
    frozenset({"rred"}),
    frozenset({"biqi", "jqi"}),
    frozenset({"ssim"}),
    frozenset({"sme", "spe", "hlfi"}),
)


def measure(
    image: NDArray[Any],
    *,
    value_range: float | None = None,
    names: Iterable[str] | None = None,
    threads: int = 1,
) -> dict[str, float]:
    """Measure the quality of a picture.

    Args:
        image: Gray or RGB, shape (H, W) or (H, W, 3), any type that
            `facepad.quality.picture.to_gray` reads. Full-reference metrics compare it with
            a slightly blurred copy of itself.
        value_range: 1 or 255, what white is in a floating-point picture; else None.
        names: Metrics that are wanted; all built-in ones when None. Work that only
            others need is not done.
        threads: How many may work at once. It does not change any value. For best effect
            let OpenCV use one thread each (`facepad.runtime.tune`).

    Returns:
        Finite values by name, in the order of `METRICS`, metrics of plug-ins behind them.

    Raises:
        InputError: The picture cannot be read, a name is unknown, or threads is below 1.
        ModelError: The model file of a metric is missing or damaged.

    Example:
        >>> import numpy as np
        >>> measure(np.full((32, 32), 7, np.uint8), names=["mse", "psnr"])
        {'mse': 0.0, 'psnr': 100.0}
    """
    if threads < 1:
        raise InputError(f"threads must be at least 1, got {threads!r}")
    wanted = _ordered(METRICS if names is None else names)
    metrics = {name: _resolve(name) for name in wanted}
    picture = Picture.of(image, value_range)
    values: dict[str, float] = {}
    groups = deque(_grouped(wanted))

    def work() -> None:
        while groups:
            try:
                group = groups.popleft()
            except IndexError:  # another thread took the last one
                return
            picture.workspace.reset()
            values.update({name: float(metrics[name](picture)) for name in group})

    _run(work, min(threads, len(groups)))
    return {name: values[name] for name in wanted}


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(names))
    own = tuple(name for name in METRICS if name in unique)
    return own + tuple(name for name in unique if name not in METRICS)


def _resolve(name: str) -> Metric:
    entry = registry.METRIC_ENTRIES.get(name)
    if entry is not None:  # does not scan the installed packages, which takes milliseconds
        module, _, function = entry.place.partition(":")
        return cast(Metric, getattr(import_module(module), function))
    known = registry.names("metrics")
    if name not in known:
        raise InputError(f"no metric named {name!r}; known: {', '.join(known)}")
    return cast(Metric, registry.resolve("metrics", name))


def _grouped(names: Sequence[str]) -> list[list[str]]:
    """The names by group, in the order of `_GROUPS`; all others are the last group."""
    groups = [[name for name in names if name in group] for group in _GROUPS]
    grouped = frozenset().union(*_GROUPS)
    groups.append([name for name in names if name not in grouped])
    return [group for group in groups if group]


def _run(work: Callable[[], None], workers: int) -> None:
    """Run the same work in several threads, the calling one among them."""
    if workers < 2:
        return work()
    with ThreadPoolExecutor(workers - 1) as pool:
        others = [pool.submit(work) for _ in range(workers - 1)]
        work()
        for other in others:
            other.result()
    return None
