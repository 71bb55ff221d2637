"""Any finite scale of scores onto (0, 1) by order alone, and thresholds back to that scale.

The rates see only the order of scores, so each distinct score becomes its rank. Nothing is
stretched, clipped or rounded: ties stay ties, neighbours stay apart, and any strictly
rising change of the scale leaves every outcome as it was.

A threshold is reported as a score that was seen: the decisive side of it is that score
*or better*. Where no score will do (nothing may pass), it is the next number beyond.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facepad.errors import InputError
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.table import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """One system's scale; made by `scale_of`.

    Attributes:
        higher_is: What a higher score speaks for.
        seen: Every distinct score, turned so that higher is bona fide, in rising order.
    """

    higher_is: ScoreDirection
    seen: Floats

    def turned(self, values: Sequence[float | None] | Floats) -> Floats:
        """Scores turned so that higher is bona fide; None and NaN become NaN."""
        numbers = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        return numbers if self.higher_is is ScoreDirection.BONA_FIDE else -numbers

    def ranks(self, values: Sequence[float | None] | Floats) -> Floats:
        """Scores that were seen, as numbers in (0, 1), higher for bona fide; NaN stays."""
        turned = self.turned(values)
        ranks = (np.searchsorted(self.seen, turned) + 1.0) / (len(self.seen) + 1.0)
        return np.where(np.isnan(turned), np.nan, ranks)

    def rank_of_threshold(self, threshold: float) -> float:
        """Where a threshold on the system's scale lies among the ranks, between two of them.

        A score equal to the threshold is on the bona fide side.

        Raises:
            InputError: The threshold is not finite.
        """
        if not np.isfinite(threshold):
            raise InputError(
                f"a threshold is a finite number on the scores' scale, got {threshold}"
            )
        turned = threshold if self.higher_is is ScoreDirection.BONA_FIDE else -threshold
        return float((np.searchsorted(self.seen, turned) + 0.5) / (len(self.seen) + 1.0))

    def threshold(self, rank: float, chosen_on: Sequence[float | None] | Floats) -> float:
        """The threshold on the system's scale that a choice among ranks stands for.

        Args:
            rank: A threshold in [0, 1] that `facepad.evaluation.protocol` chose.
            chosen_on: The scores it was chosen on. Only they name the threshold, so that
                scores of the test part can never move it.
        """
        turned = self.turned(chosen_on)
        turned = np.unique(turned[~np.isnan(turned)])
        index = int(np.searchsorted(self.ranks(turned * self._sign), rank))
        # An infinite rank, or one beyond all that was seen, lets nothing pass.
        best = turned[index] if index < len(turned) else np.nextafter(turned[-1], np.inf)
        return float(best * self._sign)

    @property
    def _sign(self) -> float:
        return 1.0 if self.higher_is is ScoreDirection.BONA_FIDE else -1.0


def scale_of(
    values: Sequence[float | None] | Floats, higher_is: ScoreDirection = ScoreDirection.BONA_FIDE
) -> Scale:
    """The scale of a system's scores.

    Args:
        values: All its scores, of every part; None or NaN for non-responses.
        higher_is: What a higher score speaks for.

    Raises:
        InputError: A score is infinite.

    Example:
        >>> scale = scale_of([-3.0, 250.0, None, 8.0])
        >>> scale.ranks([8.0, None]).tolist()
        [0.5, nan]
    """
    turned = Scale(higher_is, np.empty(0)).turned(values)
    if np.isinf(turned).any():
        raise InputError("scores are finite numbers, got an infinite one")
    return Scale(higher_is, np.unique(turned[~np.isnan(turned)]))
