"""The generator of face crops: pictures of any source, their faces found once, cropped as asked.

Samples may lie in a packed file, in a folder or in the output of the simulator. A sample without
a face is left out and counted, and never replaced by its whole picture.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from facepad.errors import DatasetError, InputError
from facepad.faces import crops
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance, ignore
from facepad.models import store
from facepad.packed.pictures import PackedFiles
from facepad.sources import MIDDLE, load_sample
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, frame_of
from facepad.training.stack.augment import Augmentation
from facepad.types import Box, Frame, Reason, RgbImage, Sample, Split

_Row = tuple[str, Box | None, str]  # key, box, why there is none
_Item = tuple[str, str, int | None]  # key, path, frame
_COMPUTED_AS = 1  # raised when the same picture would give another box


@dataclass(frozen=True, slots=True, eq=False)
class FacePictures:
    """Pictures with a face, cropped to a square around it.

    Attributes:
        samples: Those with a face.
        keys: What each picture is, for caches of what is computed from it.
        boxes: The face's box in each.
        left_out: How many samples had no usable face, by reason.
        size: Pixels of a crop.
        margin: Side of the crop, relative to the longer side of the box.
    """

    samples: tuple[Sample, ...]
    keys: tuple[str, ...]
    boxes: tuple[Box, ...]
    left_out: Mapping[Reason, int]
    size: int
    margin: float
    _packed: PackedFiles = field(default_factory=PackedFiles)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.samples)

    def crop(
        self,
        index: int,
        augmentation: Augmentation | None = None,
        random: np.random.Generator | None = None,
    ) -> RgbImage:
        """Return the crop of one picture, shape (size, size, 3).

        Args:
            index: Which picture.
            augmentation: How to change it; None for the crop as it is.
            random: The generator of the changes.

        Raises:
            DatasetError: The picture cannot be read any more.
        """
        image = _image(self.samples[index], self._packed)
        return cut(image, self.boxes[index], (self.size, self.margin), augmentation, random)


def cut(
    image: RgbImage,
    box: Box,
    shape: tuple[int, float],
    augmentation: Augmentation | None = None,
    random: np.random.Generator | None = None,
) -> RgbImage:
    """Return the square around a face.

    Args:
        image: The picture.
        box: The face's box.
        shape: Pixels and margin of the crop.
        augmentation: How to change it; None for the crop as it is.
        random: The generator of the changes.
    """
    size, margin = shape
    if augmentation is None or random is None:
        return crops.crop(image, box, margin, size)
    left, top, right, bottom = augmentation.box(box, random)
    height, width = image.shape[:2]
    is_inside = left < width and top < height and right > 0 and bottom > 0
    moved = (left, top, right, bottom) if is_inside else box
    return augmentation.crop(crops.crop(image, moved, margin, size), random)


def find_faces(
    samples: Sequence[Sample],
    cache: Path,
    *,
    size: int,
    margin: float = 1.0,
    workers: int = 0,
    advance: Advance = ignore,
) -> FacePictures:
    """Find the face of every sample, or read its box from the cache.

    Args:
        samples: Pictures or clips; the middle frame stands for a clip.
        cache: Folder of the cache.
        size: Pixels of a crop.
        margin: Side of the crop, relative to the longer side of the box.
        workers: Number of processes; 0 to work in this one.
        advance: Called once per sample.

    Raises:
        DatasetError: A picture cannot be read; names it.
    """
    tag = "|".join([str(_COMPUTED_AS), store.version("face_detector"), store.version("face_mesh")])
    items = [
        (file_key(sample.path, tag, f"|{frame_of(sample)}"), sample.path, sample.frame)
        for sample in samples
    ]
    rows = compute_cached(
        items, _BoxCache(cache), _found, _Finder, workers=workers, advance=advance
    )
    left_out: dict[Reason, int] = {}
    for _, box, why in rows:
        if box is None:
            left_out[Reason(why)] = left_out.get(Reason(why), 0) + 1
    kept = [(s, row[0], row[1]) for s, row in zip(samples, rows, strict=True) if row[1] is not None]
    return FacePictures(
        tuple(sample for sample, _, _ in kept),
        tuple(key for _, key, _ in kept),
        tuple(box for _, _, box in kept),
        left_out,
        size,
        margin,
    )


class _BoxCache:
    """Boxes of faces by key."""

    def __init__(self, folder: Path) -> None:
        self._table = CacheTable(folder / "boxes.sqlite", "boxes", "box TEXT, reason TEXT")

    def read(self, keys: Iterable[str]) -> dict[str, _Row]:
        rows = self._table.read(keys).values()
        return {key: (key, tuple(json.loads(box)) if box else None, why) for key, box, why in rows}

    def write(self, rows: Sequence[_Row]) -> None:
        self._table.write([(key, json.dumps(box) if box else "", why) for key, box, why in rows])


class _Finder:
    """Finds faces; one per worker process."""

    def __init__(self) -> None:
        self.finder = FaceFinder(landmarks=False)
        self.packed = PackedFiles()


def _found(finder: _Finder, item: _Item) -> _Row:
    key, path, number = item
    sample = Sample(path, path, "", Split.TRAIN, frame=number)
    frame = finder.finder.find(_frame(sample, finder.packed))
    if frame.face is None:
        return key, None, (frame.no_face or Reason.NO_FACE).value
    return key, frame.face.box, ""


def picture(path: str, number: int | None, packed: PackedFiles) -> RgbImage:
    """Return the pixels of the picture of a sample, or of the middle frame of a clip.

    Raises:
        DatasetError: It cannot be read; names it.
    """
    return _image(Sample(path, path, "", Split.TRAIN, frame=number), packed)


def _image(sample: Sample, packed: PackedFiles) -> RgbImage:
    return _frame(sample, packed).image


def _frame(sample: Sample, packed: PackedFiles) -> Frame:
    try:
        return load_sample(sample, MIDDLE, packed=packed).frames[0]
    except InputError as error:
        raise DatasetError(f"a listed picture cannot be used: {error}") from error
