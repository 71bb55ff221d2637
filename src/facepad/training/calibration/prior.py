"""Learn how bona fide faces vary before one camera, over many simulated cameras.

Each camera plays the part of one that is calibrated: some people's frames are drawn, and the
rest of the camera's people, and its attacks, are seen as a calibration would see them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facepad import settings
from facepad.calibration.anchor import DISTANCE_WEIGHT, Vector
from facepad.calibration.prior import CameraSpreads, Spread
from facepad.errors import DatasetError
from facepad.faces import crops
from facepad.liveness.face_cnn.heads import Head
from facepad.liveness.face_cnn.test import FaceTest
from facepad.models import store
from facepad.models.card import Card
from facepad.training.calibration.fit import Observed, centred
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import LabelledFeatures, logits
from facepad.training.sources import simulated_samples
from facepad.types import Sample

FRAMES = 10  # that play those of a calibration; fewer where a camera has fewer people
FEWEST = 4  # of them
_BEYOND = 2  # people at least that are left over
_DRAWS = 5  # of people, for each camera
_FREE = 1e6  # no penalty on the two numbers of a scaling
_BOTH = f"{crops.TIGHT}+{crops.CONTEXT}"


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """What lies beyond some frames of a camera.

    Attributes:
        logits: Differences of raw logits to the frames' mean, as of a mean that is known.
        distances: Of the features to the frames.
        bona_fide: Which of them are.
    """

    logits: Vector
    distances: Vector
    bona_fide: np.ndarray


@dataclass(frozen=True, slots=True)
class Result:
    """What came out.

    Attributes:
        model: The model file; its card lies beside it.
        text: For people.
    """

    model: Path
    text: str


def prepare(roots: Sequence[Path]) -> tuple[Sample, ...]:
    """List simulated pictures whose cameras are told.

    Raises:
        DatasetError: Nothing is there, or a list tells no cameras.
    """
    samples = simulated_samples(roots)
    if not all(sample.attributes.get("camera") for sample in samples):
        raise DatasetError("spreads of cameras need pictures that tell their camera")
    return samples


def run(
    test: FaceTest,
    samples: Sequence[Sample],
    out: Path,
    *,
    workers: int,
    advance: Callable[[], None],
) -> Result:
    """See everything, learn the spreads and write them.

    Raises:
        DatasetError: A picture cannot be read, or no camera has enough people.
        ModelError: A network's file is missing, or the result cannot be written.
    """
    cache = FaceCache(settings.folder("cache_dir"))
    seen = LabelledFeatures(
        tuple(samples), extract(samples, cache, workers=workers, advance=advance)
    )
    seen = seen.part(seen.usable)
    heads = test.heads.heads
    tight = tuple(head for head in heads if head.view == crops.TIGHT)
    found = {crops.TIGHT: learn(tight, seen)}
    if len(tight) < len(heads):
        found[_BOTH] = learn(heads, seen.part(seen.features.has_context))
    cameras = len({sample.attributes["camera"] for sample in seen.samples})
    made = CameraSpreads(found, test.version, cameras)
    text = "\n".join(f"{name}: {spread}" for name, spread in found.items())
    out.mkdir(parents=True, exist_ok=True)
    model = out / f"{test.cameras}.npz"
    store.save_arrays(model, made.arrays(), _card(made, seen, text))
    return Result(model, text)


def learn(heads: Sequence[Head], seen: LabelledFeatures) -> Spread:
    """The spread of a set of heads over all cameras.

    Raises:
        DatasetError: No camera has enough people.
    """
    found = [one for camera in _cameras(seen) for one in _episodes(heads, seen.part(camera))]
    if not found:
        raise DatasetError(
            f"spreads of cameras need a camera with {FEWEST + _BEYOND} people; simulate with "
            "fewer --cameras, or more sources"
        )
    own = [one for one in found if one.bona_fide.any()]
    known = [one.logits[one.bona_fide] for one in own]
    logit = float(np.sqrt(np.mean(np.concatenate(known) ** 2)))
    distances = [one.distances[one.bona_fide] for one in own]
    distance = float(np.mean(np.concatenate(distances)))
    scale = float(np.std(np.concatenate(distances)))
    anchored = [
        one.logits / logit - DISTANCE_WEIGHT * (one.distances - distance) / scale for one in found
    ]
    scores = np.concatenate(anchored)
    labels = np.concatenate([one.bona_fide for one in found])
    slope, bias = _platt(scores, labels)
    return Spread(logit, distance, scale, float(scores[labels].std()), slope, bias)


def _cameras(seen: LabelledFeatures) -> Iterator[np.ndarray]:
    names = np.array([sample.attributes["camera"] for sample in seen.samples])
    for name in sorted(set(names.tolist())):
        yield names == name


def _episodes(heads: Sequence[Head], seen: LabelledFeatures) -> Iterator[Episode]:
    """A camera's people, drawn several times; one bona fide frame a person."""
    people = np.array([sample.subject for sample in seen.samples])
    own = {who: np.flatnonzero((people == who) & seen.bona_fide) for who in sorted(set(people))}
    known = [who for who, rows in own.items() if len(rows)]
    if len(known) < FEWEST + _BEYOND:
        return
    every = observed(heads, seen)
    rng = np.random.default_rng(0)
    for _ in range(_DRAWS):
        chosen = rng.permutation(known)[: min(FRAMES, len(known) - _BEYOND)]
        frames = [every[int(rng.choice(own[who]))] for who in chosen]
        rest = np.flatnonzero(~np.isin(people, chosen))
        yield _beyond(frames, [every[row] for row in rest], seen.bona_fide[rest])


