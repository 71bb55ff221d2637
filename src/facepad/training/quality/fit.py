"""Fit the classifier of the quality test to metric vectors of labelled pictures.

The classifier is fitted to the train part with equal weight of both classes and of all species.
Its scores are scaled on held-out sources; the threshold comes from dev. The classifier also
learns how resolution moves the metrics (`facepad.training.quality.resolution`), so that it can
ignore that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facepad import quality
from facepad.errors import DatasetError
from facepad.liveness.quality.classifier import QualityClassifier, Vector
from facepad.liveness.quality.test import versions
from facepad.scores import AffineScaling, logit
from facepad.training.quality.features import MeasuredView, MetricFeatures, Vectors
from facepad.training.scaling import Mask, operating_point, platt, sample_weights
from facepad.types import OperatingPoint, Reason, Sample, Score, Split

MAX_MOVE = 0.08  # of the score, for 99 % of the movements between resolutions
BAND = 0.05  # dev error rate of each kind outside the uncertain band
FAMILIAR = 0.99  # share of the training pictures that count as familiar
SHRINKAGE = 0.1  # of the covariance that familiarity is measured by
_FLAT = 1e-9  # deviation below which a metric does not vary

ClassifierKind = Literal["lda", "svm"]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRows:
    """Standardised metric vectors with their labels and weights.

    Attributes:
        units: Standardised metrics, shape (N, M).
        labels: True for bona fide, shape (N,).
        weight: Weight of each row, 1 on average, shape (N,).
    """

    units: Vector
    labels: Mask
    weight: Vector

    def part(self, keep: Mask) -> "TrainingRows":
        """Return some of the rows."""
        return TrainingRows(self.units[keep], self.labels[keep], self.weight[keep])

    def mean(self, kind: bool) -> Vector:
        """Return the weighted mean of a class."""
        own = self.labels == kind
        mean: Vector = np.average(self.units[own], axis=0, weights=self.weight[own])
        return mean


Learn = Callable[[TrainingRows], dict[str, Any]]


def fit(
    samples: Sequence[Sample],
    features: MetricFeatures,
    moved: Vectors,
    part: MeasuredView,
    *,
    classifier: ClassifierKind = "lda",
    resolution_weight: float = 1.0,
) -> QualityClassifier:
    """Fit to train, scale on held-out sources, and take the threshold from dev.

    Args:
        samples: Samples of train and dev; their sessions name the sources.
        features: Their metric vectors, in the same order.
        moved: From `facepad.training.quality.resolution.movements`.
        part: The part of the pictures that was measured.
        classifier: "lda" (automatic shrinkage) or "svm" (RBF kernel).
        resolution_weight: Weight of the scatter of resolution, relative to the pictures.

    Raises:
        DatasetError: A split or a class has no picture that could be measured.
    """
    vectors = features.vectors
    labels = np.array([sample.is_bona_fide for sample in samples])
    usable = np.isfinite(vectors).all(axis=1)
    train = usable & _in(samples, Split.TRAIN)
    _require(labels, {"train": train, "dev": usable & _in(samples, Split.DEV)})
    model = _standardiser(vectors[train], moved, part)
    learners = [sample for sample, used in zip(samples, train, strict=True) if used]
    rows = TrainingRows(model.standardised(vectors[train]), labels[train], sample_weights(learners))
    drift = _drift(model, moved)
    learn = partial(fit_classifier, drift=drift, strength=resolution_weight, classifier=classifier)
    scaling = _held_out_scaling(model, rows, _sources(learners), learn)
    model = replace(model, **learn(rows))
    slope, bias = _flattened(model, scaling, moved)
    model = replace(model, slope=slope, bias=bias)
    dev = _dev_sets(samples, scores(model, features))
    return replace(model, operating_point=operating_point(dev, BAND))


def scores(model: QualityClassifier, features: MetricFeatures) -> tuple[Score, ...]:
    """Return the score of every picture, in order."""
    units = model.standardised(features.vectors)
    return tuple(
        Score(None, reason) if reason else _score(model, row)
        for row, reason in zip(units, features.reasons, strict=True)
    )


def _score(model: QualityClassifier, row: Vector) -> Score:
    far = model.distance(row) > model.limit
    return Score(model.score(model.raw(row)), Reason.UNFAMILIAR_CAMERA if far else None)


def _standardiser(train: Vector, moved: Vectors, part: MeasuredView) -> QualityClassifier:
    """Return a model that standardises vectors and measures their familiarity."""
    names = quality.METRICS
    scale = train.std(axis=0)
    scale = np.where(scale > _FLAT, scale, 0.0)
    none = np.zeros(0)
    model = QualityClassifier(
        names=names, margin=part.margin, side=part.side, mean=train.mean(axis=0), scale=scale,
        weights=none, vectors=none, dual=none, gamma=0.0, intercept=0.0, slope=1.0, bias=0.0,
        precision=np.eye(len(names)), limit=0.0, operating_point=OperatingPoint.at(0.5),
        depends=versions(),
    )  # fmt: skip
    units = model.standardised(train)
    drift = _drift(model, moved)
    covariance = np.cov(units.T) + drift.T @ drift / len(drift)
    shrunk = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance))
    shrunk[np.diag_indices(len(names))] += np.where(scale > 0.0, 0.0, 1.0)
    precision = np.asarray(np.linalg.inv(shrunk), np.float64)
    model = replace(model, precision=precision)
    distances = [model.distance(row) for row in units]
    return replace(model, limit=float(np.quantile(distances, FAMILIAR)))


def _drift(model: QualityClassifier, moved: Vectors) -> Vector:
    """Return standardised metrics of captures minus their mean over a scene's resolutions."""
    used = model.scale > 0.0
    values = moved / np.where(used, model.scale, 1.0)
    away: Vector = np.where(used, values - values.mean(axis=1, keepdims=True), 0.0)
    return away.reshape(-1, len(model.names))


