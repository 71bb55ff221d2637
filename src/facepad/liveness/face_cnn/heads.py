"""The heads of the face test: plain arrays that weigh the features of the backbone.

Each head is linear in the statistics of one block in one view. Those with a share decide without
a calibration: the raw logit is their weighted mean, and an affine scaling makes it a
log-likelihood ratio. A calibration uses all of them. A picture that shows nothing around the face
has no context view; its tight view stands for it, and operating points of its own hold.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.faces import crops
from facepad.models.npz import reading
from facepad.scores import AffineScaling, Breakdown, Contribution
from facepad.types import OperatingPoint

FORMAT_VERSION = 2
# Sets of views: a picture that shows little around the face, one that shows enough, and the same
# with the whole frame, for cameras that never move.
CROP, SURROUNDED, FIXED = "crop", "context", "context+frame"
SETS = (CROP, SURROUNDED)  # with operating points of their own
BALANCED = "balanced"  # the default operating point

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
        share: Weight of its logit without a calibration; 0 or more.
    """

    view: str
    block: int
    mean: Vector
    scale: Vector
    weights: Vector
    intercept: float
    share: float = 1.0

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
    """All heads with their scaling and operating points; safe to share.

    Attributes:
        heads: At least one with a share.
        scaling: Of the weighted mean of the logits.
        points: Operating points by set of views (`SETS`), then by name; "balanced" is there.
        backbone: Version of the backbone that the heads were trained on.
    """

    heads: tuple[Head, ...]
    scaling: AffineScaling
    points: Mapping[str, Mapping[str, OperatingPoint]]
    backbone: str

    @property
    def deciding(self) -> tuple[Head, ...]:
        """The heads with a share."""
        return tuple(head for head in self.heads if head.share > 0.0)

    @property
    def operating_point(self) -> OperatingPoint:
        """The balanced point of pictures that show enough around the face."""
        return self.points[SURROUNDED][BALANCED]

    def raw(self, logits: Mapping[str, float]) -> float:
        """Return the weighted mean of the logits of the deciding heads, by name."""
        shares = [head.share for head in self.deciding]
        return float(np.average([logits[head.name] for head in self.deciding], weights=shares))

    def contributions(self, logits: Mapping[str, float]) -> Breakdown:
        """Return what each deciding head adds to the log-likelihood ratio; by its name.

        A head adds nothing where the statistics that it reads have their training mean.

        Args:
            logits: Logit of each deciding head, by name.
        """
        total = math.fsum(head.share for head in self.deciding)
        parts = tuple(
            Contribution(
                head.name,
                self.scaling.slope * head.share / total * (logits[head.name] - head.intercept),
            )
            for head in self.deciding
        )
        neutral = self.raw({head.name: head.intercept for head in self.deciding})
        return Breakdown(parts, self.scaling.apply(neutral))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all values as arrays for `facepad.models.store.save_arrays`."""
        listed = [(views, point) for views in SETS for point in self.points[views].values()]
        stored: dict[str, NDArray[Any]] = {
            "format_version": np.array(FORMAT_VERSION),
            "heads": np.array([head.name for head in self.heads]),
            "intercepts": np.array([head.intercept for head in self.heads]),
            "shares": np.array([head.share for head in self.heads]),
            "scaling": np.array([self.scaling.slope, self.scaling.bias]),
            "point_names": np.array([f"{views} {point.name}" for views, point in listed]),
            "points": np.array([[one.threshold, one.low, one.high] for _, one in listed]),
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
    numbers = zip(arrays["intercepts"].tolist(), arrays["shares"].tolist(), strict=True)
    heads = tuple(
        _head(arrays, str(name), (float(intercept), float(share)), source)
        for name, (intercept, share) in zip(arrays["heads"], numbers, strict=True)
    )
    slope, bias = (float(number) for number in arrays["scaling"])
    if not any(head.share > 0.0 for head in heads) or not slope > 0.0:
        raise ModelError(f"{source} needs heads with a share and a slope above 0")
    points = _points(arrays)
    if any(BALANCED not in points.get(views, {}) for views in SETS):
        raise ModelError(f"{source} needs the operating point {BALANCED!r} for {', '.join(SETS)}")
    return FaceHeads(heads, AffineScaling(slope, bias), points, str(arrays["trunk"]))


def _points(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, Mapping[str, OperatingPoint]]:
    found: dict[str, dict[str, OperatingPoint]] = {}
    for words, row in zip(arrays["point_names"], arrays["points"], strict=True):
        views, name = str(words).split(" ")
        threshold, low, high = (float(value) for value in row)
        found.setdefault(views, {})[name] = OperatingPoint(name, threshold, low, high)
    return MappingProxyType({views: MappingProxyType(named) for views, named in found.items()})


def _head(
    arrays: Mapping[str, NDArray[Any]], name: str, numbers: tuple[float, float], source: str
) -> Head:
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
    if view not in (crops.TIGHT, crops.CONTEXT, crops.PATCH, crops.FRAME) or not numbers[1] >= 0.0:
        raise ModelError(f"{source}: head {name!r} needs a known view and a share of 0 or more")
    return Head(view, int(block), mean, scale, weights, *numbers)
