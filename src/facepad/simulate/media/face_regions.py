"""Regions of a face on a medium: outline, eye holes, mouth and their seams."""

from dataclasses import dataclass

import numpy as np

from facepad.faces import landmarks
from facepad.faces.landmarks import LEFT_EYE, LIPS, RIGHT_EYE, Ellipse
from facepad.opencv import cv2
from facepad.simulate.linear_light import Map, bands, to_light
from facepad.simulate.scene.geometry import Points, coverage, length
from facepad.types import Face, RgbImage

_MIDDLE = 0.25, 0.2, 0.75, 0.85  # of a portrait whose face is not known: left, top, right, bottom

_Box = tuple[float, float, float, float]  # left, top, right, bottom
_SUB = 3  # binary digits of a pixel that outlines are drawn with
_CORNERS = 20  # corners of a drawn ellipse
_LIP_LINE = 10  # points of one lip, from corner to corner


def eyes(face: Face | None, picture: RgbImage) -> tuple[Ellipse, Ellipse]:
    """Return both eyes of a picture, from the landmarks or from where eyes are in a box."""
    if face is not None and face.landmarks is not None:
        return landmarks.eyes(face.landmarks)
    left, top, right, bottom = _box(face, picture)
    wide, high = right - left, bottom - top
    y, half = top + 0.38 * high, (0.14 * wide, 0.09 * wide)
    return (left + 0.3 * wide, y, *half), (left + 0.7 * wide, y, *half)


def outline(face: Face | None, picture: RgbImage) -> Ellipse:
    """Return an ellipse around the face."""
    if face is not None and face.landmarks is not None:
        return landmarks.outline(face.landmarks)
    left, top, right, bottom = _box(face, picture)
    return (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2


def free(face: Face | None, picture: RgbImage, width: float) -> tuple[float, float, float]:
    """Return left, right and lower edge of the face on a sheet, millimetres from its middle."""
    x, y, wide, high = on_sheet(outline(face, picture), picture, width)
    return x - wide, x + wide, y + high


def skin(face: Face | None, picture: RgbImage) -> Map | None:
    """Return the median linear colour of the cheeks, red, green and blue; None without a face."""
    if face is None:
        return None
    x, y, wide, high = outline(face, picture)
    parts = []
    for side in (-1, 1):
        left, top = (round(x + (0.45 * side - 0.15) * wide), round(y + 0.02 * high))
        part = picture[max(top, 0) : top + max(round(0.25 * high), 1),
                       max(left, 0) : left + max(round(0.3 * wide), 1)]  # fmt: skip
        parts.append(part.reshape(-1, 3))
    seen = np.concatenate(parts)
    if not len(seen):
        return None
    middle = np.asarray(np.rint(np.median(seen, axis=0)), np.uint8)
    return np.asarray(to_light(middle[None, None])[0, 0], np.float32)


def on_sheet(ellipse: Ellipse, picture: RgbImage, width: float) -> Ellipse:
    """Convert from pixels to millimetres on a sheet that shows the picture in a given width."""
    lines, columns = picture.shape[:2]
    scale = width / columns
    x, y, wide, high = ellipse
    return (x - columns / 2) * scale, (y - lines / 2) * scale, wide * scale, high * scale


def inside(ellipse: Ellipse, x: Map, y: Map, zoom: float) -> Map:
    """Return the share of each photosite inside an ellipse.

    Args:
        ellipse: Centre and half axes, in the unit of x and y.
        x: Coordinates to the right.
        y: Coordinates downwards.
        zoom: Pixels of the sensor for each unit.
    """
    middle_x, middle_y, wide, high = (np.float32(value) for value in ellipse)
    shares = np.empty_like(x)
    for band in bands(len(x)):
        away = length((x[band] - middle_x) / wide, (y[band] - middle_y) / high)
        shares[band] = coverage((away - np.float32(1.0)) * min(wide, high), zoom)
    return shares


def _box(face: Face | None, picture: RgbImage) -> _Box:
    lines, columns = picture.shape[:2]
    if face is None:
        left, top, right, bottom = _MIDDLE
        return left * columns, top * lines, right * columns, bottom * lines
    left, top, right, bottom = (float(edge) for edge in face.box)
    return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class MaskOpenings:
    """Openings of a mask, as maps over the picture, 0 to 1.

    Attributes:
        eyes: Inside of the eyes.
        mouth: Inside of the lips.
        eye_seam: A line around the eyes.
        mouth_seam: A line between the lips.
    """

    eyes: Map
    mouth: Map
    eye_seam: Map
    mouth_seam: Map


def mask_openings(face: Face | None, picture: RgbImage, grown: float, seam: float) -> MaskOpenings:
    """Draw the openings of a face.

    Args:
        face: In the picture's pixels. Without landmarks, eyes are put at their usual place.
        picture: The picture; only its size is used.
        grown: Size of the eye holes relative to the eyes.
        seam: Width of seams relative to an eye.
    """
    rings, lips = _outlines(face, picture)
    size = (picture.shape[0], picture.shape[1])
    wide = float(np.mean([np.ptp(ring[:, 0]) for ring in rings]))
    eyes = [_grown(ring, grown) for ring in rings]
    between = np.asarray((lips[:_LIP_LINE] + lips[: -_LIP_LINE - 1 : -1]) / 2, np.float32)
    line = max(seam * wide, 0.7)
    return MaskOpenings(
        _filled(eyes, size),
        _filled([_grown(lips, 1.1)], size),
        _lines(eyes, size, line, closed=True),
        _lines([between], size, line, closed=False),
    )


def _outlines(face: Face | None, picture: RgbImage) -> tuple[list[Points], Points]:
    if face is not None and face.landmarks is not None:
        flat = face.landmarks[:, :2]
        return [flat[list(RIGHT_EYE)], flat[list(LEFT_EYE)]], flat[list(LIPS)]
    x, y, wide, high = outline(face, picture)
    rings = [_ellipse(eye) for eye in eyes(face, picture)]
    return rings, _ellipse((x, y + 0.5 * high, 0.35 * wide, 0.04 * high))


def _ellipse(shape: Ellipse) -> Points:
    x, y, wide, high = shape
    angle = np.linspace(np.pi, 3 * np.pi, _CORNERS, endpoint=False)  # from the left corner
    ring = np.stack([x + wide * np.cos(angle), y - high * np.sin(angle)], axis=1)
    return np.asarray(ring, np.float32)


def _grown(ring: Points, factor: float) -> Points:
    middle = ring.mean(axis=0)
    return np.asarray((ring - middle) * np.float32(factor) + middle, np.float32)


def _filled(rings: list[Points], size: tuple[int, int]) -> Map:
    canvas = np.zeros(size, np.uint8)
    for ring in rings:
        cv2.fillPoly(canvas, [_fixed(ring)], 255, cv2.LINE_AA, _SUB)
    return _soft(canvas)


def _lines(rings: list[Points], size: tuple[int, int], wide: float, *, closed: bool) -> Map:
    canvas = np.zeros(size, np.uint8)
    for ring in rings:
        cv2.polylines(canvas, [_fixed(ring)], closed, 255, max(1, round(wide)), cv2.LINE_AA, _SUB)
    return _soft(canvas)


def _soft(drawn: RgbImage) -> Map:
    shares = np.asarray(drawn, np.float32) * np.float32(1.0 / 255.0)
    return np.asarray(cv2.GaussianBlur(shares, (0, 0), 0.6), np.float32)


def _fixed(ring: Points) -> Points:
    return np.asarray(np.rint(ring * 2**_SUB), np.int32)
