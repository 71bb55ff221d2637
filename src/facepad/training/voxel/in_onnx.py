"""Trained networks over volumes, and what they see of crops, in ONNX."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from facepad.liveness.voxel.reconstructor import map_name
from facepad.liveness.voxel.volume import GRID, SIDE, SLICES
from facepad.training.face.export import CHANNELS, onnx_bytes
from facepad.training.reconstruct.decoder import TAPS
from facepad.training.voxel import painting
from facepad.training.voxel.networks import NetworkSpec, frozen_maps

if TYPE_CHECKING:
    from torch import Tensor, nn


def exported(classifier: "nn.Module", spec: NetworkSpec) -> bytes:
    """Return a trained classifier in ONNX, without the trunk, whose maps come with the volume.

    Inputs ``occupancy``, float32, shape (N, 64, 64, 64), and where it sees the appearance
    ``crops``, RGB uint8, shape (N, 192, 192, 3), and the trunk's maps by the names of `map_name`;
    outputs ``logit``, shape (N,), and ``features``, shape (N, K).
    """
    import torch

    class InUse(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.classifier = classifier

        def forward(self, given: "list[Tensor]") -> "tuple[Tensor, Tensor]":
            occupancy, *seen = given
            own = [painting.appearance_maps(seen[0]), *seen[1:]] if seen else []
            logit, features = self.classifier(occupancy, *own)
            return logit, features

    given, names = [torch.zeros(2, SLICES, GRID, GRID)], ["occupancy"]
    if spec.has_appearance:
        sizes = dict(zip(TAPS, painting.SIDES, strict=True))
        given += [_no_crops()] + [
            torch.zeros(2, CHANNELS[block], sizes[block], sizes[block]) for block in spec.blocks
        ]
        names += ["crops", *map(map_name, spec.blocks)]
    return onnx_bytes(InUse().eval(), ([*given],), names, ["logit", "features"])


def exported_maps(spec: NetworkSpec, weights: "Mapping[str, Tensor]") -> bytes:
    """Return `frozen_maps` in ONNX: input ``crops``, outputs ``map_0`` and so on."""
    count = 1 + spec.has_trunk * len(spec.blocks)
    names = [f"map_{number}" for number in range(count)]
    return onnx_bytes(frozen_maps(spec, weights), (_no_crops(),), ["crops"], names)


def _no_crops() -> "Tensor":
    import torch

    return torch.zeros((2, SIDE, SIDE, 3), dtype=torch.uint8)
