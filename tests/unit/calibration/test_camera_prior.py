"""Priors over cameras: kept, read, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from facepad.calibration.prior import CameraPrior, MemberPrior, ViewPrior
from facepad.errors import ModelError

Arrays = dict[str, Any]


def view(*names: str, bias: float = 1.4) -> ViewPrior:
    members = {
        name: MemberPrior(
            spread=np.full(3 + place, 0.5, np.float32),
            logit=0.3,
            distance=0.8,
            distance_scale=0.25,
            logit_weight=0.6,
            distance_weight=0.0,
        )
        for place, name in enumerate(names)
    }
    return ViewPrior(members=members, score=1.2, slope=1.1, bias=bias, cameras=40)


MADE = CameraPrior(
    {
        "people": {"crop": view("tight 2"), "context": view("tight 2", "context 13")},
        "person": {"context": view("tight 2", "context 13", bias=2.0)},
    },
    "heads-1+0",
)


def numbers(prior: ViewPrior) -> list[Any]:
    whole = [prior.score, prior.slope, prior.bias, prior.cameras]
    members = [
        (name, one.spread.tolist(), one.logit, one.distance, one.distance_scale, one.logit_weight,
         one.distance_weight)
        for name, one in prior.members.items()
    ]  # fmt: skip
    return [whole, members]


def test_they_are_read_as_they_were_written() -> None:
    found = CameraPrior.from_arrays(MADE.arrays(), "it")
    assert found.version == MADE.version
    assert list(found.by_kind) == ["people", "person"]
    for kind, those in MADE.by_kind.items():
        assert list(found.by_kind[kind]) == list(those)
        for views, prior in those.items():
            assert numbers(found.by_kind[kind][views]) == numbers(prior)


def test_without_one_of_a_person_that_of_other_people_holds() -> None:
    assert MADE.of("context", "person").bias == 2.0
    assert MADE.of("crop", "person") is MADE.of("crop")
    with pytest.raises(ModelError, match="no views 'frame'"):
        MADE.of("frame")


@pytest.mark.parametrize(
    "missing", ["people crop", "people crop spread", "heads", "sets", "format_version"]
)
def test_a_missing_array_is_told(missing: str) -> None:
    arrays = {name: array for name, array in MADE.arrays().items() if name != missing}
    with pytest.raises(ModelError, match="it holds no prior over cameras"):
        CameraPrior.from_arrays(arrays, "it")


def _set(name: str, change: Callable[[Any], Any]) -> Arrays:
    arrays = MADE.arrays()
    return {**arrays, name: change(arrays[name].copy())}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("people crop", lambda row: row * [1, -1, 1, 1]),
        ("people crop", lambda row: row * np.nan),
        ("people crop numbers", lambda rows: -rows),
        ("people crop numbers", lambda rows: rows[:, :4]),
        ("people crop numbers", lambda rows: rows * [1, 1, 1, -1, 1]),
        ("people crop spread", lambda row: 0 * row),
        ("people crop spread", lambda row: row[:-1]),
        ("sets", lambda rows: rows[2:]),
    ],
)
def test_numbers_that_cannot_be_are_refused(name: str, change: Callable[[Any], Any]) -> None:
    with pytest.raises(ModelError, match="it"):
        CameraPrior.from_arrays(_set(name, change), "it")


def test_another_format_is_refused_with_the_command_that_makes_it_again() -> None:
    with pytest.raises(
        ModelError, match="it has format 1, expected 2; make it again with `facepad"
    ):
        CameraPrior.from_arrays({**MADE.arrays(), "format_version": np.array(1)}, "it")
