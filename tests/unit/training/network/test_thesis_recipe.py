import numpy as np
import pytest

from facepad.errors import ModelError, SettingsError
from facepad.training.network.thesis import (
    BACKBONES,
    WIDTHS,
    backbone,
    head,
    pretrained_state,
    trained_part,
)
from facepad.training.stack.estimate import parameters_of
from with_torch import NEEDS_TORCH, torch

pytestmark = NEEDS_TORCH

# Parameters of the convolutions: torchvision 0.21 without its last layer, and the published
# EfficientNet-Lite0 (4.65 million with its classes).
CONVOLUTIONS = {
    "resnet50": (23_508_032, 14_964_736),
    "resnet101": (42_500_160, 14_964_736),
    "alexnet": (2_469_696, 2_469_696),
    "mobilenet-v2": (2_223_872, 886_080),
    "efficientnet-lite0": (3_371_008, 1_017_600),
}


def _count(module: object) -> int:
    return parameters_of(module)[0]


@pytest.mark.parametrize("name", BACKBONES)
def test_the_count_of_parameters_is_the_published_one(name: str) -> None:
    with torch.device("meta"):  # shapes without numbers
        parts = backbone(name)
    whole, last = CONVOLUTIONS[name]
    assert _count(parts.frozen) + _count(parts.trained) == whole
    assert parameters_of(parts.trained) == (last, last)
    assert parameters_of(parts.frozen)[1] == 0


def test_the_head_has_eight_dense_layers_that_shrink_to_two() -> None:
    layers = [one for one in head(100) if isinstance(one, torch.nn.Linear)]
    assert [one.out_features for one in layers] == list(WIDTHS)
    assert len(WIDTHS) == 8
    assert sorted(WIDTHS, reverse=True) == list(WIDTHS)
    assert WIDTHS[-1] == 2


def test_the_keys_of_a_resnet_are_those_of_torchvision() -> None:
    with torch.device("meta"):
        keys = set(BACKBONES["resnet50"].make().state_dict())
    assert len(keys) == 318  # 320 of torchvision, without fc.weight and fc.bias
    assert {"conv1.weight", "layer1.0.downsample.1.running_var", "layer4.2.bn3.bias"} <= keys


@pytest.mark.parametrize("name", ["mobilenet-v2", "efficientnet-lite0"])
def test_weights_are_loaded_and_those_of_the_classes_left_out(name: str) -> None:
    state = BACKBONES[name].make().state_dict()
    state["fc.weight"] = torch.zeros(1000, 8)
    parts = backbone(name, state)
    own = [*parts.frozen.state_dict().values(), *parts.trained.state_dict().values()]
    for given, loaded in zip(list(state.values())[:-1], own, strict=True):
        assert torch.equal(given, loaded)


def test_weights_of_another_network_are_refused() -> None:
    with torch.device("meta"):
        with pytest.raises(ModelError, match="not those of resnet50: 265 of 318"):
            backbone("resnet50", BACKBONES["mobilenet-v2"].make().state_dict())
        with pytest.raises(ModelError, match="not those of resnet101"):
            backbone("resnet101", BACKBONES["resnet50"].make().state_dict())


def test_missing_weights_are_told_with_what_to_do() -> None:
    with pytest.raises(ModelError, match=r"--weights FILE.*mobilenet-v2"):
        pretrained_state("resnet50", None, None)


def test_weights_need_their_hash() -> None:
    with pytest.raises(SettingsError, match="--sha256"):
        pretrained_state("resnet50", "weights.pth", None)


def test_a_network_from_scratch_takes_no_weights() -> None:
    assert pretrained_state("alexnet", None, None) is None
    with pytest.raises(SettingsError, match="from scratch"):
        pretrained_state("alexnet", "weights.pth", "00")


def test_an_unknown_backbone_is_named() -> None:
    with pytest.raises(SettingsError, match="did you mean resnet50"):
        backbone("resnet5")


def _overfit(name: str, side: int, steps: int, rate: float) -> None:
    """Fit four crops of two classes, and compare what the network gives for each."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    parts = backbone(name)
    module = trained_part(parts, side)
    crops = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 3, side, side))).float()
    with torch.no_grad():
        inputs = parts.frozen(crops)
    labels = torch.tensor([0, 1, 0, 1])
    optimizer = torch.optim.Adam([one for one in module.parameters() if one.requires_grad], rate)
    module.train()
    for layer in module.modules():  # dropout would keep four pictures from being learned
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(module(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        found = module(inputs)
    assert found.argmax(1).tolist() == labels.tolist()
    assert float(loss.detach()) < 0.3
    assert float(found.std(dim=0).min()) > 0.1, "the output does not vary with the input"


@pytest.mark.parametrize("name", ["mobilenet-v2", "efficientnet-lite0"])
def test_one_batch_is_learned_and_the_output_varies(name: str) -> None:
    _overfit(name, side=32, steps=25, rate=3e-3)


@pytest.mark.parametrize(
    "name",
    ["resnet50", pytest.param("resnet101", marks=pytest.mark.nightly), "alexnet"],
)
def test_one_batch_is_learned_by_the_large_backbones(name: str) -> None:
    """The part of resnet101 that is trained equals that of resnet50."""
    _overfit(name, side=64, steps=25, rate=1e-3)


def test_the_trained_part_of_the_recipe_has_a_known_size() -> None:
    with torch.device("meta"):
        found = {name: parameters_of(trained_part(backbone(name)))[1] for name in BACKBONES}
    assert found == {
        "resnet50": 66_522_746,
        "resnet101": 66_522_746,
        "alexnet": 7_366_074,
        "mobilenet-v2": 33_176_506,
        "efficientnet-lite0": 33_308_026,
    }
