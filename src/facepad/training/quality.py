"""Train the quality test: metrics of labelled pictures to a linear classifier.

Fitted on train; scaled on sessions of train that were left out; threshold from dev;
errors from test. The classifier also learns what resolution does to the metrics
(`facepad.training.resolution`), so that it can look past it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facepad import quality
from facepad.errors import DatasetError
from facepad.evaluation import protocol
from facepad.evaluation.table import ScoreTable, from_samples
from facepad.liveness.quality import versions
from facepad.quality.classifier import QualityClassifier, Vector
from facepad.training.features import Features, Vectors, View
from facepad.types import OperatingPoint, Reason, Sample, Score, Split

Classifier = Literal["lda", "svm"]

RESOLUTION_WEIGHT = 1.0  # scatter of resolution, relative to that of the training pictures
MAX_MOVE = 0.08  # of the score, for 99 % of the movements between resolutions
BAND = 0.01  # share of dev errors of each kind that lie outside the uncertain band
FAMILIAR = 0.99  # share of the training pictures that count as familiar
SHRINKAGE = 0.1  # of the covariance that familiarity is measured by
_FLAT = 1e-9  # deviation below which a metric does not vary


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A classifier and the scores of every sample.

    Attributes:
        classifier: With its operating point.
        scores: In the order of the samples.
    """

    classifier: QualityClassifier
    scores: tuple[Score, ...]

    def table(self, samples: Sequence[Sample], keep: Sequence[bool]) -> ScoreTable:
        """Scores of some samples, all of one split, beside their labels."""
        chosen = [index for index, kept in enumerate(keep) if kept]
        return from_samples([samples[i] for i in chosen], [self.scores[i] for i in chosen])


