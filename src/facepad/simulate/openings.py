"""Eye holes, mouth and their seams of a mask, drawn over the picture that it shows."""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate import cuts
from facepad.simulate.geometry import Points
from facepad.simulate.light import Field
from facepad.simulate.surface import LEFT_EYE, LIPS, RIGHT_EYE
from facepad.types import Face, RgbImage

_SUB = 3  # binary digits of a pixel that outlines are drawn with
_CORNERS = 20  # of an ellipse
_LIP_LINE = 10  # points of one lip, from corner to corner


@dataclass(frozen=True, slots=True)
class Openings:
    """Fields over the picture, 0 to 1.

    Attributes:
        eyes: Inside of the eyes.
        mouth: Inside of the lips.
        eye_seam: A line around the eyes.
        mouth_seam: A line between the lips.
    """

    eyes: Field
    mouth: Field
    eye_seam: Field
    mouth_seam: Field


def openings(face: Face | None, picture: RgbImage, grown: float, seam: float) -> Openings:
    """Draw the openings of a face.

    Args:
        face: In the picture's pixels; None or without landmarks: where eyes usually are.
        picture: The picture; its size counts.
        grown: Size of the eye holes over that of the eyes.
        seam: Width of seams over that of an eye.
    """
    rings, lips = _outlines(face, picture)
    size = (picture.shape[0], picture.shape[1])
    wide = float(np.mean([np.ptp(ring[:, 0]) for ring in rings]))
    eyes = [_grown(ring, grown) for ring in rings]
    between = np.asarray((lips[:_LIP_LINE] + lips[: -_LIP_LINE - 1 : -1]) / 2, np.float32)
    line = max(seam * wide, 0.7)
    return Openings(
        _filled(eyes, size),
        _filled([_grown(lips, 1.1)], size),
        _lines(eyes, size, line, closed=True),
        _lines([between], size, line, closed=False),
    )


def _outlines(face: Face | None, picture: RgbImage) -> tuple[list[Points], Points]:
    if face is not None and face.landmarks is not None:
        flat = face.landmarks[:, :2]
        return [flat[list(RIGHT_EYE)], flat[list(LEFT_EYE)]], flat[list(LIPS)]
    x, y, wide, high = cuts.outline(face, picture)
    found = [_ellipse(one) for one in cuts.eyes(face, picture)]
    return found, _ellipse((x, y + 0.5 * high, 0.35 * wide, 0.04 * high))


def _ellipse(shape: cuts.Ellipse) -> Points:
    x, y, wide, high = shape
    angle = np.linspace(np.pi, 3 * np.pi, _CORNERS, endpoint=False)  # from the left corner
    ring = np.stack([x + wide * np.cos(angle), y - high * np.sin(angle)], axis=1)
    return np.asarray(ring, np.float32)


def _grown(ring: Points, factor: float) -> Points:
    middle = ring.mean(axis=0)
    return np.asarray((ring - middle) * np.float32(factor) + middle, np.float32)


def _filled(rings: list[Points], size: tuple[int, int]) -> Field:
    found = np.zeros(size, np.uint8)
    for ring in rings:
        cv2.fillPoly(found, [_fixed(ring)], 255, cv2.LINE_AA, _SUB)
    return _soft(found)


def _lines(rings: list[Points], size: tuple[int, int], wide: float, *, closed: bool) -> Field:
    found = np.zeros(size, np.uint8)
    for ring in rings:
        cv2.polylines(found, [_fixed(ring)], closed, 255, max(1, round(wide)), cv2.LINE_AA, _SUB)
    return _soft(found)


def _soft(drawn: RgbImage) -> Field:
    shares = np.asarray(drawn, np.float32) * np.float32(1.0 / 255.0)
    return np.asarray(cv2.GaussianBlur(shares, (0, 0), 0.6), np.float32)


def _fixed(ring: Points) -> Points:
    return np.asarray(np.rint(ring * 2**_SUB), np.int32)
