"""Frame rules: the same frames of the same video, always."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import SettingsError
from facepad.media.frame_selection import FrameSelection


@pytest.mark.parametrize("text", ["all", "every:5", "even:10", "at:0"])
def test_a_rule_reads_what_it_writes(text: str) -> None:
    assert str(FrameSelection.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "every", "even:", "every:-1", "even:1.5", "at:x", "10", "ALL"]
)
def test_what_is_no_rule_is_told_with_those_that_are(text: str) -> None:
    with pytest.raises(SettingsError, match="'all', 'every:5', 'even:10', 'best:8' or 'at:0', got"):
        FrameSelection.parse(text)


@pytest.mark.parametrize("text", ["every:0", "even:0"])
def test_a_rule_that_chooses_nothing_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="needs a number of 1 or more"):
        FrameSelection.parse(text)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SettingsError, match="got 'random'"):
        FrameSelection("random")


def test_all_needs_no_count() -> None:
    assert FrameSelection().chosen(0)[:3] == range(3)


def test_every_takes_the_first_and_each_kth() -> None:
    assert list(FrameSelection("every", 4).chosen(0)[:3]) == [0, 4, 8]


def test_at_takes_one_frame() -> None:
    assert list(FrameSelection("at", 3).chosen(9)) == [3]


def test_even_takes_the_middles_of_equal_parts() -> None:
    assert list(FrameSelection("even", 2).chosen(8)) == [2, 6]


def test_even_takes_all_of_a_shorter_video() -> None:
    assert list(FrameSelection("even", 10).chosen(4)) == [0, 1, 2, 3]


@given(st.integers(1, 50), st.integers(1, 5000))
def test_even_frames_are_distinct_and_evenly_apart(number: int, count: int) -> None:
    chosen = list(FrameSelection("even", number).chosen(count))
    assert len(chosen) == min(number, count)
    assert 0 <= chosen[0] <= chosen[-1] < count
    gaps = {after - before for before, after in pairwise(chosen)}
    assert not gaps or (min(gaps) >= 1 and max(gaps) - min(gaps) <= 1)
