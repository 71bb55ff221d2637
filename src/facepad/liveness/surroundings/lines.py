"""Straight edges around a face: long lines to its left and right, above and below it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2

Floats = NDArray[np.float64]
GrayBytes = NDArray[np.uint8]  # shape (H, W)

LEFT, RIGHT, ABOVE, BELOW = range(4)
MOST_LINES = 5  # of each side; the longest
_MOST_SEGMENTS = 60  # of each side
_SHORTEST = 8.0  # pixels of a segment
_STEEP = 1.7  # least rise over run of an upright segment, and run over rise of a level one
_APART = np.array([0.02, 0.02, 0.08, 0.05])  # least distance from the face's box, share of it
_COLLINEAR_PX, _COLLINEAR = 2.2, 0.1  # most distance of ends from a line; most sine of an angle
_BLUR = 1.2  # pixels; noise of small sensors has no edges then
_LEAST_EDGE = 2.0  # grey levels a pixel across an edge that counts
_ALONG = 0.45  # most change along an edge, share of that across it
_OFFSETS = np.arange(-2.0, 3.0)  # pixels across a line; a sheet bends a little


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """A straight line with where in the picture an edge lies under it.

    Attributes:
        point: Any point of it, x and y in pixels.
        direction: Unit vector; down for upright lines, to the right for level ones.
        edge: How many pixels along its main axis have an edge, summed up from the first row
            (upright) or column (level) of the picture; shape (N + 1,).
        inside: How many of these pixels lie in the picture, summed up alike.
    """

    point: Floats
    direction: Floats
    edge: NDArray[np.int64]
    inside: NDArray[np.int64]


def lines_around(gray: GrayBytes, box: Floats) -> tuple[tuple[EdgeLine, ...], ...]:
    """Return the longest lines to the left and right of a face, above and below it.

    Args:
        gray: Grey picture, shape (H, W).
        box: Left, top, right and bottom of the face, in its pixels.

    Returns:
        At most `MOST_LINES` for each of `LEFT`, `RIGHT`, `ABOVE`, `BELOW`.
    """
    blurred = cv2.GaussianBlur(gray, (0, 0), _BLUR).astype(np.float32)
    slopes = np.stack(
        [cv2.Sobel(blurred, cv2.CV_32F, 1, 0) / 8.0, cv2.Sobel(blurred, cv2.CV_32F, 0, 1) / 8.0]
    )
    found = [list(_merged(one)) for one in _by_side(_segments(gray), box)]
    upright = _supported(slopes, found[LEFT] + found[RIGHT], axis=1)
    level = _supported(slopes, found[ABOVE] + found[BELOW], axis=0)
    left, above = len(found[LEFT]), len(found[ABOVE])
    return upright[:left], upright[left:], level[:above], level[above:]


def _segments(gray: GrayBytes) -> Floats:
    """Return the line segments of a picture, x and y of both ends, shape (N, 4)."""
    # None without segments, which its type does not say; shape (N, 1, 4) in OpenCV 4.
    found: Any = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(gray)[0]
    if found is None:
        return np.zeros((0, 4))
    ends = np.reshape(found, (-1, 4)).astype(np.float64)
    return ends[np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]) >= _SHORTEST]


def _by_side(ends: Floats, box: Floats) -> Iterator[Floats]:
    """Yield the segments on each side of the face, by where their lines pass its middle."""
    (left, top, right, bottom), run = box, ends[:, 2:] - ends[:, :2]
    wide, high = right - left, bottom - top
    middle = (ends[:, :2] + ends[:, 2:]) / 2.0
    upright = np.abs(run[:, 1]) > _STEEP * np.abs(run[:, 0])
    level = np.abs(run[:, 0]) > _STEEP * np.abs(run[:, 1])
    other = run[:, ::-1]
    slope = run / np.where(other == 0.0, 1.0, other)  # right by down, and down by right
    at_x = middle[:, 0] + ((top + bottom) / 2.0 - middle[:, 1]) * slope[:, 0]
    at_y = middle[:, 1] + ((left + right) / 2.0 - middle[:, 0]) * slope[:, 1]
    apart = _APART * [wide, wide, high, high]
    for chosen in (
        upright & (at_x < left - apart[LEFT]),
        upright & (at_x > right + apart[RIGHT]),
        level & (at_y < top - apart[ABOVE]),
        level & (at_y > bottom + apart[BELOW]),
    ):
        yield ends[chosen]


def _merged(ends: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield point and direction of the lines on which segments lie, longest sum first."""
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    kept = np.argsort(-length, kind="stable")[:_MOST_SEGMENTS]
    ends, length = ends[kept], length[kept]
    first, last = ends[:, :2], ends[:, 2:]
    along = (last - first) / np.maximum(length, 1e-9)[:, None]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    offset = (normal * (first + last) / 2.0).sum(axis=1)
    away = np.maximum(np.abs(first @ normal.T - offset), np.abs(last @ normal.T - offset))
    alike = (away < _COLLINEAR_PX) & (np.abs(along @ normal.T) < _COLLINEAR)  # [segment, line]
    free = np.ones(len(ends), np.bool_)
    for _ in range(MOST_LINES):
        total = (alike & free[:, None]).T @ length * free
        if not total.any():
            return
        members = alike[:, int(total.argmax())] & free
        free &= ~members
        yield _fitted(ends[members], length[members])


