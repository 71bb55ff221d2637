"""One run of training the quality test: from a dataset's folder to model, card and report."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np

from facepad import registry, settings
from facepad.errors import DatasetError
from facepad.models import store
from facepad.models.card import Card
from facepad.training.features import VIEWS, Cache, View, extract
from facepad.training.quality import RESOLUTION_WEIGHT, Classifier, fit
from facepad.training.quality_report import document, parts, text
from facepad.training.resolution import SceneSource, movements
from facepad.types import Dataset, Sample, Split

MADE_UP, PHOTOGRAPHED = 60, 60  # scenes that resolution is learned from
_VERSION = "1"
_OPENINGS = (
    "The report prints the test part at every training, and this recipe was trained some ten "
    "times in variants while it was made, so the test figures are not those of an untouched "
    "set. Variants were compared on sessions left out, on other webcams and on simulated media; "
    "where these did not agree, the simplest was taken."
)


@dataclass(frozen=True, slots=True)
class Run:
    """What to train, on what, to where.

    Attributes:
        dataset: Name of the listing.
        root: Folder of the dataset.
        view: Key of `facepad.training.features.VIEWS`.
        classifier: "lda" or "svm".
        out: Folder for model, card and report.
        workers: Processes.
        seed: Of the simulated captures.
    """

    dataset: str
    root: Path
    view: str
    classifier: str
    out: Path
    workers: int
    seed: int


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that will be measured.

    Attributes:
        samples: Of the dataset.
        scenes: For `facepad.training.resolution`.
    """

    samples: tuple[Sample, ...]
    scenes: tuple[SceneSource, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came out.

    Attributes:
        model: The model file; its card lies beside it.
        report: The report as JSON.
        text: The report for people.
    """

    model: Path
    report: Path
    text: str


def prepare(run: Run) -> Ready:
    """List the dataset and choose scenes, before anything slow begins.

    Raises:
        SettingsError: No such dataset.
        DatasetError: It is not laid out as expected.
    """
    listing = cast(Callable[[Path], Dataset], registry.resolve("datasets", run.dataset))
    samples = tuple(listing(run.root).samples())
    train = [sample.path for sample in samples if sample.split is Split.TRAIN]
    if not train:
        raise DatasetError(f"{run.dataset} in {run.root} has no train part")
    rng = np.random.default_rng(run.seed)
    chosen = rng.choice(len(train), min(PHOTOGRAPHED, len(train)), replace=False)
    first = 1000 * run.seed
    scenes = [SceneSource(first + index) for index in range(MADE_UP)]
    scenes += [SceneSource(first + MADE_UP + i, train[k]) for i, k in enumerate(chosen)]
    return Ready(samples, tuple(scenes))


def run(order: Run, ready: Ready, advance: Callable[[], None]) -> Result:
    """Measure, fit, judge and write.

    Args:
        order: What to train.
        ready: From `prepare`.
        advance: Called once per picture and scene.

    Raises:
        DatasetError: A picture cannot be read, or a class is missing from a split.
        ModelError: The face models are missing, or the result cannot be written.
    """
    started = time.monotonic()
    part = VIEWS[order.view]
    cache = Cache(settings.folder("cache_dir"))
    features = extract(ready.samples, part, cache, workers=order.workers, advance=advance)
    moved = movements(ready.scenes, part, cache, workers=order.workers, advance=advance)
    kind = cast(Classifier, order.classifier)
    trained = fit(ready.samples, features, moved, part, classifier=kind)
    found = parts(ready.samples, trained)
    took_s = time.monotonic() - started
    point = trained.classifier.operating_point
    shown = text(found, point)
    order.out.mkdir(parents=True, exist_ok=True)
    model, report = (order.out / f"{part.name}.{ending}" for ending in ("npz", "json"))
    store.save_arrays(model, trained.classifier.arrays(), _card(order, part, shown, ready))
    command = asdict(order) | {"root": order.root.name, "out": order.out.name}
    values = {"command": command, "seconds": took_s} | document(found, point)
    report.write_text(json.dumps(values, indent=2, default=str) + "\n", encoding="utf-8")
    return Result(model, report, f"{shown}\n\ntook {took_s:.0f} s")


def _card(order: Run, part: View, shown: str, ready: Ready) -> Card:
    count = sum(sample.split is Split.TRAIN for sample in ready.samples)
    return Card(
        title=f"Image-quality test of {part.what} ({order.classifier.upper()}), research use",
        version=_VERSION,
        licence="research use only, after the licence of the training data",
        research_use=True,
        data=(
            f"{count} pictures of the train part of {order.dataset}, dev subjects left out "
            "(research data: no licence text in our copy, so research use only). Threshold from "
            "the dev subjects. Resolution was learned from simulated captures of "
            f"{MADE_UP} made-up scenes and of {PHOTOGRAPHED} of the training pictures."
        ),
        recipe=(
            f"`facepad train quality --dataset {order.dataset} --root DIR --view {order.view} "
            f"--classifier {order.classifier} --seed {order.seed}`\n\n"
            f"25 metrics of {part.what}, the box (or picture) brought to {part.side} pixels and "
            "never enlarged; standardised. The movements of the metrics between 480, 720 and 1080 "
            "lines are added to the scatter within classes, with a weight of "
            f"{RESOLUTION_WEIGHT:g}. Score scaled on sessions left out, and flattened "
            "until resolution moves it little; threshold at dev's EER."
        ),
        results=f"```text\n{shown}\n```\n\n{_OPENINGS}",
        limits=(
            "Knows printed photos before one webcam, in few rooms and of few people. Ranks "
            "pictures of other cameras badly and says `unfamiliar_camera` of most of them. Never "
            "saw a screen or a mask. Not to be used alone, nor for a decision about a person."
        ),
    )
