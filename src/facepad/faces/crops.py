"""Crops of faces: squares around a box, the views that networks see, and tiles."""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from facepad.errors import InputError
from facepad.faces import level
from facepad.opencv import cv2
from facepad.types import Box, Face, Frame, RgbImage

MAX_MARGIN = 10.0  # far above any use; bounds the memory that a crop can take
# Names of the views of a face: the face, its surroundings too, pieces of it at the picture's own
# resolution, and the middle of the whole frame.
TIGHT, CONTEXT, PATCH, FRAME = "tight", "context", "patch", "frame"
MARGINS: Mapping[str, float] = MappingProxyType({TIGHT: 1.15, CONTEXT: 2.2})
# Share of the context's square that the picture must cover: below it most of the context
# would be repeated edge pixels.
LEAST_CONTEXT = 0.6
TOLERANCE_DEG = 10.0  # tilt that is left as it is: people hold their heads so
_MOST = 1024  # pixels of a turned part; its face is then twice as wide as any view needs
# Middles of the pieces, shares of the face's square: temples with eyes, cheeks with the mouth.
_PIECES = ((0.3, 0.35), (0.7, 0.35), (0.3, 0.7), (0.7, 0.7))
_SHARED = 1 / 3  # overlap of tiles: a face that one tile cuts is whole in the next


def crop(
    image: RgbImage, face: Face | Box, margin: float = 1.0, size: int | None = None
) -> RgbImage:
    """Cut out a square around a face.

    With a margin of 1 the square begins at the box's upper left corner and is as wide as the
    box's longer side. A larger or smaller margin scales it about its centre. A square that
    leaves the picture is moved inside; only where the picture is smaller than the square are
    its edge pixels repeated. Nothing is ever stretched.

    Args:
        image: RGB picture.
        face: A face of it, or a box in its pixels.
        margin: Side of the square relative to the box's longer side, in (0, 10].
        size: Side of the result in pixels; None keeps the picture's own pixels.

    Returns:
        The square, RGB uint8, shape (S, S, 3); a copy.

    Raises:
        InputError: The picture is not RGB uint8, the box is empty or wholly outside it, or
            ``margin`` or ``size`` is out of range.

    Reference:
        Facial Liveness Testing: an approach for the web (2019), the crop ``(top, top + s, left,
        left + s)``, s the longer side; there it could leave the picture.

    Example:
        >>> crop(np.zeros((48, 64, 3), np.uint8), (50, 10, 60, 30)).shape
        (20, 20, 3)
    """
    box = face.box if isinstance(face, Face) else face
    _check(image, box, margin, size)
    left, top, side = square(image, box, margin)
    height, width = image.shape[:2]
    part = image[max(top, 0) : top + side, max(left, 0) : left + side]
    right, bottom = max(0, left + side - width), max(0, top + side - height)
    padded = cv2.copyMakeBorder(
        part, max(0, -top), bottom, max(0, -left), right, cv2.BORDER_REPLICATE
    )
    if size is not None and size != side:
        method = cv2.INTER_AREA if size < side else cv2.INTER_LINEAR
        padded = cv2.resize(padded, (size, size), interpolation=method)
    return np.asarray(padded, np.uint8)


def square(image: RgbImage, box: Box, margin: float) -> tuple[int, int, int]:
    """Return left, top and side of the square that `crop` cuts out, in pixels.

    Left and top are below zero where the picture is smaller than the square.
    """
    return _square((image.shape[1], image.shape[0]), box, margin)


def _square(size: tuple[int, int], box: Box, margin: float) -> tuple[int, int, int]:
    left, top, right, bottom = box
    longer = max(right - left, bottom - top)
    side = max(1, round(longer * margin))
    width, height = size
    grown = (longer - side) / 2
    return _shifted(left + grown, side, width), _shifted(top + grown, side, height), side


def levelled(frame: Frame) -> Frame:
    """Return the frame turned so that the eyes are level; cut the views of a face from it.

    A tilt of `TOLERANCE_DEG` or less to the nearest quarter turn stays, so that nothing is
    resampled. Only the part that the context view shows is turned; the picture ends where it
    ended before, and edge pixels are repeated where the turned picture has none.

    Args:
        frame: A frame that was searched for a face.

    Returns:
        The frame itself where it has no face or the face is level; otherwise the turned part,
        with ``box``, ``points``, ``landmarks`` and ``roll_deg`` of the face in it and
        without depth. The part is shrunk where its box is much larger than any view needs.
    """
    return levelled_by(frame)[0]


