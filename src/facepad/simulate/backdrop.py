"""The person before another background, since most free portraits come from a studio.

This happens before bona fide and attack part ways: both show the same person before the same
background, so that the background tells nothing.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from facepad.simulate import room
from facepad.simulate.geometry import Size
from facepad.simulate.light import Field, Scene, luminance, to_display, to_light
from facepad.simulate.matting import person
from facepad.simulate.ranges import chosen, drawn
from facepad.types import Face, RgbImage

_CUT, _ALONG = 0.3, 0.04  # matte and share of a picture's edge from which it cuts the person
_ASPECTS = {"4:3": 4 / 3, "16:9": 16 / 9, "1:1": 1.0, "3:4": 3 / 4}
_LARGEST = 1280  # longer side of the new picture


@dataclass(frozen=True, slots=True)
class Backdrop:
    """Another background and how the person stands before it; see `ranges` for meanings."""

    used: bool = chosen({True: 0.65, False: 0.35}, "Whether the background changes", off=False)
    aspect: str = chosen(
        {"4:3": 0.5, "16:9": 0.25, "1:1": 0.1, "3:4": 0.15},
        "Of the new picture, where the old one does not cut the shoulders", off="4:3",
    )  # fmt: skip
    size: float = drawn(0.7, 1.0, "Height of the old picture over the new one", off=1.0)
    right: float = drawn(-1.0, 1.0, "Shift of the person, share of the room there is", off=0.0)
    blur: float = drawn(
        0.0, 0.012, "Background out of focus, share of the shorter side", off=0.0, bias=2.0
    )
    light: float = drawn(
        0.25, 1.6, "Light of the background over that of the person", off=0.7, log=True
    )
    colourful: float = drawn(0.25, 1.0, "Background's colourfulness over the picture's", off=1.0)
    warmth: float = drawn(
        -0.2, 0.2, "Background's colour: natural logarithm of red over blue", off=0.0
    )

    def behind(
        self,
        picture: RgbImage,
        matte: Field,
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
            rng: Cuts the background, furnishes the room.

        Returns:
            The new picture, and the face where it now is. The old ones, where the person
            does not stand on the picture's lower edge or fills it.
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

    def _layout(self, matte: Field) -> tuple[Size, float, int]:
        """Size of the new picture, scale of the old one and its left edge in the new one."""
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
    ) -> Scene:
        """Light of the background, as bright as is wanted over the person's mean."""
        light = room.behind(None, size, rng, person=0.0) if picture is None else _cut(
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


def _cut(picture: RgbImage, size: Size, rng: np.random.Generator) -> Scene:
    """A part of a picture in the wanted shape, mirrored or not."""
    lines, columns = picture.shape[:2]
    zoom = min(lines / size[0], columns / size[1]) * float(rng.uniform(0.6, 1.0))
    high, wide = min(lines, round(size[0] * zoom)), min(columns, round(size[1] * zoom))
    down, across = int(rng.integers(lines - high + 1)), int(rng.integers(columns - wide + 1))
    part = picture[down : down + high, across : across + wide]
    method = cv2.INTER_AREA if zoom > 1.0 else cv2.INTER_CUBIC
    found = np.asarray(cv2.resize(part, size[::-1], interpolation=method), np.uint8)
    return to_light(np.ascontiguousarray(found[:, ::-1]) if rng.random() < 0.5 else found)


def _scaled(field: Field, scale: float) -> Field:
    if scale == 1.0:
        return field
    size = (round(field.shape[1] * scale), round(field.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(field, size, interpolation=method), np.float32)


def _can_move(matte: Field) -> bool:
    """Whether somebody stands on the lower edge, and there is background."""
    return _is_cut(matte[-1]) and 0.05 < float(matte.mean()) < 0.9


def _is_cut(edge: Field) -> bool:
    return float((edge > _CUT).mean()) > _ALONG


def _moved(face: Face, scale: float, left: int, top: int, size: Size) -> Face:
    limit = np.array([*size[::-1], *size[::-1]])
    box = np.clip(np.rint(np.array(face.box) * scale + [left, top, left, top]), 0, limit)
    landmarks = face.landmarks
    if landmarks is not None:
        landmarks = np.asarray(landmarks * scale + [left, top, 0.0], np.float32)
    return replace(face, box=tuple(box.astype(int).tolist()), landmarks=landmarks)
