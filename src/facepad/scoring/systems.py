"""The systems that an evaluation compares: scores from a file, or tests and their fusion."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from facepad import settings
from facepad.errors import SettingsError, counted
from facepad.evaluation.aggregation import Scored, combined
from facepad.evaluation.plan import SystemScores, require_test
from facepad.evaluation.report.document import Timing
from facepad.evaluation.scores_csv import match
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
from facepad.scoring.evaluated import (
    EvaluatedDataset,
    EvaluationInput,
    EvaluationOptions,
    evaluated_datasets,
)
from facepad.scoring.fused import FusedTests, partly_decided
from facepad.scoring.table import STEPS
from facepad.scoring.workers import LOADS, CheckerSpec, JudgedTests, LoadedTest
from facepad.types import Reason

NAMED = 5  # pictures that could not be read and are named

CROPPED = (
    "--faces-are-cropped: pictures that end at the face were judged, too. In use such a picture is "
    "bona fide only by a test with an operating point for it (else: reason no_context)"
)

Rows = Sequence[Mapping[str, str]]
Answers = Mapping[str, tuple[Scored, ...]]  # by test


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
    tests = JudgedTests.of(spec)
    together = FusedTests.of(spec.fusion, tests.points) if len(tests.points) > 1 else None
    subsets = [*together.subsets()] if together is not None and options.subsets else []
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
    systems = [
        system
        for copy, scoring, rows, each in zip(copies, scorings, tables, answers, strict=True)
        for system in _systems(
            copy,
            each,
            tests,
            options,
            _fused_rows(scoring, rows, together, subsets, options),
        )
    ]
    used = tests.calibration
    on = "" if used is None else f", with calibration {used.version}"
    return EvaluationInput(
        title=f"{', '.join(tests.loaded)} on {', '.join(copy.name for copy in copies)}{on}",
        systems=tuple(systems),
        notices=(
            *(() if used is None else (used.notice,)),
            *((CROPPED,) if options.faces_are_cropped else ()),
            *(f"{copy.name}: {notice}" for copy in copies for notice in copy.notices),
            *(_unread(keys) for keys in unread if keys),
            *(
                note
                for copy, each in zip(copies, answers, strict=True)
                if together is not None
                for note in _partly_decided(copy, each, together)
            ),
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
        lines=() if together is None else together.lines(),
    )


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


def _fused_rows(
    scoring: DatasetScoring,
    rows: Rows,
    together: FusedTests | None,
    subsets: Sequence[FusedTests],
    options: EvaluationOptions,
) -> list[tuple[FusedTests, tuple[Scored, ...]]]:
    """Return the rows of the deciding tests as they were decided, and those of subsets anew."""
    if together is None:
        return []
    found = [(together, decided_rows(scoring, rows))]
    found += [(some, some.rows(scoring, rows)) for some in subsets]
    return [(some, combined(scored, options.combine)) for some, scored in found]


def _systems(
    copy: EvaluatedDataset,
    answers: Answers,
    tests: JudgedTests,
    options: EvaluationOptions,
    fused: Sequence[tuple[FusedTests, tuple[Scored, ...]]],
) -> Iterator[SystemScores]:
    """Yield what decides first: the deciding tests together and each alone; then the others."""
    source, given = str(copy.root.resolve()), options.given_points

    def together(some: FusedTests, rows: tuple[Scored, ...]) -> SystemScores:
        return SystemScores(
            system=some.name,
            dataset=copy.name,
            source=source,
            rows=rows,
            given=(*given, some.shipped_point()),
        )

    def alone(test: str) -> SystemScores:
        own, calibrated = tests.own_point(test), tests.is_calibrated(test)
        return SystemScores(
            system=test,
            dataset=copy.name,
            source=source,
            rows=answers[test],
            given=(own, *given) if calibrated else (*given, own),
            asks_dev=not calibrated,
        )

    yield from (together(*one) for one in fused[:1])
    yield from map(alone, tests.points)
    yield from (together(*one) for one in fused[1:])
    yield from (alone(test) for test in answers if test not in tests.points)


def _partly_decided(
    copy: EvaluatedDataset, answers: Answers, together: FusedTests
) -> Iterator[str]:
    abstain, unmet = partly_decided({test: answers[test] for test in together.points})
    then = (
        f"{together.name} is then the score of those that decide, judged here at one "
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