def levelled_by(frame: Frame) -> tuple[Frame, level.Map]:
    """Return what `levelled` returns, and the map from pixels of the frame to pixels of that."""
    face, turn = frame.face, _turn(frame)
    if face is None or turn is None:
        return frame, np.eye(3)
    box, (width, height) = _after(turn, face.box), turn.size
    left, top, side = _square(turn.size, box, MARGINS[CONTEXT])
    part = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    image, to_part = turn.cut(frame.image, part, _MOST)
    factor = image.shape[1] / (part[2] - part[0])
    corners = level.mapped(np.array(box).reshape(2, 2) - part[:2], np.diag([factor, factor, 1.0]))
    inside = clip_box((*corners[0], *corners[1]), image)
    turned = level.turned(face, inside, to_part)
    return replace(frame, image=image, face=turned, depth=None), to_part


def tight(image: RgbImage, box: Box, side: int) -> RgbImage:
    """Return the tight view of a face, ``side`` pixels square; padded where the picture ends."""
    return crop(image, box, MARGINS[TIGHT], side)


def context(image: RgbImage, box: Box, side: int) -> RgbImage:
    """Return the face with its surroundings, ``side`` pixels square."""
    return crop(image, box, MARGINS[CONTEXT], side)


def patches(image: RgbImage, box: Box, side: int) -> RgbImage:
    """Return four pieces of a face at the picture's own resolution, as one mosaic.

    Nothing is scaled, so that what is as fine as a pixel stays. Of a small face the pieces
    overlap or show what is beside it; where the picture is smaller than a piece it is mirrored.

    Args:
        image: RGB picture.
        box: The face's box.
        side: Pixels of the mosaic; each piece has half of it.
    """
    left, top, length = square(image, box, 1.0)
    pieces = [_piece(image, left + length * x, top + length * y, side // 2) for x, y in _PIECES]
    return np.vstack([np.hstack(pieces[:2]), np.hstack(pieces[2:])])


def whole(image: RgbImage, side: int) -> RgbImage:
    """Return the square in the middle of a picture, ``side`` pixels square."""
    height, width = image.shape[:2]
    shorter = min(height, width)
    top, left = (height - shorter) // 2, (width - shorter) // 2
    middle = image[top : top + shorter, left : left + shorter]
    method = cv2.INTER_AREA if side < shorter else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(middle, (side, side), interpolation=method), np.uint8)


def has_context(frame: Frame) -> bool:
    """Return whether the picture covers enough of the square of the context view.

    Args:
        frame: The frame as it was searched, not the levelled one, which repeats edge pixels.
    """
    if frame.face is None:
        return False
    turn = _turn(frame) or level.Turn(0, 0.0, frame.size)
    left, top, side = _square(turn.size, _after(turn, frame.face.box), MARGINS[CONTEXT])
    width, height = turn.size
    if turn.rest_deg:
        covered = _overlap(turn, (left, top, side))
    else:
        wide = min(width, left + side) - max(0, left)
        covered = wide * (min(height, top + side) - max(0, top))
    return bool(covered >= LEAST_CONTEXT * side**2)


def without_face(image: RgbImage, box: Box) -> RgbImage:
    """Return the picture with the tight view blacked out: background alone."""
    left, top, side = square(image, box, MARGINS[TIGHT])
    background: RgbImage = np.array(image)
    background[max(top, 0) : top + side, max(left, 0) : left + side] = 0
    return background


def clip_box(box: tuple[float, float, float, float], image: RgbImage) -> Box:
    """Return the part of a box inside the picture, in whole pixels, at least one wide."""
    return clip_to_size(box, (image.shape[1], image.shape[0]))


def clip_to_size(box: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    """Return the part of a box inside a picture of a width and height, as `clip_box` does."""
    width, height = size
    left = min(max(0, round(box[0])), width - 1)
    top = min(max(0, round(box[1])), height - 1)
    right = max(left + 1, min(width, round(box[2])))
    bottom = max(top + 1, min(height, round(box[3])))
    return left, top, right, bottom


def tiles(image: RgbImage, side: int) -> list[Box]:
    """Return squares that cover a picture and overlap by a third of their side or more.

    Args:
        image: The picture.
        side: Side of the squares, pixels; smaller where the picture is smaller.

    Returns:
        Boxes, row by row.
    """
    height, width = image.shape[:2]
    return [
        (x, y, min(width, x + side), min(height, y + side))
        for y in _starts(height, side)
        for x in _starts(width, side)
    ]


def _turn(frame: Frame) -> level.Turn | None:
    """Return the turn that levels the face of a frame; None where it is level enough."""
    if frame.face is None or abs(frame.face.roll_deg) <= TOLERANCE_DEG:
        return None
    turn = level.turn_of(frame.face.roll_deg, frame.size)
    if abs(turn.rest_deg) <= TOLERANCE_DEG:
        return replace(turn, rest_deg=0.0)
    left, top, right, bottom = _uncut(turn.box(frame.face.box), turn.size)
    return replace(turn, pivot=((left + right - 1) / 2, (top + bottom - 1) / 2))


def _after(turn: level.Turn, box: Box) -> Box:
    """Return a face's box in the turned picture: a square of its side about the pivot."""
    turned = turn.box(box)
    if turn.rest_deg == 0.0:
        return turned
    width, height = turn.size
    left, top, right, bottom = _uncut(turned, turn.size)
    return max(0, left), max(0, top), min(width, right), min(height, bottom)


def _uncut(box: Box, size: tuple[int, int]) -> Box:
    """Return the square that the edge of a picture has cut to a box."""
    left, top, right, bottom = box
    missing = (bottom - top) - (right - left)
    left, right = _grown(left, right, missing, size[0])
    top, bottom = _grown(top, bottom, -missing, size[1])
    return left, top, right, bottom


def _grown(start: int, end: int, by: int, length: int) -> tuple[int, int]:
    if by > 0 and start <= 0:
        return start - by, end
    return (start, end + by) if by > 0 and end >= length else (start, end)


def _overlap(turn: level.Turn, view: tuple[int, int, int]) -> float:
    """Return how much of a square the turned picture covers, square pixels."""
    left, top, side = view
    width, height = turn.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)])
    picture = level.mapped(corners, level.rotation(turn.rest_deg, turn.pivot))
    right, bottom = left + side, top + side
    square = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    area, _ = cv2.intersectConvexConvex(picture.astype(np.float32), square)
    return float(area)


