"""Shrink pictures: to a longer side, or to fit a width and height."""

import numpy as np

from facepad.errors import InputError
from facepad.types import RgbImage


def to_long_side(image: RgbImage, side: int) -> RgbImage:
    """Shrink a picture until its longer side fits; never enlarge it.

    Each new pixel is the mean of the area it covers, so fine detail does not
    alias, and the time grows with the number of pixels only.

    Args:
        image: RGB, shape (H, W, 3), 0 to 255.
        side: Longest side wanted, in pixels.

    Returns:
        The smaller picture with the same aspect, rounded to whole pixels and at least one
        wide and high; the very same array when it fits already.

    Raises:
        InputError: ``side`` is under 1, or the image is empty or of another shape.
    """
    if side < 1:
        raise InputError(f"the longest side must be at least 1 pixel, got {side}")
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise InputError(f"expected an RGB image of shape (H, W, 3), got {image.shape}")
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1.0:
        return image
    from facepad.opencv import cv2

    new = max(1, round(width * scale)), max(1, round(height * scale))
    smaller = cv2.resize(image, new, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, dtype=np.uint8)


def shrink_to_fit(image: RgbImage, size: tuple[int, int]) -> RgbImage:
    """Shrink a picture to fit a width and height, with its aspect; never enlarge it.

    Args:
        image: RGB, shape (H, W, 3), 0 to 255.
        size: Largest width and height in pixels.

    Raises:
        InputError: As `to_long_side`.
    """
    height, width = image.shape[:2]
    scale = min(1.0, size[0] / width, size[1] / height)
    smaller = to_long_side(image, max(1, round(scale * max(width, height))))
    return smaller[: size[1], : size[0]]  # rounding may have left one pixel too many


def even(image: RgbImage) -> RgbImage:
    """Leave out the last row and column where height and width are odd, as video needs it.

    A picture that is one pixel high or wide stays so.
    """
    height, width = image.shape[:2]
    return image[: height - height % 2 or 1, : width - width % 2 or 1]
