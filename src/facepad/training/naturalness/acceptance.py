"""Requirements for fitted models of naturalness, and golden values to compare them with."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facepad.errors import DatasetError
from facepad.models.npz import FEATURES_FORMAT
from facepad.registry import METRIC_ENTRIES

Pixels = NDArray[np.uint8]

# Used beside the distortion ladder: not flat, not generated without noise, not tiny.
SINGLE = (
    *("camera_512", "astronaut_640x480", "coffee_400x600", "chelsea_300x451"),
    *("rocket_640x480", "motorcycle_640x480", "hubble_640x480", "grass_512", "brick_256"),
    *("text_172x448", "camera_blocky4", "camera_blur", "camera_noise40"),
    *("chirp_640x480", "noise_640x480", "checker8_640x480"),
)
STEPS = {"blur": (1, 3, 6, 12), "noise": (8, 20, 40, 80), "blocky": (2, 4, 6, 8)}
_TAPS = (1, 4, 6, 4, 1)  # sum 16
_NOISE_SEED = 7
_FACTOR, _STEP = np.uint64(6364136223846793005), np.uint64(1442695040888963407)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One result and its required value.

    Attributes:
        name: Name of the measure.
        value: The result; higher is better.
        least: The required value; minus infinity if the result is only reported.
    """

    name: str
    value: float
    least: float = -np.inf

    @property
    def passed(self) -> bool:
        """Whether the value is high enough."""
        return self.value >= self.least

    def __str__(self) -> str:
        if self.least == -np.inf:
            return f"{self.name}: {self.value:.3f} (reported only)"
        verdict = "reached" if self.passed else f"MISSED by {self.least - self.value:.3f}"
        return f"{self.name}: {self.value:.3f}, at least {self.least:.2f} required: {verdict}"


@dataclass(frozen=True, slots=True)
class AcceptanceReport:
    """The result of one fit.

    Attributes:
        model: The model file; its card is beside it.
        requirements: Results, with what they must reach.
        text: The report for the terminal.
    """

    model: Path
    requirements: tuple[Requirement, ...]
    text: str


def rank_correlation(one: ArrayLike, other: ArrayLike) -> float:
    """Return Spearman's rank correlation, -1 to 1."""
    from scipy.stats import spearmanr  # slow to import

    return float(spearmanr(one, other).statistic)


def common_arrays(
    kind: str, names: Sequence[str], requirements: Sequence[Requirement], licence: str
) -> dict[str, NDArray[Any]]:
    """Return the arrays that every file of parameters has; see `facepad.models.npz`."""
    return {
        "format_version": np.array(FEATURES_FORMAT),
        "metrics_version": np.array(METRIC_ENTRIES[kind].version),
        "kind": np.array(kind),
        "names": np.array(names),
        "licence": np.array(licence),
        "gate_names": np.array([each.name for each in requirements], dtype=np.str_),
        "gate_values": np.array([each.value for each in requirements], np.float64),
        "gate_least": np.array([each.least for each in requirements], np.float64),
    }


def licence_of(licences: Counter[str]) -> str:
    """Return the licence of a model that was fitted on pictures, in one line."""
    parts = "; ".join(f"{count} under {name}" for name, count in sorted(licences.items()))
    return f"Apache-2.0; statistics of photographs: {parts}"


def licence_lines(licences: Counter[str]) -> str:
    """Return the licences of pictures, one line each."""
    return "\n".join(f"- {count}: {name}" for name, count in sorted(licences.items()))


def result_lines(requirements: Sequence[Requirement]) -> str:
    """Return results for a card, one line each."""
    return "\n".join(f"- {each}" for each in requirements) or "- Nothing was measured."


