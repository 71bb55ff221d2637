"""Names of plug-ins: built-ins resolve, third parties are found, duplicates are refused."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType

import pytest

from facepad import registry
from facepad.errors import SettingsError
from facepad.fusion import FusionFactory
from facepad.registry import (
    BUILT_IN,
    DEFAULT_ADVISORY,
    DEFAULT_CALIBRATED,
    DEFAULT_TESTS,
    METRIC_ENTRIES,
    Kind,
    MetricEntry,
    metric_entry,
    names,
    resolve,
)

EVERY_NAME: list[tuple[Kind, str]] = [(kind, name) for kind in BUILT_IN for name in BUILT_IN[kind]]


class Sharpness:
    """A metric of a third party."""

    group = "edges and corners"
    version = 3


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """A list of entry points that stand for installed packages of others."""
    installed: list[EntryPoint] = []

    def entry_points(group: str) -> EntryPoints:
        return EntryPoints(installed).select(group=group)

    monkeypatch.setattr(registry, "entry_points", entry_points)
    return installed


@pytest.mark.parametrize(("kind", "name"), EVERY_NAME)
def test_every_built_in_name_resolves_to_something_callable(kind: Kind, name: str) -> None:
    found = resolve(kind, name)
    assert callable(found) or isinstance(found, FusionFactory)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_no_two_built_in_names_stand_for_the_same_thing(kind: Kind) -> None:
    targets = list(BUILT_IN[kind].values())
    assert len(targets) == len(set(targets))


def test_the_metrics_are_registered_in_the_order_of_the_vector() -> None:
    from facepad.quality import METRICS

    assert tuple(BUILT_IN["metrics"]) == METRICS


def test_a_metric_of_a_third_party_says_its_group_and_version(
    third_party: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    third_party.append(EntryPoint("sharpness", "adding_a_metric:sharpness", "facepad.metrics"))
    third_party.append(EntryPoint("plain", "math:sqrt", "facepad.metrics"))
    module = ModuleType("adding_a_metric")
    module.sharpness = sharpness = Sharpness()  # type: ignore[attr-defined] # made here
    monkeypatch.setitem(sys.modules, "adding_a_metric", module)
    assert resolve("metrics", "sharpness") is sharpness
    place = "adding_a_metric:sharpness"
    assert metric_entry("sharpness") == MetricEntry(place, "edges and corners", 3)
    assert metric_entry("plain") == MetricEntry("math:sqrt", "other", 1)


def test_the_models_of_metrics_are_in_the_list_of_models() -> None:
    from facepad.models import index

    assert [index.find(m).name for e in METRIC_ENTRIES.values() for m in e.models] == [
        "biqi",
        "niqe",
    ]


def test_an_entry_point_of_a_third_party_is_found(third_party: list[EntryPoint]) -> None:
    third_party.append(EntryPoint("square_root", "math:sqrt", "facepad.metrics"))
    assert resolve("metrics", "square_root")(9.0) == 3.0


def test_third_parties_come_after_the_built_ins(third_party: list[EntryPoint]) -> None:
    third_party.append(EntryPoint("mine", "math:sqrt", "facepad.datasets"))
    assert names("datasets") == (*BUILT_IN["datasets"], "mine")


def test_an_entry_point_counts_only_for_its_own_kind(third_party: list[EntryPoint]) -> None:
    third_party.append(EntryPoint("mine", "math:sqrt", "facepad.datasets"))
    assert "mine" not in names("metrics")


def test_the_name_of_a_built_in_cannot_be_taken(third_party: list[EntryPoint]) -> None:
    third_party.append(EntryPoint("nuaa", "math:sqrt", "facepad.datasets"))
    with pytest.raises(SettingsError, match=r"two datasets are named 'nuaa'.*math:sqrt"):
        resolve("datasets", "nuaa")


def test_two_third_parties_cannot_share_a_name(third_party: list[EntryPoint]) -> None:
    third_party.append(EntryPoint("mine", "math:sqrt", "facepad.fusions"))
    third_party.append(EntryPoint("mine", "math:exp", "facepad.fusions"))
    with pytest.raises(SettingsError, match="math:sqrt and math:exp"):
        names("fusions")


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(
        SettingsError, match=r"unknown dataset 'nuua'; did you mean nuaa\? known: nuaa"
    ):
        resolve("datasets", "nuua")


@pytest.mark.parametrize("target", ["no_such_module_here:f", "math:no_such_function"])
def test_a_plug_in_that_does_not_load_is_named(third_party: list[EntryPoint], target: str) -> None:
    third_party.append(EntryPoint("broken", target, "facepad.metrics"))
    with pytest.raises(SettingsError, match=f"metrics 'broken' at '{target}' does not load"):
        resolve("metrics", "broken")


@pytest.mark.usefixtures("third_party")
def test_a_research_test_that_is_not_installed_is_answered_with_its_package() -> None:
    with pytest.raises(
        SettingsError,
        match=r"'face_cnn_research' is in the package facepad-research.*`pip install "
        r"packages/facepad-research`$",
    ):
        resolve("liveness_tests", "face_cnn_research")


def test_no_built_in_test_is_for_research() -> None:
    assert not [name for name in BUILT_IN["liveness_tests"] if "research" in name]


def test_what_decides_and_what_is_shown_by_default_are_built_in_and_differ() -> None:
    assert {*DEFAULT_TESTS, *DEFAULT_ADVISORY, DEFAULT_CALIBRATED} <= set(
        BUILT_IN["liveness_tests"]
    )
    assert not set(DEFAULT_TESTS) & set(DEFAULT_ADVISORY)


def test_masks_are_shown_and_do_not_decide_by_default() -> None:
    assert "face_mask" in DEFAULT_ADVISORY
    assert DEFAULT_TESTS == ("face_cnn",)
