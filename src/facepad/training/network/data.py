"""Batches for the recipe: cached outputs of the frozen stages, or crops that are drawn afresh."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facepad.jobs.progress import Advance, ignore
from facepad.packed.pictures import PackedFiles
from facepad.training.feature_cache import CacheTable, compute_cached, text_key
from facepad.training.network.thesis import BackboneSpec, FrozenStages, backbone, spec_of
from facepad.training.stack.augment import Augmentation
from facepad.training.stack.pictures import FacePictures, cut, picture
from facepad.training.stack.sampler import draw, shares
from facepad.types import Box, RgbImage, Sample

Maps = NDArray[np.float32]  # shape (N, C, h, w)
_Row = tuple[str, NDArray[np.float16]]
_Item = tuple[str, str, int | None, Box]  # key, path, frame, box of the face


class Inputs(Protocol):
    """What a network that is trained takes, for each picture."""

    def __len__(self) -> int:
        """Return the number of pictures."""

    def get(self, rows: Sequence[int], random: np.random.Generator | None = None) -> Maps:
        """Return the inputs of some pictures.

        Args:
            rows: Which.
            random: Chooses the changes of each picture; None for the pictures as they are.
        """


@dataclass(frozen=True, slots=True, eq=False)
class FreshCrops:
    """Crops of pictures, changed afresh each time.

    Attributes:
        pictures: The pictures.
        spec: The backbone, for its mean and deviation.
        augmentation: How far crops are changed.
    """

    pictures: FacePictures
    spec: BackboneSpec
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)

    def get(self, rows: Sequence[int], random: np.random.Generator | None = None) -> Maps:
        """Return normalised crops, as `Inputs`."""
        crops = [self.pictures.crop(int(row), self.augmentation, random) for row in rows]
        return normalised(crops, self.spec)


@dataclass(frozen=True, slots=True, eq=False)
class CachedMaps:
    """Outputs of the frozen stages, of each picture as it is and of changed copies of it.

    Attributes:
        keys: Keys of the pictures in the cache.
        cache: The cache.
        copies: Number of copies of each picture; the first one is unchanged.
        shape: Shape of one output.
    """

    keys: tuple[str, ...]
    cache: "StageMapCache"
    copies: int
    shape: tuple[int, ...]

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.keys)

    def get(self, rows: Sequence[int], random: np.random.Generator | None = None) -> Maps:
        """Return outputs of one copy of each picture, as `Inputs`."""
        keys = [self.keys[row] for row in rows]
        known = self.cache.read(keys)
        chosen = np.zeros(len(keys), int)
        if random is not None:
            chosen = random.integers(0, self.copies, len(keys))
        maps = [
            known[key][1].reshape(self.copies, *self.shape)[copy]
            for key, copy in zip(keys, chosen, strict=True)
        ]
        return np.stack(maps).astype(np.float32)


class StageMapCache:
    """Outputs by key in one file, as 16-bit numbers.

    Args:
        folder: Folder of the file.
    """

    def __init__(self, folder: Path) -> None:
        self._table = CacheTable(folder / "network.sqlite", "maps", "data BLOB")

    def read(self, keys: Iterable[str]) -> dict[str, _Row]:
        """Return the rows of those keys that are in the cache."""
        found = self._table.read(keys).values()
        return {key: (key, np.frombuffer(data, np.float16)) for key, data in found}

    def write(self, rows: Sequence[_Row]) -> None:
        """Write rows, all or none."""
        self._table.write([(key, values.astype(np.float16).tobytes()) for key, values in rows])


class _KeysOnly:
    """A cache that keeps what it reads in no memory: all maps of a dataset may exceed it."""

    def __init__(self, cache: StageMapCache) -> None:
        self._cache = cache
        self.write = cache.write

    def read(self, keys: Iterable[str]) -> dict[str, _Row]:
        """Return rows without their numbers, for those keys that are in the cache."""
        nothing = np.empty(0, np.float16)
        return {key: (key, nothing) for one in keys for key in self._cache.read([one])}


def cached_maps(
    pictures: FacePictures,
    stages: FrozenStages,
    cache: Path,
    *,
    copies: int,
    workers: int,
    advance: Advance = ignore,
) -> CachedMaps:
    """Compute the outputs of the frozen stages of every picture, or read them from the cache.

    Args:
        pictures: The pictures.
        stages: The frozen stages.
        cache: Folder of the cache.
        copies: Number of copies of each picture; the first one is unchanged.
        workers: Number of processes; 0 to work in this one.
        advance: Called once per picture.

    Raises:
        DatasetError: A picture cannot be read.
        ModelError: The weights cannot be had.
    """
    tag = f"{stages.tag}|{copies}|{pictures.size}|{pictures.margin}"
    items = [
        (text_key(f"{key}|{tag}"), sample.path, sample.frame, box)
        for key, sample, box in zip(pictures.keys, pictures.samples, pictures.boxes, strict=True)
    ]
    maps = StageMapCache(cache)
    context = partial(_Trunk, stages, copies, (pictures.size, pictures.margin))
    compute_cached(items, _KeysOnly(maps), _row, context, workers=workers, advance=advance)
    shape = output_shape(stages.backbone, pictures.size)
    return CachedMaps(tuple(item[0] for item in items), maps, copies, shape)


def output_shape(name: str, side: int) -> tuple[int, ...]:
    """Return the shape of the frozen stages' output of one crop."""
    import torch

    with torch.no_grad():
        return tuple(backbone(name).frozen(torch.zeros(1, 3, side, side)).shape[1:])