def _held_out_scaling(
    model: QualityClassifier, rows: TrainingRows, sources: NDArray[np.str_], learn: Learn
) -> AffineScaling:
    """Fit Platt's scaling to raw logits of sources that were held out in turn."""
    raws = np.full(len(sources), np.nan)
    for source in sorted(set(sources.tolist())):
        inside, held_out = sources != source, sources == source
        if len(set(rows.labels[inside])) < 2:
            continue
        fitted = replace(model, **learn(rows.part(inside)))
        raws[held_out] = [fitted.raw(row) for row in rows.units[held_out]]
    known = np.isfinite(raws)
    if len(set(rows.labels[known])) < 2:
        raise DatasetError("scaling needs two sources or subjects with both classes in train")
    return platt(raws[known], rows.labels[known], rows.weight[known])


def _flattened(
    model: QualityClassifier, scaling: AffineScaling, moved: Vectors
) -> tuple[float, float]:
    """Return slope and bias, flatter where resolution would else move the score.

    Both are reduced alike, so that a score of 0.5 stays 0.5.
    """
    units = model.standardised(moved)
    raws = [[model.raw(row) for row in capture] for capture in units]
    widest = float(np.quantile(np.ptp(np.array(raws), axis=1), 0.99))
    flattest = 4.0 * MAX_MOVE / widest if widest > 0.0 else np.inf  # a sigmoid rises by 1/4
    factor = min(1.0, flattest / abs(scaling.slope))
    return scaling.slope * factor, scaling.bias * factor


def _sources(samples: Sequence[Sample]) -> NDArray[np.str_]:
    """Return what is held out together: sources where there are two or more, else subjects."""
    sources = np.array([sample.session or "" for sample in samples])
    subjects = np.array([sample.subject for sample in samples])
    return sources if len(set(sources.tolist())) > 1 else subjects


