"""The outline of a device or sheet around a face: four lines that meet at their ends."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.liveness.surroundings.lines import (
    ABOVE,
    BELOW,
    LEFT,
    RIGHT,
    EdgeLine,
    Floats,
    GrayBytes,
    lines_around,
)
from facepad.opencv import cv2
from facepad.types import Box, RgbImage

Corners = tuple[tuple[float, float], ...]  # x and y; top left, top right, bottom right, bottom left

SIDE = 320  # pixels of the longer side of the picture that is searched
# Sides by the corners at their ends, in the order of the lines; which coordinate runs along them.
_ENDS = ((0, 3, 1), (1, 2, 1), (0, 1, 0), (3, 2, 0))
_OUTSIDE = 0.02  # how far a corner may lie out of the picture, share of its longer side
_SKEW = 0.25  # most cosine of an angle; 0 at a right angle
_TAPER = 1.35  # most ratio of opposite sides
_ASPECTS = (0.38, 2.6)  # width over height, of a phone upright and lying
_LEAST_HEIGHT, _MOST_WIDTH = 1.3, 12.0  # over those of the face's box
_CORNER, _BEYOND = 0.04, 0.2  # shares of a side: at a corner left out, and looked at beyond it
_VISIBLE = 0.3  # least share of what is beyond a corner that the picture shows
_LEAST_WEIGHT, _BEYOND_WEIGHT = 0.5, 0.3  # of the least supported side, of edges beyond corners


@dataclass(frozen=True, slots=True)
class Outline:
    """Four straight lines around a face.

    Attributes:
        corners: In the frame's pixels, clockwise from the top left.
        coverage: Share of each side with an edge under it: left, right, above, below; 0 to 1.
        beyond: Share of the continuation of the sides beyond their corners with an edge.
        clearness: Mean coverage, plus half the least one, minus 0.3 of ``beyond``; at most 1.5.
    """

    corners: Corners
    coverage: tuple[float, ...]
    beyond: float
    clearness: float


def clearest_outline(image: RgbImage, box: Box) -> Outline | None:
    """Return the clearest rectangle in perspective around a face.

    Args:
        image: RGB picture, shape (H, W, 3).
        box: Of the face, in the picture's pixels.

    Returns:
        The outline, however faint; None where no four lines meet around the face.
    """
    gray = _reduced(image)
    scale = np.array(gray.shape[::-1]) / image.shape[1::-1]
    face = np.array(box) * np.tile(scale, 2)
    sides = lines_around(gray, face)
    chosen = np.stack(np.meshgrid(*(range(len(side)) for side in sides)), -1).reshape(-1, 4)
    if not len(chosen):
        return None
    corners = _corners(sides, chosen)
    fits = _fits(corners, face, np.array(gray.shape[::-1]))
    chosen, corners = chosen[fits], corners[fits]
    if not len(chosen):
        return None
    coverage, beyond = _edges(sides, chosen, corners)
    clearness = coverage.mean(axis=1) + _LEAST_WEIGHT * coverage.min(axis=1)
    clearness -= _BEYOND_WEIGHT * beyond
    best = int(clearness.argmax())
    return Outline(
        tuple((float(x), float(y)) for x, y in corners[best] / scale),
        tuple(coverage[best].tolist()),
        float(beyond[best]),
        float(clearness[best]),
    )


def _reduced(image: RgbImage) -> GrayBytes:
    """Return a picture in grey, its longer side at most `SIDE`."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _corners(sides: Sequence[Sequence[EdgeLine]], chosen: NDArray[np.intp]) -> Floats:
    """Return where the lines of each choice meet, shape (N, 4, 2)."""
    points = [np.array([line.point for line in side]) for side in sides]
    along = [np.array([line.direction for line in side]) for side in sides]
    found = []
    for upright, level in ((LEFT, ABOVE), (RIGHT, ABOVE), (RIGHT, BELOW), (LEFT, BELOW)):
        one, other = chosen[:, upright], chosen[:, level]
        point, run = points[upright][one], along[upright][one]
        away, across = points[level][other] - point, along[level][other]
        turn = run[:, 0] * across[:, 1] - run[:, 1] * across[:, 0]  # never 0: steep against flat
        step = (away[:, 0] * across[:, 1] - away[:, 1] * across[:, 0]) / turn
        found.append(point + step[:, None] * run)
    return np.stack(found, axis=1)


def _fits(corners: Floats, face: Floats, size: Floats) -> NDArray[np.bool_]:
    """Return which of the quadrangles can be a rectangle in perspective, in full view."""
    side = np.roll(corners, -1, axis=1) - corners
    length = np.maximum(np.linalg.norm(side, axis=2), 1e-6)
    unit = side / length[..., None]
    after = np.roll(unit, -1, axis=1)
    skew = np.abs((unit * after).sum(axis=2)).max(axis=1)
    clockwise = (unit[..., 0] * after[..., 1] > unit[..., 1] * after[..., 0]).all(axis=1)
    taper = np.maximum(length[:, :2] / length[:, 2:], length[:, 2:] / length[:, :2]).max(axis=1)
    wide, high = ((length[:, one] + length[:, one + 2]) / 2.0 for one in (0, 1))
    slack = _OUTSIDE * size.max()
    in_view = ((corners > -slack) & (corners < size - 1 + slack)).all(axis=(1, 2))
    fits: NDArray[np.bool_] = in_view & clockwise & (skew < _SKEW) & (taper < _TAPER)
    fits &= (wide > _ASPECTS[0] * high) & (wide < _ASPECTS[1] * high)
    fits &= wide < _MOST_WIDTH * (face[2] - face[0])
    fits &= high > _LEAST_HEIGHT * (face[3] - face[1])
    return fits


def _edges(
    sides: Sequence[Sequence[EdgeLine]], chosen: NDArray[np.intp], corners: Floats
) -> tuple[Floats, Floats]:
    """Return the share of each side with an edge, shape (N, 4), and that beyond the corners."""
    coverage, beyond = np.zeros((len(chosen), 4)), np.zeros((len(chosen), 4, 2))
    for side, (first, last, axis) in enumerate(_ENDS):
        begin, end = corners[:, first, axis], corners[:, last, axis]
        edge, inside = (
            np.array([getattr(line, name) for line in sides[side]]) for name in ("edge", "inside")
        )
        line, length = chosen[:, side], end - begin
        near, far = _CORNER * length, (_CORNER + _BEYOND) * length
        spans = ((begin + near, end - near), (begin - far, begin - near), (end + near, end + far))
        for number, (start, stop) in enumerate(spans):
            start, stop = (
                np.clip(np.rint(place), 0, edge.shape[1] - 1).astype(np.intp)
                for place in (start, stop)
            )
            visible = np.maximum(inside[line, stop] - inside[line, start], 0)
            share = (edge[line, stop] - edge[line, start]) / np.maximum(visible, 1)
            if number:
                beyond[:, side, number - 1] = share * (visible > _VISIBLE * _BEYOND * length)
            else:
                coverage[:, side] = share
    return coverage, beyond.mean(axis=(1, 2))
