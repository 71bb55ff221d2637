"""The training of the voxel test: volumes, network, scaling, error rates and cards."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from facepad import settings
from facepad.datasets.simulated import order_summary
from facepad.jobs.progress import Advance
from facepad.liveness.voxel.decision import BALANCED, VoxelDecision
from facepad.liveness.voxel.volume import GRID, SIDE, SLICES
from facepad.models import store
from facepad.models.card import Card
from facepad.models.index import digest
from facepad.training.face import export
from facepad.training.run import (
    FIRST_VERSION,
    FREE_LICENCE,
    SELECTED_ON,
    Fitted,
    TrainingResult,
    licences_of,
    recipe_section,
    result_section,
    size_of,
)
from facepad.training.run import run as run_recipe
from facepad.training.scaling import ACCEPTED, ACCUSED, Vector, platt, sample_weights
from facepad.training.sources import every_nth
from facepad.training.stack.estimate import estimate, parameters_of
from facepad.training.stack.loop import TrainedModule, TrainingPlan, train_loop
from facepad.training.voxel.errors import columns_of, errors_of, points_of
from facepad.training.voxel.in_onnx import exported
from facepad.training.voxel.learning import VoxelBatches, VoxelTraining, logits_of
from facepad.training.voxel.maps import compute_maps
from facepad.training.voxel.networks import NetworkSpec, voxel_network
from facepad.training.voxel.sources import VoxelSamples, VoxelSources
from facepad.training.voxel.volumes import (
    MapCache,
    SeenMaps,
    VolumeCache,
    VoxelSet,
    extract,
    reconstructor_of,
)

if TYPE_CHECKING:
    from torch import nn

NAME, NETWORK = "voxel_free", "voxel_net_free"
RUN = "run"  # folder of log, plot and checkpoints, in that of the model
_MOST_VALIDATED = 600  # pictures after each epoch; scaling uses all of the selecting people
_LIMITS = (
    "The volume is reconstructed from one picture: it separates flat media from faces, but a rigid "
    "mask has the shape of a face, so that only its surface gives it away. Simulated attacks and "
    "studio portraits: thresholds depend on the camera, calibrate it. Not to be used alone for a "
    "decision about a person."
)


class ShowsProgress(Protocol):
    """Shows the progress of one step."""

    def __call__(
        self, what: str, total: int, *, lines: bool = False
    ) -> AbstractContextManager[Advance]:
        """Return a context that gives what is called once per item."""


@dataclass(frozen=True, slots=True, eq=False)
class VoxelData:
    """The volumes of one training, by use as in `VoxelSamples`."""

    train: VoxelSet
    selecting: VoxelSet
    held_out: VoxelSet
    left_out: tuple[VoxelSet, ...]
    dev: tuple[VoxelSet, ...]
    test: tuple[VoxelSet, ...]
    steps: int
    seen: SeenMaps

    def __len__(self) -> int:
        """Return the number of training steps."""
        return self.steps


@dataclass(frozen=True, slots=True)
class VoxelRecipe:
    """Options of a training of the voxel test.

    Attributes:
        sources: Data.
        spec: Which network, and what it sees.
        plan: Epochs, learning rate and so on.
        batch: Pictures of a batch.
        copies: Augmented copies of each crop whose maps are computed beforehand.
        volumes: The network that reconstructs volumes, in ONNX; None for the packaged one.
        thinned: Use every Nth simulated picture.
        evaluate_test: Whether to evaluate the test parts of real sets; the card says which.
        out: Folder for models, cards and report.
        workers: Number of processes that reconstruct.
        resume: Whether to resume an interrupted training in ``out``.
        force: Whether to overwrite it.
    """

    sources: VoxelSources
    spec: NetworkSpec
    plan: TrainingPlan
    batch: int
    copies: int
    volumes: Path | None
    thinned: int
    evaluate_test: bool
    out: Path
    workers: int
    resume: bool = False
    force: bool = False

    @property
    def name(self) -> str:
        """Name of the model with scaling and operating points."""
        return NAME

    @property
    def command(self) -> str:
        """The command that repeats the training, without the places of folders."""
        real, spec, plan = self.sources.evaluated, self.spec, self.plan
        parts = ["facepad train voxel", *["--simulated DIR"] * len(self.sources.simulated)]
        parts += [f"--recipe {spec.recipe} --inputs {spec.inputs}"]
        blocks = ",".join(map(str, spec.blocks))
        parts += [f"--trunk-blocks '{blocks}'"] * spec.has_appearance
        parts += [f"--leave-out {','.join(self.sources.left_out)}"] * bool(self.sources.left_out)
        parts += [
            f"--epochs {plan.epochs} --batch {self.batch} --copies {self.copies} --seed {plan.seed}"
        ]
        parts += [f"--learning-rate {plan.learning_rate:g} --weight-decay {plan.weight_decay:g}"]
        parts += [f"--every {self.thinned}"] * (self.thinned > 1)
        if real.root is not None:
            parts.append(f"--dataset {real.dataset}=DIR --dataset-every {self.sources.every}")
        parts += ["--crops FILE"] * (real.crops is not None)
        parts += ["--volumes FILE"] * (self.volumes is not None)
        return " ".join([*parts, *["--judge FILE"] * self.evaluate_test])

    @property
    def facts(self) -> Mapping[str, object]:
        """Options, for the report as JSON."""
        return {
            "recipe": self.spec.recipe,
            "inputs": self.spec.inputs,
            "trunk_blocks": list(self.spec.blocks) if self.spec.has_trunk else [],
            "left_out": list(self.sources.left_out),
            "batch": self.batch,
            "copies": self.copies,
            "epochs": self.plan.epochs,
            "seed": self.plan.seed,
        }

    def judged(self, data: VoxelData) -> tuple[str, ...]:
        """Return the names of the test sets that are evaluated."""
        return tuple(part.name for part in data.test)

    def samples(self) -> VoxelSamples:
        """List all pictures.

        Raises:
            SettingsError: A kind of attack that is left out, or a dataset, is unknown.
            DatasetError: Something is missing or not laid out as expected.
        """
        return self.sources.listed(test=self.evaluate_test).every(self.thinned)

    def measured(self, samples: VoxelSamples, advance: Advance) -> VoxelData:
        """Compute volumes and frozen maps of all pictures, or find them in the cache.

        Args:
            samples: From `samples`.
            advance: Called once for the volume and once for the maps of each picture.

        Raises:
            DatasetError: A picture cannot be read.
            ModelError: A model is missing or wrong.
        """
        folder = settings.writable_folder("cache_dir")
        cache = VolumeCache(folder)
        found = {
            part.name: extract(part, cache, self.volumes, workers=self.workers, advance=advance)
            for part in samples.sets
        }
        copies = [(one, self.copies * (name == samples.train.name)) for name, one in found.items()]
        seen = compute_maps(
            self.spec, self._trunk(), copies, folder, workers=self.workers, advance=advance
        )

        def of(parts: Sequence[Any]) -> tuple[VoxelSet, ...]:
            return tuple(found[part.name] for part in parts)

        train = found[samples.train.name]
        steps = self.plan.epochs * len(self._batches(train, cache, seen))
        return VoxelData(
            train,
            found[samples.selecting.name],
            found[samples.held_out.name],
            left_out=of(samples.left_out),
            dev=of(samples.dev),
            test=of(samples.test),
            steps=steps,
            seen=seen,
        )

    def prepare(self) -> VoxelData:
        """List and measure all pictures, without progress; see `samples` and `measured`."""
        return self.measured(self.samples(), lambda: None)

    def fit(self, data: VoxelData, cache: Path, advance: Advance) -> Fitted:
        """Train the network, write it with its card, scale it and evaluate it.

        Raises:
            SettingsError: The folder holds a training, and neither ``resume`` nor ``force`` is set.
            ModelError: The loss is not finite, or a file cannot be written.
        """
        volumes = VolumeCache(cache)
        trained = self._trained(data, volumes, advance)
        onnx = exported(trained.module.classifier, self.spec)
        store.save_file(self.out / f"{NETWORK}.onnx", onnx, self._network_card(data, trained))

        def raw(part: VoxelSet) -> Vector:
            return logits_of(trained.module, part, volumes, data.seen)

        selecting, dev = raw(data.selecting), [raw(part) for part in data.dev]
        weight = sample_weights(data.selecting.samples, by_source=True)
        scaling = platt(selecting, data.selecting.bona_fide, weight)
        known = zip((data.selecting, *data.dev), (selecting, *dev), strict=True)
        columns = [column for part, own in known for column in columns_of(part, own)]
        decision = VoxelDecision(
            scaling,
            points_of(columns, scaling),
            f"{NETWORK}-{FIRST_VERSION}+{digest(onnx)[:8]}",
            reconstructor_of(self.volumes).version.rpartition("+")[2],
        )
        held_out, *rest = (raw(part) for part in (data.held_out, *data.left_out, *data.test))
        sets = (data.held_out, *data.dev, *data.left_out, *data.test)
        errors = errors_of(sets, (held_out, *dev, *rest), decision)
        return Fitted(decision.arrays(), decision.points[BALANCED], errors)

    def card(self, data: VoxelData, report: str) -> Card:
        """Return the card of scaling and operating points: data, options and errors."""
        shares = ", ".join(f"{share:.0%} ({name})" for name, share in ACCEPTED.items())
        return Card(
            title="Scaling and operating points of the voxel test (free)",
            version=FIRST_VERSION,
            licence=FREE_LICENCE,
            data=self._data_section(data),
            recipe=recipe_section(
                self.command,
                "Platt scaling on simulated people who were not trained on; classes and species "
                f"count alike. Operating points: at most {shares} of the attacks of the worst "
                f"source of these people or dev set are accepted, and at most {ACCUSED:.0%} of its "
                "bona fide are classified as attacks. The held-out people are others: neither the "
                "epoch nor the scaling nor the operating points were selected on them. The recipe "
                "itself was chosen with people among them, so their figures are optimistic.",
                "train",
            ),
            results=result_section(report, self.judged(data)),
            limits=_LIMITS,
        )

    def _trained(self, data: VoxelData, cache: VolumeCache, advance: Advance) -> TrainedModule:
        dev = _thinned(data.selecting, _MOST_VALIDATED)
        training = VoxelTraining(self.spec, self._trunk(), dev, cache, data.seen)
        facts = {
            **self.facts,
            "pictures": digest("".join(data.train.keys).encode()),
            "command": self.command,
        }
        return train_loop(
            training,
            self._batches(data.train, cache, data.seen),
            self.plan,
            self.out / RUN,
            advance=advance,
            resume=self.resume,
            force=self.force,
            facts=facts,
        )

    def _batches(self, train: VoxelSet, cache: VolumeCache, seen: SeenMaps) -> VoxelBatches:
        hides = self.spec.inputs == "both" and not self.spec.has_mask_head
        return VoxelBatches(train, cache, seen, self.batch, hides, self.plan.seed)

    def _trunk(self) -> Mapping[str, Any]:
        return export.weights() if self.spec.has_trunk else {}

    def _network_card(self, data: VoxelData, trained: TrainedModule) -> Card:
        spec, (_, count) = self.spec, parameters_of(trained.module)
        metrics = ", ".join(f"{name} {value:.3f}" for name, value in trained.metrics.items())
        blocks = ", ".join(map(str, spec.blocks))
        sees = (
            f", over the reconstruction's frozen trunk, blocks {blocks}" if spec.has_trunk else ""
        )
        return Card(
            title=f"Network over volumes of faces: {spec.recipe}, {spec.inputs}",
            version=FIRST_VERSION,
            licence=FREE_LICENCE,
            data=self._data_section(data),
            recipe=recipe_section(
                self.command,
                f"{count:,} weights were trained{sees}, by {self.plan.optimizer}; the best epoch "
                f"by the mean AUC over species on simulated people who were not trained on: "
                f"{trained.best_epoch + 1} of {trained.epochs}.",
                "train",
            ),
            results=f"On the people who selected the epoch: {metrics}. Results on other people are "
            f"in the card of {NAME}.",
            limits=_LIMITS,
        )

    def _data_section(self, data: VoxelData) -> str:
        sources = ", ".join(sorted({sample.session or "" for sample in data.train.samples}))
        lines = ["Fitted on:", "", f"- simulated: {size_of(data.train.samples)} ({sources})", ""]
        made = [order_summary(root) for root in self.sources.simulated]
        lines += [f"Simulated with: {options}." for options in made if options]
        if self.sources.left_out:
            lines += ["", f"Left out: {', '.join(self.sources.left_out)}."]
        lines += ["", f"Licences of the pictures: {licences_of(data.train.samples)}."]
        lines += ["", f"{SELECTED_ON} these sets, on which nothing was fitted:", ""]
        selected = (data.selecting, *data.dev)
        lines += [f"- {part.name}: {size_of(part.samples)}" for part in selected]
        return "\n".join(lines)


def run(
    recipe: VoxelRecipe, progress: ShowsProgress, *, openings: Path | None = None
) -> TrainingResult:
    """Reconstruct all volumes, train the network and write models, cards and report.

    Args:
        recipe: What to train.
        progress: Shows the progress of both steps.
        openings: List of the evaluations of test sets; None where no test set is evaluated.

    Raises:
        SettingsError: As `VoxelRecipe.samples` and `VoxelRecipe.fit`.
        DatasetError: As `VoxelRecipe.samples` and `VoxelRecipe.measured`.
        ModelError: As `VoxelRecipe.measured` and `VoxelRecipe.fit`.
    """
    samples = recipe.samples()
    total = len(samples) * (2 if recipe.spec.has_appearance else 1)  # volumes, then maps
    with progress("reconstructing volumes", total, lines=True) as advance:
        data = recipe.measured(samples, advance)
    with progress("training", len(data), lines=True) as advance:
        return run_recipe(recipe, data, advance, openings=openings)


def dry_run(recipe: VoxelRecipe) -> str:
    """Return shapes, parameters, memory and time of a training, as text; nothing is trained.

    Raises:
        SettingsError: As `VoxelRecipe.samples`.
        DatasetError: As `VoxelRecipe.samples`.
        ModelError: Weights cannot be fetched, or the network of volumes cannot be run.
    """
    import torch

    samples = recipe.samples()
    reconstructor_of(recipe.volumes)
    folder = settings.writable_folder("cache_dir")
    train, seen = VoxelSet("train", samples.train.samples, ()), SeenMaps(MapCache(folder), {}, ())
    batches = recipe._batches(train, VolumeCache(folder), seen)
    network: nn.Module = voxel_network(recipe.spec, recipe._trunk())
    maps = network.seen(torch.zeros((recipe.batch, SIDE, SIDE, 3), dtype=torch.uint8))
    example = (torch.rand(recipe.batch, SLICES, GRID, GRID), *maps)
    counts = (
        f"{size_of(train.samples)} to train on, {size_of(samples.selecting.samples)} to select on, "
        f"{size_of(samples.held_out.samples)} held out"
    )
    return f"{counts}\n{estimate(network.classifier, example, recipe.plan, batches)}"


def _thinned(part: VoxelSet, most: int) -> VoxelSet:
    kept = every_nth(part.samples, max(1, -(-len(part.keys) // most)))
    samples = tuple(part.samples[place] for place in kept)
    return replace(part, samples=samples, keys=tuple(part.keys[place] for place in kept))
