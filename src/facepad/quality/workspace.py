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
_STEPS = 4  # sizes of blocks per doubling, so that maps of nearly one size can share them
_LARGER = 4  # a block may be this many times larger than what is asked of it


def aligned(size: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return a one-dimensional array of undefined content, aligned to `ALIGNMENT` bytes.

    Some of OpenCV's functions (its Fourier transform, sums) round differently where memory
    begins elsewhere; the same picture would get another last digit from call to call.
    """
    width = np.dtype(dtype).itemsize
    memory = np.empty(size * width + ALIGNMENT, np.uint8)
    start = -memory.__array_interface__["data"][0] % ALIGNMENT
    return memory[start : start + size * width].view(dtype)


class Workspace:
    """Scratch maps by name; the memory of a name is reused by the next request for it.

    Metrics share the names "a", "b", ... and, after a `reset`, all memory: the less is in
    use, the more of it stays in caches.
    """

    def __init__(self) -> None:
        self._taken: dict[tuple[str, np.dtype[Any]], NDArray[np.uint8]] = {}
        self._free: list[NDArray[np.uint8]] = []

    def map(self, name: str, shape: tuple[int, ...]) -> GrayImage:
        """Return a float32 map of undefined content, valid until the next request for the name."""
        return self.array(name, shape, np.float32)

    def maps(self, names: str, shape: tuple[int, ...]) -> list[GrayImage]:
        """Return one `map` for each letter."""
        return [self.map(name, shape) for name in names]

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array as `map` does, with any type of element."""
        key = name, np.dtype(dtype)
        size = math.prod(shape) * key[1].itemsize
        block = self._taken.get(key)
        if block is None or block.size < size:
            if block is not None:
                self._free.append(block)
            block = self._taken[key] = self._block(size)
        return block[:size].view(dtype).reshape(shape)

    def reset(self) -> None:
        """Release all names; their maps may be overwritten from now on."""
        self._free.extend(self._taken.values())
        self._taken.clear()

    def _block(self, size: int) -> NDArray[np.uint8]:
        fitting = [i for i, b in enumerate(self._free) if size <= b.size <= _LARGER * size]
        if fitting:
            return self._free.pop(min(fitting, key=lambda i: self._free[i].size))
        step = max(1, 2 ** (size.bit_length() - 1) // _STEPS)
        return aligned(-(-size // step) * step, np.uint8)
