"""Networks over volumes of faces: surface statistics, a residual one, VoxNet and the thesis's.

Each takes ``occupancy`` (N, 64, 64, 64) and ``crops`` (N, 192, 192, 3) and gives one raw logit and
the features before the last layer. No output is ever a softmax over a single number, which is 1
whatever the network sees. The frozen trunk is that of the reconstruction: in use its maps come
with the volume.

References:
    Maturana, Scherer (2015), "VoxNet", IROS, doi:10.1109/IROS.2015.7353481. Facial Liveness
    Testing: an approach for the web (2019), section E.4: VoxNet with 12 filters over 192x192x200
    voxels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from facepad.errors import SettingsError
from facepad.training.face.export import CHANNELS
from facepad.training.reconstruct.decoder import TAPS
from facepad.training.voxel import painting
from facepad.training.voxel.painting import COARSE

if TYPE_CHECKING:
    from torch import Tensor, nn

RecipeKind = Literal["surface", "residual", "voxnet", "thesis"]
InputKind = Literal["occupancy", "appearance", "both"]
THESIS_SIZE = (200, 192, 192)  # slices, lines and columns of the volume in the thesis
_THESIS_FILTERS, _THESIS_POOLED = 12, 6  # voxels to each side that reach the dense layer
_TWO = 2
_TRUNK_WIDTH = 8  # learned maps of each block of the trunk
_WIDTHS = (16, 32, 64)  # channels at 16, 8 and 4 voxels to each side
_DENSE = 64
_LEAK = 0.1  # of VoxNet's rectifiers
# Log-odds of the two heads of the recipe "surface" are sharpened, since the penalty on their
# weights flattens them, and masks are taken for rarer than flat media.
_SHARPENED, _RARER = 1.5, 1.5
_FLIP = 2.0  # maps shares in [0, 1] to [-1, 1], the range of VoxNet's occupancy grids


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """Which network, and what it sees.

    Attributes:
        recipe: "surface": means and spreads over the surface of what is painted on it, beside a
            residual net over the shape; "residual": such a net over both; "voxnet" as published;
            "thesis": VoxNet as the thesis had it, over 192x192x200 voxels, with two outputs.
        inputs: "occupancy"; "appearance": what is painted on the surface, and the surface; or both.
        blocks: Blocks of the frozen trunk whose features are painted beside colour and residue.

    Raises:
        SettingsError: The reconstruction does not give the output of one of the blocks.
    """

    recipe: RecipeKind = "surface"
    inputs: InputKind = "both"
    blocks: tuple[int, ...] = TAPS

    def __post_init__(self) -> None:
        if unknown := [block for block in self.blocks if block not in TAPS]:
            raise SettingsError(
                f"the trunk gives its blocks {', '.join(map(str, TAPS))}, got "
                f"{', '.join(map(str, unknown))}"
            )

    @property
    def has_mask_head(self) -> bool:
        """Whether flat media and masks have a head each."""
        return self.recipe == "surface" and self.has_appearance

    @property
    def has_appearance(self) -> bool:
        """Whether the crop is seen."""
        return self.inputs != "occupancy"

    @property
    def has_trunk(self) -> bool:
        """Whether the frozen backbone sees the crop."""
        return self.has_appearance and bool(self.blocks)

    @property
    def maps(self) -> int:
        """Number of maps that are painted."""
        learned = self.has_trunk * _TRUNK_WIDTH * len(self.blocks)
        return painting.COLOURS + painting.RESIDUES + learned


def voxel_network(spec: NetworkSpec, trunk: "Mapping[str, Tensor] | None" = None) -> "nn.Module":
    """Return an untrained network.

    Args:
        spec: Which.
        trunk: Weights of the frozen backbone, from `facepad.training.face.export.weights`, where
            the network sees with it.
    """
    import torch

    stem, body, head = _PARTS[spec.recipe](spec)
    seen = frozen_maps(spec, trunk or {})

    class VoxelClassifier(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.body, self.head = stem, body, head

        def forward(self, occupancy: "Tensor", *maps: "Tensor") -> "tuple[Tensor, Tensor]":
            features = self.body(self.stem(occupancy, maps))
            outputs = self.head(features)
            if spec.has_mask_head:
                return joined(outputs), features
            # Of two softmax outputs the log-odds are the difference of what goes into them.
            two = outputs.shape[1] == _TWO
            return (outputs[:, 1] - outputs[:, 0] if two else outputs[:, 0]), features

    class VoxelNetwork(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.seen, self.classifier = seen, VoxelClassifier()

        def forward(self, occupancy: "Tensor", crops: "Tensor") -> "tuple[Tensor, Tensor]":
            logit, features = self.classifier(occupancy, *self.seen(crops))
            return logit, features

    return VoxelNetwork()


def joined(outputs: "Tensor") -> "Tensor":
    """Return the log-odds of bona fide from those against flat media and against masks.

    A picture is bona fide where it is neither; the odds of the two kinds of attack add up.

    Args:
        outputs: Of the heads, shape (N, 2).
    """
    import torch

    flat, mask = _SHARPENED * outputs[:, 0], _SHARPENED * outputs[:, 1] + _RARER
    # Not by torch.logaddexp, which overflows in ONNX.
    near, far = torch.minimum(flat, mask), torch.maximum(flat, mask)
    return near - torch.log1p(torch.exp(near - far))


def frozen_maps(spec: NetworkSpec, weights: "Mapping[str, Tensor]") -> "nn.Module":
    """Return the module of what a network sees of crops and never learns.

    It gives colour and residue, shape (N, 12, 32, 32), and the outputs of the backbone's blocks;
    nothing where the network sees the occupancy alone.
    """
    import torch

    class FrozenMaps(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.names = tuple(
                name
                for name in (weights if spec.has_trunk else ())
                if name.startswith("stem") or int(name.partition(".")[0]) <= max(spec.blocks)
            )
            for name in self.names:  # names of buffers have no dots
                self.register_buffer(name.replace(".", "_"), weights[name].clone())

        def forward(self, crops: "Tensor") -> "tuple[Tensor, ...]":
            if not spec.has_appearance:
                return ()
            own = painting.appearance_maps(crops)
            if not spec.has_trunk:
                return (own,)
            trunk = {name: getattr(self, name.replace(".", "_")) for name in self.names}
            return (own, *painting.trunk_maps(trunk, crops, spec.blocks))

    return FrozenMaps().eval()


def _painted_blocks(spec: NetworkSpec) -> tuple[int, ...]:
    return spec.blocks if spec.has_trunk else ()


# --- as published, and as in the thesis ---------------------------------------------------


def _voxnet(spec: NetworkSpec) -> "_Parts":
    """Return VoxNet as published, with its dropout, over 32x32x32 voxels."""
    import torch
    from torch import nn

    class PaintedVoxels(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.painter = painting.painter(_painted_blocks(spec), _TRUNK_WIDTH)

        def forward(self, occupancy: "Tensor", maps: "Sequence[Tensor]") -> "Tensor":
            volume = painting.coarse(occupancy)
            parts = [] if spec.inputs == "appearance" else [_FLIP * volume - 1.0]
            if maps:
                share = painting.surface(volume)
                parts += [share, painting.painted(self.painter(maps), share)]
            return torch.cat(parts, dim=1)

    channels = (spec.inputs != "appearance") + spec.has_appearance * (1 + spec.maps)
    side = ((COARSE - 5) // 2 + 1 - 2) // 2
    body = nn.Sequential(*_convolutions(channels, 32), *_dense(32 * side**3))
    return PaintedVoxels(), body, nn.Linear(128, 1)


def _thesis(spec: NetworkSpec) -> "_Parts":
    """Return VoxNet as the thesis had it; pooled to 6 voxels to each side before the dense layer.

    Unpooled, that layer alone would have 416 million weights.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    if spec.inputs != "occupancy":
        raise SettingsError(
            f"the recipe thesis sees the occupancy alone, got {spec.inputs!r}; give --inputs "
            "occupancy"
        )

    class FineVoxels(torch.nn.Module):  # type: ignore[misc]  # Any
        def forward(self, occupancy: "Tensor", maps: "Sequence[Tensor]") -> "Tensor":  # noqa: ARG002
            return functional.interpolate(occupancy[:, None], THESIS_SIZE, mode="nearest")

    filters = _THESIS_FILTERS
    pooled = nn.AvgPool3d((8, 6, 6), stride=8)
    dense = _dense(filters * _THESIS_POOLED**3)
    body = nn.Sequential(*_convolutions(1, filters), pooled, *dense)
    return FineVoxels(), body, nn.Linear(128, _TWO)


