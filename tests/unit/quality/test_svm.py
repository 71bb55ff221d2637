"""Support-vector machines: libsvm's text files, and the values they give."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import InputError
from facepad.quality.svm import Machine, couple, read_machine, read_range

# made-up models with the outputs of libsvm-official 3.37.0, the range by its svm-scale
GOLDEN = json.loads(
    (Path(__file__).resolve().parents[2] / "reference" / "iqa_svm_reader.json").read_text("utf-8")
)
POINTS = [np.array(query) for query in GOLDEN["scaled_queries"]]

REGRESSOR = """svm_type epsilon_svr
kernel_type rbf
gamma 0.5
nr_class 2
total_sv 2
rho -0.25
SV
2 1:1 2:0
-1 2:2
"""
CLASSIFIER = """svm_type c_svc
kernel_type rbf
gamma 1
nr_class 2
total_sv 2
rho 0.5
label 7 3
nr_sv 1 1
SV
1 1:0
-1 1:1
"""
RANGE = "x\n-1 1\n1 0 10\n3 -5 5\n"


def test_the_range_scales_as_svm_scale_does() -> None:
    scale = read_range(GOLDEN["range_text"])
    scaled = [scale(np.array(query)) for query in GOLDEN["raw_queries"]]
    np.testing.assert_allclose(scaled, GOLDEN["scaled_queries"], rtol=1e-9)


def test_decisions_are_those_of_libsvm() -> None:
    machine = read_machine(GOLDEN["c_svc"]["model_text"])
    found = [machine.decisions(point) for point in POINTS]
    np.testing.assert_allclose(found, GOLDEN["c_svc"]["decision_values"], rtol=1e-9)


def test_probabilities_are_those_of_libsvm() -> None:
    machine = read_machine(GOLDEN["c_svc"]["model_text"])
    found = [machine.probabilities(point) for point in POINTS]
    np.testing.assert_allclose(found, GOLDEN["c_svc"]["probabilities"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["nu_svr", "epsilon_svr"])
def test_regression_is_that_of_libsvm(kind: str) -> None:
    machine = read_machine(GOLDEN[kind]["model_text"])
    found = [machine.regress(point) for point in POINTS]
    np.testing.assert_allclose(found, GOLDEN[kind]["predictions"], rtol=1e-9)


def test_a_regressor_gives_the_value_computed_by_hand() -> None:
    value = read_machine(REGRESSOR).regress(np.array([1.0, 0.0]))
    assert value == pytest.approx(2 * 1 - np.exp(-0.5 * (1 + 4)) + 0.25)


def test_a_classifier_gives_the_value_computed_by_hand() -> None:
    machine = read_machine(CLASSIFIER)
    assert machine.decisions(np.array([0.0])) == pytest.approx([1 - np.exp(-1) - 0.5])
    assert machine.classes.tolist() == [7, 3]


def test_line_ends_may_be_those_of_windows() -> None:
    point = np.array([0.3, 0.7])
    there = read_machine(REGRESSOR.replace("\n", "\r\n"))
    assert there.regress(point) == read_machine(REGRESSOR).regress(point)


def test_an_absent_feature_is_zero() -> None:
    machine = read_machine(REGRESSOR, features=4)
    np.testing.assert_array_equal(machine.vectors, [[1, 0, 0, 0], [0, 2, 0, 0]])


def test_a_feature_that_the_range_does_not_list_scales_to_zero() -> None:
    np.testing.assert_allclose(read_range(RANGE)(np.array([5.0, 99.0, 5.0])), [0, 0, 1])


def test_a_range_refuses_fewer_features_than_it_lists() -> None:
    with pytest.raises(InputError, match="lists feature 3, got 2"):
        read_range(RANGE)(np.zeros(2))


def test_a_machine_without_sigmoids_gives_no_probabilities() -> None:
    with pytest.raises(InputError, match="probA"):
        read_machine(CLASSIFIER).probabilities(np.array([0.0]))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("svm_type epsilon_svr", "svm_type one_class", "line 1: svm_type must be one of"),
        ("kernel_type rbf", "kernel_type linear", "line 2: kernel_type must be one of rbf"),
        ("gamma 0.5", "gamma wide", "line 3: gamma: expected 1 finite numbers, got 'wide'"),
        ("gamma 0.5\n", "", "no line 'gamma'"),
        ("rho -0.25", "rho 1 2", "line 6: rho: expected 1 finite"),
        ("rho -0.25", "rho nan", "line 6: rho: expected 1 finite"),
        ("SV\n", "", "line 8: the file ends before the line 'SV'"),
        ("total_sv 2", "total_sv 3", "total_sv says 3, but it has 2"),
        ("total_sv 2", "total_sv -1", "line 5: total_sv must be 1 to"),
        ("2 1:1 2:0", "2 1:1 2-0", "line 8: expected index:value"),
        ("2 1:1 2:0", "2 0:1", "line 8: expected index:value with index 1 to"),
        ("2 1:1 2:0", "2 99999999999:1", "line 8: expected index:value"),
        ("2 1:1 2:0", "two 1:1", "line 8: coefficients: expected 1 finite"),
        ("-1 2:2", "-1 2:inf", "line 9: expected 1 finite"),
    ],
)
def test_a_malformed_model_names_the_line(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_machine(REGRESSOR.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nr_sv 1 1", "nr_sv 2 1", "cannot be .* of each class"),
        ("nr_sv 1 1", "nr_sv 2 0", "cannot be .* of each class"),
        ("label 7 3", "label 7", "line 7: label: expected 2 finite"),
        ("nr_class 2", "nr_class 1000000", "line 4: nr_class must be 2 to 100"),
        ("nr_class 2", "nr_class 1", "nr_class must be 2 to 100, got 1"),
        ("rho 0.5", "rho 0.5\nprobA -1", "no line 'probB'"),
    ],
)
def test_a_malformed_classifier_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_machine(CLASSIFIER.replace(old, new))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected 'x'"),
        ("y\n-1 1\n", "line 1: expected 'x'"),
        ("x\n-1\n", "line 2: expected 2 finite"),
        ("x\n-1 1\n1 0\n", "line 3: expected 3 finite"),
        ("x\n-1 1\n1 0 1\n1.5 0 1\n", "line 4: expected an index"),
        ("x\n-1 1\n1 3 3\n", "line 3: expected an index .* two rising numbers"),
        ("x\n-1 1\n0 0 1\n", "line 3: expected an index"),
    ],
)
def test_a_malformed_range_names_the_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_range(text)


@given(st.data())
def test_a_damaged_model_is_read_or_refused_but_never_crashes(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([REGRESSOR, CLASSIFIER, GOLDEN["c_svc"]["model_text"][:900]]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    damaged = text[:start] + data.draw(st.text(max_size=8)) + text[end:]
    try:
        machine = read_machine(damaged)
    except InputError:
        return
    assert np.isfinite(machine.vectors).all()


@given(st.text(max_size=60) | st.text(alphabet="x 0123456789.-e\n", max_size=60))
def test_a_damaged_range_is_read_or_refused_but_never_crashes(rest: str) -> None:
    try:
        scale = read_range("x\n" + rest)
    except InputError:
        return
    assert (scale.smallest < scale.largest).all()


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_coupled_probabilities_are_positive_and_sum_to_one(classes: int, seed: int) -> None:
    upper = np.triu(np.random.default_rng(seed).uniform(0.01, 0.99, (classes, classes)), 1)
    found = couple(upper + np.tril(1 - upper.T, -1))
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()


@given(st.floats(0.05, 0.95))
def test_coupling_two_classes_gives_back_their_probability(share: float) -> None:
    found = couple(np.array([[0, share], [1 - share, 0]]))
    assert found[0] == pytest.approx(share, abs=0.005)


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_a_regressor_stays_between_its_extremes(x: float, y: float) -> None:
    value = read_machine(REGRESSOR).regress(np.array([x, y]))
    assert -1 + 0.25 <= value <= 2 + 0.25


def test_shapes_that_do_not_fit_are_refused() -> None:
    nothing = np.zeros(0, np.int64)
    with pytest.raises(InputError, match="needs coefficients of shape"):
        Machine(1.0, np.zeros((3, 2)), np.zeros((1, 2)), np.zeros(1), nothing, nothing, np.zeros(0))
