"""The training of the face test's heads: options, steps, error rates and card."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facepad.datasets.simulated import order_summary
from facepad.evaluation.ranking import area_under_curve, auc
from facepad.evaluation.rates import Rates, rates_at
from facepad.faces import crops
from facepad.jobs.progress import Advance
from facepad.liveness.face_cnn.heads import FaceHeads, Vector
from facepad.models.card import Card
from facepad.scores import AffineScaling
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import (
    HeadSpec,
    LabelledFeatures,
    context_logits,
    joined,
    log_ratios,
    train,
)
from facepad.training.face.sources import FaceSources, TrainingKind
from facepad.training.run import (
    FIRST_VERSION,
    FREE_LICENCE,
    RESEARCH_LICENCE,
    SELECTED_ON,
    Fitted,
    licences_of,
    percent,
    recipe_section,
    result_section,
    size_of,
)
from facepad.training.scaling import THRESHOLD_RULE
from facepad.training.sources import SampleSet
from facepad.types import OperatingPoint

# Selected on dev parts and held-out sources, on no test part; docs/lab/the-face-test.md.
SPEC = HeadSpec(
    (
        *(("tight", block) for block in (5, 6, 7)),
        *(("context", block) for block in (10, 13, 14)),
    ),
    regularisation_c=0.5,
)
NAMES: dict[TrainingKind, str] = {
    "simulated": "face_heads_free",
    "real": "face_heads_real",
    "both": "face_heads_research",
}
_LIMITS = (
    "The threshold depends on the camera: calibrate it. The context heads also see the background: "
    "the report gives their results with the face blacked out. Frames without context have their "
    "own scaling; their scores are not comparable with the others. Not to be used alone for a "
    "decision about a person."
)


@dataclass(frozen=True, slots=True)
class FaceData:
    """The pictures of one training, by use."""

    train: tuple[SampleSet, ...]
    dev: tuple[SampleSet, ...]
    test: tuple[SampleSet, ...]

    def __len__(self) -> int:
        """Return the number of pictures."""
        return sum(len(part.samples) for part in (*self.train, *self.dev, *self.test))


@dataclass(frozen=True, slots=True)
class FaceRecipe:
    """Options of a training of the face test's heads.

    Attributes:
        sources: Data.
        trains: Which of it is used for training.
        spec: Which heads.
        every: Use every Nth picture of the real dataset's train and dev parts.
        evaluate_test: Whether to evaluate the test parts; the card says which.
        out: Folder for model, card and report.
        workers: Number of processes.
    """

    sources: FaceSources
    trains: TrainingKind
    spec: HeadSpec
    every: int
    evaluate_test: bool
    out: Path
    workers: int

    @property
    def name(self) -> str:
        """Name of the model; names the training data, since the licence depends on it."""
        return NAMES[self.trains]

    @property
    def facts(self) -> Mapping[str, object]:
        """Options, for the report as JSON."""
        return {
            "trains": self.trains,
            "heads": str(self.spec),
            "regularisation_c": self.spec.regularisation_c,
        }

    def prepare(self) -> FaceData:
        """List all pictures.

        Raises:
            SettingsError: There is no such dataset.
            DatasetError: Something is missing or not laid out as expected.
        """
        return FaceData(
            self.sources.train(self.trains, self.every),
            self.sources.dev(self.every),
            self.sources.test() if self.evaluate_test else (),
        )

    def fit(self, data: FaceData, cache: Path, advance: Advance) -> Fitted:
        """Compute the statistics of all pictures, fit the heads, and evaluate them.

        Raises:
            DatasetError: A picture cannot be read, or a class is missing.
            ModelError: The file of a network is missing.
        """
        statistics = FaceCache(cache)

        def labelled(part: SampleSet) -> LabelledFeatures:
            features = extract(
                part.samples,
                statistics,
                workers=self.workers,
                is_cropped=part.is_cropped,
                advance=advance,
            )
            return LabelledFeatures(part.samples, features)

        known = joined([labelled(part) for part in data.train])
        dev = [labelled(part) for part in data.dev]
        heads = train(known, self.spec, [part.part(part.usable) for part in dev])
        named = zip((*data.dev, *data.test), [*dev, *map(labelled, data.test)], strict=True)
        errors = [errors_on(part.name, heads, own) for part, own in named]
        return Fitted(heads.arrays(), heads.operating_point, errors)

    def card(self, data: FaceData, report: str) -> Card:
        """Return the card: data, options and errors of this training."""
        research = self.trains != "simulated"
        return Card(
            title=f"Heads of the face test ({'research use' if research else 'free'})",
            version=FIRST_VERSION,
            licence=RESEARCH_LICENCE if research else FREE_LICENCE,
            research_use=research,
            data=self._data_section(data),
            recipe=recipe_section(
                self.sources.command(self.trains, self.every) + " --judge" * self.evaluate_test,
                f"Logistic regression (C = {self.spec.regularisation_c:g} over the number of "
                "pictures) on mean and deviation of the channels of the frozen backbone's "
                f"blocks: {self.spec}. Equal weight of classes, and of species within the "
                "attacks; sources weighted by the root of their size. The raw logit is the mean "
                "of the heads, with Platt scaling fitted on training sources that were held out in "
                f"turn; {THRESHOLD_RULE}, without partial recaptures. Nothing is random.",
            ),
            results=result_section(report, [part.name for part in data.test]),
            limits=_LIMITS,
        )

    def _data_section(self, data: FaceData) -> str:
        lines = ["Fitted on:", ""]
        for part in data.train:
            sources = ", ".join(sorted({sample.session or "" for sample in part.samples}))
            lines.append(f"- {part.name}: {size_of(part.samples)} ({sources})")
        if self.trains != "real":
            made = [order_summary(root) for root in self.sources.simulated]
            lines += ["", *(f"Simulated with: {options}." for options in made if options)]
        licences = licences_of([sample for part in data.train for sample in part.samples])
        lines += ["", f"Licences of the pictures: {licences}."]
        if data.dev:
            lines += [
                "",
                f"{SELECTED_ON} held-out sources and these sets, on which nothing was fitted:",
            ]
            lines += ["", *(f"- {part.name}: {size_of(part.samples)}" for part in data.dev)]
        return "\n".join(lines)


# --- error rates --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaceErrors:
    """Error rates on one set.

    Attributes:
        name: Name of the set.
        pictures: Number of pictures with a usable face.
        without_face: Number of the other pictures.
        rates: At the operating point's single threshold.
        accepted: At the upper end of its uncertain band, above which pictures are accepted.
        auc: Area under the ROC curve over all pictures.
        auc_by_site: Mean over subjects or sites that have both classes; NaN where none has.
        sites: Number of these subjects or sites.
        context_alone: AUC of the context heads; NaN without context.
        background_alone: AUC of the context heads with the face blacked out.
    """

    name: str
    pictures: int
    without_face: int
    rates: Rates
    accepted: Rates
    auc: float
    auc_by_site: float
    sites: int
    context_alone: float
    background_alone: float

    def lines(self) -> list[str]:
        """Return the lines of the report."""
        rates = self.rates
        lines = [
            f"{self.name}: {rates.bona_fide.presentations} bona fide of "
            f"{rates.bona_fide.subjects} subjects, {rates.attack.presentations} attacks of "
            f"{rates.attack.subjects}; {self.without_face} without a face",
            f"  AUC {self.auc:.3f} pooled, {self.auc_by_site:.3f} mean over {self.sites} subjects "
            f"or sites; at the threshold APCER {percent(rates.apcer_worst)}, BPCER "
            f"{percent(rates.bpcer)}, HTER {percent(rates.hter)}",
            f"  accepted above the uncertain band: {percent(self.accepted.apcer_worst)} of the "
            f"attacks; not accepted: {percent(self.accepted.bpcer)} of the bona fide pictures",
        ]
        if not np.isnan(self.context_alone):
            lines.append(
                f"  context heads alone: AUC {self.context_alone:.3f}; with the face blacked out "
                f"{self.background_alone:.3f}"
            )
        return lines


def errors_on(name: str, heads: FaceHeads, labelled: LabelledFeatures) -> FaceErrors:
    """Return the error rates of heads on one set."""
    usable = labelled.part(labelled.usable)
    ratios = log_ratios(heads.heads, (heads.all_views, heads.tight_only), usable)
    table = usable.table(ratios, AffineScaling(1.0, 0.0))
    point = heads.operating_point
    by_site = _auc_by_site(usable, ratios)
    context = [head for head in heads.heads if head.view == crops.CONTEXT]
    has_context = bool(context) and bool(usable.features.has_context.all())
    nan = float("nan")
    alone, background = (
        auc(usable.bona_fide, context_logits(context, usable, blacked_out=blacked_out))
        if has_context
        else nan
        for blacked_out in (False, True)
    )
    return FaceErrors(
        name,
        len(usable.samples),
        len(labelled.samples) - len(usable.samples),
        rates_at(table, OperatingPoint.at(point.threshold)),
        rates_at(table, OperatingPoint.at(point.high)),
        area_under_curve(table),
        float(np.mean(by_site)) if by_site else nan,
        len(by_site),
        alone,
        background,
    )


def _auc_by_site(labelled: LabelledFeatures, values: Vector) -> list[float]:
    names = np.array([sample.subject for sample in labelled.samples])
    labels = labelled.bona_fide
    found = []
    for name in sorted(set(names)):
        rows = names == name
        if labels[rows].any() and not labels[rows].all():
            found.append(auc(labels[rows], values[rows]))
    return found
