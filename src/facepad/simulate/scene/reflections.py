"""Reflections on a surface: rooms, lamps and windows."""

import numpy as np

from facepad.opencv import cv2
from facepad.simulate.linear_light import LinearImage, Map, Size

_SMALL = 96  # shorter side at which reflections are drawn; they are soft


def lamps(size: Size, rng: np.random.Generator, softness: float) -> Map:
    """Return reflections of one to three lamps or windows, brightest 1.

    Args:
        size: Lines and columns.
        rng: Random numbers.
        softness: Blur of the images, share of the shorter side: small on glass, large on
            satin paper.
    """
    scale = _SMALL / min(size)
    small = round(size[0] * scale), round(size[1] * scale)
    field = np.zeros(small, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        _lamp(field, rng)
    soft: Map = np.asarray(cv2.GaussianBlur(field, (0, 0), max(softness * _SMALL, 0.3)), np.float32)
    soft /= max(float(soft.max()), 1e-6)
    full = np.asarray(cv2.resize(soft, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(np.clip(full, 0.0, 1.0, out=full), np.float32)


def mirrored(room: LinearImage, rng: np.random.Generator) -> LinearImage:
    """Return the reflection of a room: mirrored and out of focus."""
    lines, columns = room.shape[:2]
    scale = _SMALL / min(lines, columns)
    small = (round(columns * scale), round(lines * scale))
    turned = cv2.resize(room[:, ::-1], small, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(turned, (0, 0), float(rng.uniform(1.0, 4.0)))
    return np.asarray(cv2.resize(soft, (columns, lines)), np.float32)


def _lamp(field: Map, rng: np.random.Generator) -> None:
    """Draw a tube, a bulb or a window with its bars."""
    lines, columns = field.shape
    x, y = float(rng.uniform(-0.1, 1.1) * columns), float(rng.uniform(-0.1, 0.8) * lines)
    light = float(rng.uniform(0.3, 1.0))
    kind = rng.choice(["tube", "bulb", "window"])
    wide, high = {
        "tube": (rng.uniform(0.2, 0.6), rng.uniform(0.015, 0.05)),
        "bulb": (rng.uniform(0.03, 0.1),) * 2,
        "window": (rng.uniform(0.1, 0.35), rng.uniform(0.15, 0.5)),
    }[str(kind)]
    box = ((x, y), (wide * columns, high * lines), float(rng.uniform(-35, 35)))
    if kind == "bulb":
        cv2.ellipse(field, box, light, -1, cv2.LINE_AA)
        return
    corners = cv2.boxPoints(box)
    cv2.fillConvexPoly(field, corners.astype(np.int32), light, cv2.LINE_AA)
    if kind == "window":
        for first, second in ((0, 1), (1, 2)):
            start = (corners[first] + corners[second]) / 2
            end = (corners[first - 2] + corners[second - 2]) / 2
            points = [tuple(int(n) for n in point) for point in (start, end)]
            cv2.line(field, points[0], points[1], light * 0.3, 2, cv2.LINE_AA)
