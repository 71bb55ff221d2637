"""Maps of the frozen trunk for all crops and their changed copies, computed once on disk."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.jobs.files import write_file, writing_errors
from facepad.liveness.voxel.volume import DEPTH_PITCH, SIDE, SLICES
from facepad.models.session import open_session
from facepad.training.face import export
from facepad.training.feature_cache import text_key
from facepad.training.reconstruct.data import RENDERED, Targets
from facepad.training.reconstruct.decoder import TAPS, tapped
from facepad.training.reconstruct.renders import photographed
from facepad.training.stack.sampler import draw

if TYPE_CHECKING:
    from torch import Tensor

_STRIDES = (4, 8, 16, 32)  # of the trunk at `TAPS`
_AT_ONCE = 16  # crops
_DONE = "maps.json"
COPIES = 2  # the crop itself, and one that is mirrored and taken by another camera
# How often each kind of item is drawn; what remains is divided evenly among the attacks.
_RENDERS, _BONA_FIDE = 0.35, 0.25


@dataclass(frozen=True, slots=True, eq=False)
class TrunkMaps:
    """Maps of the trunk and depths of all copies of all crops.

    Attributes:
        maps: For each of `TAPS`, shape (N, COPIES, C, h, w), 16-bit numbers in a file.
        slices: Slices in front of the surface, shape (N, COPIES, GRID, GRID).
    """

    maps: tuple[NDArray[np.float16], ...]
    slices: NDArray[np.float16]

    def batch(self, rows: NDArray[np.intp], copies: NDArray[np.intp]) -> Any:  # noqa: ANN401
        """Return maps and slices of a batch, in 32-bit numbers."""
        maps = [np.asarray(one[rows, copies], np.float32) for one in self.maps]
        return maps, self.slices[rows, copies].astype(np.float32)


class TrunkSession:
    """The trunk up to the last of `TAPS` in ONNX Runtime, which is several times faster than torch.

    Args:
        weights: From `facepad.training.face.export.weights`.
        threads: Threads of one run.
    """

    def __init__(self, weights: Mapping[str, "Tensor"], threads: int = 1) -> None:
        self._session = open_session(_trunk_onnx(weights), threads, "the trunk")

    def maps(self, crops: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return the maps at `TAPS` of crops of shape (N, SIDE, SIDE, 3), N at most 64."""
        found: list[NDArray[np.float32]] = self._session.run(None, {"crops": crops})
        return found


class MapBatches:
    """Batches of maps, each kind of item as often as its share; see the stack's `Batches`.

    Args:
        maps: Maps and depths.
        targets: Their items.
        size: Crops in a batch.
        seed: Random seed.
    """

    def __init__(self, maps: TrunkMaps, targets: Targets, size: int, seed: int) -> None:
        self._maps, self._size, self._seed = maps, size, seed
        self._shares = shares([item.kind for item in targets.items])

    def __len__(self) -> int:
        return max(len(self._shares) // self._size, 1)

    def epoch(self, number: int) -> Iterator[Any]:
        """Yield the batches of one epoch."""
        rng = np.random.default_rng([self._seed, number])
        rows = draw(self._shares, len(self) * self._size, rng)
        copies = rng.integers(0, COPIES, len(rows))
        for start in range(0, len(rows), self._size):
            part = slice(start, start + self._size)
            yield self._maps.batch(rows[part], copies[part])


def shares(kinds: Sequence[str]) -> NDArray[np.float64]:
    """Return how often items of each kind are drawn; the shares sum to 1."""
    names, counts = np.unique(kinds, return_counts=True)
    own = {RENDERED: _RENDERS, "bona_fide": _BONA_FIDE}
    attacks = max(sum(name not in own for name in names), 1)
    rest = (1.0 - _RENDERS - _BONA_FIDE) / attacks
    weights = {name: own.get(name, rest) for name in names}
    total = sum(weights.values())
    each = {name: weights[name] / total / count for name, count in zip(names, counts, strict=True)}
    return np.array([each[kind] for kind in kinds])


def trunk_maps(targets: Targets, trunk: TrunkSession, cache: Path, seed: int) -> TrunkMaps:
    """Compute the maps of all copies, or read those of an earlier run with the same crops.

    Args:
        targets: Crops and depths.
        trunk: The trunk.
        cache: Folder of caches; the maps have a folder of their own in it.
        seed: Random seed of the copies.

    Raises:
        ModelError: The files cannot be written.
    """
    count, about = len(targets.crops), {"crops": digest_of(targets), "seed": seed}
    folder = cache / f"trunk-maps-{text_key(json.dumps(about))[:16]}"
    shapes = [
        (count, COPIES, export.CHANNELS[tap], SIDE // stride, SIDE // stride)
        for tap, stride in zip(TAPS, _STRIDES, strict=True)
    ]
    files = [folder / f"maps-{tap:02d}.f16" for tap in TAPS]
    is_known = _about(folder) == about and all(
        file.is_file() and file.stat().st_size == 2 * np.prod(shape)
        for file, shape in zip(files, shapes, strict=True)
    )
    with writing_errors(folder, ModelError):
        folder.mkdir(parents=True, exist_ok=True)
        if not is_known:  # a run that is killed here must not leave maps that look complete
            (folder / _DONE).unlink(missing_ok=True)
        maps = tuple(
            np.memmap(file, np.float16, "r+" if is_known else "w+", shape=shape)
            for file, shape in zip(files, shapes, strict=True)
        )
    slices = np.stack([in_slices(targets.depths), in_slices(targets.depths[..., ::-1])], axis=1)
    for start in range(0, 0 if is_known else count, _AT_ONCE):
        rows = slice(start, min(start + _AT_ONCE, count))
        crops = targets.crops[rows]
        changed = [
            photographed(np.ascontiguousarray(crop[:, ::-1]), np.random.default_rng([seed, at]))
            for at, crop in enumerate(crops, start)
        ]
        for copy, pictures in enumerate((crops, np.stack(changed))):
            for own, value in zip(maps, trunk.maps(pictures), strict=True):
                own[rows, copy] = value
    write_file(folder / _DONE, json.dumps(about) + "\n")
    return TrunkMaps(maps, slices)


def digest_of(targets: Targets) -> str:
    """Return the hash of all crops and depths."""
    content = hashlib.sha256(targets.crops.tobytes())
    content.update(targets.depths.tobytes())
    return content.hexdigest()


def in_slices(depths: NDArray[np.float16]) -> NDArray[np.float16]:
    """Return depths as the number of slices in front of the surface; NaN stays."""
    return np.asarray(depths / DEPTH_PITCH + SLICES / 2, np.float16)


def _trunk_onnx(weights: Mapping[str, "Tensor"]) -> bytes:
    import torch

    kept = export.up_to(weights, TAPS[-1])

    class Trunk(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            for name, value in kept.items():
                own = torch.nn.Parameter(value, requires_grad=False)
                self.register_parameter(name.replace(".", "_"), own)

        def forward(self, crops: "Tensor") -> list["Tensor"]:
            own = {name: getattr(self, name.replace(".", "_")) for name in kept}
            return tapped(own, crops)

    crops = torch.zeros((2, SIDE, SIDE, 3), dtype=torch.uint8)
    names = [f"block_{tap:02d}" for tap in TAPS]
    return export.onnx_bytes(Trunk().eval(), (crops,), ["crops"], names)


def _about(folder: Path) -> object:
    file = folder / _DONE
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing or damaged: the maps are computed
        return None
