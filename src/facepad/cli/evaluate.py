"""``facepad evaluate``: error rates with intervals, of facepad's tests or any system's scores."""

from pathlib import Path
from typing import Annotated

import typer

from facepad.cli.options import TESTS_DEFAULT, split_names
from facepad.evaluation.choices import Combine, Higher

TESTS = "Names of liveness tests, by commas; each is judged by itself, and several by their mean."
CALIBRATION = (
    "Calibration of the camera, by `facepad calibrate`; anchors its test and gives the threshold. "
    "People in its frames must not be among those judged."
)


def evaluate(
    *,
    out: Annotated[Path, typer.Option(help="Folder for report, plots and kept scores.")],
    tests: Annotated[str, typer.Option(metavar="NAME,...", help=TESTS)] = TESTS_DEFAULT,
    calibration: Annotated[str | None, typer.Option(metavar="NAME", help=CALIBRATION)] = None,
    datasets: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PROTOCOL]=DIR",
            help="A dataset and its folder; may be given several times.",
        ),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol of datasets that are named without one.")
    ] = None,
    scores: Annotated[
        Path | None, typer.Option(help="Any system's scores (CSV) instead of tests and datasets.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="What the scores should have been: CSV with label, subject, and perhaps "
            "pai_species, split, dataset, presentation."
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Column that names a row in both. Default: key, or path.")
    ] = None,
    score_column: Annotated[str, typer.Option(help="Column of the scores.")] = "score",
    higher_is: Annotated[
        Higher, typer.Option(help="What a higher score speaks for.")
    ] = Higher.BONA_FIDE,
    threshold: Annotated[
        float | None,
        typer.Option(help="A threshold that was fixed beforehand, on the scores' scale."),
    ] = None,
    threshold_from: Annotated[
        str,
        typer.Option(metavar="dev|DATASET", help="Whose dev part chooses the threshold."),
    ] = "dev",
    rule: Annotated[
        str, typer.Option(help="How dev chooses it: eer, bpcer=5 or apcer=1 (in %).")
    ] = "eer",
    combine: Annotated[
        Combine,
        typer.Option(
            help="How rows that are frames of one video become one score, in foreign score files."
        ),
    ] = Combine.MEAN,
    frames: Annotated[
        str,
        typer.Option(
            help="Frames of a clip that frame-wise tests score: all, every:K, even:N, at:K."
        ),
    ] = "even:8",
    pool: Annotated[bool, typer.Option("--pool", help="Judge all datasets as one, too.")] = False,
    thumbnails: Annotated[
        int, typer.Option(min=0, help="Worst and borderline pictures to show, of each kind.")
    ] = 0,
    no_page: Annotated[
        bool, typer.Option("--no-page", help="Only JSON: no page and no plots.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes. Default: the setting threads.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Score again what an earlier run has scored.")
    ] = False,
    repeats: Annotated[int, typer.Option(min=100, help="Resamplings behind an interval.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of the resamplings.")] = 0,
) -> None:
    """Measure errors: threshold from dev, errors from test, intervals over people.

    Either facepad's own tests on datasets (scores are kept in the folder, so that a run that
    was interrupted goes on where it was), or any other system's scores with labels beside
    them. Writes report.json, report.html, and each plot as SVG and PNG.

    Exit codes:
    0 everything was judged
    2 a picture could not be read (the others were judged), scores cannot be used, wrong usage
    3 a model is missing or broken
    4 a dataset, a file of scores or labels, or a setting cannot be used
    """
    from facepad.cli.evaluating import run
    from facepad.cli.evaluation_order import Order

    if (scores is None) == (datasets is None):
        raise typer.BadParameter("give --datasets, or --scores with --labels")
    if (scores is None) != (labels is None):
        raise typer.BadParameter("--scores and --labels go together")
    if calibration is not None and scores is not None:
        raise typer.BadParameter("--calibration is for facepad's own tests on --datasets")
    order = Order(
        out=out,
        tests=split_names(tests),
        calibration=calibration,
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
    raise typer.Exit(run(order))
