"""Train the reconstruction: data, decoder, export, and the errors of its surfaces."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from facepad import settings
from facepad.errors import ModelError
from facepad.jobs.files import write_file
from facepad.jobs.progress import Advance
from facepad.liveness.voxel.volume import DEPTH_PITCH, SIDE, Volume
from facepad.models import store
from facepad.models.card import Card
from facepad.simulate.sources import backgrounds, bona_fide
from facepad.training.face import export
from facepad.training.reconstruct import decoder as network
from facepad.training.reconstruct.data import (
    RENDERED,
    Geometry,
    Targets,
    Wanted,
    pictures,
    renders,
    targets_of,
    truths,
)
from facepad.training.reconstruct.maps import (
    MapBatches,
    TrunkSession,
    digest_of,
    in_slices,
    trunk_maps,
)
from facepad.training.reconstruct.surface_error import SurfaceError, depth_error, measured
from facepad.training.run import FREE_LICENCE, recipe_section
from facepad.training.sources import simulated_samples, without
from facepad.training.stack.estimate import estimate
from facepad.training.stack.loop import TrainedModule, TrainingPlan, train_loop
from facepad.types import Sample, Split

if TYPE_CHECKING:
    from torch import Tensor, nn

NAME = "face_volume"
_DEV_RENDERS = 160
_AT_ONCE = 16  # crops of a validation or an evaluation


@dataclass(frozen=True, slots=True)
class ReconstructRecipe:
    """Options of a training of the reconstruction.

    Attributes:
        simulated: Outputs of ``facepad simulate --depth``.
        portraits: Folders of bona fide pictures that renders take their colours from.
        backgrounds: Folder of pictures behind rendered heads.
        geometry: Files of the face model.
        plan: Options of the loop.
        leave_out: Kinds of attack that are left out of training.
        rendered: Number of renders for training.
        tested: Number of renders of held-out people for the evaluation.
        batch: Crops in a batch.
        out: Folder of the model and of the run.
        workers: Number of processes that make the data.
    """

    simulated: tuple[Path, ...]
    portraits: tuple[Path, ...]
    backgrounds: Path
    geometry: Geometry
    plan: TrainingPlan
    leave_out: tuple[str, ...] = ()
    rendered: int = 2400
    tested: int = 300
    batch: int = 16
    out: Path = Path("out")
    workers: int = 1

    @property
    def command(self) -> str:
        """The command that repeats the training, without the places of folders."""
        words = ["facepad train reconstruct"]
        words += [f"--simulated {folder.name}" for folder in self.simulated]
        words += [f"--portraits {folder.name}" for folder in self.portraits]
        words += [f"--backgrounds {self.backgrounds.name} --geometry geometry"]
        words += [f"--leave-out {','.join(self.leave_out)}"] * bool(self.leave_out)
        words += [f"--renders {self.rendered} --epochs {self.plan.epochs} --seed {self.plan.seed}"]
        return " ".join(words)


@dataclass(frozen=True, slots=True, eq=False)
class ReconstructItems:
    """What a training uses.

    Attributes:
        train: Items to train on.
        dev: Items that select the epoch.
        test: Renders of held-out people.
        licences: Licences of the portraits and of the simulated pictures.
    """

    train: tuple[Wanted, ...]
    dev: tuple[Wanted, ...]
    test: tuple[Wanted, ...]
    licences: str

    def __len__(self) -> int:
        return len(self.train) + len(self.dev) + len(self.test)


@dataclass(frozen=True, slots=True)
class ReconstructResult:
    """The files of a training, and its report as text."""

    model: Path
    report: Path
    text: str


def prepare(recipe: ReconstructRecipe) -> ReconstructItems:
    """List the data, before any slow step.

    Raises:
        DatasetError: A folder is not laid out as expected, or is empty.
        SettingsError: A kind of attack is unknown.
    """
    portraits = bona_fide(recipe.portraits)
    behind = backgrounds(recipe.backgrounds)
    samples: Sequence[Sample] = simulated_samples(recipe.simulated) if recipe.simulated else ()
    if recipe.leave_out:
        samples, _ = without(samples, recipe.leave_out)
    seed = recipe.plan.seed
    made = {
        split: renders(portraits, behind, split, count, seed)
        for split, count in (
            (Split.TRAIN, recipe.rendered), (Split.DEV, _DEV_RENDERS), (Split.TEST, recipe.tested),
        )
    }  # fmt: skip
    shown = pictures(samples)
    train, dev = (
        (*made[split], *(one for one in shown if one.split is split))
        for split in (Split.TRAIN, Split.DEV)
    )
    stated = {one.attributes.get("licence", "") for one in (*portraits, *samples)} - {""}
    return ReconstructItems(train, dev, tuple(made[Split.TEST]), "; ".join(sorted(stated)))


def make_data(
    recipe: ReconstructRecipe, items: ReconstructItems, advance: Advance
) -> tuple[Targets, Targets]:
    """Return the targets of training and validation; they are cached.

    Args:
        recipe: Options.
        items: From `prepare`.
        advance: Called once per item of both.

    Raises:
        DatasetError: A picture cannot be read.
    """
    cache = settings.writable_folder("cache_dir")
    train, dev = (
        targets_of(part, recipe.geometry, cache, workers=recipe.workers, advance=advance)
        for part in (items.train, items.dev)
    )
    return train, dev


def run(
    recipe: ReconstructRecipe,
    items: ReconstructItems,
    data: tuple[Targets, Targets],
    advance: Advance,
    *,
    resume: bool = False,
    force: bool = False,
) -> ReconstructResult:
    """Train, export and evaluate; writes the model, its card and the report.

    Args:
        recipe: Options.
        items: From `prepare`.
        data: From `make_data`.
        advance: Called once per step.
        resume: Resume the run in the folder.
        force: Overwrite it.

    Raises:
        ModelError: Weights are missing, or a file cannot be written.
        SettingsError: As `facepad.training.stack.loop.train_loop`.
    """
    began = time.monotonic()
    train, dev = data
    weights = export.weights()
    trunk = TrunkSession(weights, recipe.plan.threads)
    maps = trunk_maps(train, trunk, settings.writable_folder("cache_dir"), recipe.plan.seed)
    batches = MapBatches(maps, train, recipe.batch, recipe.plan.seed)
    facts = {"command": recipe.command, "batch": recipe.batch,
             "train": digest_of(train), "dev": digest_of(dev)}  # fmt: skip
    trained = train_loop(
        VolumeTraining(trunk, dev), batches, recipe.plan, recipe.out / "run", advance=advance,
        resume=resume, force=force, facts=facts,
    )  # fmt: skip
    seconds = time.monotonic() - began
    errors = evaluate(items.test, recipe.geometry, trunk, trained.module)
    text = report(recipe, data, trained, errors, seconds)
    model = recipe.out / f"{NAME}.onnx"
    content = network.onnx_of(weights, trained.module)
    store.save_file(model, content, _card(recipe, items, text, len(content)))
    values = {"command": recipe.command, "seconds": seconds, "metrics": dict(trained.metrics),
              "surfaces": [asdict(one) for one in errors]}  # fmt: skip
    file = recipe.out / f"{NAME}.json"
    write_file(file, json.dumps(values, indent=2) + "\n", error=ModelError)
    return ReconstructResult(model, file, text)


def dry_run_text(recipe: ReconstructRecipe, items: ReconstructItems) -> str:
    """Return what a training would need: layers, parameters, memory and time."""
    import torch

    sides = (SIDE // 4, SIDE // 8, SIDE // 16, SIDE // 32)
    maps = [
        torch.zeros((recipe.batch, export.CHANNELS[tap], side, side))
        for tap, side in zip(network.TAPS, sides, strict=True)
    ]
    return estimate(
        network.decoder(), (maps,), recipe.plan, _Steps(len(items.train) // recipe.batch)
    )


class _Steps:
    """The number of steps of an epoch, without data; for an estimate."""

    def __init__(self, count: int) -> None:
        self._count = max(count, 1)

    def __len__(self) -> int:
        return self._count

    def epoch(self, number: int) -> Iterator[Any]:  # noqa: ARG002 - the protocol's
        """Yield nothing."""
        return iter(())


class VolumeTraining:
    """Trains the decoder; a `facepad.training.stack.loop.Trainable`.

    Args:
        trunk: The trunk.
        dev: What selects the epoch.
    """

    def __init__(self, trunk: TrunkSession, dev: Targets) -> None:
        self._dev = dev
        self._maps = [trunk.maps(part) for part in _parts(dev.crops)]

    def module(self) -> "nn.Module":
        """Return a new decoder."""
        return network.decoder()

    def loss(self, module: "nn.Module", batch: Any) -> "Tensor":  # noqa: ANN401 - as the protocol
        """Return the loss of maps and slices."""
        maps, slices = batch
        return network.loss(module(maps), slices)

    def validate(self, module: "nn.Module") -> Mapping[str, float]:
        """Return the error of the depth by kind, and the share of columns that are right."""
        found = depths_of(module, self._maps)
        wanted = (in_slices(self._dev.depths).astype(np.float32) - 32.0) * DEPTH_PITCH
        kinds = np.array([item.kind for item in self._dev.items])
        off = {kind: depth_error(wanted[kinds == kind], found[kinds == kind])
               for kind in sorted(set(kinds.tolist()))}  # fmt: skip
        right = float((np.isfinite(found) == np.isfinite(wanted)).mean())
        mean = float(np.mean(list(off.values())))
        return {"selects": right - mean / DEPTH_PITCH / 10.0, "present_right": right,
                **{f"depth_error_{kind}": value for kind, value in off.items()}}  # fmt: skip


def depths_of(
    module: "nn.Module", maps: Iterable[Sequence[NDArray[np.float32]]]
) -> NDArray[np.float32]:
    """Return the depth maps of reconstructions, shape (N, GRID, GRID).

    Args:
        module: The decoder.
        maps: Maps of the trunk, batch by batch.
    """
    import torch

    found = []
    device = next(module.parameters()).device
    with torch.no_grad():
        for batch in maps:
            given = [torch.from_numpy(one).to(device) for one in batch]
            volume = network.occupancy(module(given)).cpu().numpy()
            found += [Volume(np.ascontiguousarray(one)).depth for one in volume]
    return np.stack(found)


def evaluate(
    items: Sequence[Wanted],
    geometry: Geometry,
    trunk: TrunkSession,
    module: "nn.Module",
) -> tuple[SurfaceError, ...]:
    """Return the errors of the surfaces of held-out people, beside two without a network."""
    known = truths(items, geometry)
    crops = np.stack([target.crop for target, _ in known])
    found = depths_of(module, (trunk.maps(part) for part in _parts(crops)))
    return measured([truth for _, truth in known], list(found))


def report(
    recipe: ReconstructRecipe,
    data: tuple[Targets, Targets],
    trained: TrainedModule,
    errors: Sequence[SurfaceError],
    seconds: float,
) -> str:
    """Return the report for the terminal."""
    counts = [
        f"{name}: " + ", ".join(f"{count} {kind}" for kind, count in _counts(part))
        for name, part in zip(("train", "dev"), data, strict=True)
    ]
    metrics = ", ".join(f"{name} {value:.3f}" for name, value in trained.metrics.items())
    faces = len(errors[0].errors) if errors else 0
    return "\n".join([
        *counts,
        f"epoch {trained.best_epoch + 1} of {trained.epochs}: {metrics}",
        f"{faces} rendered faces of held-out people, yaw within 40 degrees:",
        *(line for one in errors for line in one.lines()),
        f"took {seconds:.0f} s with {recipe.plan.threads} threads, without the evaluation",
    ])  # fmt: skip


def _parts(crops: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(crops), _AT_ONCE):
        yield crops[start : start + _AT_ONCE]


def _counts(targets: Targets) -> list[tuple[str, int]]:
    kinds, counts = np.unique([item.kind for item in targets.items], return_counts=True)
    return list(zip(kinds.tolist(), counts.tolist(), strict=True))


def _card(recipe: ReconstructRecipe, items: ReconstructItems, text: str, size: int) -> Card:
    rendered = sum(one.kind == RENDERED for one in items.train)
    left_out = f" Left out of training: {', '.join(recipe.leave_out)}." if recipe.leave_out else ""
    return Card(
        title="Volume of a face from one picture",
        version="1",
        licence=FREE_LICENCE,
        data=f"{rendered:,} renders of the face model ICT-FaceKit Light (MIT) with random people, "
        "expressions, poses and light, coloured by portraits; simulated bona fide pictures, with "
        "the face model fitted to their landmarks; simulated attacks with the shape of their "
        f"medium.{left_out} Licences stated for the pictures: {items.licences}. The "
        "trunk is EfficientNet-Lite0 with ImageNet weights, frozen (see face_trunk).",
        recipe=recipe_section(
            recipe.command,
            "Direct volumetric regression: a decoder of 2D convolutions on four blocks of the "
            "frozen trunk, whose output channels are the depth slices of the volume; "
            f"{size / 1e6:.1f} MB in 32-bit numbers.",
            "train",
        ),
        results=f"```text\n{text}\n```",
        limits="One picture determines neither the distance nor the absolute size. Hair, ears and "
        "neck are not described. Trained on renders and simulations; how flat real prints and "
        "screens come out is measured with the voxel test.",
    )
