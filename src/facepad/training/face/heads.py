"""Fit the heads of the face test to statistics of the frozen backbone.

Each head is a logistic regression on one block in one view. Classes, and species within the
attacks, have equal weight; sources are weighted by the root of their size. The mean of the heads
is scaled on held-out sources of the training data, so that the log-likelihood ratio holds for new
cameras and people. Dev sets select the threshold; nothing is fitted to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facepad.errors import DatasetError
from facepad.evaluation.table import ScoreTable, from_samples
from facepad.faces import crops
from facepad.liveness.face_cnn.heads import FaceHeads, Head, Vector
from facepad.models import store
from facepad.scores import AffineScaling, sigmoid
from facepad.training.face.features import BLACKED_OUT, FaceFeatures, Values
from facepad.training.scaling import Mask, operating_point, platt, sample_weights
from facepad.types import OperatingPoint, Sample, Score

PARTIAL = "partial"
BAND = 0.1  # mean error rate of each kind outside the uncertain band
_STEPS = 500  # of the solver
_FLAT = 1e-3  # of the block's deviation: added to that of each statistic


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """Which heads to fit, and their regularisation.

    Attributes:
        heads: View and block of each.
        regularisation_c: Inverse strength of the penalty on the weights, relative to the mean
            loss: scikit-learn's C times the number of pictures.
    """

    heads: tuple[tuple[str, int], ...]
    regularisation_c: float

    @property
    def tight(self) -> "HeadSpec":
        """The heads of the tight view alone."""
        return replace(self, heads=tuple(head for head in self.heads if head[0] == crops.TIGHT))

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
        found = self.features
        chosen = FaceFeatures(
            found.values[rows],
            found.blocks,
            found.has_context[rows],
            tuple(found.reasons[row] for row in rows),
        )
        return LabelledFeatures(tuple(self.samples[row] for row in rows), chosen)

    def table(self, raw: Vector, scaling: AffineScaling) -> ScoreTable:
        """Return a table of scores and labels."""
        scores = [Score(sigmoid(scaling.apply(float(value)))) for value in raw]
        return from_samples(list(self.samples), scores)


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
    labelled: LabelledFeatures, spec: HeadSpec, dev: Sequence[LabelledFeatures] = ()
) -> FaceHeads:
    """Fit all heads, scale them on held-out sources, and select the operating point.

    Args:
        labelled: Training pictures.
        spec: Which heads.
        dev: Sets for the operating point, with usable faces; neither heads nor scalings are
            fitted to them. The operating point is the one with the least mean error over
            these sets and the held-out sources, with equal weight.

    Raises:
        DatasetError: A class has no picture with a face, or there is only one source.
    """
    labelled = labelled.part(labelled.usable)
    _require(labelled)
    heads = fit(labelled, spec)
    # Partial recaptures only teach where to look; no attacker presents them.
    whole = np.array([sample.pai_species != PARTIAL for sample in labelled.samples])
    own = labelled.part(whole)
    raw, raw_tight = (held_out(labelled, views)[whole] for views in (spec, spec.tight))
    scalings = scale(own, raw), scale(own, raw_tight)
    ratios = [(own, scalings[0].slope * raw + scalings[0].bias)]
    ratios += [(part, log_ratios(heads, scalings, part)) for part in dev]
    return FaceHeads(heads, *scalings, threshold(ratios), store.version("face_trunk"))


def fit(labelled: LabelledFeatures, spec: HeadSpec) -> tuple[Head, ...]:
    """Return the fitted heads, each with unit deviation over the training pictures."""
    weight = sample_weights(labelled.samples, by_source=True)
    return tuple(
        _head(
            labelled.features.of(view, block),
            labelled.bona_fide,
            weight,
            (view, block, spec.regularisation_c),
        )
        for view, block in spec.heads
    )


def context_logits(
    heads: Sequence[Head], labelled: LabelledFeatures, *, blacked_out: bool = False
) -> Vector:
    """Return raw logits of the context heads alone; the face may be blacked out."""
    view = BLACKED_OUT if blacked_out else crops.CONTEXT
    chosen = [head for head in heads if head.view == crops.CONTEXT]
    rows = [head.logits(labelled.features.of(view, head.block)) for head in chosen]
    return np.asarray(np.mean(rows, axis=0), np.float64)


def logits(heads: Sequence[Head], labelled: LabelledFeatures) -> Vector:
    """Return raw logits: the mean of the heads whose view a picture shows."""
    rows = [head.logits(labelled.features.of(head.view, head.block)) for head in heads]
    tight = [row for head, row in zip(heads, rows, strict=True) if head.view == crops.TIGHT]
    everything, alone = np.mean(rows, axis=0), np.mean(tight, axis=0)
    return np.asarray(np.where(labelled.features.has_context, everything, alone), np.float64)


def held_out(labelled: LabelledFeatures, spec: HeadSpec) -> Vector:
    """Return raw logits of every picture by heads that were fitted without its source.

    Raises:
        DatasetError: There is only one source.
    """
    groups = np.array([sample.session or "" for sample in labelled.samples])
    names = sorted(set(groups.tolist()))
    if len(names) < 2:
        raise DatasetError(f"heads are scaled on held-out sources; there is only {names[0]!r}")
    found = np.zeros(len(labelled.samples))
    for name in names:
        outside = groups == name
        heads = fit(labelled.part(~outside), spec)
        found[outside] = logits(heads, labelled.part(outside))
    return found


def _head(values: Values, labels: Mask, weight: Vector, what: tuple[str, int, float]) -> Head:
    from sklearn.linear_model import LogisticRegression

    view, block, regularisation_c = what
    mean = values.mean(axis=0, dtype=np.float64)
    scale = values.std(axis=0, dtype=np.float64) + _FLAT * float(values.std(dtype=np.float64))
    units = (values - mean) / scale
    penalty = regularisation_c / len(values)
    fitted = LogisticRegression(C=penalty, max_iter=_STEPS).fit(units, labels, weight)
    weights, intercept = fitted.coef_[0], float(fitted.intercept_[0])
    spread = float(np.std(units @ weights + intercept)) or 1.0
    return Head(view, block, mean, scale, weights / spread, intercept / spread)


def scale(labelled: LabelledFeatures, raw: Vector) -> AffineScaling:
    """Fit Platt's scaling to raw logits of pictures whose source was held out."""
    return platt(raw, labelled.bona_fide, sample_weights(labelled.samples, by_source=True))


def log_ratios(
    heads: Sequence[Head], scalings: tuple[AffineScaling, AffineScaling], labelled: LabelledFeatures
) -> Vector:
    """Return log-likelihood ratios.

    Args:
        heads: The heads.
        scalings: For pictures with context, and for those without.
        labelled: Pictures with a usable face.
    """
    raw = logits(heads, labelled)
    wide, tight = (scaling.slope * raw + scaling.bias for scaling in scalings)
    return np.asarray(np.where(labelled.features.has_context, wide, tight), np.float64)


def threshold(sets: Sequence[tuple[LabelledFeatures, Vector]]) -> OperatingPoint:
    """Return the operating point from held-out sets with their log-likelihood ratios."""
    return operating_point([(part.samples, ratios) for part, ratios in sets], BAND)


def _require(labelled: LabelledFeatures) -> None:
    for kind, word in ((True, "bona fide"), (False, "attack")):
        if not (labelled.bona_fide == kind).any():
            raise DatasetError(f"there is no {word} picture with a face to train on")
