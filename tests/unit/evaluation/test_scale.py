"""Foreign scales: by order alone, there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import InputError
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.scale import scale_of

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_scores_become_their_ranks_strictly_inside_the_unit_range() -> None:
    scale = scale_of([-3.0, 250.0, 8.0])
    assert scale.ranks([-3.0, 8.0, 250.0]).tolist() == [0.25, 0.5, 0.75]


def test_where_higher_is_attack_the_highest_score_is_the_lowest_rank() -> None:
    scale = scale_of([1.0, 2.0, 3.0], ScoreDirection.ATTACK)
    assert scale.ranks([1.0, 2.0, 3.0]).tolist() == [0.75, 0.5, 0.25]


def test_missing_scores_stay_missing() -> None:
    assert np.isnan(scale_of([1.0, None]).ranks([None, float("nan")])).all()


def test_neighbours_that_almost_touch_stay_apart() -> None:
    near = [1e300, float(np.nextafter(1e300, 2e300)), -1e300, 5e-324, 0.0]
    assert len(np.unique(scale_of(near).ranks(near))) == 5


def test_infinite_scores_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        scale_of([1.0, float("inf")])


def test_a_threshold_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="a threshold is a finite number"):
        scale_of([1.0]).rank_of_threshold(float("nan"))


@pytest.mark.parametrize(
    ("higher_is", "passing"), [("bona_fide", [2.0, 3.0]), ("attack", [1.0, 2.0])]
)
def test_a_score_equal_to_the_threshold_is_on_the_bona_fide_side(
    higher_is: str, passing: list[float]
) -> None:
    scale = scale_of([1.0, 2.0, 3.0], ScoreDirection(higher_is))
    at = scale.rank_of_threshold(2.0)
    assert [v for v in (1.0, 2.0, 3.0) if scale.ranks([v])[0] >= at] == passing


def test_a_threshold_is_named_by_the_scores_it_was_chosen_on_only() -> None:
    alone, beside = scale_of([1.0, 9.0]), scale_of([1.0, 4.0, 5.0, 6.0, 9.0])
    between = [float(np.mean(scale.ranks([1.0, 9.0]))) for scale in (alone, beside)]
    thresholds = [s.threshold(b, [1.0, 9.0]) for s, b in zip((alone, beside), between, strict=True)]
    assert thresholds == [9.0, 9.0]


@pytest.mark.parametrize(("higher_is", "side"), [("bona_fide", 1.0), ("attack", -1.0)])
def test_where_nothing_may_pass_the_threshold_is_the_next_number_beyond(
    higher_is: str, side: float
) -> None:
    scale = scale_of([1.0, 2.0], ScoreDirection(higher_is))
    threshold = scale.threshold(float("inf"), [1.0, 2.0])
    best = max((1.0, 2.0), key=lambda v: side * v)
    assert threshold == np.nextafter(best, side * np.inf)


@given(st.lists(FINITE, min_size=1, max_size=30), FINITE, st.sampled_from(ScoreDirection))
def test_any_threshold_splits_ranks_as_it_splits_scores(
    values: list[float], threshold: float, higher_is: ScoreDirection
) -> None:
    scale = scale_of(values, higher_is)
    accepted = scale.ranks(values) >= scale.rank_of_threshold(threshold)
    sign = 1.0 if higher_is is ScoreDirection.BONA_FIDE else -1.0
    assert accepted.tolist() == [sign * v >= sign * threshold for v in values]


@given(st.lists(FINITE, min_size=2, max_size=30))
def test_ranks_keep_order_and_ties(values: list[float]) -> None:
    ranks = scale_of(values).ranks(values)
    for a, b in zip(range(len(values)), range(1, len(values)), strict=False):
        assert np.sign(values[a] - values[b]) == np.sign(ranks[a] - ranks[b]) or (
            np.isinf(values[a] - values[b])
        )
