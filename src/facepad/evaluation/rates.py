"""Error rates of ISO/IEC 30107-3 at a fixed operating point.

Two readings, because a presentation may end without a decision. It is never an
acceptance in either, and the shares of non-responses (APNRR, BPNRR) and of uncertain
outcomes stand beside the errors:

* `Reading.ALL`: every presentation is in the denominator, as in the standard's formulas.
  An attack without a decision is not an error; a bona fide presentation without a
  decision is one.
* `Reading.DECIDED`: presentations without a decision are left out of both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from facepad.evaluation.table import Flags, ScoreTable
from facepad.types import OperatingPoint, Split


class Reading(StrEnum):
    """What presentations without a decision count as; see the module."""

    ALL = "all presentations"
    DECIDED = "decided presentations"


@dataclass(frozen=True, slots=True)
class Count:
    """The size of the sample behind a rate.

    Attributes:
        presentations: Rows (pictures, or whole videos).
        subjects: Different people among them.
    """

    presentations: int
    subjects: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Confusion matrix in % of everything counted; positive is bona fide. Sums to 100.

    Attributes:
        true_positive: Bona fide, accepted.
        false_negative: Bona fide, not accepted.
        false_positive: Attack, accepted.
        true_negative: Attack, not accepted.
    """

    true_positive: float
    false_negative: float
    false_positive: float
    true_negative: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Errors at one operating point. Rates are in [0, 1]; NaN where nothing was counted.

    Attributes:
        split: The part of the dataset that was counted.
        point: The threshold and band that were applied.
        reading: What presentations without a decision count as.
        weighting: What counts equally: "presentations" or "subjects".
        bona_fide: Presentations and subjects of the bona fide class.
        attack: Presentations and subjects of all attacks.
        species: Presentations and subjects by PAI species.
        apcer: Rate of accepted attacks, by PAI species.
        apcer_worst: The largest APCER.
        worst_species: The species with the largest APCER; None without attacks.
        bpcer: Rate of bona fide not accepted.
        acer: Mean of ``apcer_worst`` and ``bpcer``.
        hter: Mean of attacks accepted over all species together, and ``bpcer``.
        apnrr: Attacks without a response, by PAI species.
        bpnrr: Bona fide without a response.
        attack_uncertain: Attacks with a score that does not decide.
        bona_fide_uncertain: Bona fide with a score that does not decide.
        accuracy: Top-1: attacks not accepted and bona fide accepted, among all counted;
            depends on how many there are of each, so never show it alone.
        confusion: The confusion matrix.
    """

    split: Split
    point: OperatingPoint
    reading: Reading
    weighting: str
    bona_fide: Count
    attack: Count
    species: Mapping[str, Count]
    apcer: Mapping[str, float]
    apcer_worst: float
    worst_species: str | None
    bpcer: float
    acer: float
    hter: float
    apnrr: Mapping[str, float]
    bpnrr: float
    attack_uncertain: float
    bona_fide_uncertain: float
    accuracy: float
    confusion: Confusion


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The four outcomes as flags, one row a presentation; exactly one is true in a row.

    Attributes:
        accepted: Outcome bona fide.
        rejected: Outcome attack.
        uncertain: A score that does not decide.
        non_response: No score.
    """

    accepted: Flags
    rejected: Flags
    uncertain: Flags
    non_response: Flags

    def counted(self, reading: Reading) -> Flags:
        """Return the rows in the denominators of a reading."""
        return self.accepted | self.rejected | (reading is Reading.ALL)


def outcomes(table: ScoreTable, point: OperatingPoint) -> Outcomes:
    """Apply an operating point to every row, as `facepad.decision.decide` does to one score."""
    non_response = ~table.answered
    accepted = table.decisive & (table.values >= point.high)
    rejected = (table.decisive | table.rejects_only) & (table.values < point.low)
    return Outcomes(accepted, rejected, ~(non_response | accepted | rejected), non_response)


def rates_at(table: ScoreTable, point: OperatingPoint, *, reading: Reading = Reading.ALL) -> Rates:
    """Count the errors at a given operating point.

    Args:
        table: Scores and labels; `ScoreTable.equal_subjects` for equal weight a subject.
        point: From dev data (`facepad.evaluation.protocol`) or given beforehand.
        reading: What presentations without a decision count as.

    Reference:
        ISO/IEC 30107-3:2023; HTER as in Anjos, Marcel (2011), IJCB.
    """
    made = outcomes(table, point)
    counted = made.counted(reading)
    apcer = {s: share(table, made.accepted, table.of_species(s) & counted) for s in table.species}
    worst_species = _worst(apcer)
    apcer_worst = float("nan") if worst_species is None else apcer[worst_species]
    bpcer = share(table, ~made.accepted, table.bona_fide & counted)
    confusion = _confusion(table, made.accepted, counted)
    return Rates(
        split=table.split,
        point=point,
        reading=reading,
        weighting=table.weighting,
        bona_fide=_count(table, table.bona_fide),
        attack=_count(table, table.attack),
        species={s: _count(table, table.of_species(s)) for s in table.species},
        apcer=apcer,
        apcer_worst=apcer_worst,
        worst_species=worst_species,
        bpcer=bpcer,
        acer=(apcer_worst + bpcer) / 2.0,
        hter=(share(table, made.accepted, table.attack & counted) + bpcer) / 2.0,
        apnrr={s: share(table, made.non_response, table.of_species(s)) for s in table.species},
        bpnrr=share(table, made.non_response, table.bona_fide),
        attack_uncertain=share(table, made.uncertain, table.attack),
        bona_fide_uncertain=share(table, made.uncertain, table.bona_fide),
        accuracy=(confusion.true_positive + confusion.true_negative) / 100.0,
        confusion=confusion,
    )


def share(table: ScoreTable, flags: Flags, among: Flags) -> float:
    """Return the weighted share of flagged rows among some rows, in [0, 1]; NaN without rows."""
    whole = float(table.weights[among].sum())
    return float(table.weights[among & flags].sum()) / whole if whole > 0.0 else float("nan")


def _worst(apcer: Mapping[str, float]) -> str | None:
    known = {name: rate for name, rate in apcer.items() if not np.isnan(rate)}
    return max(known, key=known.__getitem__) if known else None


def _count(table: ScoreTable, rows: Flags) -> Count:
    return Count(int(rows.sum()), table.subject_count(rows))


def _confusion(table: ScoreTable, accepted: Flags, counted: Flags) -> Confusion:
    return Confusion(
        true_positive=100.0 * share(table, table.bona_fide & accepted, counted),
        false_negative=100.0 * share(table, table.bona_fide & ~accepted, counted),
        false_positive=100.0 * share(table, table.attack & accepted, counted),
        true_negative=100.0 * share(table, table.attack & ~accepted, counted),
    )
