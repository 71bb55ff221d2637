"""Memory for the maps of one thread, so that no metric allocates in its inner loop.

A fresh map of a megabyte is mapped by the system and cleared page by page, which costs
more than most of the arithmetic done on it.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from facepad.types import GrayImage


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
        size = int(np.prod(shape))
        key = name, np.dtype(dtype)
        buffer = self._buffers.get(key)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[key] = np.empty(size, dtype)
        return buffer[:size].reshape(shape)
