"""Crops, volumes and maps of many pictures, reconstructed in parallel and kept on disk."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError, InputError, ModelError
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance
from facepad.liveness.voxel.reconstructor import NAME, Reconstructor
from facepad.liveness.voxel.volume import GRID, SIDE, SLICES, Volume, crop_of
from facepad.models import store
from facepad.models.index import digest, read_bytes
from facepad.models.session import open_session
from facepad.packed.pictures import PackedFiles
from facepad.sources import MIDDLE, load_sample
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, frame_of
from facepad.training.sources import SampleSet
from facepad.training.voxel.augmentation import Move
from facepad.types import Face, Frame, Reason, RgbImage, Sample, Split

_MODELS = ("face_detector", "face_mesh")
_COMPUTED_AS = 1  # raised when the same picture would give other values
_FAST = 1  # level of compression; of volumes, which are mostly empty or full, it is enough
_SHAPE = (SLICES, GRID, GRID)

# Key, why there is no volume, crop and occupancy; without the last two when read from the cache.
_Row = tuple[str, Reason | None, bytes, bytes]
MapRow = tuple[str, bytes, bytes]  # key, moves and maps of copies; without both when only known
_Item = tuple[str, str, int | None]  # key, path, frame


class MakesVolumes(Protocol):
    """Reconstructs volumes of crops, as `facepad.liveness.voxel.reconstructor.Reconstructor`."""

    @property
    def version(self) -> str:
        """Version of its network; the hash follows "+"."""

    def volumes(self, crops: Sequence[RgbImage]) -> list[Volume]:
        """Return the volume of each crop."""


class FileReconstructor:
    """Reconstructs volumes by a network that is not among the models of facepad.

    Args:
        file: The network in ONNX, with the input and the output of "face_volume".

    Raises:
        ModelError: The file is missing or no network that can be run.
    """

    def __init__(self, file: Path) -> None:
        data = read_bytes(file)
        self._source, self._session = str(file), open_session(data, 1, str(file))
        self.version = f"{NAME}+{digest(data)[:8]}"

    def volumes(self, crops: Sequence[RgbImage]) -> list[Volume]:
        """Return the volume of each crop.

        Raises:
            ModelError: The network's output is no volume.
        """
        (occupancy,) = self._session.run(["occupancy"], {"crops": np.stack(crops)})
        try:
            return [Volume(each) for each in occupancy]
        except InputError as error:
            raise ModelError(f"{self._source} has another output than a volume: {error}") from error


def reconstructor_of(file: Path | None) -> MakesVolumes:
    """Return the packaged reconstructor, or that of a file.

    Raises:
        ModelError: The model is missing or wrong.
    """
    return Reconstructor() if file is None else FileReconstructor(file)


class VolumeCache:
    """Crops and volumes by key in one file; what is known of a key is read without them."""

    def __init__(self, folder: Path) -> None:
        file = folder / "voxel.sqlite"
        self._known = CacheTable(file, "known", "reason TEXT")
        self._volumes = CacheTable(file, "volumes", "crop BLOB, occupancy BLOB")

    def read(self, keys: Iterable[str]) -> dict[str, _Row]:
        """Return the reasons of those keys that are in the cache, without crops and volumes."""
        return {
            key: (key, Reason(why) if why else None, b"", b"")
            for key, why in self._known.read(keys).values()
        }

    def write(self, rows: Sequence[_Row]) -> None:
        """Write rows; a key is known only when its volume is there."""
        self._volumes.write([(key, crop, volume) for key, why, crop, volume in rows if not why])
        self._known.write([(key, why and why.value) for key, why, _, _ in rows])

    def load(self, keys: Sequence[str]) -> list[tuple[RgbImage, NDArray[np.uint8]]]:
        """Return crops, and occupancies in 255ths, of shape (SLICES, GRID, GRID), of keys."""
        found = self._volumes.read(keys)
        return [(_crop(found[key][1]), _occupancy(found[key][2])) for key in keys]


@dataclass(frozen=True, slots=True, eq=False)
class VoxelSet:
    """Pictures of one set with their volumes on disk.

    Attributes:
        name: Name in reports.
        samples: Those with a usable face.
        keys: Their keys in the cache.
        without_face: Number of the other pictures.
    """

    name: str
    samples: tuple[Sample, ...]
    keys: tuple[str, ...]
    without_face: int = 0

    @property
    def bona_fide(self) -> NDArray[np.bool_]:
        """Which pictures are bona fide, shape (N,)."""
        return np.array([sample.is_bona_fide for sample in self.samples], np.bool_)


class MapCache:
    """Maps by key in one file; which keys are known is read without them."""

    def __init__(self, folder: Path) -> None:
        file = folder / "voxel_maps.sqlite"
        self._known = CacheTable(file, "known", "copies INT")
        self._maps = CacheTable(file, "maps", "moves BLOB, data BLOB")

    def read(self, keys: Iterable[str]) -> dict[str, MapRow]:
        """Return which of these keys are in the cache, without moves and maps."""
        return {key: (key, b"", b"") for key in self._known.read(keys)}

    def write(self, rows: Sequence[MapRow]) -> None:
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


class VolumeExtractor:
    """Finds a face and reconstructs its volume; one per worker process."""

    def __init__(self, file: Path | None) -> None:
        self.finder = FaceFinder(landmarks=False)
        self.reconstructor = reconstructor_of(file)
        self.packed = PackedFiles()


def extract(
    part: SampleSet,
    cache: VolumeCache,
    volumes: Path | None,
    *,
    workers: int,
    advance: Advance,
) -> VoxelSet:
    """Reconstruct the volume of every picture, or find it in the cache.

    Args:
        part: Pictures.
        cache: The cache.
        volumes: The network that reconstructs, in ONNX; None for the packaged one.
        workers: Number of processes.
        advance: Called once per picture.

    Raises:
        DatasetError: A picture cannot be read; names it.
        ModelError: A model is missing or wrong.
    """
    version = reconstructor_of(volumes).version
    tag = "|".join([str(_COMPUTED_AS), str(part.is_cropped), version, *map(store.version, _MODELS)])
    items = [
        (file_key(sample.path, tag, f"|{frame_of(sample)}"), sample.path, sample.frame)
        for sample in part.samples
    ]
    rows = compute_cached(
        items,
        cache,
        partial(_row, is_cropped=part.is_cropped),
        partial(VolumeExtractor, volumes),
        workers=workers,
        advance=advance,
    )
    listed = zip(part.samples, rows, strict=True)
    usable = [(sample, key) for sample, (key, why, _, _) in listed if why is None]
    samples, keys = tuple(one for one, _ in usable), tuple(key for _, key in usable)
    return VoxelSet(part.name, samples, keys, len(rows) - len(usable))


def packed_rows(crop: RgbImage, volume: Volume) -> tuple[bytes, bytes]:
    """Return a crop and its volume as the cache keeps them."""
    levels = np.rint(255.0 * volume.occupancy).astype(np.uint8)
    return crop.tobytes(), zlib.compress(levels.tobytes(), _FAST)


def _row(extractor: VolumeExtractor, item: _Item, is_cropped: bool) -> _Row:
    key, path, number = item
    try:
        sample = Sample(path, path, "", Split.TRAIN, frame=number)
        frame = load_sample(sample, MIDDLE, packed=extractor.packed).frames[0]
    except InputError as error:
        raise DatasetError(f"a listed picture cannot be used: {error}") from error
    if is_cropped:
        frame = Frame(frame.image, face=Face((0, 0, *frame.size), 1.0))
    else:
        frame = extractor.finder.find(frame)
    if frame.face is None:
        return key, frame.no_face or Reason.NO_FACE, b"", b""
    crop = crop_of(frame)
    (volume,) = extractor.reconstructor.volumes([crop])
    return key, None, *packed_rows(crop, volume)


def _crop(data: bytes) -> RgbImage:
    return np.frombuffer(data, np.uint8).reshape(SIDE, SIDE, 3)


def _occupancy(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(zlib.decompress(data), np.uint8).reshape(_SHAPE)


def _unpacked(moves: bytes, data: bytes) -> tuple[list[Move], Any]:
    steps = np.frombuffer(moves, np.int8).reshape(-1, 3)
    listed = [Move(bool(mirrored), int(down), int(across)) for mirrored, down, across in steps]
    return listed, np.frombuffer(data, np.float16).reshape(len(listed), -1)
