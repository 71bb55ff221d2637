"""Several tests as one system: their name, point, subsets, scores fused anew, and lines."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from facepad.decision import Decision, conclude
from facepad.errors import SettingsError
from facepad.evaluation.aggregation import Scored
from facepad.fusion import Answer, Fused, mean_ratio
from facepad.scores import logit, sigmoid
from facepad.scoring.engine import DatasetScoring, decided_rows, scored_by
from facepad.scoring.fused import FusedTests, partly_decided
from facepad.scoring.table import error_fields, presentation_columns, presentation_fields
from facepad.scoring.workers import CheckerSpec
from facepad.types import CaptureQuality, Face, OperatingPoint, Reason, Sample, Score, Split

POINTS = {
    "one": OperatingPoint.at(0.2),
    "two": OperatingPoint("dev", 0.5, 0.4, 0.6),
    "three": OperatingPoint.at(0.7),
}
SAMPLE = Sample("b/1", "b/1.jpg", "ben", Split.TEST)
UNFAMILIAR = Reason.UNFAMILIAR_CAMERA


def together(*names: str) -> FusedTests:
    return FusedTests.of("mean", {name: POINTS[name] for name in names or POINTS})


def test_the_name_is_that_of_the_fusion_and_its_tests() -> None:
    assert together().name == "mean of one, two, three"


def test_a_fusion_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match="unknown fusion 'mode'"):
        FusedTests.of("mode", POINTS)


def test_subsets_leave_out_one_test_first() -> None:
    assert [some.name for some in together().subsets()] == [
        "mean of one, two", "mean of one, three", "mean of two, three",
    ]  # fmt: skip
    assert list(together("one", "two").subsets()) == []  # each alone is a system already


def test_four_tests_have_ten_subsets_of_two_or_three() -> None:
    points = {str(number): POINTS["one"] for number in range(4)}
    assert len(list(FusedTests.of("mean", points).subsets())) == 10


def test_many_tests_are_left_out_one_by_one() -> None:
    points = {str(number): POINTS["one"] for number in range(6)}
    sizes = [len(some.points) for some in FusedTests.of("mean", points).subsets()]
    assert sizes == [5] * 6


def rows_of(
    scores: Mapping[str, Score], *capture: Reason, no_face: bool = False
) -> tuple[DatasetScoring, list[dict[str, str]]]:
    """A dataset of one sample, decided as the pipeline does, and its row in the file."""
    left_out = {name: s.reason for name, s in scores.items() if s.reason is Reason.NO_DEPTH}
    given = {name: Answer(s, POINTS[name]) for name, s in scores.items() if name not in left_out}
    fused = mean_ratio(given)
    missing = Reason.NO_FACE if no_face else None
    outcome, reasons = conclude(fused, no_face=missing, capture=capture)
    decision = Decision(
        outcome, fused.value, reasons,
        {name: one.score for name, one in given.items()},
        face=None if no_face else Face((0, 0, 9, 9), 0.9),
        capture=CaptureQuality(capture),
        left_out={name: reason for name, reason in left_out.items() if reason is not None},
    )  # fmt: skip
    return kept(presentation_fields(decision, tuple(POINTS)))


def kept(fields: tuple[str, ...]) -> tuple[DatasetScoring, list[dict[str, str]]]:
    spec = CheckerSpec(tuple(POINTS))
    scoring = DatasetScoring("it", Path(), (SAMPLE,), spec, {}, POINTS, Path(), 1, force=False)
    columns = dict(zip(presentation_columns(spec.tests), fields, strict=True))
    return scoring, [{"key": SAMPLE.key, **columns}]


def anew_by(
    tests: FusedTests, scoring: DatasetScoring, rows: list[dict[str, str]]
) -> tuple[Scored, ...]:
    return scored_by(scoring, rows, tests.answer)


NO_DEPTH = Score(None, Reason.NO_DEPTH)
NO_FACE = Score(None, Reason.NO_FACE)


@pytest.mark.parametrize(
    ("scores", "capture"),
    [
        ((Score(0.9), Score(0.6), Score(0.3)), ()),
        ((Score(0.9, UNFAMILIAR), Score(0.6), Score(0.3)), ()),
        ((Score(0.9, UNFAMILIAR), Score(0.6, UNFAMILIAR), Score(0.3, UNFAMILIAR)), ()),
        ((Score(0.9), Score(0.6), NO_DEPTH), ()),
        ((Score(0.9, UNFAMILIAR), Score(0.6, UNFAMILIAR), NO_DEPTH), ()),
        ((Score(0.9), Score(0.6), Score(0.3)), (Reason.TOO_DARK,)),
        ((Score(0.9), Score(0.6), Score(0.3)), (Reason.NO_CONTEXT,)),
    ],
)
def test_all_tests_fused_anew_are_as_they_were_decided(
    scores: tuple[Score, ...], capture: tuple[Reason, ...]
) -> None:
    scoring, rows = rows_of(dict(zip(POINTS, scores, strict=True)), *capture)
    (anew,), (decided,) = anew_by(together(), scoring, rows), decided_rows(scoring, rows)
    assert anew.value == pytest.approx(decided.value, abs=1e-5)
    assert anew.reason == decided.reason


def test_without_a_face_there_is_no_response() -> None:
    scoring, rows = rows_of(dict.fromkeys(POINTS, NO_FACE), no_face=True)
    (anew,) = anew_by(together("one", "two"), scoring, rows)
    assert (anew.value, anew.reason) == (None, "no_face")


def test_what_could_not_be_read_keeps_its_error() -> None:
    fields = error_fields("b/1.jpg: the file is empty", len(presentation_columns(tuple(POINTS))))
    (anew,) = anew_by(together("one", "two"), *kept(fields))
    assert (anew.value, anew.reason) == (None, "error: b/1.jpg: the file is empty")


def test_supplements_are_added_and_named() -> None:
    given = {"one": Score(0.9), "two": Score(sigmoid(-2.0)), "three": Score(0.3)}
    scoring, rows = rows_of(given)
    whole = FusedTests.of("mean", {"one": POINTS["one"]}, ("two",))
    pair = FusedTests.of("mean", {name: POINTS[name] for name in ("one", "three")}, ("two",))
    assert (whole.name, pair.name) == ("one with two", "mean of one, three with two")
    (anew,), (both,) = anew_by(whole, scoring, rows), anew_by(pair, scoring, rows)
    assert logit(anew.value or 0.0) == pytest.approx(logit(0.9) - 2.0, abs=1e-4)
    assert logit(both.value or 0.0) == pytest.approx((logit(0.9) + logit(0.3)) / 2 - 2.0, abs=1e-4)
    assert [some.name for some in pair.without_supplements()] == ["mean of one, three"]
    assert list(whole.without_supplements()) == []  # the test alone is a system already


@pytest.mark.parametrize("silent", [Score(None, Reason.NO_BLINK), Score(0.9, UNFAMILIAR)])
def test_a_supplement_that_cannot_tell_adds_nothing_to_a_row(silent: Score) -> None:
    scoring, rows = rows_of({"one": Score(0.9), "two": silent, "three": Score(0.3)})
    whole = FusedTests.of("mean", {"one": POINTS["one"]}, ("two",))
    (anew,) = anew_by(whole, scoring, rows)
    assert anew.value == pytest.approx(0.9)
    assert anew.reason == ""


def test_a_subset_is_fused_from_its_own_tests() -> None:
    scoring, rows = rows_of({"one": Score(0.9), "two": Score(0.6), "three": Score(0.3)})
    (anew,) = anew_by(together("one", "two"), scoring, rows)
    assert anew.value == pytest.approx(0.786061, abs=1e-5)  # scipy: expit(mean(logit([.9, .6])))


@pytest.mark.slow
def test_the_line_of_a_mean_is_straight_and_leaves_out_the_others() -> None:
    first, *others = together().lines()
    assert [(one.first, one.second) for one in (first, *others)] == [
        ("one", "two"), ("one", "three"), ("two", "three"),
    ]  # fmt: skip
    assert first.others == ("three",)
    x, y = np.meshgrid(first.ratios, first.ratios)
    bound = (logit(0.2) + logit(0.5)) / 2.0
    np.testing.assert_allclose(first.margins["threshold"], (x + y) / 2.0 - bound, atol=1e-6)
    assert (first.margins["low"] > first.margins["threshold"]).all()
    assert (first.margins["high"] < first.margins["threshold"]).all()


def test_a_line_has_no_margin_where_the_fusion_does_not_decide() -> None:
    def never(answers: Mapping[str, Answer]) -> Fused:
        return Fused(None, (UNFAMILIAR,), next(iter(answers.values())).operating_point)

    (line,) = FusedTests("never", never, {"one": POINTS["one"], "two": POINTS["two"]}).lines()
    assert np.isnan(line.margins["threshold"]).all()


def test_a_test_without_a_threshold_counts_as_deciding_in_a_fusion() -> None:
    sample = SAMPLE
    rows = {"a": [Scored(sample, 0.9)], "b": [Scored(sample, 0.8, Reason.NO_THRESHOLD.value)]}
    assert partly_decided(rows) == (0, 0)
