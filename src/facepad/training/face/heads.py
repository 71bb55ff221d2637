"""Fit the heads of the face test to statistics of the frozen backbone.

Each head is a logistic regression on one block in one view. Classes, and species within the
attacks, have equal weight; sources are weighted by the root of their size. The mean of the heads
is scaled on held-out sources of the training data, so that the log-likelihood ratio holds for new
cameras and people. Operating points come from sets that took no part in fitting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facepad.datasets.simulated import artefact_of
from facepad.errors import DatasetError
from facepad.evaluation.table import ScoreTable, from_samples
from facepad.faces import crops
from facepad.liveness.face_cnn.heads import (
    CROP,
    SETS,
    SURROUNDED,
    FaceHeads,
    Head,
    Vector,
)
from facepad.models import store
from facepad.scores import AffineScaling, sigmoid
from facepad.training.face.features import BLACKED_OUT, FaceFeatures, Values
from facepad.training.scaling import Bounds, Column, Mask, bounds_at_worst, platt, sample_weights
from facepad.types import OperatingPoint, Sample, Score

MASK, PARTIAL = "mask", "partial"
_STEPS = 500  # of the solver
_FLAT = 1e-3  # of the block's deviation: added to that of each statistic

Member = tuple[str, int]  # view and block


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """Which heads to fit, and how.

    Attributes:
        heads: View and block of each head that decides without a calibration.
        members: Those of more heads, which only a calibration uses.
        regularisation_c: Inverse strength of the penalty on the weights, relative to the mean
            loss: scikit-learn's C times the number of pictures.
        species: Kinds of attack that teach; empty for all but masks.
        evenness: Weight of the variance of the loss over kinds of artefact beside its mean, so
            that the heads don't rely on one of them.
        as_crops: Whether heads of the context view learn every picture once more as a crop.
    """

    heads: tuple[Member, ...]
    members: tuple[Member, ...] = ()
    regularisation_c: float = 2.0
    species: tuple[str, ...] = ()
    evenness: float = 0.0
    as_crops: bool = False

    def teaches(self, sample: Sample) -> bool:
        """Return whether a picture takes part in fitting."""
        species = sample.pai_species
        return species is None or (species in self.species if self.species else species != MASK)

    def __str__(self) -> str:
        """For cards and tables."""
        return " + ".join(f"{view} {block}" for view, block in self.heads)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFeatures:
    """Statistics of pictures with their labels.

    Attributes:
        samples: The labels; ``session`` names the source (a set, a session, a site).
        features: The statistics, in the same order.
    """

    samples: tuple[Sample, ...]
    features: FaceFeatures

    @property
    def usable(self) -> Mask:
        """Which pictures have a usable face, shape (N,)."""
        return np.array([reason is None for reason in self.features.reasons])

    @property
    def bona_fide(self) -> Mask:
        """Which pictures are bona fide, shape (N,)."""
        return np.array([sample.is_bona_fide for sample in self.samples])

    def part(self, keep: Mask) -> "LabelledFeatures":
        """Return some of the pictures."""
        rows = np.flatnonzero(keep)
        samples = tuple(self.samples[row] for row in rows)
        return LabelledFeatures(samples, self.features.part(rows))

    def table(self, ratios: Vector) -> ScoreTable:
        """Return a table of scores and labels, from log-likelihood ratios."""
        scores = [Score(sigmoid(float(value))) for value in ratios]
        return from_samples(list(self.samples), scores)


def column_of(labelled: LabelledFeatures, raw: Vector) -> Column:
    """Return the column of a set; it is one of crops where most of its pictures are."""
    views = SURROUNDED if labelled.features.has_context.mean() > 0.5 else CROP
    return Column(views, raw[labelled.bona_fide], raw[~labelled.bona_fide])


def joined(parts: Sequence[LabelledFeatures]) -> LabelledFeatures:
    """Return several sets as one."""
    features = [part.features for part in parts]
    return LabelledFeatures(
        tuple(sample for part in parts for sample in part.samples),
        FaceFeatures(
            np.concatenate([part.values for part in features]),
            features[0].blocks,
            np.concatenate([part.has_context for part in features]),
            tuple(reason for part in features for reason in part.reasons),
        ),
    )


def train(
    labelled: LabelledFeatures,
    spec: HeadSpec,
    dev: Sequence[LabelledFeatures] = (),
    bounds: Bounds | None = None,
) -> FaceHeads:
    """Fit all heads, scale them on held-out sources, and select the operating points.

    Args:
        labelled: Training pictures.
        spec: Which heads.
        dev: More sets for the operating points, with usable faces; nothing is fitted to them.
        bounds: Operating points in raw logits, of a search over more data; None to select them
            on the held-out sources and the dev sets.

    Raises:
        DatasetError: A class has no picture with a face, or there is only one source.
    """
    labelled = labelled.part(labelled.usable)
    labelled = labelled.part(np.array([spec.teaches(sample) for sample in labelled.samples]))
    _require(labelled)
    heads = fit(labelled, spec)
    # Partial recaptures only teach where to look; no attacker presents them.
    own = labelled.part(np.array([sample.pai_species != PARTIAL for sample in labelled.samples]))
    raw = held_out(labelled, spec, own)
    scaling = platt(raw, own.bona_fide, sample_weights(own.samples, by_source=True))
    columns = _by_source(own, raw) + [column_of(part, decided(heads, part)) for part in dev]
    bounds = bounds or select_bounds(columns)
    return FaceHeads(heads, scaling, as_points(bounds, scaling), store.version("face_trunk"))


# --- fitting ------------------------------------------------------------------------------


def fit(labelled: LabelledFeatures, spec: HeadSpec) -> tuple[Head, ...]:
    """Return the fitted heads, each with unit deviation over the training pictures.

    Heads of the context view learn from pictures that show enough around the face, and, if the
    recipe says so, from every picture as a crop, too.
    """
    found = []
    for number, (view, block) in enumerate(dict.fromkeys((*spec.heads, *spec.members))):
        values, samples = labelled.features.of(view, block), labelled.samples
        if view == crops.CONTEXT:
            rows = np.flatnonzero(labelled.features.has_context)
            values, samples = values[rows], tuple(samples[row] for row in rows)
            if spec.as_crops:
                values = np.concatenate([values, labelled.features.of(crops.TIGHT, block)])
                samples = (*samples, *labelled.samples)
        share = float(number < len(spec.heads))
        found.append(replace(_head((view, block), values, samples, spec), share=share))
    return tuple(found)


def decided(heads: Sequence[Head], labelled: LabelledFeatures) -> Vector:
    """Return raw logits: the mean of the deciding heads; NaN without a usable face.

    A picture that shows too little around the face is seen as a crop.
    """
    shares = np.array([head.share for head in heads if head.share > 0.0])
    rows = [
        head.logits(labelled.features.seen(head.view, head.block))
        for head in heads
        if head.share > 0.0
    ]
    return np.asarray(np.average(rows, axis=0, weights=shares), np.float64)


def context_logits(
    heads: Sequence[Head], labelled: LabelledFeatures, *, blacked_out: bool = False
) -> Vector:
    """Return raw logits of the context heads alone; the face may be blacked out."""
    view = BLACKED_OUT if blacked_out else crops.CONTEXT
    chosen = [head for head in heads if head.view == crops.CONTEXT and head.share > 0.0]
    rows = [head.logits(labelled.features.of(view, head.block)) for head in chosen]
    return np.asarray(np.mean(rows, axis=0), np.float64)


def held_out(labelled: LabelledFeatures, spec: HeadSpec, judged: LabelledFeatures) -> Vector:
    """Return raw logits of pictures by heads that were fitted without their source.

    Args:
        labelled: Training pictures.
        spec: Which heads.
        judged: Pictures of the same sources.

    Raises:
        DatasetError: There is only one source.
    """
    groups, own = (np.array([s.session or "" for s in part.samples]) for part in (labelled, judged))
    names = sorted(set(groups.tolist()))
    if len(names) < 2:
        raise DatasetError(f"heads are scaled on held-out sources; there is only {names[0]!r}")
    found, spec = np.zeros(len(judged.samples)), replace(spec, members=())
    for name in names:
        heads = fit(labelled.part(groups != name), spec)
        found[own == name] = decided(heads, judged.part(own == name))
    return found


def _head(member: Member, values: Values, samples: Sequence[Sample], spec: HeadSpec) -> Head:
    labels = np.array([sample.is_bona_fide for sample in samples])
    mean = values.mean(axis=0, dtype=np.float64)
    scale = values.std(axis=0, dtype=np.float64) + _FLAT * float(values.std(dtype=np.float64))
    units = (values - mean) / scale
    weight = sample_weights(samples, by_source=True)
    penalty = spec.regularisation_c / len(values)
    if spec.evenness:
        weights, intercept = _even(units, labels, weight, _kinds(samples), (penalty, spec.evenness))
    else:
        weights, intercept = _logistic(units, labels, weight, penalty)
    spread = float(np.std(units @ weights + intercept)) or 1.0
    return Head(*member, mean, scale, weights / spread, intercept / spread)


def _logistic(units: Vector, labels: Mask, weight: Vector, penalty: float) -> tuple[Vector, float]:
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=penalty, max_iter=_STEPS).fit(units, labels, weight)
    return np.asarray(fitted.coef_[0], np.float64), float(fitted.intercept_[0])


def _even(
    units: Vector, labels: Mask, weight: Vector, kinds: Sequence[str], strength: tuple[float, float]
) -> tuple[Vector, float]:
    """Fit with the variance of the mean loss over kinds of artefact as a further penalty.

    Reference:
        The variance of the loss over kinds follows arXiv:2409.03501.
    """
    from scipy.optimize import minimize

    penalty, evenness = strength
    signs = np.where(labels, 1.0, -1.0)
    total = weight.sum()
    of_kind = np.array([[one == kind for one in kinds] for kind in sorted(set(kinds))], float)
    share = of_kind * weight
    share /= share.sum(axis=1, keepdims=True)
    attacks = share[[not labels[row > 0].any() for row in share]]

    def loss(parameters: Vector) -> tuple[float, Vector]:
        margin = signs * (units @ parameters[:-1] + parameters[-1])
        each = np.logaddexp(0.0, -margin)
        by_kind = attacks @ each
        off = by_kind - by_kind.mean()
        slope = weight / total + evenness * (2.0 / len(off)) * (off @ attacks)
        by_margin = -slope * signs / (1.0 + np.exp(np.clip(margin, -500, 500)))
        pull = parameters[:-1] / (penalty * total)
        value = float(weight @ each) / total + evenness * float(off @ off) / len(off)
        value += 0.5 * float(pull @ parameters[:-1])
        return value, np.append(units.T @ by_margin + pull, by_margin.sum())

    start = np.zeros(units.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
    return np.asarray(found[:-1], np.float64), float(found[-1])


def _kinds(samples: Sequence[Sample]) -> list[str]:
    """Return the kind of artefact of each picture: its medium, and how that was made."""
    return [artefact_of(sample) for sample in samples]


# --- operating points ---------------------------------------------------------------------


def select_bounds(columns: Sequence[Column]) -> Bounds:
    """Return operating points that hold at the worst column, for both sets of views.

    Args:
        columns: As `facepad.training.scaling.bounds_at_worst` takes them.

    Raises:
        DatasetError: Too few pictures of a class.
    """
    return bounds_at_worst(columns, SETS)


def as_points(bounds: Bounds, scaling: AffineScaling) -> dict[str, dict[str, OperatingPoint]]:
    """Return bounds in raw logits as operating points in scores."""
    return {
        views: {
            name: OperatingPoint(name, *(sigmoid(scaling.apply(raw)) for raw in (high, low, high)))
            for name, (low, high) in named.items()
        }
        for views, named in bounds.items()
    }


def _by_source(labelled: LabelledFeatures, raw: Vector) -> list[Column]:
    groups = np.array([sample.session or "" for sample in labelled.samples])
    return [
        column_of(labelled.part(groups == name), raw[groups == name])
        for name in sorted(set(groups.tolist()))
    ]


def _require(labelled: LabelledFeatures) -> None:
    for kind, word in ((True, "bona fide"), (False, "attack")):
        if not (labelled.bona_fide == kind).any():
            raise DatasetError(f"there is no {word} picture with a face to train on")
