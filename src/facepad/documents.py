"""The documents of inputs, and the one wording of outcomes and reasons."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from facepad.decision import DECIMALS, Decision, document, plain
from facepad.media.inputs import Input
from facepad.reasons import CAPTURE_REASONS, REASONS
from facepad.reasons import OUTCOMES as OUTCOMES
from facepad.scores import logit
from facepad.types import OperatingPoint, Outcome, Reason

METRICS_SCHEMA_VERSION = 1  # grows when a key changes its meaning or goes away
SMALL_CHANGE = 0.005  # of a score or log-odds; a smaller change would be printed as 0.00
# What explains a score in its details, the first of them that is there, and what to know of it.
_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "contributions": "Log-odds: natural logarithm of the odds of bona fide over attack; the "
        "parts and the bias sum to the log-likelihood ratio.",
        "explained": "Change of the score when each group of metrics is replaced by its training "
        "mean.",
    }
)


@dataclass(frozen=True, slots=True)
class Judged:
    """The decision of one input, or the error that prevented it.

    Attributes:
        path: The input as it was named, "-" for standard input.
        decision: None when the input could not be read.
        error: Why it could not be read; None when it could.
        heat_map: File with the heat map of the decision; None without one.
        drawings: File with the drawing of what a test judged, by the name of the test.
        clip_figure: File with what tests measure over a clip; None for a still, or without one.
    """

    path: str
    decision: Decision | None = None
    error: str | None = None
    heat_map: str | None = None
    drawings: Mapping[str, str] = field(default_factory=dict, hash=False)
    clip_figure: str | None = None


class Tally:
    """Counts of many decisions, for a summary.

    Attributes:
        outcomes: Number of inputs with each outcome.
        reasons: Number of inputs with each reason.
        unreadable: Number of inputs that could not be read.
        times_ms: Duration of each decision.
        points: Operating points that were applied.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.reasons: Counter[Reason] = Counter()
        self.unreadable = 0
        self.times_ms: list[float] = []
        self.points: set[OperatingPoint] = set()

    def add(self, judged: Judged) -> None:
        """Count one input."""
        if (decision := judged.decision) is None:
            self.unreadable += 1
            return
        self.outcomes[decision.outcome] += 1
        self.reasons.update(decision.reasons)
        self.times_ms.append(decision.timings_ms.get("total", 0.0))
        if decision.operating_point is not None:
            self.points.add(decision.operating_point)

    @property
    def total(self) -> int:
        """Number of inputs."""
        return self.outcomes.total() + self.unreadable


@dataclass(frozen=True, slots=True)
class Measured:
    """The image-quality metrics of one input, or the error that prevented them.

    Attributes:
        path: The input as it was named, "-" for standard input.
        size: Width and height in pixels; None when the input could not be read.
        values: Metrics by name, in the specified order.
        error: Why it could not be read; None when it could.
    """

    path: str
    size: tuple[int, int] | None = None
    values: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    error: str | None = None


def path_of(item: Input) -> str:
    """Return the exact path of an input, for programs; "-" for standard input."""
    if isinstance(item.source, bytes):
        return "-"
    return str(item.source) if isinstance(item.source, Path) else item.name


def to_json(judged: Judged) -> str:
    """Return the document of one input as one line of ASCII, without NaN, which is not JSON."""
    return json.dumps(to_document(judged), allow_nan=False)


def metrics_to_json(measured: Measured) -> str:
    """Return the metrics of one input as one line of JSON."""
    values = {
        "schema_version": METRICS_SCHEMA_VERSION,
        "path": measured.path,
        "source_size": measured.size,
        "metrics": measured.values,
        "error": measured.error,
    }
    return json.dumps(plain(values), allow_nan=False)


def is_problem(judged: Judged) -> bool:
    """Return whether an input is not bona fide, or could not be read."""
    return judged.decision is None or judged.decision.outcome is not Outcome.BONA_FIDE


def to_document(judged: Judged) -> dict[str, Any]:
    """Return the document of one input; every key is present also for an error."""
    found = document(judged.path, judged.decision, judged.error)
    return {
        **found,
        "heat_map": judged.heat_map,
        "drawings": dict(judged.drawings),
        "clip_figure": judged.clip_figure,
    }


def why(decision: Decision) -> str:
    """Return the reasons of a decision, what helps, and what was unusual about the input."""
    parts = [_words(reason) for reason in decision.reasons] or _against_threshold(decision)
    return "; ".join((*parts, *_abstaining(decision), *decision.notes))


def explanation(changes: Mapping[str, float]) -> list[str]:
    """Return a line for each group of metrics with its change of the score, largest first.

    Args:
        changes: Score minus the score with the group at its training mean, by group.

    Example:
        >>> for line in explanation({"edges": 0.02, "spectrum": -0.41, "structure": 0.0}):
        ...     print(line)
        spectrum   -0.41  towards attack
        edges      +0.02  towards bona fide
        structure         no change
    """
    ordered = sorted(changes.items(), key=lambda item: -abs(item[1]))
    width = max((len(name) for name in changes), default=0)
    return [f"{name:<{width}} {_change(change)}" for name, change in ordered]


