"""Linear and kernel classifiers of rows that weigh differently."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facepad.liveness.quality.classifier import Vector
from facepad.types import Sample

Classifier = Literal["lda", "svm"]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a classifier learns from.

    Attributes:
        units: Standardised metrics, shape (N, 25).
        labels: Whether bona fide, shape (N,).
        weight: Of each row, 1 on average, shape (N,).
    """

    units: Vector
    labels: Mask
    weight: Vector

    def part(self, keep: Mask) -> "Rows":
        """Some of the rows."""
        return Rows(self.units[keep], self.labels[keep], self.weight[keep])

    def mean(self, kind: bool) -> Vector:
        """Weighted mean of a class."""
        own = self.labels == kind
        mean: Vector = np.average(self.units[own], axis=0, weights=self.weight[own])
        return mean


def balanced(samples: Sequence[Sample]) -> Vector:
    """Weights with which both classes weigh the same, and within the attacks all species."""
    species = np.array([sample.pai_species or "" for sample in samples])
    weight = np.ones(len(samples))
    for name in set(species):
        weight[species == name] /= np.sum(species == name)
    attacks = species != ""
    weight[attacks] /= len(set(species[attacks])) or 1
    return np.asarray(weight * len(samples) / 2.0, np.float64)


def fitted(rows: Rows, drift: Vector, strength: float, classifier: Classifier) -> dict[str, Any]:
    """Parameters of a classifier that takes the drift for scatter within classes.

    Args:
        rows: To learn from.
        drift: Scatter that tells nothing, shape (M, 25), of mean 0.
        strength: Of the drift, relative to all rows; 0 to do without it (LDA only).
        classifier: "lda" or "svm".
    """
    if classifier == "svm":
        return _svm(_jittered(rows, drift))
    units, labels, weight = [rows.units], [rows.labels], [rows.weight]
    for kind in (False, True) if strength else ():
        units.append(rows.mean(kind) + drift)
        labels.append(np.full(len(drift), kind))
        weight.append(np.full(len(drift), strength * len(rows.units) / 2.0 / len(drift)))
    return _lda(Rows(np.concatenate(units), np.concatenate(labels), np.concatenate(weight)))


def _lda(rows: Rows) -> dict[str, Any]:
    """Linear discriminant analysis; both classes are as likely, with automatic shrinkage."""
    means = [rows.mean(kind) for kind in (False, True)]
    covariance = sum(_covariance(rows, kind) for kind in (False, True)) / 2.0
    weights = np.linalg.solve(covariance, means[1] - means[0])
    return {"weights": weights, "intercept": float(-(means[0] + means[1]) @ weights / 2.0)}


def _covariance(rows: Rows, kind: bool) -> Vector:
    """Shrunk covariance of a class, after Ledoit and Wolf (2004)."""
    from sklearn.covariance import ledoit_wolf

    own = rows.labels == kind
    share = rows.weight[own] / rows.weight[own].mean()
    centred = (rows.units[own] - rows.mean(kind)) * np.sqrt(share)[:, None]
    scale = np.sqrt(np.mean(centred**2, axis=0))
    scale[scale == 0.0] = 1.0
    shrunk, _ = ledoit_wolf(centred / scale, assume_centered=True)
    return np.asarray(shrunk * np.outer(scale, scale), np.float64)


def _jittered(rows: Rows, drift: Vector) -> Rows:
    """Every row twice, once moved as another resolution would move it."""
    moved = rows.units + drift[np.arange(len(rows.units)) % len(drift)]
    return Rows(
        np.concatenate([rows.units, moved]), np.tile(rows.labels, 2), np.tile(rows.weight, 2)
    )


def _svm(rows: Rows) -> dict[str, Any]:
    from sklearn.svm import SVC

    gamma = 1.0 / rows.units.shape[1]
    machine = SVC(C=1.0, gamma=gamma).fit(rows.units, rows.labels, rows.weight)
    return {
        "vectors": np.asarray(machine.support_vectors_),
        "dual": np.asarray(machine.dual_coef_[0]),
        "gamma": gamma,
        "intercept": float(machine.intercept_[0]),
    }
