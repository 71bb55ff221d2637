"""Which tests decide, with and without the calibration of a camera."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from facepad import calibration
from facepad.calibration import Anchor, Calibration
from facepad.errors import ModelError, SettingsError
from facepad.models.card import Card
from facepad.pipeline import Checker
from facepad.selected_tests import make_calibratable, make_test
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
PICTURE = np.full((48, 64, 3), 128, np.uint8)


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calibration "kiosk-7" of the test "made_up"."""
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))
    anchor = Anchor(np.zeros(3), np.ones(3), 0.5, 0.25, 1.0, 0.1, -2.0)
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


def checker(*tests: LivenessTest) -> Checker:
    return Checker(tests, calibration="kiosk-7", finder=AnyFinder())


def test_with_a_calibration_its_test_decides_and_all_others_are_advisory() -> None:
    made = checker(PlainTest(), CalibratableTest())
    decision = made.check(PICTURE, channels="rgb")
    assert (made.tests, made.deciding) == (("made_up", "plain"), ("made_up",))
    assert (decision.outcome, decision.score) == (Outcome.BONA_FIDE, 0.9)
    assert decision.operating_points["made_up"].name == "kiosk"
    assert decision.scores["plain"].value == 0.1


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
    with pytest.raises(SettingsError, match="unknown test 'blnik'; known: quality"):
        make("blnik")  # type: ignore[operator]


def test_a_checker_with_a_calibration_can_be_pickled_and_keeps_it() -> None:
    checker = Checker([CalibratableTest()], calibration="kiosk-7", finder=AnyFinder())
    copy = pickle.loads(pickle.dumps(checker))  # noqa: S301 - our own bytes
    calibration.remove("kiosk-7")  # the copy does not read it again
    first, second = (one.check(PICTURE, channels="rgb") for one in (checker, copy))
    assert first == second
    assert first.calibration is not None
