"""Assess one system on one split: `assess`.

Threshold from dev, errors from test, both readings of missing decisions, intervals over
subjects, and ranking figures with their label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from facepad.errors import InputError
from facepad.evaluation import protocol
from facepad.evaluation.aggregation import Scored, ranked_table
from facepad.evaluation.answers import AddedAnswers
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.intervals import LEVEL, REPEATS, RateIntervals, rate_intervals
from facepad.evaluation.ranking import Ranking, rank
from facepad.evaluation.rates import Outcomes, Rates, Reading, outcomes, rates_at
from facepad.evaluation.ratio_costs import RatioQuality, ratio_quality
from facepad.evaluation.resampling import RankingIntervals, ranking_intervals
from facepad.evaluation.scale import Scale, scale_of
from facepad.evaluation.table import Floats, ScoreTable
from facepad.types import OperatingPoint, Split


class Aim(StrEnum):
    """Error rate that the threshold on dev is set for."""

    EER = "eer"
    BPCER = "bpcer"
    APCER = "apcer"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a threshold is set on dev.

    Attributes:
        aim: Equal errors, a BPCER, or an APCER of the worst species.
        share: The target error rate, in [0, 1); not used with equal errors.
    """

    aim: Aim = Aim.EER
    share: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Parse "eer", "bpcer=5" or "apcer=1" (in %).

        Raises:
            InputError: The text is none of these.

        Example:
            >>> Rule.parse("apcer=5").share
            0.05
        """
        name, given, percent = text.partition("=")
        try:
            aim = Aim(name)
            share = float(percent) / 100.0 if given else 0.0
        except ValueError:
            aim, share = Aim.EER, float("nan")
        if not 0.0 <= share < 1.0 or bool(given) is (aim is Aim.EER):
            raise InputError(f"a rule is 'eer', 'bpcer=5' or 'apcer=1' (in %), got {text!r}")
        return cls(aim, share)

    def choose(self, dev: ScoreTable) -> OperatingPoint:
        """Return the operating point that is set on dev.

        Raises:
            InputError: The table is not of the dev split, or a class has no score.
        """
        if self.aim is Aim.EER:
            return protocol.at_eer(dev)
        choose = protocol.at_bpcer if self.aim is Aim.BPCER else protocol.at_apcer
        return choose(dev, self.share)


@dataclass(frozen=True, slots=True)
class GivenPoint:
    """A threshold that was fixed beforehand, on the system's scale.

    Attributes:
        name: Name of the operating point ("given", "as shipped").
        threshold: Lowest score of bona fide.
        low: Lower end of the band of uncertain scores; None without a band.
        high: Upper end, nearer to bona fide than ``low``; None without a band.
        origin: Where it comes from, as in "at a threshold fixed beforehand".
        of_each: Whether a presentation's own operating point goes before this one.
    """

    name: str
    threshold: float
    low: float | None = None
    high: float | None = None
    origin: str = "fixed beforehand"
    of_each: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPoint:
    """Errors at one operating point.

    Attributes:
        name: Name of the operating point.
        origin: Where the threshold comes from, in words.
        threshold: Threshold on the system's scale.
        low: Lower end of the band on the system's scale; the threshold without a band.
        high: Upper end of the band on the system's scale; the threshold without a band.
        rates: Rates with every presentation counted.
        decided: Rates without the presentations that have no decision.
        intervals: Intervals of ``rates``.
        decided_intervals: Intervals of ``decided``.
        outcomes: Outcome of each presentation.
    """

    name: str
    origin: str
    threshold: float
    low: float
    high: float
    rates: Rates
    decided: Rates
    intervals: RateIntervals
    decided_intervals: RateIntervals
    outcomes: Outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The results of one system on one split.

    Attributes:
        system: Name of the system.
        part: Name of the split in texts ("nuaa test, official").
        scale: The system's scale.
        rows: The presentations, in order.
        table: The presentations with ranks as scores.
        points: Errors at each operating point; empty without dev scores and threshold.
        ranking: Figures whose threshold comes from these data; None when a class has no
            score.
        ranking_intervals: Intervals of ``ranking`` and the band of the error curve; None if
            ``ranking`` is.
        ratios: Quality of the scores as log-likelihood ratios; None where a score of the system
            lies outside [0, 1], or ``ranking`` is None.
        remark: Why a threshold is missing; "" when none is.
        added: Answers of a test that only adds to others; None of a system that decides.
    """

    system: str
    part: str
    scale: Scale
    rows: tuple[Scored, ...]
    table: ScoreTable
    points: tuple[AtPoint, ...]
    ranking: Ranking | None
    ranking_intervals: RankingIntervals | None
    ratios: RatioQuality | None = None
    remark: str = ""
    added: AddedAnswers | None = None

    @property
    def values(self) -> Floats:
        """Scores on the system's scale, one per row; NaN where there is none."""
        return np.array([np.nan if row.value is None else row.value for row in self.rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How intervals are made: confidence, number of bootstrap resamples, seed."""

    level: float = LEVEL
    repeats: int = REPEATS
    seed: int = 0


def assess(
    rows: Sequence[Scored],
    devs: Mapping[str, Sequence[Scored]] | None = None,
    *,
    rule: Rule | None = None,
    given: Sequence[GivenPoint] = (),
    higher_is: ScoreDirection = ScoreDirection.BONA_FIDE,
    system: str = "scores",
    part: str = "test",
    sampling: Sampling | None = None,
) -> Assessment:
    """Return the error rates, intervals and ranking figures of a system on one split.

    Args:
        rows: The presentations of one split (for videos see `aggregation.combined`).
        devs: Dev splits that thresholds are set on, by name ("dev", or "nuaa dev" for a
            threshold of another dataset); without any, only ``given`` thresholds.
        rule: How a threshold is set on dev; equal errors if None.
        given: Thresholds that were fixed beforehand.
        higher_is: What a higher score means.
        system: Name of the system.
        part: Name of the split.
        sampling: How intervals are made.

    Raises:
        InputError: One of ``devs`` is not a dev split, or there are no rows.
    """
    parts = devs or {}
    scale = scale_of([r.value for some in (rows, *parts.values()) for r in some], higher_is)
    table, how = ranked_table(rows, scale), sampling or Sampling()
    tables = {name: ranked_table(dev, scale) for name, dev in parts.items()}
    remarks = [_cannot_choose(name, made) for name, made in tables.items()]
    choices = [
        _choose(name, tables[name], rule or Rule(), scale, dev)
        for (name, dev), remark in zip(parts.items(), remarks, strict=True)
        if not remark
    ]
    points = [_at(rows, table, scale, point, how) for point in (*choices, *given)]
    try:
        ranking = rank(table)
    except InputError:  # a class without scores has no ranking, and may have error rates
        ranking = None
    return Assessment(
        system=system,
        part=part,
        scale=scale,
        rows=tuple(rows),
        table=table,
        points=tuple(points),
        ranking=ranking,
        ranking_intervals=None
        if ranking is None
        else ranking_intervals(table, level=how.level, repeats=how.repeats, seed=how.seed),
        ratios=None if ranking is None else _ratios(rows, table, scale, how),
        remark=" ".join(filter(None, [*remarks, "" if points or any(remarks) else NO_POINTS])),
    )


NO_POINTS = (
    "No error rates: there are no dev scores to choose a threshold on, and none was given. "
    "A threshold chosen on these very data would make the errors look smaller than they are."
)


def _ratios(
    rows: Sequence[Scored], table: ScoreTable, scale: Scale, how: Sampling
) -> RatioQuality | None:
    """Return the quality of scores as ratios, if all of the system can be probabilities."""
    if (probabilities := scale.probabilities([row.value for row in rows])) is None:
        return None
    table = replace(table, values=probabilities)
    return ratio_quality(table, level=how.level, repeats=how.repeats, seed=how.seed)


def _choose(
    name: str, table: ScoreTable, rule: Rule, scale: Scale, dev: Sequence[Scored]
) -> GivenPoint:
    chosen = rule.choose(table)
    threshold = scale.threshold(chosen.threshold, [row.value for row in dev])
    return GivenPoint(chosen.name, threshold, origin=f"chosen on {name}")


def _cannot_choose(name: str, table: ScoreTable) -> str:
    """Return why a dev split gives no threshold; "" when it gives one."""
    decisive = table.keep(table.decisive)
    for what, rows in (("bona fide", decisive.bona_fide), ("attack", decisive.attack)):
        if table.split is Split.DEV and not rows.any():
            return (
                f"No threshold from {name}: no {what} presentation there has a score that decides."
            )
    return ""


def _at(
    rows: Sequence[Scored], table: ScoreTable, scale: Scale, given: GivenPoint, how: Sampling
) -> AtPoint:
    low = given.threshold if given.low is None else given.low
    high = given.threshold if given.high is None else given.high
    ends = [scale.rank_of_threshold(end) for end in (given.threshold, low, high)]
    point = applied = OperatingPoint(given.name, *ends)
    if given.of_each and any(row.point for row in rows):
        table, applied = replace(table, values=_sides(rows, low, high)), SIDES
    rates = {
        reading: replace(rates_at(table, applied, reading=reading), point=point)
        for reading in Reading
    }
    sure = {
        reading: rate_intervals(
            table, applied, reading=reading, level=how.level, repeats=how.repeats, seed=how.seed
        )
        for reading in Reading
    }
    return AtPoint(
        name=given.name,
        origin=given.origin,
        threshold=given.threshold,
        low=low,
        high=high,
        rates=rates[Reading.ALL],
        decided=rates[Reading.DECIDED],
        intervals=sure[Reading.ALL],
        decided_intervals=sure[Reading.DECIDED],
        outcomes=outcomes(table, applied),
    )


SIDES = OperatingPoint("sides", 0.5, 0.25, 0.75)  # for the values of `_sides`


def _sides(rows: Sequence[Scored], low: float, high: float) -> Floats:
    """Return 1 at or above a row's own band, or that of all, 0 below it, 1/2 within it."""
    bounds = [(low, high) if row.point is None else (row.point.low, row.point.high) for row in rows]
    values = np.array([np.nan if row.value is None else row.value for row in rows])
    lows, highs = np.array(bounds).T
    sides: Floats = np.where(values >= highs, 1.0, np.where(values < lows, 0.0, 0.5))
    return np.where(np.isnan(values), np.nan, sides)
