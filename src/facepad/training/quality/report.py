"""What training the quality test came to, for people, for the card and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from facepad.evaluation.ranking import Ranking, rank
from facepad.evaluation.rates import Count, Rates, Reading, outcomes, rates_at
from facepad.evaluation.table import ScoreTable, from_samples
from facepad.training.quality.sources import Listed
from facepad.types import OperatingPoint, Reason, Score


@dataclass(frozen=True, slots=True)
class Part:
    """Errors on one part of a dataset.

    Attributes:
        name: "nuaa dev", "nuaa test, official", "nuaa test, subject-disjoint".
        rates: At the single threshold from dev, with no uncertain band and no regard to
            familiarity, so that every presentation with a score is decided.
        decided: With the band and familiarity, over the presentations that are decided.
        ranking: Figures whose threshold comes from this very part.
        unfamiliar: Share of presentations whose vector is unlike the training pictures.
        uncertain: Share without a decision by the band or by unfamiliarity.
    """

    name: str
    rates: Rates
    decided: Rates
    ranking: Ranking
    unfamiliar: float
    uncertain: float


def part_of(listed: Listed, scores: Sequence[Score], point: OperatingPoint) -> Part:
    """Judge one set: scores in the order of its samples, at an operating point from elsewhere."""
    return _part(listed.name, from_samples(list(listed.samples), list(scores)), point)


def _part(name: str, table: ScoreTable, point: OperatingPoint) -> Part:
    single = OperatingPoint.at(point.threshold, point.name)
    confident = _without_doubt(table)
    unfamiliar = float(np.mean(table.unsure[table.answered])) if table.answered.any() else 0.0
    decided = rates_at(table, point, reading=Reading.DECIDED)
    open_share = 1.0 - _decided_share(table, point)
    return Part(name, rates_at(confident, single), decided, rank(table), unfamiliar, open_share)


def _without_doubt(table: ScoreTable) -> ScoreTable:
    return replace(table, unsure=np.zeros(len(table.values), np.bool_))


def _decided_share(table: ScoreTable, point: OperatingPoint) -> float:
    return float(np.mean(outcomes(table, point).counted(Reading.DECIDED)))


def text(found: Sequence[Part], point: OperatingPoint) -> str:
    """The report for people."""
    lines = [
        f"threshold {point.threshold:.4f} ({point.name}); uncertain from {point.low:.4f} "
        f"to {point.high:.4f}"
    ]
    for part in found:
        lines += ["", *_of_part(part)]
    return "\n".join(lines)


def _of_part(part: Part) -> list[str]:
    rates, ranking = part.rates, part.ranking
    matrix = rates.confusion
    apcer = ", ".join(f"{name} {_percent(rate)}" for name, rate in rates.apcer.items())
    return [
        f"{part.name}: {_count(rates.bona_fide)} bona fide, {_count(rates.attack)} attacks",
        f"  at the dev threshold: APCER {apcer}; BPCER {_percent(rates.bpcer)}; "
        f"ACER {_percent(rates.acer)}; HTER {_percent(rates.hter)}",
        f"  confusion matrix, % of all: true positives {matrix.true_positive:.1f}, false "
        f"negatives {matrix.false_negative:.1f}, false positives {matrix.false_positive:.1f}, "
        f"true negatives {matrix.true_negative:.1f}; top-1 accuracy {_percent(rates.accuracy)}",
        f"  {ranking.label}: AUC {ranking.auc:.3f}, EER {_percent(ranking.eer)}, BPCER at APCER "
        f"10/5/1 %: {_percent(ranking.bpcer10)}/{_percent(ranking.bpcer20)}"
        f"/{_percent(ranking.bpcer100)}",
        f"  as the test alone decides: {_percent(part.uncertain)} without a decision "
        f"({_percent(part.unfamiliar)} {Reason.UNFAMILIAR_CAMERA}); of the others APCER "
        f"{_percent(part.decided.apcer_worst)}, BPCER {_percent(part.decided.bpcer)}",
    ]


def document(found: Sequence[Part], point: OperatingPoint) -> dict[str, Any]:
    """The report as values for JSON."""
    return {"operating_point": asdict(point), "parts": [asdict(part) for part in found]}


def _count(count: Count) -> str:
    return f"{count.presentations} of {count.subjects} subjects"


def _percent(rate: float) -> str:
    return "n/a" if np.isnan(rate) else f"{100.0 * rate:.1f} %"
