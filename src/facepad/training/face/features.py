"""What the frozen trunk sees of many pictures: computed in parallel, kept, never twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError, InputError
from facepad.faces import crops
from facepad.faces.finder import FaceFinder
from facepad.liveness.face_cnn.backbone import SIDE, Backbone
from facepad.models import store
from facepad.sources import MIDDLE, load_sample
from facepad.training.feature_cache import Advance, Table, file_key, gather
from facepad.types import Face, Frame, Reason, RgbImage, Sample, Split

BLACKED_OUT = "context_without_face"
VIEWS = (crops.TIGHT, crops.CONTEXT, BLACKED_OUT)

Values = NDArray[np.float32]
Row = tuple[str, Reason | None, bool, Values]
_Item = tuple[str, str, int | None]  # key, path, frame

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
    """Statistics by key in one file, as 16-bit numbers."""

    def __init__(self, folder: Path) -> None:
        columns = "reason TEXT, context INT, data BLOB"
        self._table = Table(folder / "face.sqlite", "seen", columns)

    def read(self, keys: Iterable[str]) -> dict[str, Row]:
        """Those of the keys that are kept."""
        return {
            key: (key, Reason(why) if why else None, bool(context), _unpacked(data))
            for key, why, context, data in self._table.read(keys).values()
        }

    def write(self, rows: Sequence[Row]) -> None:
        """Keep statistics, all or none."""
        self._table.write(
            [
                (key, why and why.value, int(context), values.astype(np.float16).tobytes())
                for key, why, context, values in rows
            ]
        )


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
    items = [
        (file_key(sample.path, tag, f"|{sample.frame}"), sample.path, sample.frame)
        for sample in samples
    ]
    work = partial(_chunk, whole_is_face=whole_is_face)
    return _together(gather(items, cache, work, workers=workers, advance=advance))


def shown(image: RgbImage, face: Face) -> list[RgbImage]:
    """The crops of `VIEWS`, in that order."""
    box = face.box
    return [
        crops.tight(image, box, SIDE),
        crops.context(image, box, SIDE),
        crops.context(crops.without_face(image, box), box, SIDE),
    ]


def widths() -> dict[int, slice]:
    """Where the statistics of each block lie among all."""
    from facepad.training.face.export import CHANNELS

    found, start = {}, 0
    for block in Backbone().blocks:
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


def _unpacked(data: bytes) -> Values:
    return np.frombuffer(data, np.float16).astype(np.float32)


def _chunk(items: Sequence[_Item], whole_is_face: bool) -> list[Row]:
    return [(key, *_one(path, number, whole_is_face)) for key, path, number in items]


def _one(path: str, number: int | None, whole_is_face: bool) -> tuple[Reason | None, bool, Values]:
    finder, backbone = _tools()
    try:
        sample = Sample(path, path, "", Split.TRAIN, frame=number)
        frame = load_sample(sample, MIDDLE).frames[0]
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
    seen = backbone.extract(shown(frame.image, face), backbone.blocks)
    return None, crops.has_context(frame), np.concatenate(seen, axis=1).ravel()


_TOOLS: list[tuple[FaceFinder, Backbone]] = []  # one pair per worker process


def _tools() -> tuple[FaceFinder, Backbone]:
    if not _TOOLS:
        _TOOLS.append((FaceFinder(landmarks=False), Backbone()))
    return _TOOLS[0]
