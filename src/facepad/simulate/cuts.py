"""Shapes cut out of a printed face: eye holes, the outline of a worn mask."""

import numpy as np

from facepad.simulate.blending import bands
from facepad.simulate.geometry import coverage, length
from facepad.simulate.light import Field
from facepad.types import Face, RgbImage

# Corners of the eyes in the face mesh: outer and inner of the right eye, then of the left.
_EYES = ((33, 133), (263, 362))
_OUTLINE = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400,
            377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67,
            109)  # fmt: skip
_MIDDLE = 0.25, 0.2, 0.75, 0.85  # where a portrait's face is, when nobody looked for it

Ellipse = tuple[float, float, float, float]  # centre and half axes, in the picture's pixels
_Box = tuple[float, float, float, float]  # left, top, right, bottom


def eyes(face: Face | None, picture: RgbImage) -> list[Ellipse]:
    """Both eyes of a picture, from the landmarks or from where eyes are in a box."""
    if face is not None and face.landmarks is not None:
        found = []
        for outer, inner in _EYES:
            ends = face.landmarks[[outer, inner], :2]
            reach = float(np.hypot(*(ends[1] - ends[0])))
            x, y = (float(one) for one in ends.mean(axis=0))
            found.append((x, y, 0.62 * reach, 0.4 * reach))
        return found
    left, top, right, bottom = _box(face, picture)
    wide, high = right - left, bottom - top
    return [
        (left + share * wide, top + 0.38 * high, 0.14 * wide, 0.09 * wide) for share in (0.3, 0.7)
    ]


def outline(face: Face | None, picture: RgbImage) -> Ellipse:
    """An ellipse around the face."""
    if face is not None and face.landmarks is not None:
        around = face.landmarks[list(_OUTLINE), :2]
        low, high = around.min(axis=0), around.max(axis=0)
        box = float(low[0]), float(low[1]), float(high[0]), float(high[1])
    else:
        box = _box(face, picture)
    left, top, right, bottom = box
    return (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2


def free(face: Face | None, picture: RgbImage, width: float) -> tuple[float, float, float]:
    """Left, right and lower edge of the face on a sheet, millimetres from its middle."""
    x, y, wide, high = on_sheet(outline(face, picture), picture, width)
    return x - wide, x + wide, y + high


def on_sheet(ellipse: Ellipse, picture: RgbImage, width: float) -> Ellipse:
    """From the picture's pixels to millimetres of a sheet on which it is so wide."""
    lines, columns = picture.shape[:2]
    scale = width / columns
    x, y, wide, high = ellipse
    return (x - columns / 2) * scale, (y - lines / 2) * scale, wide * scale, high * scale


def inside(ellipse: Ellipse, x: Field, y: Field, zoom: float) -> Field:
    """Share of each photosite inside an ellipse.

    Args:
        ellipse: Centre and half axes, in the unit of x and y.
        x: Coordinates to the right.
        y: Coordinates downwards.
        zoom: Pixels of the sensor for each unit.
    """
    middle_x, middle_y, wide, high = (np.float32(one) for one in ellipse)
    found = np.empty_like(x)
    for band in bands(len(x)):
        away = length((x[band] - middle_x) / wide, (y[band] - middle_y) / high)
        found[band] = coverage((away - np.float32(1.0)) * min(wide, high), zoom)
    return found


def _box(face: Face | None, picture: RgbImage) -> _Box:
    lines, columns = picture.shape[:2]
    if face is None:
        left, top, right, bottom = _MIDDLE
        return left * columns, top * lines, right * columns, bottom * lines
    left, top, right, bottom = (float(edge) for edge in face.box)
    return left, top, right, bottom
