"""Moments over blocks of normalised pixels, and of the products of neighbouring pixels."""

from collections.abc import Iterator
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

Moments = NDArray[np.float64]
_MAPS = 5  # the pixels and four products
_HOW = (cv2.REDUCE_SUM, cv2.REDUCE_SUM2)


class BlockMoments:
    """Collects the moments of a picture's blocks, stripe by stripe.

    Sums are taken in float32 along the row of a block, then in float64 over its rows; the
    result is the same however the picture is cut into stripes.
    """

    def __init__(self, shape: tuple[int, ...], side: int, workspace: Workspace) -> None:
        """Prepare for a picture.

        Args:
            shape: Its height and width, multiples of ``side``.
            side: Of a block, in pixels.
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
        """The moments of all blocks, in reading order.

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
