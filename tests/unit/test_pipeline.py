"""The pipeline with made-up finders and tests: no model, no real picture."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

import facepad
from facepad.checking import check
from facepad.errors import InputError, SettingsError, item_error
from facepad.fusion import Answer, Fused, mean_ratio
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_ADVISORY
from facepad.testing.made_up import made_up_picture
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    Score,
)

PICTURE = np.full((48, 64, 3), 128, np.uint8)
FACE = Face(box=(8, 8, 40, 40), score=0.9)


@dataclass
class FakeFinder:
    """Finds what it is told to find, and counts how often it was asked.

    Nothing is wrong with the capture, unless the pipeline must judge that.
    """

    face: Face | None = FACE
    no_face: Reason | None = None
    models: Mapping[str, str] = field(default_factory=lambda: {"finder": "finder-1"})
    searches: int = 0
    captured: bool = True

    def find(self, frame: Frame) -> Frame:
        self.searches += 1
        capture = CaptureQuality() if self.captured else None
        return replace(frame, face=self.face, no_face=self.no_face, capture=capture)


@dataclass
class LoadingFinder(FakeFinder):
    """Counts how often its networks are loaded."""

    loads: int = 0

    def load(self) -> None:
        self.loads += 1


@dataclass
class FakeTest:
    """Gives the score it is told to give."""

    name: str = "fake"
    said: Score = field(default_factory=lambda: Score(0.9))
    operating_point: OperatingPoint = field(default_factory=lambda: OperatingPoint.at(0.5))

    @property
    def models(self) -> Mapping[str, str]:
        return {self.name: f"{self.name}-1"}

    def score(self, presentation: Presentation) -> Score:
        assert presentation.frames
        return self.said


class BrokenTest(FakeTest):
    def score(self, presentation: Presentation) -> Score:
        assert presentation.frames
        raise ZeroDivisionError("by zero")


class ExplainingTest(FakeTest):
    def explain(self, presentation: Presentation) -> Mapping[str, float]:
        assert presentation.frames
        return {"edges": 0.25}


def decide(*tests: FakeTest, finder: FakeFinder | None = None) -> facepad.Decision:
    checker = Checker(tests or (FakeTest(),), finder=finder or FakeFinder())
    return checker.check(PICTURE, channels="rgb")


def test_a_score_above_the_tests_own_threshold_is_bona_fide() -> None:
    assert decide(FakeTest(said=Score(0.9))).outcome is Outcome.BONA_FIDE


def test_a_score_below_the_tests_own_threshold_is_an_attack() -> None:
    assert decide(FakeTest(said=Score(0.1))).outcome is Outcome.ATTACK


def test_a_given_operating_point_goes_before_the_tests_own() -> None:
    checker = Checker(
        (FakeTest(said=Score(0.6)),), operating_point=OperatingPoint.at(0.7), finder=FakeFinder()
    )
    assert checker.check(PICTURE, channels="rgb").outcome is Outcome.ATTACK


def test_without_a_face_there_is_no_response_and_the_score_is_shown() -> None:
    decision = decide(finder=FakeFinder(None, Reason.NO_FACE))
    assert decision.outcome is Outcome.NON_RESPONSE
    assert decision.reasons == (Reason.NO_FACE,)
    assert decision.score == 0.9
    assert decision.scores["fake"].value == 0.9


def test_a_face_that_cannot_be_used_gives_its_own_reason_once() -> None:
    said = Score(None, Reason.FACE_TOO_FAR)
    decision = decide(FakeTest(said=said), finder=FakeFinder(None, Reason.FACE_TOO_FAR))
    assert decision.reasons == (Reason.FACE_TOO_FAR,)
    assert decision.score is None


def test_a_finder_that_gives_no_reason_means_no_face() -> None:
    assert decide(finder=FakeFinder(None)).reasons == (Reason.NO_FACE,)


def test_an_unfamiliar_camera_is_uncertain() -> None:
    decision = decide(FakeTest(said=Score(0.99, Reason.UNFAMILIAR_CAMERA)))
    assert decision.outcome is Outcome.UNCERTAIN
    assert decision.reasons == (Reason.UNFAMILIAR_CAMERA,)


def test_several_tests_decide_together_and_all_are_shown() -> None:
    decision = decide(FakeTest("first", Score(0.9)), FakeTest("second", Score(0.6)))
    assert decision.outcome is Outcome.BONA_FIDE
    assert decision.score == pytest.approx(0.786, abs=5e-4)
    assert list(decision.scores) == ["first", "second"]


def test_the_fused_score_is_held_against_the_fused_threshold() -> None:
    strict = FakeTest("strict", Score(0.6), OperatingPoint.at(0.9))
    decision = decide(strict, FakeTest("plain", Score(0.6)))
    assert decision.outcome is Outcome.ATTACK
    assert decision.operating_point is not None
    assert decision.operating_point.threshold == pytest.approx(0.75)


def test_the_interval_of_a_test_that_decides_alone_is_that_of_the_decision() -> None:
    sure = FakeTest("sure", Score(0.9, interval=(0.8, 0.95)))
    assert decide(sure).interval == (0.8, 0.95)
    together = decide(sure, FakeTest("other", Score(0.9))).interval
    assert together is not None
    assert 0.8 < together[0] < 0.9 < together[1] < 0.95  # as uncertain as both on average


def test_a_test_that_abstains_leaves_the_decision_to_the_others() -> None:
    shy = FakeTest("shy", Score(0.01, Reason.UNFAMILIAR_CAMERA))
    decision = decide(shy, FakeTest("sure", Score(0.9)))
    assert (decision.outcome, decision.score, decision.reasons) == (Outcome.BONA_FIDE, 0.9, ())
    assert decision.scores["shy"].reason is Reason.UNFAMILIAR_CAMERA


def test_when_every_test_abstains_the_outcome_is_uncertain() -> None:
    said = Score(0.99, Reason.UNFAMILIAR_CAMERA)
    decision = decide(FakeTest("one", said), FakeTest("two", said))
    assert decision.outcome is Outcome.UNCERTAIN
    assert decision.reasons == (Reason.UNFAMILIAR_CAMERA,)


def test_all_reasons_are_told_once_when_the_score_is_near_the_threshold_too() -> None:
    band = OperatingPoint("band", 0.5, 0.25, 0.75)
    short = FakeTest("short", Score(None, Reason.CLIP_TOO_SHORT), band)
    decision = decide(short, FakeTest("shy", Score(0.5, Reason.UNFAMILIAR_CAMERA), band))
    assert decision.reasons == (
        Reason.CLIP_TOO_SHORT, Reason.UNFAMILIAR_CAMERA, Reason.NEAR_THRESHOLD,
    )  # fmt: skip


def test_without_any_value_there_is_no_response_with_the_reasons() -> None:
    said = Score(None, Reason.CLIP_TOO_SHORT)
    decision = decide(FakeTest("one", said), FakeTest("two", said))
    assert (decision.outcome, decision.score) == (Outcome.NON_RESPONSE, None)
    assert decision.reasons == (Reason.CLIP_TOO_SHORT,)


def test_a_given_operating_point_is_for_the_fused_score() -> None:
    tests = FakeTest("one", Score(0.9)), FakeTest("two", Score(0.6))
    given = OperatingPoint.at(0.8)
    checker = Checker(tests, operating_point=given, finder=FakeFinder())
    assert checker.check(PICTURE, channels="rgb").outcome is Outcome.ATTACK


def test_an_advisory_test_is_reported_and_has_no_part_in_the_decision() -> None:
    other = FakeTest("other", Score(0.1))
    checker = Checker((FakeTest("sure", Score(0.9)),), advisory=(other,), finder=FakeFinder())
    decision = checker.check(PICTURE, channels="rgb")
    assert (decision.outcome, decision.score) == (Outcome.BONA_FIDE, 0.9)
    assert decision.scores["other"].value == 0.1
    assert decision.models["other"] == "other-1"
    assert (checker.tests, checker.deciding) == (("sure", "other"), ("sure",))


def test_by_default_the_face_network_decides_and_others_are_shown() -> None:
    made = Checker(finder=FakeFinder())
    assert (made.deciding, made.tests) == (("face_cnn",), ("face_cnn", *DEFAULT_ADVISORY))


def test_tests_that_are_named_decide_and_nothing_is_added() -> None:
    assert Checker(("quality", "face_cnn")).tests == ("quality", "face_cnn")
    assert Checker(("quality",)).tests == ("quality",)
    assert Checker(advisory=()).tests == ("face_cnn",)


def test_a_poor_capture_keeps_its_score_and_is_uncertain() -> None:
    dark = CaptureQuality((Reason.TOO_DARK,), {"luminance": 9.0})
    for value in (0.1, 0.9):
        checker = Checker(
            (FakeTest(said=Score(value)),), finder=FakeFinder(captured=False), assess=lambda _: dark
        )
        decision = checker.check(PICTURE, channels="rgb")
        assert (decision.outcome, decision.score) == (Outcome.UNCERTAIN, value)
        assert decision.reasons == (Reason.TOO_DARK,)
        assert decision.capture == dark


def test_no_test_is_asked_where_nothing_is_left_to_judge() -> None:
    black = CaptureQuality((Reason.TOO_DARK,), {"judgeable": 0.0})
    checker = Checker((BrokenTest(),), finder=FakeFinder(captured=False), assess=lambda _: black)
    decision = checker.check(PICTURE, channels="rgb")
    assert (decision.outcome, decision.score) == (Outcome.NON_RESPONSE, None)
    assert decision.reasons == (Reason.TOO_DARK,)
    assert decision.scores["fake"].reason is Reason.TOO_DARK


def test_a_picture_that_ends_at_the_face_is_never_bona_fide_whatever_test_decides() -> None:
    checker = Checker(
        (FakeTest(),), finder=FakeFinder(replace(FACE, box=(0, 0, 64, 48)), captured=False)
    )
    decision = checker.check(made_up_picture(size=(64, 48)), channels="rgb")
    assert decision.outcome is Outcome.UNCERTAIN
    assert Reason.NO_CONTEXT in decision.reasons


def test_an_error_of_a_test_names_the_test() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        decide(BrokenTest())
    assert item_error("a.jpg", caught.value) == (
        "a.jpg: unexpected ZeroDivisionError: by zero (in the liveness test 'fake')"
    )


def test_a_decision_says_what_it_was_made_by() -> None:
    checker = Checker((FakeTest(),), advisory=(FakeTest("other"),), finder=FakeFinder())
    decision = checker.check(PICTURE, channels="rgb")
    assert (decision.deciding, decision.advisory) == (("fake",), ("other",))
    assert (decision.fusion, decision.calibration) == ("mean", None)
    assert decision.version == facepad.__version__


def test_another_fusion_can_be_given() -> None:
    def strictest(answers: Mapping[str, Answer]) -> Fused:
        least = min(answers.values(), key=lambda one: one.score.value or 0.0)
        return Fused(least.score.value, (), least.operating_point)

    tests = FakeTest("one", Score(0.9)), FakeTest("two", Score(0.1))
    checker = Checker(tests, fusion=strictest, finder=FakeFinder())
    assert checker.check(PICTURE, channels="rgb").score == 0.1


def test_a_fusion_that_does_not_exist_is_told_with_those_that_do() -> None:
    checker = Checker((FakeTest(),), fusion="median", finder=FakeFinder())
    with pytest.raises(SettingsError, match=r"unknown fusion 'median'; .*known: mean"):
        checker.load()


def test_the_versions_of_all_models_are_known_before_the_first_check() -> None:
    checker = Checker((FakeTest(),), finder=FakeFinder())
    assert checker.models == {"finder": "finder-1", "fake": "fake-1"}


def test_other_faces_are_a_note() -> None:
    decision = decide(finder=FakeFinder(replace(FACE, others=2)))
    assert decision.notes == ("2 other faces in the picture",)


def test_the_decision_names_every_model_that_took_part() -> None:
    assert decide().models == {"finder": "finder-1", "fake": "fake-1"}


def test_the_decision_tells_the_time_of_each_step() -> None:
    checker = Checker((FakeTest(),), finder=FakeFinder())
    checker.load()
    timings = checker.check(PICTURE, channels="rgb").timings_ms
    assert list(timings) == ["decode", "faces", "capture", "fake", "total"]
    assert timings["total"] >= sum(timings[step] for step in ("decode", "faces", "capture", "fake"))


def test_a_finder_without_a_method_for_it_loads_by_a_search() -> None:
    finder = FakeFinder()
    Checker((FakeTest(),), finder=finder).load()
    assert finder.searches == 1


def test_a_finder_that_can_load_is_not_asked_to_search() -> None:
    finder = LoadingFinder()
    Checker((FakeTest(),), finder=finder).load()
    assert (finder.loads, finder.searches) == (1, 0)


def test_a_face_that_was_found_before_is_not_looked_for_again() -> None:
    finder = FakeFinder()
    checker = Checker((FakeTest(),), finder=finder)
    checker.check_presentation(Presentation((Frame(PICTURE, face=FACE),)))
    assert finder.searches == 0


def test_an_explanation_is_added_to_the_details_when_asked_for() -> None:
    checker = Checker((ExplainingTest(),), finder=FakeFinder(), explain=True)
    decision = checker.check(PICTURE, channels="rgb")
    assert decision.scores["fake"].details["explained"] == {"edges": 0.25}


def test_a_test_that_cannot_explain_is_left_as_it_is() -> None:
    checker = Checker((FakeTest(),), finder=FakeFinder(), explain=True)
    assert not checker.check(PICTURE, channels="rgb").scores["fake"].details


def test_an_array_needs_its_channel_order() -> None:
    with pytest.raises(InputError, match="an array needs channels"):
        Checker((FakeTest(),), finder=FakeFinder()).check(PICTURE)


def test_a_file_must_not_be_given_a_channel_order() -> None:
    with pytest.raises(InputError, match="is for arrays"):
        Checker((FakeTest(),), finder=FakeFinder()).check("me.jpg", channels="rgb")


def test_a_source_of_another_type_is_named() -> None:
    with pytest.raises(InputError, match="got int"):
        Checker((FakeTest(),), finder=FakeFinder()).check(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("tests", [(), ("quality", "quality"), "quality"])
def test_tests_that_cannot_be_used_are_refused_at_once(tests: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        Checker(tests)


@pytest.mark.parametrize("advisory", [("quality",), ("blink", "blink"), "blink"])
def test_advisory_tests_that_cannot_be_used_are_refused_at_once(advisory: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        Checker(("quality",), advisory=advisory)


def test_a_test_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(SettingsError, match="unknown test 'nosuch'; known: quality"):
        check(PICTURE, channels="rgb", tests=("nosuch",))


def test_a_shared_checker_loads_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def factory() -> FakeTest:
        made.append(1)
        return FakeTest()

    monkeypatch.setattr("facepad.registry.resolve", lambda _kind, _name: factory)
    checker = Checker(("fake",), fusion=mean_ratio, finder=FakeFinder())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: checker.check(PICTURE, channels="rgb"), range(32)))
    assert len(made) == 1


def test_tests_that_can_use_threads_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    class Factory:
        def __call__(self) -> FakeTest:
            return self.with_threads(1)

        def with_threads(self, threads: int) -> FakeTest:
            told.append(threads)
            return FakeTest()

    monkeypatch.setattr("facepad.registry.resolve", lambda _kind, _name: Factory())
    Checker(("fake",), fusion=mean_ratio, threads=5, finder=FakeFinder()).load()
    Checker(("one", "two"), fusion=mean_ratio, threads=5, finder=FakeFinder()).load()
    Checker(tuple("abc"), fusion=mean_ratio, threads=2, finder=FakeFinder()).load()
    assert told == [5, *(2, 2), *(1, 1, 1)]
