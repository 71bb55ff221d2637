"""Every registered dataset keeps the contract, and the check notices who does not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from facepad import registry
from facepad.errors import SettingsError
from facepad.sources import read_picture
from facepad.testing import ContractError, check_dataset, made_up_dataset
from facepad.types import Sample, Split


@dataclass
class Listing:
    """Lists whatever it is given, each listing in an order of its own if told."""

    listed: list[Sample]
    name: str = "made_up"
    then: Callable[[list[Sample]], list[Sample]] = field(default=list)
    listings: int = 0

    def samples(self) -> Iterator[Sample]:
        self.listings += 1
        yield from self.listed if self.listings == 1 else self.then(self.listed)


@dataclass
class OneCursor(Listing):
    """All listings share one cursor."""

    cursor: Iterator[Sample] = field(default_factory=lambda: iter(()))

    def samples(self) -> Iterator[Sample]:
        self.cursor = iter(self.listed)
        while (sample := next(self.cursor, None)) is not None:
            yield sample


class Breaks(Listing):
    def samples(self) -> Iterator[Sample]:
        raise KeyError("list.txt")


class Notes(Listing):
    noted: Any = ("subset: 3 of the official 9 pictures",)

    def notices(self) -> Any:  # noqa: ANN401 - broken on purpose in a test
        return self.noted


class Problems(Listing):
    found: Any = ("block 3 is damaged",)

    def problems(self) -> Any:  # noqa: ANN401 - broken on purpose in a test
        return self.found


@pytest.fixture
def good(tmp_path: Path) -> list[Sample]:
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in paths:
        path.touch()
    return [Sample(f"made_up/{p.stem}", str(p), "anna", Split.TEST) for p in paths]


@pytest.mark.parametrize("name", registry.names("datasets"))
def test_a_registered_dataset_keeps_the_contract(
    name: str, miniatures: Callable[[str], Path]
) -> None:
    check_dataset(registry.resolve("datasets", name)(miniatures(name)), name)


def test_a_plain_listing_keeps_the_contract(good: list[Sample]) -> None:
    check_dataset(Listing(good))


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"key": "other/1"}, "must begin with 'made_up/'"),
        ({"key": "made_up/2"}, "key 'made_up/2' is listed twice"),
        ({"path": "nowhere.jpg"}, "nowhere.jpg is listed but is no file"),
        ({"subject": ""}, "subject must be a name"),
        ({"split": "test"}, "split must be a Split, got 'test'"),
        ({"pai_species": ""}, "None for bona fide, got ''"),
        ({"pai_species": "live"}, "got 'live', which means bona fide"),
        ({"frame": -1}, "a frame number is 0 or more, got -1"),
        ({"attributes": {"pose": 3}}, "attributes must be text by name"),
    ],
)
def test_a_broken_sample_is_noticed(
    good: list[Sample], change: dict[str, Any], broken: str
) -> None:
    listed = [good[0], replace(good[1], **change), good[2]]
    with pytest.raises(ContractError, match=broken):
        check_dataset(Listing(listed))


def test_a_file_under_two_keys_is_noticed(good: list[Sample]) -> None:
    listed = [*good, replace(good[0], key="made_up/again", pai_species="print")]
    with pytest.raises(ContractError, match="as 'made_up/0' and as 'made_up/again'"):
        check_dataset(Listing(listed))


def test_something_else_than_a_sample_is_noticed() -> None:
    with pytest.raises(ContractError, match="which is no Sample"):
        check_dataset(Listing(["1.jpg"]))  # type: ignore[list-item] # broken on purpose


def test_an_empty_listing_is_noticed() -> None:
    with pytest.raises(ContractError, match="lists no samples"):
        check_dataset(Listing([]))


def test_another_order_the_second_time_is_noticed(good: list[Sample]) -> None:
    with pytest.raises(ContractError, match="order differs between two listings: sample 0"):
        check_dataset(Listing(good, then=lambda listed: listed[::-1]))


def test_another_number_the_second_time_is_noticed(good: list[Sample]) -> None:
    with pytest.raises(ContractError, match="first 3 samples, then 2"):
        check_dataset(Listing(good, then=lambda listed: listed[1:]))


def test_listings_that_share_a_cursor_are_noticed(good: list[Sample]) -> None:
    with pytest.raises(ContractError, match="disturb each other"):
        check_dataset(OneCursor(good))


def test_another_name_than_registered_is_noticed(good: list[Sample]) -> None:
    with pytest.raises(ContractError, match="registered as 'other' but its name is 'made_up'"):
        check_dataset(Listing(good), "other")


def test_a_dataset_without_a_name_is_noticed(good: list[Sample]) -> None:
    with pytest.raises(ContractError, match="needs a name"):
        check_dataset(Listing(good, name=""))


def test_notices_are_lines_of_text(good: list[Sample]) -> None:
    dataset = Notes(good)
    check_dataset(dataset)
    dataset.noted = (3,)
    with pytest.raises(ContractError, match=r"notices\(\) must give lines of text, got \[3\]"):
        check_dataset(dataset)


def test_problems_are_lines_of_text(good: list[Sample]) -> None:
    dataset = Problems(good)
    check_dataset(dataset)
    dataset.found = ("",)
    with pytest.raises(ContractError, match=r"problems\(\) must give lines of text, got \[''\]"):
        check_dataset(dataset)


def test_an_exception_is_named() -> None:
    with pytest.raises(ContractError, match=r"samples\(\) raised KeyError: 'list.txt'"):
        check_dataset(Breaks([]))


def test_pictures_of_a_miniature_decode(miniatures: Callable[[str], Path]) -> None:
    pictures = sorted(miniatures("nuaa").rglob("*.jpg"))
    assert len(pictures) == 56
    assert {read_picture(path).size for path in pictures} == {(160, 120)}


def test_a_miniature_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no miniature of dataset 'casia'; known: nuaa"):
        made_up_dataset(tmp_path, "casia")
