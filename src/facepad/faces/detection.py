"""One face as the detector sees it, and how far two of them are the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.faces import level

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Detection:
    """One face in the output of the detector.

    Attributes:
        box: Left, top, right, bottom in pixels of the picture; may lie partly outside.
        score: Confidence in [0, 1].
        points: Shape (6, 2), x and y in pixels: the eyes (the one on the picture's left
            first), tip of the nose, mouth, ears.
    """

    box: tuple[float, float, float, float]
    score: float
    points: FloatArray

    @property
    def short_side(self) -> float:
        """The shorter side of the box, pixels."""
        left, top, right, bottom = self.box
        return min(right - left, bottom - top)

    @property
    def area(self) -> float:
        """Area of the box, square pixels."""
        left, top, right, bottom = self.box
        return max(0.0, right - left) * max(0.0, bottom - top)

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the box, x and y."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def roll_deg(self) -> float:
        """Angle of the line between the eyes to the horizontal; see `facepad.types.Face`."""
        return level.roll_of(self.points)

    def mapped(self, by: level.Map) -> "Detection":
        """Return the face where a map brings it; its box stays upright and keeps its shape."""
        left, top, right, bottom = self.box
        factor = float(np.hypot(by[0, 0], by[1, 0]))
        half = np.array([right - left, bottom - top]) * factor / 2
        middle = level.mapped(np.array([self.middle]) - 0.5, by)[0] + 0.5
        points = level.mapped(self.points, by).astype(np.float32)
        return Detection(box_of(np.concatenate([middle - half, middle + half])), self.score, points)

    def moved(self, x: float, y: float) -> "Detection":
        """Return the face in a larger picture, of which this one is the part from (x, y) on."""
        left, top, right, bottom = self.box
        return Detection(
            (left + x, top + y, right + x, bottom + y),
            self.score,
            self.points + np.asarray((x, y), np.float32),
        )

    def scaled(self, factor: float) -> "Detection":
        """Return the face in a picture that is ``factor`` times larger."""
        left, top, right, bottom = self.box
        box = (left * factor, top * factor, right * factor, bottom * factor)
        return Detection(box, self.score, self.points * np.float32(factor))


def overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> float:
    """Return the intersection over union of two boxes, in [0, 1]."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both)


def box_of(
    values: "np.ndarray[tuple[int], np.dtype[np.floating]]",
) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom as Python's numbers."""
    left, top, right, bottom = (float(value) for value in values)
    return left, top, right, bottom
