"""Models of other distributions, found by the entry-point group ``facepad.models``."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from facepad import registry
from facepad.errors import ModelError
from facepad.models import index, store
from facepad.models.card import Card
from facepad.models.index import Entry

CARD = Card("T", "1", "data", "CC0-1.0", "recipe", "results", "limits")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Entry points that stand for installed distributions; none at first."""
    points: list[EntryPoint] = []

    def entry_points(group: str) -> EntryPoints:
        return EntryPoints(points).select(group=group)

    monkeypatch.setattr(index, "entry_points", entry_points)
    return points


@pytest.fixture
def others(tmp_path: Path, installed: list[EntryPoint], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of another distribution with the model "nose"."""
    folder = tmp_path / "others"
    store.save_arrays(folder / "nose.npz", {"x": np.arange(3.0)}, CARD)
    store.update_index(folder)
    module = ModuleType("nose_models")
    module.FOLDER = folder  # type: ignore[attr-defined] # made here
    monkeypatch.setitem(sys.modules, "nose_models", module)
    installed.append(EntryPoint("noses", "nose_models:FOLDER", "facepad.models"))
    return folder


def test_a_registered_model_is_found_beside_the_built_in_ones(others: Path) -> None:
    assert store.path("nose") == others / "nose.npz"
    assert store.card("nose").startswith("# T\n")
    assert {entry.name: entry.distribution for entry in index.entries()}.items() >= {
        ("nose", "noses"),
        ("face_trunk", "facepad"),
    }


def test_the_hash_of_a_registered_model_is_checked(others: Path) -> None:
    (others / "nose.npz").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"has sha256.*`pip install --force-reinstall noses`"):
        store.load_arrays("nose")
    assert [check.entry.name for check in store.verify() if "nose" in check.problem] == ["nose"]


def test_a_name_of_two_distributions_is_an_error_that_names_both(
    others: Path, installed: list[EntryPoint]
) -> None:
    installed.append(EntryPoint("more_noses", "nose_models:FOLDER", "facepad.models"))
    with pytest.raises(ModelError, match="two models are named 'nose': one of noses and one of mo"):
        store.path("nose")
    assert others.is_dir()


def test_the_name_of_a_built_in_model_cannot_be_taken(others: Path) -> None:
    store.save_arrays(others / "face_trunk.npz", {"x": np.arange(3.0)}, CARD)
    store.update_index(others)
    with pytest.raises(ModelError, match="one of facepad and one of noses"):
        index.entries()
    assert store.path("face_trunk").suffix == ".onnx"


def test_another_distribution_registers_packaged_models_only(others: Path) -> None:
    index.write(others, [Entry("nose", "nose.onnx", "ab" * 32, "1", "CC0-1.0", "pulled")])
    with pytest.raises(ModelError, match="'nose' of noses is 'pulled'"):
        index.entries()


def test_a_registration_that_does_not_load_is_named(installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("broken", "no_such_module_here:FOLDER", "facepad.models"))
    with pytest.raises(ModelError, match="models of broken at 'no_such_module_here:FOLDER'"):
        index.entries()


def test_the_research_weights_say_so_and_belong_to_their_own_distribution() -> None:
    research = pytest.importorskip(
        "facepad_research", reason="pip install packages/facepad-research"
    )
    entries = [entry for entry in index.entries() if entry.distribution != index.HOME]
    assert {entry.name for entry in entries} == {e.name for e in index.entries(research.WEIGHTS)}
    assert {(entry.distribution, entry.research_use) for entry in entries} == {
        ("facepad-research", True)
    }
    assert set(registry.RESEARCH_TESTS) <= set(registry.names("liveness_tests"))
