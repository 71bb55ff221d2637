"""Networks over volumes can learn, depend on what they see, and are the same in ONNX."""

from typing import Any, cast

import numpy as np
import pytest

import made_up_trunk
from facepad.errors import SettingsError
from facepad.liveness.voxel.reconstructor import map_name
from facepad.training.face.export import CHANNELS
from facepad.training.voxel import painting
from facepad.training.voxel.in_onnx import exported, exported_maps
from facepad.training.voxel.learning import VoxelTraining
from facepad.training.voxel.networks import (
    InputKind,
    NetworkSpec,
    RecipeKind,
    joined,
    voxel_network,
)
from with_torch import NEEDS_TORCH, torch

pytestmark = NEEDS_TORCH

SPECS = {
    "surface both": NetworkSpec("surface", "both", ()),
    "surface appearance": NetworkSpec("surface", "appearance", ()),
    "surface occupancy": NetworkSpec("surface", "occupancy"),
    "residual both": NetworkSpec("residual", "both", ()),
    "residual appearance": NetworkSpec("residual", "appearance", ()),
    "residual occupancy": NetworkSpec("residual", "occupancy"),
    "voxnet": NetworkSpec("voxnet", "occupancy"),
    "voxnet both": NetworkSpec("voxnet", "both", ()),
    "thesis": NetworkSpec("thesis", "occupancy"),
}
QUICK = ("surface both", "residual both", "residual appearance", "residual occupancy", "voxnet")


