"""Light on rendered meshes: what a photosite sees of a mask, the lamp, shadows, and noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.meshes.render import Vertices as Vertices
from facepad.opencv import cv2
from facepad.simulate.linear_light import Map

_SHORT = 160  # longer side of the maps of shadows and hollows, pixels
_USUAL_LAMP = np.array([0.0, -0.15, -0.35])  # slopes of the light on a face


@dataclass(frozen=True, slots=True)
class MaskSurface:
    """What the photosites of one rectangle see of a mask.

    Attributes:
        inside: Whether a photosite sees the mask, shape (H, W).
        facing: Direction of the surface, unit vectors, shape (H, W, 3).
        place: Millimetres on the mask to the right and down, and away from the camera,
            shape (H, W, 3).
        pitch: Millimetres of the mask for each photosite.
        lamp: Slopes of the light that falls on the scene, from `fitted_lamp`.
    """

    inside: NDArray[np.bool_]
    facing: Vertices
    place: Vertices
    pitch: float
    lamp: Vertices


def towards(slopes: Vertices, right_deg: float, up_deg: float) -> Vertices:
    """Return the unit vector to the lamp of `fitted_lamp`, turned to the right and upwards."""
    x, y, z = (float(value) for value in slopes)
    front = max(-z, 0.35 * float(np.hypot(x, y)), 1e-3)  # lamps behind a face do not light it
    across = np.arctan2(x, front) + np.deg2rad(right_deg)
    up = np.arctan2(-y, np.hypot(x, front)) + np.deg2rad(up_deg)
    direction = [np.cos(up) * np.sin(across), -np.sin(up), -np.cos(up) * np.cos(across)]
    return np.array(direction, np.float32)


def fitted_lamp(light: Map, facing: Vertices) -> Vertices:
    """Return how the light on a face depends on the direction of its surface.

    Args:
        light: Luminance at places of the face, shape (N,).
        facing: Directions of the surface there, shape (N, 3).

    Returns:
        Slopes, shape (3,): the light is 1 + slopes . direction, over that of a surface that
        gets even light. They point towards the lamp.
    """
    low, high = np.percentile(light, [25, 95])  # no brows, nostrils or highlights
    values = np.clip(light, low, high) / max(float(np.mean(np.clip(light, low, high))), 1e-4)
    terms = np.column_stack([np.ones(len(light)), facing]).astype(np.float64)
    held = np.diag([0.0, 1.0, 1.0, 1.0]) * 0.03 * len(light)  # towards usual light
    wanted = terms.T @ values + held @ np.array([0.0, *_USUAL_LAMP])
    even, *slopes = np.linalg.solve(terms.T @ terms + held, wanted)
    return np.asarray(np.array(slopes) / max(float(even), 0.2), np.float32)


def shadows(
    depth: Map, covered: NDArray[np.bool_], pitch: float, lamp: Vertices
) -> tuple[Map, Map]:
    """Return the share of even light that reaches hollows, and of the lamp's light.

    Args:
        depth: Distance of the surface, millimetres from any plane, shape (H, W).
        covered: Whether a pixel sees the surface.
        pitch: Millimetres of the surface for each pixel.
        lamp: Unit vector towards the lamp: right, down, away from the camera.

    Returns:
        Two maps of shape (H, W), smooth over some millimetres; 1 is all of the light.
    """
    size = covered.shape[::-1]
    scale = min(_SHORT / max(size), 1.0)
    small = (max(round(size[0] * scale), 1), max(round(size[1] * scale), 1))
    pitch = pitch * size[0] / small[0]
    inside = cv2.resize(covered.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    high = -cv2.resize(np.asarray(depth * covered, np.float32), small, interpolation=cv2.INTER_AREA)
    high = np.where(inside > 0.5, high / np.maximum(inside, 0.5), 0.0).astype(np.float32)
    held = (inside > 0.5).astype(np.float32)
    around = np.asarray(cv2.GaussianBlur(high, (0, 0), 9.0 / pitch), np.float32)
    around /= np.maximum(cv2.GaussianBlur(held, (0, 0), 9.0 / pitch), np.float32(1e-3))
    hollow = 1.0 - np.float32(0.08) * np.clip(around - high, -2.0, 5.0)
    visible = np.ones_like(high)
    flat = float(np.hypot(lamp[0], lamp[1]))
    if flat > 0.1:
        ground = np.float32(high[held > 0].min() - 100.0) if held.any() else np.float32(0.0)
        high = np.where(held > 0, high, ground).astype(np.float32)
        rise = float(-lamp[2]) / flat
        for away in (3.0, 6.0, 10.0, 16.0, 24.0):  # millimetres towards the lamp
            step = away / pitch / flat
            move = np.array([[1, 0, -lamp[0] * step], [0, 1, -lamp[1] * step]])
            there = cv2.warpAffine(high, move, small, borderValue=float(ground))
            over = (high + np.float32(away * rise) - there) / np.float32(0.4 * away) + 0.5
            np.minimum(visible, np.clip(over, 0.0, 1.0), out=visible)
        cv2.GaussianBlur(visible, (0, 0), 1.2, dst=visible)
    maps = (np.asarray(hollow, np.float32), visible)
    hollow, visible = (cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in maps)
    return np.asarray(hollow, np.float32), np.asarray(visible, np.float32)


def spots(size: tuple[int, int], wide: float, rng: np.random.Generator) -> Map:
    """Return smooth noise of deviation near 1 whose spots are so many photosites wide."""
    small = (round(size[0] / max(wide, 1.0)) + 3, round(size[1] / max(wide, 1.0)) + 3)
    noise = rng.standard_normal(small, dtype=np.float32)
    spots = cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(spots, -2.5, 2.5), np.float32)


def grain(size: tuple[int, ...], rng: np.random.Generator) -> Map:
    """Return fine and coarse unevenness of deviation near 1."""
    fine = rng.standard_normal((size[0], size[1]), dtype=np.float32)
    cv2.GaussianBlur(fine, (0, 0), 0.7, dst=fine)
    fine *= np.float32(0.8)
    fine += np.float32(0.6) * spots((size[0], size[1]), 6.0, rng)
    return fine
