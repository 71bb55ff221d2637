"""What ``facepad evaluate`` was asked for, and what was gathered for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from facepad.evaluation.choices import Combine, Higher
from facepad.evaluation.plan import SystemScores
from facepad.evaluation.report.document import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for; see the help of the command."""

    out: Path
    tests: tuple[str, ...]
    calibration: str | None
    datasets: tuple[str, ...]
    protocol: str | None
    scores: Path | None
    labels: Path | None
    key: str | None
    score_column: str
    higher_is: Higher
    threshold: float | None
    threshold_from: str
    rule: str
    combine: Combine
    frames: str
    pool: bool
    thumbnails: int
    page: bool
    workers: int | None
    force: bool
    repeats: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything the report is made of.

    Attributes:
        title: Of the report.
        systems: Scores by system and dataset.
        notices: What a reader must know of the data.
        timings: How long steps took.
        timings_note: How that was measured.
        models: Versions by name.
        unread: How many pictures could not be read.
    """

    title: str
    systems: tuple[SystemScores, ...]
    notices: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = ()
    timings_note: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    unread: int = 0
