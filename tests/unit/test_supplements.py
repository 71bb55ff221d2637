"""Tests that add to what others decide: how much, and never alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from facepad import Checker
from facepad.fusion import Answer, mean_ratio
from facepad.fusion.supplements import MOST_FOR, added_by, fused
from facepad.scorer import contributions_of
from facepad.scores import logit, sigmoid
from facepad.testing import made_up_presentation
from facepad.types import Frame, OperatingPoint, Outcome, Presentation, Reason, Score

NEVER = OperatingPoint.undecided()
BAND = OperatingPoint("balanced", 0.5, 0.4, 0.6)


def answers(own: Score, beside: Score) -> dict[str, Answer]:
    return {"face": Answer(own, BAND), "pulse": Answer(beside, NEVER)}


def test_a_supplement_adds_its_ratio_and_leaves_the_point() -> None:
    given = answers(Score(0.7, interval=(0.6, 0.8)), Score(sigmoid(1.0)))
    alone, both = mean_ratio({"face": given["face"]}), fused(mean_ratio, given)
    assert logit(both.value or 0.0) == pytest.approx(logit(0.7) + 1.0)
    assert both.operating_point == alone.operating_point == BAND
    assert alone.interval is not None
    assert both.interval is not None
    for moved, was in zip(both.interval, alone.interval, strict=True):
        assert logit(moved) == pytest.approx(logit(was) + 1.0)


def test_a_supplement_that_cannot_tell_adds_nothing() -> None:
    given = answers(Score(0.7), Score(None, Reason.NO_PULSE))
    assert fused(mean_ratio, given) == mean_ratio({"face": given["face"]})
    assert added_by(given) == {}


def test_a_supplement_gives_no_value_where_the_others_have_none() -> None:
    found = fused(mean_ratio, answers(Score(None, Reason.NO_FACE), Score(0.7)))
    assert (found.value, found.reasons) == (None, (Reason.NO_FACE,))


def test_supplements_alone_are_uncertain() -> None:
    found = fused(mean_ratio, {"pulse": Answer(Score(0.73), NEVER)})
    assert found.value == pytest.approx(0.73)
    assert not found.operating_point.decides


def test_supplements_add_to_each_other_in_any_order() -> None:
    face, pulse, blink = (Answer(Score(0.6), BAND), *(Answer(Score(v), NEVER) for v in (0.7, 0.4)))
    one = fused(mean_ratio, {"face": face, "pulse": pulse, "blink": blink})
    other = fused(mean_ratio, {"blink": blink, "face": face, "pulse": pulse})
    assert one.value == pytest.approx(other.value)
    assert logit(one.value or 0.0) == pytest.approx(sum(map(logit, (0.6, 0.7, 0.4))))


def test_a_test_without_a_threshold_is_no_supplement() -> None:
    point = OperatingPoint("no threshold", 0.5, 0.0, 1.0)
    given = {"face": Answer(Score(0.7), BAND), "own": Answer(Score(0.9), point)}
    assert added_by(given) == {}
    assert fused(mean_ratio, given) == mean_ratio(given)


@pytest.mark.parametrize(
    ("ratios", "added"),
    [
        ((0.4, 0.6, 0.2), (0.4, 0.6, 0.2)),
        ((1.5, 2.5, 1.0), tuple(MOST_FOR * one / 5.0 for one in (1.5, 2.5, 1.0))),
        ((-0.5, -2.0, -0.1), (-0.5, -2.0, -0.1)),
        ((-1.0, -3.0, 0.0), (-0.75, -2.25, 0.0)),
        ((2.0, -3.0, 1.0), (MOST_FOR * 2.0 / 3.0, -3.0, MOST_FOR / 3.0)),
    ],
)
def test_supplements_together_are_bounded_for_and_against(
    ratios: tuple[float, ...], added: tuple[float, ...]
) -> None:
    names = ("blink", "parallax", "pulse")
    given = {"face": Answer(Score(0.7), BAND)}
    scores = (Score(sigmoid(ratio)) for ratio in ratios)
    given |= {name: Answer(one, NEVER) for name, one in zip(names, scores, strict=True)}
    assert list(added_by(given).values()) == pytest.approx(added)
    found = fused(mean_ratio, given).value
    assert logit(found or 0.0) == pytest.approx(logit(0.7) + sum(added))


@pytest.mark.parametrize(("ratio", "added"), [(1.0, 0.0), (-1.0, -1.0)])
def test_a_test_that_is_not_calibrated_is_not_raised(ratio: float, added: float) -> None:
    face = Answer(Score(0.6), BAND, is_raised=False)
    given = {"face": face, "pulse": Answer(Score(sigmoid(ratio)), NEVER)}
    assert added_by(given) == pytest.approx({"pulse": added})
    assert logit(fused(mean_ratio, given).value or 0.0) == pytest.approx(logit(0.6) + added)


@pytest.mark.parametrize(("anchored", "score"), [(False, 0.55), (True, 0.75), (None, 0.75)])
def test_only_a_calibrated_test_passes_by_what_others_add(
    anchored: bool | None, score: float
) -> None:
    @dataclass
    class FaceTest:
        name: str = "face"
        operating_point: OperatingPoint = BAND
        models: Mapping[str, str] = field(default_factory=dict)

        def score(self, presentation: Presentation) -> Score:
            assert presentation.frames
            return Score(0.55)

    @dataclass
    class AddingTest(FaceTest):
        name: str = "adds"
        operating_point: OperatingPoint = NEVER

        def score(self, presentation: Presentation) -> Score:
            assert presentation.frames
            return Score(sigmoid(logit(0.75) - logit(0.55)))

    face = FaceTest()
    if anchored is not None:
        face.anchored = anchored  # type: ignore[attr-defined]
    found = Checker([face, AddingTest()]).check_presentation(made_up_presentation())
    assert found.score == pytest.approx(score)
    expected = Outcome.UNCERTAIN if anchored is False else Outcome.BONA_FIDE
    assert found.outcome is expected


def test_what_a_supplement_adds_is_explained() -> None:
    given = answers(Score(0.7), Score(sigmoid(0.5)))
    found = contributions_of(mean_ratio, given, fused(mean_ratio, given).value)
    assert found is not None
    assert [(part.name, round(part.log_odds, 6)) for part in found.parts] == [
        ("face", round(logit(0.7), 6)),
        ("pulse", 0.5),
    ]
    assert found.log_likelihood_ratio == pytest.approx(logit(0.7) + 0.5)


def test_a_supplement_that_is_reduced_has_a_weight_below_1() -> None:
    for ratio, weight in ((0.0, 1.0), (-0.5, 1.0), (2.0 * MOST_FOR, 0.5)):
        found = contributions_of(mean_ratio, answers(Score(0.7), Score(sigmoid(ratio))))
        assert found is not None
        assert found.parts[1].weight == pytest.approx(weight)


@dataclass
class Fixed:
    name: str
    value: float
    operating_point: OperatingPoint = BAND
    models: Mapping[str, str] = field(default_factory=dict)

    def score(self, presentation: Presentation) -> Score:
        return Score(self.value if presentation.frames else 0.5)


class Seen:
    models: Mapping[str, str] = {}

    def find(self, frame: Frame) -> Frame:
        return frame


@pytest.mark.parametrize(
    ("value", "beside", "outcome"),
    [
        (0.55, 0.7, Outcome.BONA_FIDE),
        (0.55, 0.5, Outcome.UNCERTAIN),
        (0.55, 0.2, Outcome.ATTACK),
        (0.7, 0.55, Outcome.BONA_FIDE),
    ],
)
def test_a_decision_takes_what_a_supplement_adds(
    value: float, beside: float, outcome: Outcome
) -> None:
    tests = (Fixed("own", value), Fixed("more", beside, NEVER))
    checker = Checker(tests, finder=Seen(), explain=True)
    decision = checker.check_presentation(made_up_presentation())
    assert decision.outcome is outcome
    assert decision.contributions is not None
    assert decision.contributions.log_likelihood_ratio == pytest.approx(
        logit(value) + logit(beside), abs=1e-6
    )


def test_a_supplement_has_no_note_on_its_operating_point() -> None:
    tests = (Fixed("own", 0.9), Fixed("more", 0.6, NEVER))
    decision = Checker(tests, finder=Seen(), operating_point="strict").check_presentation(
        made_up_presentation()
    )
    assert not any("more has no operating point" in note for note in decision.notes)
