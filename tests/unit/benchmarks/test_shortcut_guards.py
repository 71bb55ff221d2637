"""What the guards against shortcuts count, on made-up pictures and facts."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
pytest.importorskip("shortcut_guards", reason="source archives hold no benchmarks")

import shortcut_guards as guards
from shortcut_guards import Seen

PEOPLE = [str(number) for number in range(10)]


def pairs(attack: float, bona_fide: float, fact: str = "same") -> list[Seen]:
    """An attack and a bona fide picture of everybody, with some noise."""
    noise = np.random.default_rng(0).normal(0.0, 1.0, (len(PEOPLE), 2))
    return [
        Seen(
            bool(is_attack),
            person,
            {"v": [at + noise[n, is_attack]]},
            {"f": fact if is_attack else ""},
        )
        for n, person in enumerate(PEOPLE)
        for is_attack, at in ((0, bona_fide), (1, attack))
    ]


@pytest.mark.slow
def test_what_differs_tells_the_classes_apart() -> None:
    assert guards.separation(pairs(9.0, 0.0), "v") == 1.0
    assert guards.telling(pairs(0.0, 0.0, "attack"), "f") == 1.0


def test_a_fact_that_all_share_tells_nothing() -> None:
    assert guards.telling([replace(one, facts={"f": ""}) for one in pairs(0.0, 0.0)], "f") == 0.5


def test_a_fact_of_one_person_alone_tells_nothing() -> None:
    found = [replace(one, facts={"f": one.person}) for one in pairs(0.0, 0.0)]
    assert guards.telling(found, "f") == 0.5


def test_a_bright_border_is_seen() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:2] = image[-2:] = 200
    found = guards.statistics(image, (8, 8, 56, 56))
    assert found["border"][0] > 50.0 > found["border"][3]
    assert found["contrast"] == [0.0] * 6
