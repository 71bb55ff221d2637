"""``facepad train fusion``: fit the consolidation of several liveness tests."""

from pathlib import Path
from typing import Annotated

import typer

from facepad.cli.options import CPUS, TESTS_HELP, Out, Workers, dataset_copy, names_given
from facepad.errors import SettingsError


def train_fusion(
    *,
    tests: Annotated[str, typer.Option(metavar="NAME,...", help=TESTS_HELP)],
    simulated: Annotated[
        list[Path] | None,
        typer.Option(help="Output of `facepad simulate`; may be given repeatedly."),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(help="Also fit on a dataset, as NAME=DIR; may be given repeatedly."),
    ] = None,
    parts: Annotated[
        str, typer.Option(help="Comma-separated parts of the datasets: train, dev.")
    ] = "train,dev",
    scores: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEST=FILE",
            help="Use these scores of a test (CSV with path and score) instead of computing them.",
        ),
    ] = None,
    bounds: Annotated[
        Path | None,
        typer.Option(help="Operating points in log-likelihood ratios (JSON); default: selected."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the model.")] = "fusion",
    out: Out = Path("out"),
    workers: Workers = CPUS,
) -> None:
    """Fit linear discriminant analysis over the scores of several tests.

    A test that is missing or abstains is marginalised. Fitted on train and dev, never on test;
    scaling and operating points are of people who were held out. The report has every subset of
    the tests. Use the model with `facepad check --tests NAME,... --fusion out/fusion.npz`.

    Scores are cached, so an interrupted run resumes.

    For example:

    - `facepad train fusion --tests face_cnn,quality --simulated attacks --out model`

    Exit codes:

    - 0: the model was written
    - 2: a picture or an option cannot be used, or wrong usage
    - 3: a model is missing or broken
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    from facepad.cli.console import progress
    from facepad.training.fusion.run import FusionRecipe, read_bounds, run

    recipe = FusionRecipe(
        tests=names_given(tests) or (),
        simulated=tuple(simulated or ()),
        datasets=tuple(map(dataset_copy, dataset or ())),
        parts=tuple(part.strip() for part in parts.split(",")),
        scores=dict(map(_of_test, scores or ())),
        bounds=None if bounds is None else read_bounds(bounds),
        name=name,
        out=out,
        workers=workers,
    )
    samples = recipe.prepare()
    with progress("scoring", len(samples), lines=True) as advance:
        result = run(recipe, samples, advance)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card")


def _of_test(asked: str) -> tuple[str, Path]:
    test, equals, file = asked.rpartition("=")
    if not (test and equals and file):
        raise SettingsError(f"expected scores as TEST=FILE, got {asked!r}")
    return test, Path(file)
