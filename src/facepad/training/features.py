"""Metric vectors of many pictures: measured in parallel, kept, and never measured twice."""

import hashlib
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad import media, quality
from facepad.errors import DatasetError, InputError
from facepad.faces import FaceFinder
from facepad.liveness.quality import versions, view
from facepad.media.packed.address import file_of
from facepad.models import store
from facepad.types import Frame, Reason, RgbImage, Sample

Vectors = NDArray[np.float64]
Advance = Callable[[], None]

_CHUNK = 16  # pictures that a worker takes at a time
_NETWORKS = ("face_detector", "face_mesh")


@dataclass(frozen=True, slots=True)
class View:
    """The part of a picture that is measured; see `facepad.liveness.quality.view`.

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
    """Vectors by key in one file; whatever was measured before a kill is kept."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "quality.sqlite"
        with closing(self._open()) as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, reason TEXT, data BLOB)"
            )

    def read(self, keys: Iterable[str]) -> dict[str, tuple[Reason | None, Vectors]]:
        """Those of the keys that are kept."""
        wanted = set(keys)
        with closing(self._open()) as database:
            rows = database.execute("SELECT key, reason, data FROM vectors").fetchall()
        return {
            key: (Reason(reason) if reason else None, np.frombuffer(data, np.float64))
            for key, reason, data in rows
            if key in wanted
        }

    def write(self, rows: Sequence[tuple[str, Reason | None, Vectors]]) -> None:
        """Keep vectors, all or none."""
        values = [(key, reason and reason.value, vector.tobytes()) for key, reason, vector in rows]
        with closing(self._open()) as database, database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", values)

    def _open(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self._file, timeout=30.0)
        except sqlite3.Error as error:
            raise DatasetError(f"the cache {self._file} cannot be used: {error}") from error


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
    keys = [file_key(sample.path, tag(part)) for sample in samples]
    known = cache.read(keys)
    for _ in known:
        advance()
    missing = [(key, s.path) for key, s in zip(keys, samples, strict=True) if key not in known]
    for row in _measured(missing, part, workers):
        cache.write(row)
        known |= {key: (reason, vector) for key, reason, vector in row}
        for _ in row:
            advance()
    rows = [known[key] for key in keys]
    vectors = np.array([vector for _, vector in rows]).reshape(-1, len(quality.METRICS))
    return Features(vectors, tuple(reason for reason, _ in rows))


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


def pool(workers: int) -> ProcessPoolExecutor:
    """Processes that start clean, each with one thread."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start)


def _measured(
    items: Sequence[tuple[str, str]], part: View, workers: int
) -> Iterator[list[tuple[str, Reason | None, Vectors]]]:
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    if chunks:
        with pool(workers) as executor:
            yield from executor.map(partial(_chunk, part=part), chunks)


def _chunk(
    items: Sequence[tuple[str, str]], part: View
) -> list[tuple[str, Reason | None, Vectors]]:
    return [(key, *_one(path, part)) for key, path in items]


def _one(path: str, part: View) -> tuple[Reason | None, Vectors]:
    try:
        return measure_view(find_face(media.read(path).image, part), part)
    except InputError as error:
        raise DatasetError(f"a listed picture cannot be used: {error}") from error


_FINDERS: list[FaceFinder] = []  # one per worker process


def _finder() -> FaceFinder:
    if not _FINDERS:
        _FINDERS.append(FaceFinder(landmarks=False))
    return _FINDERS[0]


def _start() -> None:
    import cv2

    cv2.setNumThreads(1)


def tag(part: View) -> str:
    """Everything that the vectors of a part depend on, besides the picture."""
    networks = [store.version(name) for name in _NETWORKS] if part.margin else []
    made_by = [f"{name} {version}" for name, version in sorted(versions().items())]
    return "|".join([f"{part.margin:g} {part.side}", *made_by, *networks])


def file_key(path: str, tag: str) -> str:
    """Key of a file as it is now; another once it has changed.

    Raises:
        DatasetError: The file is missing.
    """
    file = Path(path)
    try:
        status = file_of(file).stat()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    return text_key(f"{file.resolve()}|{status.st_size}|{status.st_mtime_ns}|{tag}")


def text_key(text: str) -> str:
    """A short key for a long one."""
    return hashlib.sha256(text.encode()).hexdigest()
