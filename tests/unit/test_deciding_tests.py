"""Which tests decide, with and without the calibration of a camera."""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from facepad import calibration, registry, selected_tests
from facepad.calibration import Anchor, Calibration, MemberAnchor
from facepad.decision import Decision
from facepad.errors import ModelError, SettingsError
from facepad.fusion import Answer, Fused
from facepad.models.card import Card
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_CLIP_TESTS
from facepad.scores import logit, sigmoid
from facepad.scoring.table import presentation_columns, presentation_fields
from facepad.selected_tests import SelectedTests, make_calibratable, make_test, name_of
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    LivenessTest,
    Observation,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    Score,
)

CARD = Card("T", "1", "data", "own", "recipe", "results", "limits")
HALF = OperatingPoint.at(0.5)
OWN = OperatingPoint("own", 0.6, 0.4, 0.6)
PICTURE = np.full((48, 64, 3), 128, np.uint8)


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calibration "kiosk-7" of the test "made_up"."""
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))
    member = MemberAnchor(
        centre=np.zeros(3), scale=np.ones(3), logit=0.5, logit_scale=0.25,
        distance=1.0, distance_scale=0.1, logit_weight=1.0, distance_weight=1.0,
    )  # fmt: skip
    anchor = Anchor({"all": member}, {"balanced": -2.0})
    calibration.save(Calibration("kiosk-7", "made_up", "1", 10, {"all": anchor}), CARD)


@dataclass
class AnyFinder:
    """Takes every picture for a face."""

    capture: CaptureQuality = field(default_factory=CaptureQuality)
    models: Mapping[str, str] = field(default_factory=dict)

    def find(self, frame: Frame) -> Frame:
        return replace(frame, face=Face((0, 0, *frame.size), 0.9), capture=self.capture)


@dataclass(frozen=True)
class PlainTest:
    """Gives one score."""

    name: str = "plain"
    value: float = 0.1
    operating_point: OperatingPoint = HALF
    models: Mapping[str, str] = field(default_factory=dict)

    def score(self, presentation: Presentation) -> Score:
        assert presentation.frames
        return Score(self.value)


@dataclass(frozen=True)
class CalibratableTest(PlainTest):
    """A test that can be calibrated; then it says 0.9."""

    name: str = "made_up"
    version: str = "1"
    prior_model: str = ""

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        assert presentation.frames
        return Reason.NO_FACE

    def prior(self) -> None:
        """Have none."""

    def calibrated(self, calibration: Calibration) -> LivenessTest:
        if calibration.version != self.version:
            raise ModelError("another version")
        return replace(self, value=0.9, operating_point=OperatingPoint.at(0.5, "kiosk"))


@dataclass(frozen=True)
class RejectingTest(PlainTest):
    """A test that may reject alone."""

    name: str = "mask"
    operating_point: OperatingPoint = OWN
    vetoes: bool = True
    reason: Reason | None = None

    def score(self, presentation: Presentation) -> Score:
        assert presentation.frames
        return Score(self.value, self.reason)


def checker(*tests: LivenessTest) -> Checker:
    return Checker(tests, calibration="kiosk-7", finder=AnyFinder())


def test_with_a_calibration_its_test_decides_and_all_others_are_advisory() -> None:
    made = checker(PlainTest(), CalibratableTest())
    decision = made.check(PICTURE, channels="rgb")
    assert (made.tests, made.deciding) == (("made_up", "plain"), ("made_up",))
    assert (decision.outcome, decision.score) == (Outcome.BONA_FIDE, 0.9)
    assert decision.operating_points["made_up"].name == "kiosk"
    assert decision.scores["plain"].value == 0.1


def test_a_test_that_adds_to_others_adds_to_a_calibrated_one() -> None:
    adding = PlainTest("pulse", 0.3, OperatingPoint.undecided())
    made = checker(adding, PlainTest(), CalibratableTest())
    assert (made.tests, made.deciding) == (("made_up", "pulse", "plain"), ("made_up", "pulse"))
    decision = made.check(PICTURE, channels="rgb")
    assert decision.score == pytest.approx(sigmoid(logit(0.9) + logit(0.3)))
    assert decision.operating_point is not None
    assert decision.operating_point.threshold == 0.5


def test_the_tests_that_add_are_those_whose_point_decides_nothing() -> None:
    for name in registry.names("liveness_tests"):
        if registry.short_name(name) in registry.ADDING_TESTS:
            assert not make_test(name).operating_point.decides
    assert set(registry.ADDING_TESTS) <= set(registry.names("liveness_tests"))


def test_a_calibrated_test_does_not_pass_a_picture_that_ends_at_the_face() -> None:
    made = Checker(
        (CalibratableTest(),),
        calibration="kiosk-7",
        finder=AnyFinder(capture=CaptureQuality((Reason.NO_CONTEXT,))),
    )
    decision = made.check(PICTURE, channels="rgb")
    assert (decision.outcome, decision.score) == (Outcome.UNCERTAIN, 0.9)
    assert decision.calibration == calibration.version("kiosk-7")


def test_the_test_of_a_calibration_is_made_when_it_is_not_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from facepad.fusion import mean_ratio

    monkeypatch.setattr(
        "facepad.registry.resolve",
        lambda kind, _: CalibratableTest if kind == "liveness_tests" else mean_ratio,
    )
    assert checker(PlainTest()).check(PICTURE, channels="rgb").score == 0.9


def test_a_calibration_that_does_not_exist_is_told_at_once_with_those_that_do() -> None:
    with pytest.raises(SettingsError, match="no calibration named 'door'; known: kiosk-7"):
        Checker(calibration="door")


def test_a_calibration_of_another_version_is_refused() -> None:
    with pytest.raises(ModelError, match="another version"):
        checker(CalibratableTest(version="2")).load()


def test_a_test_that_cannot_be_calibrated_is_refused() -> None:
    with pytest.raises(SettingsError, match="test 'made_up' cannot be calibrated"):
        checker(PlainTest("made_up")).load()


@pytest.mark.parametrize("make", [make_test, make_calibratable])
def test_a_test_that_does_not_exist_is_told_with_those_that_do(make: object) -> None:
    with pytest.raises(SettingsError, match="unknown test 'nosuch'; known: quality"):
        make("nosuch")  # type: ignore[operator]


def test_a_checker_with_a_calibration_can_be_pickled_and_keeps_it() -> None:
    checker = Checker([CalibratableTest()], calibration="kiosk-7", finder=AnyFinder())
    copy = pickle.loads(pickle.dumps(checker))  # noqa: S301 - our own bytes
    calibration.remove("kiosk-7")  # the copy does not read it again
    first, second = (one.check(PICTURE, channels="rgb") for one in (checker, copy))
    assert first == second
    assert first.calibration is not None


# --- operating points -----------------------------------------------------------------------

BALANCED = OperatingPoint("balanced", 0.6, 0.4, 0.6)
STRICT = OperatingPoint("strict", 0.8, 0.4, 0.8)
CROP = {"balanced": OperatingPoint("balanced", 0.95, 0.3, 0.95)}


@dataclass(frozen=True)
class PointsTest(PlainTest):
    """Has operating points by name, in the usual case and perhaps for the very score."""

    name: str = "points"
    value: float = 0.7
    own: Mapping[str, OperatingPoint] = field(default_factory=dict)
    anchored: bool = False
    operating_points: Mapping[str, OperatingPoint] = field(
        default_factory=lambda: {"balanced": BALANCED, "strict": STRICT}
    )

    def score(self, presentation: Presentation) -> Score:
        return replace(super().score(presentation), points=self.own)


def judged(test: LivenessTest, *capture: Reason, at: str | OperatingPoint = "balanced") -> Decision:
    finder = AnyFinder(CaptureQuality(capture))
    return Checker((test,), operating_point=at, finder=finder).check(PICTURE, channels="rgb")


def test_the_usual_point_of_a_name_decides() -> None:
    assert judged(PointsTest()).operating_point == BALANCED
    assert judged(PointsTest()).outcome is Outcome.BONA_FIDE
    assert judged(PointsTest(), at="strict").operating_points == {"points": STRICT}
    assert judged(PointsTest(), at="strict").outcome is Outcome.UNCERTAIN


def test_a_point_of_the_very_score_goes_before_the_usual_one() -> None:
    decision = judged(PointsTest(own=CROP))
    assert (decision.outcome, decision.operating_point) == (Outcome.UNCERTAIN, CROP["balanced"])
    assert decision.operating_points == {"points": CROP["balanced"]}


def test_a_given_point_goes_before_all_and_its_band_is_no_matter_of_the_camera() -> None:
    band = OperatingPoint("own", 0.7, 0.6, 0.8)
    decision = judged(PointsTest(own=CROP), at=band)
    assert (decision.operating_point, decision.reasons) == (band, (Reason.NEAR_THRESHOLD,))


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (PointsTest(value=0.5), Reason.UNCALIBRATED_CAMERA),
        (PointsTest(value=0.5, anchored=True), Reason.NEAR_THRESHOLD),
        (PlainTest(value=0.5, operating_point=BALANCED), Reason.NEAR_THRESHOLD),
    ],
    ids=["not calibrated", "calibrated", "does not say"],
)
def test_a_doubtful_score_says_whether_calibrating_would_help(
    test: LivenessTest, reason: Reason
) -> None:
    decision = judged(test)
    assert (decision.outcome, decision.reasons) == (Outcome.UNCERTAIN, (reason,))


@pytest.mark.parametrize(
    ("value", "own", "outcome", "reasons"),
    [
        (0.96, CROP, Outcome.BONA_FIDE, ()),
        (0.9, CROP, Outcome.UNCERTAIN, (Reason.UNCALIBRATED_CAMERA,)),
        (0.29, CROP, Outcome.ATTACK, ()),
        (0.96, {}, Outcome.UNCERTAIN, (Reason.NO_CONTEXT,)),
        (0.29, {}, Outcome.ATTACK, ()),
    ],
)
def test_without_context_a_point_for_that_very_score_decides(
    value: float,
    own: Mapping[str, OperatingPoint],
    outcome: Outcome,
    reasons: tuple[Reason, ...],
) -> None:
    decision = judged(PointsTest(value=value, own=own), Reason.NO_CONTEXT)
    assert (decision.outcome, decision.reasons) == (outcome, reasons)
    noted = "too little around the face" in decision.notes
    assert noted == bool(own)
    assert decision.capture is not None
    assert (Reason.NO_CONTEXT in decision.capture.reasons) != noted


def test_what_else_is_wrong_with_a_capture_keeps_a_score_from_deciding() -> None:
    decision = judged(PointsTest(value=0.96, own=CROP), Reason.TOO_DARK, Reason.NO_CONTEXT)
    assert (decision.outcome, decision.reasons) == (Outcome.UNCERTAIN, (Reason.TOO_DARK,))


def test_without_context_a_test_without_a_point_for_it_keeps_others_from_passing() -> None:
    tests = PointsTest(value=0.99, own=CROP), PlainTest(value=0.99)
    finder = AnyFinder(CaptureQuality((Reason.NO_CONTEXT,)))
    decision = Checker(tests, finder=finder).check(PICTURE, channels="rgb")
    assert (decision.outcome, decision.reasons) == (Outcome.UNCERTAIN, (Reason.NO_CONTEXT,))


def test_without_context_a_given_point_does_not_let_a_picture_pass() -> None:
    decision = judged(PointsTest(own=CROP), Reason.NO_CONTEXT, at=OperatingPoint.at(0.5))
    assert (decision.outcome, decision.reasons) == (Outcome.UNCERTAIN, (Reason.NO_CONTEXT,))


def test_an_advisory_test_without_a_point_keeps_the_reason_in_the_table_of_scores() -> None:
    finder = AnyFinder(CaptureQuality((Reason.NO_CONTEXT,)))
    tests = (PointsTest(value=0.96, own=CROP),)
    made = Checker(tests, advisory=(PlainTest(),), finder=finder).check(PICTURE, channels="rgb")
    names = ("points", "plain")
    fields = dict(zip(presentation_columns(names), presentation_fields(made, names), strict=True))
    assert (fields["points_reason"], fields["plain_reason"]) == ("", "no_context")
    assert (fields["operating_point"], fields["high"]) == ("balanced", "0.950000")


# --- tests that may reject alone ------------------------------------------------------------


def outcome_of(*tests: LivenessTest, advisory: tuple[LivenessTest, ...] = ()) -> Decision:
    made = Checker(tests, advisory=advisory, finder=AnyFinder(), assess=lambda _: CaptureQuality())
    return made.check(PICTURE, channels="rgb")


def test_a_test_that_may_reject_alone_overrules_all_others() -> None:
    decision = outcome_of(PlainTest(value=0.999), RejectingTest(value=0.39))
    assert (decision.outcome, decision.passed) == (Outcome.ATTACK, False)
    assert decision.score is not None
    assert decision.operating_point is not None
    assert decision.score < decision.operating_point.low
    assert "mask rejects it alone" in decision.notes


@pytest.mark.parametrize(
    "test",
    [
        RejectingTest(value=0.41),
        RejectingTest(value=0.1, vetoes=False),
        RejectingTest(value=0.1, reason=Reason.UNFAMILIAR_CAMERA),
    ],
)
def test_within_its_band_or_abstaining_it_rejects_nothing_alone(test: RejectingTest) -> None:
    assert outcome_of(PlainTest(value=0.999), test).outcome is not Outcome.ATTACK


def test_an_advisory_test_rejects_nothing() -> None:
    decision = outcome_of(PlainTest(value=0.999), advisory=(RejectingTest(value=0.1),))
    assert decision.outcome is Outcome.BONA_FIDE


@dataclass(frozen=True)
class FusionOfMine:
    """A fusion that was fitted on all tests: the mean, whatever the reasons are."""

    models: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, answers: Mapping[str, Answer]) -> Fused:
        values = [answer.score.value or 0.0 for answer in answers.values()]
        return Fused(sum(values) / len(values), (), HALF)

    def check_for(self, tests: Sequence[LivenessTest]) -> None:
        assert tests


def test_a_test_without_a_threshold_does_not_abstain_where_the_fusion_was_fitted_on_it() -> None:
    network = RejectingTest(name="network:my", value=0.7, vetoes=False, reason=Reason.NO_THRESHOLD)
    unfamiliar = replace(network, name="other", reason=Reason.UNFAMILIAR_CAMERA)
    tests = (PlainTest(value=0.6), network, unfamiliar)
    fitted = Checker(tests, finder=AnyFinder(), fusion=FusionOfMine())
    scores = fitted.check(PICTURE, channels="rgb").scores
    assert [one.reason for one in scores.values()] == [None, None, Reason.UNFAMILIAR_CAMERA]
    mean = Checker(tests, finder=AnyFinder(), fusion="mean")
    scores = mean.check(PICTURE, channels="rgb").scores
    assert scores["network:my"].reason is Reason.NO_THRESHOLD


def test_clips_get_more_tests_by_default_and_stills_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _stand_ins(monkeypatch)
    checker = Checker(finder=AnyFinder(), threads=1)
    still = checker.check(PICTURE, channels="rgb")
    assert list(still.scores) == ["plain", "aside"]
    assert not still.left_out
    assert sorted(made) == ["aside", "plain"]
    clip = checker.check_presentation(
        Presentation(tuple(Frame(PICTURE, 0.1 * number, number=number) for number in range(9)))
    )
    assert list(clip.scores) == ["plain", "moves", "aside"]
    assert clip.advisory == ("aside",)
    assert sorted(made) == ["aside", "moves", "plain"]  # each is made once
    assert clip.score is not None
    assert still.score is not None
    assert clip.score > still.score  # what moves adds to it


def test_tests_that_are_named_are_all_that_a_clip_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_ins(monkeypatch)
    checker = Checker(["plain"], finder=AnyFinder())
    clip = Presentation(tuple(Frame(PICTURE, 0.1 * number, number=number) for number in range(9)))
    assert list(checker.check_presentation(clip).scores) == ["plain"]


def test_the_tests_of_clips_add_to_a_calibrated_one() -> None:
    selected = SelectedTests.of(camera="kiosk-7")
    assert tuple(map(name_of, selected.for_clips().deciding)) == ("made_up", *DEFAULT_CLIP_TESTS)
    assert not set(DEFAULT_CLIP_TESTS) & set(selected.names)


def test_a_test_of_clips_that_is_only_to_be_shown_is_not_asked_twice() -> None:
    selected = SelectedTests.of(advisory=["blink"]).for_clips()
    assert selected.names.count("blink") == 1
    assert "blink" in map(name_of, selected.advisory)


ADDS, CLIP = OperatingPoint.undecided(), Needs(min_frames=2)


@dataclass(frozen=True)
class MovingTest(PlainTest):
    """A test of clips that adds to what others decide."""

    name: str = "moves"
    value: float = 0.7
    operating_point: OperatingPoint = ADDS
    needs: Needs = CLIP


def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Register stand-ins as default tests; return the names of those that are made."""
    made: list[str] = []
    tests = {"plain": PlainTest(), "aside": PlainTest("aside"), "moves": MovingTest()}

    def make(name: str, _: int = 1) -> LivenessTest:
        made.append(name)
        return tests[name]

    monkeypatch.setattr(registry, "DEFAULT_TESTS", ("plain",))
    monkeypatch.setattr(registry, "DEFAULT_ADVISORY", ("aside",))
    monkeypatch.setattr(registry, "DEFAULT_CLIP_TESTS", ("moves",))
    monkeypatch.setattr(registry, "located", lambda name: name)
    monkeypatch.setattr(selected_tests, "make_test", make)
    return made
