"""``facepad evaluate``: error rates with intervals, of facepad's tests or any system's scores."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.cli.errors import ExitCode, say
from facepad.cli.options import POINT_HELP, PointName, names_given
from facepad.evaluation.choices import FrameAggregation, ScoreDirection
from facepad.registry import DEFAULT_ADVISORY, DEFAULT_POINT, DEFAULT_TESTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facepad.evaluation.assessment import Assessment
    from facepad.evaluation.plan import Plan
    from facepad.evaluation.report.document import Report
    from facepad.scoring.systems import EvaluationInput, EvaluationOptions

TESTS = (
    "Comma-separated test names; each is evaluated by itself, and several by their mean, too. "
    f"Default: {','.join(DEFAULT_TESTS)}."
)
ADVISORY = (
    "Comma-separated names of tests that are evaluated by themselves only. "
    f"Default: {','.join(DEFAULT_ADVISORY)}, or none with --tests."
)
CROPPED = (
    "Judge sets that are cut at the face: too little around the face (no_context) is no reason "
    "not to decide. For evaluation only; the report says so."
)
CALIBRATION = (
    "Calibration of the camera, made by `facepad calibrate`; its test uses its threshold. "
    "People in its frames must not be among the people evaluated."
)


def evaluate(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the report, plots and scores.")],
    tests: Annotated[str | None, typer.Option(metavar="NAME,...", help=TESTS)] = None,
    advisory: Annotated[str | None, typer.Option(metavar="NAME,...", help=ADVISORY)] = None,
    calibration: Annotated[str | None, typer.Option(metavar="NAME", help=CALIBRATION)] = None,
    operating_point: Annotated[PointName | None, typer.Option(help=POINT_HELP)] = None,
    datasets: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PROTOCOL]=DIR",
            help="A dataset and its folder; may be given repeatedly.",
        ),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol of datasets named without one.")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(help="Evaluate any system's scores (CSV) instead of tests on datasets."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Ground truth: CSV with columns label, subject, and optionally pai_species, "
            "split, dataset, presentation."
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="Column that identifies a row in both files. Default: key, or path."),
    ] = None,
    score_column: Annotated[str, typer.Option(help="Column of the scores.")] = "score",
    higher_is: Annotated[
        ScoreDirection, typer.Option(help="What a higher score means.")
    ] = ScoreDirection.BONA_FIDE,
    threshold: Annotated[
        float | None,
        typer.Option(help="A threshold that was fixed beforehand, on the scale of the scores."),
    ] = None,
    threshold_from: Annotated[
        str,
        typer.Option(metavar="dev|DATASET", help="Dataset whose dev split sets the threshold."),
    ] = "dev",
    rule: Annotated[
        str, typer.Option(help="How the threshold is set on dev: eer, bpcer=5 or apcer=1 (in %).")
    ] = "eer",
    combine: Annotated[
        FrameAggregation,
        typer.Option(help="Combine rows that are frames of one video, in files of scores."),
    ] = FrameAggregation.MEAN,
    frames: Annotated[
        str,
        typer.Option(
            help="Frames of a clip that frame-wise tests score: all, every:K, even:N or at:K."
        ),
    ] = "even:8",
    faces_are_cropped: Annotated[bool, typer.Option("--faces-are-cropped", help=CROPPED)] = False,
    pool: Annotated[
        bool, typer.Option("--pool", help="Also evaluate the datasets as one.")
    ] = False,
    thumbnails: Annotated[
        int, typer.Option(min=0, help="Number of worst and of borderline pictures to show.")
    ] = 0,
    no_page: Annotated[
        bool, typer.Option("--no-page", help="Write JSON only: no page and no plots.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of processes. Default: the setting threads.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the scores of an earlier run.")
    ] = False,
    repeats: Annotated[int, typer.Option(min=100, help="Number of bootstrap resamples.")] = 2000,
    seed: Annotated[int, typer.Option(help="Bootstrap seed.")] = 0,
) -> None:
    """Measure error rates: threshold from dev, errors from test, intervals over people.

    Evaluates facepad's own tests on datasets, or any other system's scores with their
    ground truth. An interrupted run resumes from the scores in the folder. Writes
    report.json, report.html, and each plot as SVG and PNG.

    For example:

    - `facepad evaluate --datasets nuaa=NUAA --out report`
    - `facepad evaluate --scores scores.csv --labels labels.csv --out report`
    - `facepad evaluate --scores scores.csv --labels labels.csv --rule bpcer=5 --out report`

    Exit codes:

    - 0: everything was judged
    - 2: a picture could not be read (the others were judged), scores cannot be used, wrong usage
    - 3: a model is missing or broken
    - 4: a dataset, a file of scores or labels, or a setting cannot be used
    """
    from facepad.scoring.systems import EvaluationOptions

    if (scores is None) == (datasets is None):
        raise typer.BadParameter("give --datasets, or --scores with --labels")
    if (scores is None) != (labels is None):
        raise typer.BadParameter("--scores and --labels go together")
    if calibration is not None and scores is not None:
        raise typer.BadParameter("--calibration is for facepad's own tests on --datasets")
    if faces_are_cropped and scores is not None:
        raise typer.BadParameter("--faces-are-cropped is for facepad's own tests on --datasets")
    if operating_point is not None and scores is not None:
        raise typer.BadParameter("--operating-point is for facepad's own tests on --datasets")
    if operating_point is not None and threshold is not None:
        raise typer.BadParameter("give either --operating-point or --threshold")
    options = EvaluationOptions(
        out=out,
        tests=names_given(tests),
        advisory=names_given(advisory),
        calibration=calibration,
        operating_point=str(operating_point or DEFAULT_POINT),
        faces_are_cropped=faces_are_cropped,
        datasets=tuple(datasets or ()),
        protocol=protocol,
        scores=scores,
        labels=labels,
        key=key,
        score_column=score_column,
        higher_is=higher_is,
        threshold=threshold,
        threshold_from=threshold_from,
        rule=rule,
        combine=combine,
        frames=frames,
        pool=pool,
        thumbnails=thumbnails,
        page=not no_page,
        workers=workers,
        force=force,
        repeats=repeats,
        seed=seed,
    )
    raise typer.Exit(run(options))


def run(options: "EvaluationOptions") -> ExitCode:
    """Evaluate, write the report, and print it.

    Raises:
        InputError: Scores, a rule or a threshold cannot be used.
        DatasetError: A dataset or a file of scores or labels cannot be used.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A name is not known, a library is missing, or the scores in the folder
            were made with other settings.
    """
    import sys

    from facepad.cli.console import progress
    from facepad.evaluation.plan import assess_all, count_of
    from facepad.evaluation.report import document, formatting, page
    from facepad.scoring.systems import from_datasets, from_files

    if options.page:
        page.require_libraries()  # before anything slow
    plan = _plan(options)
    found = (
        from_datasets(options, say=say, progress=progress)
        if options.scores is None
        else from_files(options)
    )
    with progress("evaluating", count_of(found.systems, plan)) as advance:
        assessments = assess_all(found.systems, plan, advance)
    report = _report(options, found, assessments)
    files = [document.write(options.out, report)]
    if options.page:
        files += page.write(options.out, report, progress)
    sys.stdout.write(formatting.text(report) + "\n")  # last: its reader may be gone
    for file in files:
        say(f"wrote {file}")
    return ExitCode.INPUT if found.unread else ExitCode.OK


def _plan(options: "EvaluationOptions") -> "Plan":
    from facepad.evaluation.assessment import Rule, Sampling
    from facepad.evaluation.plan import Plan, refuse_source

    refuse_source(options.threshold_from)  # before anything slow
    return Plan(
        rule=Rule.parse(options.rule),
        threshold_from=options.threshold_from,
        pool=options.pool,
        sampling=Sampling(repeats=options.repeats, seed=options.seed),
    )


def _report(
    options: "EvaluationOptions", found: "EvaluationInput", assessments: "Sequence[Assessment]"
) -> "Report":
    import shlex
    import sys
    from datetime import UTC, datetime

    from facepad.evaluation.plan import notices_of
    from facepad.evaluation.report.document import Report, environment
    from facepad.evaluation.report.gallery import examples_by_part
    from facepad.models import bundles

    used = bundles.holding(found.models.values())
    return Report(
        title=found.title,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        commands=(shlex.join(["facepad", *sys.argv[1:]]),),
        assessments=tuple(assessments),
        notices=(*found.notices, *notices_of(found.systems, assessments)),
        timings=found.timings,
        timings_note=found.timings_note,
        models=found.models,
        environment=environment() | ({"bundle": used} if used else {}),
        pictures=examples_by_part(assessments, options.thumbnails),
    )
