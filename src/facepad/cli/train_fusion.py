"""``facepad train fusion`` and ``clip-tests``: fit what several liveness tests say together."""

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


def train_clip_tests(
    *,
    clips: Annotated[
        list[Path],
        typer.Option(help="Output of `facepad simulate --clips`; may be given repeatedly."),
    ],
    licence: Annotated[
        str, typer.Option(help="Licence of the portraits, for the card, where no list states it.")
    ] = "",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    name: Annotated[str, typer.Option(help="Name of the model.")] = "clip_tests",
    out: Out = Path("out"),
    workers: Workers = CPUS,
) -> None:
    """Fit what a blink, a parallax and a pulse are worth in the decision on a clip.

    Each test is fitted alone, on rendered heads and simulated attacks; all species of attacks
    weigh alike. The report has what each test finds by species, and ranks of people who were held
    out, without these tests and with them.

    What the tests measure is cached, so an interrupted run resumes and another fit is quick.

    For example:

    - `facepad simulate --clips --bona-fide faces --heads geometry --out clips`
    - `facepad train clip-tests --clips clips --out model`

    Exit codes:

    - 0: the model was written
    - 2: a clip or an option cannot be used, or wrong usage
    - 3: a model is missing or broken
    - 4: a folder or a setting cannot be used, or a library is missing
    """
    from facepad.cli.console import progress
    from facepad.training.fusion.clip_run import ClipRecipe, run

    recipe = ClipRecipe(tuple(clips), licence, version, name, out, workers)
    samples = recipe.prepare()
    with progress("measuring", len(samples), lines=True) as advance:
        result = run(recipe, samples, advance)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card")


def _of_test(asked: str) -> tuple[str, Path]:
    test, equals, file = asked.rpartition("=")
    if not (test and equals and file):
        raise SettingsError(f"expected scores as TEST=FILE, got {asked!r}")
    return test, Path(file)
