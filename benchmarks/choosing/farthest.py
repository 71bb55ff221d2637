"""Statistics of the patch view over the positions of a block that are farthest from bona fide."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from choosing.recipes import Vector
from facepad.faces import crops
from facepad.jobs.progress import ignore
from facepad.liveness.face_cnn.backbone import NAME, SIDE
from facepad.models import store
from facepad.sources import MIDDLE, load_sample
from facepad.training.face.features import (
    VIEWS,
    FaceCache,
    FaceExtractor,
    FaceFeatures,
    Row,
    Values,
)
from facepad.training.face.heads import LabelledFeatures
from facepad.training.feature_cache import compute_cached, file_key
from facepad.types import Face, Frame, Reason, Sample, Split

SHARE = 0.3  # of positions
BLOCKS = (2, 5, 7)
FARTHEST, BOTH = 100, 200  # added to a block's number: its farthest statistics, both side by side
_EPSILON = 1e-6  # of the variance, as in the network's own statistics

Centre = tuple[Vector, Vector]  # mean and deviation of each channel
Centres = Sequence[Centre]  # of `BLOCKS`
Item = tuple[str, str, bool]  # key, path, whether it is a crop of a face detector


class PatchMaps(FaceExtractor):
    """Computes the maps of `BLOCKS` in the patch view; one per worker process."""

    def __init__(self) -> None:
        import onnx
        import onnxruntime

        super().__init__()
        model = onnx.load_from_string(store.load_bytes(NAME))
        made = {name: node for node in model.graph.node for name in node.output}
        names = []
        for block in BLOCKS:
            flat = made[f"block_{block:02d}"].input[0]  # mean and deviation are concatenated
            names.append(made[made[flat].input[0]].input[0])  # what the mean is taken of
        del model.graph.output[:]
        model.graph.output.extend(map(onnx.helper.make_empty_tensor_value_info, names))
        last = max(at for at, node in enumerate(model.graph.node) if node.output[0] in names)
        del model.graph.node[last + 1 :]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def of(self, path: str, cropped: bool) -> list[Values]:
        """Return maps of a picture, each of shape (C, positions); none without a face."""
        frame = load_sample(Sample(path, path, "", Split.TRAIN), MIDDLE, packed=self.packed).frames[
            0
        ]
        if cropped:
            frame = Frame(frame.image, face=Face((0, 0, *frame.size), 1.0))
        else:
            frame = self.finder.find(frame)
        if frame.face is None:
            return []
        level = crops.levelled(frame)
        box = level.face.box if level.face else (0, 0, *level.size)
        view = crops.patches(level.image, box, SIDE)
        maps = self._session.run(None, {"crops": view[None]})
        return [one.reshape(one.shape[1], -1) for one in maps]


def farthest(values: Values, centre: Centre) -> NDArray[np.float64]:
    """Return mean and deviation of each channel over the positions farthest from a centre.

    Args:
        values: Shape (C, positions).
        centre: Mean and deviation of each channel.
    """
    mean, spread = (part[:, None] for part in centre)
    distance = (((values - mean) / spread) ** 2).sum(axis=0)
    count = round(SHARE * len(distance))
    chosen = values[:, np.argpartition(distance, -count)[-count:]].astype(np.float64)
    return np.concatenate([chosen.mean(axis=1), np.sqrt(chosen.var(axis=1) + _EPSILON)])


def centres_of(labelled: LabelledFeatures) -> Centres:
    """Return mean and deviation over all positions of all bona fide pictures."""
    people = labelled.part(labelled.usable & labelled.bona_fide)
    found = []
    for block in BLOCKS:
        means, spreads = np.hsplit(people.features.of(crops.PATCH, block).astype(np.float64), 2)
        variance = means.var(axis=0) + (spreads**2).mean(axis=0)
        found.append((means.mean(axis=0), np.sqrt(variance)))
    return found


def measured(
    pictures: Mapping[str, bool], sets: Sequence[Centres], cache: FaceCache, workers: int
) -> dict[str, Values]:
    """Return farthest statistics about the centres of all sets, by path; (sets, statistics).

    Args:
        pictures: Whether a picture is a crop of a face detector, by path.
        sets: Centres of each training set.
        cache: Keeps the statistics.
        workers: Number of processes.
    """
    seen = [part.tobytes() for centres in sets for centre in centres for part in centre]
    tag = f"farthest {SHARE} {store.version(NAME)} {sha256(b''.join(seen)).hexdigest()}"
    items = [(file_key(path, f"{tag} {cut}"), path, cut) for path, cut in pictures.items()]
    made = partial(_row, sets=sets)
    rows = compute_cached(items, cache, made, PatchMaps, workers=workers, advance=ignore)
    return {path: row[3].reshape(len(sets), -1) for path, row in zip(pictures, rows, strict=True)}


def _row(maps: PatchMaps, item: Item, sets: Sequence[Centres]) -> Row:
    key, path, cropped = item
    found = maps.of(path, cropped)
    if not found:
        size = sum(2 * len(mean) for centres in sets for mean, _ in centres)
        return key, Reason.NO_FACE, False, np.full(size, np.nan, np.float32)
    parts = [farthest(*pair) for centres in sets for pair in zip(found, centres, strict=True)]
    return key, None, False, np.concatenate(parts).astype(np.float32)


def widened(labelled: LabelledFeatures, known: Mapping[str, Values], at: int) -> LabelledFeatures:
    """Return features with the farthest statistics of one set as more blocks of the patch view."""
    own, blocks, parts = labelled.features, dict(labelled.features.blocks), []
    rows = np.stack([known[sample.path][at] for sample in labelled.samples])
    start, taken = own.values.shape[2], 0
    for block in BLOCKS:
        usual = own.of(crops.PATCH, block)
        size = usual.shape[1]
        parts += [usual, rows[:, taken : taken + size]]
        blocks[block + BOTH] = slice(start, start + 2 * size)
        blocks[block + FARTHEST] = slice(start + size, start + 2 * size)
        start, taken = start + 2 * size, taken + size
    more = np.full((len(rows), len(VIEWS), 2 * taken), np.nan, np.float32)
    more[:, VIEWS.index(crops.PATCH)] = np.concatenate(parts, axis=1)
    values = np.concatenate([own.values, more], axis=2)
    features = FaceFeatures(values, blocks, own.has_context, own.reasons)
    return LabelledFeatures(labelled.samples, features)
