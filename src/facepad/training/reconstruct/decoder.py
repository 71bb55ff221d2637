"""The network of the reconstruction: a frozen trunk and a decoder whose channels are depth slices.

Direct volumetric regression: 2D convolutions, and the depth of a voxel is the channel. The last
layer gives, for every line of sight, the probability of a surface and its distribution over
the slices; their running sum is the occupancy, which therefore never falls with the depth.

Reference: Jackson et al. (2017), Large Pose 3D Face Reconstruction from a Single Image via Direct
Volumetric CNN Regression, ICCV, arXiv:1703.07834.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from facepad.liveness.voxel.reconstructor import map_name
from facepad.liveness.voxel.volume import GRID, SIDE, SLICES
from facepad.training.face.export import CHANNELS, blocks, onnx_bytes, up_to

if TYPE_CHECKING:
    from torch import Tensor, nn

TAPS = (2, 4, 10, 14)  # blocks of the trunk that the decoder reads: 1/4, 1/8, 1/16, 1/32
_WIDTHS = (48, 64, 96, 96)  # of the decoder at each of them
# Weights beside the cross-entropy of the surface: of the slice's, and of the depth's error, slices.
_SLICE_LOSS, _DEPTH_LOSS = 0.3, 0.2


def tapped(weights: Mapping[str, "Tensor"], crops: "Tensor") -> list["Tensor"]:
    """Return the maps of the trunk that the decoder reads.

    Args:
        weights: From `facepad.training.face.export.folded`.
        crops: RGB, 0..255, shape (N, SIDE, SIDE, 3).
    """
    maps = blocks(weights, crops, TAPS[-1])
    return [maps[at] for at in TAPS]


def decoder() -> "nn.Module":
    """Return the decoder: maps of `TAPS` in, logits (N, 1 + SLICES, GRID, GRID) out.

    The first channel is that of a surface on the line of sight, the others are its slice's.
    """
    from torch import nn
    from torch.nn import functional

    class Decoder(nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            channels = [CHANNELS[at] for at in TAPS]
            self.sides = nn.ModuleList(map(_side, channels, _WIDTHS))
            self.joins = nn.ModuleList(nn.Conv2d(deep, own, 1) for own, deep in pairwise(_WIDTHS))
            self.mixes = nn.ModuleList(map(_mix, _WIDTHS[:-1]))
            self.fine = _mix(_WIDTHS[0])
            self.out = nn.Conv2d(_WIDTHS[0], SLICES + 1, 1)

        def forward(self, maps: Sequence["Tensor"]) -> "Tensor":
            value = self.sides[-1](maps[-1])
            value = value + value.mean(dim=(2, 3), keepdim=True)
            for level in range(len(TAPS) - 2, -1, -1):
                size = maps[level].shape[2:]
                wide = functional.interpolate(self.joins[level](value), size, mode="bilinear")
                value = self.mixes[level](wide + self.sides[level](maps[level]))
            value = functional.interpolate(self.fine(value), (GRID, GRID), mode="bilinear")
            return self.out(value)

    return Decoder()


def occupancy(found: "Tensor") -> "Tensor":
    """Return the occupancy of what the decoder found, shape (N, SLICES, GRID, GRID)."""
    import torch

    surface = torch.softmax(found[:, 1:], dim=1)
    return torch.sigmoid(found[:, :1]) * torch.cumsum(surface, dim=1)


def _side(channels: int, width: int) -> "nn.Module":
    from torch import nn

    return nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, width, 1))


def _mix(width: int) -> "nn.Module":
    from torch import nn

    return nn.Sequential(
        nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width), nn.ReLU(),
    )  # fmt: skip


def loss(found: "Tensor", depth: "Tensor") -> "Tensor":
    """Return the cross-entropy of surface and slice, and the error of the depth.

    Args:
        found: From the decoder.
        depth: Slices in front of the surface, shape (N, GRID, GRID); NaN where there is none.
    """
    import torch
    from torch.nn import functional

    present = torch.isfinite(depth)
    presence = functional.binary_cross_entropy_with_logits(found[:, 0], present.float())
    logits = found[:, 1:].permute(0, 2, 3, 1)[present]
    if not len(logits):
        return presence
    start = depth[present].clamp(0.0, SLICES - 1.001)
    # The running sum of a distribution over the slices `at` and `at + 1` is the occupancy.
    at, share = start.floor(), start - start.floor()
    logs = functional.log_softmax(logits, dim=1)
    near, far = (logs.gather(1, (at + step).long()[:, None])[:, 0] for step in (0, 1))
    entropy = -((1.0 - share) * near + share * far).mean()
    off = (logs.exp() @ torch.arange(SLICES, dtype=logs.dtype, device=logs.device)) - start
    return presence + _SLICE_LOSS * entropy + _DEPTH_LOSS * off.abs().mean()


def onnx_of(weights: Mapping[str, "Tensor"], module: "nn.Module") -> bytes:
    """Return trunk and decoder as one ONNX file.

    ``crops`` in; ``occupancy`` out, and the maps of the trunk by the names of `map_name`.
    """
    import torch

    kept = up_to(weights, TAPS[-1])

    class FaceVolume(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.decoder = module
            for name, value in kept.items():
                self.register_parameter(
                    name.replace(".", "_"), torch.nn.Parameter(value, requires_grad=False)
                )

        def forward(self, crops: "Tensor") -> "tuple[Tensor, ...]":
            own = {name: getattr(self, name.replace(".", "_")) for name in kept}
            maps = tapped(own, crops)
            return occupancy(self.decoder(maps)), *maps

    crops = torch.zeros((2, SIDE, SIDE, 3), dtype=torch.uint8)
    names = ["occupancy", *map(map_name, TAPS)]
    return onnx_bytes(FaceVolume().eval(), (crops,), ["crops"], names)
