"""The heads of the face test: plain arrays that weigh the features of the backbone.

Each head is linear in the statistics of one block for one view. A raw logit is the mean of
the logits of the heads whose view is available; an affine scaling, one for each set of
views, makes it a log-likelihood ratio.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.models.npz import reading
from facepad.scores import AffineScaling
from facepad.types import OperatingPoint

FORMAT_VERSION = 1

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A linear classifier of one block's statistics; safe to share.

    Attributes:
        view: Crop of the face, a name of `facepad.faces.crops`.
        block: Block of the backbone, 0 first.
        mean: Training mean of each statistic, shape (F,).
        scale: Training deviation of each; above 0.
        weights: Weights of the standardised statistics, shape (F,).
        intercept: Added to the weighted sum.
    """

    view: str
    block: int
    mean: Vector
    scale: Vector
    weights: Vector
    intercept: float

    @property
    def name(self) -> str:
        """View and block: "tight 5"."""
        return f"{self.view} {self.block}"

    def standardised(self, statistics: NDArray[Any]) -> Vector:
        """Return statistics in units of their training deviation; shape (..., F)."""
        scaled: Vector = (np.asarray(statistics, np.float64) - self.mean) / self.scale
        return scaled

    def logits(self, statistics: NDArray[Any]) -> Vector:
        """Return one logit for each row, higher for bona fide; shape (...)."""
        values: Vector = self.standardised(statistics) @ self.weights + self.intercept
        return values


@dataclass(frozen=True, slots=True, eq=False)
class FaceHeads:
    """All heads with their scalings; safe to share.

    Attributes:
        heads: At least one of the tight view.
        all_views: Scaling of the mean over all heads.
        tight_only: Scaling of the mean over the heads of the tight view, for pictures that
            hold nothing around the face.
        operating_point: Threshold and band, from dev data and held-out domains.
        backbone: Version of the backbone that the heads were trained on.
    """

    heads: tuple[Head, ...]
    all_views: AffineScaling
    tight_only: AffineScaling
    operating_point: OperatingPoint
    backbone: str

    @property
    def blocks(self) -> tuple[int, ...]:
        """Blocks of the backbone that the heads use, in order."""
        return tuple(sorted({head.block for head in self.heads}))

    def scaling(self, views: Sequence[str]) -> AffineScaling:
        """Return the scaling for these views: all views, or fewer."""
        return (
            self.all_views
            if {head.view for head in self.heads} <= set(views)
            else (self.tight_only)
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all values as arrays for `facepad.models.store.save_arrays`."""
        point = self.operating_point
        stored: dict[str, NDArray[Any]] = {
            "format_version": np.array(FORMAT_VERSION),
            "heads": np.array([head.name for head in self.heads]),
            "intercepts": np.array([head.intercept for head in self.heads]),
            "scalings": np.array(
                [[one.slope, one.bias] for one in (self.all_views, self.tight_only)]
            ),
            "point_name": np.array(point.name),
            "point": np.array([point.threshold, point.low, point.high]),
            "trunk": np.array(self.backbone),
        }
        for head in self.heads:
            for part in ("mean", "scale", "weights"):
                stored[f"{head.name} {part}"] = np.asarray(getattr(head, part), np.float32)
        return stored

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str) -> "FaceHeads":
        """Read what `arrays` wrote.

        Args:
            arrays: From a model file.
            source: Names the file in errors.

        Raises:
            ModelError: An array is missing, of another format version or shape, or not finite.
        """
        with reading(arrays, FORMAT_VERSION, source, "holds no heads of the face test"):
            return _read(arrays, source)


def _read(arrays: Mapping[str, NDArray[Any]], source: str) -> FaceHeads:
    intercepts = arrays["intercepts"].tolist()
    heads = tuple(
        _head(arrays, str(name), float(intercept), source)
        for name, intercept in zip(arrays["heads"], intercepts, strict=True)
    )
    both, tight = (AffineScaling(float(slope), float(bias)) for slope, bias in arrays["scalings"])
    threshold, low, high = (float(value) for value in arrays["point"])
    if not heads or not min(both.slope, tight.slope) > 0.0:
        raise ModelError(f"{source} needs heads and slopes above 0, got {len(heads)} heads")
    point = OperatingPoint(str(arrays["point_name"]), threshold, low, high)
    return FaceHeads(heads, both, tight, point, str(arrays["trunk"]))


def _head(arrays: Mapping[str, NDArray[Any]], name: str, intercept: float, source: str) -> Head:
    view, block = name.split(" ")
    mean, scale, weights = (
        np.asarray(arrays[f"{name} {part}"], np.float64) for part in ("mean", "scale", "weights")
    )
    shapes = {array.shape for array in (mean, scale, weights)}
    finite = all(np.isfinite(array).all() for array in (mean, scale, weights))
    if len(shapes) != 1 or mean.ndim != 1 or not finite or not (scale > 0.0).all():
        raise ModelError(
            f"{source}: head {name!r} needs finite mean, scale above 0 and weights of one "
            f"length, got shapes {mean.shape}, {scale.shape}, {weights.shape}"
        )
    return Head(view, int(block), mean, scale, weights, intercept)
