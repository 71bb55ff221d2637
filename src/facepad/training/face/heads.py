"""Train the heads of the face test on what the frozen trunk saw.

One logistic regression for each view and block; every source of pictures, and within the
attacks every species, weighs the same. Scaled on sources that were left out, so that the
log-likelihood ratio is that of a camera and a person nobody has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.evaluation.table import ScoreTable, from_samples
from facepad.faces import crops
from facepad.liveness.face_cnn.heads import FaceHeads, Head, Vector
from facepad.models import store
from facepad.scores import AffineScaling, sigmoid
from facepad.training.face.features import BLACKED_OUT, FaceFeatures, Values
from facepad.types import OperatingPoint, Sample, Score

Mask = NDArray[np.bool_]

PARTIAL = "partial"
BAND = 0.1  # mean share of the errors of each kind that lie outside the uncertain band
_SAME = 1e-9  # of two mean errors
_STEPS = 500  # of the solver
_FLAT = 1e-3  # of the block's own deviation: what varies less is not magnified further
_FREE = 1e6  # no penalty on the two numbers of a scaling
_LEAST_SLOPE = 1e-3  # keeps ranks where the sources left out say nothing


@dataclass(frozen=True, slots=True)
class Spec:
    """Which heads, and how freely they may bend.

    Attributes:
        heads: View and block of each.
        looseness: Inverse strength of the penalty on the weights, beside the mean error (so
            that it is the same for any number of pictures; C times their number).
    """

    heads: tuple[tuple[str, int], ...]
    looseness: float

    @property
    def tight(self) -> "Spec":
        """The heads of the tight view alone."""
        return replace(self, heads=tuple(one for one in self.heads if one[0] == crops.TIGHT))

    def __str__(self) -> str:
        """For cards and tables."""
        return " + ".join(f"{view} {block}" for view, block in self.heads)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Pictures with what the trunk saw of them.

    Attributes:
        samples: Their labels; ``session`` names the source (a set, a session, a site).
        features: In the same order.
    """

    samples: tuple[Sample, ...]
    features: FaceFeatures

    @property
    def usable(self) -> Mask:
        """Which pictures have a face that can be judged."""
        return np.array([reason is None for reason in self.features.reasons])

    @property
    def bona_fide(self) -> Mask:
        """Which are."""
        return np.array([sample.is_bona_fide for sample in self.samples])

    def part(self, keep: Mask) -> "Seen":
        """Some of the pictures."""
        rows = np.flatnonzero(keep)
        found = self.features
        chosen = FaceFeatures(
            found.values[rows],
            found.blocks,
            found.has_context[rows],
            tuple(found.reasons[row] for row in rows),
        )
        return Seen(tuple(self.samples[row] for row in rows), chosen)

    def table(self, raw: Vector, scaling: AffineScaling) -> ScoreTable:
        """Scores beside labels."""
        scores = [Score(sigmoid(scaling.apply(float(value)))) for value in raw]
        return from_samples(list(self.samples), scores)


def joined(parts: Sequence[Seen]) -> Seen:
    """Several sets as one."""
    features = [part.features for part in parts]
    return Seen(
        tuple(sample for part in parts for sample in part.samples),
        FaceFeatures(
            np.concatenate([one.values for one in features]),
            features[0].blocks,
            np.concatenate([one.has_context for one in features]),
            tuple(reason for one in features for reason in one.reasons),
        ),
    )


def train(seen: Seen, spec: Spec, chooser: Sequence[Seen] = ()) -> FaceHeads:
    """Fit all heads, scale them on sources left out, and set the operating point.

    Args:
        seen: Pictures that may train.
        spec: Which heads.
        chooser: Pictures that may choose thresholds and were not trained on. The operating
            point is where they and the sources left out err alike, each weighing the same.

    Raises:
        DatasetError: A class has no picture with a face, or there is but one source.
    """
    seen = seen.part(seen.usable)
    _require(seen)
    heads = fit(seen, spec)
    wide = [one for one in chooser if one.features.has_context.all()]
    narrow = [one for one in chooser if not one.features.has_context.all()]
    # Partial recaptures teach where to look; nobody presents them.
    whole = np.array([sample.pai_species != PARTIAL for sample in seen.samples])
    own = seen.part(whole)
    both = [(own, left_out(seen, spec)[whole]), *((one, logits(heads, one)) for one in wide)]
    tight = [(own, left_out(seen, spec.tight)[whole])]
    tight += [(one, logits(heads, one)) for one in narrow]
    # Real crops tell more about crops than simulated pictures of whole heads do.
    scalings = scaled(both), scaled(tight[1:] or tight)
    judged = [(one, raw, scalings[0]) for one, raw in both]
    judged += [(one, raw, scalings[1]) for one, raw in tight[1:]]
    ratios = [(one, scaling.slope * raw + scaling.bias) for one, raw, scaling in judged]
    trunk = store.version("face_trunk")
    return FaceHeads(heads, *scalings, point(ratios), trunk)


def fit(seen: Seen, spec: Spec) -> tuple[Head, ...]:
    """The heads of a recipe, each of unit deviation over the training pictures."""
    weight = _weights(seen)
    return tuple(
        _head(seen.features.of(view, block), seen.bona_fide, weight, (view, block, spec.looseness))
        for view, block in spec.heads
    )


def context_logits(heads: Sequence[Head], seen: Seen, *, blacked_out: bool = False) -> Vector:
    """Raw logits of the context heads alone, with the face or with the face blacked out."""
    view = BLACKED_OUT if blacked_out else crops.CONTEXT
    chosen = [head for head in heads if head.view == crops.CONTEXT]
    rows = [head.logits(seen.features.of(view, head.block)) for head in chosen]
    return np.asarray(np.mean(rows, axis=0), np.float64)


