"""Attacks simulated from a calibration's frames."""

from pathlib import Path

import numpy as np
import pytest

from facepad import media
from facepad.calibration.anchor import TARGETS
from facepad.faces.finder import FaceFinder
from facepad.liveness.face_cnn.test import FaceTest, free
from facepad.training.calibration.fit import CalibrationFrame
from facepad.training.calibration.self_attacks import KINDS, accepted_attacks, attacks_of
from facepad.types import Frame, Presentation, Reason

pytestmark = pytest.mark.slow  # whole runs with the network

PORTRAIT = Path(__file__).parents[3] / "examples" / "astronaut.jpg"


@pytest.fixture(scope="module")
def frame() -> Frame:
    return FaceFinder(landmarks=False).find(media.read(PORTRAIT))


@pytest.fixture(scope="module")
def test() -> FaceTest:
    return free()


@pytest.fixture(scope="module")
def observed(test: FaceTest, frame: Frame) -> CalibrationFrame:
    found = test.observe(Presentation((frame,)))
    assert not isinstance(found, Reason)
    return CalibrationFrame(found["context"])


def test_the_same_frame_and_seed_give_the_same_attacks(frame: Frame) -> None:
    once, again, other = (attacks_of(frame, seed) for seed in (1, 1, 2))
    assert len(once) == len(KINDS)
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[0], other[0])


def test_they_are_as_fine_as_the_frame(frame: Frame) -> None:
    assert {min(image.shape[:2]) for image in attacks_of(frame, 1)} == {min(frame.size)}


def test_all_that_are_judged_are_counted(
    test: FaceTest, frame: Frame, observed: CalibrationFrame
) -> None:
    views = "context"
    steps: list[int] = []
    found = accepted_attacks(
        test, [frame] * 3, [observed] * 3, views=views, prior=test.prior().of(views),
        targets=TARGETS, advance=lambda: steps.append(1),
    )  # fmt: skip
    assert len(steps) == 3
    assert 0 < found.judged <= 3 * len(KINDS)
    counts = list(found.accepted.values())
    assert list(found.accepted) == list(TARGETS)
    assert found.judged >= counts[0] >= counts[1] >= counts[2] >= 0
