"""Parameters drawn from documented ranges."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import SettingsError
from facepad.simulate.camera.camera import Camera
from facepad.simulate.camera.look import FAMILIES, Look
from facepad.simulate.media.print import Print
from facepad.simulate.media.screen import Screen
from facepad.simulate.parameters import Range, ablated, draw, from_dict, ranges, to_dict
from facepad.simulate.recipe import RecapturedPart
from facepad.simulate.scene.stage import Framing

KINDS: tuple[type[Any], ...] = (Camera, Framing, Look, Print, Screen, RecapturedPart)


def leaves(data: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        found |= (
            leaves(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_parameter_lies_in_its_range_or_is_off(kind: type[Any], seed: int) -> None:
    values = leaves(to_dict(draw(kind, np.random.default_rng(seed))))
    own = FAMILIES[values["family"]] if kind is Camera else {}
    for name, known in {**ranges(kind), **own}.items():
        if known.choices is not None:
            assert values[name] in {*known.choices, known.off}
        else:
            assert known.low <= values[name] <= known.high or values[name] == known.off


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_tells_its_meaning(kind: type[Any]) -> None:
    assert all(known.meaning for known in ranges(kind).values())
    assert set(leaves(to_dict(kind()))) == set(ranges(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_survive_as_plain_data(kind: type[Any]) -> None:
    drawn = draw(kind, np.random.default_rng(3))
    assert from_dict(kind, to_dict(drawn)) == drawn


def test_a_range_always_takes_two_numbers() -> None:
    for known in (Range("", 0.0, high=1.0), Range("", 0.0, high=1.0, chance=0.0)):
        rng, other = np.random.default_rng(1), np.random.default_rng(1)
        known.draw(rng)
        other.random(2)
        assert rng.random() == other.random()


def test_a_logarithmic_range_has_its_geometric_mean_in_the_middle() -> None:
    rng = np.random.default_rng(0)
    known = Range("", 0.0, low=1.0, high=100.0, log=True)
    assert abs(np.median([known.draw(rng) for _ in range(2000)]) - 10.0) < 1.0


def test_an_effect_occurs_as_often_as_it_should() -> None:
    rng = np.random.default_rng(0)
    known = Range("", -1.0, low=1.0, high=2.0, chance=0.3)
    assert abs(np.mean([known.draw(rng) > 0 for _ in range(2000)]) - 0.3) < 0.04


def test_weights_of_choices_are_kept() -> None:
    rng = np.random.default_rng(0)
    known = Range("", "a", choices={"a": 1.0, "b": 3.0})
    assert abs(np.mean([known.draw(rng) == "b" for _ in range(2000)]) - 0.75) < 0.04


def test_a_group_turned_off_leaves_the_others() -> None:
    drawn = draw(Screen, np.random.default_rng(5))
    still = ablated(drawn, "panel_tone")
    assert still.showing.gamma == 2.2
    assert (still.stripe, still.holding) == (drawn.stripe, drawn.holding)


@pytest.mark.parametrize(
    "damage", [{"blur": "wide"}, {"unknown": 1.0}, {"motion": None}, {"motion": [1.0]}]
)
def test_damaged_plain_data_is_refused(damage: dict[str, Any]) -> None:
    data = to_dict(draw(Camera, np.random.default_rng(0)))
    with pytest.raises(SettingsError, match="Lens"):
        from_dict(Camera, {**data, "lens": {**data["lens"], **damage}})
