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


_KINDS, _PEOPLE, _STEPS = (None, "print", "screen"), "pqrst", 21
_SILENT = 11  # of 32 codes; the others are scores


@st.composite
def tables(
    draw: st.DrawFn, *, split: Split = Split.TEST, responses_only: bool = False
) -> ScoreTable:
    """Any table with both classes and a few subjects who occur several times.

    A row is drawn as one number, since drawing costs more than what most tests do with a table.
    """
    codes = st.integers(0, len(_KINDS) * len(_PEOPLE) * 2 * (_STEPS + _SILENT) - 1)
    rows = [_row(code) for code in draw(st.lists(codes, min_size=2, max_size=20))]
    scores, kinds = [row[0] for row in rows], [row[1] for row in rows]
    people, abstained = [row[2] for row in rows], [row[3] for row in rows]
    for number in range(len(rows) if responses_only else 2):
        scores[number] = 0.5 if scores[number] is None else scores[number]
    kinds[:2], abstained[:2] = _KINDS[:2], [False, False]  # both classes have one that decides
    return score_table(scores, kinds, people, split=split, abstained=abstained)


def _row(code: int) -> tuple[float | None, str | None, str, bool]:
    code, step = divmod(code, _STEPS + _SILENT)
    code, kind = divmod(code, len(_KINDS))
    abstained, person = divmod(code, len(_PEOPLE))
    score = step / (_STEPS - 1) if step < _STEPS else None
    return score, _KINDS[kind], _PEOPLE[person], bool(abstained)
