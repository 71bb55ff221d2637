"""Appearance painted on the visible surface of a volume: what a network sees beside the shape.

Maps of the crop, one value a column of voxels, are multiplied by the share of the surface in
each voxel of the column. All of it is part of the exported network. Colour and residue are
relative to the picture itself, since exposure, white balance and sharpness are of the camera.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from facepad.training.face import export

if TYPE_CHECKING:
    from torch import Tensor

COARSE = 32  # voxels across, down and in depth of the volume that networks see
COLOURS = 3  # brightness, blue and red differences
RESIDUES = 9  # of three planes at two scales their strength, and signed brightness and colours
SIDES = (48, 24, 12, 6)  # of the trunk's maps of a crop, at the blocks the reconstruction reads
_LEAST_VARIANCE = 1e-6
_LATEST = 0.003  # share of the latest batch in means over the training data
_EPSILON = 1e-3  # of values in [0, 1]: a quarter of a grey level
_BRIGHTNESS = (0.299, 0.587, 0.114)  # of red, green and blue, as in ITU-R BT.601
_SIGMAS = (0.8, 2.0)  # pixels of the crop
_REACH = 5  # pixels to each side of a blur's kernel


def coarse(occupancy: "Tensor") -> "Tensor":
    """Return the volume at 32 voxels across, down and in depth, shape (N, 1, 32, 32, 32).

    Args:
        occupancy: Shape (N, 64, 64, 64).
    """
    from torch.nn import functional

    return functional.avg_pool3d(occupancy[:, None], 2)


def surface(volume: "Tensor") -> "Tensor":
    """Return how much of the visible surface lies in each voxel, shape as ``volume``.

    It is the growth of the occupancy with the depth: 1 in all along a column with a surface.
    """
    import torch

    before = torch.cat([torch.zeros_like(volume[:, :, :1]), volume[:, :, :-1]], dim=2)
    return (volume - before).clamp(0.0, 1.0)


def painted(maps: "Tensor", share: "Tensor") -> "Tensor":
    """Return maps painted on the surface.

    Args:
        maps: Shape (N, C, 32, 32).
        share: Of the surface in each voxel, shape (N, 1, 32, 32, 32).

    Returns:
        Shape (N, C, 32, 32, 32); 0 off the surface.
    """
    return maps[:, :, None] * share


def appearance_maps(crops: "Tensor") -> "Tensor":
    """Return colour and high-frequency residue of crops, shape (N, 12, 32, 32).

    Args:
        crops: RGB uint8, shape (N, 192, 192, 3).
    """
    import torch

    planes = _planes(crops)
    centre = planes.mean(dim=(2, 3), keepdim=True)
    spread = _deviation(planes[:, :1], centre[:, :1])
    colour = _pooled((planes - centre) / spread)
    bands = _bands(planes)
    strength = torch.cat([(_pooled(band.abs()) + _EPSILON).log() for band in bands], dim=1)
    relative = strength - strength.mean(dim=(2, 3), keepdim=True)
    return torch.cat([colour, relative, _pooled(bands[1] / spread)], dim=1)


def trunk_maps(
    weights: Mapping[str, "Tensor"], crops: "Tensor", blocks: Sequence[int]
) -> "list[Tensor]":
    """Return outputs of blocks of the frozen trunk, each of its own size."""
    outputs = export.blocks(weights, crops, max(blocks))
    return [outputs[block] for block in blocks]


def painter(blocks: Sequence[int], width: int) -> Any:  # noqa: ANN401 - a torch module
    """Return a module that joins colour and residue with maps learned of the trunk's.

    It takes `appearance_maps` and the outputs of `trunk_maps`, and gives maps of shape (N, C, 32,
    32); the trunk stays frozen.

    Args:
        blocks: The blocks.
        width: Learned maps of each.
    """
    import torch
    from torch.nn import functional

    class Painter(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.mixed = torch.nn.ModuleList(
                torch.nn.Sequential(
                    torch.nn.BatchNorm2d(export.CHANNELS[block], affine=False),
                    torch.nn.Conv2d(export.CHANNELS[block], width, 1),
                    torch.nn.ReLU(),
                )
                for block in blocks
            )

        def forward(self, seen: "Sequence[Tensor]") -> "Tensor":
            maps = [mix(output) for mix, output in zip(self.mixed, seen[1:], strict=True)]
            size = (COARSE, COARSE)
            wide = [
                functional.interpolate(one, size, mode="bilinear", antialias=False) for one in maps
            ]
            return torch.cat([seen[0], *wide], dim=1)

    return Painter()


def statistics(occupancy: "Tensor", maps: "Sequence[Tensor]") -> "Tensor":
    """Return the mean and the spread over the visible surface of each channel of maps.

    Args:
        occupancy: Shape (N, 64, 64, 64).
        maps: Each of shape (N, C, h, w), with 32 or one of `SIDES` for h and w.

    Returns:
        Shape (N, 2 times the sum of C).
    """
    import torch
    from torch.nn import functional

    present = occupancy[:, -1:]
    finest = functional.interpolate(present, (SIDES[0], SIDES[0]), mode="bilinear")
    found = []
    for one in maps:
        side = one.shape[-1]
        whole = present if side == COARSE else finest
        share = functional.avg_pool2d(whole, whole.shape[-1] // side) + _EPSILON
        share = share / share.sum(dim=(2, 3), keepdim=True)
        mean = (one * share).sum(dim=(2, 3))
        away = (one - mean[:, :, None, None]) ** 2
        found += [mean, ((away * share).sum(dim=(2, 3)) + _LEAST_VARIANCE).sqrt()]
    return torch.cat(found, dim=1)


def standardised(width: int) -> Any:  # noqa: ANN401 - a torch module
    """Return a module that gives features a mean of 0 and a spread of 1 over the training data.

    Unlike in batch normalisation, a picture is never standardised by the few others of its
    batch, but by all that were seen before.
    """
    import torch

    class SeenStandard(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.zeros(width))
            self.register_buffer("square", torch.ones(width))
            self.register_buffer("batches", torch.zeros(()))

        def forward(self, features: "Tensor") -> "Tensor":
            if self.training:
                with torch.no_grad():
                    self.batches += 1.0
                    share = torch.clamp(1.0 / self.batches, min=_LATEST)
                    self.mean.lerp_(features.mean(dim=0), share)
                    self.square.lerp_((features**2).mean(dim=0), share)
            spread = (self.square - self.mean**2).clamp(min=_LEAST_VARIANCE).sqrt()
            return (features - self.mean) / spread

    return SeenStandard()


def _planes(crops: "Tensor") -> "Tensor":
    """Return brightness and the differences of blue and red from it, each about in [-1, 1]."""
    import torch

    red, green, blue = (crops[..., channel].float() / 255.0 for channel in range(3))
    of_red, of_green, of_blue = _BRIGHTNESS
    brightness = of_red * red + of_green * green + of_blue * blue
    return torch.stack([brightness, blue - brightness, red - brightness], dim=1)


def _bands(planes: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return what is finer than the first scale, and what is between the first and the second."""
    fine, wide = (_blurred(planes, sigma) for sigma in _SIGMAS)
    return planes - fine, fine - wide


def _blurred(planes: "Tensor", sigma: float) -> "Tensor":
    import torch
    from torch.nn import functional

    offsets = torch.arange(-_REACH, _REACH + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(planes.device)
    channels = planes.shape[1]
    across = kernel.reshape(1, 1, 1, -1).repeat(channels, 1, 1, 1)
    edged = functional.pad(planes, (_REACH,) * 4, mode="replicate")
    once = functional.conv2d(edged, across, groups=channels)
    return functional.conv2d(once, across.transpose(2, 3), groups=channels)


def _pooled(maps: "Tensor") -> "Tensor":
    from torch.nn import functional

    return functional.avg_pool2d(maps, maps.shape[-1] // COARSE)


def _deviation(values: "Tensor", centre: "Tensor") -> "Tensor":
    return ((values - centre) ** 2).mean(dim=(2, 3), keepdim=True).sqrt() + _EPSILON
