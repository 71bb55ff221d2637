"""Tests of capture quality, on made-up pictures."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facepad.faces.capture import assess
from facepad.testing.made_up import made_up_presentation
from facepad.types import CaptureQuality, Face, Frame, Reason, RgbImage

Spoil = Callable[[NDArray[Any]], RgbImage]


def frame(seed: int = 0, size: tuple[int, int] = (320, 240)) -> Frame:
    """A made-up frame with a face; landmarks play no part."""
    return made_up_presentation(seed=seed, size=size).frames[0]


def spoilt(one: Frame, spoil: Spoil) -> Frame:
    return replace(one, image=spoil(one.image))


def width(one: Frame) -> int:
    assert one.face is not None
    return one.face.box[2] - one.face.box[0]


def scaled(factor: float, offset: float = 0.0) -> Spoil:
    return lambda image: np.clip(image * factor + offset, 0, 255).astype(np.uint8)


def blurred(sigma: float) -> Spoil:
    return lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def moved(pixels: int, angle_deg: float) -> Spoil:
    kernel = np.zeros((2 * pixels + 1, 2 * pixels + 1), np.float32)
    reach = pixels / 2 * np.array([np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))])
    start, end = ((pixels + sign * reach).round().astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA)
    return lambda image: np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def gray(image: RgbImage) -> RgbImage:
    return np.repeat(image[..., 1:2], 3, axis=2)


def texture() -> RgbImage:
    """Noise whose power falls with frequency as that of faces does, in all directions alike."""
    noise = np.random.default_rng(1).normal(size=(300, 300))
    frequency = np.hypot(np.fft.fftfreq(300)[:, None], np.fft.rfftfreq(300)) + 0.01
    values = np.fft.irfft2(np.fft.rfft2(noise) / frequency**1.75)
    values *= 45.0 / values.std()
    return scaled(1.0, 128.0)(np.asarray(np.repeat(values[..., None], 3, axis=2)))


def test_a_frame_without_a_face_has_nothing_to_assess() -> None:
    assert assess(Frame(np.zeros((9, 9, 3), np.uint8))) == CaptureQuality()


@pytest.mark.parametrize("seed", range(6))
def test_a_normal_picture_has_no_reason(seed: int) -> None:
    quality = assess(frame(seed))
    assert quality.reasons == ()
    assert quality.measures["judgeable"] == 1.0


def test_a_picture_that_ends_at_the_face_has_no_context() -> None:
    one = frame()
    assert one.face is not None
    left, top, right, bottom = one.face.box
    cut = Frame(
        one.image[top:bottom, left:right], face=Face((0, 0, right - left, bottom - top), 0.9)
    )
    assert assess(cut).reasons == (Reason.NO_CONTEXT,)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (scaled(0.1), Reason.TOO_DARK),
        (scaled(2.5), Reason.TOO_BRIGHT),
        (scaled(0.2, 180.0), Reason.LOW_CONTRAST),
        (scaled(0.2, 60.0), Reason.LOW_CONTRAST),
        (blurred(0.03 * 96), Reason.TOO_BLURRED),
        (gray, Reason.NO_COLOUR),
    ],
    ids=["dark", "bright", "haze", "dim haze", "blur", "gray"],
)
def test_a_spoilt_picture_has_the_reason_that_names_it(spoil: Spoil, reason: Reason) -> None:
    for seed in range(3):
        assert assess(spoilt(frame(seed), spoil)).reasons == (reason,)


@pytest.mark.parametrize("angle_deg", [0, 30, 90, 135])
def test_movement_is_named_in_every_direction(angle_deg: float) -> None:
    still = Frame(texture(), face=Face((80, 80, 220, 220), 0.9))
    assert Reason.TOO_MUCH_MOVEMENT not in assess(still).reasons
    quality = assess(spoilt(still, moved(11, angle_deg)))
    assert Reason.TOO_MUCH_MOVEMENT in quality.reasons
    assert Reason.TOO_BLURRED not in quality.reasons


def test_less_light_never_takes_too_dark_away() -> None:
    dark = [
        Reason.TOO_DARK in assess(spoilt(frame(2), scaled(light))).reasons
        for light in (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.0)
    ]
    assert dark == sorted(dark)
    assert not dark[0]
    assert dark[-1]


def test_a_wider_blur_raises_the_measure_of_blur() -> None:
    blur = [
        assess(spoilt(frame(), blurred(sigma))).measures["blur"] for sigma in (0.3, 1.0, 2.0, 3.0)
    ]
    assert blur == sorted(blur)


@pytest.mark.parametrize("light", [0.02, 0.0])
def test_nothing_can_be_said_of_a_black_picture(light: float) -> None:
    assert assess(spoilt(frame(), scaled(light))).measures["judgeable"] == 0.0


def test_nothing_can_be_said_of_a_white_picture() -> None:
    quality = assess(spoilt(frame(), scaled(1.0, 255.0)))
    assert quality.measures["judgeable"] == 0.0
    assert Reason.TOO_BRIGHT in quality.reasons


@pytest.mark.parametrize("spoil", [scaled(1.0), scaled(0.1), blurred(4.0), gray])
def test_reasons_do_not_depend_on_the_number_of_pixels(spoil: Spoil) -> None:
    one = spoilt(frame(3, size=(640, 480)), spoil)
    assert one.face is not None
    box = tuple(2 * edge for edge in one.face.box)
    twice = cv2.resize(one.image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    large = replace(one, image=np.asarray(twice, np.uint8), face=Face(box, 0.9))  # type: ignore[arg-type]
    assert assess(large).reasons == assess(one).reasons


def test_a_gray_face_before_a_coloured_wall_is_not_a_picture_without_colour() -> None:
    one = frame()
    assert one.face is not None
    left, top, right, bottom = one.face.box
    image = one.image.copy()
    image[top:bottom, left:right] = gray(image[top:bottom, left:right])
    image[:, : left // 2] = 160, 60, 60
    assert Reason.NO_COLOUR not in assess(replace(one, image=image)).reasons


@pytest.mark.parametrize("roll_deg", [0.0, 90.0, 180.0, -90.0])
def test_a_tilted_face_is_measured_along_the_line_between_its_eyes(roll_deg: float) -> None:
    one = frame(4, size=(240, 240))
    assert one.face is not None
    turns = round(roll_deg / 90.0)
    turned = np.ascontiguousarray(np.rot90(one.image, -turns))
    box = (60, 60, 180, 180)
    level = assess(Frame(one.image, face=Face(box, 0.9)))
    tilted = assess(Frame(turned, face=Face(box, 0.9, roll_deg=roll_deg)))
    assert tilted.measures["motion"] == pytest.approx(level.measures["motion"], abs=0.05)
    assert tilted.reasons == level.reasons


@pytest.mark.parametrize("box", [(0, 0, 90, 90), (230, 150, 320, 240), (0, 0, 320, 240)])
def test_a_face_at_the_edge_of_the_picture_is_measured(box: tuple[int, int, int, int]) -> None:
    measures = assess(Frame(frame().image, face=Face(box, 0.9))).measures
    assert all(np.isfinite(value) for value in measures.values())
