"""Frozen maps of crops, as they are and of augmented copies: computed once and kept on disk.

The frozen backbone costs most of a training step. Its outputs are those of a few copies of each
crop that were augmented beforehand; what is learned sees another copy each time.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facepad.jobs.progress import Advance
from facepad.models.index import digest
from facepad.models.session import open_session
from facepad.training.feature_cache import compute_cached, text_key
from facepad.training.voxel.augmentation import Move, recaptured
from facepad.training.voxel.in_onnx import exported_maps
from facepad.training.voxel.networks import NetworkSpec
from facepad.training.voxel.volumes import MapCache, MapRow, SeenMaps, VolumeCache, VoxelSet

if TYPE_CHECKING:
    from torch import Tensor

_COMPUTED_AS = 1  # raised when the same crop would give other copies

_Item = tuple[str, str, int]  # key, key of the crop, and number of copies; 0 for the crop as it is


class MapMaker:
    """Computes maps of crops by the exported network; one per worker process.

    Args:
        network: The frozen part in ONNX.
        volumes: Folder of the cache of crops.
    """

    def __init__(self, network: bytes, volumes: Path) -> None:
        self._session = open_session(network, 1, "the frozen part of the voxel network")
        self.crops = VolumeCache(volumes)

    def maps(self, crops: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return the maps of crops, each of shape (N, C, h, w)."""
        found: list[NDArray[np.float32]] = self._session.run(None, {"crops": crops})
        return found


def compute_maps(
    spec: NetworkSpec,
    trunk: "Mapping[str, Tensor]",
    sets: Sequence[tuple[VoxelSet, int]],
    folder: Path,
    *,
    workers: int,
    advance: Advance,
) -> SeenMaps:
    """Compute the maps of all crops, or find them in the cache.

    Args:
        spec: Which network.
        trunk: Weights of the backbone.
        sets: Pictures, and of how many augmented copies the maps are; 0 for the crop as it is.
        folder: Of the caches.
        workers: Number of processes.
        advance: Called once per picture.
    """
    cache = MapCache(folder)
    if not spec.has_appearance:
        return SeenMaps(cache, {}, ())
    network = exported_maps(spec, trunk)
    make = partial(MapMaker, network, folder)
    shapes = tuple(one.shape[1:] for one in make().maps(np.zeros((1, 192, 192, 3), np.uint8)))
    tag = f"{_COMPUTED_AS}|{digest(network)}"
    keys = {}
    for part, copies in sets:
        of_crop = {key: text_key(f"{key}|{copies}|{tag}") for key in part.keys}
        items = [(own, key, copies) for key, own in of_crop.items()]
        compute_cached(items, cache, _row, make, workers=workers, advance=advance)
        keys[part.name] = of_crop
    return SeenMaps(cache, keys, shapes)


def _row(maker: MapMaker, item: _Item) -> MapRow:
    key, of_crop, copies = item
    ((crop, _),) = maker.crops.load([of_crop])
    rng = np.random.default_rng(int(of_crop[:16], 16))
    moves = [Move.draw(rng) for _ in range(copies)] or [Move()]
    seen = [move.crop(recaptured(crop, rng)) for move in moves[:copies]] or [crop]
    maps = maker.maps(np.ascontiguousarray(np.stack(seen)))
    rows = np.concatenate([own.reshape(len(seen), -1) for own in maps], axis=1)
    packed = np.array([[move.mirrored, move.down, move.across] for move in moves], np.int8)
    return key, packed.tobytes(), rows.astype(np.float16).tobytes()
