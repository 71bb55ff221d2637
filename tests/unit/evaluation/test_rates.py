"""Error rates at a given operating point. The case below is worked by hand.

Attacks: print 0.9 (accepted), 0.2, none; screen 0.1, 0.8 (accepted), 0.6 in doubt.
Bona fide: 0.9, 0.7, 0.5 (ties with the threshold), 0.3 (turned away), none.
"""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from score_tables import VALUES, normal, table, tables

from facepad.decision import decide
from facepad.evaluation.rates import Count, Reading, outcomes, rates_at
from facepad.evaluation.table import ScoreTable, score_table
from facepad.types import OperatingPoint, Outcome, Reason, Score, Split

HALF = OperatingPoint.at(0.5)
BAND = OperatingPoint("band", 0.5, 0.4, 0.6)


@pytest.fixture
def case() -> ScoreTable:
    return score_table(
        [0.9, 0.2, None, 0.1, 0.8, 0.6, 0.9, 0.7, 0.5, 0.3, None],
        ["print"] * 3 + ["screen"] * 3 + [None] * 5,
        ["1", "1", "2", "1", "2", "3", "1", "1", "2", "3", "3"],
        split=Split.TEST,
        abstained=[False] * 5 + [True] + [False] * 5,
    )


def test_a_silent_or_doubtful_attack_is_not_accepted(case: ScoreTable) -> None:
    assert rates_at(case, HALF).apcer == pytest.approx({"print": 1 / 3, "screen": 1 / 3})


def test_a_silent_bona_fide_is_turned_away(case: ScoreTable) -> None:
    assert rates_at(case, HALF).bpcer == pytest.approx(2 / 5)


def test_without_the_undecided_each_error_is_among_decisions(case: ScoreTable) -> None:
    rates = rates_at(case, HALF, reading=Reading.DECIDED)
    assert rates.apcer == pytest.approx({"print": 1 / 2, "screen": 1 / 2})
    assert rates.bpcer == pytest.approx(1 / 4)


@pytest.mark.parametrize("reading", Reading)
def test_the_silent_and_the_uncertain_are_counted_in_both_readings(
    case: ScoreTable, reading: Reading
) -> None:
    rates = rates_at(case, HALF, reading=reading)
    assert rates.apnrr == pytest.approx({"print": 1 / 3, "screen": 0.0})
    assert rates.bpnrr == pytest.approx(1 / 5)
    assert (rates.attack_uncertain, rates.bona_fide_uncertain) == pytest.approx((1 / 6, 0.0))


def test_the_confusion_matrix_is_in_percent_of_everything(case: ScoreTable) -> None:
    matrix = astuple(rates_at(case, HALF).confusion)
    assert matrix == pytest.approx((300 / 11, 200 / 11, 200 / 11, 400 / 11))


def test_accuracy_is_what_the_matrix_says(case: ScoreTable) -> None:
    assert rates_at(case, HALF).accuracy == pytest.approx(7 / 11)


def test_presentations_and_subjects_are_counted(case: ScoreTable) -> None:
    rates = rates_at(case, HALF)
    assert rates.bona_fide == Count(5, 3)
    assert rates.attack == Count(6, 3)
    assert rates.species == {"print": Count(3, 2), "screen": Count(3, 3)}


def test_equal_subjects_average_people_rather_than_pictures(case: ScoreTable) -> None:
    # Bona fide: subject 1 passes twice, 2 once, 3 never. Print: 1 half, 2 never accepted.
    rates = rates_at(case.equal_subjects(), HALF)
    assert rates.bpcer == pytest.approx(1 / 3)
    assert rates.apcer["print"] == pytest.approx(1 / 4)
    assert rates.weighting == "subjects"


def test_the_worst_species_decides_the_acer_but_all_attacks_the_hter() -> None:
    made = table([0.9, 0.1], [0.9, 0.9, 0.1, 0.1], species=["print", "screen"] + ["screen"] * 2)
    rates = rates_at(made, HALF)
    assert (rates.worst_species, rates.apcer_worst) == ("print", 1.0)
    assert rates.acer == pytest.approx((1.0 + 0.5) / 2)
    assert rates.hter == pytest.approx((0.5 + 0.5) / 2)


