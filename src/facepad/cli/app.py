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
    network,
    score,
    service,
    shapes,
    simulate,
    train,
    train_fusion,
    train_network,
)
from facepad.cli.errors import mapped_errors, say, suggestions
from facepad.settings import misspelled


class _Root(TyperGroup):
    """Maps the errors of every command in one place."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own
        with suggestions():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the type is typer's own, and private
        for sentence in misspelled():
            say(sentence)
        with mapped_errors(), suggestions():
            return super().invoke(ctx)


EPILOG = """\
For example:

- `facepad check me.jpg`
- `facepad check --help`

Exit codes:

- 0: everything was judged
- 1: the policy asked for failed
- 2: an input could not be read, or wrong usage
- 3: a model is missing or broken
- 4: a dataset or a setting cannot be used
"""

app = typer.Typer(
    name="facepad",
    cls=_Root,
    help="Is the face in front of the camera a living person, or a picture of one?",
    epilog=EPILOG,
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
app.command("annotate")(score.annotate)
app.command("webcam")(calibrate.webcam)
app.command("metrics")(metrics.metrics)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(dataset.app, name="dataset")
app.command("calibrate")(calibrate.calibrate)
app.add_typer(calibrate.app, name="calibration")
app.command("reconstruct")(shapes.reconstruct)
app.command("simulate")(simulate.simulate)
app.add_typer(models.app, name="models")
app.command("serve")(service.serve)
app.add_typer(service.app, name="service")
train.app.command("fusion")(train_fusion.train_fusion)
train.app.command("clip-tests")(train_fusion.train_clip_tests)
train.app.command("network")(train_network.train_network)
train.app.command("reconstruct")(shapes.train_reconstruct)
train.app.command(shapes.NAME)(shapes.train_voxel)
app.add_typer(network.app, name="network")
app.add_typer(train.app, name="train")
