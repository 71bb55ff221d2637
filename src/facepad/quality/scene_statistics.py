"""Features of NIQE: statistics of locally normalised pixels, block by block, at two scales.

Reference: Mittal, Soundararajan, Bovik, Making a "completely blind" image quality analyzer,
IEEE Signal Processing Letters 20(3), 2013.
"""

from collections.abc import Iterator
from itertools import product
from math import gamma

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.quality.filters import gaussian, halve, separable
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

BLOCK = 96  # pixels, at the first scale
_SHIFTS = ("0_1", "1_0", "1_1", "1_-1")  # rows, columns
_PER_SCALE = (
    "shape",
    "scale",
    *(f"{what}_{by}" for by in _SHIFTS for what in ("shape", "mean", "left", "right")),
)
NIQE_NAMES = tuple(f"{name}_at{scale}" for scale in (1, 2) for name in _PER_SCALE)

_REACH = 3  # pixels of the window to each side
_WINDOW = gaussian(2 * _REACH + 1, 7 / 6)
_ROUNDING = np.float32(5e-5)  # gray levels; 8-bit pixels differ from their mean by 1.6e-4 or more
_MIDDLE = np.float32(128)  # taken off before squaring: float32 has seven digits
_NOTHING = 1e-18  # mean square below which a block counts as all zero
_STRIPE = 1 << 17  # pixels filtered at a time, so that they stay in the cache
_MAPS = 5  # the pixels and four products
_HOW = (cv2.REDUCE_SUM, cv2.REDUCE_SUM2)

# A generalised Gaussian's shape from its moments, by a table of 9,801 shapes.
SHAPES = np.arange(200, 10_001) / 1000.0  # 0.2 peaked, 1 Laplacian, 2 normal, 10 nearly uniform
FLAT = len(SHAPES) - 1  # place of the shape that stands for "no variation"
_GAMMA_1, _GAMMA_2, _GAMMA_3 = (
    np.array(list(map(gamma, (k / SHAPES).tolist())))  # of plain numbers: twice as fast
    for k in (1, 2, 3)
)
_ASYMMETRIC = _GAMMA_2**2 / (_GAMMA_1 * _GAMMA_3)  # (mean |v|)^2 / mean v^2; grows with the shape
_SYMMETRIC = _GAMMA_1 * _GAMMA_3 / _GAMMA_2**2  # its inverse, falls
SPREAD = np.sqrt(_GAMMA_1 / _GAMMA_3)  # scale of a distribution / its root mean square, by place
BALANCE = _GAMMA_2 / _GAMMA_1  # mean of one half / its scale, by place

Moments = NDArray[np.float64]


