"""The command line's root: its commands, their help and ``--version``."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from facepad import __version__
from facepad.cli import (
    calibrate,
    check,
    dataset,
    evaluate,
    metrics,
    models,
    score,
    simulate,
    train,
)
from facepad.cli.errors import mapped_errors, say
from facepad.settings import misspelled


class _Root(TyperGroup):
    """Maps the errors of every command in one place."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the type is typer's own, and private
        for sentence in misspelled():
            say(sentence)
        with mapped_errors():
            return super().invoke(ctx)


app = typer.Typer(
    name="facepad",
    cls=_Root,
    help="Is the face in front of the camera a living person, or a picture of one?",
    epilog="Exit codes: 0 all judged, 1 policy failed, 2 unreadable input or wrong usage, "
    "3 model, 4 dataset or settings.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"facepad {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Hold the options of the root."""


app.command("check")(check.check)
app.command("score")(score.score)
app.command("metrics")(metrics.metrics)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(dataset.app, name="dataset")
app.command("calibrate")(calibrate.calibrate)
app.add_typer(calibrate.app, name="calibration")
app.command("simulate")(simulate.simulate)
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")
