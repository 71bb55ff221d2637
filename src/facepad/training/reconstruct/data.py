"""Data of the reconstruction: renders with known depth, and simulated pictures with targets."""

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.datasets.simulated import material_of
from facepad.errors import DatasetError, InputError
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance
from facepad.liveness.voxel.volume import GRID, SIDE
from facepad.models import store
from facepad.simulate.depth_map import read_depth
from facepad.simulate.heads.face_model import FaceModel, read_face_model
from facepad.simulate.heads.fitting import Portrait, fit, fitted_places
from facepad.sources import load_sample, read_picture
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, text_key
from facepad.training.reconstruct.renders import rendered_face, surface_depth
from facepad.training.reconstruct.surface_error import Truth
from facepad.training.reconstruct.targets import (
    Depth,
    Target,
    bona_fide_target,
    crop_place,
    target,
)
from facepad.types import Frame, RgbImage, Sample, Split

RENDERED = "render"  # kind of a rendered face; others are "bona_fide" or a PAI species
_COMPUTED_AS = 1  # raised when the same picture would give another target
_MODELS = ("face_detector", "face_mesh")
_TRIES = 8  # renders in which the detector finds no face are drawn again

Row = tuple[str, bytes, bytes]  # key, crop, depth; both empty where there is no target
_Item = tuple[str, str, "Wanted"]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Files of the face model.

    Attributes:
        model: ``ict_facekit_light.npz``.
        canonical: ``mediapipe_canonical_face_model.obj``.
    """

    model: Path
    canonical: Path

    @classmethod
    def in_folder(cls, folder: Path) -> "Geometry":
        """Return the files of a folder by their usual names."""
        return cls(folder / "ict_facekit_light.npz", folder / "mediapipe_canonical_face_model.obj")

    def read(self) -> FaceModel:
        """Read the face model.

        Raises:
            DatasetError: A file is missing or is no such model.
        """
        return read_face_model(self.model, self.canonical)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item: a picture with a target, or a face to render.

    Attributes:
        kind: `RENDERED`, "bona_fide" or a PAI species.
        subject: The person; of a render the person of its portrait.
        path: The picture; of a render the portrait.
        split: Part of the data.
        depth: Depth map of an attack; "" for none.
        offset: Offset of the depth map.
        seed: Of a render.
        background: Of a render.
        material: Of a mask.
    """

    kind: str
    subject: str
    path: str
    split: Split
    depth: str = ""
    offset: float = 0.0
    seed: int = 0
    background: str = ""
    material: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Crops and depths of items that have a target.

    Attributes:
        items: The items.
        crops: Shape (N, SIDE, SIDE, 3).
        depths: Shape (N, GRID, GRID), 16-bit numbers; NaN where there is no surface.
    """

    items: tuple[Wanted, ...]
    crops: NDArray[np.uint8]
    depths: NDArray[np.float16]

    def of(self, rows: Sequence[int]) -> "Targets":
        """Return some of the items."""
        at = np.asarray(rows, np.intp)
        return Targets(tuple(self.items[row] for row in at), self.crops[at], self.depths[at])


def renders(
    portraits: Sequence[Sample], backgrounds: Sequence[Sample], split: Split, count: int, seed: int
) -> list[Wanted]:
    """Return renders of the people of one part, before backgrounds of that part.

    Raises:
        DatasetError: The part has no portrait or no background.
    """
    people = [one for one in portraits if one.split is split]
    behind = [one for one in backgrounds if one.split is split]
    if not people or not behind:
        raise DatasetError(
            f"renders need portraits and backgrounds in the part {split}, got {len(people)} and "
            f"{len(behind)}"
        )
    rng = np.random.default_rng([seed, list(Split).index(split)])
    drawn = []
    for _ in range(count):
        portrait = people[int(rng.integers(len(people)))]
        background = behind[int(rng.integers(len(behind)))].path
        number = int(rng.integers(2**31))
        drawn.append(
            Wanted(RENDERED, portrait.subject, portrait.path, split, seed=number,
                   background=background)
        )  # fmt: skip
    return drawn


def pictures(samples: Iterable[Sample]) -> list[Wanted]:
    """Return the bona fide pictures, and the attacks that have a depth map.

    Raises:
        DatasetError: The offset of a depth map is no number.
    """
    found = []
    for sample in samples:
        depth = sample.attributes.get("depth", "")
        if sample.pai_species is None or depth:
            offset = _offset(sample)
            found.append(
                Wanted(sample.pai_species or "bona_fide", sample.subject, sample.path,
                       sample.split, depth, offset, material=material_of(sample))
            )  # fmt: skip
    return found


def _offset(sample: Sample) -> float:
    text = sample.attributes.get("depth_offset") or "0"
    try:
        offset = float(text)
    except ValueError:
        offset = math.nan
    if not math.isfinite(offset):
        raise DatasetError(
            f"{sample.path}: depth_offset must be a number, got {text!r:.80}; simulate again with "
            "--depth"
        )
    return offset


class TargetCache:
    """Targets by key in one SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._table = CacheTable(folder / "reconstruct.sqlite", "targets", "crop BLOB, depth BLOB")

    def read(self, keys: Iterable[str]) -> dict[str, Row]:
        """Return the rows of those keys that are in the cache."""
        return {key: (row[0], row[1], row[2]) for key, row in self._table.read(keys).items()}

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows, all or none."""
        self._table.write(rows)


def targets_of(
    items: Sequence[Wanted], geometry: Geometry, cache: Path, *, workers: int, advance: Advance
) -> Targets:
    """Compute the targets of all items, or read them from the cache.

    Raises:
        DatasetError: A picture cannot be read, or no item has a target.
    """
    tag = "|".join([str(_COMPUTED_AS), file_key(str(geometry.model), ""),
                    *map(store.version, _MODELS)])  # fmt: skip
    keyed = [(_key(one, tag), one.path, one) for one in items]
    rows = compute_cached(
        keyed, TargetCache(cache), _row, partial(_Maker, geometry), workers=workers,
        advance=advance, chunk=8,
    )  # fmt: skip
    kept = [at for at, row in enumerate(rows) if row[1]]
    if not kept:
        raise DatasetError(f"none of the {len(items)} pictures has a face and a target")
    crops = np.empty((len(kept), SIDE, SIDE, 3), np.uint8)
    depths = np.empty((len(kept), GRID, GRID), np.float16)
    for place, at in enumerate(kept):
        crops[place], depths[place] = _unpacked(rows[at])
    return Targets(tuple(items[at] for at in kept), crops, depths)


def truths(items: Sequence[Wanted], geometry: Geometry) -> list[tuple[Target, Truth]]:
    """Render faces with all that an evaluation of their surface needs.

    Args:
        items: Renders.
        geometry: Files of the face model.

    Returns:
        Those in which the face is found.
    """
    maker, found = _Maker(geometry), []
    for item in items:
        if (one := maker.truth(item)) is not None:
            found.append(one)
    return found


class _Maker:
    """Makes targets; one per worker process."""

    def __init__(self, geometry: Geometry) -> None:
        self._model = geometry.read()
        self._finder = FaceFinder()
        self._portraits: dict[str, tuple[Portrait, NDArray[np.float32]] | None] = {}
        self._backgrounds: dict[str, RgbImage] = {}

    def make(self, item: Wanted) -> Target | None:
        """Return the target of an item, or None where there is none."""
        if item.kind == RENDERED:
            made = self._rendered(item)
            return None if made is None else target(made[0], made[1])
        frame = self._finder.find(load_sample(_sample(item)).frames[0])
        if not item.depth:
            return bona_fide_target(self._model, frame)
        return target(frame, read_depth(Path(item.depth), item.offset))

    def truth(self, item: Wanted) -> tuple[Target, Truth] | None:
        """Return the target of a render with the surfaces that it is compared with."""
        made = self._rendered(item)
        if made is None:
            return None
        frame, depth, mean, eyes, yaw = made
        place, own = crop_place(frame), target(frame, depth)
        if place is None or own is None or frame.face is None or frame.face.landmarks is None:
            return None
        mesh = fit(self._model, frame.face.landmarks, 1.0).vertices(self._model)
        fitted = surface_depth(self._model, place.points(mesh), SIDE)
        return own, Truth(place.depth(depth), place.depth(mean), fitted, eyes * place.scale, yaw)

    def _rendered(self, item: Wanted) -> tuple[Frame, Depth, Depth, float, float] | None:
        portrait = self._portrait(item.path)
        if portrait is None:
            return None
        rng = np.random.default_rng(item.seed)
        for _ in range(_TRIES):
            made = rendered_face(self._model, *portrait, self._background(item.background), rng)
            frame = self._finder.find(Frame(made.image))
            if crop_place(frame) is not None:
                return frame, made.depth, made.mean, made.eye_distance, made.yaw_deg
        return None

    def _portrait(self, path: str) -> tuple[Portrait, NDArray[np.float32]] | None:
        if path not in self._portraits:
            frame = self._finder.find(Frame(read_picture(path).image))
            usable = frame.face is not None and frame.face.landmarks is not None
            if frame.face is None or not usable:
                self._portraits[path] = None
            else:
                portrait = Portrait(frame.image, frame.face)
                self._portraits[path] = portrait, fitted_places(self._model, portrait)
        return self._portraits[path]

    def _background(self, path: str) -> RgbImage:
        if path not in self._backgrounds:
            self._backgrounds[path] = read_picture(path).image
        return self._backgrounds[path]


def _sample(item: Wanted) -> Sample:
    return Sample(item.path, item.path, "", Split.TRAIN)


def _row(maker: _Maker, item: _Item) -> Row:
    key, path, wanted = item
    try:
        made = maker.make(wanted)
    except InputError as error:
        raise DatasetError(f"{path} cannot be used: {error}") from error
    if made is None:
        return key, b"", b""
    depth = np.asarray(made.depth, np.float16).tobytes()
    return key, zlib.compress(made.crop.tobytes(), 1), zlib.compress(depth, 1)


def _unpacked(row: Row) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    crop = np.frombuffer(zlib.decompress(row[1]), np.uint8).reshape(SIDE, SIDE, 3)
    depth = np.frombuffer(zlib.decompress(row[2]), np.float16).reshape(GRID, GRID)
    return crop, depth


def _key(item: Wanted, tag: str) -> str:
    if item.kind == RENDERED:
        behind = file_key(item.background, "")
        return text_key(f"{file_key(item.path, tag)}|{item.seed}|{behind}")
    depth = file_key(item.depth, "") if item.depth else ""
    return text_key(f"{file_key(item.path, tag)}|{depth}|{item.offset}")
