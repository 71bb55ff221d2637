"""The recipe of the thesis: a pretrained backbone, its last stage trained, and eight dense layers.

Reference: Facial Liveness Testing: an approach for the web (2019), section D: no pooling, the
output of the backbone is flattened; Leaky ReLU, batch normalisation and dropout between the dense
layers; two softmax outputs and categorical cross-entropy.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from facepad.errors import ModelError, SettingsError, unknown_name
from facepad.models.index import Entry
from facepad.training.network import small
from facepad.training.network.resnet import DEPTHS, resnet
from facepad.training.pretrained import (
    EFFICIENTNET_LITE0,
    MOBILENET_V2,
    given_state,
    published_state,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

SIDE = 224  # pixels of the crop
# Eight layers; the thesis gives their number and that they shrink towards the output.
WIDTHS = (512, 256, 128, 64, 32, 16, 8, 2)
_COMPUTED_AS = 1  # raised when the same crop would give other numbers of frozen stages
BONA_FIDE = 1  # index of the output; attack is 0
SLOPE, DROPOUT = 0.3, 0.3  # of Leaky ReLU below 0; share of numbers


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """A backbone, and how much of it is trained.

    Attributes:
        make: Makes its convolutions with random weights.
        split: Where the last stage begins: index of a stage, and index within it or 0.
        weights: Published weights; None where the user names them, or where there are none.
        pretrained: Whether it begins with pretrained weights; otherwise all of it is trained.
        mean: Subtracted from pixels in 0..1.
        std: What they are divided by then.
    """

    make: "Callable[[], nn.Sequential]"
    split: tuple[int, int]
    weights: Entry | None = None
    pretrained: bool = True
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)  # of ImageNet
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


_LITE = 127.0 / 255.0, 128.0 / 255.0  # (x - 127) / 128 in grey levels
BACKBONES: Mapping[str, BackboneSpec] = MappingProxyType(
    {
        "resnet50": BackboneSpec(lambda: resnet(DEPTHS["resnet50"]), (7, 0)),
        "resnet101": BackboneSpec(lambda: resnet(DEPTHS["resnet101"]), (7, 0)),
        "alexnet": BackboneSpec(small.alexnet, (0, 0), pretrained=False),
        "mobilenet-v2": BackboneSpec(small.mobilenet_v2, (0, 17), MOBILENET_V2),
        "efficientnet-lite0": BackboneSpec(
            small.efficientnet_lite0,
            (3, 15),
            EFFICIENTNET_LITE0,
            mean=(_LITE[0],) * 3,
            std=(_LITE[1],) * 3,
        ),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class SplitBackbone:
    """A backbone in two parts.

    Attributes:
        frozen: The stages that stay as they are, in evaluation mode; empty for none.
        trained: The last stage, or all of it.
    """

    frozen: "nn.Sequential"
    trained: "nn.Sequential"


def backbone(name: str, state: "Mapping[str, Tensor] | None" = None) -> SplitBackbone:
    """Return a backbone in its two parts.

    Args:
        name: One of `BACKBONES`.
        state: Weights with the keys of the backbone; what stands for classes is left out. None
            for random weights.

    Raises:
        SettingsError: There is no such backbone.
        ModelError: The weights are of another network.
    """
    from torch import nn

    spec = spec_of(name)
    whole = spec.make()
    if state is not None:
        own = whole.state_dict()
        kept = {key: value for key, value in state.items() if key in own}
        if missing := [key for key in own if key not in kept and "num_batches" not in key]:
            raise ModelError(
                f"the weights are not those of {name}: {len(missing)} of {len(own)} tensors are "
                f"missing, such as {missing[0]}"
            )
        try:
            whole.load_state_dict(kept, strict=False)
        except RuntimeError as error:
            raise ModelError(f"the weights are not those of {name}: {error!s:.300}") from error
    stage, inside = spec.split
    stages = list(whole.children())
    first, last = stages[:stage], stages[stage:]
    if inside:
        first, last = [*first, last[0][:inside]], [last[0][inside:], *last[1:]]
    frozen = nn.Sequential(*first).requires_grad_(False).eval()
    return SplitBackbone(frozen, nn.Sequential(*last))


def spec_of(name: str) -> BackboneSpec:
    """Return the backbone of a name.

    Raises:
        SettingsError: There is none.
    """
    if name not in BACKBONES:
        raise SettingsError(unknown_name("backbone", name, tuple(BACKBONES)))
    return BACKBONES[name]


def pretrained_state(
    name: str, source: str | None, sha256: str | None
) -> "Mapping[str, Tensor] | None":
    """Return the pretrained weights of a backbone; None where it is trained from scratch.

    Args:
        name: One of `BACKBONES`.
        source: File or https address of the weights; None for those that are published in the
            package index.
        sha256: Expected hash of that file.

    Raises:
        SettingsError: A file was given without its hash, or for a backbone that takes none.
        ModelError: The weights cannot be had or are wrong.
    """
    spec = spec_of(name)
    if not spec.pretrained:
        if source is not None:
            raise SettingsError(f"{name} is trained from scratch and takes no weights")
        return None
    if source is not None:
        if not sha256:
            raise SettingsError(f"--weights needs --sha256, the hash of {source}")
        return given_state(source, sha256)
    if spec.weights is None:
        raise ModelError(
            f"{name} needs ImageNet weights with the keys of torchvision, which the package index "
            "does not have: give --weights FILE, or an https address, and --sha256. The backbones "
            f"{', '.join(_with_weights())} need neither"
        )
    return published_state(spec.weights)


@dataclass(frozen=True, slots=True)
class FrozenStages:
    """Which frozen stages a map was computed by.

    Attributes:
        backbone: Name of the backbone.
        source: File or address of its weights; None for the published ones.
        sha256: Hash of that file.
    """

    backbone: str
    source: str | None = None
    sha256: str | None = None

    @property
    def tag(self) -> str:
        """What a map depends on beside the picture."""
        entry = spec_of(self.backbone).weights
        known = self.sha256 or (entry.sha256 if entry else "")
        return f"{_COMPUTED_AS}|{self.backbone}|{known}"

    def state(self) -> "dict[str, Tensor] | None":
        """Return the pretrained weights; None where there are none.

        Raises:
            ModelError: They cannot be had or are wrong.
        """
        state = pretrained_state(self.backbone, self.source, self.sha256)
        return None if state is None else dict(state)


def head(inputs: int) -> "nn.Sequential":
    """Return the dense layers: logits of attack and bona fide from a flattened output.

    Args:
        inputs: Numbers of the flattened output.
    """
    from torch import nn

    layers: list[nn.Module] = [nn.Flatten()]
    for width in WIDTHS[:-1]:
        layers += [nn.Linear(inputs, width), nn.LeakyReLU(SLOPE)]
        layers += [nn.BatchNorm1d(width), nn.Dropout(DROPOUT)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, WIDTHS[-1]))


def trained_part(parts: SplitBackbone, side: int = SIDE) -> "nn.Sequential":
    """Return what is trained: the last stage of a backbone, and the head.

    Args:
        parts: The backbone; the last stage is used, not copied.
        side: Pixels of the crop.
    """
    import torch
    from torch import nn

    with torch.no_grad():
        before = parts.frozen(torch.zeros(1, 3, side, side))
        after = parts.trained.eval()(before)
    return nn.Sequential(OrderedDict(stage=parts.trained, head=head(after[0].numel())))


def _with_weights() -> list[str]:
    return [name for name, spec in BACKBONES.items() if spec.weights is not None]
