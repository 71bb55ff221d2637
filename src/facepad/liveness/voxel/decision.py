"""What makes scores of a voxel network's logits: scaling and operating points, as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.models.npz import reading
from facepad.scores import AffineScaling
from facepad.types import OperatingPoint

FORMAT_VERSION = 1
BALANCED = "balanced"  # the default operating point


@dataclass(frozen=True, slots=True, eq=False)
class VoxelDecision:
    """Scaling and operating points of one voxel network; safe to share.

    Attributes:
        scaling: Of the raw logit to a log-likelihood ratio.
        points: Operating points by name; "balanced" is there.
        network: Version of the voxel network that they are for.
        volumes: First digits of the hash of the network whose volumes it was trained on.
    """

    scaling: AffineScaling
    points: Mapping[str, OperatingPoint]
    network: str
    volumes: str

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all values as arrays for `facepad.models.store.save_arrays`."""
        listed = list(self.points.values())
        return {
            "format_version": np.array(FORMAT_VERSION),
            "scaling": np.array([self.scaling.slope, self.scaling.bias]),
            "point_names": np.array([point.name for point in listed]),
            "points": np.array([[one.threshold, one.low, one.high] for one in listed]),
            "network": np.array(self.network),
            "volumes": np.array(self.volumes),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str) -> "VoxelDecision":
        """Read what `arrays` wrote.

        Args:
            arrays: From a model file.
            source: Names the file in errors.

        Raises:
            ModelError: An array is missing, of another format version or shape, or not finite.
        """
        with reading(arrays, FORMAT_VERSION, source, "holds no scaling of a voxel network"):
            slope, bias = (float(number) for number in arrays["scaling"])
            named = zip(arrays["point_names"].tolist(), arrays["points"].tolist(), strict=True)
            points = {str(name): OperatingPoint(str(name), *map(float, row)) for name, row in named}
            network, volumes = str(arrays["network"]), str(arrays["volumes"])
        if not (0.0 < slope < np.inf and np.isfinite(bias)) or BALANCED not in points:
            raise ModelError(
                f"{source} needs a finite slope above 0, a finite bias and the operating point "
                f"{BALANCED!r}, got {slope}, {bias} and {', '.join(points)}"
            )
        return cls(AffineScaling(slope, bias), MappingProxyType(points), network, volumes)
