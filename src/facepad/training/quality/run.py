"""The training of the quality test: options, steps, error rates and card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facepad.evaluation.ranking import Ranking, rank
from facepad.evaluation.rates import Count, Rates, Reading, outcomes, rates_at
from facepad.evaluation.table import ScoreTable, from_samples
from facepad.jobs.progress import Advance
from facepad.models.card import Card
from facepad.quality import METRICS
from facepad.training.quality.features import VIEWS, MeasuredView, MetricCache, extract
from facepad.training.quality.fit import ClassifierKind, fit, scores
from facepad.training.quality.resolution import SceneSource, movements
from facepad.training.run import (
    FIRST_VERSION,
    FREE_LICENCE,
    RESEARCH_LICENCE,
    Fitted,
    licences_of,
    people,
    percent,
    recipe_section,
    result_section,
)
from facepad.training.scaling import THRESHOLD_RULE
from facepad.training.sources import (
    DatasetCopy,
    SampleSet,
    evaluation_sets,
    only_simulated,
    train_and_dev,
)
from facepad.types import OperatingPoint, Reason, Sample, Score, Split

MADE_UP, PHOTOGRAPHED = 60, 60  # scenes from which the effect of resolution is learned

# Weight of the scatter of resolution, relative to the training pictures: with simulated data
# alone, and with a real dataset. Selected on dev data; docs/lab/results.md.
FREE_RESOLUTION_WEIGHT, RESOLUTION_WEIGHT = 10.0, 1.0

_LIMITS = (
    "One picture in {count} numbers carries little information: masks and attacks on a part of "
    "the face are hardly detected, and the threshold does not fit every camera. Gives "
    "`unfamiliar_camera` for pictures unlike the training pictures. Not to be used alone, nor for "
    "a decision about a person."
)


@dataclass(frozen=True, slots=True)
class QualityData:
    """All samples of one training.

    Attributes:
        learned: Train parts, and dev parts for the threshold.
        evaluated: Sets whose errors are reported.
        scenes: For `facepad.training.quality.resolution`.
    """

    learned: tuple[Sample, ...]
    evaluated: tuple[SampleSet, ...]
    scenes: tuple[SceneSource, ...]

    def __len__(self) -> int:
        """Return the number of pictures and scenes to measure."""
        evaluated = sum(len(part.samples) for part in self.evaluated)
        return len(self.learned) + evaluated + len(self.scenes)


@dataclass(frozen=True, slots=True)
class QualityRecipe:
    """Options of a training of the quality test.

    Attributes:
        trains: Datasets for training; their dev parts give the threshold.
        shown: Further datasets whose errors are reported; not used for fitting or thresholds.
        view: Key of `facepad.training.quality.features.VIEWS`.
        classifier: "lda" or "svm".
        evaluate_test: Whether to evaluate test parts; the card says which.
        out: Folder for model, card and report.
        workers: Number of processes.
        seed: Seed of the simulated captures.
    """

    trains: tuple[DatasetCopy, ...]
    shown: tuple[DatasetCopy, ...]
    view: str
    classifier: ClassifierKind
    evaluate_test: bool
    out: Path
    workers: int
    seed: int

    @property
    def part(self) -> MeasuredView:
        """The part of a picture that is measured."""
        return VIEWS[self.view]

    @property
    def is_free(self) -> bool:
        """Whether simulation alone is used for training."""
        return only_simulated(self.trains)

    @property
    def name(self) -> str:
        """Name of the model; names the training data, since the licence depends on it."""
        if self.is_free:
            return f"{self.part.name}_free"
        simulated = any(copy.is_simulated for copy in self.trains)
        return f"{self.part.name}_{'research' if simulated else 'real'}"

    @property
    def resolution_weight(self) -> float:
        """Weight of the scatter of resolution, relative to the training pictures."""
        return FREE_RESOLUTION_WEIGHT if self.is_free else RESOLUTION_WEIGHT

    @property
    def command(self) -> str:
        """The command that repeats the training, without the places of folders."""
        first = self.trains[0].asked
        words = [f"--dataset {first}"]
        words += ["--root DIR" for copy in self.trains if copy.asked == first]
        words += [f"--also {copy.asked}=DIR" for copy in self.trains if copy.asked != first]
        words += [f"--show {copy.asked}=DIR" for copy in self.shown]
        words += [f"--view {self.view}", f"--classifier {self.classifier}", f"--seed {self.seed}"]
        judge = ["--judge FILE"] if self.evaluate_test else []
        return " ".join(["facepad train quality", *words, *judge])

    def judged(self, data: QualityData) -> tuple[str, ...]:
        """Return the names of the test sets that are evaluated."""
        return tuple(part.name for part in data.evaluated if part.is_test)

    @property
    def facts(self) -> Mapping[str, object]:
        """Options, for the report as JSON."""
        return {"command": self.command}

    def prepare(self) -> QualityData:
        """List all samples and draw scenes.

        Raises:
            SettingsError: There is no such dataset.
            DatasetError: It is not laid out as expected.
        """
        learned = train_and_dev(self.trains)
        train = [sample.path for sample in learned if sample.split is Split.TRAIN]
        rng = np.random.default_rng(self.seed)
        drawn = rng.choice(len(train), min(PHOTOGRAPHED, len(train)), replace=False)
        first = 1000 * self.seed
        scenes = [SceneSource(first + index) for index in range(MADE_UP)]
        scenes += [SceneSource(first + MADE_UP + i, train[k]) for i, k in enumerate(drawn)]
        evaluated = evaluation_sets((*self.trains, *self.shown), test=self.evaluate_test)
        return QualityData(learned, evaluated, tuple(scenes))

    def fit(self, data: QualityData, cache: Path, advance: Advance) -> Fitted:
        """Measure all pictures and scenes, fit the classifier, and evaluate it.

        Raises:
            DatasetError: A picture cannot be read, or a class is missing from a split.
            ModelError: The face models are missing.
        """
        part, vectors = self.part, MetricCache(cache)
        features = extract(data.learned, part, vectors, workers=self.workers, advance=advance)
        moved = movements(data.scenes, part, vectors, workers=self.workers, advance=advance)
        model = fit(
            data.learned,
            features,
            moved,
            part,
            classifier=self.classifier,
            resolution_weight=self.resolution_weight,
        )
        point = model.operating_point
        errors = []
        for tested in data.evaluated:
            own = extract(tested.samples, part, vectors, workers=self.workers, advance=advance)
            errors.append(errors_on(tested, scores(model, own), point))
        return Fitted(model.arrays(), point, errors)

    def card(self, data: QualityData, report: str) -> Card:
        """Return the card: data, options and errors of this training."""
        part = self.part
        use = "free" if self.is_free else "research use"
        return Card(
            title=f"Image-quality test of {part.description} ({self.classifier.upper()}), {use}",
            version=FIRST_VERSION,
            licence=FREE_LICENCE if self.is_free else RESEARCH_LICENCE,
            research_use=not self.is_free,
            data=_data_section(data),
            recipe=recipe_section(
                self.command,
                f"{len(METRICS)} metrics of {part.description}, reduced to {part.side} pixels (the "
                "box, or the picture) and never enlarged; standardised. Equal weight of classes, "
                "and of species within the attacks. The movements of the metrics between 480, 720 "
                "and 1080 lines are added to the scatter within classes, with a weight of "
                f"{self.resolution_weight:g}. Platt scaling on held-out sources, flattened until "
                f"resolution moves the score little; {THRESHOLD_RULE}, here the dev part of each "
                "training dataset.",
            ),
            results=result_section(report, [part.name for part in data.evaluated if part.is_test]),
            limits=_LIMITS.format(count=len(METRICS)),
        )


def _data_section(data: QualityData) -> str:
    names = [sample.key.partition("/")[0] for sample in data.learned]
    lines = []
    for name in sorted(set(names)):
        own = [s for s, of in zip(data.learned, names, strict=True) if of == name]
        train = [sample for sample in own if sample.split is Split.TRAIN]
        dev = [sample for sample in own if sample.split is Split.DEV]
        sources = ", ".join(sorted({sample.session or "" for sample in train}))
        lines.append(
            f"- {name}: train {len(train):,} pictures of {people(train)} people ({sources}); dev "
            f"{len(dev):,} pictures of {people(dev)} people"
        )
    photographed = sum(scene.path is not None for scene in data.scenes)
    return "\n".join(
        [
            *lines,
            "",
            f"Licences of the pictures: {licences_of(data.learned)}. The effect of resolution was "
            f"learned from simulated captures of {len(data.scenes) - photographed} made-up scenes "
            f"and of {photographed} of the training pictures.",
        ]
    )


# --- error rates --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QualityErrors:
    """Error rates on one set.

    Attributes:
        name: "nuaa dev", "nuaa test, official", "nuaa test, subject-disjoint".
        rates: At the single threshold from dev, without uncertain band or familiarity, so
            that every presentation with a score is decided.
        decided: With band and familiarity, over the presentations that are decided.
        ranking: Figures whose threshold comes from this set itself.
        unfamiliar: Share of presentations whose vector is unlike the training pictures.
        uncertain: Share without a decision, by the band or by unfamiliarity.
    """

    name: str
    rates: Rates
    decided: Rates
    ranking: Ranking
    unfamiliar: float
    uncertain: float

    def lines(self) -> list[str]:
        """Return the lines of the report."""
        rates, ranking = self.rates, self.ranking
        matrix = rates.confusion
        apcer = ", ".join(f"{name} {percent(rate)}" for name, rate in rates.apcer.items())
        return [
            f"{self.name}: {_count(rates.bona_fide)} bona fide, {_count(rates.attack)} attacks",
            f"  at the dev threshold: APCER {apcer}; BPCER {percent(rates.bpcer)}; "
            f"ACER {percent(rates.acer)}; HTER {percent(rates.hter)}",
            f"  confusion matrix, % of all: true positives {matrix.true_positive:.1f}, false "
            f"negatives {matrix.false_negative:.1f}, false positives {matrix.false_positive:.1f}, "
            f"true negatives {matrix.true_negative:.1f}; top-1 accuracy {percent(rates.accuracy)}",
            f"  {ranking.label}: AUC {ranking.auc:.3f}, EER {percent(ranking.eer)}, BPCER at "
            f"APCER 10/5/1 %: {percent(ranking.bpcer10)}/{percent(ranking.bpcer20)}"
            f"/{percent(ranking.bpcer100)}",
            f"  as the test alone decides: {percent(self.uncertain)} without a decision "
            f"({percent(self.unfamiliar)} {Reason.UNFAMILIAR_CAMERA}); of the others APCER "
            f"{percent(self.decided.apcer_worst)}, BPCER {percent(self.decided.bpcer)}",
        ]


def errors_on(part: SampleSet, found: Sequence[Score], point: OperatingPoint) -> QualityErrors:
    """Return the errors of scores, in the order of a set's samples, at an operating point."""
    table = from_samples(list(part.samples), list(found))
    abstained = table.abstained[table.answered]
    return QualityErrors(
        part.name,
        rates_at(_certain(table), OperatingPoint.at(point.threshold, point.name)),
        rates_at(table, point, reading=Reading.DECIDED),
        rank(table),
        float(np.mean(abstained)) if len(abstained) else 0.0,
        1.0 - float(np.mean(outcomes(table, point).counted(Reading.DECIDED))),
    )


def _certain(table: ScoreTable) -> ScoreTable:
    return replace(table, abstained=np.zeros(len(table.values), np.bool_))


def _count(count: Count) -> str:
    return f"{count.presentations} of {count.subjects} subjects"