def explained(decision: Decision) -> list[str]:
    """Return what the tests and their members added to a decision, as lines; empty for nothing."""
    lines = []
    if decision.contributions is not None:
        ratio = decision.contributions.log_likelihood_ratio
        lines += [f"log-likelihood ratio {ratio:+.2f}{limits(decision.operating_point)}:"]
        lines += _table(list(_fused(decision)))
    for name, score in decision.scores.items():
        aside = ", advisory" if name in decision.advisory else ""
        aside += "" if score.reason is None else ", abstains"
        if values := score.details.get("contributions"):
            lines += [f"{name}{aside}: log-likelihood ratio {values['log_likelihood_ratio']:+.2f}:"]
            lines += _table(list(_members(values)))
        elif changes := score.details.get("explained"):
            lines += [f"{name}{aside}: what changed the score ({score.value:.2f}):"]
            lines += [f"  {line}" for line in explanation(changes)]
    return lines


def explained_notes(decision: Decision) -> set[str]:
    """Return what a reader must know of the numbers in `explained`."""
    details = [score.details for score in decision.scores.values()]
    shown = (next((key for key in _NOTES if key in one), None) for one in details)
    return {_NOTES[key] for key in shown if key is not None}


_Row = tuple[str, float, str]  # name, log-odds, and what stands behind them


def _fused(decision: Decision) -> Iterator[_Row]:
    """Yield what each deciding test adds, with its own ratio, threshold and weight."""
    found = decision.contributions
    for part in found.parts if found else ():
        score, point = decision.scores.get(part.name), decision.operating_points.get(part.name)
        value = None if score is None else score.value
        own = "" if value is None else f"its own {logit(value):+.2f}"
        decides = point is not None and point.high < 1.0  # not one without a threshold
        high = f", accepted alone from {logit(point.high):+.2f}" if point and decides else ""
        weight = "" if part.weight is None else f", weight {part.weight:.2f}"
        yield part.name, part.log_odds, own + high + weight
    if found and abs(found.bias) >= SMALL_CHANGE:
        yield "bias", found.bias, ""


def _members(values: Mapping[str, Any]) -> Iterator[_Row]:
    """Yield the groups, the largest first, each with its members where it has several."""
    groups: dict[str, list[_Row]] = {}
    for part in values["parts"]:
        row = part["name"], part["log_odds"], ""
        groups.setdefault(part["group"] or part["name"], []).append(row)
    sums = {group: math.fsum(row[1] for row in rows) for group, rows in groups.items()}
    for group in sorted(groups, key=lambda group: -abs(sums[group])):
        rows = sorted(groups[group], key=lambda row: -abs(row[1]))
        yield group, sums[group], ""
        if len(rows) > 1:
            yield from ((f"  {name}", change, aside) for name, change, aside in rows)
    yield "bias", values["bias"], ""


def _table(rows: Sequence[_Row]) -> list[str]:
    width = max((len(name) for name, _, _ in rows), default=0)
    longest = max((len(_change(change)) for _, change, _ in rows), default=0)
    lines = (f"  {name:<{width}} {_change(change):<{longest}}  {end}" for name, change, end in rows)
    return [line.rstrip() for line in lines]


def limits(point: OperatingPoint | None) -> str:
    """Return the band of an operating point in log-odds, in brackets; "" without one.

    Also where every score is uncertain, as of a network without a threshold.
    """
    if point is None or (point.low <= 0.0 and point.high >= 1.0):
        return ""
    return f" (accepted from {logit(point.high):+.2f}, attack below {logit(point.low):+.2f})"


def _change(change: float) -> str:
    if abs(change) < SMALL_CHANGE:
        return f"{'':6}  no change"
    side = "bona fide" if change > 0 else "attack"
    return f"{change:>+6.2f}  towards {side}"


def _words(reason: Reason) -> str:
    """Return what a reason means; of the capture, also what the person can do about it."""
    meant = REASONS[reason]
    return f"{meant.words} ({meant.advice})" if reason in CAPTURE_REASONS else meant.words


def _abstaining(decision: Decision) -> list[str]:
    """Return the tests that should decide and do not, with their reasons."""
    scores = {name: one for name, one in decision.scores.items() if name in decision.deciding}
    return [
        f"{name} abstains: {REASONS[score.reason].words}"
        for name, score in scores.items()
        if score.reason is not None and score.reason not in decision.reasons
    ]


def interval_in_words(decision: Decision) -> str:
    """Return the interval of the score; "" where it is not known.

    Example:
        >>> interval_in_words(Decision(Outcome.BONA_FIDE, 0.9, interval=(0.75, 0.96)))
        'interval 0.75 to 0.96'
    """
    if decision.interval is None:
        return ""
    low, high = decision.interval
    return f"interval {low:.2f} to {high:.2f}"


def _against_threshold(decision: Decision) -> list[str]:
    point = decision.operating_point
    if decision.score is None or point is None:
        return []
    if decision.outcome is Outcome.ATTACK:
        score, low = _distinct(decision.score, point.low)
        return [f"score {score} < {low} (reject)"]
    if decision.outcome is Outcome.BONA_FIDE:
        score, high = _distinct(decision.score, point.high)
        return [f"score {score} >= {high} (accept)"]
    return []


def _distinct(first: float, second: float) -> tuple[str, str]:
    """Return two numbers with two decimals, or with as many as show that they differ."""
    texts = [(f"{first:.{n}f}", f"{second:.{n}f}") for n in range(2, DECIMALS + 1)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[0])
