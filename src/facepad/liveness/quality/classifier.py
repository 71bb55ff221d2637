"""From a vector of metrics to a score: standardise, weigh, scale; plain arrays.

The model names its M metrics. How far a vector is from the training pictures is measured by its
Mahalanobis distance.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.models.npz import reading
from facepad.scores import sigmoid
from facepad.types import OperatingPoint

FORMAT_VERSION = 1
_METRIC = "metric "  # before a metric's name, since a model may have the name of its metric
_ALL_METRICS = "metrics"  # one version for all metrics, in models of earlier versions

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QualityClassifier:
    """A trained classifier of metric vectors; safe to share.

    Attributes:
        names: Metrics, in the order of the vector.
        margin: Side of the measured square relative to the face's box; 0 for the whole picture.
        side: Pixels that the box's longer side is brought down to (the picture's, if whole).
        mean: Training mean of each metric, shape (M,).
        scale: Training deviation of each; 0 for one that does not vary and is left out.
        weights: Weights of the standardised metrics (LDA), shape (M,); empty for an SVM.
        vectors: Support vectors (SVM), shape (S, M); empty for LDA.
        dual: Their coefficients, shape (S,).
        gamma: Width of the SVM's kernel ``exp(-gamma |a - b|^2)``.
        intercept: Added to the weighted sum.
        slope: Slope of the scaling, ``sigmoid(slope * raw + bias)``.
        bias: Offset of the scaling.
        precision: Inverse covariance of the standardised training vectors, shape (M, M).
        limit: Distance beyond which a vector is unlike all that was learned.
        operating_point: From dev.
        depends: Versions that the model needs, by name: of each metric, under its `metric_key`,
            and of the models that metrics use.
    """

    names: tuple[str, ...]
    margin: float
    side: int
    mean: Vector
    scale: Vector
    weights: Vector
    vectors: Vector
    dual: Vector
    gamma: float
    intercept: float
    slope: float
    bias: float
    precision: Vector
    limit: float
    operating_point: OperatingPoint
    depends: Mapping[str, str] = field(default_factory=dict)

    @property
    def models(self) -> Mapping[str, str]:
        """Versions of the models that the metrics use."""
        return {k: v for k, v in self.depends.items() if not k.startswith(_METRIC)}

    @property
    def kind(self) -> str:
        """Kind of classifier, "lda" or "svm"."""
        return "lda" if self.weights.size else "svm"

    def standardised(self, metrics: Vector) -> Vector:
        """Return metrics in units of their training deviation; 0 where left out."""
        used = self.scale > 0.0
        centred = metrics - self.mean
        result: Vector = np.where(used, centred / np.where(used, self.scale, 1.0), 0.0)
        return result

    def raw(self, standardised: Vector) -> float:
        """Return the classifier's log-likelihood ratio, not yet scaled; higher for bona fide."""
        if self.weights.size:
            return float(self.weights @ standardised) + self.intercept
        squared = np.sum((self.vectors - standardised) ** 2, axis=1)
        return float(self.dual @ np.exp(-self.gamma * squared)) + self.intercept

    def ratio(self, raw: float) -> float:
        """Return the scaled log-likelihood ratio of a raw value."""
        return self.slope * raw + self.bias

    def score(self, raw: float) -> float:
        """Return the raw value scaled to [0, 1]."""
        return sigmoid(self.ratio(raw))

    def distance(self, standardised: Vector) -> float:
        """Return the Mahalanobis distance to the training pictures; about sqrt(M) is usual."""
        return math.sqrt(max(0.0, float(standardised @ self.precision @ standardised)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all values as arrays for `facepad.models.store.save_arrays`."""
        point = self.operating_point
        return {
            "format_version": np.array(FORMAT_VERSION),
            "kind": np.array(self.kind),
            "names": np.array(self.names),
            "view": np.array([self.margin, float(self.side)]),
            "mean": self.mean,
            "scale": self.scale,
            "weights": self.weights,
            "vectors": self.vectors,
            "dual": self.dual,
            "numbers": np.array([self.gamma, self.intercept, self.slope, self.bias, self.limit]),
            "precision": self.precision,
            "point_name": np.array(point.name),
            "point": np.array([point.threshold, point.low, point.high]),
            "depends": np.array([f"{name}={self.depends[name]}" for name in sorted(self.depends)]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str) -> "QualityClassifier":
        """Read what `arrays` wrote.

        Args:
            arrays: From a model file.
            source: Names the file in errors.

        Raises:
            ModelError: An array is missing, of another format version or shape, or not finite.
        """
        with reading(arrays, FORMAT_VERSION, source, "is not a quality classifier"):
            kind = str(arrays["kind"])
            model = _checked(_read(arrays), source)
        if kind != model.kind:
            raise ModelError(f"{source} says it holds an {kind}, but has arrays of an {model.kind}")
        return model


def _read(arrays: Mapping[str, NDArray[Any]]) -> QualityClassifier:
    margin, side = (float(v) for v in arrays["view"])
    gamma, intercept, slope, bias, limit = (float(v) for v in arrays["numbers"])
    threshold, low, high = (float(v) for v in arrays["point"])
    vectors = {
        name: np.asarray(arrays[name], np.float64)
        for name in ("mean", "scale", "weights", "vectors", "dual", "precision")
    }
    return QualityClassifier(
        names=tuple(str(name) for name in arrays["names"]),
        margin=margin,
        side=int(side),
        gamma=gamma,
        intercept=intercept,
        slope=slope,
        bias=bias,
        limit=limit,
        operating_point=OperatingPoint(str(arrays["point_name"]), threshold, low, high),
        depends=dict(_depends(arrays)),
        **vectors,
    )


def metric_key(name: str) -> str:
    """Return the name of a metric in `QualityClassifier.depends`."""
    return f"{_METRIC}{name}"


def _depends(arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, str]]:
    for line in arrays["depends"]:
        name, version = str(line).split("=", 1)
        if name == _ALL_METRICS:
            yield from ((metric_key(str(metric)), version) for metric in arrays["names"])
        else:
            yield name, version


def _checked(model: QualityClassifier, source: str) -> QualityClassifier:
    count = len(model.names)
    shapes = {
        "mean": (model.mean, (count,)),
        "scale": (model.scale, (count,)),
        "precision": (model.precision, (count, count)),
    }
    if model.weights.size:
        shapes["weights"] = (model.weights, (count,))
    else:
        shapes["vectors"] = (model.vectors, (len(model.dual), count))
    for name, (array, expected) in shapes.items():
        if array.shape != expected or not np.isfinite(array).all():
            raise ModelError(
                f"{source}: {name} must be finite of shape {expected}, got shape {array.shape}"
            )
    return model
