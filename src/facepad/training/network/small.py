"""AlexNet, MobileNetV2 and EfficientNet-Lite0 without pooling and classes.

References: Krizhevsky (2014), "One weird trick for parallelizing convolutional neural networks",
arXiv:1404.5997; Sandler, Howard, Zhu, Zhmoginov, Chen (2018), "MobileNetV2", CVPR,
arXiv:1801.04381; Tan, Le (2019), "EfficientNet", ICML, arXiv:1905.11946.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING

from facepad.training.face.export import NORM_EPSILON, STAGES

if TYPE_CHECKING:
    from torch import Tensor, nn

# MobileNetV2: expansion, channels out, repeats, stride of the first.
_INVERTED = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_STEM, _LAST = 32, 1280  # channels of the first and of the last convolution


def alexnet() -> "nn.Sequential":
    """Return the convolutions of AlexNet: (N, 3, 224, 224) gives (N, 256, 6, 6).

    Its keys are those of torchvision.
    """
    from torch import nn

    features = nn.Sequential(
        *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
    )
    return nn.Sequential(OrderedDict(features=features))


def mobilenet_v2() -> "nn.Sequential":
    """Return the convolutions of MobileNetV2: (N, 3, 224, 224) gives (N, 1280, 7, 7).

    Its keys are those of torchvision.
    """
    from torch import nn

    blocks, channels = [_unit(3, _STEM, 3, 2)], _STEM
    for expansion, out, repeats, stride in _INVERTED:
        for index in range(repeats):
            blocks.append(_inverted(channels, out, expansion, 1 if index else stride))
            channels = out
    blocks.append(_unit(channels, _LAST, 1, 1))
    return nn.Sequential(OrderedDict(features=nn.Sequential(*blocks)))


def efficientnet_lite0() -> "nn.Sequential":
    """Return the convolutions of EfficientNet-Lite0: (N, 3, 224, 224) gives (N, 1280, 7, 7).

    Its keys are those of the published weights. Batch normalisation as in TensorFlow.
    """
    from torch import nn

    blocks, channels = [], _STEM
    for repeats, kernel, stride, expansion, out in STAGES:
        for index in range(repeats):
            size = kernel, 1 if index else stride
            blocks.append(_lite_block(channels, out, expansion, size))
            channels = out
    return nn.Sequential(
        OrderedDict(
            _conv_stem=_same_conv(3, _STEM, 3, 2),
            _bn0=nn.BatchNorm2d(_STEM, NORM_EPSILON),
            _relu0=nn.ReLU6(),
            _blocks=nn.Sequential(*blocks),
            _conv_head=_same_conv(channels, _LAST, 1, 1),
            _bn1=nn.BatchNorm2d(_LAST, NORM_EPSILON),
            _relu1=nn.ReLU6(),
        )
    )


def _unit(channels: int, out: int, kernel: int, stride: int, groups: int = 1) -> "nn.Sequential":
    from torch import nn

    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU6())


def _inverted(channels: int, out: int, expansion: int, stride: int) -> "nn.Module":
    from torch import nn

    wide = channels * expansion
    units = [_unit(channels, wide, 1, 1)] if expansion > 1 else []
    units.append(_unit(wide, wide, 3, stride, wide))
    last = nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out)

    class InvertedResidual(nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Sequential(*units, *last)

        def forward(self, given: "Tensor") -> "Tensor":
            value = self.conv(given)
            return value + given if stride == 1 and channels == out else value

    return InvertedResidual()


def _lite_block(channels: int, out: int, expansion: int, size: tuple[int, int]) -> "nn.Module":
    from torch import nn

    wide, (kernel, stride) = channels * expansion, size

    class LiteBlock(nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU6()
            if expansion > 1:
                self._expand_conv = _same_conv(channels, wide, 1, 1)
                self._bn0 = nn.BatchNorm2d(wide, NORM_EPSILON)
            self._depthwise_conv = _same_conv(wide, wide, kernel, stride, wide)
            self._bn1 = nn.BatchNorm2d(wide, NORM_EPSILON)
            self._project_conv = _same_conv(wide, out, 1, 1)
            self._bn2 = nn.BatchNorm2d(out, NORM_EPSILON)

        def forward(self, given: "Tensor") -> "Tensor":
            value = given
            if expansion > 1:
                value = self.relu(self._bn0(self._expand_conv(value)))
            value = self.relu(self._bn1(self._depthwise_conv(value)))
            value = self._bn2(self._project_conv(value))
            return value + given if stride == 1 and channels == out else value

    return LiteBlock()


def _same_conv(channels: int, out: int, kernel: int, stride: int, groups: int = 1) -> "nn.Module":
    """Return a convolution padded as in TensorFlow: of an odd padding, more right and below.

    The sides of its input are even where the stride is 2.
    """
    from torch import nn
    from torch.nn import functional

    least = (kernel - stride) // 2
    sides = (least, kernel - stride - least) * 2

    class SameConv(nn.Conv2d):  # type: ignore[misc]  # Any
        def forward(self, given: "Tensor") -> "Tensor":
            padded = functional.pad(given, sides) if kernel > 1 else given
            return super().forward(padded)

    return SameConv(channels, out, kernel, stride, groups=groups, bias=False)
