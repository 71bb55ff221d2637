"""The plain camera and its made-up scenes."""

import numpy as np
import pytest

from facepad.errors import InputError
from facepad.simulate.linear_light import LinearImage, to_display, to_light
from facepad.training.quality.resolution import PlainCamera, dead_leaves


def gray(height: int = 96, width: int = 128, light: float = 0.2) -> LinearImage:
    return np.full((height, width, 3), light, np.float32)


def test_a_picture_has_the_lines_that_were_asked_for_and_the_aspect_of_the_scene() -> None:
    assert PlainCamera().capture(gray(), 48, np.random.default_rng(0)).shape == (48, 64, 3)


def test_a_scene_coarser_than_the_sensor_is_refused() -> None:
    with pytest.raises(InputError, match="sensor of 480 lines needs a finer scene, got 96"):
        PlainCamera().capture(gray(), 480, np.random.default_rng(0))


def test_the_same_seed_takes_the_same_picture() -> None:
    first, second = (PlainCamera().capture(gray(), 48, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_camera_without_noise_keeps_the_brightness() -> None:
    picture = PlainCamera(noise=0.0, quality=100).capture(gray(), 48, np.random.default_rng(0))
    assert abs(float(picture.mean()) - float(to_display(gray()).mean())) < 1.0


def test_noise_is_as_strong_as_asked_for() -> None:
    camera = PlainCamera(blur=0.3, noise=0.02, quality=100)
    light = to_light(camera.capture(gray(480, 640, 0.5), 480, np.random.default_rng(0)))
    expected = 0.02 * np.sqrt(0.55)
    # The codec halves the resolution of colour, which takes some of the noise.
    assert 0.6 * expected < float(light[..., 1].std()) < 1.1 * expected


def test_red_stays_red() -> None:
    scene = gray()
    scene[..., 0] = 0.9
    picture = PlainCamera().capture(scene, 48, np.random.default_rng(0))
    assert picture[..., 0].mean() > picture[..., 2].mean() + 50


def test_light_and_display_values_are_inverse() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert np.array_equal(to_display(to_light(values)), values)


@pytest.mark.slow
def test_made_up_scenes_are_light_and_follow_their_seed() -> None:
    first, second, other = (dead_leaves(np.random.default_rng(seed), 90, 120) for seed in (1, 1, 2))
    assert first.shape == (90, 120, 3)
    assert 0.0 <= first.min() <= first.max() <= 1.0
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
