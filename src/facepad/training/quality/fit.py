"""Train the quality test: metrics of labelled pictures to a linear classifier.

Fitted on train, both classes and all species of attacks weighing the same; scaled on sources
that were left out; threshold from dev. The classifier also learns what resolution does to the
metrics (`facepad.training.quality.resolution`), so that it can look past it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad import quality
from facepad.errors import DatasetError
from facepad.evaluation import protocol
from facepad.evaluation.table import from_samples
from facepad.liveness.quality.classifier import QualityClassifier, Vector
from facepad.liveness.quality.test import versions
from facepad.scores import logit, sigmoid
from facepad.training.quality.classifiers import Classifier, Rows, balanced, fitted
from facepad.training.quality.features import Features, Vectors, View
from facepad.types import OperatingPoint, Reason, Sample, Score, Split

MAX_MOVE = 0.08  # of the score, for 99 % of the movements between resolutions
BAND = 0.05  # share of dev errors of each kind that lie outside the uncertain band
FAMILIAR = 0.99  # share of the training pictures that count as familiar
SHRINKAGE = 0.1  # of the covariance that familiarity is measured by
_FLAT = 1e-9  # deviation below which a metric does not vary
_FREE = 1e6  # no penalty on the two numbers of a scaling
_LEAST_SLOPE = 1e-3  # keeps ranks where the sources left out say nothing

Learn = Callable[[Rows], dict[str, Any]]


def fit(
    samples: Sequence[Sample],
    features: Features,
    moved: Vectors,
    part: View,
    *,
    classifier: Classifier = "lda",
    resolution_weight: float = 1.0,
) -> QualityClassifier:
    """Fit on train, scale on sources left out, take the threshold from dev.

    Args:
        samples: Of train and dev; their sessions name the sources.
        features: Their metric vectors, in the same order.
        moved: From `facepad.training.quality.resolution.movements`.
        part: What of the pictures was measured.
        classifier: "lda" (automatic shrinkage) or "svm" (RBF kernel).
        resolution_weight: Of the scatter of resolution, relative to the training pictures.

    Raises:
        DatasetError: A split or a class has no picture that could be measured.
    """
    names = quality.METRICS
    vectors = features.vectors
    labels = np.array([sample.is_bona_fide for sample in samples])
    usable = np.isfinite(vectors).all(axis=1)
    train = usable & _in(samples, Split.TRAIN)
    _require(labels, {"train": train, "dev": usable & _in(samples, Split.DEV)})
    model = _standardiser(vectors[train], moved, names, part)
    learners = [one for one, used in zip(samples, train, strict=True) if used]
    rows = Rows(model.standardised(vectors[train]), labels[train], balanced(learners))
    drift = _drift(model, moved)
    learn = partial(fitted, drift=drift, strength=resolution_weight, classifier=classifier)
    model = replace(model, **learn(rows))
    scaling = _scaled(rows, _groups(learners), learn)
    slope, bias = _calmed(model, scaling, moved)
    model = replace(model, slope=slope, bias=bias)
    return replace(model, operating_point=_point(samples, scores(model, features)))


def scores(model: QualityClassifier, features: Features) -> tuple[Score, ...]:
    """The score of every picture, in order."""
    units = model.standardised(features.vectors)
    return tuple(
        Score(None, reason) if reason else _score(model, row)
        for row, reason in zip(units, features.reasons, strict=True)
    )


def _standardiser(
    train: Vector, moved: Vectors, names: tuple[str, ...], part: View
) -> QualityClassifier:
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
    """Standardised metrics of each capture less their mean over its scene's resolutions."""
    used = model.scale > 0.0
    values = moved / np.where(used, model.scale, 1.0)
    away: Vector = np.where(used, values - values.mean(axis=1, keepdims=True), 0.0)
    return away.reshape(-1, len(model.names))