def _piece(image: RgbImage, x: float, y: float, side: int) -> RgbImage:
    """Return the square about a point, moved inside; mirrored where the picture is too small."""
    height, width = image.shape[:2]
    left = int(np.clip(x - side // 2, 0, max(0, width - side)))
    top = int(np.clip(y - side // 2, 0, max(0, height - side)))
    part = image[top : top + side, left : left + side]
    below, beside = side - part.shape[0], side - part.shape[1]
    if not (below or beside):
        return part
    mode = cv2.BORDER_REFLECT if min(part.shape[:2]) > 1 else cv2.BORDER_REPLICATE
    return np.asarray(cv2.copyMakeBorder(part, 0, below, 0, beside, mode), np.uint8)


def _starts(length: int, side: int) -> list[int]:
    rest = length - side
    if rest <= 0:
        return [0]
    steps = math.ceil(rest / (side * (1 - _SHARED)))
    return [round(step * rest / steps) for step in range(steps + 1)]


def _shifted(start: float, side: int, length: int) -> int:
    """Return a start moved so that the side is inside the length, or covers it if longer."""
    first, last = sorted((0, length - side))
    return min(max(math.floor(start + 0.5), first), last)


def _check(image: RgbImage, box: Box, margin: float, size: int | None) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(
            f"a crop needs an RGB uint8 picture of shape (H, W, 3), "
            f"got {image.dtype} of shape {image.shape}"
        )
    left, top, right, bottom = box
    height, width = image.shape[:2]
    if not (left < right and top < bottom):
        raise InputError(f"a box is (left, top, right, bottom) and not empty, got {box}")
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        raise InputError(f"box {box} lies outside the picture of {width}x{height}")
    if not 0.0 < margin <= MAX_MARGIN:
        raise InputError(f"margin must lie in (0, {MAX_MARGIN:g}], got {margin!r}")
    if size is not None and not 1 <= size <= 4096:
        raise InputError(f"size must lie in 1 to 4096 pixels, got {size!r}")
