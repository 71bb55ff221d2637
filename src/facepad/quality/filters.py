"""Linear filters of the metrics: kernels, borders and the calls that apply them."""

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.types import GrayImage

REPLICATE = cv2.BORDER_REPLICATE  # aaa|abcd|ddd
SYMMETRIC = cv2.BORDER_REFLECT  # cba|abcd|dcb
MIRROR = cv2.BORDER_REFLECT_101  # dcb|abcd|cba

Kernel = NDArray[np.float32]


def gaussian(taps: int, sigma: float) -> Kernel:
    """Samples of a Gaussian around 0, normalised to sum 1.

    Args:
        taps: How many; the middle one (or two) lie nearest to 0.
        sigma: Standard deviation in pixels.
    """
    x = np.arange(taps) - (taps - 1) / 2
    weights = np.exp(-x * x / (2 * sigma * sigma))
    return cast(Kernel, (weights / weights.sum()).astype(np.float32))


def separable(
    image: GrayImage, kernel: Kernel, out: GrayImage | None = None, border: int = REPLICATE
) -> GrayImage:
    """Apply one kernel along both axes; the result has the picture's size.

    Args:
        image: Shape (H, W).
        kernel: Odd number of taps, symmetric.
        out: Where the result goes; a new map when None.
        border: One of the three borders above.
    """
    return as_map(cv2.sepFilter2D(image, cv2.CV_32F, kernel, kernel, dst=out, borderType=border))


def two_passes(image: GrayImage, kernel: Kernel, out: GrayImage, spare: GrayImage) -> GrayImage:
    """The same as `separable` with border `REPLICATE`; quicker from nine taps on.

    Args:
        image: Shape (H, W).
        kernel: As for `separable`.
        out: Where the result goes; shape (H, W), not ``image``.
        spare: Another map of that shape, for the first pass.
    """
    row = kernel[np.newaxis]
    cv2.filter2D(image, cv2.CV_32F, row, dst=spare, borderType=REPLICATE)
    return as_map(cv2.filter2D(spare, cv2.CV_32F, kernel, dst=out, borderType=REPLICATE))


def as_map(result: Any) -> GrayImage:  # noqa: ANN401 - OpenCV's stubs say "array or matrix"
    """What OpenCV returned, under the name that the rest of the code uses."""
    return cast(GrayImage, result)