def _convolutions(channels: int, filters: int) -> "list[nn.Module]":
    from torch import nn

    return [
        *(nn.Conv3d(channels, filters, 5, stride=2), nn.LeakyReLU(_LEAK), nn.Dropout(0.2)),
        *(nn.Conv3d(filters, filters, 3), nn.LeakyReLU(_LEAK), nn.MaxPool3d(2), nn.Dropout(0.3)),
    ]


def _dense(width: int) -> "list[nn.Module]":
    from torch import nn

    return [nn.Flatten(), nn.Linear(width, 128), nn.ReLU(), nn.Dropout(0.4)]


# --- statistics of the surface ------------------------------------------------------------


def _surface(spec: NetworkSpec) -> "_Parts":
    """Return statistics of what is painted on the surface, and a residual net over the shape.

    The heads are linear and strongly shrunk: simulations are few, and what separates them best is
    not what separates real attacks.
    """
    import torch
    from torch import nn

    shape = None
    if spec.inputs != "appearance":
        stem, body, _ = _residual(replace(spec, inputs="occupancy"))
        shape = nn.ModuleList([stem, body])
    count = 0
    if spec.has_appearance:
        painted = (painting.COLOURS + painting.RESIDUES, *(CHANNELS[at] for at in spec.blocks))
        count = 2 * sum(painted)
    width = count + (spec.inputs != "appearance") * _DENSE

    class SurfaceStatistics(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.shape = shape

        def forward(self, occupancy: "Tensor", maps: "Sequence[Tensor]") -> "Tensor":
            parts = [painting.statistics(occupancy, maps)] if maps else []
            if self.shape is not None:
                stem, body = self.shape
                parts.append(body(stem(occupancy, ())))
            return torch.cat(parts, dim=1)

    head = nn.Linear(width, 1 + spec.has_mask_head)
    return SurfaceStatistics(), painting.standardised(width), head


# --- residual -----------------------------------------------------------------------------


def _residual(spec: NetworkSpec) -> "_Parts":
    """Return a net of two residual stages; it is small, since simulations are few."""
    from torch import nn

    stages: list[nn.Module] = []
    for before, width in pairwise(_WIDTHS):
        stages += [*_convolved(before, width, 2), nn.ReLU(), _block(width), nn.Dropout3d(0.1)]
    body = nn.Sequential(
        *(*stages, nn.AvgPool3d(2), nn.Flatten(), nn.Dropout(0.3)),
        *(nn.Linear(_WIDTHS[-1] * 2**3, _DENSE), nn.ReLU(), nn.Dropout(0.3)),
    )
    return _mixed_voxels(spec), body, nn.Linear(_DENSE, 1)


def _mixed_voxels(spec: NetworkSpec) -> "nn.Module":
    """Return a module that gives 16x16x16 voxels: mixed maps on the surface, and the shape.

    Maps are mixed by a flat convolution before they are painted, at a small part of the cost of
    one over voxels.
    """
    import torch
    from torch import nn

    width = _WIDTHS[0]

    class MixedVoxels(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            if spec.has_appearance:
                self.painter = painting.painter(_painted_blocks(spec), _TRUNK_WIDTH)
                flat = nn.Conv2d(spec.maps, width, 3, 2, padding=1, bias=False)
                self.mixed = nn.Sequential(
                    flat, nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout2d(0.1)
                )
            if spec.inputs != "appearance":
                self.shape = nn.Sequential(*_convolved(2, width, 2))
            self.normed = nn.BatchNorm3d(width)

        def forward(self, occupancy: "Tensor", maps: "Sequence[Tensor]") -> "Tensor":
            volume = painting.coarse(occupancy)
            share = painting.surface(volume)
            parts = []
            if maps:
                half = nn.functional.avg_pool3d(share, 2) * 2.0  # 1 in all along a column
                parts.append(painting.painted(self.mixed(self.painter(maps)), half))
            if spec.inputs != "appearance":
                parts.append(self.shape(torch.cat([_FLIP * volume - 1.0, share], dim=1)))
            return torch.relu(self.normed(sum(parts)))

    return MixedVoxels()


def _block(width: int) -> "nn.Module":
    """Return a residual block of two convolutions."""
    import torch

    inside = torch.nn.Sequential(
        *_convolved(width, width, 1), torch.nn.ReLU(), *_convolved(width, width, 1)
    )

    class ResidualBlock(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.inside = inside

        def forward(self, values: "Tensor") -> "Tensor":
            return torch.relu(values + self.inside(values))

    return ResidualBlock()


def _convolved(before: int, width: int, stride: int) -> "tuple[nn.Module, nn.Module]":
    from torch import nn

    return nn.Conv3d(before, width, 3, stride, padding=1, bias=False), nn.BatchNorm3d(width)


_Parts = tuple[Any, Any, Any]  # stem, body and head, torch modules
_PARTS: Mapping[RecipeKind, Callable[[NetworkSpec], _Parts]] = MappingProxyType(
    {"surface": _surface, "residual": _residual, "voxnet": _voxnet, "thesis": _thesis}
)
