"""Names of plug-ins: built-ins resolve, third parties are found, duplicates are refused."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from facepad import registry
from facepad.errors import SettingsError
from facepad.registry import BUILT_IN, Kind, names, resolve

EVERY_NAME: list[tuple[Kind, str]] = [(kind, name) for kind in BUILT_IN for name in BUILT_IN[kind]]


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
    assert callable(resolve(kind, name))


@pytest.mark.parametrize("kind", BUILT_IN)
def test_no_two_built_in_names_stand_for_the_same_thing(kind: Kind) -> None:
    targets = list(BUILT_IN[kind].values())
    assert len(targets) == len(set(targets))


def test_the_metrics_are_registered_in_the_order_of_the_vector() -> None:
    from facepad.quality import METRICS

    assert tuple(BUILT_IN["metrics"]) == METRICS


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
    with pytest.raises(SettingsError, match="no datasets named 'nuua'; known: nuaa"):
        resolve("datasets", "nuua")


@pytest.mark.parametrize("target", ["no_such_module_here:f", "math:no_such_function"])
def test_a_plug_in_that_does_not_load_is_named(third_party: list[EntryPoint], target: str) -> None:
    third_party.append(EntryPoint("broken", target, "facepad.metrics"))
    with pytest.raises(SettingsError, match=f"metrics 'broken' at '{target}' does not load"):
        resolve("metrics", "broken")
