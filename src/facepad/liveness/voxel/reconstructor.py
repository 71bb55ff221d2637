"""The network that reconstructs volumes of faces from crops."""

from collections.abc import Sequence

import numpy as np

from facepad.errors import InputError, ModelError
from facepad.liveness.voxel.volume import SIDE, Volume
from facepad.models.session import Network
from facepad.types import RgbImage

NAME = "face_volume"


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
        wanted = (SIDE, SIDE, 3)
        for crop in crops:
            if crop.dtype != np.uint8 or crop.shape != wanted:
                raise InputError(f"a crop is uint8 {wanted}, got {crop.dtype} {crop.shape}")
        if not crops:
            return []
        batch = crops[0][None] if len(crops) == 1 else np.stack(crops)
        (occupancy,) = self._network.run({"crops": batch}, ["occupancy"])
        try:
            return [Volume(each) for each in occupancy]
        except InputError as error:
            raise ModelError(f"model {NAME!r} has another output than a volume: {error}") from error
