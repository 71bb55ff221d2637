"""The systems that an evaluation compares: scores from a file, or tests and their fusion."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from facepad import registry, settings
from facepad.datasets.opening import list_dataset
from facepad.errors import SettingsError, counted
from facepad.evaluation.aggregation import Scored, combined
from facepad.evaluation.assessment import GivenPoint
from facepad.evaluation.choices import FrameAggregation, ScoreDirection
from facepad.evaluation.plan import SystemScores, require_test
from facepad.evaluation.report.document import Timing
from facepad.evaluation.scores_csv import match
from facepad.fusion import Answer, Fusion
from facepad.jobs.progress import Progress, Say
from facepad.media.frame_selection import FrameSelection
from facepad.scoring.engine import (
    DatasetScoring,
    capture_reasons,
    decided_rows,
    score_dataset,
    scored_rows,
    unreadable,
)
from facepad.scoring.table import STEPS
from facepad.scoring.workers import LOADS, CheckerSpec, JudgedTests, LoadedTest, as_shipped
from facepad.types import OperatingPoint, Reason, Sample, Score

NAMED = 5  # pictures that could not be read and are named
_ASKED = re.compile(r"(?P<name>[^:=]+)(?::(?P<protocol>[^=]+))?=(?P<root>.+)")

# Why a test has no part in a decision, or no score: the presentation lacks what it needs.
UNMET = frozenset({Reason.CLIP_TOO_SHORT, Reason.FRAME_RATE_TOO_LOW, Reason.NO_DEPTH})

CROPPED = (
    "--faces-are-cropped: pictures that end at the face were judged, too. In use such a picture is "
    "bona fide only by a test with an operating point for it (else: reason no_context)"
)

Points = Mapping[str, OperatingPoint]
Rows = Sequence[Mapping[str, str]]
Answers = Mapping[str, tuple[Scored, ...]]  # by test


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """The options of `facepad evaluate`; see its help."""

    out: Path
    tests: tuple[str, ...] | None
    advisory: tuple[str, ...] | None
    calibration: str | None
    operating_point: str
    faces_are_cropped: bool
    datasets: tuple[str, ...]
    protocol: str | None
    scores: Path | None
    labels: Path | None
    key: str | None
    score_column: str
    higher_is: ScoreDirection
    threshold: float | None
    threshold_from: str
    rule: str
    combine: FrameAggregation
    frames: str
    pool: bool
    thumbnails: int
    page: bool
    workers: int | None
    force: bool
    repeats: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationInput:
    """Everything that a report is made from.

    Attributes:
        title: Title of the report.
        systems: Scores of each system on each dataset.
        notices: What a reader must know about the data.
        timings: Durations of steps.
        timings_note: How they were measured.
        models: Versions by name.
        unread: Number of pictures that could not be read.
    """

    title: str
    systems: tuple[SystemScores, ...]
    notices: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = ()
    timings_note: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    unread: int = 0


@dataclass(frozen=True, slots=True)
class EvaluatedDataset:
    """A copy of a dataset that is evaluated.

    Attributes:
        name: Name in texts and files; unique in the report.
        root: Folder of the copy.
        samples: Samples of all splits.
        notices: What its listing says of this copy.
    """

    name: str
    root: Path
    samples: tuple[Sample, ...]
    notices: tuple[str, ...]


def from_files(options: EvaluationOptions) -> EvaluationInput:
    """Return any system's scores with their labels.

    Raises:
        DatasetError: A file cannot be used.
        SettingsError: One of the two files is not named.
    """
    if options.scores is None or options.labels is None:
        raise SettingsError("--scores and --labels go together")
    column = options.score_column
    matched = match(options.scores, options.labels, key=options.key, score_column=column)
    notices = list(matched.notices)
    if matched.missing:
        missing = counted(matched.missing, "row")
        notices.append(f"{missing} without a score, counted as non-responses")
    rows = combined(matched.rows, options.combine, options.higher_is)
    if len(rows) < len(matched.rows):
        notices.append(
            f"{len(matched.rows):,} rows are frames of {len(rows):,} presentations; their scores "
            f"are combined by {options.combine}"
        )
    system = SystemScores(
        system=options.scores.stem,
        dataset="",
        rows=rows,
        given=given_points(options),
        higher_is=options.higher_is,
    )
    return EvaluationInput(
        title=f"Evaluation of {options.scores.name}", systems=(system,), notices=tuple(notices)
    )


def from_datasets(options: EvaluationOptions, *, say: Say, progress: Progress) -> EvaluationInput:
    """Return the scores of facepad's own tests; scores what is not scored yet.

    Args:
        options: What to evaluate.
        say: Takes messages for the user.
        progress: Shows progress.

    Raises:
        DatasetError: A dataset is not laid out as its listing expects.
        InputError: A dataset has no test part.
        ModelError: A model or a calibration is missing, or has the wrong hash.
        SettingsError: A name is not known.
    """
    copies = _copies(options)
    for copy in copies:  # before anything slow
        require_test(copy.samples)
    spec = CheckerSpec.of(
        options.tests,
        options.advisory,
        options.calibration,
        frames=FrameSelection.parse(options.frames),
        faces_are_cropped=options.faces_are_cropped,
        operating_point=options.operating_point,
    )
    tests = JudgedTests.of(spec)
    workers = options.workers or int(settings.number("threads"))
    scorings = [_scoring(options, copy, tests, workers) for copy in copies]
    tables = [score_dataset(scoring, say=say, progress=progress) for scoring in scorings]
    unread = [unreadable(rows) for rows in tables]
    for keys in filter(None, unread):
        say(_unread(keys))
    answers = [
        {test: combined(scored_rows(scoring, rows, test), options.combine) for test in tests.loaded}
        for scoring, rows in zip(scorings, tables, strict=True)
    ]
    decided = [
        combined(decided_rows(scoring, rows), options.combine)
        for scoring, rows in zip(scorings, tables, strict=True)
    ]
    judged = list(zip(copies, answers, decided, strict=True))
    used = tests.calibration
    on = "" if used is None else f", with calibration {used.version}"
    given = given_points(options)
    return EvaluationInput(
        title=f"{', '.join(tests.loaded)} on {', '.join(copy.name for copy in copies)}{on}",
        systems=tuple(s for one in judged for s in _systems(*one, tests, given)),
        notices=(
            *(() if used is None else (used.notice,)),
            *((CROPPED,) if options.faces_are_cropped else ()),
            *(f"{copy.name}: {notice}" for copy in copies for notice in copy.notices),
            *(_unread(keys) for keys in unread if keys),
            *(note for copy, each, _ in judged for note in _partly_decided(copy, each, tests)),
            *filter(None, map(_poorly_captured, copies, tables)),
            *tests.lacking,
            *filter(None, map(_own_points, copies, answers)),
        ),
        timings=_timings(tests.loaded, [row for rows in tables for row in rows]),
        timings_note=(
            f"Loading: the models of a test and of the face finder, {LOADS} times in one process, "
            "files in the system's cache. Other steps: each presentation, on one thread in one of "
            f"{workers} parallel processes."
        ),
        models=tests.models,
        unread=sum(map(len, unread)),
    )


def given_points(options: EvaluationOptions) -> tuple[GivenPoint, ...]:
    """Return the threshold that the user fixed, if any."""
    return () if options.threshold is None else (GivenPoint("given", options.threshold),)


def fused_name(points: Points) -> str:
    """Return the name of several tests together.

    Example:
        >>> half = OperatingPoint.at(0.5)
        >>> fused_name({"quality": half, "face_cnn": half})
        'mean of quality, face_cnn'
    """
    return f"mean of {', '.join(points)}"


def shipped_point(points: Points) -> GivenPoint:
    """Return the operating point of several tests together, where none abstains."""
    fuse: Fusion = registry.resolve("fusions", registry.DEFAULT_FUSION)
    return as_shipped(
        fuse({test: Answer(Score(0.5), own) for test, own in points.items()}).operating_point
    )


def partly_decided(rows: Mapping[str, Sequence[Scored]]) -> tuple[int, int]:
    """Return in how many presentations only some tests decide.

    Args:
        rows: Rows of each test that decides, by name; the same presentations in one order.

    Returns:
        The number of those where other tests abstain, and of those where the others have no
        score, since the presentation lacks what they need, such as frames or depth.
    """
    each = [scored for scored in zip(*rows.values(), strict=True) if any(map(_decides, scored))]
    silent = [[row for row in scored if not _decides(row)] for scored in each]
    unmet = sum(bool(rest) and all(map(_is_unmet, rest)) for rest in silent)
    return sum(map(bool, silent)) - unmet, unmet


def _scoring(
    options: EvaluationOptions, copy: EvaluatedDataset, tests: JudgedTests, workers: int
) -> DatasetScoring:
    return DatasetScoring(
        name=copy.name.replace(" ", "-"),
        root=copy.root,
        samples=copy.samples,
        spec=tests.spec,
        models=tests.models,
        points={name: test.point for name, test in tests.loaded.items()},
        folder=options.out,
        workers=workers,
        force=options.force,
    )


def _systems(
    copy: EvaluatedDataset,
    answers: Answers,
    decided: tuple[Scored, ...],
    tests: JudgedTests,
    given: tuple[GivenPoint, ...],
) -> Iterator[SystemScores]:
    """Yield each test by itself, and the deciding tests together, as the checker decided."""
    source = str(copy.root.resolve())
    for test, rows in answers.items():
        own, calibrated = tests.own_points(test), tests.is_calibrated(test)
        yield SystemScores(
            system=test,
            dataset=copy.name,
            source=source,
            rows=rows,
            given=(*own, *given) if calibrated else (*given, *own),
            asks_dev=not calibrated,
        )
    if len(tests.points) > 1:
        yield SystemScores(
            system=fused_name(tests.points),
            dataset=copy.name,
            source=source,
            rows=decided,
            given=(*given, shipped_point(tests.points)),
        )


def _partly_decided(copy: EvaluatedDataset, answers: Answers, tests: JudgedTests) -> Iterator[str]:
    abstain, unmet = partly_decided({test: answers[test] for test in tests.points})
    then = (
        f"{fused_name(tests.points)} is then the score of those that decide, judged here at one "
        "threshold for all; `facepad check` uses the threshold of the tests that decide"
    )
    if abstain:
        where = counted(abstain, "presentation")
        yield f"{copy.name}: in {where} some tests abstain and others decide. {then}"
    if unmet:
        where = counted(unmet, "presentation")
        yield f"{copy.name}: in {where} some tests lack the frames or the depth they need. {then}"


def _poorly_captured(copy: EvaluatedDataset, rows: Rows) -> str:
    """Return how many presentations have a capture that does not decide; "" for none."""
    poor = [reasons for row in rows if (reasons := capture_reasons(row))]
    if not poor:
        return ""
    counts = Counter(reason for reasons in poor for reason in reasons)
    each = ", ".join(f"{counts[reason]:,} {reason}" for reason in Reason if counts[reason])
    hint = "; --faces-are-cropped judges sets that are cut at the face"
    return (
        f"{copy.name}: the capture of {counted(len(poor), 'presentation')} is too poor to accept "
        f"({each}){hint if Reason.NO_CONTEXT in counts else ''}"
    )


def _own_points(copy: EvaluatedDataset, answers: Answers) -> str:
    """Return how many presentations have an operating point of their own; "" for none."""
    own = sum(row.point is not None for rows in answers.values() for row in rows)
    where = f"{copy.name}: {counted(own, 'presentation')} with a threshold of another set of views"
    return f"{where}; each counts at its own" if own else ""


def _copies(options: EvaluationOptions) -> list[EvaluatedDataset]:
    copies: list[EvaluatedDataset] = []
    for asked in options.datasets:
        parts = _ASKED.fullmatch(asked)
        if parts is None:
            raise SettingsError(
                f"expected a dataset as NAME=DIR or NAME:PROTOCOL=DIR, got {asked!r}"
            )
        protocol = parts["protocol"] or options.protocol
        name = parts["name"] if protocol is None else f"{parts['name']} {protocol}"
        same = sum(copy.name.partition(" copy ")[0] == name for copy in copies)
        name = f"{name} copy {same + 1}" if same else name
        root = settings.expanded(parts["root"], f"the folder of {name}")
        listing = list_dataset(parts["name"], root, protocol)
        copies.append(EvaluatedDataset(name, root, listing.samples, listing.notices))
    return copies


def _unread(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - NAMED:,} more" if len(keys) > NAMED else ""
    return (
        f"{len(keys):,} of the pictures or videos could not be read (counted as non-responses): "
        f"{', '.join(keys[:NAMED])}{more}"
    )


def _timings(loaded: Mapping[str, LoadedTest], rows: Rows) -> tuple[Timing, ...]:
    timings = [_timing(f"load {name}", test.loads_ms) for name, test in loaded.items()]
    steps = {
        "decode": "read and decode",
        "faces": "find the face",
        "capture": "assess the capture",
    }
    for step in (*STEPS, *loaded):
        name = steps.get(step, f"classify, {step}")
        timings.append(_timing(name, _column(rows, f"{step}_ms")))
    timings.append(_timing("all steps of one presentation", _column(rows, "ms")))
    return tuple(timing for timing in timings if timing.count)


def _timing(step: str, times_ms: Sequence[float]) -> Timing:
    if not times_ms:
        return Timing(step, 0, float("nan"), float("nan"))
    p50, p95 = np.percentile(times_ms, [50, 95])
    return Timing(step, len(times_ms), float(p50), float(p95))


def _column(rows: Rows, name: str) -> list[float]:
    return [float(row[name]) for row in rows if row[name]]


def _decides(row: Scored) -> bool:
    return row.value is not None and not row.reason


def _is_unmet(row: Scored) -> bool:
    return row.value is None and row.reason in UNMET