def niqe_features(gray: GrayImage, workspace: Workspace | None = None) -> NDArray[np.float64]:
    """Return statistics of the normalised pixels of each whole block of 96x96.

    Args:
        gray: Shape (H, W), 0..255; sides below 96 are extended symmetrically.
        workspace: Memory to use again; a fresh one by default.

    Returns:
        Shape (blocks, 36), blocks in reading order, features as in ``NIQE_NAMES``.
    """
    workspace = workspace or Workspace()
    picture = whole_blocks(gray)
    halved = halve(picture, workspace)
    fine = _moments(picture, BLOCK, workspace)
    coarse = _moments(halved, BLOCK // 2, workspace)
    return np.hstack(np.split(_fit(np.concatenate([fine, coarse])), 2))


def whole_blocks(gray: GrayImage) -> GrayImage:
    """Return the largest part, from the top left, of whole blocks; at least one block."""
    short = [(0, max(0, BLOCK - side)) for side in gray.shape]
    if any(after for _, after in short):
        gray = np.pad(gray, short, mode="symmetric")
    height, width = (side // BLOCK * BLOCK for side in gray.shape)
    return gray[:height, :width]


def local_statistics(picture: GrayImage, workspace: Workspace) -> tuple[GrayImage, GrayImage]:
    """Return the deviation of pixels from their local mean, and the local standard deviation.

    Returns:
        Maps "a" and "d" of the workspace, in gray levels, of the picture's shape.
    """
    centred, mean, square, spread = workspace.maps("abcd", picture.shape)
    np.subtract(picture, _MIDDLE, out=centred)
    separable(centred, _WINDOW, mean)
    separable(np.multiply(centred, centred, out=square), _WINDOW, spread)
    centred -= mean
    mean *= mean
    spread -= mean
    cv2.sqrt(np.abs(spread, out=spread), dst=spread)
    return centred, spread


def _moments(picture: GrayImage, side: int, workspace: Workspace) -> Moments:
    """Moments of all blocks; some rows of blocks at a time, so that they stay in the cache."""
    height, width = picture.shape
    moments = BlockMoments(picture.shape, side, workspace)
    rows = max(1, _STRIPE // (side * width)) * side
    for top in range(0, height, rows):
        start, bottom = max(0, top - _REACH), min(top + rows, height)
        maps = local_statistics(picture[start : bottom + _REACH], workspace)
        centred, spread = (part[top - start : bottom - start] for part in maps)
        has_zeros = _remove_noise(centred, workspace)
        spread += np.float32(1)
        centred /= spread
        moments.add(centred, top, has_zeros=has_zeros)
    return moments.result()


def _remove_noise(centred: GrayImage, workspace: Workspace) -> bool:
    """Set to 0 what is rounding noise; whether there was any."""
    size = np.abs(centred, out=workspace.map("c", centred.shape))
    if size.min() >= _ROUNDING:
        return False
    centred[size < _ROUNDING] = 0
    return True


def _fit(moments: Moments) -> NDArray[np.float64]:
    """Fit asymmetric generalised Gaussians, all at once; shape (blocks, 18)."""
    size, square, left, right = np.moveaxis(moments, -1, 0)
    varies, both = square > _NOTHING, (left > 0) & (right > 0)
    skew = np.where(both, left / np.where(right > 0, right, 1.0), 1.0)
    ratio = size**2 / np.where(varies, square, 1.0)
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    place = np.where(varies, place_of_ratio(ratio), FLAT)
    scale = np.where(varies, SPREAD[place], 0.0)
    left, right = left * scale, right * scale
    mean = (right - left) * BALANCE[place]
    pixels = np.stack([SHAPES[place], (left + right) / 2], axis=-1)[:, 0]
    products = np.stack([SHAPES[place], mean, left, right], axis=-1)[:, 1:]
    return np.hstack([pixels, products.reshape(len(products), -1)])


class BlockMoments:
    """Collects the moments of a picture's blocks, stripe by stripe.

    Sums are taken in float32 along the row of a block, then in float64 over its rows; the
    result is the same however the picture is cut into stripes.
    """

    def __init__(self, shape: tuple[int, ...], side: int, workspace: Workspace) -> None:
        """Prepare for a picture.

        Args:
            shape: Height and width of the picture, multiples of ``side``.
            side: Side of a block in pixels.
            workspace: Memory to use again.
        """
        self._side = side
        self._across = shape[1] // side
        self._workspace = workspace
        rows = shape[0] * self._across, 1
        self._sums = workspace.map("f", (_MAPS, 6, *rows))

    def add(self, normalised: GrayImage, top: int, *, has_zeros: bool) -> None:
        """Take up some rows of blocks.

        Args:
            normalised: Pixels over the whole width of the picture; may be map "a" of the
                workspace, whose other maps are overwritten.
            top: Row of the picture that is the first of them.
            has_zeros: Whether a pixel may be 0; else counting is cheaper.
        """
        part = slice(top * self._across, (top + len(normalised)) * self._across)
        right = self._workspace.map("c", normalised.shape)
        for index, values in enumerate(self._values(normalised)):
            cv2.threshold(values, 0, 0, cv2.THRESH_TOZERO, dst=right)
            sums = self._sums[index, :, part]
            for which, (source, how) in enumerate(product((values, right), _HOW)):
                cv2.reduce(self._rows(source), 1, how, dst=sums[which])
            self._count(values, sums[4:], has_zeros=has_zeros)

    def result(self) -> Moments:
        """Return the moments of all blocks, in reading order.

        Returns:
            Shape (blocks, 5, 4): the pixels, then their products with the neighbours at
            (0, 1), (1, 0), (1, 1) and (1, -1) in rows and columns, cyclic inside the block;
            of these values v the mean of abs(v), the mean of v^2, and the root mean square
            of the negative and of the positive ones (0 where there are none).
        """
        split = self._sums.reshape(*self._sums.shape[:2], -1, self._side, self._across)
        by_block = np.einsum("mkysx->kmyx", split, dtype=np.float64).reshape(6, _MAPS, -1)
        total, square, total_right, square_right, negative, positive = by_block
        pixels = self._side**2
        left_power = np.maximum(square - square_right, 0) / np.maximum(negative, 1)
        right_power = square_right / np.maximum(positive, 1)
        means = (2 * total_right - total) / pixels, square / pixels
        return np.stack([*means, np.sqrt(left_power), np.sqrt(right_power)]).T

    def _values(self, normalised: GrayImage) -> Iterator[GrayImage]:
        """The pixels and the four products, each of the same shape as the pixels."""
        height, width = normalised.shape
        shape = height // self._side, self._side + 1, width
        pixels, turned = self._workspace.maps("de", shape)
        pixels[:, 1:] = normalised.reshape(-1, self._side, width)
        pixels[:, 0] = pixels[:, -1]  # so that neighbours above are the same memory, one row up
        turned.reshape(-1)[1:] = pixels.reshape(-1)[:-1]
        turned[..., :: self._side] = pixels[..., self._side - 1 :: self._side]
        here, above = pixels[:, 1:], pixels[:, :-1]
        left, above_left = turned[:, 1:], turned[:, :-1]
        pairs = self._workspace.map("b", here.shape)
        yield normalised
        # the last: the neighbours to the left and above are diagonal neighbours of one another
        for pair in ((here, left), (here, above), (here, above_left), (left, above)):
            np.multiply(*pair, out=pairs)
            yield pairs.reshape(height, width)

    def _rows(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rows of the blocks as rows of memory."""
        return values.reshape(-1, self._side)

    def _count(self, values: GrayImage, out: NDArray[np.float32], *, has_zeros: bool) -> None:
        """Numbers of negative and of positive values in each row of a block."""
        # reduced to int32: OpenCV has no fast way from uint8 to float32
        mask = self._workspace.array("mask", values.shape, np.bool_)
        rows = mask.view(np.uint8).reshape(-1, self._side)
        np.greater(values, 0, out=mask)
        out[1] = cv2.reduce(rows, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
        if has_zeros:
            np.less(values, 0, out=mask)
            out[0] = cv2.reduce(rows, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
        else:
            np.subtract(np.float32(self._side), out[1], out=out[0])


def place_of_ratio(ratio: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return places in ``SHAPES`` whose (mean abs v)^2 / mean v^2 is nearest to the ratios."""
    return _nearest(_ASYMMETRIC, ratio)


def place_of_kurtosis(ratio: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return places in ``SHAPES`` whose mean v^2 / (mean abs v)^2 is nearest to the ratios."""
    return FLAT - _nearest(_SYMMETRIC[::-1], ratio)


def _nearest(rising: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places of the nearest entries of a rising table: what a full scan would find."""
    right = np.clip(np.searchsorted(rising, wanted), 1, len(rising) - 1)
    return right - (wanted - rising[right - 1] <= rising[right] - wanted)
