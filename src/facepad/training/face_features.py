"""What the frozen trunk sees of many pictures: computed in parallel, kept, never twice."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError, InputError
from facepad.faces import FaceFinder, views
from facepad.loading import load_presentation
from facepad.media.packed.address import file_of
from facepad.models import store
from facepad.models.trunk import SIDE, Trunk
from facepad.training.features import pool
from facepad.types import Face, Frame, Reason, RgbImage, Sample, Split

BLACKED_OUT = "context_without_face"
VIEWS = (views.TIGHT, views.CONTEXT, BLACKED_OUT)

Values = NDArray[np.float32]
Advance = Callable[[], None]
Row = tuple[str, Reason | None, bool, Values]
_Item = tuple[str, str, int | None]  # key, path, frame

_CHUNK = 16  # pictures that a worker takes at a time
_MODELS = ("face_detector", "face_mesh", "face_trunk")
_COMPUTED_AS = 1  # raised when the same picture would give other values


@dataclass(frozen=True, slots=True, eq=False)
class FaceFeatures:
    """Statistics of pictures, in the order of their samples.

    Attributes:
        values: Shape (N, views, F): the statistics of all blocks side by side, for `VIEWS`;
            NaN in the rows of pictures without a face that can be judged.
        blocks: Which of F belongs to which block of the trunk.
        has_context: Whether the picture holds enough around the face, shape (N,).
        reasons: Why a row has no values; None where it has.
    """

    values: Values
    blocks: dict[int, slice]
    has_context: NDArray[np.bool_]
    reasons: tuple[Reason | None, ...]

    def of(self, view: str, block: int) -> Values:
        """Statistics of one block in one view, shape (N, 2 C)."""
        return self.values[:, VIEWS.index(view), self.blocks[block]]


class Cache:
    """Statistics by key in one file, as 16-bit numbers; what was computed before a kill is kept."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "face.sqlite"
        with closing(self._open()) as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS seen "
                "(key TEXT PRIMARY KEY, reason TEXT, context INT, data BLOB)"
            )

    def read(self, keys: Iterable[str]) -> dict[str, Row]:
        """Those of the keys that are kept."""
        found = {}
        with closing(self._open()) as database:
            for key in set(keys):
                row = database.execute(
                    "SELECT reason, context, data FROM seen WHERE key = ?", (key,)
                ).fetchone()
                if row is not None:
                    values = np.frombuffer(row[2], np.float16).astype(np.float32)
                    found[key] = (key, Reason(row[0]) if row[0] else None, bool(row[1]), values)
        return found

    def write(self, rows: Sequence[Row]) -> None:
        """Keep statistics, all or none."""
        kept = [
            (key, reason and reason.value, int(context), values.astype(np.float16).tobytes())
            for key, reason, context, values in rows
        ]
        with closing(self._open()) as database, database:
            database.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", kept)

    def _open(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self._file, timeout=30.0)
        except sqlite3.Error as error:
            raise DatasetError(f"the cache {self._file} cannot be used: {error}") from error


def extract(
    samples: Sequence[Sample],
    cache: Cache,
    *,
    workers: int,
    whole_is_face: bool = False,
    advance: Advance = lambda: None,
) -> FaceFeatures:
    """Show every sample to the trunk, or take what an earlier run kept.

    Args:
        samples: Pictures.
        cache: Where statistics are kept.
        workers: Processes.
        whole_is_face: The pictures are crops of a face detector, with nothing around the
            face: no face is looked for in them.
        advance: Called once per sample.

    Raises:
        DatasetError: A picture cannot be read; names it.
    """
    tag = "|".join([str(_COMPUTED_AS), str(whole_is_face), *map(store.version, _MODELS)])
    keys = [_key(sample, tag) for sample in samples]
    known = cache.read(keys)
    for _ in known:
        advance()
    missing = [
        (key, sample.path, sample.frame)
        for key, sample in zip(keys, samples, strict=True)
        if key not in known
    ]
    for rows in _computed(missing, workers, whole_is_face):
        cache.write(rows)
        known |= {row[0]: row for row in cache.read([row[0] for row in rows]).values()}
        for _ in rows:
            advance()
    return _together([known[key] for key in keys])


def shown(image: RgbImage, face: Face) -> list[RgbImage]:
    """The crops of `VIEWS`, in that order."""
    box = face.box
    return [
        views.tight(image, box, SIDE),
        views.context(image, box, SIDE),
        views.context(views.without_face(image, box), box, SIDE),
    ]


def widths() -> dict[int, slice]:
    """Where the statistics of each block lie among all."""
    from facepad.models.backbone import CHANNELS

    found, start = {}, 0
    for block in Trunk().blocks:
        found[block] = slice(start, start + 2 * CHANNELS[block])
        start += 2 * CHANNELS[block]
    return found


def _together(rows: Sequence[Row]) -> FaceFeatures:
    blocks = widths()
    total = max(part.stop for part in blocks.values())
    return FaceFeatures(
        np.stack([row[3].reshape(len(VIEWS), total) for row in rows]),
        blocks,
        np.array([row[2] for row in rows]),
        tuple(row[1] for row in rows),
    )


def _computed(items: Sequence[_Item], workers: int, whole_is_face: bool) -> Iterator[list[Row]]:
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    if chunks:
        with pool(workers) as executor:
            yield from executor.map(partial(_chunk, whole_is_face=whole_is_face), chunks)


def _chunk(items: Sequence[_Item], whole_is_face: bool) -> list[Row]:
    return [(key, *_one(path, number, whole_is_face)) for key, path, number in items]


def _one(path: str, number: int | None, whole_is_face: bool) -> tuple[Reason | None, bool, Values]:
    finder, trunk = _tools()
    try:
        sample = Sample(path, path, "", Split.TRAIN, frame=number)
        frame = load_presentation(sample).frames[0]
    except InputError as error:
        raise DatasetError(f"a listed picture cannot be used: {error}") from error
    if whole_is_face:
        face: Face | None = Face((0, 0, *frame.size), 1.0)
        frame = Frame(frame.image, face=face)
    else:
        frame = finder.find(frame)
        face = frame.face
    if face is None:
        nothing = np.full(len(VIEWS) * max(p.stop for p in widths().values()), np.nan)
        return frame.no_face or Reason.NO_FACE, False, nothing.astype(np.float32)
    seen = trunk.see(shown(frame.image, face), trunk.blocks)
    return None, views.has_context(frame), np.concatenate(seen, axis=1).ravel()


_TOOLS: list[tuple[FaceFinder, Trunk]] = []  # one pair per worker process


def _tools() -> tuple[FaceFinder, Trunk]:
    if not _TOOLS:
        _TOOLS.append((FaceFinder(landmarks=False), Trunk()))
    return _TOOLS[0]


def _key(sample: Sample, tag: str) -> str:
    try:
        status = file_of(sample.path).stat()
    except OSError as error:
        raise DatasetError(f"{sample.path} cannot be read: {error.strerror}") from error
    text = f"{Path(sample.path).resolve()}|{sample.frame}|{status.st_size}|{status.st_mtime_ns}"
    return hashlib.sha256(f"{text}|{tag}".encode()).hexdigest()
