"""What adds up to a log-likelihood ratio: sums, parts of tests in a fusion, and the decision."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facepad.fusion import Answer, Fused, mean_ratio
from facepad.fusion.lda import LdaFusion
from facepad.pipeline import Checker
from facepad.registry import POINT_NAMES
from facepad.scorer import contributions_of
from facepad.scores import LOGIT_LIMIT, AffineScaling, Breakdown, Contribution, logit, sigmoid
from facepad.types import CaptureQuality, Face, Frame, OperatingPoint, Presentation, Reason, Score

HALF = OperatingPoint.at(0.5)
SHARES = st.floats(0.0, 1.0)
ANSWERS = st.lists(
    st.builds(Score, SHARES, st.sampled_from([None, None, Reason.UNFAMILIAR_CAMERA]))
    | st.builds(Score, st.none(), st.just(Reason.NO_FACE)),
    min_size=1,
    max_size=5,
)


def answers(*scores: float | Score) -> dict[str, Answer]:
    given = (one if isinstance(one, Score) else Score(one) for one in scores)
    return {name: Answer(score, HALF) for name, score in zip("abcde", given, strict=False)}


def lowest(given: Mapping[str, Answer]) -> Fused:
    """A fusion that gives no parts: the lowest score."""
    values = [one.score.value for one in given.values() if one.score.value is not None]
    return Fused(min(values, default=None), (), HALF)


@dataclass
class Weighted:
    """A fusion with weights and a bias."""

    weights: Mapping[str, float]
    bias: float

    def contributions(self, given: Mapping[str, Answer]) -> Mapping[str, float]:
        values = {name: one.score.value for name, one in given.items()}
        return {name: self.weights[name] * logit(v) for name, v in values.items() if v is not None}

    def __call__(self, given: Mapping[str, Answer]) -> Fused:
        return Fused(sigmoid(self.bias + sum(self.contributions(given).values())), (), HALF)


# --- sums ---------------------------------------------------------------------------------


def test_parts_and_bias_sum_to_the_ratio() -> None:
    parts = (Contribution("a", 0.5), Contribution("b", -2.0))
    assert Breakdown(parts, 0.25).log_likelihood_ratio == -1.25


def test_what_is_missing_of_a_sum_becomes_a_part() -> None:
    whole = Breakdown((Contribution("a", 0.5),), 0.25).adding_up_to(1.0, "rest")
    assert whole.parts[1] == Contribution("rest", 0.25)
    assert whole.log_likelihood_ratio == 1.0


def test_a_sum_that_is_right_gets_no_further_part() -> None:
    found = Breakdown((Contribution("a", 0.5),), 0.25)
    assert found.adding_up_to(0.75 + 1e-12, "rest") is found


def test_a_breakdown_becomes_json() -> None:
    found = Breakdown((Contribution("a", 0.5, "one", 0.25), Contribution("b", -1.0)), 0.125)
    assert json.loads(json.dumps(found.to_dict())) == {
        "log_likelihood_ratio": -0.375,
        "bias": 0.125,
        "parts": [
            {"name": "a", "group": "one", "log_odds": 0.5, "weight": 0.25},
            {"name": "b", "group": "", "log_odds": -1.0},
        ],
    }


# --- tests in a fusion --------------------------------------------------------------------


@pytest.mark.parametrize("fusion", [mean_ratio, lowest, Weighted(dict.fromkeys("abcde", 0.3), 0.1)])
@settings(max_examples=30)
@given(scores=ANSWERS)
def test_the_parts_of_tests_sum_to_the_fused_ratio(fusion: Weighted, scores: list[Score]) -> None:
    value = fusion(answers(*scores)).value
    found = contributions_of(fusion, answers(*scores))
    if value is None:
        assert found is None
    else:
        assert found is not None
        assert found.log_likelihood_ratio == pytest.approx(logit(value), abs=1e-9)


@settings(max_examples=30)
@given(st.lists(st.floats(sigmoid(-LOGIT_LIMIT), sigmoid(LOGIT_LIMIT)), min_size=1, max_size=5))
def test_the_mean_has_equal_weights_and_no_bias(values: list[float]) -> None:
    found = contributions_of(mean_ratio, answers(*values))
    assert found is not None
    assert found.bias == pytest.approx(0.0, abs=1e-6)
    weights = [part.weight for part in found.parts]
    assert weights == pytest.approx([1.0 / len(values)] * len(values))


def test_a_test_that_abstains_adds_nothing_to_the_mean() -> None:
    given = answers(0.9, Score(0.1, Reason.UNFAMILIAR_CAMERA), Score(None, Reason.NO_FACE))
    found = contributions_of(mean_ratio, given)
    assert found is not None
    assert [part.name for part in found.parts] == ["a"]


def test_a_fusion_with_parts_gives_its_weights_and_its_bias() -> None:
    found = contributions_of(Weighted({"a": 0.75, "b": 0.5}, 0.125), answers(0.8, 0.3))
    assert found is not None
    assert found.bias == pytest.approx(0.125)
    assert [part.weight for part in found.parts] == pytest.approx([0.75, 0.5])


def test_without_parts_a_test_adds_what_is_lost_without_it() -> None:
    found = contributions_of(lowest, answers(0.2, 0.5, 0.9))
    assert found is not None
    lost = logit(0.2) - logit(0.5)
    assert [part.log_odds for part in found.parts] == pytest.approx([lost, 0.0, 0.0])
    assert [part.weight for part in found.parts] == pytest.approx([1.0, 0.0, 0.0])


def test_a_weight_does_not_depend_on_where_a_part_is_zero() -> None:
    class Centred(Weighted):
        def contributions(self, given: Mapping[str, Answer]) -> Mapping[str, float]:
            return {name: one - 2.0 for name, one in super().contributions(given).items()}

    found = contributions_of(Centred({"a": 0.75, "b": 0.5}, 4.0), answers(0.8, 0.3))
    assert found is not None
    assert [part.weight for part in found.parts] == pytest.approx([0.75, 0.5])


def test_a_fitted_fusion_has_the_weights_of_its_discriminant() -> None:
    means, bounds = np.array([[-1.0, -1.0], [1.0, 2.0]]), dict.fromkeys(POINT_NAMES, (-1.0, 1.0))
    scaling, nothing = AffineScaling(1.25, 0.5), np.zeros((2, 2))
    fusion = LdaFusion(("a", "b"), {}, means, np.eye(2), nothing, scaling, bounds)
    found = contributions_of(fusion, answers(0.8, 0.3))
    assert found is not None
    weights, _ = fusion.weights(("a", "b"))
    assert [part.weight for part in found.parts] == pytest.approx((1.25 * weights).tolist())
    assert found.bias == pytest.approx(0.5)


def test_what_a_veto_takes_away_is_a_part_of_its_own() -> None:
    found = contributions_of(mean_ratio, answers(0.8, 0.3), sigmoid(-3.0))
    assert found is not None
    assert found.log_likelihood_ratio == pytest.approx(-3.0)
    assert [part.name for part in found.parts] == ["a", "b", "veto"]


# --- the decision -------------------------------------------------------------------------


@dataclass
class Bright:
    """Adds two parts of the brightness."""

    name: str = "bright"
    operating_point: OperatingPoint = HALF

    @property
    def models(self) -> Mapping[str, str]:
        return {self.name: f"{self.name}-1"}

    def score(self, presentation: Presentation) -> Score:
        bright = float(presentation.frames[0].image.mean()) / 255.0
        return Score(sigmoid(3.0 * bright - 1.0), details={"bright": bright})

    def contributions(self, score: Score) -> Breakdown:
        bright = score.details["bright"]
        return Breakdown((Contribution("x", bright), Contribution("y", 2.0 * bright)), -1.0)


GREY = np.full((8, 8, 3), 204, np.uint8)
STILL = Presentation((Frame(GREY, face=Face((1, 1, 7, 7), 1.0), capture=CaptureQuality()),))


def test_a_decision_explains_its_tests_and_each_test_its_members() -> None:
    checker = Checker((Bright("one"), Bright("two")), explain=True)
    decision = checker.check_presentation(STILL)
    assert decision.contributions is not None
    assert [part.name for part in decision.contributions.parts] == ["one", "two"]
    assert decision.contributions.log_likelihood_ratio == pytest.approx(1.4)
    own = decision.scores["one"].details["contributions"]
    assert (own["log_likelihood_ratio"], own["bias"]) == pytest.approx((1.4, -1.0))


def test_nothing_is_explained_unless_asked_for() -> None:
    decision = Checker((Bright(),)).check_presentation(STILL)
    assert decision.contributions is None
    assert "contributions" not in decision.scores["bright"].details


def test_a_decision_without_a_score_has_no_contributions() -> None:
    no_face = Presentation((replace(STILL.frames[0], face=None, no_face=Reason.NO_FACE),))

    class Blind(Bright):
        def score(self, presentation: Presentation) -> Score:
            assert presentation.frames
            return Score(None, Reason.NO_FACE)

    assert Checker((Blind(),), explain=True).check_presentation(no_face).contributions is None