def _scaled(rows: Rows, groups: NDArray[np.str_], learn: Learn) -> tuple[float, float]:
    """Slope and bias of the score, by logistic regression on groups that were left out.

    Both classes weigh the same, so that the score is the share of a log-likelihood ratio.
    """
    from sklearn.linear_model import LogisticRegression

    raws = np.full(len(groups), np.nan)
    for group in sorted(set(groups.tolist())):
        inside, judged = groups != group, groups == group
        if len(set(rows.labels[inside])) < 2:
            continue
        model = replace(_BLANK, **learn(rows.part(inside)))
        raws[judged] = [model.raw(row) for row in rows.units[judged]]
    known = rows.part(np.isfinite(raws))
    if len(set(known.labels)) < 2:
        raise DatasetError("scaling needs two sources or subjects with both classes in train")
    found = raws[np.isfinite(raws)][:, None]
    platt = LogisticRegression(C=_FREE).fit(found, known.labels, known.weight)
    return max(float(platt.coef_[0, 0]), _LEAST_SLOPE), float(platt.intercept_[0])


def _calmed(
    model: QualityClassifier, scaling: tuple[float, float], moved: Vectors
) -> tuple[float, float]:
    """A flatter slope where resolution would else move the score; what scores 0.5 still does."""
    units = model.standardised(moved)
    raws = [[model.raw(row) for row in capture] for capture in units]
    widest = float(np.quantile(np.ptp(np.array(raws), axis=1), 0.99))
    flattest = 4.0 * MAX_MOVE / widest if widest > 0.0 else np.inf  # a sigmoid rises by 1/4
    slope, bias = scaling
    share = min(1.0, flattest / abs(slope))
    return slope * share, bias * share


def _groups(samples: Sequence[Sample]) -> NDArray[np.str_]:
    """Sources where there are two or more, else subjects: what is left out together."""
    sources = np.array([sample.session or "" for sample in samples])
    subjects = np.array([sample.subject for sample in samples])
    return sources if len(set(sources.tolist())) > 1 else subjects


def _score(model: QualityClassifier, row: Vector) -> Score:
    far = model.distance(row) > model.limit
    return Score(model.score(model.raw(row)), Reason.UNFAMILIAR_CAMERA if far else None)


def _point(samples: Sequence[Sample], found: Sequence[Score]) -> OperatingPoint:
    """The mean, as log-likelihood ratios, of the thresholds of all datasets' dev parts."""
    names = [sample.key.partition("/")[0] for sample in samples]
    points = [
        _point_of([row for row in _dev_rows(samples) if names[row] == name], samples, found)
        for name in sorted({names[row] for row in _dev_rows(samples)})
    ]
    if len(points) == 1:
        return points[0]
    low, threshold, high = (
        sigmoid(float(np.mean([logit(getattr(point, part)) for point in points])))
        for part in ("low", "threshold", "high")
    )
    return OperatingPoint(points[0].name, threshold, min(low, threshold), max(high, threshold))


def _dev_rows(samples: Sequence[Sample]) -> list[int]:
    return [row for row, sample in enumerate(samples) if sample.split is Split.DEV]


def _point_of(
    rows: Sequence[int], samples: Sequence[Sample], found: Sequence[Score]
) -> OperatingPoint:
    dev = from_samples([samples[row] for row in rows], [found[row] for row in rows])
    return protocol.with_band(protocol.at_eer(dev), dev, apcer=BAND, bpcer=BAND)


def _in(samples: Sequence[Sample], split: Split) -> NDArray[np.bool_]:
    return np.array([sample.split is split for sample in samples])


def _require(labels: NDArray[np.bool_], parts: Mapping[str, NDArray[np.bool_]]) -> None:
    for name, rows in parts.items():
        for kind, word in ((True, "bona fide"), (False, "attack")):
            if not (labels[rows] == kind).any():
                raise DatasetError(f"the {name} part has no {word} picture that can be measured")


_MANY = len(quality.METRICS)
_BLANK = QualityClassifier(
    names=quality.METRICS, margin=0.0, side=1, mean=np.zeros(_MANY), scale=np.ones(_MANY),
    weights=np.zeros(0), vectors=np.zeros(0), dual=np.zeros(0), gamma=0.0, intercept=0.0,
    slope=1.0, bias=0.0, precision=np.eye(_MANY), limit=0.0, operating_point=OperatingPoint.at(0.5),
)  # fmt: skip
