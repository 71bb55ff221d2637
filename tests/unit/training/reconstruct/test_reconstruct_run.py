"""A whole training of the reconstruction, on targets that are made up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from facepad.errors import SettingsError
from facepad.liveness.voxel.volume import GRID, SIDE, Volume
from facepad.models.session import open_session
from facepad.training.reconstruct import run as training
from facepad.training.reconstruct.data import Geometry, Targets, Wanted
from facepad.training.reconstruct.surface_error import Truth
from facepad.training.reconstruct.targets import Target
from facepad.training.stack.loop import TrainingPlan
from facepad.types import Split
from with_torch import NEEDS_TORCH, torch

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = [*NEEDS_TORCH, pytest.mark.network]  # the weights are downloaded


def targets(items: Sequence[Wanted]) -> Targets:
    """Return random crops with flat surfaces."""
    rng = np.random.default_rng(len(items))
    crops = rng.integers(0, 255, (len(items), SIDE, SIDE, 3), dtype=np.uint8)
    return Targets(tuple(items), crops, np.zeros((len(items), GRID, GRID), np.float16))


class TrunkInTorch:
    """The trunk without an export, which takes half of this test's time."""

    def __init__(self, weights: Mapping[str, "Tensor"], threads: int) -> None:
        self._weights, self.threads = weights, threads

    def maps(self, crops: np.ndarray) -> list[np.ndarray]:
        from facepad.training.reconstruct import decoder as network

        with torch.no_grad():
            return [one.numpy() for one in network.tapped(self._weights, torch.from_numpy(crops))]


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> training.ReconstructRecipe:
    def made(items: Sequence[Wanted], *_: object, **__: object) -> Targets:
        return targets(items)

    def known(items: Sequence[Wanted], _: Geometry) -> list[tuple[Target, Truth]]:
        flat = np.zeros((SIDE, SIDE), np.float32)
        crops = targets(items).crops
        return [(Target(crop, np.zeros((GRID, GRID), np.float32)),
                 Truth(flat, flat, flat, 50.0, 0.0)) for crop in crops]  # fmt: skip

    monkeypatch.setattr(training, "TrunkSession", TrunkInTorch)
    monkeypatch.setattr(training, "targets_of", made)
    monkeypatch.setattr(training, "truths", known)
    monkeypatch.setenv("FACEPAD_CACHE_DIR", str(tmp_path / "cache"))
    plan = TrainingPlan(1, 1e-2, "adamw", 1e-4, "cosine", seed=3)
    geometry = Geometry.in_folder(tmp_path)
    return training.ReconstructRecipe(
        (), (tmp_path,), tmp_path, geometry, plan, batch=2, out=tmp_path / "out"
    )


def test_a_training_writes_a_network_whose_volumes_equal_those_of_torch(
    recipe: training.ReconstructRecipe,
) -> None:
    kinds = ("render", "bona_fide", "print", "mask")
    items = tuple(Wanted(kind, "ann", "a.jpg", Split.TRAIN) for kind in kinds)
    listed = training.ReconstructItems(items, items[:2], items[:1], "CC0")
    data = training.make_data(recipe, listed, lambda: None)
    result = training.run(recipe, listed, data, lambda: None)
    assert "volumetric IoU" in result.text
    assert "CC0" in result.model.with_suffix(".md").read_text()
    session = open_session(result.model.read_bytes(), 1, "the model")
    crops = targets(items).crops
    (found,) = session.run(["occupancy"], {"crops": crops})
    assert found.shape == (4, 64, GRID, GRID)
    assert np.isfinite(Volume(found[0]).depth).any()
    again = _by_torch(recipe, crops)
    assert np.abs(found - again).max() < 1e-4
    with pytest.raises(SettingsError):  # the folder holds a run
        training.run(replace(recipe, batch=1), listed, data, lambda: None)


def _by_torch(recipe: training.ReconstructRecipe, crops: np.ndarray) -> np.ndarray:
    from facepad.training.face import export
    from facepad.training.reconstruct import decoder as network

    state = torch.load(recipe.out / "run" / "checkpoint.pt", weights_only=True)
    net = network.decoder()
    net.load_state_dict(state["best"])
    with torch.no_grad():
        maps = network.tapped(export.weights(), torch.from_numpy(crops))
        found: np.ndarray = network.occupancy(net.eval()(maps)).numpy()
    return found
