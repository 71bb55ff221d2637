"""Frozen maps of crops, as they are and of augmented copies: computed once and kept on disk.

The frozen backbone costs most of a training step. Its outputs are those of a few copies of each
crop that were augmented beforehand; what is learned sees another copy each time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from facepad.jobs.progress import Advance
from facepad.models.index import digest
from facepad.models.session import open_session
from facepad.training.feature_cache import CacheTable, compute_cached, text_key
from facepad.training.voxel.augmentation import Move, recaptured
from facepad.training.voxel.networks import NetworkSpec, exported_maps
from facepad.training.voxel.volumes import VolumeCache, VoxelSet

if TYPE_CHECKING:
    from torch import Tensor

_COMPUTED_AS = 1  # raised when the same crop would give other copies

Maps = NDArray[np.float16]  # of one crop, all maps side by side
_Row = tuple[
    str, bytes, bytes
]  # key, moves and maps of the copies; without the last two when known
_Item = tuple[str, str, int]  # key, key of the crop, and number of copies; 0 for the crop as it is


class MapCache:
    """Maps by key in one file; which keys are known is read without them."""

    def __init__(self, folder: Path) -> None:
        file = folder / "voxel_maps.sqlite"
        self._known = CacheTable(file, "known", "copies INT")
        self._maps = CacheTable(file, "maps", "moves BLOB, data BLOB")

    def read(self, keys: Iterable[str]) -> dict[str, _Row]:
        """Return which of these keys are in the cache, without moves and maps."""
        return {key: (key, b"", b"") for key in self._known.read(keys)}

    def write(self, rows: Sequence[_Row]) -> None:
        """Write rows; a key is known only when its maps are there."""
        self._maps.write(rows)
        self._known.write([(key, len(moves) // 3) for key, moves, _ in rows])

    def load(self, keys: Sequence[str]) -> list[tuple[list[Move], NDArray[np.float16]]]:
        """Return moves and maps of all copies, shape (copies, F), of keys."""
        found = self._maps.read(keys)
        return [_unpacked(*found[key][1:]) for key in keys]


@dataclass(frozen=True, slots=True, eq=False)
class SeenMaps:
    """Maps of the crops of several sets, on disk.

    Attributes:
        cache: The cache.
        keys: Keys of maps by set and by key of the crop.
        shapes: Shape of each map of a crop; none where a network sees the occupancy alone.
    """

    cache: MapCache
    keys: Mapping[str, Mapping[str, str]]
    shapes: tuple[tuple[int, ...], ...]

    def load(
        self, part: str, keys: Sequence[str], rng: np.random.Generator | None = None
    ) -> tuple[list[Move], list[NDArray[np.float32]]]:
        """Return a move and the maps of one copy of each crop.

        Args:
            part: Name of the set.
            keys: Keys of the crops.
            rng: Draws the copy; None for the only one.

        Returns:
            Moves, and arrays of shape (N, C, h, w).
        """
        if not self.shapes:
            moves = [Move() if rng is None else Move.draw(rng) for _ in keys]
            return moves, []
        found = self.cache.load([self.keys[part][key] for key in keys])
        drawn = [0 if rng is None else int(rng.integers(len(moves))) for moves, _ in found]
        rows = np.stack([maps[copy] for (_, maps), copy in zip(found, drawn, strict=True)])
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        parts = np.split(rows.astype(np.float32), ends[:-1], axis=1)
        return (
            [moves[copy] for (moves, _), copy in zip(found, drawn, strict=True)],
            [own.reshape(-1, *shape) for own, shape in zip(parts, self.shapes, strict=True)],
        )


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


def _row(maker: MapMaker, item: _Item) -> _Row:
    key, of_crop, copies = item
    ((crop, _),) = maker.crops.load([of_crop])
    rng = np.random.default_rng(int(of_crop[:16], 16))
    moves = [Move.draw(rng) for _ in range(copies)] or [Move()]
    seen = [move.crop(recaptured(crop, rng)) for move in moves[:copies]] or [crop]
    maps = maker.maps(np.ascontiguousarray(np.stack(seen)))
    rows = np.concatenate([own.reshape(len(seen), -1) for own in maps], axis=1)
    packed = np.array([[move.mirrored, move.down, move.across] for move in moves], np.int8)
    return key, packed.tobytes(), rows.astype(np.float16).tobytes()


def _unpacked(moves: bytes, data: bytes) -> tuple[list[Move], Any]:
    steps = np.frombuffer(moves, np.int8).reshape(-1, 3)
    listed = [Move(bool(mirrored), int(down), int(across)) for mirrored, down, across in steps]
    return listed, np.frombuffer(data, np.float16).reshape(len(listed), -1)
