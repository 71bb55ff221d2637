"""What an evaluation came to, as one document with stable keys."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from facepad.evaluation.assessment import Assessment, AtPoint
from facepad.evaluation.intervals import Interval, RateIntervals
from facepad.evaluation.rates import Count, Rates
from facepad.evaluation.resampling import Band

SCHEMA = "facepad-evaluation"
SCHEMA_VERSION = 1  # grows when a key changes its meaning or goes away


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one step took.

    Attributes:
        step: What was done.
        count: How often it was timed.
        p50_ms: Median.
        p95_ms: 95 % took no longer.
    """

    step: str
    count: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Picture:
    """One presentation that is worth a look.

    Attributes:
        why: What is worth looking at ("attack accepted").
        key: Name of the presentation.
        score: On the system's scale.
        kind: PAI species, or "bona fide".
        path: Where the picture lies.
    """

    why: str
    key: str
    score: float
    kind: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is shown.

    Attributes:
        title: For people.
        created: Date and time, ISO 8601.
        commands: Commands that repeat it.
        notices: What a reader must know of the data: subsets, unmatched rows.
        assessments: Every system on every part.
        timings: By system or step; empty for scores from a file.
        timings_note: How they were measured.
        models: Version of each model, by name.
        environment: What it ran on, by name.
        pictures: Presentations worth a look, by system and part.
    """

    title: str
    created: str
    commands: tuple[str, ...]
    assessments: tuple[Assessment, ...]
    notices: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = ()
    timings_note: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)


def to_json(report: Report) -> str:
    """The document as JSON; a number that is not known is null."""
    return json.dumps(document(report), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The document as values for JSON."""
    found: dict[str, Any] = _finite(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "title": report.title,
            "created": report.created,
            "commands": list(report.commands),
            "notices": list(report.notices),
            "assessments": [_assessment(one) for one in report.assessments],
            "timings": {
                "note": report.timings_note,
                "steps": [
                    {"step": t.step, "count": t.count, "p50_ms": t.p50_ms, "p95_ms": t.p95_ms}
                    for t in report.timings
                ],
            },
            "models": dict(report.models),
            "environment": dict(report.environment),
        }
    )
    return found


def _assessment(one: Assessment) -> dict[str, Any]:
    return {
        "system": one.system,
        "part": one.part,
        "split": one.table.split.value,
        "higher_is": one.scale.higher_is.value,
        "points": [_point(point) for point in one.points],
        "remark": one.remark,
        "ranking": _ranking(one),
        "curve": None if one.sureness is None else _band(one.sureness.band),
    }


def _point(point: AtPoint) -> dict[str, Any]:
    return {
        "name": point.name,
        "origin": point.origin,
        "threshold": point.threshold,
        "low": point.low,
        "high": point.high,
        "all_presentations": _rates(point.rates, point.intervals),
        "decided_presentations": _rates(point.decided, point.decided_intervals),
    }


def _rates(rates: Rates, sure: RateIntervals) -> dict[str, Any]:
    return {
        "bona_fide": _count(rates.bona_fide),
        "attack": _count(rates.attack),
        "species": [
            {
                "name": name,
                **_count(rates.species[name]),
                "apcer": _known(rates.apcer[name], sure.apcer[name]),
                "apnrr": rates.apnrr[name],
            }
            for name in rates.species
        ],
        "apcer_worst": _known(rates.apcer_worst, sure.apcer_worst),
        "worst_species": rates.worst_species,
        "bpcer": _known(rates.bpcer, sure.bpcer),
        "acer": _known(rates.acer, sure.acer),
        "hter": _known(rates.hter, sure.hter),
        "bpnrr": rates.bpnrr,
        "attack_uncertain": rates.attack_uncertain,
        "bona_fide_uncertain": rates.bona_fide_uncertain,
        "accuracy": rates.accuracy,
        "confusion_percent": {
            "true_positive": rates.confusion.true_positive,
            "false_negative": rates.confusion.false_negative,
            "false_positive": rates.confusion.false_positive,
            "true_negative": rates.confusion.true_negative,
        },
    }


def _ranking(one: Assessment) -> dict[str, Any] | None:
    if one.ranking is None or one.sureness is None:
        return None
    sure = one.sureness.intervals
    figures = {name: _known(getattr(one.ranking, name), sure[name]) for name in sure}
    return {
        "label": one.ranking.label,
        **figures,
        "non_responses": one.ranking.non_responses,
    }


def _band(band: Band) -> dict[str, Any]:
    return {
        "level": band.level,
        "subjects": band.subjects,
        "apcer": band.apcer.tolist(),
        "bpcer": band.bpcer.tolist(),
        "low": band.low.tolist(),
        "high": band.high.tolist(),
    }


def _count(count: Count) -> dict[str, int]:
    return {"presentations": count.presentations, "subjects": count.subjects}


def _known(value: float, interval: Interval) -> dict[str, Any]:
    return {
        "value": value,
        "low": interval.low,
        "high": interval.high,
        "level": interval.level,
        "method": interval.method,
        "subjects": interval.subjects,
        "indicative": interval.indicative,
    }


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """The same with rounded numbers, and null for those that are not known."""
    if isinstance(value, float):
        return _rounded(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in value]
    return value


def _rounded(value: float) -> float:
    # Thresholds of any scale keep significant digits; 0.1234567 and 1234567.8 both do.
    return float(f"{value:.9g}")
