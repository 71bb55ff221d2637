"""``facepad train quality``: fit the image-quality test on a dataset."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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
    root: Annotated[Path, typer.Option(help="Folder of the dataset.")],
    dataset: Annotated[str, typer.Option(help="Name of its listing.")] = "nuaa",
    view: Annotated[ViewName, typer.Option(help="What of the picture is judged.")] = ViewName.FACE,
    classifier: Annotated[ClassifierName, typer.Option()] = ClassifierName.LDA,
    out: Annotated[Path, typer.Option(help="Folder for the model and its card.")] = Path("out"),
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    seed: Annotated[int, typer.Option(help="Of the simulated captures.")] = 0,
) -> None:
    """Train the image-quality test: metrics of the picture through a linear classifier.

    Fits on the train part, takes the threshold from dev and reports errors on test.
    Writes the model, its card and the report as JSON. What was measured is kept, so an
    interrupted run goes on where it was.
    """
    from facepad.cli.progress import progress
    from facepad.training.quality_run import Run, prepare, run

    order = Run(dataset, root, view.value, classifier.value, out, workers, seed)
    ready = prepare(order)
    with progress("measuring", len(ready.samples) + len(ready.scenes), lines=True) as advance:
        result = run(order, ready, advance)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card; report in {result.report}")
