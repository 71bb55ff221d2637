"""Scratch memory: handed out by name, used again, and always aligned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.quality.workspace import ALIGNMENT, Workspace, aligned


def test_a_name_stands_for_the_same_memory_again() -> None:
    workspace = Workspace()
    first, second = workspace.map("a", (4, 6)), workspace.map("a", (3, 8))
    assert np.shares_memory(first, second)


def test_two_names_never_share_memory() -> None:
    maps = Workspace().maps("abcdefgh", (50, 60))
    assert not any(np.shares_memory(a, b) for a in maps for b in maps if a is not b)


def test_two_types_under_one_name_never_share_memory() -> None:
    workspace = Workspace()
    mask = workspace.array("a", (50, 60), np.bool_)
    assert not np.shares_memory(mask, workspace.map("a", (50, 60)))


def test_after_a_reset_another_name_gets_the_memory() -> None:
    workspace = Workspace()
    first = workspace.map("a", (50, 60))
    workspace.reset()
    assert np.shares_memory(first, workspace.map("b", (50, 55)))


def test_a_small_map_does_not_take_a_large_block() -> None:
    workspace = Workspace()
    first = workspace.map("a", (500, 600))
    workspace.reset()
    assert not np.shares_memory(first, workspace.map("b", (5, 6)))


@given(
    requests=st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(1, 5000), st.booleans()), max_size=30
    )
)
def test_maps_that_are_in_use_never_overlap(requests: list[tuple[str, int, bool]]) -> None:
    workspace, in_use = Workspace(), dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]()
    for name, size, reset in requests:
        if reset:
            workspace.reset()
            in_use.clear()
        in_use[name] = workspace.map(name, (size,))
        others = [other for key, other in in_use.items() if key != name]
        assert not any(np.shares_memory(in_use[name], other) for other in others)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.bool_, np.float64])
def test_memory_begins_at_a_multiple_of_the_alignment(size: int, dtype: type) -> None:
    array = aligned(size, dtype)
    assert array.shape == (size,)
    assert array.dtype == dtype
    assert array.ctypes.data % ALIGNMENT == 0
