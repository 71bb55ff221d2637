"""One run of training the quality test: from folders to model, card and report."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from facepad import settings
from facepad.models import store
from facepad.training.quality.card import card_of
from facepad.training.quality.classifiers import Classifier
from facepad.training.quality.features import Cache, extract
from facepad.training.quality.fit import fit, scores
from facepad.training.quality.order import MADE_UP, PHOTOGRAPHED, Run
from facepad.training.quality.report import document, part_of, text
from facepad.training.quality.resolution import SceneSource, movements
from facepad.training.quality.sources import Listed, told, training
from facepad.types import Sample, Split


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that will be measured.

    Attributes:
        learned: Train parts, and the dev parts that choose.
        told: Sets whose errors are told.
        scenes: For `facepad.training.quality.resolution`.
    """

    learned: tuple[Sample, ...]
    told: tuple[Listed, ...]
    scenes: tuple[SceneSource, ...]

    def __len__(self) -> int:
        """How much there is to measure."""
        told = sum(len(listed.samples) for listed in self.told)
        return len(self.learned) + told + len(self.scenes)


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


def prepare(order: Run) -> Ready:
    """List everything and choose scenes, before anything slow begins.

    Raises:
        SettingsError: No such dataset.
        DatasetError: It is not laid out as expected.
    """
    learned = training(order.trains)
    train = [sample.path for sample in learned if sample.split is Split.TRAIN]
    rng = np.random.default_rng(order.seed)
    chosen = rng.choice(len(train), min(PHOTOGRAPHED, len(train)), replace=False)
    first = 1000 * order.seed
    scenes = [SceneSource(first + index) for index in range(MADE_UP)]
    scenes += [SceneSource(first + MADE_UP + i, train[k]) for i, k in enumerate(chosen)]
    return Ready(learned, told((*order.trains, *order.shown), judge=order.judge), tuple(scenes))


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
    part, cache = order.part, Cache(settings.folder("cache_dir"))
    features = extract(ready.learned, part, cache, workers=order.workers, advance=advance)
    moved = movements(ready.scenes, part, cache, workers=order.workers, advance=advance)
    model = fit(
        ready.learned,
        features,
        moved,
        part,
        classifier=cast(Classifier, order.classifier),
        resolution_weight=order.resolution_weight,
    )
    point = model.operating_point
    found = []
    for listed in ready.told:
        seen = extract(listed.samples, part, cache, workers=order.workers, advance=advance)
        found.append(part_of(listed, scores(model, seen), point))
    took_s = time.monotonic() - started
    shown = text(found, point)
    order.out.mkdir(parents=True, exist_ok=True)
    file, report = (order.out / f"{order.name}.{ending}" for ending in ("npz", "json"))
    opened = [listed.name for listed in ready.told if listed.judges]
    store.save_arrays(file, model.arrays(), card_of(order, ready.learned, shown, opened))
    values = {"command": order.command, "seconds": took_s} | document(found, point)
    report.write_text(json.dumps(values, indent=2, default=str) + "\n", encoding="utf-8")
    return Result(file, report, f"{shown}\n\ntook {took_s:.0f} s")
