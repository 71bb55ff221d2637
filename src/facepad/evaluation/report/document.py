"""The report of an evaluation as one JSON document with stable keys."""

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from facepad.errors import SettingsError
from facepad.evaluation.answers import LEAST_RATIO, AddedAnswers
from facepad.evaluation.assessment import Assessment, AtPoint
from facepad.evaluation.differences import Difference, PairedDifferences
from facepad.evaluation.intervals import Interval, RateIntervals
from facepad.evaluation.rates import Count, Rates
from facepad.evaluation.ratio_costs import RatioQuality
from facepad.evaluation.report.scatter import FusionLine
from facepad.evaluation.resampling import Band
from facepad.jobs.files import write_file

SCHEMA = "facepad-evaluation"
FILE = "report.json"
PACKAGES = ("numpy", "scipy", "opencv-python-headless", "pillow")
CPU_FACTS = Path("/proc/cpuinfo")
SCHEMA_VERSION = 1  # grows when a key changes its meaning or goes away


@dataclass(frozen=True, slots=True)
class Timing:
    """The duration of one step.

    Attributes:
        step: Name of the step.
        count: Number of measurements.
        p50_ms: Median.
        p95_ms: 95 % took no longer.
    """

    step: str
    count: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class ExamplePicture:
    """One presentation that a report shows.

    Attributes:
        why: Why it is shown ("attacks accepted").
        key: Name of the presentation.
        score: Score on the system's scale.
        kind: PAI species, or "bona fide".
        path: File of the picture.
        frame: Number of the frame that was judged, in a clip; None for a still or the whole clip.
    """

    why: str
    key: str
    score: float
    kind: str
    path: str
    frame: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report contains.

    Attributes:
        title: Title of the report.
        created: Date and time, ISO 8601.
        commands: Commands that reproduce it.
        notices: What a reader must know about the data: subsets, unmatched rows.
        assessments: Every system on every split.
        timings: By system or step; empty for scores from a file.
        timings_note: How they were measured.
        models: Version of each model, by name.
        environment: Versions, system and processor, by name.
        pictures: Examples, by system and split.
        differences: Each system minus the first one of its part.
        lines: Where the fusion of two systems decides.
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
    pictures: Mapping[str, tuple[ExamplePicture, ...]] = field(default_factory=dict)
    differences: tuple[PairedDifferences, ...] = ()
    lines: tuple[FusionLine, ...] = ()


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
            "differences": [_differences(one) for one in report.differences],
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


def write(folder: Path, report: Report) -> Path:
    """Write ``report.json`` and return its path.

    Raises:
        SettingsError: The folder cannot be written to.
    """
    file = folder / FILE
    write_file(file, to_json(report), error=SettingsError)
    return file


def environment() -> dict[str, str]:
    """Return versions, system and processor by name; no names of people or machines."""
    facts = {"facepad": _version("facepad"), "Python": platform.python_version()}
    facts |= {name: _version(name) for name in PACKAGES}
    facts["system"] = f"{platform.system()} {platform.machine()}"
    facts["processor"] = f"{_processor()}, {os.cpu_count() or 0} threads"
    return facts


def _assessment(one: Assessment) -> dict[str, Any]:
    return {
        "system": one.system,
        "part": one.part,
        "split": one.table.split.value,
        "higher_is": one.scale.higher_is.value,
        "points": [_point(point) for point in one.points],
        "remark": one.remark,
        "ranking": _ranking(one),
        "ratios": None if one.ratios is None else _ratios(one.ratios),
        "added": None if one.added is None else _added(one.added),
        "curve": None if one.ranking_intervals is None else _band(one.ranking_intervals.band),
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
    if one.ranking is None or one.ranking_intervals is None:
        return None
    sure = one.ranking_intervals.intervals
    figures = {name: _known(getattr(one.ranking, name), sure[name]) for name in sure}
    return {
        "label": one.ranking.label,
        **figures,
        "non_responses": one.ranking.non_responses,
    }


def _ratios(ratios: RatioQuality) -> dict[str, Any]:
    return {
        "presentations": ratios.presentations,
        "cllr": _known(ratios.cllr, ratios.cllr_interval),
        "cllr_min": _known(ratios.cllr_min, ratios.cllr_min_interval),
        "reliability": [
            {
                "predicted": each.predicted,
                "observed": _known(each.observed, each.interval),
                "presentations": each.presentations,
            }
            for each in ratios.bins
        ],
    }


def _added(found: AddedAnswers) -> dict[str, Any]:
    names = ("presentations", "towards", "against", "neither", "silent")
    kinds = [{"name": k.kind, **{n: getattr(k, n) for n in names}} for k in found.kinds]
    return {"least_ratio": LEAST_RATIO, "auc": found.auc, "kinds": kinds}


def _differences(one: PairedDifferences) -> dict[str, Any]:
    return {
        "system": one.system,
        "reference": one.reference,
        "part": one.part,
        "ranking": {name: _difference(each) for name, each in one.ranking.items()},
        "points": [
            {
                "point": at.point,
                "reference_point": at.reference_point,
                **{name: _difference(each) for name, each in at.rates.items()},
            }
            for at in one.points
        ],
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {**_known(one.value, one.interval), "clear": one.is_clear}


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
    """Return the value with rounded numbers, and None for unknown ones."""
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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = CPU_FACTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
