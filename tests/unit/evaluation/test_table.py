"""Scores beside labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_tables import table, tables

from facepad.errors import InputError
from facepad.evaluation.table import ScoreTable, from_samples, score_table
from facepad.types import Reason, Sample, Score, Split


def sample(subject: str, split: Split = Split.TEST, species: str | None = None) -> Sample:
    return Sample(f"d/{subject}", f"{subject}.jpg", subject, split, species)


def test_samples_and_scores_stand_side_by_side() -> None:
    samples = [sample("1"), sample("2", species="print"), sample("3")]
    doubt = Score(0.5, Reason.UNFAMILIAR_CAMERA)
    made = from_samples(samples, [Score(0.9), doubt, Score(None, Reason.NO_FACE)])
    assert made.bona_fide.tolist() == [True, False, True]
    assert made.answered.tolist() == [True, True, False]
    assert made.abstained.tolist() == [False, True, False]
    assert made.split is Split.TEST


def test_a_missing_score_is_not_a_number_rather_than_zero() -> None:
    assert np.isnan(table([None], [0.0]).values[0])


def test_samples_of_two_splits_are_refused() -> None:
    with pytest.raises(InputError, match="one split, got dev, test"):
        from_samples([sample("1"), sample("2", Split.DEV)], [Score(0.1), Score(0.2)])


def test_no_samples_are_refused() -> None:
    with pytest.raises(InputError, match="one split, got none"):
        from_samples([], [])


def test_lengths_that_differ_are_refused_with_their_numbers() -> None:
    with pytest.raises(InputError, match="got 2, 1, 2 and 2"):
        score_table([0.1, 0.2], [None], ["a", "b"], split=Split.TEST)


def test_a_score_outside_the_unit_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"1 outside, as .*1\.5"):
        table([1.5], [0.2])


def test_equal_subjects_make_a_much_photographed_person_count_once() -> None:
    people = ["a", "a", "a", "b", "a"]
    made = score_table([0.5] * 5, [None] * 4 + ["print"], people, split=Split.TEST)
    weights = made.equal_subjects().weights
    np.testing.assert_allclose(weights, [1 / 3, 1 / 3, 1 / 3, 1, 1])


def test_an_unknown_species_has_no_rows() -> None:
    assert not table([0.5], [0.5]).of_species("mask").any()


@given(tables())
def test_equal_subjects_sum_to_the_number_of_subjects_in_every_kind(made: ScoreTable) -> None:
    weights = made.equal_subjects().weights
    for rows in (made.bona_fide, *(made.of_species(name) for name in made.species)):
        assert weights[rows].sum() == pytest.approx(made.subject_count(rows))


@given(tables(), st.data())
def test_keeping_rows_keeps_their_labels(made: ScoreTable, data: st.DataObject) -> None:
    size = len(made.values)
    rows = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    np.testing.assert_array_equal(made.keep(rows).kinds, made.kinds[rows])
    np.testing.assert_array_equal(made.keep(rows).people, made.people[rows])
