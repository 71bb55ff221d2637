"""Made-up score tables for the tests of the evaluation."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from facepad.evaluation.table import ScoreTable, score_table
from facepad.types import Split

# Few different values, so that ties are common.
VALUES = st.integers(0, 20).map(lambda step: step / 20)


def table(
    bona_fide: Sequence[float | None],
    attack: Sequence[float | None],
    *,
    species: list[str] | None = None,
    split: Split = Split.TEST,
) -> ScoreTable:
    """One subject a presentation; attacks are prints unless told."""
    kinds: list[str | None] = [None] * len(bona_fide)
    kinds += species or ["print"] * len(attack)
    people = [f"b{i}" for i in range(len(bona_fide))] + [f"a{i}" for i in range(len(attack))]
    return score_table([*bona_fide, *attack], kinds, people, split=split)


def normal(seed: int = 0, *, split: Split = Split.TEST, size: int = 60) -> ScoreTable:
    """Two overlapping classes, two species, twelve subjects a class with unequal shares."""
    draw = np.random.default_rng(seed)
    values = np.concatenate([draw.normal(0.6, 0.15, size), draw.normal(0.4, 0.15, size)])
    people = [f"s{int(p)}" for p in draw.integers(0, 12, 2 * size) ** 2 // 11]
    kinds = [None] * size + ["print"] * (size // 2) + ["screen"] * (size - size // 2)
    return score_table(np.clip(values, 0, 1), kinds, people, split=split)


@st.composite
def tables(
    draw: st.DrawFn, *, split: Split = Split.TEST, responses_only: bool = False
) -> ScoreTable:
    """Any table with both classes and a few subjects who occur several times."""
    value: st.SearchStrategy[float | None] = st.one_of(VALUES, st.none())
    if responses_only:
        value = VALUES
    kinds: list[str | None] = [None, "print"]
    kinds += draw(st.lists(st.sampled_from([None, "print", "screen"]), max_size=18))
    size = len(kinds)
    scores: list[float | None] = [draw(VALUES), draw(VALUES)]
    scores += draw(st.lists(value, min_size=size - 2, max_size=size - 2))
    people = draw(st.lists(st.sampled_from("pqrst"), min_size=size, max_size=size))
    abstained = draw(st.lists(st.booleans(), min_size=size - 2, max_size=size - 2))
    return score_table(scores, kinds, people, split=split, abstained=[False, False, *abstained])
