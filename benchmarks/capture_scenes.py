"""Scenes for the benchmark of capture quality: covered faces and turned heads.

Both are drawn over a real picture of an uncovered face that looks into the camera, with the
468 landmarks of the face mesh.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import OVAL, axes, levelled, outline
from facepad.meshes.render import interpolated, render
from facepad.simulate.scene.face_mesh import triangulated
from facepad.types import Landmarks, RgbImage

Plane = NDArray[np.float32]
Polygon = NDArray[np.float32]

# Landmarks from the right ear over the cheek and the bridge of the nose to the left ear.
_HIGH = (227, 116, 117, 118, 119, 120, 128, 6, 357, 349, 348, 347, 346, 345, 447)
_LOW = (137, 123, 50, 101, 100, 47, 198, 5, 420, 277, 329, 330, 280, 352, 366)
# The jaw from the left ear over the chin to the right ear.
_JAW = (454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58,
        132, 93, 234)  # fmt: skip
_NOSE, _LIPS_MIDDLE = 1, 13


@dataclass(frozen=True, slots=True)
class Cover:
    """What covers the lower half of a face.

    Attributes:
        shape: One of ``surgical``, ``respirator``, ``cloth``, ``scarf``, ``phone``, ``hand``.
        colour: Reflectance of red, green and blue in [0, 1]; None: that of the skin.
        pattern: Contrast of a printed pattern, in [0, 1].
    """

    shape: str
    colour: tuple[float, float, float] | None
    pattern: float = 0.0


COVERS: Mapping[str, Cover] = MappingProxyType(
    {
        "surgical_blue": Cover("surgical", (0.42, 0.66, 0.78)),
        "surgical_white": Cover("surgical", (0.78, 0.80, 0.82)),
        "surgical_black": Cover("surgical", (0.04, 0.04, 0.045)),
        "respirator_white": Cover("respirator", (0.82, 0.82, 0.80)),
        "respirator_gray": Cover("respirator", (0.30, 0.31, 0.33)),
        "cloth_black": Cover("cloth", (0.025, 0.025, 0.03)),
        "cloth_gray": Cover("cloth", (0.22, 0.22, 0.23)),
        "cloth_navy": Cover("cloth", (0.05, 0.07, 0.18)),
        "cloth_red": Cover("cloth", (0.45, 0.07, 0.08)),
        "cloth_patterned": Cover("cloth", (0.45, 0.40, 0.35), pattern=0.8),
        "cloth_skin_like": Cover("cloth", None),
        "scarf": Cover("scarf", (0.25, 0.20, 0.15), pattern=0.4),
        "phone": Cover("phone", (0.04, 0.04, 0.05)),
        "hand": Cover("hand", None),
    }
)


def draw_mask(
    image: RgbImage, landmarks: Landmarks, kind: str, rng: np.random.Generator
) -> RgbImage:
    """Draw a mask, a scarf, a phone or a hand over the mouth and the nose of a face.

    The cover is lit as the face is, has folds, a seam and a soft edge, and throws a shadow.

    Args:
        image: RGB picture.
        landmarks: Landmarks of the face, shape (468, 3).
        kind: A name in `COVERS`.
        rng: Random numbers; position, colour and folds vary.

    Returns:
        The picture with the cover.
    """
    cover = COVERS[kind]
    wide = 2 * outline(landmarks)[2]
    light = (image.astype(np.float32) / 255.0) ** np.float32(2.2)
    size = image.shape[:2]
    shade = np.ones((*size, 1), np.float32)
    if cover.shape == "hand":
        inside, shade = _hand(landmarks, size, rng)
    else:
        polygon = _cut(landmarks, cover.shape, rng)
        inside = _filled(polygon, size)
        if cover.shape != "phone":
            shade = _folds(landmarks, cover, size, rng)
    lit = _reflectance(light, landmarks, cover, rng) * shade * _illumination(light, landmarks, rng)
    if cover.shape in {"surgical", "respirator", "cloth"}:
        light = _straps(light, landmarks, polygon, lit)
    down = np.array([[1, 0, 0], [0, 1, 0.02 * wide]], np.float32)
    below = cv2.warpAffine(inside, down, size[::-1])
    shadow = cv2.GaussianBlur(below, (0, 0), 0.02 * wide)
    inside = np.asarray(cv2.GaussianBlur(inside, (0, 0), max(0.5, 0.006 * wide)), np.float32)
    light = light * (1 - 0.35 * shadow * (1 - inside))[..., None]
    light = light * (1 - inside[..., None]) + lit * inside[..., None]
    noise = rng.normal(0, 0.004, (*size, 1)).astype(np.float32) * inside[..., None]
    shown = np.clip(light, 0, 1) ** np.float32(1 / 2.2) + noise
    return np.asarray(np.clip(shown, 0, 1) * 255 + 0.5, np.uint8)


def _hand(
    landmarks: Landmarks, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Plane, Plane]:
    """Return where four fingers and a palm lie over mouth and nose, and their shading."""
    flat = landmarks[:, :2].astype(np.float64)
    wide = 2 * outline(landmarks)[2]
    across, down = (axis / np.linalg.norm(axis) for axis in axes(landmarks)[:2, :2])
    side = rng.choice([-1.0, 1.0])
    slope = rng.uniform(-0.1, 0.35)
    radius = wide * rng.uniform(0.055, 0.07)
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    inside, shade = np.zeros(size, np.float32), np.full(size, 0.5, np.float32)
    start = flat[_NOSE] - down * wide * rng.uniform(-0.02, 0.08)
    for number in range(4):
        middle = start + down * (2.05 * radius * number)
        tip = middle + across * side * wide * rng.uniform(0.12, 0.3) - down * slope * 0.2 * wide
        root = middle - across * side * wide * 0.75 + down * slope * 0.75 * wide
        along = np.clip(
            ((x - root[0]) * (tip - root)[0] + (y - root[1]) * (tip - root)[1])
            / ((tip - root) ** 2).sum(), 0, 1,
        )  # fmt: skip
        away = np.hypot(
            x - root[0] - along * (tip - root)[0], y - root[1] - along * (tip - root)[1]
        )
        here = away < radius
        shade = np.where(here, 0.45 + 0.6 * np.sqrt(np.clip(1 - (away / radius) ** 2, 0, 1)), shade)
        inside = np.maximum(inside, np.clip(radius - away + 0.5, 0, 1))
    return inside.astype(np.float32), shade.astype(np.float32)[..., None]


def _cut(landmarks: Landmarks, shape: str, rng: np.random.Generator) -> Polygon:
    """Return the outline of a mask."""
    flat = landmarks[:, :2].astype(np.float64)
    middle = flat[_NOSE]
    if shape == "phone":
        return _phone(landmarks, rng)
    share = {"surgical": 0.45, "respirator": 0.15, "cloth": 0.35, "scarf": 0.6}[shape]
    share = float(np.clip(share + rng.normal(0, 0.15), 0, 0.9))
    top = (1 - share) * flat[list(_HIGH)] + share * flat[list(_LOW)]
    jaw = flat[list(_JAW)]
    chin = flat[152] - middle
    if shape == "scarf":
        sides = (jaw - middle) * [1.25, 1.1] + middle
        below = np.array([flat[361] + 2.2 * chin, flat[132] + 2.2 * chin])
        return np.asarray(np.concatenate([top, sides[:2], below, sides[-2:]]), np.float32)
    start = {"surgical": 2, "respirator": 3, "cloth": 1}[shape]
    grown = 1.0 + {"surgical": 0.05, "respirator": 0.08, "cloth": 0.03}[shape] + rng.normal(0, 0.02)
    jaw = (jaw[start:-start] - middle) * grown + middle
    inset = {"surgical": 2, "respirator": 2, "cloth": 0}[shape]
    top = top[inset : len(top) - inset]
    return np.asarray(_rounded(np.concatenate([top, jaw])), np.float32)


def _phone(landmarks: Landmarks, rng: np.random.Generator) -> Polygon:
    """Return the outline of a phone that is held before the mouth."""
    wide = 2 * outline(landmarks)[2]
    across, down = axes(landmarks)[:2, :2]
    turn = rng.uniform(-0.4, 0.4)
    u, v = across * np.cos(turn) + down * np.sin(turn), down * np.cos(turn) - across * np.sin(turn)
    half = wide * rng.uniform(0.24, 0.32), wide * rng.uniform(0.45, 0.6)
    if rng.random() < 0.5:
        half = half[::-1]
    top = landmarks[_NOSE, :2] - 0.05 * wide * v
    ends = (0.1, 1.9)  # the corners are round
    corners = [(end - 1, 0) for end in ends] + [(1, end) for end in ends]
    corners += [(end - 1, 2) for end in ends[::-1]] + [(-1, end) for end in ends[::-1]]
    return np.asarray(
        _rounded(np.array([top + a * half[0] * u + b * half[1] * v for a, b in corners])),
        np.float32,
    )


def _rounded(polygon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a closed polygon with corners cut (Chaikin 1974)."""
    for _ in range(2):
        following = np.roll(polygon, -1, axis=0)
        polygon = np.stack(
            [0.75 * polygon + 0.25 * following, 0.25 * polygon + 0.75 * following], 1
        ).reshape(-1, 2)
    return polygon