def _fitted(ends: Floats, length: Floats) -> tuple[Floats, Floats]:
    """Return the line through segments: their weighted mean, and the direction of most spread."""
    points = np.concatenate([ends[:, :2], ends[:, 2:]])
    weight = np.concatenate([length, length])
    point = weight @ points / weight.sum()
    x, y = (points - point).T
    angle = 0.5 * np.arctan2(2.0 * (weight @ (x * y)), weight @ (x * x - y * y))
    direction = np.array([np.cos(angle), np.sin(angle)])
    main = direction[np.abs(direction).argmax()]
    return point, direction if main > 0.0 else -direction


def _supported(
    slopes: NDArray[np.float32], found: list[tuple[Floats, Floats]], axis: int
) -> tuple[EdgeLine, ...]:
    """Return the lines with the edges under them.

    Args:
        slopes: Grey levels a pixel to the right and downwards, shape (2, H, W).
        found: Point and direction of each line.
        axis: Main axis of the lines: 0 for level ones, 1 for upright ones.
    """
    if not found:
        return ()
    point, direction = (np.array(part)[:, None] for part in zip(*found, strict=True))
    limit = np.array(slopes.shape[:0:-1])  # width, height
    steps = np.arange(limit[axis])[None] - point[:, :, axis]
    places = point + (steps / direction[:, :, axis])[..., None] * direction  # shape (L, N, 2)
    inside = ((places >= 0.0) & (places <= limit - 1)).all(axis=2)
    normal = np.stack([-direction[..., 1], direction[..., 0]], axis=-1)
    beside = places[None] + _OFFSETS[:, None, None, None] * normal
    columns, rows = (
        np.clip(np.rint(beside[..., one]), 0, limit[one] - 1).astype(np.intp) for one in (0, 1)
    )
    right, down = slopes.reshape(2, -1).take(rows * limit[0] + columns, axis=1)
    x, y = (direction[..., one].astype(np.float32) for one in (0, 1))
    across, along = np.abs(down * x - right * y), np.abs(right * x + down * y)
    edge = ((across > _LEAST_EDGE) & (along < _ALONG * across)).any(axis=0)
    edge_sum, inside_sum = (
        np.pad(np.cumsum(part, axis=1), ((0, 0), (1, 0))) for part in (edge & inside, inside)
    )
    parts = zip(point[:, 0], direction[:, 0], edge_sum, inside_sum, strict=True)
    return tuple(EdgeLine(*part) for part in parts)
