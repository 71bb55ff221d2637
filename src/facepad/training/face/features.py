"""Backbone statistics of many pictures, computed in parallel and cached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError, InputError
from facepad.faces import crops
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance, ignore
from facepad.liveness.face_cnn.backbone import SIDE, Backbone
from facepad.models import store
from facepad.packed.pictures import PackedFiles
from facepad.sources import MIDDLE, load_sample
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, frame_of
from facepad.types import Face, Frame, Reason, RgbImage, Sample, Split

BLACKED_OUT = "context_without_face"
VIEWS = (crops.TIGHT, crops.CONTEXT, crops.PATCH, crops.FRAME, BLACKED_OUT)

Values = NDArray[np.float32]
Row = tuple[str, Reason | None, bool, Values]
_Item = tuple[str, str, int | None]  # key, path, frame

_MODELS = ("face_detector", "face_mesh", "face_trunk")
_COMPUTED_AS = 3  # raised when the same picture would give other values


@dataclass(frozen=True, slots=True, eq=False)
class FaceFeatures:
    """Statistics of pictures, in the order of their samples.

    Attributes:
        values: Shape (N, views, F): the statistics of all blocks side by side, for `VIEWS`;
            NaN in the rows of pictures without a usable face.
        blocks: Columns of each block of the backbone.
        has_context: Whether the picture shows enough around the face, shape (N,).
        reasons: Why a row has no values; None where it has.
    """

    values: Values
    blocks: dict[int, slice]
    has_context: NDArray[np.bool_]
    reasons: tuple[Reason | None, ...]

    def of(self, view: str, block: int) -> Values:
        """Return the statistics of one block in one view, shape (N, 2 C)."""
        return self.values[:, VIEWS.index(view), self.blocks[block]]

    def seen(self, view: str, block: int) -> Values:
        """Return statistics as the face test sees them: without context the tight view stands in.

        Returns:
            Shape (N, 2 C).
        """
        values = self.of(view, block)
        if view != crops.CONTEXT:
            return values
        return np.where(self.has_context[:, None], values, self.of(crops.TIGHT, block))

    def part(self, rows: NDArray[np.intp]) -> "FaceFeatures":
        """Return the statistics of some pictures."""
        reasons = tuple(self.reasons[row] for row in rows)
        return FaceFeatures(self.values[rows], self.blocks, self.has_context[rows], reasons)


class FaceCache:
    """Statistics by key in one file, as 16-bit numbers."""

    def __init__(self, folder: Path) -> None:
        columns = "reason TEXT, context INT, data BLOB"
        self._table = CacheTable(folder / "face.sqlite", "seen", columns)

    def read(self, keys: Iterable[str]) -> dict[str, Row]:
        """Return the rows of those keys that are in the cache."""
        return {
            key: (key, Reason(why) if why else None, bool(context), _unpacked(data))
            for key, why, context, data in self._table.read(keys).values()
        }

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows, all or none."""
        self._table.write(
            [
                (key, why and why.value, int(context), values.astype(np.float16).tobytes())
                for key, why, context, values in rows
            ]
        )


class FaceExtractor:
    """Finds a face and computes its statistics; one per worker process."""

    def __init__(self) -> None:
        self.finder = FaceFinder(landmarks=False)
        self.backbone = Backbone()
        self.packed = PackedFiles()


def extract(
    samples: Sequence[Sample],
    cache: FaceCache,
    *,
    workers: int,
    is_cropped: bool = False,
    advance: Advance = ignore,
) -> FaceFeatures:
    """Compute the statistics of every sample, or read them from the cache.

    Args:
        samples: Pictures.
        cache: The cache.
        workers: Number of processes.
        is_cropped: Each picture is a crop of a face detector, with nothing around the face;
            no face is searched for in it.
        advance: Called once per sample.

    Raises:
        DatasetError: A picture cannot be read; names it.
    """
    tag = "|".join([str(_COMPUTED_AS), str(is_cropped), *map(store.version, _MODELS)])
    items = [
        (file_key(sample.path, tag, f"|{frame_of(sample)}"), sample.path, sample.frame)
        for sample in samples
    ]
    rows = compute_cached(
        items,
        cache,
        partial(_row, is_cropped=is_cropped),
        FaceExtractor,
        workers=workers,
        advance=advance,
    )
    blocks = block_columns(Backbone())
    return FaceFeatures(
        np.stack([row[3].reshape(len(VIEWS), _width(blocks)) for row in rows]),
        blocks,
        np.array([row[2] for row in rows]),
        tuple(row[1] for row in rows),
    )


def view_crops(frame: Frame) -> list[RgbImage]:
    """Return the crops of `VIEWS`, in that order, of a frame with a face."""
    level = crops.levelled(frame)
    image, box = level.image, level.face.box if level.face else (0, 0, *level.size)
    return [
        crops.tight(image, box, SIDE),
        crops.context(image, box, SIDE),
        crops.patches(image, box, SIDE),
        crops.whole(frame.image, SIDE),
        crops.context(crops.without_face(image, box), box, SIDE),
    ]


def block_columns(backbone: Backbone) -> dict[int, slice]:
    """Return the columns of each block among the statistics of all blocks."""
    from facepad.training.face.export import CHANNELS

    found, start = {}, 0
    for block in backbone.blocks:
        found[block] = slice(start, start + 2 * CHANNELS[block])
        start += 2 * CHANNELS[block]
    return found


def _width(blocks: dict[int, slice]) -> int:
    return max(int(columns.stop) for columns in blocks.values())


def _unpacked(data: bytes) -> Values:
    return np.frombuffer(data, np.float16).astype(np.float32)


def _row(extractor: FaceExtractor, item: _Item, is_cropped: bool) -> Row:
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
    backbone = extractor.backbone
    if frame.face is None:
        nothing = np.full(len(VIEWS) * _width(block_columns(backbone)), np.nan, np.float32)
        return key, frame.no_face or Reason.NO_FACE, False, nothing
    statistics = backbone.extract(view_crops(frame), backbone.blocks)
    values = np.concatenate(statistics, axis=1).ravel()
    return key, None, crops.has_context(frame), values
