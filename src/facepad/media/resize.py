"""Making pictures smaller."""

import numpy as np

from facepad.errors import InputError
from facepad.types import RgbImage


def to_long_side(image: RgbImage, side: int) -> RgbImage:
    """Shrink a picture until its longer side fits; never enlarge it.

    Each new pixel is the mean of the area it covers, so no detail turns into a false
    pattern, and the time grows with the number of pixels only.

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
    import cv2

    new = max(1, round(width * scale)), max(1, round(height * scale))
    smaller = cv2.resize(image, new, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, dtype=np.uint8)
