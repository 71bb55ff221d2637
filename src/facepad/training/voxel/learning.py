"""What a voxel network learns from: balanced batches, its loss and its validation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from facepad.evaluation.ranking import auc
from facepad.training.scaling import Vector, sample_weights
from facepad.training.voxel.networks import NetworkSpec, voxel_network
from facepad.training.voxel.volumes import SeenMaps, VolumeCache, VoxelSet

if TYPE_CHECKING:
    from torch import Tensor, nn

_SMOOTHING = 0.02  # of the labels: no picture is certain
# Share of pictures whose appearance is left out where a network sees both, so that it learns the
# shape, too.
_WITHOUT_APPEARANCE = 0.15
# Penalties on the weights of the heads for flat media and for masks; of all features standardised.
_ON_FLAT, _ON_MASKS = 1.6, 0.5
_MASK = "mask"  # the PAI species whose head is apart
_AT_ONCE = 16  # pictures of a forward pass without gradients

Batch = Mapping[str, Any]  # occupancy, maps and labels


@dataclass(frozen=True, slots=True, eq=False)
class VoxelBatches:
    """Batches with both classes, all species, and sources by the root of their size alike.

    Attributes:
        data: Training pictures.
        cache: Their volumes.
        seen: Frozen maps of augmented copies of their crops.
        size: Pictures of a batch.
        hides: Whether the appearance is left out now and then.
        seed: Random seed.
    """

    data: VoxelSet
    cache: VolumeCache
    seen: SeenMaps
    size: int
    hides: bool
    seed: int

    def __len__(self) -> int:
        """Return the number of batches in an epoch: as many pictures as there are."""
        return max(1, len(self.data.samples) // self.size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, from 0; they depend on the seed and the number only."""
        rng = np.random.default_rng([self.seed, number])
        weight = sample_weights(self.data.samples, by_source=True)
        count = len(self) * self.size
        drawn = rng.choice(len(weight), count, p=weight / weight.sum())
        for rows in drawn.reshape(-1, self.size):
            yield self._batch(rows.tolist(), rng)

    def _batch(self, rows: Sequence[int], rng: np.random.Generator) -> Batch:
        keys = [self.data.keys[row] for row in rows]
        moves, maps = self.seen.load(self.data.name, keys, rng)
        hidden = self.hides * (rng.random(len(keys)) < _WITHOUT_APPEARANCE)
        for own in maps:
            own[hidden.astype(np.bool_)] = 0.0
        listed = zip(moves, self.cache.load(keys), strict=True)
        volumes = np.stack([move.volume(volume) for move, (_, volume) in listed])
        labels = self.data.bona_fide[rows].astype(np.float32)
        masks = np.array([self.data.samples[row].pai_species == _MASK for row in rows], np.bool_)
        return {"occupancy": _shares(volumes), "maps": maps, "labels": labels, "masks": masks}


@dataclass(frozen=True, slots=True, eq=False)
class VoxelTraining:
    """A voxel network with its loss and its validation.

    Attributes:
        spec: Which network.
        trunk: Weights of the frozen backbone; empty where none sees.
        dev: Pictures of people who are not trained on, for the selection of the epoch.
        cache: Their volumes.
        seen: Frozen maps of their crops.
    """

    spec: NetworkSpec
    trunk: "Mapping[str, Tensor]"
    dev: VoxelSet
    cache: VolumeCache
    seen: SeenMaps

    def module(self) -> "nn.Module":
        """Return a new network."""
        return voxel_network(self.spec, self.trunk)

    def loss(self, module: "nn.Module", batch: Mapping[str, Any]) -> "Tensor":
        """Return the cross-entropy; of two softmax outputs it is that of their difference.

        Where flat media and masks have a head each, each head learns from its own attacks, and
        its weights are penalised.
        """
        from torch.nn import functional

        logits, features = module.classifier(batch["occupancy"], *batch["maps"])
        targets = batch["labels"] * (1.0 - 2.0 * _SMOOTHING) + _SMOOTHING
        if not self.spec.has_mask_head:
            return functional.binary_cross_entropy_with_logits(logits, targets)
        outputs, masks = module.classifier.head(features), batch["masks"]
        bona_fide = batch["labels"] > 0.5
        total = 0.0
        for number, (taught, penalty) in enumerate(
            ((~masks, _ON_FLAT), (bona_fide | masks, _ON_MASKS))
        ):
            each = functional.binary_cross_entropy_with_logits(
                outputs[:, number], targets, reduction="none"
            )
            weights = module.classifier.head.weight[number]
            mean = (each * taught).sum() / taught.sum().clamp(min=1)
            total = total + mean + 0.5 * penalty * (weights**2).sum()
        return total

    def validate(self, module: "nn.Module") -> Mapping[str, float]:
        """Return the mean AUC over species of attack, and the AUC of each species."""
        raw = logits_of(module, self.dev, self.cache, self.seen)
        own = self.dev.bona_fide
        species = np.array([sample.pai_species or "" for sample in self.dev.samples])
        by_species = {
            f"auc_{name}": auc(own[own | (species == name)], raw[own | (species == name)])
            for name in sorted(set(species.tolist()) - {""})
        }
        return {"auc": float(np.mean(list(by_species.values()))), **by_species}


def logits_of(module: "nn.Module", data: VoxelSet, cache: VolumeCache, seen: SeenMaps) -> Vector:
    """Return raw logits of the pictures of a set, as they are, shape (N,)."""
    import torch

    device = next(module.parameters()).device
    found = []
    module.eval()
    with torch.no_grad():
        for start in range(0, len(data.keys), _AT_ONCE):
            keys = data.keys[start : start + _AT_ONCE]
            _, maps = seen.load(data.name, keys)
            volumes = np.stack([volume for _, volume in cache.load(keys)])
            tensors = [torch.from_numpy(one).to(device) for one in (_shares(volumes), *maps)]
            found.append(module.classifier(*tensors)[0].cpu().numpy())
    return np.concatenate(found).astype(np.float64)


def _shares(volumes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return occupancies in 255ths as shares."""
    return volumes.astype(np.float32) / np.float32(255.0)