class _Trunk:
    """Computes the frozen stages; one per worker process."""

    def __init__(self, stages: FrozenStages, copies: int, shape: tuple[int, float]) -> None:
        import torch

        torch.set_num_threads(1)
        self.spec, self.copies, self.shape = spec_of(stages.backbone), copies, shape
        self.frozen = backbone(stages.backbone, stages.state()).frozen
        self.augmentation, self.packed = Augmentation(), PackedFiles()


def _row(trunk: _Trunk, item: _Item) -> _Row:
    import torch

    key, path, number, box = item
    image = picture(path, number, trunk.packed)
    random = np.random.default_rng(int(key[:16], 16))  # the same copies on any machine
    crops = [cut(image, box, trunk.shape)]
    for _ in range(1, trunk.copies):
        crops.append(cut(image, box, trunk.shape, trunk.augmentation, random))
    with torch.no_grad():
        values = trunk.frozen(torch.from_numpy(normalised(crops, trunk.spec)))
    return key, values.numpy().astype(np.float16).ravel()


def normalised(crops: Sequence[RgbImage], spec: BackboneSpec) -> Maps:
    """Return crops as a backbone takes them, shape (N, 3, size, size)."""
    pixels = np.stack(crops).astype(np.float32) / np.float32(255.0)
    scaled = (pixels - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


class BalancedBatches:
    """Batches of an equal number of pictures, drawn evenly over datasets, species and subjects.

    Args:
        inputs: What the network takes.
        samples: The samples of the pictures.
        size: Number of pictures in a batch.
        seed: Random seed.

    Raises:
        DatasetError: A class is missing.
    """

    def __init__(self, inputs: Inputs, samples: Sequence[Sample], size: int, seed: int) -> None:
        self._inputs, self._size, self._seed = inputs, size, seed
        self._shares = shares(samples)
        self._labels = np.array([sample.is_bona_fide for sample in samples], np.int64)

    def __len__(self) -> int:
        """Return the number of batches of an epoch: as many pictures as there are."""
        return max(1, len(self._labels) // self._size)

    def epoch(self, number: int) -> Iterator[tuple[Maps, NDArray[np.int64]]]:
        """Yield inputs and labels (1 for bona fide) of each batch."""
        random = np.random.default_rng((self._seed, number))
        rows = draw(self._shares, len(self) * self._size, random)
        for index in range(len(self)):
            own = rows[index * self._size : (index + 1) * self._size]
            yield self._inputs.get(own.tolist(), random), self._labels[own]