def test_the_thesis_matrix_gives_its_rates() -> None:
    # 87 % accuracy: 37.5 true and 12.5 false for attacks, 0.5 and 49.5 for bona fide.
    made = table([0.9] * 99 + [0.1], [0.1] * 75 + [0.9] * 25)
    rates = rates_at(made, HALF)
    assert astuple(rates.confusion) == pytest.approx((49.5, 0.5, 12.5, 37.5))
    assert (rates.apcer_worst, rates.bpcer, rates.accuracy) == pytest.approx((0.25, 0.01, 0.87))


def test_scores_in_the_band_do_not_decide() -> None:
    made = table([0.6, 0.59, 0.4, 0.39], [0.5])
    got = outcomes(made, BAND)
    assert got.accepted.tolist() == [True, False, False, False, False]
    assert got.rejected.tolist() == [False, False, False, True, False]
    assert got.uncertain.tolist() == [False, True, True, False, True]


def test_a_class_that_is_not_there_has_no_rate_rather_than_none_wrong() -> None:
    rates = rates_at(table([0.9], []), HALF)
    assert np.isnan(rates.apcer_worst)
    assert np.isnan(rates.acer)
    assert rates.worst_species is None
    assert rates.bpcer == 0.0


def test_a_species_that_never_answers_has_no_rate_among_decisions() -> None:
    made = table([0.9], [None, 0.2], species=["mask", "print"])
    rates = rates_at(made, HALF, reading=Reading.DECIDED)
    assert np.isnan(rates.apcer["mask"])
    assert (rates.worst_species, rates.apcer_worst) == ("print", 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_rates_agree_with_scikit_learn(seed: int) -> None:
    from sklearn.metrics import accuracy_score, confusion_matrix  # scikit-learn 1.9.1

    made = normal(seed).equal_subjects()
    labels, calls = made.bona_fide, made.values >= 0.5
    matrix = confusion_matrix(labels, calls, sample_weight=made.weights, normalize="all")
    rates = rates_at(made, HALF)
    found = rates.confusion
    np.testing.assert_allclose(
        [[found.true_negative, found.false_positive], [found.false_negative, found.true_positive]],
        100 * matrix,
    )
    assert rates.accuracy == pytest.approx(
        accuracy_score(labels, calls, sample_weight=made.weights)
    )


@given(tables())
def test_the_confusion_matrix_sums_to_a_hundred(made: ScoreTable) -> None:
    assert sum(astuple(rates_at(made, BAND).confusion)) == pytest.approx(100.0)


@given(tables(), VALUES, VALUES)
def test_a_higher_threshold_accepts_fewer_attacks_and_fewer_people(
    made: ScoreTable, one: float, other: float
) -> None:
    lower, higher = (rates_at(made, OperatingPoint.at(t)) for t in sorted((one, other)))
    assert higher.apcer_worst <= lower.apcer_worst
    assert higher.bpcer >= lower.bpcer


@given(tables())
def test_leaving_out_the_undecided_never_flatters_the_apcer(made: ScoreTable) -> None:
    strict = rates_at(made, HALF, reading=Reading.DECIDED).apcer
    for name, rate in rates_at(made, HALF).apcer.items():
        assert np.isnan(strict[name]) or strict[name] >= rate - 1e-12


@given(tables())
def test_every_row_has_exactly_the_outcome_that_decide_gives_one_score(made: ScoreTable) -> None:
    got = outcomes(made, BAND)
    for row, value in enumerate(made.values):
        doubt = Reason.UNFAMILIAR_CAMERA if made.abstained[row] else None
        score = Score(None, Reason.NO_FACE) if np.isnan(value) else Score(float(value), doubt)
        flags = {
            Outcome.BONA_FIDE: got.accepted[row],
            Outcome.ATTACK: got.rejected[row],
            Outcome.UNCERTAIN: got.uncertain[row],
            Outcome.NON_RESPONSE: got.non_response[row],
        }
        assert [outcome for outcome, flag in flags.items() if flag] == [decide(score, BAND)[0]]