def _filled(polygon: Polygon, size: tuple[int, int]) -> Plane:
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [np.rint(polygon * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
    return np.asarray(canvas / np.float32(255.0), np.float32)


def _reflectance(
    light: Plane, landmarks: Landmarks, cover: Cover, rng: np.random.Generator
) -> Plane:
    """Return reflectance of the cloth at each pixel, shape (H, W, 3)."""
    size = light.shape[:2]
    if cover.colour is None:
        skin = _skin(light, landmarks)
        colour = skin / max(float(skin.mean()), 1e-3) * _albedo(skin)
        strength = 0.06 if cover.shape == "hand" else 0.18
        colour = colour * np.exp(rng.uniform(-strength, strength, 3))
    else:
        colour = np.asarray(cover.colour) * rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3)
    weave = 1 + 0.04 * rng.normal(0, 1, size).astype(np.float32)
    plain: Plane = weave[..., None] * np.asarray(colour, np.float32)
    if cover.pattern:
        plain *= 1 + np.float32(cover.pattern) * _print(landmarks, size, rng)
    return plain


def _print(landmarks: Landmarks, size: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Return a printed pattern: stripes, checks or flowers, in [-1, 1], shape (H, W, 3)."""
    wide = 2 * outline(landmarks)[2]
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    step = wide * float(rng.uniform(0.05, 0.15))
    turn = float(rng.uniform(0, np.pi))
    u = (x * np.cos(turn) + y * np.sin(turn)) / step
    v = (y * np.cos(turn) - x * np.sin(turn)) / step
    which = rng.integers(3)
    if which == 0:
        wave = np.sin(2 * np.pi * u)
    elif which == 1:
        wave = np.sin(2 * np.pi * u) * np.sin(2 * np.pi * v)
    else:
        wave = cv2.GaussianBlur(rng.normal(0, 1, size).astype(np.float32), (0, 0), step / 3)
        wave = wave / max(float(wave.std()), 1e-6)
    sharp = np.clip(wave * 2, -1, 1)
    return np.asarray(sharp[..., None] * rng.uniform(0.3, 1.0, 3), np.float32)


def _folds(
    landmarks: Landmarks, cover: Cover, size: tuple[int, int], rng: np.random.Generator
) -> Plane:
    """Return how much the folds and seams of a mask darken it, shape (H, W, 1)."""
    flat = landmarks[:, :2]
    wide = 2 * outline(landmarks)[2]
    across, down = axes(landmarks)[:2, :2]
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    x, y = x - flat[_LIPS_MIDDLE, 0], y - flat[_LIPS_MIDDLE, 1]
    u, v = (x * across[0] + y * across[1]) / wide, (x * down[0] + y * down[1]) / wide
    shade = np.ones(size, np.float32)
    if cover.shape == "surgical":
        for at in np.linspace(-0.16, 0.18, 3) + rng.normal(0, 0.02):
            bent = v - at + 0.15 * u**2
            shade -= np.float32(rng.uniform(0.1, 0.3)) * np.exp(-((bent / 0.012) ** 2))
    elif cover.shape == "respirator":
        shade -= np.float32(rng.uniform(0.1, 0.35)) * np.exp(-((u / 0.01) ** 2))
        shade *= 1 - 0.5 * np.clip(np.abs(u) / 0.45, 0, 1) ** 2
    for _ in range({"scarf": 12, "cloth": 4}.get(cover.shape, 2)):
        turn, at = rng.uniform(-0.7, 0.7), rng.uniform(-0.3, 0.3)
        away = (v - at) * np.cos(turn) + u * np.sin(turn)
        thick = rng.uniform(0.01, 0.05)
        shade += np.float32(rng.uniform(-0.25, 0.15)) * np.exp(-((away / thick) ** 2))
    return np.asarray(np.clip(shade, 0.2, 1.4)[..., None], np.float32)


def _illumination(light: Plane, landmarks: Landmarks, rng: np.random.Generator) -> Plane:
    """Return the light on the face, as a smooth map, shape (H, W, 3)."""
    wide = 2 * outline(landmarks)[2]
    skin = _skin(light, landmarks)
    level = float(skin @ [0.21, 0.72, 0.07]) / _albedo(skin)
    gray = light @ np.array([0.21, 0.72, 0.07], np.float32)
    smooth = cv2.GaussianBlur(gray, (0, 0), 0.13 * wide)
    face = _filled(landmarks[list(OVAL), :2], gray.shape)
    weight = cv2.GaussianBlur(face, (0, 0), 0.13 * wide)
    smooth = cv2.GaussianBlur(gray * face, (0, 0), 0.13 * wide) / np.maximum(weight, 0.05)
    relative = np.clip(smooth / max(float(skin @ [0.21, 0.72, 0.07]), 1e-3), 0.3, 1.7)
    strength = level * rng.uniform(0.8, 1.15)
    return np.asarray((strength * relative)[..., None] * np.ones(3), np.float32)


def _skin(light: Plane, landmarks: Landmarks) -> NDArray[np.float64]:
    """Return the median colour of cheeks and forehead, linear light, shape (3,)."""
    places = np.rint(landmarks[[50, 280, 101, 330, 151, 9, 117, 346], :2]).astype(int)
    size = np.array(light.shape[1::-1]) - 1
    x, y = np.clip(places, 0, size).T
    return np.asarray(np.median(light[y, x], axis=0), np.float64)


def _albedo(skin: NDArray[np.float64]) -> float:
    """Return a likely reflectance of skin: 0.4 where it is bright in the picture, 0.1 if dark."""
    return float(np.clip(0.42 * (skin.mean() / 0.45) ** 0.5, 0.08, 0.45))


def _straps(light: Plane, landmarks: Landmarks, polygon: Polygon, lit: Plane) -> Plane:
    """Draw the loops from the mask to the ears."""
    wide = 2 * outline(landmarks)[2]
    flat = landmarks[:, :2]
    canvas = np.zeros(light.shape[:2], np.uint8)
    middle = flat[_NOSE]
    for ear in (234, 454):
        same = np.sign(flat[ear, 0] - middle[0])
        side = polygon[np.argsort(-(polygon[:, 0] - middle[0]) * same)[:12]]
        for end in (side[np.argmin(side[:, 1])], side[np.argmax(side[:, 1])]):
            tip = flat[ear] + (flat[ear] - middle) * [0.06, 0.0]
            points = np.rint(np.stack([end, tip]) * 8).astype(np.int32)
            cv2.polylines(canvas, [points], False, 255, max(1, round(0.015 * wide)), cv2.LINE_AA, 3)
    share = (canvas / np.float32(255.0))[..., None] * 0.9
    return np.asarray(light * (1 - share) + lit * share, np.float32)


def turned_head(
    image: RgbImage,
    landmarks: Landmarks,
    yaw_deg: float,
    pitch_deg: float = 0.0,
    background: RgbImage | None = None,
) -> RgbImage:
    """Render the head of a picture as it looks when it turns.

    The face mesh is continued to the back of the head, and takes its colours from the picture.
    The head is levelled first, so the angles are absolute.

    Args:
        image: RGB picture of a face that looks into the camera.
        landmarks: Its landmarks, shape (468, 3).
        yaw_deg: Degrees to the person's left.
        pitch_deg: Degrees upwards.
        background: Fills the picture; None: its own surroundings, with the head painted over.

    Returns:
        A picture of the same size.
    """
    points, values, triangles = _head(landmarks)
    axis = np.array([0.0, 0.0, 0.9 * np.ptp(landmarks[:, 0]) / 2])
    turned = (points - axis) @ _turn(yaw_deg, pitch_deg).T + axis
    seen = np.asarray(turned + landmarks.mean(axis=0), np.float32)
    size = (image.shape[0], image.shape[1])
    rendered = render(seen, triangles, size)
    taken = np.zeros((*size, 3), np.float32)
    taken[rendered.covered] = interpolated(rendered, seen, triangles, values)
    skin = cv2.remap(
        image, taken[..., 0], taken[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )
    hair = taken[..., 2:]
    head = skin * (1 - hair) + hair * _hair(image, landmarks)
    behind = _without_head(image, landmarks) if background is None else _fitting(background, size)
    inside = cv2.GaussianBlur(rendered.covered.astype(np.float32), (0, 0), 0.8)[..., None]
    inside = np.where(rendered.covered[..., None], np.clip(inside * 2 - 1, 0, 1), 0)
    return np.asarray(np.clip(head * inside + behind * (1 - inside) + 0.5, 0, 255), np.uint8)


# Rings from the outline of the face to the back of the head: size relative to the outline,
# how far backwards in half widths of the face, share of hair.
_RINGS = ((1.03, 0.25, 0.0), (1.08, 0.6, 0.3), (1.1, 1.0, 1.0), (1.03, 1.4, 1.0),
          (0.8, 1.8, 1.0), (0.45, 2.05, 1.0), (0.05, 2.1, 1.0))  # fmt: skip


def _head(landmarks: Landmarks) -> tuple[Plane, Plane, NDArray[np.int32]]:
    """Return the surface of a head that looks ahead.

    Returns:
        Vertices about the mean of the landmarks; where in the picture each takes its colour
        (x, y) and its share of hair; triangles.
    """
    level, turn = levelled(landmarks), axes(landmarks)
    ring = level[list(OVAL)]
    half = float(np.ptp(ring[:, 0])) / 2
    middle = ring.mean(axis=0) - [0.0, 0.3 * half, 0.0]  # the skull lies higher than the face
    away = ring - middle
    up, down = (np.clip(sign * away[:, 1:2] / half, 0, 1.2) for sign in (-1, 1))
    points, values = [level], [np.column_stack([landmarks[:, :2], np.zeros(len(level))])]
    inside = (middle + 0.88 * away) @ turn + landmarks.mean(axis=0)
    for size, back, hair in _RINGS:
        grown = size + 0.25 * up * min(1.0, back) - 0.3 * back * np.clip(down - 0.3, 0, 1)
        moved = middle + away * np.hstack([grown, grown, np.ones_like(up)])
        points.append(moved + [0.0, 0.0, back * half] * (1 - 0.3 * down))
        values.append(np.column_stack([inside[:, :2], np.clip(hair + up * (back > 0.5), 0, 1)]))
    return (
        np.concatenate(points).astype(np.float32),
        np.concatenate(values).astype(np.float32),
        _joined(np.asarray(triangulated(level), np.int32), len(level)),
    )


def _joined(triangles: NDArray[np.int32], start: int) -> NDArray[np.int32]:
    """Return the triangles of the face and those between the rings behind it."""
    count = len(OVAL)
    rings = [start + count * number + np.arange(count) for number in range(len(_RINGS))]
    parts = [triangles]
    for inner, outer in zip([np.array(OVAL), *rings], rings, strict=False):
        inner_next, outer_next = np.roll(inner, -1), np.roll(outer, -1)
        parts.append(np.stack([inner, outer, inner_next], 1).astype(np.int32))
        parts.append(np.stack([inner_next, outer, outer_next], 1).astype(np.int32))
    return np.concatenate(parts)


def _turn(yaw_deg: float, pitch_deg: float) -> NDArray[np.float64]:
    """Return the rotation of a head that looks ahead, in camera coordinates."""
    yaw, pitch = np.deg2rad(yaw_deg), np.deg2rad(pitch_deg)
    to_left = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    upwards = np.array(
        [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    )
    return np.asarray(to_left @ upwards, np.float64)


def _hair(image: RgbImage, landmarks: Landmarks) -> Plane:
    """Return the median colour above the forehead, with streaks, shape (H, W, 3)."""
    x, y, wide, high = outline(landmarks)
    top, left = max(0, round(y - 1.6 * high)), max(0, round(x - 0.3 * wide))
    part = image[top : max(top + 2, round(y - 1.35 * high)), left : round(x + 0.3 * wide)]
    noise = np.random.default_rng(0).normal(0, 1, image.shape[:2]).astype(np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), 1.0, sigmaY=0.03 * wide)
    streaks = 1 + 0.15 * streaks / max(float(streaks.std()), 1e-6)
    return np.asarray(np.median(part, axis=(0, 1)) * streaks[..., None], np.float32)


def _without_head(image: RgbImage, landmarks: Landmarks) -> RgbImage:
    """Return the picture with the head painted over by its surroundings."""
    x, y, wide, high = outline(landmarks)
    scale = 96 / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    hidden = np.zeros(small.shape[:2], np.uint8)
    middle = (round(x * scale), round((y - 0.3 * high) * scale))
    half = (round(1.45 * wide * scale), round(1.35 * high * scale))
    cv2.ellipse(hidden, middle, half, 0, 0, 360, 255, -1)
    painted = cv2.inpaint(small, hidden, 3, cv2.INPAINT_TELEA)
    size = (image.shape[1], image.shape[0])
    large = cv2.resize(painted, size, interpolation=cv2.INTER_CUBIC)
    share = cv2.resize(hidden, size, interpolation=cv2.INTER_LINEAR)[..., None] / 255.0
    return np.asarray(large * share + image * (1 - share), np.uint8)


def _fitting(background: RgbImage, size: tuple[int, int]) -> RgbImage:
    return np.asarray(cv2.resize(background, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)


# Upper edge of a full beard from the right ear over the upper lip to the left ear.
_BEARD = (234, 123, 147, 187, 206, 165, 167, 164, 393, 391, 426, 411, 376, 352, 454)
# A beard around the mouth; and the part of it above the lips, a moustache.
_AROUND = (206, 165, 167, 164, 393, 391, 426, 436, 432, 422, 424, 418, 421, 200, 201, 194, 204, 202,
           212, 216)  # fmt: skip
_MOUSTACHE = (216, 206, 165, 167, 164, 393, 391, 426, 436, 291, 409, 270, 269, 267, 0, 37, 39, 40,
              185, 61)  # fmt: skip
_OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40,
               185)  # fmt: skip
BEARDS = ("full", "around_mouth", "moustache", "stubble")
_HAIR_COLOURS = ((0.015, 0.012, 0.01), (0.04, 0.03, 0.02), (0.1, 0.06, 0.035), (0.3, 0.3, 0.3),
                 (0.25, 0.15, 0.07))  # fmt: skip


def draw_beard(
    image: RgbImage, landmarks: Landmarks, kind: str, rng: np.random.Generator
) -> RgbImage:
    """Draw a beard, which covers no face: it leaves the nose, the lips and the cheeks bare.

    Args:
        image: RGB picture.
        landmarks: Landmarks of the face, shape (468, 3).
        kind: A name in `BEARDS`.
        rng: Random numbers; density, colour and edge vary.

    Returns:
        The picture with the beard.
    """
    wide = 2 * outline(landmarks)[2]
    flat = landmarks[:, :2].astype(np.float64)
    size = image.shape[:2]
    jaw = (flat[list(_JAW)] - flat[_NOSE]) * rng.uniform(1.0, 1.15) + flat[_NOSE]
    full = np.concatenate([flat[list(_BEARD)], jaw])
    shape = {"around_mouth": flat[list(_AROUND)], "moustache": flat[list(_MOUSTACHE)]}
    polygon = np.asarray(shape.get(kind, full), np.float32)
    mouth = flat[list(_OUTER_LIPS)]
    bare = (mouth - mouth.mean(axis=0)) * [1.0, rng.uniform(0.5, 1.0)] + mouth.mean(axis=0)
    lips = _filled(np.asarray(bare, np.float32), size)
    edge = cv2.GaussianBlur(_filled(polygon, size), (0, 0), wide * rng.uniform(0.012, 0.04))
    inside = edge * (1 - cv2.GaussianBlur(lips, (0, 0), 0.01 * wide))
    noise = rng.normal(0, 1, size).astype(np.float32)
    strands = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.8, sigmaY=2.5), np.float32)
    strands = strands / max(float(strands.std()), 1e-6)
    density = rng.uniform(0.25, 0.6) if kind == "stubble" else rng.uniform(0.75, 1.1)
    share = np.clip(inside * density + 0.15 * strands * inside, 0, 1)[..., None]
    light = (image.astype(np.float32) / 255.0) ** np.float32(2.2)
    colour = np.array(_HAIR_COLOURS[rng.integers(len(_HAIR_COLOURS))]) * rng.uniform(0.7, 1.5)
    hair = _illumination(light, landmarks, rng) * colour * (1 + 0.35 * strands[..., None])
    mixed = light * (1 - share) + np.clip(hair, 0, 1) * share
    return np.asarray(np.clip(mixed, 0, 1) ** (1 / 2.2) * 255 + 0.5, np.uint8)
