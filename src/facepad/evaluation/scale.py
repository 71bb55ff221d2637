"""Map scores of any finite scale to ranks in (0, 1), and thresholds back to that scale.

Rates depend only on the order of scores, so each distinct score becomes its rank. Nothing is
clipped or rounded: ties stay ties, and any strictly increasing change of the scale leaves
every outcome as it was.

Scores >= threshold are accepted. A threshold is one of the scores; if no score may be
accepted, it is the next representable number.
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
        higher_is: What a higher score means.
        seen: Every distinct score, oriented so that higher is bona fide, in rising order.
    """

    higher_is: ScoreDirection
    seen: Floats

    def oriented(self, values: Sequence[float | None] | Floats) -> Floats:
        """Return scores oriented so that higher is bona fide; None and NaN become NaN."""
        numbers = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        return numbers if self.higher_is is ScoreDirection.BONA_FIDE else -numbers

    def ranks(self, values: Sequence[float | None] | Floats) -> Floats:
        """Return the ranks of scores in (0, 1), higher for bona fide; NaN stays."""
        oriented = self.oriented(values)
        ranks = (np.searchsorted(self.seen, oriented) + 1.0) / (len(self.seen) + 1.0)
        return np.where(np.isnan(oriented), np.nan, ranks)

    def probabilities(self, values: Sequence[float | None] | Floats) -> Floats | None:
        """Return scores as probabilities of bona fide; None if one of the system is outside [0, 1].

        Where a higher score means attack, its complement is the probability of bona fide.
        """
        oriented = self.oriented(values)
        if self.higher_is is ScoreDirection.BONA_FIDE:
            ends, probabilities = (0.0, 1.0), oriented
        else:
            ends, probabilities = (-1.0, 0.0), 1.0 + oriented
        if len(self.seen) and not ends[0] <= self.seen[0] <= self.seen[-1] <= ends[1]:
            return None
        return probabilities

    def rank_of_threshold(self, threshold: float) -> float:
        """Return the rank of a threshold on the system's scale, between two ranks of scores.

        A score equal to the threshold is on the bona fide side.

        Raises:
            InputError: The threshold is not finite.
        """
        if not np.isfinite(threshold):
            raise InputError(
                f"a threshold is a finite number on the scores' scale, got {threshold}"
            )
        oriented = threshold if self.higher_is is ScoreDirection.BONA_FIDE else -threshold
        return float((np.searchsorted(self.seen, oriented) + 0.5) / (len(self.seen) + 1.0))

    def threshold(self, rank: float, chosen_on: Sequence[float | None] | Floats) -> float:
        """Return the threshold on the system's scale of a threshold among ranks.

        Args:
            rank: A threshold in [0, 1] that `facepad.evaluation.protocol` chose.
            chosen_on: The scores it was chosen on. Only they name the threshold, so that
                scores of the test part can never move it.
        """
        oriented = self.oriented(chosen_on)
        oriented = np.unique(oriented[~np.isnan(oriented)])
        index = int(np.searchsorted(self.ranks(oriented * self._sign), rank))
        # An infinite rank, or one beyond all that was seen, lets nothing pass.
        best = oriented[index] if index < len(oriented) else np.nextafter(oriented[-1], np.inf)
        return float(best * self._sign)

    @property
    def _sign(self) -> float:
        return 1.0 if self.higher_is is ScoreDirection.BONA_FIDE else -1.0


def scale_of(
    values: Sequence[float | None] | Floats, higher_is: ScoreDirection = ScoreDirection.BONA_FIDE
) -> Scale:
    """Return the scale of a system's scores.

    Args:
        values: All its scores, of every part; None or NaN for non-responses.
        higher_is: What a higher score means.

    Raises:
        InputError: A score is infinite.

    Example:
        >>> scale = scale_of([-3.0, 250.0, None, 8.0])
        >>> scale.ranks([8.0, None]).tolist()
        [0.5, nan]
    """
    oriented = Scale(higher_is, np.empty(0)).oriented(values)
    if np.isinf(oriented).any():
        raise InputError("scores are finite numbers, got an infinite one")
    return Scale(higher_is, np.unique(oriented[~np.isnan(oriented)]))
