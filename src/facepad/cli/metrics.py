"""``facepad metrics``: the image-quality metrics of pictures."""

from typing import TYPE_CHECKING, Annotated

import typer

from facepad.cli.errors import ExitCode, say
from facepad.cli.options import PATHS_HELP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from facepad.documents import Measured
    from facepad.media.inputs import Input

NAME_WIDTH = 28  # of a picture's name above its column of metrics
NUMBER_WIDTH = 14
LABEL_WIDTH = 10


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


def show_metrics(results: "Sequence[Measured]") -> None:
    """Print the metrics of the inputs side by side, and the errors."""
    from facepad.cli.console import console

    out = console()
    good = [result for result in results if result.error is None]
    for group in _groups(good, out.width):
        out.print(_metric_table(group))
    for result in results:
        if result.error is not None:
            say(f"error: {result.error}")


def _groups(results: "Sequence[Measured]", width: int) -> "Iterator[Sequence[Measured]]":
    """Yield as many pictures as fit side by side."""
    each = max(1, (width - LABEL_WIDTH) // (NAME_WIDTH + 2))
    for start in range(0, len(results), each):
        yield results[start : start + each]


def _metric_table(results: "Sequence[Measured]") -> "Table":
    from rich.text import Text

    from facepad.cli.console import shortened
    from facepad.cli.tables import plain_table
    from facepad.errors import printable

    table = plain_table()
    table.add_column("metric", no_wrap=True, min_width=LABEL_WIDTH)
    for result in results:
        name = shortened(printable(result.path), NAME_WIDTH)
        table.add_column(Text(name), justify="right", no_wrap=True, min_width=NUMBER_WIDTH)
    for metric in results[0].values:
        table.add_row(metric, *(f"{result.values[metric]:.6g}" for result in results))
    return table
