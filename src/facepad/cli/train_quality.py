"""``facepad train quality``: fit the image-quality test on datasets."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.errors import SettingsError

if TYPE_CHECKING:
    from facepad.training.quality.sources import Source


class ClassifierName(StrEnum):
    """Kinds of classifier."""

    LDA = "lda"
    SVM = "svm"


class ViewName(StrEnum):
    """Parts of a picture that can be judged."""

    FACE = "face"
    WHOLE = "whole"


def train_quality(
    *,
    root: Annotated[
        list[Path], typer.Option(help="Folder of the dataset; may be given repeatedly.")
    ],
    dataset: Annotated[str, typer.Option(help="Name of its listing.")] = "nuaa",
    also: Annotated[
        list[str] | None, typer.Option(help="A further dataset that trains, as NAME=DIR.")
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(help="A dataset that neither trains nor chooses: its errors are told."),
    ] = None,
    view: Annotated[ViewName, typer.Option(help="What of the picture is judged.")] = ViewName.FACE,
    classifier: Annotated[ClassifierName, typer.Option()] = ClassifierName.LDA,
    judge: Annotated[
        bool, typer.Option("--judge", help="Open the test parts, once per finished recipe.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the model and its card.")] = Path("out"),
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    seed: Annotated[int, typer.Option(help="Of the simulated captures.")] = 0,
) -> None:
    """Train the image-quality test: metrics of the picture through a linear classifier.

    Fits on the train part and takes the threshold from dev; test parts stay closed without
    --judge. Simulation alone gives a model that is free to use, named so. Writes the model,
    its card and the report as JSON. What was measured is kept, so an interrupted run goes on
    where it was.
    """
    from facepad.cli.progress import progress
    from facepad.training.quality.order import Run
    from facepad.training.quality.run import prepare, run
    from facepad.training.quality.sources import Source

    trains = (*(Source(dataset, one) for one in root), *map(_source, also or ()))
    shown = tuple(map(_source, show or ()))
    order = Run(trains, shown, view.value, classifier.value, judge, out, workers, seed)
    ready = prepare(order)
    with progress("measuring", len(ready), lines=True) as advance:
        result = run(order, ready, advance)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card; report in {result.report}")


def _source(asked: str) -> "Source":
    from facepad.training.quality.sources import Source

    name, equals, root = asked.partition("=")
    if not (name and equals and root):
        raise SettingsError(f"a dataset is named NAME=DIR, got {asked!r}")
    return Source(name, Path(root).expanduser())
