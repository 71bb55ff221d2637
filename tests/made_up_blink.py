"""Made-up clips of a face whose lids move; drawn, so that nobody is shown."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import LEFT_EYE, RIGHT_EYE
from facepad.types import Face, Frame, Landmarks, Presentation, RgbImage
from made_up_face import made_up_landmarks

Numbers = Sequence[float] | NDArray[np.floating]

SIZE = (176, 176)
LOWERED = 0.5  # of the openness that landmarks lose when an eye is shut


def closure(times_s: Numbers, at_s: float, duration_s: float) -> list[float]:
    """Return how far the eyes are shut in [0, 1]: a dip with this duration at half of its depth."""
    away = np.abs(np.asarray(times_s) - at_s)
    return [float(shut) for shut in np.clip(1.5 - away * 2.0 / duration_s, 0.0, 1.0)]


def blinking(
    times_s: Numbers,
    shut: Numbers,
    *,
    drawn: Numbers | None = None,
    half: float = 55.0,
    turn_deg: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
) -> Presentation:
    """Draw a clip of a face.

    Args:
        times_s: Of the frames.
        shut: How far the landmarks say that the eyes are shut.
        drawn: How far they are shut in the picture; as the landmarks say if None.
        half: Half of the face's width, pixels.
        turn_deg: Roll of the head.
        shift: Pixels by which the face is off the middle.
    """
    noise = np.random.default_rng(0).normal(0.0, 1.0, (SIZE[1], SIZE[0], 3)).astype(np.float32)
    frames = []
    for time_s, one, seen in zip(times_s, shut, shut if drawn is None else drawn, strict=True):
        landmarks = _lowered(made_up_landmarks(0.0, 0.0, half), one)
        image = _picture(half, seen)
        image, landmarks = _placed(image, landmarks, turn_deg, shift)
        noise = np.roll(noise, (5, 11), (0, 1))
        image = np.clip(image + noise, 0.0, 255.0).astype(np.uint8)
        left, top = landmarks[:, :2].min(axis=0).astype(int)
        right, bottom = landmarks[:, :2].max(axis=0).astype(int)
        face = Face((int(left), int(top), int(right), int(bottom)), 1.0, landmarks)
        frames.append(Frame(image, time_s, face))
    return Presentation(tuple(frames), "made up, blinking")


def _lowered(landmarks: Landmarks, shut: float) -> Landmarks:
    moved = landmarks.copy()
    for ring in (RIGHT_EYE, LEFT_EYE):
        eye = moved[list(ring), 1]
        moved[list(ring), 1] = eye.mean() + (eye - eye.mean()) * (1.0 - LOWERED * shut)
    return moved


def _picture(half: float, shut: float) -> RgbImage:
    """Draw the face around the picture's middle."""
    image = np.full((SIZE[1], SIZE[0], 3), (90, 110, 120), np.uint8)
    middle = np.array(SIZE) / 2.0
    _ellipse(image, middle, (half, 1.3 * half), (196, 150, 126))
    for side in (-1.0, 1.0):
        eye = middle + half * np.array([0.4 * side, -0.2 * 1.3])
        wide, high = 0.18 * half, 0.06 * 1.3 * half * (1.0 - shut)
        if high > 0.5:
            _ellipse(image, eye, (wide, high), (235, 235, 235))
            _ellipse(image, eye, (min(0.09 * half, wide), high), (40, 30, 25))
        else:
            cv2.line(image, *_ends(eye, wide), (120, 80, 70), 1, cv2.LINE_AA)
    return image


def _ellipse(
    image: RgbImage, middle: np.ndarray, half: tuple[float, float], colour: tuple[int, int, int]
) -> None:
    box = (tuple(map(float, middle)), (2.0 * half[0], 2.0 * half[1]), 0.0)
    cv2.ellipse(image, box, colour, -1, cv2.LINE_AA)


def _ends(eye: np.ndarray, wide: float) -> tuple[tuple[int, int], tuple[int, int]]:
    x, y = round(float(eye[0])), round(float(eye[1]))
    return (x - round(wide), y), (x + round(wide), y)


def _placed(
    image: RgbImage, landmarks: Landmarks, turn_deg: float, shift: tuple[float, float]
) -> tuple[RgbImage, Landmarks]:
    middle = (SIZE[0] / 2.0, SIZE[1] / 2.0)
    turn = np.asarray(cv2.getRotationMatrix2D(middle, -turn_deg, 1.0), np.float64)
    to_place = turn + np.array([[0.0, 0.0, shift[0]], [0.0, 0.0, shift[1]]])
    moved = cv2.warpAffine(image, to_place, SIZE, borderMode=cv2.BORDER_REPLICATE)
    flat = (landmarks[:, :2] + np.array(middle)) @ to_place[:, :2].T + to_place[:, 2]
    return np.asarray(moved, np.uint8), np.column_stack([flat, landmarks[:, 2]]).astype(np.float32)
