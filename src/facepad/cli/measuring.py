"""The work behind ``facepad metrics``."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rich.table import Table
from rich.text import Text

from facepad import quality, runtime, settings
from facepad.cli.errors import ExitCode, say
from facepad.cli.progress import progress
from facepad.cli.tables import console, shortened
from facepad.documents import SCHEMA_VERSION, path_of, plain
from facepad.errors import InputError, printable
from facepad.media import Input, expand
from facepad.sources import read_picture

NAME_WIDTH = 28  # of a picture's name above its column
NUMBER_WIDTH = 14
LABEL_WIDTH = 10
_NONE: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Measured:
    """The metrics of one input, or the error that prevented them."""

    path: str
    size: tuple[int, int] | None = None
    values: Mapping[str, float] = field(default_factory=lambda: _NONE)
    error: str | None = None


def run(paths: Sequence[str], *, as_json: bool) -> ExitCode:
    """Measure what the paths name and print it.

    Raises:
        ModelError: A model that a metric needs is missing or has the wrong hash.
    """
    runtime.tune()
    inputs = list(expand(paths, sys.stdin.buffer))
    results: list[Measured] = []
    with progress("measuring", len(inputs)) as advance:
        for result in map(measured, inputs):
            results.append(result)
            if as_json:
                sys.stdout.write(to_json(result) + "\n")
                sys.stdout.flush()
            advance()
    if not as_json:
        _show(results)
    return ExitCode.INPUT if any(result.error for result in results) else ExitCode.OK


def measured(item: Input) -> Measured:
    """The metrics of one input; one that cannot be read becomes its error."""
    try:
        if isinstance(item.source, InputError):
            raise item.source
        frame = read_picture(item.source, name=item.name)
        values = quality.measure(frame.image, threads=int(settings.number("threads")))
    except InputError as error:
        return Measured(path_of(item), error=str(error))
    return Measured(path_of(item), frame.size, values)


def to_json(result: Measured) -> str:
    """The document of one input as one line; metrics in the specified order."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "path": result.path,
        "source_size": result.size,
        "metrics": result.values,
        "error": result.error,
    }
    return json.dumps(plain(document), allow_nan=False)


def _show(results: Sequence[Measured]) -> None:
    out = console()
    good = [result for result in results if result.error is None]
    for group in _groups(good, out.width):
        out.print(_table(group))
    for result in results:
        if result.error is not None:
            say(f"error: {result.error}")


def _groups(results: Sequence[Measured], width: int) -> Iterator[Sequence[Measured]]:
    """As many pictures side by side as fit."""
    each = max(1, (width - LABEL_WIDTH) // (NAME_WIDTH + 2))
    for start in range(0, len(results), each):
        yield results[start : start + each]


def _table(results: Sequence[Measured]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("metric", no_wrap=True, min_width=LABEL_WIDTH)
    for result in results:
        name = shortened(printable(result.path), NAME_WIDTH)
        table.add_column(Text(name), justify="right", no_wrap=True, min_width=NUMBER_WIDTH)
    for metric in results[0].values:
        table.add_row(metric, *(f"{result.values[metric]:.6g}" for result in results))
    return table
