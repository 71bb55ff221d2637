"""Half size by an antialiased bicubic filter."""

import cv2
import numpy as np

from facepad.quality.filters import as_map
from facepad.quality.polyphase import filter_rows, mirror_rows, split_taps
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

_TAPS = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256  # at offsets -3..4 of even samples
_BEFORE = 4  # one row more than the filter reaches: an even number keeps the phase
_COLUMNS = split_taps(np.array([0.0, *_TAPS, 0.0]))


def halve(picture: GrayImage, workspace: Workspace | None = None) -> GrayImage:
    """Picture of half the width and height (rounded up), symmetric border.

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
    """Memory for a picture with its extension above and below, and the picture's part of it."""
    height, width = shape
    padded = workspace.map("a", ((height + 1) // 2 * 2 + 2 * _BEFORE, width))
    return padded, padded[_BEFORE : _BEFORE + height]


def _halve_rows(padded: GrayImage, height: int, workspace: Workspace) -> GrayImage:
    mirror_rows(padded, _BEFORE, len(padded) - _BEFORE - height)
    shape = len(padded) // 2, padded.shape[1]
    out, spare = workspace.maps("bc", shape)
    return filter_rows(padded, _COLUMNS, out, spare)
