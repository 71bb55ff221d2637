"""Datasets by name: root, protocol, and what a listing says of its database."""

from collections.abc import Callable
from pathlib import Path

import pytest

from facepad import registry
from facepad.datasets import open_dataset
from facepad.datasets.nuaa import Nuaa
from facepad.datasets.opening import header_of, list_dataset
from facepad.errors import DatasetError, SettingsError
from facepad.types import Sample, Split


def test_a_dataset_is_opened_by_name_and_nothing_is_read(tmp_path: Path) -> None:
    assert open_dataset("nuaa", tmp_path / "missing") == Nuaa(tmp_path / "missing")


def test_a_protocol_is_passed_on(miniatures: Callable[[str], Path]) -> None:
    root = miniatures("oulu_npu")
    assert list_dataset("oulu_npu", root, "2").protocol == "2"
    assert len(list_dataset("oulu_npu", root).protocols) > 1


def test_a_protocol_of_a_dataset_that_has_one_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="csv has one protocol only, got 'grand'"):
        open_dataset("csv", tmp_path, "grand")


def test_a_protocol_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no protocol 'no'"):
        open_dataset("oulu_npu", tmp_path, "no")


def test_a_name_that_is_not_registered_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nope"):
        open_dataset("nope", tmp_path)


@pytest.mark.parametrize("name", registry.names("datasets"))
def test_each_listing_says_where_its_data_comes_from(name: str) -> None:
    header = header_of(name)
    assert header.title
    assert {"Layout", "Licence"} <= header.fields.keys()


def test_a_copy_is_listed_with_its_notices(miniatures: Callable[[str], Path]) -> None:
    listing = list_dataset("nuaa", miniatures("nuaa"))
    assert listing.samples == tuple(listing.dataset.samples())
    assert listing.notices == Nuaa(miniatures("nuaa")).notices()


def test_a_listing_that_takes_living_people_for_attacks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = Sample("made_up/1", "", "anna", Split.TEST, "live")
    monkeypatch.setattr(Nuaa, "samples", lambda _: iter([sample]))
    with pytest.raises(
        DatasetError, match=r"made_up/1: pai_species .*'live', which means bona fide"
    ):
        list_dataset("nuaa", tmp_path)
