"""Ratios of the tests over clips: they rise with the evidence and stay within their bounds."""

from dataclasses import replace

import numpy as np
import pytest

from facepad.errors import ModelError
from facepad.fusion.clip_ratios import (
    BLINK,
    LIMITS,
    MODEL,
    PARALLAX,
    PULSE,
    BlinkCurve,
    ClipRatios,
    SlopeCurve,
    load,
)
from facepad.models import store

MADE_UP = ClipRatios(BlinkCurve(1.2, 0.8, 0.75), SlopeCurve(0.4, 8.0, -2.5, 2.0), 0.9)


@pytest.fixture
def shipped() -> ClipRatios:
    return load()


def test_the_packaged_ratios_stay_within_the_limits_of_their_tests(shipped: ClipRatios) -> None:
    assert 0.0 <= shipped.pulse <= LIMITS[PULSE]
    for slope in (-1e6, -1.0, 0.0, 1.0, 1e6):
        assert abs(shipped.parallax.ratio(slope)) <= LIMITS[PARALLAX]
    for count in (0, 1, 9):
        for seconds in (0.0, 5.0, 1e6):
            assert abs(shipped.blink.ratio(count, seconds)) <= LIMITS[BLINK]


def test_the_packaged_ratios_support_what_living_people_do(shipped: ClipRatios) -> None:
    assert shipped.blink.ratio(1, 6.0) > 0.5
    assert shipped.parallax.ratio(1.0) > 1.0
    assert shipped.parallax.ratio(0.05) < -1.0
    assert shipped.pulse > 0.5


def test_a_missing_blink_counts_little_against_a_clip(shipped: ClipRatios) -> None:
    assert -0.5 < shipped.blink.ratio(0, 6.0) <= 0.0


def test_the_packaged_file_has_a_card_and_its_hash(shipped: ClipRatios) -> None:
    assert shipped.version == store.version(MODEL)
    assert shipped.models == {"clip_tests": shipped.version}
    card = store.card(MODEL)
    assert store.find(MODEL).sha256 in card
    for name, limit in LIMITS.items():
        assert f"{name} {limit:g}" in card


def test_a_ratio_never_falls_with_the_slope(shipped: ClipRatios) -> None:
    for curve in (shipped.parallax, MADE_UP.parallax):
        ratios = [curve.ratio(slope) for slope in np.linspace(-0.5, 1.5, 300)]
        assert (np.diff(ratios) >= 0.0).all()


def test_a_longer_clip_without_a_blink_counts_more_against_it() -> None:
    ratios = [MADE_UP.blink.ratio(0, seconds) for seconds in np.linspace(0.0, 60.0, 30)]
    assert ratios[0] == 0.0
    assert (np.diff(ratios) <= 0.0).all()
    assert ratios[-1] < -0.9


def test_several_blinks_count_as_one() -> None:
    assert MADE_UP.blink.ratio(1, 3.0) == MADE_UP.blink.ratio(5, 30.0) == 1.2


def test_arrays_are_read_back() -> None:
    found = ClipRatios.from_arrays(MADE_UP.arrays(), "file", "v")
    assert found == replace(MADE_UP, version="v")


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        (PULSE, [1.1], "a pulse: expected 0 to 1"),
        (PARALLAX, [0.4, 8.0, 0.5, 2.0], "parallax's least and greatest ratio"),
        (PARALLAX, [0.4, 0.0, -1.0, 2.0], "parallax's gain"),
        (PARALLAX, [0.4, np.nan, -1.0, 2.0], "4 finite numbers"),
        (BLINK, [2.5, 0.8, 0.75], "a blink: expected 0 to 2"),
        (BLINK, [1.0, 1.0, 0.75], "a share of blinks"),
        (BLINK, [1.0, 0.5], "3 finite numbers"),
    ],
)
def test_a_file_that_claims_too_much_is_refused(name: str, values: list[float], words: str) -> None:
    arrays = {**MADE_UP.arrays(), name: np.array(values)}
    with pytest.raises(ModelError, match=words):
        ClipRatios.from_arrays(arrays, "the file")


def test_another_format_or_a_missing_test_is_refused() -> None:
    with pytest.raises(ModelError, match="format 9"):
        ClipRatios.from_arrays({**MADE_UP.arrays(), "format_version": np.array(9)}, "the file")
    with pytest.raises(ModelError, match="the file holds no ratios"):
        ClipRatios.from_arrays({"format_version": np.array(1)}, "the file")