def batch(count: int = 4) -> tuple[Any, Any]:
    """Planes before dark crops, and hills before bright ones, in turn."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:64, :64] - 31.5
    hill = 10.0 * np.exp(-(x**2 + y**2) / 400.0)
    depth = np.stack([32.0 - (row % 2) * hill + rng.normal(0, 0.5) for row in range(count)])
    occupancy = np.clip(np.arange(1, 65)[None, :, None, None] - depth[:, None], 0.0, 1.0)
    crops = (
        rng.integers(0, 60, (count, 192, 192, 3))
        + 120 * (np.arange(count) % 2)[:, None, None, None]
    )
    stripes = (
        (np.arange(192) // 2 % 2)[None, None, :, None]
        * 60
        * (np.arange(count) % 2 == 0)[:, None, None, None]
    )
    crops = np.clip(crops + stripes, 0, 255)
    return torch.tensor(occupancy, dtype=torch.float32), torch.tensor(crops, dtype=torch.uint8)


def network(name: str) -> Any:  # noqa: ANN401 - a torch module
    torch.manual_seed(0)
    return voxel_network(SPECS[name])


def trained(name: str, steps: int, count: int = 4) -> Any:  # noqa: ANN401 - a tensor
    """Return the logits of a network that saw one batch only."""
    net, (occupancy, crops) = network(name).train(), batch(count)
    for layer in net.modules():
        if "Dropout" in type(layer).__name__:
            layer.p = 0.0
    labels = torch.arange(count) % 2
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        logits, _ = net(occupancy, crops)
        torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.float()).backward()
        optimizer.step()
    return logits.detach()


@pytest.mark.parametrize("name", QUICK)
def test_a_network_overfits_one_batch(name: str) -> None:
    logits = trained(name, 25)
    assert ((logits > 0.0) == (torch.arange(4) % 2 == 1)).all()
    assert logits.abs().min() > 1.0


@pytest.mark.nightly  # a step over 192x192x200 voxels takes seconds
def test_the_network_of_the_thesis_overfits_one_batch() -> None:
    logits = trained("thesis", 12, 2)
    assert logits[1] > logits[0] + 1.0


@pytest.mark.parametrize("name", [*QUICK, "thesis"])
def test_the_logit_varies_with_what_a_network_sees(name: str) -> None:
    with torch.no_grad():
        logits, features = network(name).eval()(*batch(2))
    assert abs(float(logits[0] - logits[1])) > 1e-6
    assert logits.shape == (2,)
    assert len(features) == 2


@pytest.mark.parametrize(
    ("name", "count"),
    [("voxnet", 916_705), ("thesis", 337_574), ("residual both", 381_761)],
)
def test_the_number_of_trained_weights_is_known(name: str, count: int) -> None:
    found = sum(one.numel() for one in network(name).parameters() if one.requires_grad)
    assert found == count


@pytest.mark.parametrize("recipe", ["surface", "residual", "voxnet"])
@pytest.mark.parametrize("inputs", ["both", "occupancy"])
def test_a_network_in_onnx_equals_torch(recipe: RecipeKind, inputs: InputKind) -> None:
    pytest.importorskip("onnxscript", reason="needs onnxscript: pip install 'facepad[train]'")
    from facepad.models.session import open_session

    torch.manual_seed(0)
    spec, (occupancy, crops) = NetworkSpec(recipe, inputs), batch(3)
    classifier = voxel_network(spec, {}).classifier.eval()
    maps = {
        map_name(block): torch.rand(3, CHANNELS[block], side, side)
        for block, side in zip(spec.blocks, painting.SIDES, strict=True)
    }
    given = {"occupancy": occupancy, "crops": crops, **maps}
    session = open_session(exported(classifier, spec), 1, "it")
    names = [one.name for one in session.get_inputs()]
    found = session.run(None, {name: given[name].numpy() for name in names})
    seen = [painting.appearance_maps(crops), *maps.values()] if spec.has_appearance else []
    with torch.no_grad():
        expected = classifier(occupancy, *seen)
    for own, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, wanted.numpy(), atol=1e-4)


def test_the_odds_of_the_two_kinds_of_attack_add_up() -> None:
    outputs = torch.tensor([[0.0, 50.0], [50.0, -1.0], [0.0, -1.0]])
    flat, mask, both = joined(outputs).tolist()
    assert flat == pytest.approx(0.0)
    assert mask == pytest.approx(0.0)
    assert both == pytest.approx(-np.log(2.0), rel=1e-5)


def test_statistics_are_of_the_surface_alone() -> None:
    occupancy = torch.zeros(1, 64, 64, 64)
    occupancy[:, 32:, 16:48, 16:48] = 1.0
    inside = torch.nn.functional.pad(torch.full((1, 1, 12, 12), 3.0), (6, 6, 6, 6), value=90.0)
    mean, spread = painting.statistics(occupancy, [inside])[0].tolist()
    assert mean == pytest.approx(3.0, abs=1.5)
    assert spread < 12.0
    assert float(inside.mean()) > 40.0


def test_features_are_standardised_by_all_that_was_seen() -> None:
    layer = painting.standardised(2).train()
    rng = torch.Generator().manual_seed(1)
    for _ in range(200):
        layer(torch.randn(8, 2, generator=rng) * torch.tensor([2.0, 0.5]) + 7.0)
    found = layer.eval()(torch.tensor([[7.0, 7.0], [9.0, 7.5]]))
    torch.testing.assert_close(found, torch.tensor([[0.0, 0.0], [1.0, 1.0]]), atol=0.2, rtol=0.0)


def test_each_head_learns_from_its_own_attacks() -> None:
    spec = NetworkSpec("surface", "appearance", ())
    torch.manual_seed(0)
    net = voxel_network(spec).train()
    training = VoxelTraining(spec, {}, *(cast("Any", None),) * 3)
    occupancy, crops = batch(4)
    given = {
        "occupancy": occupancy,
        "maps": [painting.appearance_maps(crops)],
        "labels": torch.tensor([1.0, 0.0, 1.0, 0.0]),
        "masks": torch.tensor([False, True, False, True]),
    }
    training.loss(net, given).backward()
    head = net.classifier.head

    assert float(head.bias.grad[0]) < 0.0  # no attack of its own: towards bona fide

    given["masks"] = torch.tensor([False, False, False, False])
    net.zero_grad()
    training.loss(net, given).backward()
    assert float(head.bias.grad[1]) < 0.0  # now the head for masks has no attack


def test_blocks_that_come_with_no_volume_are_refused() -> None:
    with pytest.raises(SettingsError, match="gives its blocks 2, 4, 10, 14, got 9"):
        NetworkSpec(blocks=(4, 9))


def test_the_default_blocks_of_the_trunk_in_onnx_equal_torch() -> None:
    pytest.importorskip("onnxscript", reason="needs onnxscript: pip install 'facepad[train]'")
    from facepad.models.session import open_session

    spec, trunk = NetworkSpec(), made_up_trunk.weights()
    assert spec.blocks
    torch.manual_seed(0)
    net, (occupancy, crops) = voxel_network(spec, trunk).eval(), batch(3)
    torch.nn.init.normal_(net.classifier.head.weight)
    session = open_session(exported_maps(spec, trunk), 1, "its frozen part")
    maps = session.run(None, {"crops": crops.numpy()})
    inputs = {"occupancy": occupancy.numpy(), "crops": crops.numpy()}
    inputs |= {map_name(block): own for block, own in zip(spec.blocks, maps[1:], strict=True)}
    logits, features = open_session(exported(net.classifier, spec), 1, "it").run(None, inputs)
    with torch.no_grad():
        seen = net.seen(crops)
        expected = net.classifier(occupancy, *seen)
    assert [one.shape for one in maps] == [tuple(one.shape) for one in seen]
    for own, wanted in zip((logits, features, *maps), (*expected, *seen), strict=True):
        assert float(wanted.std()) > 1e-3  # depends on what it sees
        np.testing.assert_allclose(own, wanted.numpy(), atol=1e-4, rtol=1e-4)


def test_a_surface_is_one_in_all_along_a_column() -> None:
    occupancy, _ = batch(2)
    share = painting.surface(painting.coarse(occupancy))
    torch.testing.assert_close(share.sum(dim=2), torch.ones(2, 1, 32, 32))


def test_colour_and_residue_do_not_depend_on_exposure() -> None:
    _, crops = batch(1)
    dim = painting.appearance_maps((crops.float() * 0.6).round().to(torch.uint8))
    bright = painting.appearance_maps(crops)
    assert float((dim - bright).abs().mean()) < 0.05


@pytest.mark.parametrize("recipe", ["thesis"])
def test_the_recipe_of_the_thesis_refuses_the_appearance(recipe: RecipeKind) -> None:
    with pytest.raises(SettingsError, match="sees the occupancy alone, got 'both'"):
        voxel_network(NetworkSpec(recipe, "both", ()))
