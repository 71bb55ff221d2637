"""What of a face a network sees: the face itself, and the face in its surroundings."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from facepad.faces.squares import crop, square
from facepad.types import Box, Frame, RgbImage

TIGHT, CONTEXT = "tight", "context"
MARGINS: Mapping[str, float] = MappingProxyType({TIGHT: 1.15, CONTEXT: 2.2})
# Share of the context's square that the picture must cover: below it most of the context
# would be repeated edge pixels.
LEAST_CONTEXT = 0.6


def tight(image: RgbImage, box: Box, side: int) -> RgbImage:
    """The face and hardly more, ``side`` pixels square; padded where the picture ends."""
    return crop(image, box, MARGINS[TIGHT], side)


def context(image: RgbImage, box: Box, side: int) -> RgbImage:
    """The face with what is around it, ``side`` pixels square."""
    return crop(image, box, MARGINS[CONTEXT], side)


def has_context(frame: Frame) -> bool:
    """Whether the picture holds enough around its face for the context to tell anything."""
    if frame.face is None:
        return False
    left, top, side = square(frame.image, frame.face.box, MARGINS[CONTEXT])
    height, width = frame.image.shape[:2]
    seen = min(width, left + side) - max(0, left), min(height, top + side) - max(0, top)
    return bool(seen[0] * seen[1] >= LEAST_CONTEXT * side**2)


def without_face(image: RgbImage, box: Box) -> RgbImage:
    """The picture with the face, as the tight view has it, blacked out: background alone."""
    left, top, side = square(image, box, MARGINS[TIGHT])
    found: RgbImage = np.array(image)
    found[max(top, 0) : top + side, max(left, 0) : left + side] = 0
    return found
