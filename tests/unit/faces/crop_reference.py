"""The crop, pixel by pixel and slow; run as a script, it writes ``reference/face_crops.npz``."""

import math
from pathlib import Path

import numpy as np

from facepad.models.npz import pack
from facepad.types import Box, RgbImage

GOLDEN = Path(__file__).resolve().parents[2] / "reference" / "face_crops.npz"
WIDTH, HEIGHT = 36, 28

# name: box, margin, size
CASES: dict[str, tuple[Box, float, int | None]] = {
    "corner_rule": ((5, 4, 13, 14), 1.0, None),
    "wide_box": ((3, 6, 17, 13), 1.0, None),
    "moved_left": ((30, 4, 36, 16), 1.0, None),
    "moved_up": ((2, 22, 14, 28), 1.0, None),
    "margin": ((12, 9, 20, 17), 1.5, None),
    "odd_margin": ((12, 9, 19, 16), 1.3, None),
    "less_than_the_box": ((8, 6, 20, 18), 0.5, None),
    "margin_at_the_corner": ((0, 0, 10, 10), 2.0, None),
    "margin_at_the_far_corner": ((26, 18, 36, 28), 2.0, None),
    "taller_than_the_picture": ((8, 2, 24, 26), 1.3, None),
    "larger_than_the_picture": ((4, 2, 30, 27), 2.0, None),
    "halved": ((4, 4, 20, 20), 1.0, 8),
    "padded_and_halved": ((10, 4, 30, 24), 2.0, 20),
}


def picture() -> RgbImage:
    """A picture in which no two pixels are alike."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x * 7, y * 9, (x * 5 + y * 11) % 256], axis=2).astype(np.uint8)


def crop(image: RgbImage, box: Box, margin: float, size: int | None) -> RgbImage:
    """The rule as it is told, for one pixel after the other."""
    left, top, right, bottom = box
    longer = max(right - left, bottom - top)
    side = round(longer * margin)
    x0 = _begin(left + longer / 2 - side / 2, side, image.shape[1])
    y0 = _begin(top + longer / 2 - side / 2, side, image.shape[0])
    square = np.zeros((side, side, 3), np.uint8)
    for row in range(side):
        for column in range(side):
            y = min(max(y0 + row, 0), image.shape[0] - 1)
            x = min(max(x0 + column, 0), image.shape[1] - 1)
            square[row, column] = image[y, x]
    return square if size is None else _means(square, size)


def _begin(start: float, side: int, length: int) -> int:
    begin = math.floor(start + 0.5)
    if side <= length:  # stay inside
        return max(0, min(begin, length - side))
    return min(0, max(begin, length - side))  # cover the picture


def _means(square: RgbImage, size: int) -> RgbImage:
    """Mean of each block, halves rounded up; the side must be a multiple of the size."""
    step = len(square) // size
    result = np.zeros((size, size, 3), np.uint8)
    for row in range(size):
        for column in range(size):
            block = square[row * step : (row + 1) * step, column * step : (column + 1) * step]
            for channel in range(3):
                mean = block[:, :, channel].astype(int).sum() / step**2
                result[row, column, channel] = math.floor(mean + 0.5)
    return result


if __name__ == "__main__":
    GOLDEN.write_bytes(pack({name: crop(picture(), *case) for name, case in CASES.items()}))
