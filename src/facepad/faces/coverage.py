"""How likely a mask, a scarf or a hand covers the nose and the mouth of a face.

A covered nose has another colour than the skin between the eyes and no nostrils below it; a
covered mouth has no lips and no dark line between them. A beard leaves the nose bare. Such
cues of a small picture of the face, in which eyes and mouth have fixed places, are weighed
by a logistic regression.
"""

import math

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.types import Face, RgbImage

SIDE = 64  # of the small picture of the face, pixels
_EYES_AND_MOUTH = ((19.0, 20.0), (45.0, 20.0), (32.0, 47.0))  # their places in it
_MOUTH = 3  # of the detector's points
_HALF = 0.1  # difference of log colours that counts half as much as an infinite one

# Parts of the small picture: left, top, right, bottom.
_BROW, _NOSE = (28, 10, 36, 24), (29, 29, 35, 36)
_CHEEKS = ((12, 29, 21, 36), (43, 29, 52, 36))
_JAWS = ((12, 40, 21, 50), (43, 40, 52, 50))
_UPPER_LIP, _LIPS, _CHIN = (28, 40, 36, 43), (26, 45, 38, 50), (27, 55, 37, 61)
_BELOW_NOSE = (25, 36, 40, 42)

_LOGS = tuple(math.log(level + 12.0) for level in range(256))  # noise in the dark is no colour
# From logs of red, green and blue to log luminance, and log red and log blue over green.
_TO_PLANES = ((0.3, 0.6, 0.1), (1.0, -1.0, 0.0), (0.0, -1.0, 1.0))

Plane = NDArray[np.float32]  # shape (SIDE, SIDE)
Planes = NDArray[np.float32]  # shape (SIDE, SIDE, 3): log luminance, log red, log blue
Colour = tuple[float, float, float]  # likewise
CUES = (
    "nose colour", "cheek colour", "cheek light", "chin colour", "chin light",
    "least colour", "nose to cheek", "lip red", "lip blue", "mouth line", "nostrils",
    "colour edge", "colour spread",
)  # fmt: skip
# The constant, then a weight for each cue; printed by benchmarks/coverage_fit.py.
_WEIGHTS = (
    -5.737, 1.716, 2.292, -2.070, 1.404, -0.730, 1.898, -0.529,
    -7.341, -13.393, -4.640, -5.432, 3.391, -1.239,
)  # fmt: skip


def coverage(image: RgbImage, face: Face) -> float:
    """Return how likely something covers the nose and the mouth of a face.

    The face may be tilted. Above 0.7 are 96 % of drawn masks and scarves, nine of ten phones and
    half of the hands, but 1 of 2,260 bare faces of people and cameras that were not fitted on.
    Beards, glasses and dim light do not count as covers; screens with far too much contrast may.

    Args:
        image: RGB picture.
        face: A face of it.

    Returns:
        Probability in [0, 1], for equal numbers of covered and bare faces; from 0.7 on the face
        may be called covered. NaN for a face without points.
    """
    if len(face.points) <= _MOUTH:
        return math.nan
    logit = float(cues(small_face(image, face)) @ np.array(_WEIGHTS[1:])) + _WEIGHTS[0]
    return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))


