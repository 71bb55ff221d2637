from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from facepad.errors import DatasetError, ModelError
from facepad.liveness.network.description import parse_description
from facepad.models.onnx_file import check_network
from facepad.scores import AffineScaling
from facepad.training.network.export import decision, describe, onnx_bytes, whole_network
from facepad.training.network.recipe import NetworkRecipe
from facepad.training.network.run import dry_run, run
from facepad.training.network.thesis import BACKBONES, FrozenStages, backbone, trained_part
from facepad.training.sources import DatasetCopy
from facepad.training.stack.loop import TrainingPlan
from facepad.types import OperatingPoint, Sample, Split


def _recipe(out: Path, name: str = "mobilenet-v2") -> NetworkRecipe:
    copies = (DatasetCopy("nuaa", out),)
    plan = TrainingPlan(epochs=2, learning_rate=1e-3)
    return NetworkRecipe(FrozenStages(name), copies, plan, 4, 2, "made", out, 0)


def _samples(split: Split) -> tuple[Sample, ...]:
    kinds = (None, "print") * 8
    return tuple(
        Sample(f"made/{split}/{index}", "", f"s{index // 4}", split, species)
        for index, species in enumerate(kinds)
    )


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = (*_samples(Split.TRAIN), *_samples(Split.DEV))
    monkeypatch.setattr("facepad.training.network.recipe.train_and_dev", lambda _: samples)


def test_the_description_can_be_read_and_rests_on_dev(tmp_path: Path) -> None:
    point = OperatingPoint("dev", 0.5, 0.4, 0.7)
    text = describe(_recipe(tmp_path), "0" * 64, AffineScaling(2.0, -1.0), point)
    found = parse_description(text, tmp_path / "made.toml")
    assert found.model == tmp_path / "made.onnx"
    assert found.input.shape == (3, 224, 224)
    assert found.input.mean == pytest.approx((0.485, 0.456, 0.406))
    assert found.scaling == AffineScaling(2.0, -1.0)
    assert found.point is not None
    assert (found.point.low, found.point.threshold, found.point.high) == (0.4, 0.5, 0.7)
    assert found.licence == "research use only, after the licence of the training data"


def test_scaling_and_threshold_separate_dev() -> None:
    pytest.importorskip("sklearn")
    samples = _samples(Split.DEV)
    raw = np.array([5.0 if sample.is_bona_fide else -3.0 for sample in samples])
    scaling, point = decision(raw + np.linspace(-1, 1, len(raw)), samples)
    assert scaling.slope > 0.0
    assert scaling.apply(-3.0) < 0.0 < scaling.apply(5.0)
    assert 0.0 < point.low <= point.threshold <= point.high < 1.0


def test_dev_needs_both_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = _samples(Split.TRAIN)
    monkeypatch.setattr("facepad.training.network.recipe.train_and_dev", lambda _: samples)
    with pytest.raises(DatasetError, match="dev part with both classes"):
        _recipe(tmp_path).prepare()


def test_every_nth_picture_is_taken_of_each_species(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = (*_samples(Split.TRAIN), *_samples(Split.DEV))
    monkeypatch.setattr("facepad.training.network.recipe.train_and_dev", lambda _: samples)
    for part in replace(_recipe(tmp_path), every=4).prepare():
        assert [sample.pai_species for sample in part] == [None, "print"] * 2


def test_missing_weights_end_a_run_before_anything_slow(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--weights FILE"):
        run(_recipe(tmp_path, "resnet50"), None)  # type: ignore[arg-type]  # shows nothing yet


@pytest.mark.slow
@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("name", "parameters"), [("resnet50", "66,522,746"), ("mobilenet-v2", "33,176,506")]
)
def test_a_dry_run_tells_size_memory_and_time(tmp_path: Path, name: str, parameters: str) -> None:
    pytest.importorskip("torch")
    text = dry_run(_recipe(tmp_path, name))
    assert f"of which {parameters} are trained" in text
    assert "memory: " in text
    assert "4 steps an epoch, 2 epochs" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side"),
    [("resnet50", 64), pytest.param("mobilenet-v2", 224, marks=pytest.mark.nightly)],
)
def test_the_network_in_onnx_gives_what_torch_gives(
    name: str, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    torch.manual_seed(0)
    state = BACKBONES[name].make().state_dict()
    monkeypatch.setattr(FrozenStages, "state", lambda _: state)
    stages = FrozenStages(name)
    whole = whole_network(stages, trained_part(backbone(name, state), side).eval())
    data = onnx_bytes(whole, side)
    check_network(data, "made")
    session = onnxruntime.InferenceSession(data)
    for seed in range(3):
        crops = np.random.default_rng(seed).normal(size=(1, 3, side, side)).astype(np.float32)
        logits, shares = session.run(["logits", "probabilities"], {"crops": crops})
        with torch.no_grad():
            expected, softmax = whole(torch.from_numpy(crops))
        assert np.abs(logits - expected.numpy()).max() < 1e-4
        assert np.abs(shares - softmax.numpy()).max() < 1e-4
