"""Golden values of the original NIQE and BIQI, to compare ranks of own models with."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.training.gates import rank_correlation
from facepad.training.ladder import ladder

Pixels = NDArray[np.uint8]

# Usable beside the ladder: not flat, not generated without noise, not tiny.
SINGLE = (
    *("camera_512", "astronaut_640x480", "coffee_400x600", "chelsea_300x451"),
    *("rocket_640x480", "motorcycle_640x480", "hubble_640x480", "grass_512", "brick_256"),
    *("text_172x448", "camera_blocky4", "camera_blur", "camera_noise40"),
    *("chirp_640x480", "noise_640x480", "checker8_640x480"),
)


@dataclass(frozen=True, slots=True)
class Golden:
    """Pictures with the values that the original parameters give.

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
        """Rank correlation of an own model with the golden values, and over how many pictures.

        Args:
            metric: "niqe" (ladder and single pictures) or "biqi" (ladder).
            judge: The own model.
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
                for name, pixels in ladder(self.images[source]):
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
