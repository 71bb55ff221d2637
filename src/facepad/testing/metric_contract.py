"""The contract of a quality metric: a pure function of the picture."""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from facepad.testing.contract_error import called, require
from facepad.testing.made_up import made_up_picture
from facepad.types import RgbImage

Measure = Callable[[RgbImage], Mapping[str, float]]

TOLERANCE = 1e-6  # relative; sums may be taken in another order in another thread
THREADS = 4


def check_metric(name: str, measure: Measure | None = None) -> None:
    """Check that a metric is a finite, deterministic function that changes nothing.

    Args:
        name: The metric's name in results.
        measure: Picture to a value by that name; by default the metric of that name in
            `facepad.quality.measure`.

    Raises:
        ContractError: Says what is broken, and on which picture.
    """
    taken = measure or _built_in(name)
    pictures = _pictures()
    values = {what: _checked_value(name, taken, what, pictures[what]) for what in pictures}
    for what, value in values.items():
        again = taken(pictures[what])[name]
        require(_same(value, again), _differs(name, what, "a second time", (value, again)))
    with ThreadPoolExecutor(THREADS) as pool:
        found = called(lambda: list(pool.map(taken, pictures.values())), f"{name} in threads")
    for (what, value), together in zip(values.items(), found, strict=True):
        require(
            _same(value, together[name]),
            _differs(name, what, "beside other threads", (value, together[name])),
        )


def _built_in(name: str) -> Measure:
    from facepad.quality import METRICS, measure  # the only check that needs them

    require(name in METRICS, f"no metric named {name!r}; known: {', '.join(METRICS)}")
    return lambda image: measure(image, names=(name,))


def _pictures() -> dict[str, RgbImage]:
    draw = np.random.default_rng(0)
    board = (np.indices((96, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)
    return {
        "an ordinary picture": made_up_picture(size=(160, 120), seed=1),
        "a soft picture": made_up_picture(size=(160, 120), seed=2, attack=True),
        "an odd size": made_up_picture(size=(133, 101), seed=3),
        "a black picture": np.zeros((96, 128, 3), np.uint8),
        "a grey picture": np.full((96, 128, 3), 128, np.uint8),
        "a white picture": np.full((96, 128, 3), 255, np.uint8),
        "a chessboard of pixels": np.repeat(board[..., None], 3, axis=2),
        "noise": draw.integers(0, 256, (96, 128, 3), dtype=np.uint8),
        "a small picture": made_up_picture(size=(64, 48), seed=4),
    }


def _checked_value(name: str, measure: Measure, what: str, image: RgbImage) -> float:
    before = image.copy()
    values = called(lambda: measure(image), f"{name} on {what}")
    require(
        list(values) == [name],
        f"asked for {name!r} on {what}, got the names {', '.join(map(repr, values))}",
    )
    value = values[name]
    require(
        isinstance(value, float) and math.isfinite(value),
        f"{name} on {what} must be a finite float, got {value!r}",
    )
    require(np.array_equal(image, before), f"{name} changed the pixels of {what}")
    return value


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _differs(name: str, what: str, when: str, values: tuple[float, float]) -> str:
    return f"{name} of {what} differs {when}: {values[0]!r}, then {values[1]!r}"
