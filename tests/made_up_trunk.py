"""Made-up weights of the frozen backbone, so that nothing is downloaded."""

from typing import TYPE_CHECKING

from facepad.training.face.export import folded

if TYPE_CHECKING:
    from torch import Tensor


def weights() -> "dict[str, Tensor]":
    """Return random weights, large enough that deep blocks still depend on the picture."""
    import torch

    from facepad.training.network.thesis import BACKBONES

    random = torch.Generator().manual_seed(5)
    state = BACKBONES["efficientnet-lite0"].make().state_dict()
    for name, value in state.items():
        if value.ndim == 4:
            spread = (2.0 / value[0].numel()) ** 0.5  # keeps the variance through ReLU
            state[name] = spread * torch.randn(value.shape, generator=random)
    return folded(state)
