"""ResNet-50 and ResNet-101 without pooling and classes, with the state-dict keys of torchvision.

Reference: He, Zhang, Ren, Sun (2016), "Deep residual learning for image recognition", CVPR,
doi:10.1109/CVPR.2016.90; the stride lies in the 3x3 convolution, as in torchvision.
"""

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

DEPTHS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
)
_EXPANSION = 4


def resnet(depths: tuple[int, ...]) -> "nn.Sequential":
    """Return the convolutions of a ResNet of bottleneck blocks, with random weights.

    Args:
        depths: Number of blocks of each of the four stages.

    Returns:
        The stages ``conv1``, ``bn1``, ``relu``, ``maxpool``, ``layer1`` to ``layer4``. RGB of shape
        (N, 3, 224, 224) gives (N, 2048, 7, 7).
    """
    from torch import nn

    stages: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        bn1=nn.BatchNorm2d(64),
        relu=nn.ReLU(),
        maxpool=nn.MaxPool2d(3, 2, 1),
    )
    channels = 64
    for number, depth in enumerate(depths):
        width = 64 * 2**number
        blocks = []
        for index in range(depth):
            stride = 2 if number and not index else 1
            blocks.append(_bottleneck(channels, width, stride))
            channels = width * _EXPANSION
        stages[f"layer{number + 1}"] = nn.Sequential(*blocks)
    return nn.Sequential(stages)


def _bottleneck(channels: int, width: int, stride: int) -> "nn.Module":
    from torch import nn

    out = width * _EXPANSION

    class Bottleneck(nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = _conv(channels, width, 1), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = _conv(width, width, 3, stride), nn.BatchNorm2d(width)
            self.conv3, self.bn3 = _conv(width, out, 1), nn.BatchNorm2d(out)
            self.relu = nn.ReLU()
            if stride > 1 or channels != out:
                self.downsample = nn.Sequential(
                    _conv(channels, out, 1, stride), nn.BatchNorm2d(out)
                )

        def forward(self, given: "Tensor") -> "Tensor":
            value = self.relu(self.bn1(self.conv1(given)))
            value = self.relu(self.bn2(self.conv2(value)))
            value = self.bn3(self.conv3(value))
            shortcut = self.downsample(given) if hasattr(self, "downsample") else given
            return self.relu(value + shortcut)

    return Bottleneck()


def _conv(channels: int, out: int, kernel: int, stride: int = 1) -> "nn.Conv2d":
    from torch import nn

    return nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
