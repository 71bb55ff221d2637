"""Score arithmetic: a score is the sigmoid of an affine log-likelihood ratio (LLR).

`logit` gives the LLR back from a score, within ``LOGIT_LIMIT`` of 0.
"""

import math
from dataclasses import dataclass

# Odds of 22,000 to 1. Tests are scaled on a few thousand pictures, which cannot distinguish odds
# beyond that; and no test shall outvote the others by a ratio that nobody measured.
LOGIT_LIMIT = 10.0
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
