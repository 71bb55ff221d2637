"""Memory for the maps of one thread, so that no metric allocates in its inner loop.

A fresh map of a megabyte is mapped by the system and cleared page by page, which costs
more than most of the arithmetic done on it.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from facepad.types import GrayImage

ALIGNMENT = 64  # bytes; the widest vector of today's processors


def aligned(size: int, dtype: DTypeLike) -> NDArray[Any]:
    """A one-dimensional array with undefined content whose memory begins at `ALIGNMENT`.

    Some of OpenCV's functions (its Fourier transform, sums) round differently where memory
    begins elsewhere; the same picture would get another last digit from call to call.
    """
    width = np.dtype(dtype).itemsize
    memory = np.empty(size * width + ALIGNMENT, np.uint8)
    start = -memory.__array_interface__["data"][0] % ALIGNMENT
    return memory[start : start + size * width].view(dtype)


class Workspace:
    """Maps by name; a name's memory is used again by whoever asks for it next.

    Metrics share the names "a", "b", ...: the less memory in use, the more stays in caches.
    """

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, np.dtype[Any]], NDArray[Any]] = {}

    def map(self, name: str, shape: tuple[int, ...]) -> GrayImage:
        """A float32 map with undefined content, valid until the name is asked for again."""
        return self.array(name, shape, np.float32)

    def maps(self, names: str, shape: tuple[int, ...]) -> list[GrayImage]:
        """One `map` for each letter."""
        return [self.map(name, shape) for name in names]

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Like `map`, for any type of element."""
        size = math.prod(shape)
        key = name, np.dtype(dtype)
        buffer = self._buffers.get(key)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[key] = aligned(size, dtype)
        return buffer[:size].reshape(shape)
