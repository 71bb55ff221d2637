"""What a fitted model of naturalness must reach before it ships, and whether it does."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facepad.models.npz import FEATURES_FORMAT, METRICS_VERSION


@dataclass(frozen=True, slots=True)
class Gate:
    """One result.

    Attributes:
        name: What was measured.
        value: Higher is better.
        least: What it must reach; minus infinity if it is only reported.
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
        return f"{self.name}: {self.value:.3f}, at least {self.least:.2f} asked for: {verdict}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a fit produced.

    Attributes:
        model: The file; its card lies beside it.
        gates: Results of the fit.
        text: All of it, for people.
    """

    model: Path
    gates: tuple[Gate, ...]
    text: str


def rank_correlation(one: ArrayLike, other: ArrayLike) -> float:
    """Spearman's rank correlation, -1 to 1."""
    from scipy.stats import spearmanr  # slow to import

    return float(spearmanr(one, other).statistic)


def common_arrays(
    kind: str, names: Sequence[str], gates: Sequence[Gate], licence: str
) -> dict[str, NDArray[Any]]:
    """What every file of parameters says of itself; see `facepad.models.npz`."""
    return {
        "format_version": np.array(FEATURES_FORMAT),
        "metrics_version": np.array(METRICS_VERSION),
        "kind": np.array(kind),
        "names": np.array(names),
        "licence": np.array(licence),
        "gate_names": np.array([gate.name for gate in gates], dtype=np.str_),
        "gate_values": np.array([gate.value for gate in gates], np.float64),
        "gate_least": np.array([gate.least for gate in gates], np.float64),
    }


def licence_of(licences: Counter[str]) -> str:
    """Licence of a model that was fitted on pictures, in one line."""
    parts = "; ".join(f"{count} under {name}" for name, count in sorted(licences.items()))
    return f"Apache-2.0; statistics of photographs: {parts}"


def listed(licences: Counter[str]) -> str:
    """Licences of pictures, one line each."""
    return "\n".join(f"- {count}: {name}" for name, count in sorted(licences.items()))


def told(gates: Sequence[Gate]) -> str:
    """Results for a card, one line each."""
    return "\n".join(f"- {gate}" for gate in gates) or "- The gate was not measured."
