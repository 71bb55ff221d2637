"""Metric vectors of many pictures: measured in parallel, kept, and never measured twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad import media, quality
from facepad.errors import DatasetError, InputError
from facepad.faces.finder import FaceFinder
from facepad.liveness.quality.test import versions, view
from facepad.models import store
from facepad.sources import MIDDLE, load
from facepad.training.feature_cache import Advance, Table, file_key, gather
from facepad.types import Frame, Reason, RgbImage, Sample

Vectors = NDArray[np.float64]
Row = tuple[str, Reason | None, Vectors]  # the key first

_NETWORKS = ("face_detector", "face_mesh")


@dataclass(frozen=True, slots=True)
class View:
    """The part of a picture that is measured; see `facepad.liveness.quality.test.view`.

    Attributes:
        name: Of the test that judges it.
        margin: Side of the square relative to the face's box; 0 for the whole picture.
        side: Pixels that the box (or the whole picture) is brought down to.
        what: In words.
    """

    name: str
    margin: float
    side: int
    what: str


# 128 pixels a face: NUAA's are 114 to 248 wide, so nearly none is smaller.
VIEWS: dict[str, View] = {
    "face": View("quality", 1.5, 128, "the face with a margin of 1.5"),
    "whole": View("quality_whole", 0.0, 320, "the whole picture"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Metric vectors in the order of their samples.

    Attributes:
        vectors: Shape (N, 25); NaN in the rows of pictures without a face that can be judged.
        reasons: Why a row has none; None where it has.
    """

    vectors: Vectors
    reasons: tuple[Reason | None, ...]


class Cache:
    """Vectors by key in one file."""

    def __init__(self, folder: Path) -> None:
        self._table = Table(folder / "quality.sqlite", "vectors", "reason TEXT, data BLOB")

    def read(self, keys: Iterable[str]) -> dict[str, Row]:
        """Those of the keys that are kept."""
        return {
            key: (key, Reason(reason) if reason else None, np.frombuffer(data, np.float64))
            for key, reason, data in self._table.read(keys).values()
        }

    def write(self, rows: Sequence[Row]) -> None:
        """Keep vectors, all or none."""
        self._table.write([(key, why and why.value, vector.tobytes()) for key, why, vector in rows])


def extract(
    samples: Sequence[Sample],
    part: View,
    cache: Cache,
    *,
    workers: int,
    advance: Advance = lambda: None,
) -> Features:
    """Measure every sample, or take what an earlier run measured.

    Args:
        samples: Pictures.
        part: What of them to measure.
        cache: Where vectors are kept.
        workers: Processes.
        advance: Called once per sample.

    Raises:
        DatasetError: A picture cannot be read; names it.
    """
    items = [(file_key(sample.path, tag(part)), sample.path) for sample in samples]
    work = partial(_chunk, part=part)
    rows = gather(items, cache, work, workers=workers, advance=advance)
    vectors = np.array([vector for _, _, vector in rows]).reshape(-1, len(quality.METRICS))
    return Features(vectors, tuple(reason for _, reason, _ in rows))


def measure_view(frame: Frame, part: View) -> tuple[Reason | None, Vectors]:
    """The metric vector of a frame's part; NaN and the reason where there is none."""
    cut = view(frame, part.margin, part.side)
    if isinstance(cut, Reason):
        return cut, np.full(len(quality.METRICS), np.nan)
    return None, np.array(list(quality.measure(cut).values()))


def find_face(image: RgbImage, part: View) -> Frame:
    """A frame with its face, when the part needs one."""
    frame = media.from_array(image, channels="rgb")
    return frame if part.margin == 0.0 else _finder().find(frame)


def _chunk(items: Sequence[tuple[str, str]], part: View) -> list[Row]:
    return [(key, *_one(path, part)) for key, path in items]


def _one(path: str, part: View) -> tuple[Reason | None, Vectors]:
    try:
        return measure_view(find_face(load(path, selection=MIDDLE).frames[0].image, part), part)
    except InputError as error:
        raise DatasetError(f"a listed picture cannot be used: {error}") from error


_FINDERS: list[FaceFinder] = []  # one per worker process


def _finder() -> FaceFinder:
    if not _FINDERS:
        _FINDERS.append(FaceFinder(landmarks=False))
    return _FINDERS[0]


def tag(part: View) -> str:
    """Everything that the vectors of a part depend on, besides the picture."""
    networks = [store.version(name) for name in _NETWORKS] if part.margin else []
    made_by = [f"{name} {version}" for name, version in sorted(versions().items())]
    return "|".join([f"{part.margin:g} {part.side}", *made_by, *networks])
