"""Fit the prior over cameras of a calibratable test, on many simulated cameras.

Each camera is calibrated on paper: the frames of some people are drawn, and the frames of its
other people, and its attacks, are compared with them as with a calibration.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from facepad import settings
from facepad.calibration.anchor import DISTANCE_WEIGHT, Vector
from facepad.calibration.prior import CalibratableTest, CameraPrior, ViewPrior
from facepad.errors import DatasetError, InputError
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance
from facepad.models import index, store
from facepad.models.card import Card
from facepad.models.npz import pack, unpack
from facepad.needs import needs_of
from facepad.packed.pictures import PackedFiles
from facepad.sources import MIDDLE, load_sample
from facepad.training.calibration.fit import feature_anchor
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, frame_of
from facepad.training.run import FIRST_VERSION, licences_of, people, recipe_section
from facepad.training.scaling import Mask, platt
from facepad.training.sources import simulated_samples
from facepad.types import Observation, Presentation, Reason, Sample, Split

FRAMES = 10  # per drawn calibration; fewer where a camera has fewer people
FEWEST = 4  # of them
_BEYOND = 2  # least number of people outside the drawn frames
_DRAWS = 5  # per camera
_MODELS = ("face_detector", "face_mesh")

Observations = Mapping[str, Observation]  # by set of views; empty without a usable face
MakeTest = Callable[[], CalibratableTest]  # picklable
_Row = tuple[str, Observations]
_Item = tuple[str, str, int | None]  # key, path, frame


@dataclass(frozen=True, slots=True)
class PriorResult:
    """The files of a fitted prior.

    Attributes:
        model: The model file; its card is beside it.
        text: The prior for the terminal.
    """

    model: Path
    text: str


def prepare(roots: Sequence[Path]) -> tuple[Sample, ...]:
    """List simulated pictures with their cameras.

    Raises:
        DatasetError: No folder was given, or a list does not name the cameras.
    """
    samples = simulated_samples(roots)
    if not all(sample.attributes.get("camera") for sample in samples):
        raise DatasetError(
            "the prior over cameras needs pictures with a camera each; simulate them with --cameras"
        )
    return samples


def run(
    make_test: MakeTest,
    samples: Sequence[Sample],
    out: Path,
    *,
    workers: int,
    advance: Advance,
) -> PriorResult:
    """Observe all pictures, fit the prior and write it.

    Args:
        make_test: Makes the test; goes to worker processes.
        samples: From `prepare`.
        out: Folder for the model and its card.
        workers: Number of processes.
        advance: Called once per picture.

    Raises:
        DatasetError: A picture cannot be read, or no camera has enough people.
        ModelError: The file of a model is missing, or the result cannot be written.
    """
    test = make_test()
    observed = observe(make_test, test.version, samples, workers=workers, advance=advance)
    by_views = {}
    for views in sorted({views for each in observed for views in each}):
        rows = [row for row, each in enumerate(observed) if views in each]
        by_views[views] = fit_prior(
            [observed[row][views] for row in rows], [samples[row] for row in rows]
        )
    used = [sample for sample, each in zip(samples, observed, strict=True) if each]
    cameras = len({sample.attributes["camera"] for sample in used})
    prior = CameraPrior(by_views, test.version, cameras)
    text = "\n".join(f"{views}: {fitted}" for views, fitted in by_views.items())
    model = out / f"{test.prior_model}.npz"
    store.save_arrays(model, prior.arrays(), _card(prior, test.name, used, text))
    return PriorResult(model, text)


# --- observations -------------------------------------------------------------------------


class ObservationCache:
    """Observations by key in one file."""

    def __init__(self, folder: Path) -> None:
        self._table = CacheTable(folder / "observations.sqlite", "observed", "data BLOB")

    def read(self, keys: Iterable[str]) -> dict[str, _Row]:
        """Return the rows of those keys that are in the cache."""
        return {key: (key, _unpacked(data)) for key, data in self._table.read(keys).values()}

    def write(self, rows: Sequence[_Row]) -> None:
        """Write rows, all or none."""
        self._table.write([(key, _packed(observed)) for key, observed in rows])


class Observer:
    """Finds faces and observes them; one per worker process."""

    def __init__(self, make_test: MakeTest) -> None:
        self.test = make_test()
        self.finder = FaceFinder(landmarks=needs_of(self.test).landmarks)
        self.packed = PackedFiles()


def observe(
    make_test: MakeTest,
    version: str,
    samples: Sequence[Sample],
    *,
    workers: int,
    advance: Advance,
) -> list[Observations]:
    """Observe every picture, or read the observations from the cache.

    Args:
        make_test: Makes the test; goes to worker processes.
        version: Version of the test's model.
        samples: Pictures.
        workers: Number of processes.
        advance: Called once per picture.

    Raises:
        DatasetError: A picture cannot be read; names it.
    """
    tag = "|".join([version, *map(store.version, _MODELS)])
    items = [
        (file_key(sample.path, tag, f"|{frame_of(sample)}"), sample.path, sample.frame)
        for sample in samples
    ]
    rows = compute_cached(
        items,
        ObservationCache(settings.writable_folder("cache_dir")),
        _row,
        partial(Observer, make_test),
        workers=workers,
        advance=advance,
    )
    return [observations for _, observations in rows]


def _row(observer: Observer, item: _Item) -> _Row:
    key, path, number = item
    try:
        sample = Sample(path, path, "", Split.TRAIN, frame=number)
        presentation = load_sample(sample, MIDDLE, packed=observer.packed)
    except InputError as error:
        raise DatasetError(f"a listed picture cannot be used: {error}") from error
    frame = observer.finder.find(presentation.frames[0])
    found = observer.test.observe(Presentation((frame,)))
    return key, {} if isinstance(found, Reason) else found


def _packed(observations: Observations) -> bytes:
    return pack({views: np.array([o.raw, *o.features]) for views, o in observations.items()})


def _unpacked(data: bytes) -> Observations:
    arrays = unpack(data, "the cache of observations")
    return {views: Observation(float(row[0]), row[1:]) for views, row in arrays.items()}


# --- the fit ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """The pictures of a camera outside some drawn frames.

    Attributes:
        logits: Raw logits minus the frames' mean, corrected for the error of that mean.
        distances: Distances of the features to the frames.
        bona_fide: Which pictures are bona fide.
    """

    logits: Vector
    distances: Vector
    bona_fide: Mask


def fit_prior(observations: Sequence[Observation], samples: Sequence[Sample]) -> ViewPrior:
    """Fit the prior for one set of views.

    Args:
        observations: Observations of pictures.
        samples: Their labels, with the attribute ``camera``, in the same order.

    Raises:
        DatasetError: No camera has enough people, or there are no attacks.
    """
    episodes = list(_episodes(observations, samples))
    if not episodes:
        raise DatasetError(
            f"the prior over cameras needs a camera with {FEWEST + _BEYOND} people; simulate with "
            "fewer --cameras, or more sources"
        )
    own = [episode for episode in episodes if episode.bona_fide.any()]
    logits = np.concatenate([episode.logits[episode.bona_fide] for episode in own])
    distances = np.concatenate([episode.distances[episode.bona_fide] for episode in own])
    logit = float(np.sqrt(np.mean(logits**2)))
    distance, scale = float(np.mean(distances)), float(np.std(distances))
    scores = np.concatenate(
        [e.logits / logit - DISTANCE_WEIGHT * (e.distances - distance) / scale for e in episodes]
    )
    labels = np.concatenate([episode.bona_fide for episode in episodes])
    if labels.all():
        raise DatasetError("the prior over cameras needs attacks, too, to scale scores")
    scaling = platt(scores, labels)
    deviation = float(scores[labels].std())
    return ViewPrior(logit, distance, scale, deviation, scaling.slope, scaling.bias)


def _episodes(observations: Sequence[Observation], samples: Sequence[Sample]) -> Iterator[Episode]:
    """Draw the people of each camera several times; one bona fide frame a person."""
    cameras = np.array([sample.attributes["camera"] for sample in samples])
    for camera in sorted(set(cameras.tolist())):
        rows = np.flatnonzero(cameras == camera)
        yield from _episodes_of(
            [observations[int(i)] for i in rows], [samples[int(i)] for i in rows]
        )


def _episodes_of(
    observations: Sequence[Observation], samples: Sequence[Sample]
) -> Iterator[Episode]:
    subjects = np.array([sample.subject for sample in samples])
    bona_fide = np.array([sample.is_bona_fide for sample in samples])
    own = {who: np.flatnonzero((subjects == who) & bona_fide) for who in sorted(set(subjects))}
    known = [who for who, rows in own.items() if len(rows)]
    if len(known) < FEWEST + _BEYOND:
        return
    rng = np.random.default_rng(0)
    for _ in range(_DRAWS):
        drawn = rng.permutation(known)[: min(FRAMES, len(known) - _BEYOND)]
        frames = [observations[int(rng.choice(own[who]))] for who in drawn]
        rest = np.flatnonzero(~np.isin(subjects, drawn))
        yield _episode(frames, [observations[int(row)] for row in rest], bona_fide[rest])


def _episode(
    frames: Sequence[Observation], rest: Sequence[Observation], bona_fide: Mask
) -> Episode:
    bare = feature_anchor(np.stack([frame.features for frame in frames]))
    mean = float(np.mean([frame.raw for frame in frames]))
    known = np.sqrt(1.0 + 1.0 / len(frames))
    return Episode(
        np.array([(other.raw - mean) / known for other in rest]),
        np.array([bare.distance_to(other.features) for other in rest]),
        bona_fide,
    )


def _licence(version: str) -> tuple[str, bool]:
    """Return the licence of the test's model, and whether it is for research only."""
    for entry in index.entries():
        if entry.full_version == version:
            return entry.licence, entry.research_use
    return f"unknown: {version} is not among the models of facepad; that of its card applies", True


def _card(prior: CameraPrior, test: str, samples: Sequence[Sample], text: str) -> Card:
    bona_fide = sum(sample.is_bona_fide for sample in samples)
    licence, research = _licence(prior.version)
    return Card(
        title=f"Prior over cameras for {prior.version.partition('-')[0]}",
        version=FIRST_VERSION,
        licence=licence,
        research_use=research,
        data=f"{bona_fide:,} bona fide pictures and {len(samples) - bona_fide:,} attacks of "
        f"{people(samples)} people in front of {prior.cameras} simulated cameras. Licences of the "
        f"pictures: {licences_of(samples)}.",
        recipe=recipe_section(
            f"facepad train cameras --simulated DIR --test {test}",
            f"For every camera the frames of up to {FRAMES} people are drawn, {_DRAWS} times. The "
            "logits and features of its other people, and of its attacks, are compared with these "
            "frames and pooled over all cameras. The random seed is fixed.",
        ),
        results=f"```text\n{text}\n```",
        limits="Simulated cameras and studio portraits: real people in front of one real camera "
        "may vary more. Only for the test's model named above.",
    )
