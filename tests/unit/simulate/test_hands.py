"""Hands: where they are, what they leave of the medium, and their colours."""

import numpy as np
import pytest

from facepad.simulate.linear_light import LinearImage, Map
from facepad.simulate.media.hands import HeldMedium, hold
from facepad.simulate.scene.geometry import Bend, Placement, Pose

SIZE = (240, 320)
GREY = 0.4


def sheet(skin: Map | None = None, zoom: float = 0.8, bend: float = 0.0) -> HeldMedium:
    placement = Placement(Pose(zoom).homography(SIZE), Bend(bend))
    return HeldMedium(placement, (100.0, 80.0), 35.0, (-50.0, 50.0, 40.0), skin)


def held(seed: int, of: HeldMedium) -> tuple[LinearImage, Map]:
    light = np.full((*SIZE, 3), GREY, np.float32)
    white = np.ones(3, np.float32)
    return light, hold(light, of, white, np.random.default_rng(seed))


@pytest.mark.parametrize("bend", [0.0, 0.004])
@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(n, marks=pytest.mark.slow) for n in range(4, 12))]
)
def test_a_hand_covers_a_part_of_the_sheet_but_not_the_face(seed: int, bend: float) -> None:
    light, covered = held(seed, sheet(bend=bend))
    assert covered.min() >= 0.0
    assert covered.max() <= 1.0
    assert covered.max() > 0.9
    assert covered[88:140, 125:195].max() == 0.0  # the face
    assert np.isfinite(light).all()
    assert light.min() >= 0.0


def test_what_no_hand_is_near_keeps_its_light() -> None:
    light, covered = held(1, sheet())
    assert light[covered == 0.0].max() == pytest.approx(GREY)  # shadow only takes light
    assert (light[100:130, 140:180] == np.float32(GREY)).all()


def test_the_same_seed_draws_the_same_hand() -> None:
    (first, one), (second, other) = held(5, sheet()), held(5, sheet())
    assert np.array_equal(first, second)
    assert np.array_equal(one, other)


@pytest.mark.slow
def test_skin_is_redder_than_green_and_greener_than_blue() -> None:
    for seed in range(6):
        light, covered = held(seed, sheet(np.array([0.4, 0.25, 0.18], np.float32)))
        red, green, blue = light[covered > 0.99].reshape(-1, 3).mean(axis=0)
        assert red > green > blue or abs(red - green) < 0.08  # a sleeve may have any colour


def test_a_hand_outside_of_the_frame_is_not_drawn() -> None:
    light, covered = held(2, sheet(zoom=6.0))
    assert np.isfinite(light).all()
    assert covered[120, 160] == 0.0