def logits(heads: Sequence[Head], seen: Seen) -> Vector:
    """Raw logits: the mean of the heads whose view could be seen."""
    rows = [head.logits(seen.features.of(head.view, head.block)) for head in heads]
    tight = [row for head, row in zip(heads, rows, strict=True) if head.view == crops.TIGHT]
    everything, alone = np.mean(rows, axis=0), np.mean(tight, axis=0)
    return np.asarray(np.where(seen.features.has_context, everything, alone), np.float64)


def left_out(seen: Seen, spec: Spec) -> Vector:
    """Raw logits of every picture by heads that knew nothing of its source.

    Raises:
        DatasetError: There is but one source.
    """
    groups = sources(seen.samples)
    names = sorted(set(groups.tolist()))
    if len(names) < 2:
        raise DatasetError(f"heads are scaled on sources left out; there is only {names[0]!r}")
    found = np.zeros(len(seen.samples))
    for name in names:
        judged = groups == name
        heads = fit(seen.part(~judged), spec)
        found[judged] = logits(heads, seen.part(judged))
    return found


def sources(samples: Sequence[Sample]) -> NDArray[np.str_]:
    """Where each picture comes from: its session."""
    return np.array([sample.session or "" for sample in samples])


def _weights(seen: Seen) -> Vector:
    """Both classes weigh the same, within the attacks all species, and sources by their root."""
    groups = sources(seen.samples)
    cells: dict[tuple[str, str], list[int]] = {}
    for row, (sample, source) in enumerate(zip(seen.samples, groups, strict=True)):
        cells.setdefault((sample.pai_species or "", str(source)), []).append(row)
    weight = np.zeros(len(seen.samples))
    for rows in cells.values():
        weight[rows] = 1.0 / np.sqrt(len(rows))
    labels = seen.bona_fide
    species = np.array([sample.pai_species or "" for sample in seen.samples])
    for name in set(species):
        weight[species == name] /= weight[species == name].sum()
    for kind in (False, True):
        weight[labels == kind] /= weight[labels == kind].sum()
    return np.asarray(weight * len(weight) / 2.0, np.float64)


def _head(values: Values, labels: Mask, weight: Vector, what: tuple[str, int, float]) -> Head:
    from sklearn.linear_model import LogisticRegression

    view, block, looseness = what
    mean = values.mean(axis=0, dtype=np.float64)
    scale = values.std(axis=0, dtype=np.float64) + _FLAT * float(values.std(dtype=np.float64))
    units = (values - mean) / scale
    penalty = looseness / len(values)
    fitted = LogisticRegression(C=penalty, max_iter=_STEPS).fit(units, labels, weight)
    weights, intercept = fitted.coef_[0], float(fitted.intercept_[0])
    spread = float(np.std(units @ weights + intercept)) or 1.0
    return Head(view, block, mean, scale, weights / spread, intercept / spread)


def scaled(sets: Sequence[tuple[Seen, Vector]]) -> AffineScaling:
    """Platt's affine scaling over sets that took no part in fitting; each weighs the same.

    Both classes weigh the same, too, so that the logit is a log-likelihood ratio.
    """
    from sklearn.linear_model import LogisticRegression

    raw = np.concatenate([values for _, values in sets])
    labels = np.concatenate([one.bona_fide for one, _ in sets])
    weight = np.concatenate([_weights(one) / len(one.samples) for one, _ in sets])
    fitted = LogisticRegression(C=_FREE).fit(raw[:, None], labels, weight * len(raw))
    slope = max(float(fitted.coef_[0, 0]), _LEAST_SLOPE)
    return AffineScaling(slope, float(fitted.intercept_[0]))


def point(sets: Sequence[tuple[Seen, Vector]]) -> OperatingPoint:
    """Where the mean half total error over sets that were left out is least.

    Each set weighs the same, and in it classes and species do. The band reaches from where
    the mean BPCER, to where the mean APCER is at most `BAND`, if that lies beyond.

    Args:
        sets: Pictures with their log-likelihood ratios.
    """
    grid = np.unique(np.concatenate([ratios for _, ratios in sets]))
    errors = np.mean([_errors(one, ratios, grid) for one, ratios in sets], axis=0)
    bona_fide, attack = errors
    total = bona_fide + attack
    best = np.flatnonzero(total <= total.min() + _SAME)
    threshold = float(grid[best[len(best) // 2]])
    low = float(grid[np.flatnonzero(bona_fide <= BAND)[-1]])
    high = float(grid[np.argmax(attack <= BAND)]) if (attack <= BAND).any() else float(grid[-1])
    parts = (min(low, threshold), threshold, max(high, threshold))
    low, threshold, high = (sigmoid(part) for part in parts)
    return OperatingPoint("least_mean_error", threshold, low, high)


def _errors(one: Seen, ratios: Vector, grid: Vector) -> NDArray[np.float64]:
    """BPCER and APCER at every threshold, shape (2, G)."""
    found = []
    for kind in (True, False):
        rows = one.bona_fide == kind
        weight = _weights(one)[rows]
        order = np.argsort(ratios[rows])
        below = np.concatenate([[0.0], np.cumsum(weight[order])]) / weight.sum()
        share_below = below[np.searchsorted(ratios[rows][order], grid)]
        found.append(share_below if kind else 1.0 - share_below)
    return np.array(found)


def _require(seen: Seen) -> None:
    for kind, word in ((True, "bona fide"), (False, "attack")):
        if not (seen.bona_fide == kind).any():
            raise DatasetError(f"there is no {word} picture with a face to train on")
