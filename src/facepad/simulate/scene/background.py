"""Backgrounds: the room behind a medium, and another background for the person."""

from dataclasses import dataclass, replace

import numpy as np

from facepad.opencv import cv2
from facepad.simulate.linear_light import LinearImage, Map, Size, luminance, to_display, to_light
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene.matting import person
from facepad.types import Face, RgbImage

_SMALL = 160  # shorter side at which rooms are drawn; they are out of focus anyway
_FOLDS = 0.25  # depth of the shading of cloth
_CUT, _ALONG = 0.3, 0.04  # matte and share of a picture's edge from which it cuts the person
_ASPECTS = {"4:3": 4 / 3, "16:9": 16 / 9, "1:1": 1.0, "3:4": 3 / 4}
_LARGEST = 1280  # longer side of the new picture


def behind(
    picture: RgbImage | None, size: Size, rng: np.random.Generator, *, person: float = 0.5
) -> LinearImage:
    """Return the light of the surroundings, out of focus.

    Args:
        picture: Fills the frame, mirrored or not; None: a made-up room.
        size: Lines and columns.
        rng: Random numbers.
        person: Probability of a person's shirt in a made-up room.

    Returns:
        Linear light, shape (H, W, 3).
    """
    scale = _SMALL / min(size)
    small = round(size[0] * scale), round(size[1] * scale)
    light = _room(small, rng) if picture is None else _out_of_focus(picture, small, rng)
    if picture is None and rng.random() < person:
        _shirt(light, rng)
    soft = cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.7, 3.0)))
    full = np.asarray(cv2.resize(soft, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(np.maximum(full, 0.0, out=full), np.float32)


def _out_of_focus(picture: RgbImage, size: Size, rng: np.random.Generator) -> LinearImage:
    lines, columns = picture.shape[:2]
    zoom = max(size[0] / lines, size[1] / columns) * float(rng.uniform(1.0, 1.5))
    whole = (max(size[1], round(columns * zoom)), max(size[0], round(lines * zoom)))
    scaled = cv2.resize(to_light(picture), whole, interpolation=cv2.INTER_AREA)
    down = int(rng.integers(0, whole[1] - size[0] + 1))
    across = int(rng.integers(0, whole[0] - size[1] + 1))
    cut = scaled[down : down + size[0], across : across + size[1]]
    return np.ascontiguousarray(cut[:, ::-1] if rng.random() < 0.5 else cut, np.float32)


def _room(size: Size, rng: np.random.Generator) -> LinearImage:
    """Return a wall with furniture, and sometimes a window or a lamp."""
    wall = np.ones((*size, 3), np.float32) * _colour(rng, 0.25, 0.85, 0.07)
    for share in np.geomspace(1.0, 0.15, int(rng.integers(4, 40))):  # large things, then small
        _block(wall, float(share), rng)
    if rng.random() < 0.35:
        _window(wall, rng)
    down, across = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j].astype(np.float32)
    tilt = rng.uniform(-0.35, 0.35, 2)
    wall *= np.asarray(1.0 + tilt[0] * down + tilt[1] * across, np.float32)[..., None]
    return wall


def _block(wall: LinearImage, size: float, rng: np.random.Generator) -> None:
    """Draw a piece of furniture or an object: a box, mostly in the lower half."""
    lines, columns = wall.shape[:2]
    wide = rng.uniform(0.05, 0.4) * columns * size
    high = rng.uniform(0.04, 0.45) * lines * size
    x, y = rng.uniform(-0.1, 1.0) * columns, rng.beta(2.5, 1.3) * lines
    box = cv2.boxPoints(((x, y), (wide, high), float(rng.normal(0, 4)))).astype(np.int32)
    colour = _colour(rng, 0.02, 0.6, 0.16).tolist()
    cv2.fillConvexPoly(wall, box, colour, cv2.LINE_AA)
    for part in np.linspace(0.0, 1.0, int(rng.integers(2, 5)))[1:-1]:  # shelves, drawers
        start, end = (box[0] + (box[3] - box[0]) * part), (box[1] + (box[2] - box[1]) * part)
        shade = [value * 0.5 for value in colour]
        cv2.line(wall, _pixel(start), _pixel(end), shade, 1, cv2.LINE_AA)


def _window(wall: LinearImage, rng: np.random.Generator) -> None:
    lines, columns = wall.shape[:2]
    left, top = int(rng.uniform(-0.1, 0.9) * columns), int(rng.uniform(-0.2, 0.4) * lines)
    right, bottom = left + int(0.25 * columns), top + int(rng.uniform(0.2, 0.6) * lines)
    light = float(rng.uniform(0.8, 2.2))
    cv2.rectangle(wall, (left, top), (right, bottom), [light * 0.9, light, light * 1.1], -1)
    middle = (left + right) // 2
    cv2.line(wall, (middle, top), (middle, bottom), [0.4] * 3, 2)


def _shirt(wall: LinearImage, rng: np.random.Generator) -> None:
    """Draw trunk and arms of the person who holds the medium."""
    lines, columns = wall.shape[:2]
    middle, wide = rng.uniform(0.4, 0.6) * columns, rng.uniform(0.3, 0.5) * columns
    top = rng.uniform(-0.3, 0.25) * lines
    outline = np.array(
        [(-0.25, 0.0), (0.25, 0.0), (0.8, 0.25), (1.0, 1.3), (-1.0, 1.3), (-0.8, 0.25)]
    )
    cloth: Map = np.zeros(wall.shape[:2], np.float32)
    points = (outline * [wide, lines] + [middle, top]).astype(np.int32)
    cv2.fillPoly(cloth, [points], 1.0, cv2.LINE_AA)
    cloth = np.asarray(cv2.GaussianBlur(cloth, (0, 0), 2.0), np.float32)
    folded = _colour(rng, 0.03, 0.8, 0.18) * (1.0 + _FOLDS * _folds(wall.shape[:2], rng))[..., None]
    wall += cloth[..., None] * (np.asarray(folded, np.float32) - wall)
    if top > 0.05 * lines:
        neck = [float(value) for value in (0.45, 0.26, 0.18) * rng.uniform(0.4, 1.2, 1)]
        size = int(0.22 * wide), int(0.12 * lines)
        cv2.ellipse(wall, (int(middle), int(top)), size, 0, 0, 360, neck, -1, cv2.LINE_AA)


def _folds(size: tuple[int, ...], rng: np.random.Generator) -> Map:
    coarse = rng.standard_normal((9, 14), dtype=np.float32)
    fine = np.asarray(cv2.resize(coarse, size[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    turn = cv2.getRotationMatrix2D((size[1] / 2, size[0] / 2), float(rng.uniform(-60, 60)), 1.3)
    return np.asarray(
        cv2.warpAffine(fine, turn, size[1::-1], borderMode=cv2.BORDER_REFLECT), np.float32
    )


def _colour(rng: np.random.Generator, dark: float, bright: float, tint: float) -> Map:
    """Draw a reflectance in red, green and blue; mostly greyish, as in rooms."""
    level = np.exp(rng.uniform(np.log(dark), np.log(bright)))
    return np.asarray(np.clip(level * np.exp(rng.normal(0.0, tint, 3)), 0.0, 1.0), np.float32)


def _pixel(point: Map) -> tuple[int, int]:
    return int(point[0]), int(point[1])


@dataclass(frozen=True, slots=True)
class BackgroundReplacement:
    """Another background and the person's place before it; see `parameters` for the fields."""

    used: bool = choice({True: 0.65, False: 0.35}, "Whether the background changes", off=False)
    aspect: str = choice(
        {"4:3": 0.5, "16:9": 0.25, "1:1": 0.1, "3:4": 0.15},
        "Aspect of the new picture, unless the shoulders are cut", off="4:3",
    )  # fmt: skip
    size: float = uniform(0.7, 1.0, "Height of the old picture over the new one", off=1.0)
    right: float = uniform(-1.0, 1.0, "Shift of the person, share of the room there is", off=0.0)
    blur: float = uniform(
        0.0, 0.012, "Background out of focus, share of the shorter side", off=0.0, bias=2.0
    )
    light: float = uniform(
        0.25, 1.6, "Light of the background over that of the person", off=0.7, log=True
    )
    colourful: float = uniform(0.25, 1.0, "Background's colourfulness over the picture's", off=1.0)
    warmth: float = uniform(
        -0.2, 0.2, "Background's colour: natural logarithm of red over blue", off=0.0
    )

    def behind(
        self,
        picture: RgbImage,
        matte: Map,
        face: Face,
        background: RgbImage | None,
        rng: np.random.Generator,
    ) -> tuple[RgbImage, Face]:
        """Set a person before another background.

        Args:
            picture: RGB picture of the person.
            matte: Share of each pixel that is the person.
            face: The person's face.
            background: RGB picture; None: a made-up room.
            rng: Random numbers for the cut of the background or for the room.

        Returns:
            The new picture and the moved face; the old ones when the person does not touch the
            lower edge or fills the picture.
        """
        if not self.used or not _can_move(matte):
            return picture, face
        size, scale, left = self._layout(matte)
        whole = _scaled(person(to_light(picture), matte), scale)
        share = np.clip(_scaled(matte, scale), 0.0, 1.0)
        far = self._background(size, background, float(luminance(whole)[share > 0.9].mean()), rng)
        top = size[0] - share.shape[0]
        start, stop = max(0, left), min(size[1], left + share.shape[1])
        inside = np.s_[top:, start:stop]
        part = np.s_[:, start - left : stop - left]
        far[inside] += (whole[part] - far[inside]) * share[part][..., None]
        return to_display(far), _moved(face, scale, left, top, size)

    def _layout(self, matte: Map) -> tuple[Size, float, int]:
        """Return size of the new picture, scale of the old one and its left edge in the new."""
        lines, columns = matte.shape
        share = 1.0 if _is_cut(matte[0]) else self.size
        if share == 1.0 or _is_cut(matte[:, 0]) or _is_cut(matte[:, -1]):
            aspect = columns * share / lines  # no room but above
        else:
            aspect = _ASPECTS[self.aspect]
        high = min(lines / share, _LARGEST / max(1.0, aspect))
        size = 2 * round(high / 2), 2 * round(high * aspect / 2)
        scale = size[0] * share / lines
        free = size[1] - columns * scale
        return size, scale, round(free / 2 * (1.0 + self.right * 0.8))

    def _background(
        self, size: Size, picture: RgbImage | None, wanted: float, rng: np.random.Generator
    ) -> LinearImage:
        """Return the light of the background, relative to the person's mean."""
        light = behind(None, size, rng, person=0.0) if picture is None else _cut(
            picture, size, rng
        )  # fmt: skip
        if self.blur:
            soft = cv2.GaussianBlur(light, (0, 0), max(0.3, self.blur * min(size)))
            light = np.asarray(soft, np.float32)
        grey = luminance(light)[..., None]  # loud colours would mislead white balance
        light = grey + np.float32(self.colourful) * (light - grey)
        colour = np.exp(np.array([self.warmth / 2, 0.0, -self.warmth / 2]))
        gain = self.light * wanted / max(float(luminance(light).mean()), 1e-3)
        return np.asarray(light * (colour * gain).astype(np.float32), np.float32)


def _cut(picture: RgbImage, size: Size, rng: np.random.Generator) -> LinearImage:
    """Return a random part of a picture in the wanted shape, mirrored or not."""
    lines, columns = picture.shape[:2]
    zoom = min(lines / size[0], columns / size[1]) * float(rng.uniform(0.6, 1.0))
    high, wide = min(lines, round(size[0] * zoom)), min(columns, round(size[1] * zoom))
    down, across = int(rng.integers(lines - high + 1)), int(rng.integers(columns - wide + 1))
    part = picture[down : down + high, across : across + wide]
    method = cv2.INTER_AREA if zoom > 1.0 else cv2.INTER_CUBIC
    cut = np.asarray(cv2.resize(part, size[::-1], interpolation=method), np.uint8)
    return to_light(np.ascontiguousarray(cut[:, ::-1]) if rng.random() < 0.5 else cut)


def _scaled(field: Map, scale: float) -> Map:
    if scale == 1.0:
        return field
    size = (round(field.shape[1] * scale), round(field.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(field, size, interpolation=method), np.float32)


def _can_move(matte: Map) -> bool:
    """Return whether a person touches the lower edge, and there is background."""
    return _is_cut(matte[-1]) and 0.05 < float(matte.mean()) < 0.9


def _is_cut(edge: Map) -> bool:
    return float((edge > _CUT).mean()) > _ALONG


def _moved(face: Face, scale: float, left: int, top: int, size: Size) -> Face:
    limit = np.array([*size[::-1], *size[::-1]])
    box = np.clip(np.rint(np.array(face.box) * scale + [left, top, left, top]), 0, limit)
    landmarks = face.landmarks
    if landmarks is not None:
        landmarks = np.asarray(landmarks * scale + [left, top, 0.0], np.float32)
    points = tuple((x * scale + left, y * scale + top) for x, y in face.points)
    return replace(face, box=tuple(box.astype(int).tolist()), landmarks=landmarks, points=points)
