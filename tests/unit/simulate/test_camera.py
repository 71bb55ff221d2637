"""Lens, sensor, development and codec of the simulated camera."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import at_most
from facepad.simulate.camera.camera import (
    Camera,
    ImageSignalProcessor,
    Lens,
    SceneRadiance,
    Sensor,
)
from facepad.simulate.camera.codec import Codec, decode
from facepad.simulate.camera.look import FAMILIES, Look, redrawn
from facepad.simulate.camera.optics import Optics
from facepad.simulate.linear_light import LinearImage, luminance, to_display, to_light
from facepad.simulate.parameters import draw
from facepad.training.quality.resolution import dead_leaves
from facepad.types import RgbImage

PLAIN = Camera(developing=ImageSignalProcessor(balance=0.0, contrast=0.0), codec=Codec(98, "4:4:4"))


def grey(light: float = 0.18, size: tuple[int, int] = (48, 64)) -> LinearImage:
    return np.full((*size, 3), light, np.float32)


def picture(camera: Camera, light: LinearImage, seed: int = 0) -> RgbImage:
    return decode(
        camera.photograph(
            camera.light_on_sensor(SceneRadiance(light.copy())), np.random.default_rng(seed)
        )
    )


@at_most(20)
@given(st.floats(0.2, 1.5), st.floats(0.45, 1.0), st.floats(0.0, 4.0), st.floats(0.0, 180.0))
def test_optics_keep_the_mean_of_light(
    blur: float, aperture: float, motion: float, angle: float
) -> None:
    light = np.zeros((41, 41, 3), np.float32)
    light[20, 20] = 1.0
    seen = Optics(blur, aperture, motion, angle).apply(light)
    assert seen.sum() == pytest.approx(3.0, rel=1e-3)


def test_even_light_passes_optics_whole() -> None:
    nothing = np.zeros((1, 1), np.float32)
    assert Optics(1.0, 1.0, 3.0).transfer(nothing, nothing) == 1.0


@pytest.mark.parametrize(("motion", "close"), [(0.0, 0.02), (3.0, 0.06)])
def test_the_blur_of_light_and_the_transfer_of_patterns_agree(motion: float, close: float) -> None:
    across = np.arange(64, dtype=np.float32)
    wave = np.cos(2 * np.pi * 0.125 * across)[None, :, None].repeat(64, 0).repeat(3, 2)
    optics = Optics(0.6, 0.9, motion, 0.0)
    seen = optics.apply(np.asarray(wave, np.float32))[32, 16:48, 0]
    at = np.array([[0.125]], np.float32)
    assert np.ptp(seen) / 2 == pytest.approx(float(optics.transfer(at, at * 0)[0, 0]), abs=close)


@given(st.floats(0.02, 3.5))
def test_exposure_brings_any_light_to_the_same_grey(light: float) -> None:
    sensor = Sensor(keep_lights=0.0)
    assert sensor.gain(grey(light)) * light == pytest.approx(0.18, rel=1e-3)


def test_a_dark_scene_is_noisier_than_a_bright_one() -> None:
    sensor = Sensor(mosaic="none", longest_gain=1.0)
    dark, bright = (
        sensor.expose(grey(light), np.random.default_rng(0)).std() for light in (0.01, 0.5)
    )
    assert dark > 2 * bright


def test_exposure_gives_way_to_a_bright_panel_in_a_dark_room() -> None:
    room = grey(0.01)
    room[18:30, 26:38] = 2.0  # in the middle, which counts most
    assert Sensor(keep_lights=1.0).gain(room) < 0.7 * Sensor(keep_lights=0.0).gain(room)


@pytest.mark.parametrize("mosaic", ["RGGB", "GRBG", "BGGR", "GBRG", "none"])
@pytest.mark.parametrize("demosaic", ["bilinear", "edge_aware"])
def test_every_mosaic_keeps_colours(mosaic: str, demosaic: str) -> None:
    light = grey()
    light[..., 0], light[..., 2] = 0.3, 0.08
    camera = replace(PLAIN, sensor=Sensor(mosaic=mosaic, demosaic=demosaic, full_well=16000.0))
    found = to_light(picture(camera, light)).mean(axis=(0, 1))
    ratio = float(found[0] / found[2])
    assert ratio == pytest.approx(0.3 / 0.08, rel=0.1)


def test_a_grey_wall_is_as_bright_as_metered() -> None:
    found = picture(PLAIN, grey(0.7))
    assert abs(float(found.mean()) - float(to_display(grey(0.18)).mean())) < 1.5


def test_white_balance_takes_the_colour_of_the_light() -> None:
    warm = grey() * np.array([1.3, 1.0, 0.7], np.float32)
    camera = replace(PLAIN, developing=ImageSignalProcessor(balance=1.0))
    found = picture(camera, warm).mean(axis=(0, 1))
    assert np.ptp(found) < 3.0


def test_sharpening_raises_edges_and_keeps_the_mean() -> None:
    light = grey(0.1)
    light[:, 32:] = 0.3
    soft, sharp = (
        picture(replace(PLAIN, developing=ImageSignalProcessor(balance=0.0, sharpening=s)), light)
        for s in (0.0, 1.2)
    )
    assert np.ptp(sharp.mean(axis=0)) > np.ptp(soft.mean(axis=0)) + 5
    assert abs(float(sharp.mean()) - float(soft.mean())) < 2.0


def test_local_tone_brings_dark_and_light_regions_together() -> None:
    light = grey(0.05)
    light[:, 32:] = 0.6
    global_, local = (
        picture(replace(PLAIN, developing=ImageSignalProcessor(balance=0.0, local_tone=t)), light)
        for t in (0.0, 0.5)
    )
    assert local[:, :20].mean() > global_[:, :20].mean() + 10


def test_smoothing_takes_noise() -> None:
    noisy = replace(PLAIN, sensor=Sensor(full_well=900.0, longest_gain=0.7))
    smooth = replace(
        noisy, developing=ImageSignalProcessor(balance=0.0, contrast=0.0, smoothing=0.09)
    )
    assert picture(smooth, grey()).std() < 0.7 * picture(noisy, grey()).std()


def test_corners_lose_light() -> None:
    shade = Lens(vignetting=0.4).shade((40, 60))
    assert shade[0, 0] == pytest.approx(0.6)
    assert shade[20, 30] > 0.99


@pytest.mark.parametrize(
    ("shape", "size"),
    [((480, 640), (480, 640)), ((640, 480), (640, 480)), ((300, 900), (480, 854))],
)
def test_the_sensor_has_the_pictures_aspect(shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert Lens(lines=480).size(np.zeros((*shape, 3), np.uint8)) == size


def test_a_file_holds_nothing_but_the_picture() -> None:
    data = Codec().encode(np.zeros((16, 16, 3), np.uint8))
    assert b"Exif" not in data
    assert b"\xff\xfe" not in data  # a comment


@pytest.mark.slow
def test_the_same_seed_takes_the_same_picture_and_another_another() -> None:
    light = dead_leaves(np.random.default_rng(0), 48, 64)
    camera = draw(Camera, np.random.default_rng(3))
    assert np.array_equal(picture(camera, light.copy()), picture(camera, light.copy()))
    assert not np.array_equal(picture(camera, light.copy()), picture(camera, light.copy(), 1))


@at_most(15)
@given(st.integers(0, 2**32 - 1))
def test_any_camera_takes_a_picture_of_anything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    light = np.asarray(rng.random((34, 46, 3)) ** 4 * 3.0, np.float32)
    assert picture(draw(Camera, rng), light).shape == (34, 46, 3)


def test_luminance_is_that_of_grey() -> None:
    assert np.allclose(luminance(grey(0.3)), 0.3)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_draws_from_its_own_ranges(family: str) -> None:
    for seed in range(20):
        drawn = redrawn(replace(PLAIN, family=family), family, np.random.default_rng(seed))
        assert drawn.family == family
        for name, range_ in FAMILIES[family].items():
            part, setting = name.split(".")
            value = getattr(getattr(drawn, part), setting)
            if range_.choices is not None:
                assert value in range_.choices
            else:
                assert range_.low <= value <= range_.high


def test_a_family_leaves_later_draws_alone() -> None:
    rngs = [np.random.default_rng(4) for _ in FAMILIES]
    for family, rng in zip(FAMILIES, rngs, strict=True):
        redrawn(PLAIN, family, rng)
    assert len({float(rng.random()) for rng in rngs}) == 1


@pytest.mark.slow
def test_families_are_as_frequent_as_their_weights() -> None:
    drawn = [draw(Camera, np.random.default_rng(seed)).family for seed in range(400)]
    for family, share in {"generic": 0.4, "phone": 0.2, "webcam": 0.2, "access": 0.2}.items():
        assert drawn.count(family) / 400 == pytest.approx(share, abs=0.07)


def test_a_cast_is_the_logarithm_of_red_over_blue() -> None:
    light = Look(red_over_blue=0.4, green=0.1).lit(grey(0.2))[0, 0]
    assert np.log(light[0] / light[2]) == pytest.approx(0.4, abs=1e-5)
    assert light[1] == pytest.approx(0.2 * np.exp(0.1), rel=1e-5)


@pytest.mark.slow
def test_a_plain_look_changes_nothing() -> None:
    light = dead_leaves(np.random.default_rng(0), 48, 64)
    files = [
        PLAIN.photograph(PLAIN.light_on_sensor(SceneRadiance(light.copy())), rng, *look)
        for rng, look in ((np.random.default_rng(1), ()), (np.random.default_rng(1), (Look(),)))
    ]
    assert files[0] == files[1]
    assert np.array_equal(Look().matrix(), np.eye(3))


@given(st.integers(0, 2**32 - 1))
def test_the_matrix_of_a_look_keeps_greys(seed: int) -> None:
    matrix = draw(Look, np.random.default_rng(seed)).matrix()
    assert np.allclose(matrix.sum(axis=1), 1.0)


def test_a_look_is_as_much_brighter_as_it_says() -> None:
    sensor = Sensor(mosaic="none", full_well=16000.0)
    one, other = (
        sensor.expose(grey(0.1), np.random.default_rng(0), factor).mean() for factor in (1.0, 1.4)
    )
    assert other / one == pytest.approx(1.4, rel=1e-2)


def test_channels_have_gammas_of_their_own() -> None:
    plain, changed = (PLAIN.developing.develop(grey(), look) for look in (Look(), Look(1.1)))
    assert np.array_equal(plain, changed)  # a cast is not the developing's
    bluer = PLAIN.developing.develop(grey(), Look(blue_gamma=0.9))
    assert np.array_equal(bluer[..., :2], plain[..., :2])
    assert (bluer[..., 2] > plain[..., 2]).all()
