"""The decoder of volumes: it can learn, and what it gives is a volume."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from facepad.liveness.voxel.volume import DEPTH_PITCH, GRID, SLICES, Volume, solid
from facepad.training.reconstruct.maps import in_slices, shares
from with_torch import NEEDS_TORCH, torch

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = NEEDS_TORCH


def maps(count: int) -> list["Tensor"]:
    """Return made-up maps of the trunk."""
    from facepad.training.face.export import CHANNELS
    from facepad.training.reconstruct.decoder import TAPS

    torch.manual_seed(1)
    sides = (48, 24, 12, 6)
    return [
        torch.randn(count, CHANNELS[tap], side, side) for tap, side in zip(TAPS, sides, strict=True)
    ]


def slices(count: int) -> "Tensor":
    """Return one tilted surface each, absent at the left."""
    x = torch.arange(GRID).float()
    tilt = torch.linspace(-0.3, 0.3, count)[:, None, None]
    depth = (SLICES / 2 + tilt * (x - GRID / 2)).expand(count, GRID, GRID).clone()
    depth[:, :, :10] = float("nan")
    return depth


def test_the_decoder_overfits_one_batch() -> None:
    from facepad.training.reconstruct import decoder as network

    torch.manual_seed(0)
    net, given, wanted = network.decoder(), maps(2), slices(2)
    optimizer = torch.optim.AdamW(net.parameters(), 6e-3)
    for _ in range(40):
        loss = network.loss(net(given), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        found = network.occupancy(net(given)).numpy()
    depth = np.stack([Volume(one).depth for one in found])
    true = (wanted.numpy() - SLICES / 2) * DEPTH_PITCH
    both = np.isfinite(depth) & np.isfinite(true)
    assert (np.isfinite(depth) == np.isfinite(true)).mean() > 0.95
    assert np.abs(depth - true)[both].mean() < 4.0
    assert np.ptp(depth[0][both[0]]) > 5.0  # the surfaces are not all alike


def test_an_occupancy_never_falls_with_the_depth() -> None:
    from facepad.training.reconstruct import decoder as network

    torch.manual_seed(0)
    with torch.no_grad():
        found = network.occupancy(network.decoder().eval()(maps(1))).numpy()
    assert found.shape == (1, SLICES, GRID, GRID)
    assert (np.diff(found, axis=1) >= -1e-6).all()
    assert 0.0 <= found.min() <= found.max() <= 1.0 + 1e-5


def test_the_loss_is_least_at_the_true_surface() -> None:
    from facepad.training.reconstruct import decoder as network

    wanted = slices(1)
    present = torch.isfinite(wanted)
    start = torch.where(present, wanted, torch.zeros_like(wanted))

    def logits(off: float) -> "Tensor":
        at = torch.arange(SLICES).float()[None, :, None, None]
        near = 20.0 * (1.0 - (at - (start + off)[:, None]).abs()).clamp(0.0, 1.0)
        return torch.cat([torch.where(present, 8.0, -8.0)[:, None], near], dim=1)

    right, wrong = (float(network.loss(logits(off), wanted)) for off in (0.0, 6.0))
    assert right < 0.5 * wrong


def test_slices_and_depths_agree_with_the_volume() -> None:
    depth = np.full((GRID, GRID), -7.0, np.float16)
    volume = solid(depth.astype(np.float32), np.ones((GRID, GRID), np.bool_))
    assert in_slices(depth)[0, 0] == SLICES - volume[:, 0, 0].sum()


def test_kinds_are_drawn_by_their_shares() -> None:
    kinds = ["render"] * 70 + ["bona_fide"] * 10 + ["print"] * 5 + ["mask"] * 15
    each = shares(kinds)
    assert each.sum() == pytest.approx(1.0)
    assert each[:70].sum() == pytest.approx(0.35)
    assert each[80:85].sum() == pytest.approx(each[85:].sum())
