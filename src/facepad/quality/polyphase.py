"""Filtering along columns that keeps every second row: only what is kept is computed."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.types import GrayImage

Taps = tuple[NDArray[np.float32], NDArray[np.float32]]  # for even and for odd rows, as columns


def split_taps(taps: NDArray[np.float64]) -> Taps:
    """Taps of a filter (an even number) as two columns, one per phase."""
    return (
        taps[0::2, np.newaxis].astype(np.float32),
        taps[1::2, np.newaxis].astype(np.float32),
    )


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
