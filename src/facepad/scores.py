"""Score arithmetic: a score is the sigmoid of an affine log-likelihood ratio (LLR).

`logit` gives the LLR back from a score, within ``LOGIT_LIMIT`` of 0.
"""

import math
from dataclasses import dataclass
from typing import Any

# Odds of 22,000 to 1. Tests are scaled on a few thousand pictures, which cannot distinguish odds
# beyond that; and no test shall outvote the others by a ratio that nobody measured.
LOGIT_LIMIT = 10.0
_ROUNDING = 1e-9  # log-odds
_LARGEST_EXPONENT = 700.0  # exp of more overflows a double


def sigmoid(logit: float) -> float:
    """Return the score in [0, 1] of a log-likelihood ratio.

    Args:
        logit: Natural logarithm of the odds of bona fide over attack.

    Example:
        >>> sigmoid(0.0)
        0.5
    """
    return 1.0 / (1.0 + math.exp(min(-logit, _LARGEST_EXPONENT)))


def logit(value: float) -> float:
    """Return the log-likelihood ratio of a score, clamped to ``LOGIT_LIMIT`` on either side of 0.

    Args:
        value: Score in [0, 1].

    Example:
        >>> logit(0.5), logit(1.0)
        (0.0, 10.0)
    """
    if min(value, 1.0 - value) <= sigmoid(-LOGIT_LIMIT):
        return math.copysign(LOGIT_LIMIT, value - 0.5)
    return math.log(value / (1.0 - value))


@dataclass(frozen=True, slots=True)
class AffineScaling:
    """Maps a raw logit to a log-likelihood ratio: ``slope * raw + bias``.

    Attributes:
        slope: Above 0, so that ranks are kept.
        bias: Natural logarithm.
    """

    slope: float
    bias: float

    def apply(self, raw: float) -> float:
        """Return the log-likelihood ratio of bona fide over attack, natural logarithm."""
        return self.slope * raw + self.bias


@dataclass(frozen=True, slots=True)
class Contribution:
    """One part of a log-likelihood ratio.

    Attributes:
        name: A test ("face_cnn"), a member of one ("context 13") or a group of metrics.
        log_odds: What it adds; natural logarithm, above 0 towards bona fide.
        group: What it belongs to ("surroundings"); "" for a part by itself.
        weight: Factor of its own log-likelihood ratio, for a test in a fusion; None where
            there is none.
    """

    name: str
    log_odds: float
    group: str = ""
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A log-likelihood ratio as the sum of its parts and a bias.

    Attributes:
        parts: What adds to the ratio, in a fixed order.
        bias: The ratio without any of them: where each has its neutral value.
    """

    parts: tuple[Contribution, ...]
    bias: float = 0.0

    @property
    def log_likelihood_ratio(self) -> float:
        """The sum; natural logarithm, above 0 for bona fide."""
        return math.fsum((self.bias, *(part.log_odds for part in self.parts)))

    def adding_up_to(self, ratio: float, rest: str) -> "Breakdown":
        """Return the explanation with one more part where its sum is another one.

        Args:
            ratio: What the sum must be.
            rest: Name of that part.
        """
        missing = ratio - self.log_likelihood_ratio
        if abs(missing) <= _ROUNDING * max(1.0, abs(ratio)):
            return self
        return Breakdown((*self.parts, Contribution(rest, missing)), self.bias)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as values for JSON."""
        parts = [
            {"name": part.name, "group": part.group, "log_odds": part.log_odds}
            | ({} if part.weight is None else {"weight": part.weight})
            for part in self.parts
        ]
        ratio = self.log_likelihood_ratio
        return {"log_likelihood_ratio": ratio, "bias": self.bias, "parts": parts}
