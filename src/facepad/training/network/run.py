"""Train a network on pictures of faces: dry run, loss, validation, and the steps of a run."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from facepad import settings
from facepad.evaluation.ranking import auc
from facepad.jobs.progress import Progress
from facepad.models.index import digest
from facepad.training.network.data import (
    BalancedBatches,
    FreshCrops,
    Inputs,
    cached_maps,
)
from facepad.training.network.export import NetworkResult, write
from facepad.training.network.recipe import MARGIN, NetworkRecipe
from facepad.training.network.thesis import (
    BONA_FIDE,
    SIDE,
    FrozenStages,
    backbone,
    trained_part,
)
from facepad.training.run import size_of
from facepad.training.scaling import Vector, sample_weights
from facepad.training.stack.estimate import estimate
from facepad.training.stack.loop import train_loop
from facepad.training.stack.pictures import FacePictures, find_faces
from facepad.types import Sample, Split

if TYPE_CHECKING:
    from torch import Tensor, nn

_AT_ONCE = 32  # pictures of a validation


def dry_run(recipe: NetworkRecipe) -> str:
    """Return shapes, trainable parameters, memory and time of a training, without its pictures.

    Raises:
        SettingsError: As `NetworkRecipe.prepare`.
        DatasetError: As `NetworkRecipe.prepare`.
    """
    import torch

    train, dev = recipe.prepare()
    parts = backbone(recipe.stages.backbone)
    with torch.no_grad():
        example = parts.frozen(torch.zeros(recipe.batch, 3, SIDE, SIDE))
    batches = _Counted(max(1, len(train) // recipe.batch))
    lines = [f"{size_of(train)} to fit, {size_of(dev)} to select"]
    if count := sum(one.numel() for one in parts.frozen.parameters()):
        size = recipe.augmented * example[0].numel() * 2 * len(train) / 2**20
        lines.append(
            f"frozen stages: {count:,} parameters, run once on {recipe.augmented} copies of each "
            f"picture; the cache takes {size:,.0f} MiB"
        )
    return "\n".join([*lines, estimate(trained_part(parts), example, recipe.plan, batches)])


class _Counted:
    """A number of batches without pictures, for an estimate."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def epoch(self, number: int) -> Iterator[object]:
        """Yield nothing."""
        yield from range(number, number)


class ThesisNetwork:
    """The trained part of the recipe, its loss and its validation; a `Trainable`.

    Args:
        stages: The backbone and its weights.
        dev: Held-out pictures.
        samples: Their samples.
        side: Pixels of the crop.
    """

    def __init__(
        self, stages: FrozenStages, dev: Inputs, samples: Sequence[Sample], side: int = SIDE
    ) -> None:
        self._stages, self._dev, self._samples, self._side = stages, dev, samples, side

    def module(self) -> "nn.Module":
        """Return the last stage with its pretrained weights, and a new head."""
        return trained_part(backbone(self._stages.backbone, self._stages.state()), self._side)

    def loss(self, module: "nn.Module", batch: "tuple[Tensor, Tensor]") -> "Tensor":
        """Return the categorical cross-entropy of two softmax outputs."""
        from torch.nn import functional

        inputs, labels = batch
        return functional.cross_entropy(module(inputs), labels)

    def validate(self, module: "nn.Module") -> dict[str, float]:
        """Return the mean log-likelihood of dev, equal weight for classes and species, and AUC."""
        raw = raw_logits(module, self._dev)
        labels = np.array([sample.is_bona_fide for sample in self._samples])
        weights = sample_weights(self._samples)
        signed = np.where(labels, raw, -raw)
        likelihood = float(-np.average(np.logaddexp(0.0, -signed), weights=weights))
        return {"log_likelihood": likelihood, "auc": auc(labels, raw)}


def raw_logits(module: "nn.Module", inputs: Inputs) -> Vector:
    """Return the raw logit of bona fide over attack of every picture as it is."""
    import torch

    device = next(module.parameters()).device
    found = []
    with torch.no_grad():
        for start in range(0, len(inputs), _AT_ONCE):
            rows = range(start, min(start + _AT_ONCE, len(inputs)))
            logits = module(torch.from_numpy(inputs.get(rows)).to(device))
            found.append((logits[:, BONA_FIDE] - logits[:, 1 - BONA_FIDE]).cpu().numpy())
    return np.concatenate(found).astype(np.float64)


def run(
    recipe: NetworkRecipe, progress: Progress, *, resume: bool = False, force: bool = False
) -> NetworkResult:
    """Train, select on dev, and write network, description, card and report.

    Args:
        recipe: What to train.
        progress: Shows each step.
        resume: Resume the run in the folder, where there is one.
        force: Overwrite it.

    Raises:
        SettingsError: As `NetworkRecipe.prepare` and `facepad.training.stack.loop.train_loop`.
        DatasetError: A picture cannot be read, or a class is missing.
        ModelError: Weights cannot be had, or a file cannot be written.
    """
    recipe.stages.state()  # fails before anything slow
    samples = recipe.prepare()
    train, dev = (_faces(recipe, part, progress) for part in samples)
    fitted, held_out = (_inputs(recipe, part, progress) for part in (train, dev))
    batches = BalancedBatches(fitted, train.samples, recipe.batch, recipe.plan.seed)
    trainable = ThesisNetwork(recipe.stages, held_out, dev.samples)
    steps = recipe.plan.epochs * len(batches)
    facts = {"backbone": recipe.stages.tag, "batch": recipe.batch, "copies": recipe.augmented}
    facts |= {"pictures": digest("".join(sorted(train.keys)).encode())}
    folder = recipe.out / f"{recipe.name}-run"
    with progress("training", steps, lines=True) as advance:
        trained = train_loop(
            trainable,
            batches,
            recipe.plan,
            folder,
            advance=advance,
            resume=resume,
            force=force,
            facts=facts,
        )
    return write(recipe, trained, train, (dev, raw_logits(trained.module, held_out)))


def _faces(recipe: NetworkRecipe, samples: Sequence[Sample], progress: Progress) -> FacePictures:
    cache = settings.writable_folder("cache_dir")
    with progress("finding faces", len(samples), lines=True) as advance:
        return find_faces(
            samples, cache, size=SIDE, margin=MARGIN, workers=recipe.workers, advance=advance
        )


def _inputs(recipe: NetworkRecipe, pictures: FacePictures, progress: Progress) -> Inputs:
    if not recipe.spec.pretrained:
        return FreshCrops(pictures, recipe.spec)
    is_train = pictures.samples[0].split is Split.TRAIN
    with progress("extracting features", len(pictures), lines=True) as advance:
        return cached_maps(
            pictures,
            recipe.stages,
            settings.writable_folder("cache_dir"),
            copies=recipe.augmented if is_train else 1,
            workers=recipe.workers,
            advance=advance,
        )
