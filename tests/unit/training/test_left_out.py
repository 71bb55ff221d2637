"""Kinds of attack that are left out of a training."""

import json

import pytest

from facepad.errors import SettingsError
from facepad.training.sources import without
from facepad.types import Sample, Split

DRAWN = (
    (None, None),
    ("print", {"species": "print"}),
    ("screen", {"species": "screen"}),
    ("mask", {"species": "mask", "material": "silicone"}),
    ("mask", {"species": "mask", "material": "resin"}),
    ("partial", {"species": "print"}),
    ("partial", {"species": "screen"}),
)


def samples() -> tuple[Sample, ...]:
    made = (
        Sample(
            f"simulated/{number}", f"{number}.jpg", "anna", Split.TRAIN, species,
            attributes={"source": "a.jpg", "parameters": json.dumps({"medium": medium})},
        )
        for number, (species, medium) in enumerate(DRAWN)
    )  # fmt: skip
    return (*made, Sample("nuaa/real", "real.jpg", "ben", Split.TRAIN, "print"))


def names(found: tuple[Sample, ...]) -> list[str]:
    return [sample.key.rpartition("/")[2] for sample in found]


def test_a_species_is_left_out_with_partial_recaptures_by_it() -> None:
    kept, apart = without(samples(), ["print"])
    assert names(apart) == ["1", "real"]
    assert names(kept) == ["0", "2", "3", "4", "6"]


def test_one_material_of_masks_is_left_out() -> None:
    kept, apart = without(samples(), ["mask:silicone"])
    assert names(apart) == ["3"]
    assert len(kept) == len(samples()) - 1


def test_several_kinds_are_left_out_together() -> None:
    kept, apart = without(samples(), ["mask:silicone", "mask:resin", "screen"])
    assert names(apart) == ["2", "3", "4"]
    assert names(kept) == ["0", "1", "5", "real"]


def test_nothing_is_left_out_unless_it_is_named() -> None:
    assert without(samples(), []) == (samples(), ())


@pytest.mark.parametrize("name", ["mask:silicon", "mask:", "bona_fide", "", "print:paper"])
def test_a_kind_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"unknown attack to leave out '{name}'.*known: .*mask"):
        without(samples(), [name])


def test_some_attack_must_be_left() -> None:
    with pytest.raises(SettingsError, match="no attack is left without mask, print, screen"):
        without(samples()[:5], ["mask", "print", "screen"])
