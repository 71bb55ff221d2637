"""EfficientNet-Lite0 in torch, for training and export only: a pure function of its weights.

    weights = folded(state)  # batch normalisation taken into the convolutions
    outputs = blocks(weights, pictures, deepest=14)

Checks use the exported network through `facepad.models.session`; they never need torch.

Reference: Tan, Le (2019), "EfficientNet", ICML, arXiv:1905.11946; the Lite variants have ReLU6
and no squeeze-and-excitation.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

# Repeats, kernel, stride of the first, expansion, channels out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
CHANNELS = tuple(stage[4] for stage in STAGES for _ in range(stage[0]))
CENTRE, SPREAD = 127.0, 128.0  # pixels as the network was trained: (x - 127) / 128
_NORM_EPSILON = 1e-3  # of TensorFlow's batch normalisation
_SPREAD_EPSILON = 1e-6  # keeps the root's slope finite on a flat channel

# Convolution and the normalisation behind it, in a block's keys.
_PARTS = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))

Weights = Mapping[str, "Tensor"]


def folded(state: Weights) -> dict[str, "Tensor"]:
    """Weights and biases of all convolutions up to the last block.

    Args:
        state: The state dict as its authors published it.

    Returns:
        ``stem.weight``, ``stem.bias``, ``0._depthwise_conv.weight`` and so on; the batch
        normalisation, which does not move at inference, is taken into them.
    """
    found = dict(_fold(state, "_conv_stem", "_bn0", "stem"))
    for index in range(len(CHANNELS)):
        for conv, norm in _PARTS:
            inside = f"_blocks.{index}."
            if f"{inside}{conv}.weight" in state:
                found |= _fold(state, inside + conv, inside + norm, f"{index}.{conv}")
    return found


def blocks(weights: Weights, pictures: "Tensor", deepest: int) -> list["Tensor"]:
    """Outputs of the blocks 0 to ``deepest``.

    Args:
        weights: From `folded`.
        pictures: RGB, 0..255, shape (N, H, W, 3).
        deepest: Index of the last block that is computed, 0 to 15.

    Returns:
        Maps of shape (N, C, h, w), one per block.
    """
    value = (pictures.float().permute(0, 3, 1, 2) - CENTRE) / SPREAD
    value = _convolved(weights, "stem", value, 2).clamp(0.0, 6.0)
    outputs = []
    for index, stride in enumerate(_strides()[: deepest + 1]):
        value = _block(weights, index, value, stride)
        outputs.append(value)
    return outputs


def statistics(output: "Tensor") -> "Tensor":
    """Mean, then standard deviation of each channel over the map: shape (N, 2 C)."""
    import torch

    mean = output.mean(dim=(2, 3), keepdim=True)
    variance = ((output - mean) ** 2).mean(dim=(2, 3))
    return torch.cat([mean.flatten(1), (variance + _SPREAD_EPSILON).sqrt()], dim=1)


def _block(weights: Weights, index: int, value: "Tensor", stride: int) -> "Tensor":
    before = value
    if f"{index}._expand_conv.weight" in weights:
        value = _convolved(weights, f"{index}._expand_conv", value).clamp(0.0, 6.0)
    value = _convolved(weights, f"{index}._depthwise_conv", value, stride).clamp(0.0, 6.0)
    value = _convolved(weights, f"{index}._project_conv", value)
    return value + before if value.shape[1:] == before.shape[1:] else value


def _convolved(weights: Weights, name: str, value: "Tensor", stride: int = 1) -> "Tensor":
    """A convolution padded as in TensorFlow: what is odd goes to the right and below."""
    from torch.nn import functional

    kernel = weights[f"{name}.weight"]
    groups = value.shape[1] // kernel.shape[1]
    missing = [
        max(0, (-(-size // stride) - 1) * stride + kernel.shape[-1] - size)
        for size in (value.shape[3], value.shape[2])
    ]
    sides = [side for all_of in missing for side in (all_of // 2, all_of - all_of // 2)]
    padded = functional.pad(value, sides)
    return functional.conv2d(padded, kernel, weights[f"{name}.bias"], stride, groups=groups)


def _strides() -> list[int]:
    return [
        stride if index == 0 else 1
        for repeats, _, stride, _, _ in STAGES
        for index in range(repeats)
    ]


def _fold(state: Weights, conv: str, norm: str, name: str) -> Iterator[tuple[str, "Tensor"]]:
    gain = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + _NORM_EPSILON).sqrt()
    yield f"{name}.weight", state[f"{conv}.weight"] * gain[:, None, None, None]
    yield f"{name}.bias", state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
