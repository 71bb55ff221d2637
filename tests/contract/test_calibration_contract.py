"""Tests that can be calibrated keep the contract, and the check notices which does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facepad import registry
from facepad.calibration import (
    CalibratableTest,
    Calibration,
    CameraPrior,
    MemberPrior,
    ViewPrior,
)
from facepad.errors import ModelError
from facepad.scores import sigmoid
from facepad.testing import ContractError, check_calibratable, check_liveness_test
from facepad.training.calibration import run
from facepad.types import MemberReading, Observation, OperatingPoint, Presentation, Reason, Score

PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
VIEWS = "picture"


def observed(logit: float, features: NDArray[np.floating[Any]]) -> dict[str, Observation]:
    return {VIEWS: Observation({"colour": MemberReading(logit, features)})}


@dataclass(frozen=True)
class Brightness:
    """Scores brightness, for one camera if calibrated; broken in its descendants."""

    name: str = "brightness"
    version: str = "brightness-1+0"
    prior_model: str = "brightness_cameras"
    models: Mapping[str, str] = field(default_factory=dict)
    calibration: Calibration | None = None

    @property
    def operating_point(self) -> OperatingPoint:
        return OperatingPoint.at(0.5)

    def score(self, presentation: Presentation) -> Score:
        found = self.observe(presentation)
        if isinstance(found, Reason):
            return Score(None, found)
        if self.calibration is None:
            return Score(sigmoid(found[VIEWS].raw))
        scored = self.calibration.score(found)
        return Score(scored.value, None, scored.details, points=scored.points)

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        faces = [frame.image for frame in presentation.frames if frame.face is not None]
        if not faces:
            return Reason.NO_FACE
        colour = np.mean([image.mean(axis=(0, 1)) for image in faces], axis=0) / 64.0 - 2.0
        return observed(float(colour.mean()), colour)

    def prior(self) -> CameraPrior:
        member = MemberPrior(
            spread=np.ones(3),
            logit=0.4,
            distance=0.8,
            distance_scale=0.3,
            logit_weight=0.7,
            distance_weight=0.4,
        )
        view = ViewPrior(members={"colour": member}, score=1.3, slope=1.1, bias=1.5, cameras=40)
        return CameraPrior({"people": {VIEWS: view}}, self.version)

    def calibrated(self, calibration: Calibration) -> "Brightness":
        if calibration.version != self.version:
            raise ModelError(f"calibrated with {calibration.version}, this is {self.version}")
        return replace(self, calibration=calibration)


class NoPrior(Brightness):
    def prior(self) -> CameraPrior:
        return CameraPrior({"people": {}}, self.version)


class PriorOfOthers(Brightness):
    def prior(self) -> CameraPrior:
        (view,) = super().prior().by_kind["people"].values()
        (member,) = view.members.values()
        return CameraPrior({"people": {VIEWS: replace(view, members={"x": member})}}, self.version)


class TakesAnyCalibration(Brightness):
    def calibrated(self, calibration: Calibration) -> Brightness:
        return replace(self, calibration=calibration)


class ObservesNobody(Brightness):
    def score(self, presentation: Presentation) -> Score:
        if all(frame.face is None for frame in presentation.frames):
            return Score(None, Reason.NO_FACE)
        return super().score(presentation)

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        return observed(0.0, np.zeros(3) * len(presentation.frames))


class EndlessLogit(Brightness):
    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        found = super().observe(presentation)
        if isinstance(found, Reason):
            return found
        return observed(np.inf, found[VIEWS].members["colour"].features)


class IgnoresTheCalibration(Brightness):
    def score(self, presentation: Presentation) -> Score:
        found = super().score(presentation)
        if self.calibration is None or found.value is None:
            return found
        return Score(0.1, points=found.points)


class HasNoPoints(Brightness):
    def score(self, presentation: Presentation) -> Score:
        return replace(super().score(presentation), points={})


def test_a_test_of_brightness_keeps_both_contracts() -> None:
    check_liveness_test(Brightness())
    check_calibratable(Brightness())


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (NoPrior, "no numbers for 'picture'"),
        (PriorOfOthers, "of other members"),
        (HasNoPoints, "lacks the points convenience, balanced, strict"),
        (TakesAnyCalibration, "another version must raise"),
        (ObservesNobody, "expected a Reason without a face"),
        (EndlessLogit, "finite raw logit"),
        (IgnoresTheCalibration, "must be bona fide under it"),
    ],
)
def test_a_broken_contract_is_named(broken: type[Brightness], what: str) -> None:
    with pytest.raises(ContractError, match=what):
        check_calibratable(broken())


def test_a_test_that_observes_nothing_is_not_calibratable() -> None:
    class Plain:
        name = "plain"

    with pytest.raises(ContractError, match="lacks a part"):
        check_calibratable(Plain())  # type: ignore[arg-type]  # broken on purpose


@pytest.mark.parametrize(
    "name",
    [
        "face_cnn",
        pytest.param("face_cnn_research", marks=pytest.mark.slow),
        "quality",
        pytest.param("quality_whole", marks=pytest.mark.slow),
    ],
)
def test_the_registered_tests_that_can_be_calibrated_keep_the_contract(name: str) -> None:
    if name in registry.RESEARCH_TESTS:
        pytest.importorskip("facepad_research", reason="pip install packages/facepad-research")
    made: CalibratableTest = registry.resolve("liveness_tests", name)()
    check_calibratable(made)


@pytest.mark.slow
def test_any_calibratable_test_is_calibrated_from_a_folder(tmp_path: Path) -> None:
    portrait = cv2.imread(str(PORTRAIT))
    assert portrait is not None
    for number in range(4):
        lit = np.clip(portrait * (0.8 + 0.05 * number), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), lit)
    frames = run.pictures(tmp_path)
    made = run.fit_calibration("it", Brightness(), frames, self_attacks=False)
    assert (made.calibration.test, list(made.calibration.anchors)) == ("brightness", [VIEWS])
    assert Brightness().calibrated(made.calibration).calibration is made.calibration
