"""Fit the prior over cameras of a calibratable test, on many simulated cameras.

Pictures are observed once and kept; the fit itself is in `facepad.training.calibration.episodes`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from facepad import settings
from facepad.calibration.prior import CalibratableTest, CameraPrior, ViewPrior
from facepad.errors import DatasetError, InputError
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance
from facepad.models import store
from facepad.models.card import Card
from facepad.models.npz import pack, unpack
from facepad.needs import needs_of
from facepad.packed.pictures import PackedFiles
from facepad.sources import MIDDLE, load_sample
from facepad.training.calibration.episodes import DRAWS, FRAMES, fit_kinds
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, frame_of
from facepad.training.run import FIRST_VERSION, licences_of, people, recipe_section
from facepad.training.sources import simulated_samples
from facepad.types import MemberReading, Observation, Presentation, Reason, Sample, Split

_FORMAT = "decision and groups"  # of what is kept of an observation
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
    by_kind: dict[str, dict[str, ViewPrior]] = {}
    told = []
    for views in dict.fromkeys(views for each in observed for views in each):
        rows = [row for row, each in enumerate(observed) if views in each]
        found = fit_kinds([observed[row][views] for row in rows], [samples[row] for row in rows])
        for kind, (prior, words) in found.items():
            by_kind.setdefault(kind, {})[views] = prior
            told.append(f"{kind}, {views}: {words}")
    used = [sample for sample, each in zip(samples, observed, strict=True) if each]
    prior_of_all, text = CameraPrior(by_kind, test.version), "\n\n".join(told)
    model = out / f"{test.prior_model}.npz"
    store.save_arrays(model, prior_of_all.arrays(), _card(prior_of_all, test, used, text))
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
    tag = "|".join([_FORMAT, version, *map(store.version, _MODELS)])
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
    """Return observations as bytes; equal readings of several sets of views are kept once."""
    known: dict[tuple[float, str, bool, bytes], tuple[int, MemberReading]] = {}
    uses = []
    for views, observation in observations.items():
        for name, member in observation.members.items():
            content = (member.logit, member.group, member.decides, member.features.tobytes())
            place, _ = known.setdefault(content, (len(known), member))
            uses.append((views, name, str(place)))
    readings = [member for _, member in known.values()]
    return pack(
        {
            "uses": np.array(uses, np.str_).reshape(-1, 3),
            "groups": np.array([one.group for one in readings], np.str_),
            "decides": np.array([one.decides for one in readings], np.bool_),
            "logits": np.array([one.logit for one in readings]),
            "widths": np.array([len(one.features) for one in readings], np.int64),
            "features": np.concatenate(
                [np.zeros(0), *(one.features for one in readings)], dtype=np.float32
            ),
        }
    )


def _unpacked(data: bytes) -> Observations:
    arrays = unpack(data, "the cache of observations")
    ends = np.cumsum(arrays["widths"])
    features = np.split(arrays["features"], ends[:-1]) if len(ends) else []
    kinds = (arrays["groups"].tolist(), arrays["decides"].tolist())
    readings = list(map(MemberReading, arrays["logits"].tolist(), features, *kinds))
    found: dict[str, dict[str, MemberReading]] = {}
    for views, name, place in arrays["uses"].tolist():
        found.setdefault(views, {})[name] = readings[int(place)]
    return {views: Observation(members) for views, members in found.items()}


# --- the card -----------------------------------------------------------------------------


def _licence(version: str, stated: str) -> tuple[str, bool]:
    """Return the licence of the test's model, and whether it is for research only."""
    for entry in store.entries():
        if entry.full_version == version:
            return entry.licence, entry.research_use
    if stated:
        return f"that of the network: {stated}", True
    return f"unknown: {version} is not among the models of facepad; that of its card applies", True


def _card(prior: CameraPrior, test: CalibratableTest, samples: Sequence[Sample], text: str) -> Card:
    bona_fide = sum(sample.is_bona_fide for sample in samples)
    cameras = len({sample.attributes["camera"] for sample in samples})
    licence, research = _licence(prior.version, getattr(test, "licence", ""))
    return Card(
        title=f"Prior over cameras for {prior.version.rpartition('-')[0]}",
        version=FIRST_VERSION,
        licence=licence,
        research_use=research,
        data=f"{bona_fide:,} bona fide pictures and {len(samples) - bona_fide:,} attacks of "
        f"{people(samples)} people in front of {cameras} simulated cameras. Licences of the "
        f"pictures: {licences_of(samples)}.",
        recipe=recipe_section(
            f"facepad train cameras --simulated DIR --test {test.name}",
            f"For every camera frames of up to {FRAMES} people are drawn, {DRAWS} times (kind "
            '"people"); and up to as many of one person, where there are several ("person"). Its '
            "other pictures are compared with these frames member by member. The mean of the "
            "logits that decide without a calibration, and the mean distance of each group of "
            "members, are weighed by logistic regression over all cameras; cameras, classes and "
            "species count alike, masks are left out. The figures are of cameras that were held "
            "out, in two halves; the pull of the weights towards each other is chosen on them. "
            "The random seed is fixed.",
        ),
        results=f"```text\n{text}\n```",
        limits="Simulated cameras and studio portraits: real people in front of one real camera "
        "may vary more. Only for the test's model named above.",
    )
