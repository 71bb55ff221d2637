"""What stands behind a medium: a picture that is given, or a made-up room with a person."""

import cv2
import numpy as np

from facepad.simulate.geometry import Size
from facepad.simulate.light import Field, Scene, to_light
from facepad.types import RgbImage

_SMALL = 160  # shorter side at which rooms are drawn; they are out of focus anyway
_FOLDS = 0.25  # depth of the shading of cloth


def behind(
    picture: RgbImage | None, size: Size, rng: np.random.Generator, *, person: float = 0.5
) -> Scene:
    """Light of the surroundings, somewhat out of focus.

    Args:
        picture: Fills the frame, mirrored or not; None: a made-up room.
        size: Lines and columns.
        rng: Source of all that is random.
        person: Probability that somebody's shirt is seen in a made-up room.

    Returns:
        Linear light, shape (H, W, 3).
    """
    scale = _SMALL / min(size)
    small = round(size[0] * scale), round(size[1] * scale)
    light = _room(small, rng) if picture is None else _cut(picture, small, rng)
    if picture is None and rng.random() < person:
        _shirt(light, rng)
    soft = cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.7, 3.0)))
    full = np.asarray(cv2.resize(soft, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(np.maximum(full, 0.0, out=full), np.float32)


def _cut(picture: RgbImage, size: Size, rng: np.random.Generator) -> Scene:
    lines, columns = picture.shape[:2]
    zoom = max(size[0] / lines, size[1] / columns) * float(rng.uniform(1.0, 1.5))
    whole = (max(size[1], round(columns * zoom)), max(size[0], round(lines * zoom)))
    scaled = cv2.resize(to_light(picture), whole, interpolation=cv2.INTER_AREA)
    down = int(rng.integers(0, whole[1] - size[0] + 1))
    across = int(rng.integers(0, whole[0] - size[1] + 1))
    cut = scaled[down : down + size[0], across : across + size[1]]
    return np.ascontiguousarray(cut[:, ::-1] if rng.random() < 0.5 else cut, np.float32)


def _room(size: Size, rng: np.random.Generator) -> Scene:
    """A wall with furniture, and perhaps a window or a lamp."""
    wall = np.ones((*size, 3), np.float32) * _colour(rng, 0.25, 0.85, 0.07)
    for share in np.geomspace(1.0, 0.15, int(rng.integers(4, 40))):  # large things, then small
        _block(wall, float(share), rng)
    if rng.random() < 0.35:
        _window(wall, rng)
    down, across = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j].astype(np.float32)
    tilt = rng.uniform(-0.35, 0.35, 2)
    wall *= np.asarray(1.0 + tilt[0] * down + tilt[1] * across, np.float32)[..., None]
    return wall


def _block(wall: Scene, size: float, rng: np.random.Generator) -> None:
    """A piece of furniture or what lies on it: boxes, most of them in the lower half."""
    lines, columns = wall.shape[:2]
    wide = rng.uniform(0.05, 0.4) * columns * size
    high = rng.uniform(0.04, 0.45) * lines * size
    x, y = rng.uniform(-0.1, 1.0) * columns, rng.beta(2.5, 1.3) * lines
    box = cv2.boxPoints(((x, y), (wide, high), float(rng.normal(0, 4)))).astype(np.int32)
    colour = _colour(rng, 0.02, 0.6, 0.16).tolist()
    cv2.fillConvexPoly(wall, box, colour, cv2.LINE_AA)
    for part in np.linspace(0.0, 1.0, int(rng.integers(2, 5)))[1:-1]:  # shelves, drawers
        start, end = (box[0] + (box[3] - box[0]) * part), (box[1] + (box[2] - box[1]) * part)
        shade = [one * 0.5 for one in colour]
        cv2.line(wall, _pixel(start), _pixel(end), shade, 1, cv2.LINE_AA)


def _window(wall: Scene, rng: np.random.Generator) -> None:
    lines, columns = wall.shape[:2]
    left, top = int(rng.uniform(-0.1, 0.9) * columns), int(rng.uniform(-0.2, 0.4) * lines)
    right, bottom = left + int(0.25 * columns), top + int(rng.uniform(0.2, 0.6) * lines)
    light = float(rng.uniform(0.8, 2.2))
    cv2.rectangle(wall, (left, top), (right, bottom), [light * 0.9, light, light * 1.1], -1)
    middle = (left + right) // 2
    cv2.line(wall, (middle, top), (middle, bottom), [0.4] * 3, 2)


def _shirt(wall: Scene, rng: np.random.Generator) -> None:
    """Trunk and arms of whoever holds the medium before the chest."""
    lines, columns = wall.shape[:2]
    middle, wide = rng.uniform(0.4, 0.6) * columns, rng.uniform(0.3, 0.5) * columns
    top = rng.uniform(-0.3, 0.25) * lines
    outline = np.array(
        [(-0.25, 0.0), (0.25, 0.0), (0.8, 0.25), (1.0, 1.3), (-1.0, 1.3), (-0.8, 0.25)]
    )
    cloth: Field = np.zeros(wall.shape[:2], np.float32)
    points = (outline * [wide, lines] + [middle, top]).astype(np.int32)
    cv2.fillPoly(cloth, [points], 1.0, cv2.LINE_AA)
    cloth = np.asarray(cv2.GaussianBlur(cloth, (0, 0), 2.0), np.float32)
    folded = _colour(rng, 0.03, 0.8, 0.18) * (1.0 + _FOLDS * _folds(wall.shape[:2], rng))[..., None]
    wall += cloth[..., None] * (np.asarray(folded, np.float32) - wall)
    if top > 0.05 * lines:
        neck = [float(one) for one in (0.45, 0.26, 0.18) * rng.uniform(0.4, 1.2, 1)]
        size = int(0.22 * wide), int(0.12 * lines)
        cv2.ellipse(wall, (int(middle), int(top)), size, 0, 0, 360, neck, -1, cv2.LINE_AA)


def _folds(size: tuple[int, ...], rng: np.random.Generator) -> Field:
    coarse = rng.standard_normal((9, 14), dtype=np.float32)
    fine = np.asarray(cv2.resize(coarse, size[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    turn = cv2.getRotationMatrix2D((size[1] / 2, size[0] / 2), float(rng.uniform(-60, 60)), 1.3)
    return np.asarray(
        cv2.warpAffine(fine, turn, size[1::-1], borderMode=cv2.BORDER_REFLECT), np.float32
    )


def _colour(rng: np.random.Generator, dark: float, bright: float, tint: float) -> Field:
    """Reflectance in red, green and blue; mostly greyish, as rooms are."""
    level = np.exp(rng.uniform(np.log(dark), np.log(bright)))
    return np.asarray(np.clip(level * np.exp(rng.normal(0.0, tint, 3)), 0.0, 1.0), np.float32)


def _pixel(point: Field) -> tuple[int, int]:
    return int(point[0]), int(point[1])