def _dev_sets(
    samples: Sequence[Sample], found: Sequence[Score]
) -> list[tuple[list[Sample], Vector]]:
    """Return the dev samples of each dataset that have a score that may decide, with LLRs."""
    sets: dict[str, list[tuple[Sample, float]]] = {}
    for sample, score in zip(samples, found, strict=True):
        if sample.split is Split.DEV and score.value is not None and score.reason is None:
            name = sample.key.partition("/")[0]
            sets.setdefault(name, []).append((sample, logit(score.value)))
    return [
        ([sample for sample, _ in rows], np.array([ratio for _, ratio in rows]))
        for _, rows in sorted(sets.items())
    ]


def _in(samples: Sequence[Sample], split: Split) -> Mask:
    return np.array([sample.split is split for sample in samples])


def _require(labels: Mask, parts: Mapping[str, Mask]) -> None:
    for name, rows in parts.items():
        for kind, word in ((True, "bona fide"), (False, "attack")):
            if not (labels[rows] == kind).any():
                raise DatasetError(f"the {name} part has no {word} picture that can be measured")


# --- the classifiers ----------------------------------------------------------------------


def fit_classifier(
    rows: TrainingRows, drift: Vector, strength: float, classifier: ClassifierKind
) -> dict[str, Any]:
    """Return the parameters of a classifier that takes drift for scatter within classes.

    Args:
        rows: Training vectors.
        drift: Scatter without information, shape (M, metrics), of mean 0.
        strength: Weight of the drift, relative to all rows; 0 to ignore it (LDA only).
        classifier: "lda" or "svm".
    """
    if classifier == "svm":
        return _svm(_jittered(rows, drift))
    units, labels, weight = [rows.units], [rows.labels], [rows.weight]
    for kind in (False, True) if strength else ():
        units.append(rows.mean(kind) + drift)
        labels.append(np.full(len(drift), kind))
        weight.append(np.full(len(drift), strength * len(rows.units) / 2.0 / len(drift)))
    return _lda(TrainingRows(np.concatenate(units), np.concatenate(labels), np.concatenate(weight)))


def _lda(rows: TrainingRows) -> dict[str, Any]:
    """Linear discriminant analysis with equal priors and automatic shrinkage."""
    means = [rows.mean(kind) for kind in (False, True)]
    covariance = sum(_covariance(rows, kind) for kind in (False, True)) / 2.0
    weights = np.linalg.solve(covariance, means[1] - means[0])
    return {"weights": weights, "intercept": float(-(means[0] + means[1]) @ weights / 2.0)}


def _covariance(rows: TrainingRows, kind: bool) -> Vector:
    """Return the shrunk covariance of a class, after Ledoit and Wolf (2004)."""
    from sklearn.covariance import ledoit_wolf

    own = rows.labels == kind
    share = rows.weight[own] / rows.weight[own].mean()
    centred = (rows.units[own] - rows.mean(kind)) * np.sqrt(share)[:, None]
    scale = np.sqrt(np.mean(centred**2, axis=0))
    scale[scale == 0.0] = 1.0
    shrunk, _ = ledoit_wolf(centred / scale, assume_centered=True)
    return np.asarray(shrunk * np.outer(scale, scale), np.float64)


def _jittered(rows: TrainingRows, drift: Vector) -> TrainingRows:
    """Return every row twice, once moved as another resolution would move it."""
    moved = rows.units + drift[np.arange(len(rows.units)) % len(drift)]
    return TrainingRows(
        np.concatenate([rows.units, moved]), np.tile(rows.labels, 2), np.tile(rows.weight, 2)
    )


def _svm(rows: TrainingRows) -> dict[str, Any]:
    from sklearn.svm import SVC

    gamma = 1.0 / rows.units.shape[1]
    machine = SVC(C=1.0, gamma=gamma).fit(rows.units, rows.labels, rows.weight)
    return {
        "vectors": np.asarray(machine.support_vectors_),
        "dual": np.asarray(machine.dual_coef_[0]),
        "gamma": gamma,
        "intercept": float(machine.intercept_[0]),
    }
