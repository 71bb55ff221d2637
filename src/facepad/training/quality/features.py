"""Metric vectors of many pictures, measured in parallel and cached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad import quality
from facepad.errors import DatasetError, InputError
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance, ignore
from facepad.liveness.quality.test import versions, view
from facepad.models import store
from facepad.packed.pictures import PackedFiles
from facepad.sources import MIDDLE, load_sample
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, frame_of
from facepad.types import Frame, Reason, Sample, Split

Vectors = NDArray[np.float64]
Row = tuple[str, Reason | None, Vectors]  # the key first
_Item = tuple[str, str, int | None]  # key, path, frame

_NETWORKS = ("face_detector", "face_mesh")
_CUT_AS = 2  # raised when the same picture would give another part


@dataclass(frozen=True, slots=True)
class MeasuredView:
    """The part of a picture that is measured; see `facepad.liveness.quality.test.view`.

    Attributes:
        name: Name of the liveness test.
        margin: Side of the square relative to the face's box; 0 for the whole picture.
        side: Pixels to which the box (or the whole picture) is reduced.
        description: What it is, for cards.
    """

    name: str
    margin: float
    side: int
    description: str


# 128 pixels a face: NUAA's are 114 to 248 wide, so nearly none is smaller.
VIEWS: dict[str, MeasuredView] = {
    "face": MeasuredView("quality", 1.5, 128, "the face with a margin of 1.5"),
    "whole": MeasuredView("quality_whole", 0.0, 320, "the whole picture"),
}


@dataclass(frozen=True, slots=True, eq=False)
class MetricFeatures:
    """Metric vectors in the order of their samples.

    Attributes:
        vectors: Shape (N, metrics); NaN in the rows of pictures without a usable face.
        reasons: Why a row has none; None where it has.
    """

    vectors: Vectors
    reasons: tuple[Reason | None, ...]


class MetricCache:
    """Metric vectors by key in one file."""

    def __init__(self, folder: Path) -> None:
        self._table = CacheTable(folder / "quality.sqlite", "vectors", "reason TEXT, data BLOB")

    def read(self, keys: Iterable[str]) -> dict[str, Row]:
        """Return the rows of those keys that are in the cache."""
        return {
            key: (key, Reason(reason) if reason else None, np.frombuffer(data, np.float64))
            for key, reason, data in self._table.read(keys).values()
        }

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows, all or none."""
        self._table.write([(key, why and why.value, vector.tobytes()) for key, why, vector in rows])


class PictureReader:
    """Reads pictures and finds their faces; one per worker process.

    Args:
        part: Faces are searched for if it needs one.
    """

    def __init__(self, part: MeasuredView) -> None:
        self._finder = FaceFinder(landmarks=False) if part.margin else None
        self._packed = PackedFiles()

    def read(self, path: str, number: int | None = None) -> Frame:
        """Read a picture, or one frame of a clip, and find its face, if the part needs one.

        Args:
            path: A picture or clip, or an address in a packed file.
            number: Number of the frame in a clip; None for the middle one.

        Raises:
            DatasetError: The picture cannot be read.
        """
        sample = Sample(path, path, "", Split.TRAIN, frame=number)
        try:
            frame = load_sample(sample, MIDDLE, packed=self._packed).frames[0]
        except InputError as error:
            raise DatasetError(f"a listed picture cannot be used: {error}") from error
        return self._finder.find(frame) if self._finder else frame


def extract(
    samples: Sequence[Sample],
    part: MeasuredView,
    cache: MetricCache,
    *,
    workers: int,
    advance: Advance = ignore,
) -> MetricFeatures:
    """Measure every sample, or read its vector from the cache.

    Args:
        samples: Pictures.
        part: The part of each picture that is measured.
        cache: The cache.
        workers: Number of processes.
        advance: Called once per sample.

    Raises:
        DatasetError: A picture cannot be read; names it.
    """
    made_by = tag(part)
    items = [
        (file_key(sample.path, made_by, _frame_part(sample)), sample.path, sample.frame)
        for sample in samples
    ]
    rows = compute_cached(
        items,
        cache,
        partial(_row, part=part),
        partial(PictureReader, part),
        workers=workers,
        advance=advance,
    )
    vectors = np.array([vector for _, _, vector in rows]).reshape(-1, len(quality.METRICS))
    return MetricFeatures(vectors, tuple(reason for _, reason, _ in rows))


def measure_view(frame: Frame, part: MeasuredView) -> tuple[Reason | None, Vectors]:
    """Return the metric vector of a frame's part; NaN and the reason where there is none."""
    cut = view(frame, part.margin, part.side)
    if isinstance(cut, Reason):
        return cut, np.full(len(quality.METRICS), np.nan)
    return None, np.array(list(quality.measure(cut).values()))


def _row(reader: PictureReader, item: _Item, part: MeasuredView) -> Row:
    key, path, number = item
    return (key, *measure_view(reader.read(path, number), part))


def _frame_part(sample: Sample) -> str:
    frame = frame_of(sample)
    return "" if frame == "None" else f"|{frame}"


def tag(part: MeasuredView) -> str:
    """Return all that the vectors of a part depend on beside the picture."""
    networks = [store.version(name) for name in _NETWORKS] if part.margin else []
    networks += [f"cut {_CUT_AS}"] if part.margin else []
    made_by = [f"{name} {version}" for name, version in sorted(versions().items())]
    return "|".join([f"{part.margin:g} {part.side}", *made_by, *networks])
