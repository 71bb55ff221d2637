"""Every registered liveness test keeps the contract, and the check notices who does not."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import pytest

from facepad import registry
from facepad.needs import Needs
from facepad.testing import ContractError, check_liveness_test, made_up_presentation
from facepad.types import Frame, OperatingPoint, Presentation, Reason, RgbImage, Score

HALF = OperatingPoint.at(0.5)
CLIP = Needs(min_frames=3, seconds=2.0, fps=20.0, depth=True)
QUICK = ("quality",)  # of the tests of a check by default, the one without a network


@dataclass
class Brightness:
    """Scores how bright the first frame is; broken in its descendants."""

    name: str = "brightness"
    operating_point: OperatingPoint = HALF
    models: Mapping[str, str] = field(default_factory=dict)

    def score(self, presentation: Presentation) -> Score:
        return Score(self.value(presentation))

    def value(self, presentation: Presentation) -> float:
        return float(presentation.frames[0].image.mean() / 255.0)


@dataclass
class WithPoints(Brightness):
    """Has operating points by name, in the usual case and for each score."""

    usual: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, OperatingPoint] = field(default_factory=dict)
    anchored: Any = False

    @property
    def operating_points(self) -> Mapping[str, Any]:
        return self.usual

    def score(self, presentation: Presentation) -> Score:
        return Score(self.value(presentation), points=self.own)


FALLING = {"balanced": HALF, "strict": OperatingPoint.at(0.4)}
RISING = {"strict": OperatingPoint.at(0.6), "balanced": HALF, "convenience": HALF}


class NoFaceIsAnError(Brightness):
    def score(self, presentation: Presentation) -> Score:
        if presentation.frames[0].face is None:
            raise ValueError("no face")
        return super().score(presentation)


class NumberInsteadOfScore(Brightness):
    def score(self, presentation: Presentation) -> Score:
        return self.value(presentation)  # type: ignore[return-value] # broken on purpose


class Percent(Brightness):
    def score(self, presentation: Presentation) -> Score:
        made = Score(0.5)
        object.__setattr__(made, "value", 100.0 * self.value(presentation))
        return made


class WordAsReason(Brightness):
    def score(self, presentation: Presentation) -> Score:
        reason = "too dark" if self.value(presentation) < 0.9 else None
        return Score(0.5, reason)  # type: ignore[arg-type] # broken on purpose


class ArrayInDetails(Brightness):
    def score(self, presentation: Presentation) -> Score:
        details = {"mean": presentation.frames[0].image.mean(axis=(0, 1))}
        return Score(self.value(presentation), details=details)


class DrawsOnTheFrame(Brightness):
    def score(self, presentation: Presentation) -> Score:
        made = super().score(presentation)
        presentation.frames[0].image[0, 0] ^= 255
        return made


@dataclass
class Random(Brightness):
    turn: "count[int]" = field(default_factory=count)

    def score(self, presentation: Presentation) -> Score:
        return Score(self.value(presentation) / (1 + next(self.turn)))


class DrawsNumbers(Brightness):
    def depicted(self, frame: Frame) -> RgbImage:
        return frame.image[..., 0]


class ForgetsWhy(Random):
    def score(self, presentation: Presentation) -> Score:
        early = next(self.turn) < 5
        no_face = presentation.frames[0].no_face or Reason.NO_FACE
        return Score(None, no_face if early else Reason.FACE_TOO_FAR)


class ShortOnly(Brightness):
    def score(self, presentation: Presentation) -> Score:
        if len(presentation.frames) > 8:
            raise MemoryError
        return super().score(presentation)


@dataclass
class KeepsThePresentation(Brightness):
    """Right alone, wrong beside other threads."""

    current: Presentation | None = None

    def score(self, presentation: Presentation) -> Score:
        self.current = presentation
        time.sleep(0.002)
        return Score(self.value(self.current))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in registry.names("liveness_tests")
    ],
)
def test_a_registered_liveness_test_keeps_the_contract(name: str) -> None:
    check_liveness_test(registry.resolve("liveness_tests", name)(), name)


def test_a_simple_liveness_test_keeps_the_contract() -> None:
    check_liveness_test(Brightness())


def test_a_liveness_test_with_operating_points_by_name_keeps_the_contract() -> None:
    check_liveness_test(WithPoints(usual=RISING, own=RISING))


@pytest.mark.parametrize(
    ("test", "broken"),
    [
        (NoFaceIsAnError(), r"'made up, seed 6' \(1 frames, 320x240\) raised ValueError: no face"),
        (NumberInsteadOfScore(), "which is no Score"),
        (Percent(), r"a score lies in \[0, 1\], got "),
        (WordAsReason(), "reason must be a Reason, got 'too dark'"),
        (ArrayInDetails(), "details as JSON raised TypeError"),
        (DrawsOnTheFrame(), "changed the frame's pixels"),
        (Random(), "differs a second time"),
        (
            DrawsNumbers(),
            r"must be RGB uint8 of shape \(H, W, 3\), got uint8 of shape \(120, 160\)",
        ),
        (ForgetsWhy(), "differs a second time"),
        (KeepsThePresentation(), "differs beside other threads"),
        (Brightness(name=""), "needs a name"),
        (Brightness(operating_point=0.5), "must be an OperatingPoint, got 0.5"),  # type: ignore[arg-type]
        (WithPoints(usual={"strict": 0.5}), "operating_points must be operating points by name"),
        (WithPoints(usual={"loose": HALF}), "expected names among convenience, balanced, strict"),
        (WithPoints(usual=FALLING), "'strict' begins at 0.4, below 'balanced' at 0.5"),
        (WithPoints(own=FALLING), "points of its score: 'strict' begins at 0.4, below"),
        (WithPoints(anchored=None), "anchored must be True or False, got None"),
        (Brightness(models={"net": 3}), "must be versions by model name"),  # type: ignore[dict-item]
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_broken_liveness_test_is_noticed(test: Any, broken: str) -> None:  # noqa: ANN401 - any fake
    with pytest.raises(ContractError, match=broken):
        check_liveness_test(test)


@dataclass
class Change(Brightness):
    """A clip test: how much the brightness changes; ``least`` is what it really needs."""

    needs: Needs = CLIP
    least: float = 2.0

    def score(self, presentation: Presentation) -> Score:
        if presentation.duration_s < self.least:
            return Score(None, Reason.CLIP_TOO_SHORT)
        assert presentation.frames[0].depth is not None
        light = [frame.image.mean() for frame in presentation.frames]
        return Score(min(1.0, float(np.ptp(light)) / 255.0))


def test_a_clip_test_gets_a_clip_that_meets_its_needs() -> None:
    check_liveness_test(Change())


@pytest.mark.slow
def test_a_clip_test_that_needs_more_than_it_says_is_noticed() -> None:
    with pytest.raises(ContractError, match=r"\(41 frames, 160x120\) meets its needs, but it says"):
        check_liveness_test(Change(least=3.0))


def test_needs_of_another_type_are_noticed() -> None:
    with pytest.raises(ContractError, match="needs must be a Needs, got 6"):
        check_liveness_test(Change(needs=6))  # type: ignore[arg-type] # broken on purpose


def test_another_name_than_registered_is_noticed() -> None:
    with pytest.raises(ContractError, match="registered as 'light' but its name is 'brightness'"):
        check_liveness_test(Brightness(), "light")


def test_further_presentations_are_tried_too() -> None:
    clip = made_up_presentation(frames=9)
    with pytest.raises(ContractError, match=r"\(9 frames, 320x240\) raised MemoryError"):
        check_liveness_test(ShortOnly(), presentations=[clip])


def test_a_made_up_presentation_is_the_same_each_time() -> None:
    one, other = made_up_presentation(seed=3, frames=2), made_up_presentation(seed=3, frames=2)
    assert all(
        np.array_equal(a.image, b.image) for a, b in zip(one.frames, other.frames, strict=True)
    )


def test_a_made_up_face_lies_in_its_picture() -> None:
    frame = made_up_presentation(size=(90, 200)).frames[0]
    assert frame.face is not None
    left, top, right, bottom = frame.face.box
    assert 0 <= left < right <= 90
    assert 0 <= top < bottom <= 200


def test_a_made_up_presentation_without_a_face_says_so() -> None:
    frame = made_up_presentation(face=False).frames[0]
    assert (frame.face, frame.no_face) == (None, Reason.NO_FACE)
