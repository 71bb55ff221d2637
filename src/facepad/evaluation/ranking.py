"""How well scores put bona fide above attacks, with no threshold fixed beforehand.

AUC, EER and BPCER at a given APCER use thresholds from the evaluated data themselves. They
rank systems; they do not predict error rates in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from facepad.errors import InputError
from facepad.evaluation.table import Flags, Floats, ScoreTable

ROUNDING = 1e-12  # of summed weights; 1 of 10 counts as 10 %


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Both errors at every threshold that tells two scores apart, in rising order.

    Attributes:
        thresholds: From 0 (all accepted) to the first that accepts nothing; the last
            is infinite where a score of 1 leaves no such threshold in [0, 1].
        bpcer: Share of bona fide scores below each threshold.
        apcer: Share of attack scores at or above it, by PAI species.
        apcer_pooled: Share of attack scores at or above it, over all attacks.
    """

    thresholds: Floats
    bpcer: Floats
    apcer: Mapping[str, Floats]
    apcer_pooled: Floats

    @property
    def apcer_worst(self) -> Floats:
        """APCER of the worst species at each threshold."""
        worst: Floats = np.max(np.stack(list(self.apcer.values())), axis=0)
        return worst

    @property
    def eer_index(self) -> int:
        """Index at which ``apcer_pooled`` and ``bpcer`` are closest; of two, the fewer errors."""
        gap = np.round(np.abs(self.apcer_pooled - self.bpcer), 12)
        return int(np.lexsort((self.apcer_pooled + self.bpcer, gap))[0])

    @property
    def equal_error_rate(self) -> float:
        """Both errors where the straight lines between neighbouring thresholds cross."""
        gap = self.bpcer - self.apcer_pooled  # rises from -1 to 1
        after = int(np.argmax(gap > 0.0))
        way = -gap[after - 1] / (gap[after] - gap[after - 1])
        return float(self.bpcer[after - 1] + way * (self.bpcer[after] - self.bpcer[after - 1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Figures for ranking systems; the threshold comes from the scores themselves.

    Presentations without a score are left out, and counted.

    Attributes:
        label: Text that must accompany the figures.
        auc: Probability that a bona fide scores above an attack, ties counting half, in [0, 1].
        eer: Equal error rate, over all species together.
        bpcer10: BPCER at the lowest threshold with a worst-species APCER of at most 10 %.
        bpcer20: As ``bpcer10``, at 5 %.
        bpcer100: As ``bpcer10``, at 1 %.
        non_responses: Number of presentations that are left out.
    """

    label: str
    auc: float
    eer: float
    bpcer10: float
    bpcer20: float
    bpcer100: float
    non_responses: int


def rank(table: ScoreTable) -> Ranking:
    """Compute the ranking figures over the presentations that have a score.

    Raises:
        InputError: No bona fide or no attack has a score.
    """
    scored = table.keep(table.answered)
    errors = curve(scored)
    return Ranking(
        label=f"ranking, threshold from {table.split}",
        auc=area_under_curve(scored),
        eer=errors.equal_error_rate,
        bpcer10=_bpcer_at(errors, 0.10),
        bpcer20=_bpcer_at(errors, 0.05),
        bpcer100=_bpcer_at(errors, 0.01),
        non_responses=len(table.values) - len(scored.values),
    )


def curve(table: ScoreTable) -> Curve:
    """Return both errors over all thresholds, from the rows that have a score.

    Raises:
        InputError: No bona fide or no attack has a score.
    """
    scored = table.keep(table.answered)
    require_both_classes(scored)
    thresholds = _thresholds(scored.values)
    present = [name for name in scored.species if scored.weights[scored.of_species(name)].sum() > 0]
    return Curve(
        thresholds,
        _below(scored, scored.bona_fide, thresholds),
        {name: 1.0 - _below(scored, scored.of_species(name), thresholds) for name in present},
        1.0 - _below(scored, scored.attack, thresholds),
    )


def area_under_curve(table: ScoreTable) -> float:
    """Return the area under the ROC curve from ranks (Mann-Whitney), in [0, 1]; ties count half.

    Raises:
        InputError: No bona fide or no attack has a score.
    """
    scored = table.keep(table.answered)
    require_both_classes(scored)
    return _area(scored.values, scored.weights * scored.bona_fide, scored.weights * scored.attack)


def auc(bona_fide: Flags, values: Floats) -> float:
    """Return the area under the ROC curve of raw values, in [0, 1]; ties count half.

    Args:
        bona_fide: True for bona fide, shape (N,); both classes occur.
        values: Higher for bona fide, shape (N,).
    """
    return _area(values, bona_fide.astype(np.float64), (~bona_fide).astype(np.float64))


def _area(values: Floats, bona_fide: Floats, attack: Floats) -> float:
    """Return the area under the ROC curve of rows with weights by class."""
    _, place = np.unique(values, return_inverse=True)
    genuine, attacks = np.bincount(place, bona_fide), np.bincount(place, attack)
    beaten = np.cumsum(attacks) - attacks / 2.0
    return float(np.sum(genuine * beaten) / (genuine.sum() * attacks.sum()))


def require_both_classes(scored: ScoreTable) -> None:
    """Check that both classes have a score.

    Raises:
        InputError: A class has no score; the message names it.
    """
    for what, rows in (("bona fide", scored.bona_fide), ("attack", scored.attack)):
        if not scored.weights[rows].sum() > 0.0:
            raise InputError(
                f"both classes need scores, but no {what} presentation of the "
                f"{scored.split} part has one"
            )


def _thresholds(values: Floats) -> Floats:
    """Return thresholds halfway between neighbouring scores, always above the lower one."""
    distinct = np.unique(values)
    middle = (distinct[:-1] + distinct[1:]) / 2.0
    between = np.where(middle > distinct[:-1], middle, distinct[1:])
    top = (distinct[-1] + 1.0) / 2.0
    return np.concatenate([[0.0], between, [top if top > distinct[-1] else np.inf]])


def _below(table: ScoreTable, rows: Flags, thresholds: Floats) -> Floats:
    order = np.argsort(table.values[rows], kind="stable")
    values, weights = table.values[rows][order], table.weights[rows][order]
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    below: Floats = mass[np.searchsorted(values, thresholds, side="left")] / mass[-1]
    return below


def _bpcer_at(errors: Curve, apcer: float) -> float:
    allowed = errors.apcer_worst <= apcer + ROUNDING  # true at the last, which accepts nothing
    return float(errors.bpcer[np.argmax(allowed)])
