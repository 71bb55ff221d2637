"""``facepad train niqe`` and ``biqi``: fit the metrics of naturalness on photographs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from facepad.training.naturalness.acceptance import Report

Pictures = Annotated[
    Path,
    typer.Option(help="Folder of pristine photographs; manifest.csv in it tells licences."),
]
Out = Annotated[Path, typer.Option(help="Folder for the model and its card.")]


def train_niqe(
    *,
    pictures: Pictures,
    out: Out = Path("out"),
    golden: Annotated[
        Path | None, typer.Option(help="Folder with golden values to compare ranks with.")
    ] = None,
) -> None:
    """Fit NIQE: the statistics of the sharp blocks of pristine photographs.

    Takes about a minute for 72 photographs. Nothing in it is random.
    """
    from facepad.cli.progress import progress
    from facepad.training.naturalness import niqe
    from facepad.training.naturalness import pictures as photographs

    total = len(photographs.find(pictures))
    with progress("measuring", total, lines=True) as advance:
        report = niqe.train_niqe(pictures, out, advance, golden)
    _tell(report)


def train_biqi(
    *,
    pictures: Pictures,
    out: Out = Path("out"),
    golden: Annotated[
        Path | None, typer.Option(help="Folder with golden values to compare ranks with.")
    ] = None,
) -> None:
    """Fit BIQI: tells distorted photographs apart and how bad they are.

    Distorts tiles of the photographs in several ways. What was measured is kept in the
    folder of the result, so an interrupted run goes on where it was.
    """
    from facepad.cli.progress import progress
    from facepad.training.naturalness import biqi
    from facepad.training.naturalness import pictures as photographs

    total = len(photographs.find(pictures))
    with progress("distorting and judging", 2 * total, lines=True) as advance:
        report = biqi.train_biqi(pictures, out, advance, golden)
    _tell(report)


def _tell(report: "Report") -> None:
    typer.echo(report.text)
    typer.echo(f"wrote {report.model} and its card")