def observed(heads: Sequence[Head], seen: LabelledFeatures) -> list[Observed]:
    """Pictures as a calibration sees its frames."""
    units = [head.standardised(seen.features.of(head.view, head.block)) for head in heads]
    features, raw = np.concatenate(units, axis=1), logits(heads, seen)
    return [
        Observed(float(value), row, sample.subject)
        for value, row, sample in zip(raw, features, seen.samples, strict=True)
    ]


def _beyond(frames: Sequence[Observed], rest: Sequence[Observed], bona_fide: np.ndarray) -> Episode:
    bare = centred(np.stack([frame.features for frame in frames]))
    mean = float(np.mean([frame.raw for frame in frames]))
    known = np.sqrt(1.0 + 1.0 / len(frames))
    return Episode(
        np.array([(one.raw - mean) / known for one in rest]),
        np.array([bare.distance_to(one.features) for one in rest]),
        bona_fide,
    )


def _platt(scores: Vector, labels: np.ndarray) -> tuple[float, float]:
    """Slope and bias of the log-likelihood ratio; both classes weigh the same."""
    from sklearn.linear_model import LogisticRegression

    if labels.all():
        raise DatasetError("spreads of cameras need attacks, too, to scale scores")
    fitted = LogisticRegression(C=_FREE, class_weight="balanced").fit(scores[:, None], labels)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _card(made: CameraSpreads, seen: LabelledFeatures, text: str) -> Card:
    people = len({sample.subject for sample in seen.samples})
    bona_fide = int(seen.bona_fide.sum())
    licences = {sample.attributes.get("licence", "") for sample in seen.samples} - {""}
    research = "research" in made.heads
    return Card(
        title=f"Spreads of cameras for {made.heads.partition('-')[0]}",
        version="1",
        licence="research use only, after the licence of what the heads learned from"
        if research
        else "Apache-2.0",
        research_use=research,
        data=f"{bona_fide:,} bona fide pictures and {len(seen.samples) - bona_fide:,} attacks of "
        f"{people} people before {made.cameras} simulated cameras. Licences of the pictures: "
        f"{'; '.join(sorted(licences)) or 'as told by the sets'}.",
        recipe="`facepad train cameras`\n\nFrom every camera the frames of up to ten people are "
        f"drawn, {_DRAWS} times; how the rest of its people lie from them, in logits and in "
        "features, and how its attacks do, are taken together over all cameras. Drawn with a "
        "fixed seed.",
        results=f"```text\n{text}\n```\n\nWhat calibrations reach with it: docs/the-face-test.md.",
        limits="Simulated cameras and studio portraits: real people before one real camera may "
        "vary more. It holds numbers of these heads alone.",
    )
