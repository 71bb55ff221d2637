"""Linear filters of the metrics: kernels, borders, and filters that keep every second row.

Those compute only the rows that are kept.
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

REPLICATE = cv2.BORDER_REPLICATE  # aaa|abcd|ddd
SYMMETRIC = cv2.BORDER_REFLECT  # cba|abcd|dcb
MIRROR = cv2.BORDER_REFLECT_101  # dcb|abcd|cba

Kernel = NDArray[np.float32]
Taps = tuple[NDArray[np.float32], NDArray[np.float32]]  # for even and for odd rows, as columns

# Half size by an antialiased bicubic filter; taps at offsets -3..4 of even samples.
_BICUBIC = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
_BEFORE = 4  # one row more than the filter reaches: an even number keeps the phase


def gaussian(taps: int, sigma: float) -> Kernel:
    """Return samples of a Gaussian around 0, normalised to sum 1.

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
    """Filter as `separable` does with border `REPLICATE`; quicker from nine taps on.

    Args:
        image: Shape (H, W).
        kernel: As for `separable`.
        out: Where the result goes; shape (H, W), not ``image``.
        spare: Another map of that shape, for the first pass.
    """
    row, column = kernel[np.newaxis], kernel[:, np.newaxis]
    cv2.filter2D(image, cv2.CV_32F, row, dst=spare, borderType=REPLICATE)
    return as_map(cv2.filter2D(spare, cv2.CV_32F, column, dst=out, borderType=REPLICATE))


def as_map(result: Any) -> GrayImage:  # noqa: ANN401 - OpenCV's stubs say "array or matrix"
    """Return an OpenCV result with the type that the rest of the code uses."""
    return cast(GrayImage, result)


def split_taps(taps: NDArray[np.float64]) -> Taps:
    """Return the taps of a filter (an even number) as two columns, one per phase."""
    even, odd = taps[0::2, np.newaxis], taps[1::2, np.newaxis]
    return even.astype(np.float32), odd.astype(np.float32)


def mirror_rows(padded: GrayImage, before: int, after: int) -> None:
    """Fill the first and last rows by symmetric extension (cba|abcd|dcb) of those between.

    Args:
        padded: Changed in place; its rows ``before : -after`` hold the picture.
        before: Rows to fill at the top; may exceed the picture's height.
        after: Rows to fill at the bottom; likewise.
    """
    height = padded.shape[0] - before - after
    body = padded[before : before + height]
    place = np.concatenate([np.arange(-before, 0), np.arange(height, height + after)]) % (
        2 * height
    )
    rows = body[np.where(place < height, place, 2 * height - 1 - place)]
    padded[:before] = rows[:before]
    padded[before + height :] = rows[before:]


def filter_rows(padded: GrayImage, taps: Taps, out: GrayImage, spare: GrayImage) -> GrayImage:
    """Correlate along columns at every second row: ``out[k] = sum_j taps[j] padded[2k + j]``.

    Args:
        padded: Shape (2 (K + n - 1), W) for 2n taps.
        taps: From `split_taps`.
        out: Memory of K + n - 1 rows; the last n - 1 hold nothing of use.
        spare: Memory of the same shape.

    Returns:
        The first K rows of ``out``.
    """
    even, odd = taps
    rows = len(out) - len(even) + 1
    border = cv2.BORDER_REPLICATE
    cv2.filter2D(padded[0::2], cv2.CV_32F, even, dst=out, anchor=(0, 0), borderType=border)
    cv2.filter2D(padded[1::2], cv2.CV_32F, odd, dst=spare, anchor=(0, 0), borderType=border)
    kept = out[:rows]
    return np.add(kept, spare[:rows], out=kept)


def halve(picture: GrayImage, workspace: Workspace | None = None) -> GrayImage:
    """Return a picture of half the width and height (rounded up), with symmetric border.

    Args:
        picture: Shape (H, W), any size.
        workspace: Memory to use again; a fresh one by default.

    Returns:
        A new array.
    """
    workspace = workspace or Workspace()
    padded, body = _room(picture.shape, workspace)
    np.copyto(body, picture)
    narrow = _halve_rows(padded, len(body), workspace)
    padded, body = _room(narrow.shape[::-1], workspace)
    cv2.transpose(narrow, dst=body)
    return as_map(cv2.transpose(_halve_rows(padded, len(body), workspace)))


def _room(shape: tuple[int, ...], workspace: Workspace) -> tuple[GrayImage, GrayImage]:
    """Return memory for a picture and its extension above and below, and the picture's part."""
    height, width = shape
    padded = workspace.map("a", ((height + 1) // 2 * 2 + 2 * _BEFORE, width))
    return padded, padded[_BEFORE : _BEFORE + height]


def _halve_rows(padded: GrayImage, height: int, workspace: Workspace) -> GrayImage:
    mirror_rows(padded, _BEFORE, len(padded) - _BEFORE - height)
    shape = len(padded) // 2, padded.shape[1]
    out, spare = workspace.maps("bc", shape)
    return filter_rows(padded, _HALVING, out, spare)


_HALVING = split_taps(np.array([0.0, *_BICUBIC, 0.0]))