@dataclass(frozen=True, slots=True)
class Golden:
    """Pictures with the values of the original parameters.

    Attributes:
        values: Content of ``iqa_golden.json``.
        images: Gray pixels by name, from ``iqa_golden_images.npz``.
    """

    values: dict[str, Any]
    images: dict[str, Pixels]

    @classmethod
    def read(cls, folder: Path) -> "Golden":
        """Read the two files.

        Raises:
            DatasetError: A file is missing or damaged.
        """
        try:
            values = json.loads((folder / "iqa_golden.json").read_text(encoding="utf-8"))
            with np.load(folder / "iqa_golden_images.npz", allow_pickle=False) as images:
                return cls(values, dict(images))
        except (OSError, ValueError) as error:
            raise DatasetError(f"{folder} holds no golden values: {error}") from error

    def correlation(self, metric: str, judge: Callable[[Pixels], float]) -> tuple[float, int]:
        """Return the rank correlation with the golden values, and the number of pictures.

        Args:
            metric: "niqe" (ladder and single pictures) or "biqi" (ladder).
            judge: The model to compare.
        """
        pairs = list(self._ladder(metric))
        if metric == "niqe":
            pairs += self._single()
        own = [judge(pixels) for pixels, _ in pairs]
        return rank_correlation(own, [value for _, value in pairs]), len(pairs)

    def _ladder(self, metric: str) -> Iterator[tuple[Pixels, float]]:
        sources = dict.fromkeys(key.partition("/")[0] for key in self.values["ladder"])
        for source in sources:
            if source in self.images:
                for name, pixels in distortion_ladder(self.images[source]):
                    yield pixels, self.values["ladder"][f"{source}/{name}"][metric]

    def _single(self) -> Iterator[tuple[Pixels, float]]:
        for name in SINGLE:
            if name in self.images:
                yield self.images[name], self._self_value(name)

    def _self_value(self, name: str) -> float:
        for entry in self.values["images"][name]["values"]:
            if entry["metric"] == "niqe" and entry["check"] == "self":
                return float(entry["value"])
        raise DatasetError(f"the golden values of {name} have no own value of niqe")


def distortion_ladder(pixels: Pixels) -> Iterator[tuple[str, Pixels]]:
    """Yield twelve distorted copies: names like "blur3" and gray pixels, slight to severe.

    Whole-number arithmetic gives the same pixels on every machine.
    """
    kinds = {"blur": blurred, "noise": noisy, "blocky": blocky}
    for kind, steps in STEPS.items():
        for step in steps:
            yield f"{kind}{step}", kinds[kind](pixels, step)


def blurred(pixels: Pixels, passes: int) -> Pixels:
    """Return a binomial blur, several passes, border replicated."""
    values = pixels.astype(np.int64)
    for _ in range(passes):
        for axis in (0, 1):
            padded = np.pad(values, [(2, 2) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
            total = np.full_like(values, 8)
            for place, tap in enumerate(_TAPS):
                total += tap * padded.take(range(place, place + values.shape[axis]), axis)
            values = total >> 4
    return values.astype(np.uint8)


def noisy(pixels: Pixels, amplitude: int) -> Pixels:
    """Add uniform noise from -amplitude to amplitude of a linear congruential generator."""
    power = np.cumprod(np.full(pixels.size, _FACTOR), dtype=np.uint64)  # wraps, as it should
    series = np.cumsum(np.concatenate([np.ones(1, np.uint64), power[:-1]]), dtype=np.uint64)
    state = (power * np.uint64(_NOISE_SEED) + series * _STEP) >> np.uint64(33)
    noise = (state % np.uint64(2 * amplitude + 1)).astype(np.int64) - amplitude
    noisy_pixels: Pixels = np.clip(pixels + noise.reshape(pixels.shape), 0, 255).astype(np.uint8)
    return noisy_pixels


def blocky(pixels: Pixels, eighths: int) -> Pixels:
    """Mix pixels with the mean of their 8x8 block; cut to whole blocks."""
    height, width = (side // 8 * 8 for side in pixels.shape)
    values = pixels[:height, :width].astype(np.int64)
    means = values.reshape(height // 8, 8, width // 8, 8).sum(axis=(1, 3)) // 64
    spread = means.repeat(8, axis=0).repeat(8, axis=1)
    mixed: Pixels = ((values * (8 - eighths) + spread * eighths) // 8).astype(np.uint8)
    return mixed
