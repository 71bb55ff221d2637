"""The systems that an evaluation compares: scores from a file, or tests and their fusion."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facepad import settings
from facepad.errors import SettingsError, counted
from facepad.evaluation.aggregation import Scored, combined
from facepad.evaluation.assessment import GivenPoint
from facepad.evaluation.choices import FrameAggregation
from facepad.evaluation.plan import SystemScores, require_test
from facepad.evaluation.report.document import Timing
from facepad.evaluation.scores_csv import match
from facepad.jobs.progress import Progress, Say
from facepad.media.frame_selection import FrameSelection
from facepad.scoring.engine import (
    DatasetScoring,
    decided_rows,
    score_dataset,
    scored_by,
    scored_rows,
    unreadable,
)
from facepad.scoring.evaluated import (
    EvaluatedDataset,
    EvaluationInput,
    EvaluationOptions,
    evaluated_datasets,
)
from facepad.scoring.fused import FusedTests, partly_decided
from facepad.scoring.table import STEPS, capture_reasons
from facepad.scoring.workers import LOADS, CheckerSpec, JudgedTests, LoadedTest, holds_clip
from facepad.types import Reason

NAMED = 5  # pictures that could not be read and are named

CROPPED = (
    "--faces-are-cropped: pictures that end at the face were judged, too. In use such a picture is "
    "bona fide only by a test with an operating point for it (else: reason no_context)"
)

TIMINGS = (
    "Loading: the models of a test and of the face finder, {} times in one process, files in the "
    "system's cache. Other steps: each presentation, on one thread in one of {} parallel processes."
)

Rows = Sequence[Mapping[str, str]]


def from_files(options: EvaluationOptions) -> EvaluationInput:
    """Return the scores of any systems with their labels.

    Raises:
        DatasetError: A file cannot be used.
        SettingsError: Scores or labels are not named, or a file of scores is named twice.
    """
    if not options.scores or options.labels is None:
        raise SettingsError("--scores and --labels go together")
    if len({file.resolve() for file in options.scores}) < len(options.scores):
        raise SettingsError("expected each file of --scores once, got one twice")
    systems, notices = [], list[str]()
    for file, name in zip(options.scores, _system_names(options.scores), strict=True):
        column = options.score_column
        matched = match(file, options.labels, key=options.key, score_column=column)
        notices += matched.notices
        if matched.missing:
            missing = counted(matched.missing, "row")
            of_system = f"{name}: " if len(options.scores) > 1 else ""
            notices.append(f"{of_system}{missing} without a score, counted as non-responses")
        rows = combined(matched.rows, options.combine, options.higher_is)
        if len(rows) < len(matched.rows):
            notices.append(
                f"{len(matched.rows):,} rows are frames of {len(rows):,} presentations; their "
                f"scores are combined by {options.combine}"
            )
        systems.append(
            SystemScores(
                system=name,
                dataset="",
                rows=rows,
                given=options.given_points,
                higher_is=options.higher_is,
            )
        )
    return EvaluationInput(
        title=f"Evaluation of {', '.join(file.name for file in options.scores)}",
        systems=tuple(systems),
        notices=tuple(dict.fromkeys(notices)),
    )


def _system_names(files: Sequence[Path]) -> list[str]:
    """Return the names of files, with those of their folders or a number where they are alike."""
    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        names = [f"{file.resolve().parent.name}/{file.stem}" for file in files]
    earlier = (names[:index].count(name) for index, name in enumerate(names))
    return [f"{n} {same + 1}" if same else n for n, same in zip(names, earlier, strict=True)]


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
    copies = evaluated_datasets(options)
    for copy in copies:  # before anything slow
        require_test(copy.samples)
    spec = CheckerSpec.of(
        options.tests,
        options.advisory,
        options.calibration,
        frames=FrameSelection.parse(options.frames),
        faces_are_cropped=options.faces_are_cropped,
        operating_point=options.operating_point,
        fusion=options.fusion,
    )
    if spec.over_time and any(holds_clip(copy.samples) for copy in copies):
        spec = spec.for_clips()
    tests = JudgedTests.of(spec)
    fused = _fused(spec, tests)
    lines = fused[0].lines() if fused else ()
    if fused and options.subsets:
        fused += fused[0].subsets()
    workers = options.workers or int(settings.number("threads"))
    scorings = [_scoring(options, copy, tests, workers) for copy in copies]
    tables = [score_dataset(scoring, say=say, progress=progress) for scoring in scorings]
    judged = [
        _Judged.of(copy, scoring, rows, fused, options.combine)
        for copy, scoring, rows in zip(copies, scorings, tables, strict=True)
    ]
    unread = [keys for one in judged if (keys := unreadable(one.rows))]
    for keys in unread:
        say(_unread(keys))
    used = tests.calibration
    on = "" if used is None else f", with calibration {used.version}"
    return EvaluationInput(
        title=f"{', '.join(tests.loaded)} on {', '.join(copy.name for copy in copies)}{on}",
        systems=tuple(s for one in judged for s in _systems(one, tests, options.given_points)),
        notices=(
            *(() if used is None else (used.notice,)),
            *((CROPPED,) if options.faces_are_cropped else ()),
            *(f"{copy.name}: {notice}" for copy in copies for notice in copy.notices),
            *map(_unread, unread),
            *(notice for one in judged for notice in _partly_decided(one)),
            *filter(None, map(_poorly_captured, judged)),
            *tests.lacking,
            *filter(None, map(_own_points, judged)),
        ),
        timings=_timings(tests.loaded, [row for rows in tables for row in rows]),
        timings_note=TIMINGS.format(LOADS, workers),
        models=tests.models,
        unread=sum(map(len, unread)),
        lines=lines,
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """A dataset with its scores.

    Attributes:
        copy: The dataset.
        rows: Labels and fields of its presentations, by column.
        answers: Presentations with the scores of each test, by test.
        fused: The deciding tests together, with the scores that were decided by; then subsets
            of them, with scores that are fused anew. Empty where one test decides.
    """

    copy: EvaluatedDataset
    rows: Rows
    answers: Mapping[str, tuple[Scored, ...]]
    fused: tuple[tuple[FusedTests, tuple[Scored, ...]], ...]

    @classmethod
    def of(
        cls,
        copy: EvaluatedDataset,
        scoring: DatasetScoring,
        rows: Rows,
        fused: Sequence[FusedTests],
        combine: FrameAggregation,
    ) -> "_Judged":
        tests = scoring.spec.tests
        scored = [decided_rows(scoring, rows, one.usual_point) for one in fused[:1]]
        scored += [scored_by(scoring, rows, some.answer) for some in fused[1:]]
        return cls(
            copy,
            rows,
            {test: combined(scored_rows(scoring, rows, test), combine) for test in tests},
            tuple((f, combined(each, combine)) for f, each in zip(fused, scored, strict=True)),
        )


def _fused(spec: CheckerSpec, tests: JudgedTests) -> list[FusedTests]:
    """Return what decides of several tests, and the same without those that only add."""
    if len(tests.points) + len(tests.supplements) < 2:
        return []
    whole = FusedTests.of(spec.fusion, tests.points, tests.supplements)
    whole = replace(whole, is_raised=all(tests.loaded[name].is_raised for name in tests.points))
    return [whole, *whole.without_supplements()]


def _scoring(
    options: EvaluationOptions, copy: EvaluatedDataset, tests: JudgedTests, workers: int
) -> DatasetScoring:
    return DatasetScoring(
        name=copy.file_name,
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
    one: _Judged, tests: JudgedTests, given: tuple[GivenPoint, ...]
) -> Iterator[SystemScores]:
    """Yield what decides first: the deciding tests together and each alone; then the others."""

    def together(some: FusedTests, rows: tuple[Scored, ...]) -> SystemScores:
        return system(some.name, rows, (*given, some.shipped_point()), asks_dev=True)

    def alone(test: str) -> SystemScores:
        own, calibrated = tests.own_points(test), tests.is_calibrated(test)
        points = (*own, *given) if calibrated else (*given, *own)
        return system(test, one.answers[test], points, asks_dev=not calibrated)

    def system(
        name: str, rows: tuple[Scored, ...], points: tuple[GivenPoint, ...], *, asks_dev: bool
    ) -> SystemScores:
        return SystemScores(
            system=name,
            dataset=one.copy.name,
            source=str(one.copy.root.resolve()),
            rows=rows,
            given=points,
            asks_dev=asks_dev,
            only_adds=name in tests.loaded and tests.loaded[name].point.only_adds,
        )

    for some, rows in one.fused[:1]:  # at the point that was applied to each presentation
        shipped = replace(some.shipped_point(), of_each=True)
        yield system(some.name, rows, (*given, shipped), asks_dev=True)
    yield from map(alone, tests.points)
    yield from (together(*some) for some in one.fused[1:])
    yield from (alone(test) for test in one.answers if test not in tests.points)


def _partly_decided(one: _Judged) -> Iterator[str]:
    for together, _ in one.fused[:1]:
        abstain, unmet = partly_decided({test: one.answers[test] for test in together.points})
        then = (
            f"{together.name} is then the score of those that decide, at their threshold and band"
        )
        for count, why in (
            (abstain, "abstain and others decide"),
            (unmet, "lack the frames or the depth they need"),
        ):
            if count:
                where = counted(count, "presentation")
                yield f"{one.copy.name}: in {where} some tests {why}. {then}"


def _poorly_captured(one: _Judged) -> str:
    """Return how many presentations have a capture that does not decide; "" for none."""
    poor = [reasons for row in one.rows if (reasons := capture_reasons(row))]
    if not poor:
        return ""
    counts = Counter(reason for reasons in poor for reason in reasons)
    each = ", ".join(f"{counts[reason]:,} {reason}" for reason in Reason if counts[reason])
    hint = "; --faces-are-cropped judges sets that are cut at the face"
    return (
        f"{one.copy.name}: the capture of {counted(len(poor), 'presentation')} is too poor to "
        f"accept ({each}){hint if Reason.NO_CONTEXT in counts else ''}"
    )


def _own_points(one: _Judged) -> str:
    """Return how many presentations have an operating point of their own; "" for none."""
    systems = [*one.answers.values(), *(rows for _, rows in one.fused[:1])]
    own = sum(row.point is not None for rows in systems for row in rows)
    text = (
        f"{one.copy.name}: {counted(own, 'score')} with a threshold or a band of another set of "
        "views, of other tests that decide, or of a wider interval"
    )
    return f"{text}; each counts at its own" if own else ""


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
