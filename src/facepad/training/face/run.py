"""The training of the face test's heads: options, steps, error rates and card."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facepad.datasets.simulated import order_summary
from facepad.errors import SettingsError
from facepad.evaluation.ranking import area_under_curve, auc
from facepad.evaluation.rates import Rates, rates_at
from facepad.faces import crops
from facepad.jobs.progress import Advance
from facepad.liveness.face_cnn.heads import BALANCED, CROP, SETS, SURROUNDED, FaceHeads, Vector
from facepad.models.card import Card
from facepad.scores import sigmoid
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import (
    HeadSpec,
    LabelledFeatures,
    context_logits,
    decided,
    joined,
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
from facepad.training.scaling import ACCEPTED, ACCUSED, Bounds
from facepad.training.sources import SampleSet
from facepad.types import OperatingPoint

# Selected on the choice columns: benchmarks/choice.py, docs/lab/choice.md.
_MEMBERS = (
    *(("context", block) for block in (2, 3, 4, 6)),
    *(("tight", block) for block in (0, 2, 5, 7)),
    *(("patch", block) for block in (0, 2, 5)),
    *(("frame", block) for block in (3, 5, 7, 10)),
)
SPEC = HeadSpec(
    (
        *(("context", block) for block in (9, 13, 14)),
        ("patch", 7),
        *(("frame", block) for block in (8, 13, 14)),
    ),
    _MEMBERS,
    regularisation_c=2.0,
)
MASK_SPEC = HeadSpec(
    tuple(("context", block) for block in (12, 13, 14)),
    species=("mask",),
    regularisation_c=2.0,
)
SPECS: dict[str, HeadSpec] = {"face": SPEC, "mask": MASK_SPEC}
KINDS: dict[TrainingKind, str] = {"simulated": "free", "real": "real", "both": "research"}
_LIMITS = (
    "The threshold depends on the camera: calibrate it; without a calibration many living people "
    "are uncertain. The context heads also see the background: the report gives their results "
    "with the face blacked out. Pictures that show little around the face have operating points of "
    "their own. Not to be used alone for a decision about a person."
)


def read_bounds(file: Path) -> Bounds:
    """Read operating points in raw logits: JSON, by set of views, then by name, two numbers.

    Raises:
        SettingsError: The file is missing or holds something else.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))["bounds"]
        found = {
            views: {name: (float(low), float(high)) for name, (low, high) in data[views].items()}
            for views in SETS
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{file} holds no operating points: {error!r}") from error
    for views, named in found.items():
        if set(named) != set(ACCEPTED) or not all(
            -math.inf < low <= high < math.inf for low, high in named.values()
        ):
            raise SettingsError(
                f"{file}: {views} needs {', '.join(ACCEPTED)}, each with a finite lower and "
                f"upper bound, got {named}"
            )
    return found


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
        what: "face" for prints and screens, "mask" for masks.
        spec: Which heads.
        bounds: Operating points in raw logits that were selected before; None to select them on
            held-out sources and dev sets.
        every: Use every Nth picture of the real dataset's train and dev parts.
        evaluate_test: Whether to evaluate the test parts; the card says which.
        out: Folder for model, card and report.
        workers: Number of processes.
    """

    sources: FaceSources
    trains: TrainingKind
    what: str
    spec: HeadSpec
    bounds: Bounds | None
    every: int
    evaluate_test: bool
    out: Path
    workers: int

    @property
    def name(self) -> str:
        """Name of the model; names the training data, since the licence depends on it."""
        return f"{self.what}_heads_{KINDS[self.trains]}"

    @property
    def command(self) -> str:
        """The command that repeats the training, without the places of folders."""
        command = self.sources.command(self.trains, self.every)
        command += f" --what {self.what}" * (self.what != "face")
        command += " --bounds FILE" * (self.bounds is not None)
        return command + " --judge FILE" * self.evaluate_test

    def judged(self, data: FaceData) -> tuple[str, ...]:
        """Return the names of the test sets that are evaluated."""
        return tuple(part.name for part in data.test)

    @property
    def facts(self) -> Mapping[str, object]:
        """Options, for the report as JSON."""
        return {
            "trains": self.trains,
            "heads": str(self.spec),
            "members": str(replace(self.spec, heads=self.spec.members)),
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
        heads = train(known, self.spec, [part.part(part.usable) for part in dev], self.bounds)
        named = zip((*data.dev, *data.test), [*dev, *map(labelled, data.test)], strict=True)
        errors = [errors_on(part.name, heads, own) for part, own in named]
        return Fitted(heads.arrays(), heads.operating_point, errors)

    def card(self, data: FaceData, report: str) -> Card:
        """Return the card: data, options and errors of this training."""
        research = self.trains != "simulated"
        return Card(
            title=f"Heads of the {self.what} test ({'research use' if research else 'free'})",
            version=FIRST_VERSION,
            licence=RESEARCH_LICENCE if research else FREE_LICENCE,
            research_use=research,
            data=self._data_section(data),
            recipe=recipe_section(
                self.command,
                f"Logistic regression (C = {self.spec.regularisation_c:g} over the number of "
                "pictures) on mean and deviation of the channels of the frozen backbone's "
                f"blocks: {self.spec}; only for calibrations: "
                f"{replace(self.spec, heads=self.spec.members)}. {self._taught()} Equal weight of "
                "classes, and of species within the attacks; sources weighted by the root of their "
                "size. The raw logit is the mean of the heads, with Platt scaling fitted on "
                "training sources that were held out in turn. Operating points: at most "
                f"{_shares()} of the attacks of the worst "
                f"{'set' if self.bounds is None else 'choice column'} are accepted, and attack is "
                f"said of at most {ACCUSED:.0%} of its living people. Nothing is random.",
            ),
            results=result_section(report, [part.name for part in data.test]),
            limits=_LIMITS,
        )

    def _taught(self) -> str:
        if self.spec.species:
            return f"Attacks that teach: {', '.join(self.spec.species)}."
        return "Masks do not teach."

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
            chosen = f"{SELECTED_ON} held-out sources and these sets, on which nothing was fitted:"
            if self.bounds is not None:
                chosen = f"{SELECTED_ON} choice columns before; these sets were only evaluated:"
            lines += ["", chosen]
            lines += ["", *(f"- {part.name}: {size_of(part.samples)}" for part in data.dev)]
        return "\n".join(lines)


def _shares() -> str:
    return ", ".join(f"{share:.0%} ({name})" for name, share in ACCEPTED.items())


# --- error rates --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaceErrors:
    """Error rates on one set.

    Attributes:
        name: Name of the set.
        pictures: Number of pictures with a usable face.
        without_face: Number of the other pictures.
        rates: At the balanced operating point: what is not accepted, and attacks that are.
        accused: Share of bona fide pictures below its lower end, of which attack is said.
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
    accused: float
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
            f"or sites; at the balanced point accepted attacks {percent(rates.apcer_worst)}, "
            f"living people not accepted {percent(rates.bpcer)}, of whom attack is said "
            f"{percent(self.accused)}",
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
    raw = decided(heads.heads, usable)
    ratios = np.array([heads.scaling.apply(float(value)) for value in raw])
    table = usable.table(ratios)
    surrounded = usable.features.has_context.mean() > 0.5
    point = heads.points[SURROUNDED if surrounded else CROP][BALANCED]
    by_site = _auc_by_site(usable, ratios)
    context = [head for head in heads.deciding if head.view == crops.CONTEXT]
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
        rates_at(table, OperatingPoint.at(point.high)),
        _accused(usable, ratios, point),
        area_under_curve(table),
        float(np.mean(by_site)) if by_site else nan,
        len(by_site),
        alone,
        background,
    )


def _accused(labelled: LabelledFeatures, ratios: Vector, point: OperatingPoint) -> float:
    own = ratios[labelled.bona_fide]
    return float(np.mean([sigmoid(float(ratio)) < point.low for ratio in own]))


def _auc_by_site(labelled: LabelledFeatures, values: Vector) -> list[float]:
    names = np.array([sample.subject for sample in labelled.samples])
    labels = labelled.bona_fide
    found = []
    for name in sorted(set(names)):
        rows = names == name
        if labels[rows].any() and not labels[rows].all():
            found.append(auc(labels[rows], values[rows]))
    return found
