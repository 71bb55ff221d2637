"""Light on rendered meshes: the lamp, hollows and shadows."""

import numpy as np
import pytest

from facepad.simulate.scene.render import fitted_lamp, shadows


def test_light_from_the_right_makes_slopes_to_the_right() -> None:
    facing = np.random.default_rng(0).normal(size=(400, 3)) * [1.0, 1.0, 0.3] - [0.0, 0.0, 1.0]
    facing = (facing / np.linalg.norm(facing, axis=1, keepdims=True)).astype(np.float32)
    slopes = fitted_lamp((1.0 + facing @ np.array([0.5, 0.0, -0.3])).astype(np.float32), facing)
    assert slopes[0] > 0.25
    assert abs(slopes[1]) < 0.1
    assert slopes[2] < 0.0


def test_a_wall_shades_what_is_behind_it() -> None:
    """A ridge 10 mm high, the lamp 45 degrees to its left: the shadow is 10 mm wide."""
    depth = np.zeros((60, 100), np.float32)
    depth[:, 40:44] = -10.0
    lamp = np.array([-1.0, 0.0, -1.0], np.float32) / np.float32(np.sqrt(2))
    hollow, visible = shadows(depth, np.ones_like(depth, np.bool_), 1.0, lamp)
    assert visible[30, 48] < 0.5 < 0.95 < visible[30, 30]
    assert visible[30, 70] > 0.95
    assert hollow[30, 46] < hollow[30, 80] == pytest.approx(1.0, abs=0.05)


def test_a_lamp_in_front_casts_no_shadow() -> None:
    depth = np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)
    front = np.array([0.0, 0.0, -1.0], np.float32)
    assert (shadows(depth, np.ones_like(depth, np.bool_), 1.0, front)[1] == 1.0).all()
