"""Whether something covers a face, on painted faces: skin, brows, nostrils, lips."""

import math

import cv2
import numpy as np
import pytest

from facepad.faces.coverage import CUES, SIDE, coverage, cues, small_face
from facepad.types import Face, RgbImage

SKIN, LIPS, NOSTRILS, LINE = (196, 150, 126), (176, 96, 96), (96, 60, 48), (110, 52, 52)
BLUE, WHITE, BLACK, RED = (120, 170, 200), (225, 228, 230), (28, 28, 30), (150, 40, 45)
POINTS = ((130.0, 120.0), (190.0, 120.0), (160.0, 152.0), (160.0, 182.0), (98.0, 138.0),
          (222.0, 138.0))  # fmt: skip
FACE = Face((95, 70, 225, 230), 1.0, points=POINTS)


def painted(skin: tuple[int, int, int] = SKIN) -> RgbImage:
    """A face with the detector's points at POINTS, softly shaded."""
    image = np.full((300, 320, 3), (90, 110, 120), np.uint8)
    cv2.ellipse(image, (160, 150), (64, 88), 0, 0, 360, skin, -1)
    for x in (130, 190):
        cv2.ellipse(image, (x, 104), (17, 4), 0, 0, 360, (60, 45, 38), -1)
        cv2.ellipse(image, (x, 120), (12, 6), 0, 0, 360, (230, 228, 225), -1)
        cv2.circle(image, (x, 120), 6, (50, 40, 35), -1)
    for x in (153, 167):
        cv2.ellipse(image, (x, 160), (5, 3), 0, 0, 360, dimmed(NOSTRILS, skin), -1)
    cv2.ellipse(image, (160, 182), (23, 9), 0, 0, 360, dimmed(LIPS, skin), -1)
    cv2.line(image, (138, 182), (182, 182), dimmed(LINE, skin), 3)
    shaded = image * np.linspace(1.05, 0.9, 300)[:, None, None]
    return np.asarray(cv2.GaussianBlur(shaded, (0, 0), 1.2), np.uint8)


def dimmed(colour: tuple[int, int, int], skin: tuple[int, int, int]) -> tuple[int, ...]:
    """A colour of a face with SKIN, on a face of another skin."""
    return tuple(round(c * s / k) for c, s, k in zip(colour, skin, SKIN, strict=True))


def masked(image: RgbImage, colour: tuple[int, int, int]) -> RgbImage:
    """A mask from the bridge of the nose to the chin."""
    corners = [(100, 140), (146, 134), (160, 128), (174, 134), (220, 140), (208, 200), (160, 240),
               (112, 200)]  # fmt: skip
    cloth = image.copy()
    cv2.fillPoly(cloth, [np.array(corners)], colour, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(cloth, (0, 0), 1.2), np.uint8)


def bearded(image: RgbImage, colour: tuple[int, int, int]) -> RgbImage:
    """A full beard that leaves the lips, the nose and the cheeks bare."""
    corners = [(97, 150), (128, 172), (160, 168), (192, 172), (223, 150), (208, 205), (160, 240),
               (112, 205)]  # fmt: skip
    hair = image.copy()
    cv2.fillPoly(hair, [np.array(corners)], colour, cv2.LINE_AA)
    lips = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(lips, (160, 182), (25, 11), 0, 0, 360, 255, -1)
    hair[lips > 0] = image[lips > 0]
    return np.asarray(cv2.GaussianBlur(hair, (0, 0), 1.5), np.uint8)


@pytest.mark.parametrize("skin", [SKIN, (236, 200, 180), (120, 84, 66), (70, 46, 36)])
def test_a_bare_face_is_not_covered(skin: tuple[int, int, int]) -> None:
    assert coverage(painted(skin), FACE) < 0.3


@pytest.mark.parametrize("skin", [SKIN, (120, 84, 66), (70, 46, 36)])
@pytest.mark.parametrize("colour", [BLUE, WHITE, BLACK, RED])
def test_a_mask_covers(skin: tuple[int, int, int], colour: tuple[int, int, int]) -> None:
    assert coverage(masked(painted(skin), colour), FACE) > 0.6


@pytest.mark.parametrize("colour", [(30, 26, 22), (90, 65, 45), (170, 168, 165)])
def test_a_beard_covers_nothing(colour: tuple[int, int, int]) -> None:
    assert coverage(bearded(painted(), colour), FACE) < 0.5


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_coverage_hardly_depends_on_size(factor: float) -> None:
    for image in (painted(), masked(painted(), BLUE)):
        other = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        points = tuple(((x + 0.5) * factor - 0.5, (y + 0.5) * factor - 0.5) for x, y in POINTS)
        face = Face((0, 0, 9, 9), 1.0, points=points)
        assert coverage(np.asarray(other, np.uint8), face) == pytest.approx(
            coverage(image, FACE), abs=0.1
        )


def test_coverage_does_not_depend_on_a_turn_in_the_picture() -> None:
    for image in (painted(), masked(painted(), WHITE)):
        turned = np.ascontiguousarray(np.rot90(image))
        points = tuple((y, 319.0 - x) for x, y in POINTS)
        face = Face((0, 0, 9, 9), 1.0, points=points)
        assert coverage(turned, face) == pytest.approx(coverage(image, FACE), abs=0.02)


def test_a_mirrored_face_is_covered_alike() -> None:
    image = masked(painted(), RED)
    x, y = np.array(POINTS)[[1, 0, 2, 3, 5, 4]].T
    face = Face((0, 0, 9, 9), 1.0, points=tuple(zip((319.0 - x).tolist(), y.tolist(), strict=True)))
    mirrored = np.ascontiguousarray(image[:, ::-1])
    assert coverage(mirrored, face) == pytest.approx(coverage(image, FACE), abs=0.02)


def test_dim_light_covers_nothing() -> None:
    assert coverage((painted() * 0.25).astype(np.uint8), FACE) < 0.5


def test_coverage_is_unknown_without_points() -> None:
    assert math.isnan(coverage(painted(), Face((95, 70, 225, 230), 1.0)))


def test_a_face_at_the_edge_of_the_picture_has_a_value() -> None:
    face = Face((0, 0, 60, 60), 1.0, points=tuple((x - 110.0, y - 110.0) for x, y in POINTS))
    assert 0.0 <= coverage(painted(), face) <= 1.0


def test_points_on_one_place_give_a_value() -> None:
    face = Face((0, 0, 60, 60), 1.0, points=((50.0, 50.0),) * 6)
    assert 0.0 <= coverage(painted(), face) <= 1.0


def test_cues_have_names() -> None:
    small = small_face(painted(), FACE)
    assert small.shape == (SIDE, SIDE, 3)
    assert cues(small).shape == (len(CUES),)
