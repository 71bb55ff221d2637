"""``facepad metrics``: the image-quality metrics of pictures."""

from typing import TYPE_CHECKING, Annotated

import typer

from facepad.cli.errors import ExitCode
from facepad.cli.options import PATHS_HELP

if TYPE_CHECKING:
    from facepad.documents import Measured
    from facepad.media.inputs import Input


def metrics(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help=PATHS_HELP)],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document per line, as results come.")
    ] = False,
) -> None:
    """Measure the image-quality metrics of whole pictures at their own size.

    A picture that cannot be read is one line with its error; the other pictures are measured.

    For example:

    - `facepad metrics me.jpg`
    - `facepad metrics --json photos > metrics.jsonl`

    Exit codes:

    - 0: everything was measured
    - 2: an input could not be read, or wrong usage
    - 3: a model is missing or broken
    """
    raise typer.Exit(run(paths, as_json=as_json))


def run(paths: list[str], *, as_json: bool) -> ExitCode:
    """Measure what the paths name and print it.

    Raises:
        ModelError: A model that a metric needs is missing or has the wrong hash.
    """
    import sys

    from facepad import runtime
    from facepad.cli.console import progress
    from facepad.documents import metrics_to_json
    from facepad.media.inputs import expand

    runtime.tune()
    inputs = list(expand(paths))
    results: list[Measured] = []
    with progress("measuring", len(inputs)) as advance:
        for result in map(measure, inputs):
            results.append(result)
            if as_json:
                sys.stdout.write(metrics_to_json(result) + "\n")
                sys.stdout.flush()
            advance()
    if not as_json:
        from facepad.cli.tables import show_metrics

        show_metrics(results)
    return ExitCode.INPUT if any(result.error for result in results) else ExitCode.OK


def measure(item: "Input") -> "Measured":
    """Return the metrics of one input, or its error when it cannot be read."""
    from facepad import quality, settings
    from facepad.documents import Measured, path_of
    from facepad.errors import InputError
    from facepad.sources import read_picture

    try:
        if isinstance(item.source, InputError):
            raise item.source
        frame = read_picture(item.source, name=item.name)
        values = quality.measure(frame.image, threads=int(settings.number("threads")))
    except InputError as error:
        return Measured(path_of(item), error=str(error))
    return Measured(path_of(item), frame.size, values)
