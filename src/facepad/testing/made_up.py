"""Made-up pictures and presentations: drawn, so that nobody is shown and nothing is licensed.

They look enough like a face to exercise code. They say nothing about how well a liveness
test works.
"""

import numpy as np
from numpy.typing import NDArray

from facepad.types import Box, Face, Frame, Landmarks, Presentation, Reason, RgbImage

Floats = NDArray[np.float64]

SKIN = np.array([196.0, 150.0, 126.0])
DARK = np.array([52.0, 36.0, 32.0])
LIPS = np.array([158.0, 84.0, 84.0])
NOISE = 6.0  # grey levels, as a webcam indoors
LANDMARKS = 468
FACE_WIDTH = 0.2  # half of it, as a share of the picture's height
FACE_HEIGHT = 0.28


def made_up_presentation(
    *,
    frames: int = 1,
    size: tuple[int, int] = (320, 240),
    face: bool = True,
    attack: bool = False,
    seed: int = 0,
    interval_s: float = 0.04,
) -> Presentation:
    """Draw one attempt in front of a camera.

    Args:
        frames: Number of frames; the face moves a little from one to the next.
        size: Width and height in pixels.
        face: Whether there is a face; without one, every frame says ``NO_FACE``.
        attack: Whether it is drawn soft and pale, as a print is.
        seed: Another seed is another person in another room.
        interval_s: Seconds from one frame to the next.
    """
    return Presentation(
        tuple(
            _frame(size, seed, index, time_s=index * interval_s, face=face, attack=attack)
            for index in range(frames)
        ),
        source=f"made up, seed {seed}",
    )


def made_up_picture(
    *,
    size: tuple[int, int] = (320, 240),
    face: bool = True,
    attack: bool = False,
    seed: int = 0,
    moved: int = 0,
) -> RgbImage:
    """Draw one picture, RGB uint8, shape (height, width, 3); ``moved`` shifts the face."""
    width, height = size
    person = np.random.default_rng(seed)
    rows, columns = np.arange(height, dtype=np.float64)[:, None], np.arange(width, dtype=np.float64)
    light = person.uniform(0.8, 1.1) * (0.7 + 0.5 * columns / width)
    picture = np.empty((height, width, 3))
    picture[:] = (person.uniform(90.0, 170.0, 3) + 18.0 * np.sign(np.sin(rows / 9.0)))[:, None]
    if face:
        x, y = _centre(size, moved)
        _paint_face(picture, (columns - x) / height, (rows - y) / height)
    picture *= light[:, None]
    if attack:
        picture = 0.75 * _softened(picture) + 45.0
    picture += np.random.default_rng([seed, moved]).normal(0.0, NOISE, picture.shape)
    drawn: RgbImage = np.clip(np.rint(picture, out=picture), 0, 255, out=picture).astype(np.uint8)
    return drawn


def _frame(
    size: tuple[int, int], seed: int, index: int, *, time_s: float, face: bool, attack: bool
) -> Frame:
    image = made_up_picture(size=size, face=face, attack=attack, seed=seed, moved=index)
    if not face:
        return Frame(image, time_s, no_face=Reason.NO_FACE)
    box = _box(size, index)
    return Frame(image, time_s, face=Face(box, score=0.98, landmarks=_landmarks(box)))


def _centre(size: tuple[int, int], moved: int) -> tuple[float, float]:
    return size[0] / 2.0 + moved % 5, size[1] / 2.0


def _box(size: tuple[int, int], moved: int) -> Box:
    (x, y), height = _centre(size, moved), size[1]
    across, down = FACE_WIDTH * height, FACE_HEIGHT * height
    return (
        max(0, int(x - across)),
        max(0, int(y - down)),
        min(size[0], int(np.ceil(x + across))),
        min(size[1], int(np.ceil(y + down))),
    )


def _landmarks(box: Box) -> Landmarks:
    """Points on a spiral inside the box: as many as a face mesh has, in no anatomical order."""
    left, top, right, bottom = box
    turn = np.linspace(0.0, 24.0 * np.pi, LANDMARKS)
    reach = np.linspace(0.05, 1.0, LANDMARKS) / 2.0
    x = (left + right) / 2.0 + reach * np.cos(turn) * (right - left)
    y = (top + bottom) / 2.0 + reach * np.sin(turn) * (bottom - top)
    z = (reach - 0.5) * (right - left)
    return np.stack([x, y, z], axis=1).astype(np.float32)


def _paint_face(picture: Floats, x: Floats, y: Floats) -> None:
    """Paint an oval, two eyes and a mouth; coordinates from the face's middle."""
    _paint(picture, (x / FACE_WIDTH) ** 2 + (y / FACE_HEIGHT) ** 2, SKIN)
    for side in (-1.0, 1.0):
        _paint(picture, ((x - side * 0.08) / 0.035) ** 2 + ((y + 0.06) / 0.018) ** 2, DARK)
    _paint(picture, (x / 0.07) ** 2 + ((y - 0.13) / 0.02) ** 2, LIPS)


def _paint(picture: Floats, distance: Floats, colour: Floats) -> None:
    inside = distance < 1.0
    picture[inside] = colour * (1.1 - 0.3 * distance[inside][:, None])


def _softened(picture: Floats) -> Floats:
    """Mean over 3x3 pixels; the edge is repeated."""
    wide = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = picture.shape[:2]
    total = np.zeros_like(picture)
    for row in range(3):
        for column in range(3):
            total += wide[row : row + height, column : column + width]
    return total / 9.0