def small_face(image: RgbImage, face: Face) -> RgbImage:
    """Return the face as a small picture in which eyes and mouth have fixed places.

    Args:
        image: RGB picture.
        face: A face of it with points.

    Returns:
        RGB uint8, shape (`SIDE`, `SIDE`, 3).
    """
    points = np.array([face.points[0], face.points[1], face.points[_MOUTH]], np.float32)
    places = 2 * np.array(_EYES_AND_MOUTH, np.float32) + 0.5  # in a picture twice as large
    to_large = cv2.getAffineTransform(points, places)
    large = cv2.warpAffine(
        image, to_large, (2 * SIDE, 2 * SIDE), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def cues(small: RgbImage) -> NDArray[np.float64]:
    """Return the cues that something covers a face.

    Args:
        small: From `small_face`.

    Returns:
        Shape (13,), in the order of `CUES`.
    """
    logs = cv2.LUT(small, np.array(_LOGS, np.float32))
    planes = np.asarray(cv2.transform(logs, np.array(_TO_PLANES)), np.float32)
    light = np.ascontiguousarray(planes[..., 0])
    brow = _median(planes, _BROW)
    nose, lip, mouth, chin = (_mean(planes, box) for box in (_NOSE, _UPPER_LIP, _LIPS, _CHIN))
    cheek, jaw = (_middle(planes, boxes) for boxes in (_CHEEKS, _JAWS))
    apart = [_apart(place, brow) for place in (nose, cheek, chin, jaw)]
    around = [(jaw[i] + lip[i] + chin[i]) / 3 for i in range(3)]
    return np.array(
        [
            _bounded(apart[0]), _bounded(apart[1]), cheek[0] - brow[0],
            _bounded(apart[2]), chin[0] - brow[0], _bounded(min(apart[0], apart[1], apart[3])),
            _bounded(_apart(nose, cheek)), mouth[1] - around[1], mouth[2] - around[2],
            _mouth_line(light), min(nose[0], lip[0]) - _darkest(light),
            _bounded(_colour_edge(planes)), _colour_spread(planes),
        ]
    )  # fmt: skip


def _part(planes: Planes, box: tuple[int, int, int, int]) -> Planes:
    left, top, right, bottom = box
    return planes[top:bottom, left:right]


def _mean(planes: Planes, box: tuple[int, int, int, int]) -> Colour:
    light, red, blue, _ = cv2.mean(_part(planes, box))
    return light, red, blue


def _median(planes: Planes, box: tuple[int, int, int, int]) -> Colour:
    values = np.sort(_part(planes, box).reshape(-1, 3), axis=0)
    light, red, blue = values[len(values) // 2].tolist()
    return light, red, blue


def _middle(planes: Planes, boxes: tuple[tuple[int, int, int, int], ...]) -> Colour:
    """Return the mean over two parts of the same size, right and left."""
    right, left = (_mean(planes, box) for box in boxes)
    return (right[0] + left[0]) / 2, (right[1] + left[1]) / 2, (right[2] + left[2]) / 2


def _apart(one: Colour, other: Colour) -> float:
    """Return the distance between two colours, regardless of their light."""
    return math.hypot(one[1] - other[1], one[2] - other[2])


def _bounded(apart: float) -> float:
    """Return a distance between colours in [0, 1)."""
    return apart / (apart + _HALF)


def _mouth_line(light: Plane) -> float:
    """Return how much darker a line near the mouth is than the skin above and below it."""
    lines = cv2.reduce(light[37:59, 26:39], 1, cv2.REDUCE_AVG)[:, 0]
    return float((np.minimum(lines[:-8], lines[8:]) - lines[4:-4]).max())


def _darkest(light: Plane) -> float:
    """Return the light of the darkest place below the nose."""
    left, top, right, bottom = _BELOW_NOSE
    return float(cv2.blur(light[top - 1 : bottom + 1, left - 1 : right + 1], (3, 3))[1:-1].min())


def _colour_edge(planes: Planes) -> float:
    """Return the largest step of colour down the cheeks."""
    right, left = (
        cv2.reduce(planes[20:42, start : start + 7], 1, cv2.REDUCE_AVG)[:, 0, 1:]
        for start in (14, 43)
    )
    steps = (right[4:] - right[:-4] + left[4:] - left[:-4]) / 2
    return math.sqrt(float((steps**2).sum(axis=1).max()))


def _colour_spread(planes: Planes) -> float:
    """Return the log spread of colours in the lower half."""
    _, red, blue = cv2.meanStdDev(planes[30:60, 14:50])[1][:, 0].tolist()
    return math.log(math.hypot(red, blue) + 0.01)
