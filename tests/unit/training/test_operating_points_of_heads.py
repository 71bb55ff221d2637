"""Operating points of the face test's heads: bounds of the worst column, by set of views."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import DatasetError, SettingsError
from facepad.scores import AffineScaling
from facepad.training.face.heads import as_points, select_bounds
from facepad.training.face.run import read_bounds
from facepad.training.scaling import ACCEPTED, ACCUSED, Column

GOOD = {"convenience": (-1.0, 0.0), "balanced": (-1.0, 0.5), "strict": (-1.0, 2.0)}


def column(
    views: str = "context", people: float = 1.0, attacks: float = -1.0, count: int = 11
) -> Column:
    """A column with evenly spaced logits, `count` of each class, 0.1 apart."""
    steps = np.asarray(0.1 * np.arange(count), np.float64)
    return Column(views, people + steps, attacks + steps)


def test_bounds_are_the_quantiles_of_a_column() -> None:
    """Of 11 values 0.1 apart, the share s lies at (11 - 1) * s * 0.1 above the first."""
    found = select_bounds([column(), column("crop", 3.0, 2.0)])
    expected = {"convenience": -1.0 + 0.7, "balanced": -1.0 + 0.85, "strict": -1.0 + 0.95}
    for name, high in expected.items():
        low = min(1.0 + 0.05, high)
        assert found["context"][name] == pytest.approx((low, high))
    assert found["crop"]["strict"] == pytest.approx((2.95, 2.95))


def test_the_worst_column_of_each_class_decides() -> None:
    columns = [column(), column(attacks=0.0), column(people=-2.0), column("crop")]
    low, high = select_bounds(columns)["context"]["balanced"]
    assert (low, high) == pytest.approx((-2.0 + 0.05, 0.0 + 0.85))


def test_a_set_of_views_without_a_column_has_the_bounds_of_all() -> None:
    found = select_bounds([column(), column(people=-3.0)])
    assert found["crop"] == found["context"]


def test_columns_with_few_pictures_of_a_class_do_not_count_for_it() -> None:
    few = column(people=-9.0, attacks=9.0, count=9)
    assert select_bounds([column(), few]) == select_bounds([column()])


def test_one_class_may_come_from_another_column() -> None:
    people = Column("context", 1.0 + np.arange(11.0), np.zeros(0))
    attacks = Column("context", np.zeros(0), np.arange(11.0))
    assert select_bounds([people, attacks])["context"]["balanced"] == pytest.approx((1.5, 8.5))


@pytest.mark.parametrize("columns", [[], [column(count=9)]])
def test_without_enough_pictures_there_are_no_bounds(columns: list[Column]) -> None:
    with pytest.raises(DatasetError, match="a set with 10 pictures of each class"):
        select_bounds(columns)


logits = st.lists(st.floats(-20.0, 20.0), min_size=10, max_size=40).map(np.array)
columns = st.lists(
    st.builds(Column, st.sampled_from(["crop", "context"]), logits, logits), min_size=1, max_size=4
)


@pytest.mark.slow
@given(columns)
def test_no_column_exceeds_the_promised_shares(drawn: list[Column]) -> None:
    bounds = select_bounds(drawn)
    for one in drawn:
        for name, share in ACCEPTED.items():
            low, high = bounds[one.views][name]
            assert low <= high
            # Quantiles lie between two values, so at most one picture more than the share.
            slack = 1.0 / len(one.attacks)
            assert np.mean(one.attacks > high) <= share + slack + 1e-9
            assert np.mean(one.bona_fide < low) <= ACCUSED + 1.0 / len(one.bona_fide) + 1e-9


@pytest.mark.slow
@given(columns, st.floats(-5.0, 5.0))
def test_bounds_move_with_the_logits(drawn: list[Column], by: float) -> None:
    moved = [Column(one.views, one.bona_fide + by, one.attacks + by) for one in drawn]
    before, after = select_bounds(drawn), select_bounds(moved)
    for views, named in before.items():
        for name, (low, high) in named.items():
            assert after[views][name] == pytest.approx((low + by, high + by), abs=1e-9)


def test_bounds_become_points_in_scores() -> None:
    found = as_points({"crop": {"balanced": (-1.0, 2.0)}}, AffineScaling(3.0, 0.5))
    point = found["crop"]["balanced"]
    expected = [1.0 / (1.0 + math.exp(-(3.0 * raw + 0.5))) for raw in (2.0, -1.0, 2.0)]
    assert point.name == "balanced"
    assert [point.threshold, point.low, point.high] == pytest.approx(expected, rel=1e-12)


def written(folder: Path, data: object) -> Path:
    file = folder / "bounds.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def test_bounds_are_read_from_a_file(tmp_path: Path) -> None:
    file = written(tmp_path, {"recipe": "deep", "bounds": {"crop": GOOD, "context": GOOD}})
    assert read_bounds(file) == {"crop": GOOD, "context": GOOD}


@pytest.mark.parametrize(
    "crop",
    [
        {},
        {"balanced": (0.0, 1.0)},
        {**GOOD, "loose": (0.0, 1.0)},
        {**GOOD, "strict": (3.0, 1.0)},
        {**GOOD, "strict": (math.nan, 1.0)},
        {**GOOD, "strict": (0.0, math.inf)},
    ],
)
def test_bounds_that_are_incomplete_or_no_interval_are_refused(
    tmp_path: Path, crop: dict[str, Any]
) -> None:
    file = written(tmp_path, {"bounds": {"crop": crop, "context": GOOD}})
    with pytest.raises(SettingsError, match="crop needs convenience, balanced, strict"):
        read_bounds(file)


@pytest.mark.parametrize(
    "data",
    [3, [], {}, {"bounds": {"crop": GOOD}}, {"bounds": {"crop": {"strict": 1}, "context": GOOD}}],
)
def test_a_file_without_bounds_is_refused(tmp_path: Path, data: object) -> None:
    with pytest.raises(SettingsError, match="holds no operating points"):
        read_bounds(written(tmp_path, data))


def test_a_missing_file_of_bounds_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.json"):
        read_bounds(tmp_path / "nowhere.json")
