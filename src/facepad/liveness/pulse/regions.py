"""Mean colours over time of regions of the skin and of the background."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import LEFT_EYE, OVAL, RIGHT_EYE
from facepad.opencv import cv2
from facepad.types import Face, Presentation, RgbImage

Floats = NDArray[np.float64]
Points = NDArray[np.int32]  # shape (K, 2), x and y
Colour = tuple[float, float, float]

UNKNOWN: Colour = (np.nan, np.nan, np.nan)

# Landmarks whose convex hull is skin, nearly without hair, brows, eyes and lips.
REGIONS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "forehead": (103, 67, 109, 10, 338, 297, 332, 333, 299, 9, 69, 104),
        "right cheek": (116, 117, 118, 119, 100, 142, 203, 206, 216, 192, 213, 147, 123),
        "left cheek": (345, 346, 347, 348, 329, 371, 423, 426, 436, 416, 433, 376, 352),
    }
)
FACE = "face"  # all of it but what moves or has hair
_SHRUNK = 0.88  # of the face's oval, about its middle
_GROWN = 1.35  # of what is left out of it
_RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
_LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
_MOUTH = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40,
          185)  # fmt: skip
_LEFT_OUT = (RIGHT_EYE, LEFT_EYE, _RIGHT_BROW, _LEFT_BROW, _MOUTH)
_AWAY = 0.35  # distance of the background from the face's box, in widths of the box
_LEAST_BACKGROUND = 0.02  # share of the picture
_LEAST_PIXELS = 60  # of a region; below it the noise of its mean hides a pulse
_LEVEL = 3  # samples of landmarks before and after that are averaged, against their jitter


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """Mean colours over time.

    Attributes:
        time_s: Of each sample, rising, shape (N,).
        skin: Mean red, green and blue of each region, 0 to 255, shape (N, 3), by its name.
        background: Mean red, green and blue of the background, shape (N, 3); None where the
            picture shows too little of it.
        middle: Middle of the face in its widths, shape (N, 2).
    """

    time_s: Floats
    skin: Mapping[str, Floats]
    background: Floats | None
    middle: Floats

    @property
    def seconds(self) -> float:
        """From the first to the last sample."""
        return float(self.time_s[-1] - self.time_s[0]) if len(self.time_s) else 0.0

    @property
    def rate(self) -> float:
        """Samples a second, as a mean; 0 without two samples at different times."""
        return (len(self.time_s) - 1) / self.seconds if self.seconds > 0.0 else 0.0


def traces_of(presentation: Presentation) -> Traces:
    """Measure the mean colours of all frames that have a face with landmarks.

    Args:
        presentation: Frames of a clip, searched for faces with landmarks.

    Returns:
        The traces; regions that are too small in any frame are left out.
    """
    frames = [one for one in presentation.frames if one.face and one.face.landmarks is not None]
    faces = [one.face for one in frames if one.face is not None]
    marks = smoothed([one.landmarks[:, :2] for one in faces if one.landmarks is not None])
    around = _around(faces)
    rows = [_skin(frame.image, points) for frame, points in zip(frames, marks, strict=True)]
    skin = {name: np.array([row[name] for row in rows], np.float64) for name in (*REGIONS, FACE)}
    beside = np.array([_beside(frame.image, around) for frame in frames], np.float64)
    width = float(np.median([face.box[2] - face.box[0] for face in faces])) if faces else 1.0
    return Traces(
        np.array([frame.time_s for frame in frames], np.float64),
        MappingProxyType({name: one for name, one in skin.items() if np.isfinite(one).all()}),
        beside if np.isfinite(beside).all() else None,
        marks.mean(axis=1) / max(width, 1.0),
    )


def smoothed(points: Sequence[NDArray[np.float32]]) -> Floats:
    """Return landmarks as means over neighbouring samples, shape (N, 468, 2)."""
    if not points:
        return np.empty((0, 468, 2))
    stacked = np.stack(points).astype(np.float64)
    padded = np.pad(stacked, ((_LEVEL, _LEVEL), (0, 0), (0, 0)), mode="edge")
    sums = np.cumsum(np.concatenate([np.zeros((1, *padded.shape[1:])), padded]), axis=0)
    width = 2 * _LEVEL + 1
    return np.asarray((sums[width:] - sums[:-width]) / width)


def _skin(image: RgbImage, points: Floats) -> dict[str, Colour]:
    found = {name: _mean_within(image, _hull(points, own)) for name, own in REGIONS.items()}
    oval = [_scaled(points[list(OVAL)], _SHRUNK)]
    holes = [_hull(points, ring, _GROWN) for ring in _LEFT_OUT]
    return {**found, FACE: _mean_within(image, np.rint(oval[0]).astype(np.int32), holes)}


def _scaled(points: Floats, by: float) -> Floats:
    middle = points.mean(axis=0)
    return np.asarray(middle + (points - middle) * by)


def _hull(points: Floats, numbers: Sequence[int], by: float = 1.0) -> Points:
    ring = np.rint(_scaled(points[list(numbers)], by)).astype(np.int32)
    return np.asarray(cv2.convexHull(ring), np.int32).reshape(-1, 2)


def _mean_within(image: RgbImage, ring: Points, holes: Sequence[Points] = ()) -> Colour:
    """Return the mean colour within a ring of points; NaN where it is too small."""
    left, top, wide, high = cv2.boundingRect(ring)
    right, bottom = min(left + wide, image.shape[1]), min(top + high, image.shape[0])
    left, top = max(left, 0), max(top, 0)
    if right <= left or bottom <= top:
        return UNKNOWN
    mask = np.zeros((bottom - top, right - left), np.uint8)
    corner = np.array([left, top], np.int32)
    cv2.fillPoly(mask, [ring - corner], (255,))
    for hole in holes:
        cv2.fillPoly(mask, [hole - corner], (0,))
    if cv2.countNonZero(mask) < _LEAST_PIXELS:
        return UNKNOWN
    red, green, blue, _ = cv2.mean(image[top:bottom, left:right], mask)
    return red, green, blue


def _around(faces: Sequence[Face]) -> tuple[int, int, int]:
    """Return what is no background: left and right of the person, and the chin, in all frames."""
    if not faces:
        return 0, 0, 0
    boxes = np.array([face.box for face in faces])
    away = _AWAY * float(np.median(boxes[:, 2] - boxes[:, 0]))
    left, right = boxes[:, 0].min() - away, boxes[:, 2].max() + away
    return max(int(left), 0), max(int(right), 0), max(int(boxes[:, 3].min()), 0)


def _beside(image: RgbImage, around: tuple[int, int, int]) -> Colour:
    """Return the mean colour beside the head, above the chin; NaN where there is too little."""
    left, right, bottom = around
    sides = [side for side in (image[:bottom, :left], image[:bottom, right:]) if side.size]
    sizes = [side.shape[0] * side.shape[1] for side in sides]
    if sum(sizes) < _LEAST_BACKGROUND * image.shape[0] * image.shape[1]:
        return UNKNOWN
    means = [cv2.mean(side)[:3] for side in sides]
    red, green, blue = np.average(means, axis=0, weights=sizes)
    return float(red), float(green), float(blue)
