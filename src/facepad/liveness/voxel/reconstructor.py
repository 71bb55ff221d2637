"""The network that reconstructs volumes of faces from crops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError, ModelError
from facepad.liveness.voxel.volume import SIDE, Volume
from facepad.models.session import Network
from facepad.types import RgbImage

NAME = "face_volume"
_OCCUPANCY, _MAP = "occupancy", "block_"  # outputs; the second starts the names of maps


@dataclass(frozen=True, slots=True, eq=False)
class SeenVolume:
    """The volume of a face, and what the network saw of its crop.

    Attributes:
        volume: The volume.
        maps: Outputs of blocks of the trunk by name, each of shape (1, C, h, w).
    """

    volume: Volume
    maps: Mapping[str, NDArray[np.float32]]


def map_name(block: int) -> str:
    """Return the name of the output of a block of the trunk."""
    return f"{_MAP}{block:02d}"


class Reconstructor:
    """Reconstructs the volume of the face in a crop; safe to share between threads.

    Args:
        threads: Number of threads of one run.

    Raises:
        ModelError: The network's file is missing or wrong.

    Reference:
        Jackson, Bulat, Argyriou, Tzimiropoulos (2017), Large pose 3D face reconstruction from a
        single image via direct volumetric CNN regression, ICCV, doi:10.1109/ICCV.2017.117.
    """

    def __init__(self, threads: int = 1) -> None:
        self._network = Network(NAME, threads)

    @property
    def version(self) -> str:
        """Version of the network's file."""
        return self._network.version

    def volumes(self, crops: Sequence[RgbImage]) -> list[Volume]:
        """Return the volume of each crop.

        Args:
            crops: RGB uint8, each of shape (192, 192, 3), from `volume.crop_of`.

        Returns:
            Volumes that share the memory of the network's output; none for no crops.

        Raises:
            InputError: A crop has another type or size.
            ModelError: The network's output is no volume.
        """
        _check(crops)
        if not crops:
            return []
        batch = crops[0][None] if len(crops) == 1 else np.stack(crops)
        (occupancy,) = self._network.run({"crops": batch}, [_OCCUPANCY])
        return [_volume(each) for each in occupancy]

    def seen(self, crop: RgbImage) -> SeenVolume:
        """Return the volume of one crop with the maps of the trunk.

        Raises:
            InputError: The crop has another type or size.
            ModelError: The network's output is no volume.
        """
        _check([crop])
        names = [name for name in self._network.outputs if name.startswith(_MAP)]
        occupancy, *maps = self._network.run({"crops": crop[None]}, [_OCCUPANCY, *names])
        return SeenVolume(_volume(occupancy[0]), dict(zip(names, maps, strict=True)))


def _check(crops: Sequence[RgbImage]) -> None:
    wanted = (SIDE, SIDE, 3)
    for crop in crops:
        if crop.dtype != np.uint8 or crop.shape != wanted:
            raise InputError(f"a crop is uint8 {wanted}, got {crop.dtype} {crop.shape}")


def _volume(occupancy: NDArray[np.float32]) -> Volume:
    try:
        return Volume(occupancy)
    except InputError as error:
        raise ModelError(f"model {NAME!r} has another output than a volume: {error}") from error
