"""The frozen backbone of the face test: crops in, statistics of its blocks' channels out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.models.session import Network
from facepad.types import RgbImage

SIDE = 224  # pixels of a crop
NAME = "face_trunk"

Statistics = NDArray[np.float32]


class Backbone:
    """Extracts features of crops; safe to share between threads.

    Args:
        threads: Number of threads of one run.

    Raises:
        ModelError: The network's file is missing or wrong.
    """

    def __init__(self, threads: int = 1) -> None:
        self._network = Network(NAME, threads)

    @property
    def version(self) -> str:
        """Version of the network's file."""
        return self._network.version

    @property
    def blocks(self) -> tuple[int, ...]:
        """Indices of the blocks that are available."""
        return tuple(int(name.removeprefix("block_")) for name in self._network.outputs)

    def extract(self, crops: Sequence[RgbImage], blocks: Sequence[int]) -> list[Statistics]:
        """Return statistics of the outputs of some blocks.

        Args:
            crops: RGB uint8, each of shape (224, 224, 3).
            blocks: Indices of the blocks, 0 first.

        Returns:
            Per block, for each crop the mean of every channel and then its standard
            deviation over the map: shape (N, 2 C).

        Raises:
            InputError: A crop has another type or size.
        """
        wanted = (SIDE, SIDE, 3)
        for crop in crops:
            if crop.dtype != np.uint8 or crop.shape != wanted:
                raise InputError(f"a crop is uint8 {wanted}, got {crop.dtype} {crop.shape}")
        names = [f"block_{index:02d}" for index in blocks]
        return self._network.run({"crops": np.stack(crops)}, names)
