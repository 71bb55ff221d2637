"""One large flat glare on a face: the mirror image of a lamp or window on glass or glossy paper."""

from dataclasses import dataclass

import numpy as np

from facepad.opencv import cv2
from facepad.types import Box, RgbImage

LEAST_SHARE = 0.05  # of the oval of the face; highlights on skin and glasses reach 0.03
MOST_SHARE = 0.6  # a face that is clipped as a whole is overexposed
_FACE_PX = 96  # lines of the face in the picture that is searched
_CLIPPED = 248  # least value of red, green and blue; 255 before compression
_AROUND = 0.5  # shown on each side of the face, share of its box
_THIN_PX = 5  # narrower parts are left out: rims of glasses, teeth, hair
_OVAL = (0.45, 0.5)  # half axes over width and height of the box
_WITHIN = 0.5  # least share of a glare that lies on the face; a window behind it reaches beyond


@dataclass(frozen=True, slots=True)
class Glare:
    """A clipped spot on a face.

    Attributes:
        box: Around the spot, in the frame's pixels.
        share: Area of its part on the face over that of the face's oval, 0 to 1.
    """

    box: Box
    share: float


def largest_glare(image: RgbImage, box: Box) -> Glare | None:
    """Return the largest clipped spot that lies mainly on a face.

    Args:
        image: RGB picture, shape (H, W, 3).
        box: Of the face, in the picture's pixels.

    Returns:
        The spot, however small; None where there is none, or the face has no area.
    """
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    if min(wide, high) < 1:
        return None
    begin = max(0, left - round(_AROUND * wide)), max(0, top - round(_AROUND * high))
    part = image[
        begin[1] : bottom + round(_AROUND * high), begin[0] : right + round(_AROUND * wide)
    ]
    scale = _FACE_PX / high
    size = tuple(max(1, round(length * scale)) for length in part.shape[1::-1])
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    bright = cv2.inRange(small, (_CLIPPED,) * 3, (255,) * 3)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_THIN_PX, _THIN_PX))
    clipped = cv2.morphologyEx(bright, cv2.MORPH_OPEN, brush)
    count, numbers, measures, _ = cv2.connectedComponentsWithStats(clipped)
    oval = np.zeros(clipped.shape, np.uint8)
    middle = (left + right) / 2.0 - begin[0], (top + bottom) / 2.0 - begin[1]
    axes = round(_OVAL[0] * wide * scale), round(_OVAL[1] * high * scale)
    centre = round(middle[0] * scale), round(middle[1] * scale)
    cv2.ellipse(oval, centre, axes, 0.0, 0.0, 360.0, 1, -1)
    on_face = np.bincount(numbers[oval > 0], minlength=count)
    on_face[measures[:, cv2.CC_STAT_AREA] * _WITHIN > on_face] = 0
    on_face[0] = 0  # what is not clipped
    best = int(on_face.argmax())
    if not on_face[best]:
        return None
    x, y, across, down = (float(value) for value in measures[best, :4])
    return Glare(
        (
            begin[0] + round(x / scale),
            begin[1] + round(y / scale),
            begin[0] + round((x + across) / scale),
            begin[1] + round((y + down) / scale),
        ),
        min(1.0, float(on_face[best]) / max(int(oval.sum()), 1)),
    )
