"""``facepad evaluate``: error rates with intervals, of facepad's tests or any system's scores."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.cli.errors import ExitCode, say
from facepad.cli.options import POINT_HELP, FusionName, PointName, names_given
from facepad.evaluation.choices import FrameAggregation, ScoreDirection
from facepad.registry import DEFAULT_ADVISORY, DEFAULT_FUSION, DEFAULT_POINT, DEFAULT_TESTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facepad.evaluation.assessment import Assessment
    from facepad.evaluation.plan import Plan
    from facepad.evaluation.report.document import Report
    from facepad.scoring.evaluated import EvaluationInput, EvaluationOptions

TESTS = (
    "Comma-separated test names; each is evaluated by itself, and several by their fusion, too. "
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
SUBSETS = (
    "Also evaluate every subset of the deciding tests, fused anew; of more than five tests, all "
    "but one."
)
BONA_FIDE = (
    "A folder of bona fide pictures and clips as they come, in place of a dataset; may be given "
    "repeatedly. One folder per person below it, or names such as anna_01.jpg."
)
ATTACK = "The kind of an attack and a folder of it, such as print=prints; may be given repeatedly."
ALL_TEST = (
    "Evaluate every sample of the datasets as test. Only for data that no model was trained or "
    "selected on; the report says so."
)
SCORES = (
    "Evaluate any system's scores (CSV) instead of tests on datasets; may be given repeatedly: the "
    "first system is what the others are compared with."
)
CALIBRATION = (
    "Calibration of the camera, made by `facepad calibrate`; its test uses its threshold. "
    "People in its frames must not be among the people evaluated."
)


def evaluate(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the report, plots and scores.")],
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the report.")] = None,
    tests: Annotated[str | None, typer.Option(metavar="NAME,...", help=TESTS)] = None,
    advisory: Annotated[str | None, typer.Option(metavar="NAME,...", help=ADVISORY)] = None,
    fusion: FusionName = DEFAULT_FUSION,
    subsets: Annotated[bool, typer.Option("--subsets", help=SUBSETS)] = False,
    calibration: Annotated[str | None, typer.Option(metavar="NAME", help=CALIBRATION)] = None,
    operating_point: Annotated[PointName | None, typer.Option(help=POINT_HELP)] = None,
    datasets: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PROTOCOL]=DIR",
            help="A dataset and its folder; may be given repeatedly.",
        ),
    ] = None,
    bona_fide: Annotated[list[Path] | None, typer.Option(metavar="DIR", help=BONA_FIDE)] = None,
    attack: Annotated[list[str] | None, typer.Option(metavar="SPECIES=DIR", help=ATTACK)] = None,
    all_test: Annotated[bool, typer.Option("--all-test", help=ALL_TEST)] = False,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol of datasets named without one.")
    ] = None,
    scores: Annotated[list[Path] | None, typer.Option(metavar="FILE", help=SCORES)] = None,
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
            help="Frames of a clip that frame-wise tests score: best:N, even:N, every:K, all or "
            "at:K."
        ),
    ] = "best:8",
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

    Evaluates facepad's own tests on datasets or on folders as they come, or the scores of any
    other systems with their ground truth. An interrupted run resumes from the scores in the
    folder. Writes report.json, report.html, and each plot as SVG and PNG.

    For example:

    - `facepad evaluate --datasets nuaa=NUAA --out report`
    - `facepad evaluate --bona-fide live --attack print=prints --out report`
    - `facepad evaluate --scores scores.csv --labels labels.csv --out report`
    - `facepad evaluate --scores ours.csv --scores theirs.csv --labels labels.csv --out report`
    - `facepad evaluate --scores scores.csv --labels labels.csv --rule bpcer=5 --out report`

    Exit codes:

    - 0: everything was judged
    - 2: a picture could not be read (the others were judged), scores cannot be used, wrong usage
    - 3: a model is missing or broken
    - 4: a dataset, a file of scores or labels, or a setting cannot be used
    """
    from facepad.scoring.evaluated import EvaluationOptions

    own_data = bool(datasets or bona_fide or attack)
    if bool(scores) == own_data:
        raise typer.BadParameter(
            "give --datasets, --bona-fide with --attack, or --scores with --labels"
        )
    if bool(scores) != (labels is not None):
        raise typer.BadParameter("--scores and --labels go together")
    only_for_tests = {
        "--calibration": calibration is not None,
        "--faces-are-cropped": faces_are_cropped,
        "--operating-point": operating_point is not None,
        "--fusion": fusion != DEFAULT_FUSION,
        "--subsets": subsets,
        "--all-test": all_test,
    }
    if scores and (wrong := [name for name, given in only_for_tests.items() if given]):
        raise typer.BadParameter(
            f"{' and '.join(wrong)}: for facepad's own tests on datasets or folders, "
            "not for --scores"
        )
    if operating_point is not None and threshold is not None:
        raise typer.BadParameter("give either --operating-point or --threshold")
    options = EvaluationOptions(
        out=out,
        title=title,
        tests=names_given(tests),
        advisory=names_given(advisory),
        fusion=fusion,
        subsets=subsets,
        calibration=calibration,
        operating_point=str(operating_point or DEFAULT_POINT),
        faces_are_cropped=faces_are_cropped,
        datasets=tuple(datasets or ()),
        bona_fide=tuple(bona_fide or ()),
        attacks=tuple(attack or ()),
        all_test=all_test,
        protocol=protocol,
        scores=tuple(scores or ()),
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
    from dataclasses import replace

    from facepad.cli.console import progress
    from facepad.evaluation.differences import pair_count, paired_differences
    from facepad.evaluation.plan import assess_all, count_of
    from facepad.evaluation.report import document, formatting, page
    from facepad.scoring.systems import from_datasets, from_files

    if options.page:
        page.require_libraries()  # before anything slow
    plan = _plan(options)
    found = (
        from_files(options)
        if options.scores
        else from_datasets(options, say=say, progress=progress)
    )
    with progress("evaluating", count_of(found.systems, plan)) as advance:
        assessments = assess_all(found.systems, plan, advance)
    with progress("comparing", pair_count(assessments)) as advance:
        differences = paired_differences(assessments, plan.sampling, advance)
    report = replace(_report(options, found, assessments), differences=differences)
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
    import sys
    from datetime import UTC, datetime

    from facepad.evaluation.plan import notices_of
    from facepad.evaluation.report.document import Report, environment
    from facepad.evaluation.report.gallery import examples_by_part
    from facepad.evaluation.report.paths import shown_command, without_folders
    from facepad.models import bundles

    used = bundles.holding(found.models.values())
    notices = (*found.notices, *notices_of(found.systems, assessments))
    return Report(
        title=options.title or found.title,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        commands=(shown_command(["facepad", *sys.argv[1:]]),),
        assessments=tuple(assessments),
        notices=tuple(map(without_folders, notices)),
        timings=found.timings,
        timings_note=found.timings_note,
        models=found.models,
        environment=environment() | ({"bundle": used} if used else {}),
        pictures=examples_by_part(assessments, options.thumbnails),
        lines=found.lines,
    )
