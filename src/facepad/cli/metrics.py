"""``facepad metrics``: the 25 image-quality metrics of pictures."""

from typing import Annotated

import typer

from facepad.cli.options import PATHS_HELP


def metrics(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help=PATHS_HELP)],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document per line, as results come.")
    ] = False,
) -> None:
    """Measure whole pictures at their own size: the 25 image-quality metrics.

    A picture that cannot be read is one line with its error; the rest goes on.

    Exit codes:

    - 0: everything was measured
    - 2: an input could not be read, or wrong usage
    - 3: a model is missing or broken
    """
    from facepad.cli.measuring import run

    raise typer.Exit(run(paths, as_json=as_json))