def fit(
    samples: Sequence[Sample],
    features: Features,
    moved: Vectors,
    part: View,
    *,
    classifier: Classifier = "lda",
) -> Trained:
    """Fit on train, scale on sessions left out, take the threshold from dev.

    Args:
        samples: Of all splits.
        features: Their metric vectors, in the same order.
        moved: From `facepad.training.resolution.movements`.
        part: What of the pictures was measured.
        classifier: "lda" (eigen solver, automatic shrinkage) or "svm" (RBF kernel).

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
    units = model.standardised(vectors)
    drift = _drift(model, moved)
    learn = partial(_fit, drift=drift, classifier=classifier)
    groups = _groups(samples, train)
    model = replace(model, **learn(units[train], labels[train]))
    scaling = _scaled(units[train], labels[train], groups[train], learn)
    slope, bias = _calmed(model, scaling, moved)
    model = replace(model, slope=slope, bias=bias)
    point = _point(samples, _scores(model, units, features.reasons))
    model = replace(model, operating_point=point)
    return Trained(model, _scores(model, units, features.reasons))


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


def _fit(
    units: Vector, labels: NDArray[np.bool_], drift: Vector, classifier: Classifier
) -> dict[str, Any]:
    """Weights of a classifier that takes the drift for scatter within classes."""
    if classifier == "svm":
        return _svm(*_jittered(units, labels, drift))
    scatter = _weighted(drift, RESOLUTION_WEIGHT * len(units) / 2.0)
    rows, kinds = [units], [labels]
    for kind in (False, True):
        rows.append(units[labels == kind].mean(axis=0) + scatter)
        kinds.append(np.full(len(scatter), kind))
    return _lda(np.concatenate(rows), np.concatenate(kinds))


def _weighted(scatter: Vector, rows: float) -> Vector:
    """Copies of a scatter that weigh as much as a number of rows."""
    copies = max(1, round(rows / len(scatter)))
    return np.tile(scatter * np.sqrt(rows / (copies * len(scatter))), (copies, 1))


def _jittered(
    units: Vector, labels: NDArray[np.bool_], drift: Vector
) -> tuple[Vector, NDArray[np.bool_]]:
    """Every row twice, once moved as another resolution would move it."""
    moved = units + drift[np.arange(len(units)) % len(drift)]
    return np.concatenate([units, moved]), np.concatenate([labels, labels])


def _lda(rows: Vector, labels: NDArray[np.bool_]) -> dict[str, Any]:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    fitted = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto").fit(rows, labels)
    return {"weights": fitted.coef_[0], "intercept": float(fitted.intercept_[0])}


def _svm(rows: Vector, labels: NDArray[np.bool_]) -> dict[str, Any]:
    from sklearn.svm import SVC

    gamma = 1.0 / rows.shape[1]
    fitted = SVC(C=1.0, gamma=gamma).fit(rows, labels)
    return {
        "vectors": np.asarray(fitted.support_vectors_),
        "dual": np.asarray(fitted.dual_coef_[0]),
        "gamma": gamma,
        "intercept": float(fitted.intercept_[0]),
    }


def _scaled(
    units: Vector,
    labels: NDArray[np.bool_],
    groups: NDArray[np.str_],
    learn: Callable[[Vector, NDArray[np.bool_]], dict[str, Any]],
) -> tuple[float, float]:
    """Slope and bias of the score, by logistic regression on groups that were left out."""
    from sklearn.linear_model import LogisticRegression

    raws: list[float] = []
    kinds: list[bool] = []
    for group in sorted(set(groups)):
        inside, judged = groups != group, groups == group
        if len(set(labels[inside])) < 2:
            continue
        model = replace(_BLANK, **learn(units[inside], labels[inside]))
        raws += [model.raw(row) for row in units[judged]]
        kinds += labels[judged].tolist()
    if len(set(kinds)) < 2:
        raise DatasetError("scaling needs two sessions or subjects with both classes in train")
    fitted = LogisticRegression(C=1e6).fit(np.array(raws)[:, None], kinds)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


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


def _groups(samples: Sequence[Sample], train: NDArray[np.bool_]) -> NDArray[np.str_]:
    """Sessions where there are two or more, else subjects: what is left out together."""
    sessions = np.array([sample.session or "" for sample in samples])
    subjects = np.array([sample.subject for sample in samples])
    return sessions if len(set(sessions[train])) > 1 else subjects


def _scores(
    model: QualityClassifier, units: Vector, reasons: Sequence[Reason | None]
) -> tuple[Score, ...]:
    return tuple(
        Score(None, reason) if reason else _score(model, row)
        for row, reason in zip(units, reasons, strict=True)
    )


def _score(model: QualityClassifier, row: Vector) -> Score:
    far = model.distance(row) > model.limit
    return Score(model.score(model.raw(row)), Reason.UNFAMILIAR_CAMERA if far else None)


def _point(samples: Sequence[Sample], scores: Sequence[Score]) -> OperatingPoint:
    chosen = [i for i, sample in enumerate(samples) if sample.split is Split.DEV]
    dev = from_samples([samples[i] for i in chosen], [scores[i] for i in chosen])
    return protocol.with_band(protocol.at_eer(dev), dev, apcer=BAND, bpcer=BAND)


def _in(samples: Sequence[Sample], split: Split) -> NDArray[np.bool_]:
    return np.array([sample.split is split for sample in samples])


def _require(labels: NDArray[np.bool_], parts: Mapping[str, NDArray[np.bool_]]) -> None:
    for name, rows in parts.items():
        for kind, word in ((True, "bona fide"), (False, "attack")):
            if not (labels[rows] == kind).any():
                raise DatasetError(f"the {name} part has no {word} picture that can be measured")


_BLANK = QualityClassifier(
    names=quality.METRICS, margin=0.0, side=1, mean=np.zeros(25), scale=np.ones(25),
    weights=np.zeros(0), vectors=np.zeros(0), dual=np.zeros(0), gamma=0.0, intercept=0.0,
    slope=1.0, bias=0.0, precision=np.eye(25), limit=0.0, operating_point=OperatingPoint.at(0.5),
)  # fmt: skip
