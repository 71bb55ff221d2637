"""Landmarks of a made-up face: an egg with eyes and a mouth, numbered as in the face mesh."""

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import LEFT_EYE, LIPS, OVAL, RIGHT_EYE
from facepad.types import Face, Landmarks

COUNT = 468


def made_up_face(x: float, y: float, half: float) -> Face:
    """A face around a point; ``half`` is half of its width in pixels."""
    box = (round(x - half), round(y - half), round(x + half), round(y + half))
    return Face(box, 1.0, made_up_landmarks(x, y, half))


def made_up_landmarks(x: float, y: float, half: float) -> Landmarks:
    """Points on half an egg, 1.3 times as high as wide."""
    flat = np.full((COUNT, 2), np.nan)
    flat[list(OVAL)] = _ring(len(OVAL), (0.0, 0.0), (1.0, 1.0), -np.pi / 2)
    flat[list(RIGHT_EYE)] = _ring(len(RIGHT_EYE), (-0.4, -0.2), (0.18, 0.06), np.pi)[::-1]
    flat[list(LEFT_EYE)] = _ring(len(LEFT_EYE), (0.4, -0.2), (0.18, 0.06), 0.0)
    flat[list(LIPS)] = _ring(len(LIPS), (0.0, 0.5), (0.3, 0.03), np.pi)[::-1]
    flat[168] = (0.0, -0.25)
    rest = np.isnan(flat[:, 0])
    number = np.arange(int(rest.sum()))
    radius = 0.95 * np.sqrt((number + 0.5) / len(number))
    angle = number * np.pi * (3.0 - np.sqrt(5.0))  # as sunflowers order their seeds
    flat[rest] = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    depth = -0.9 * np.sqrt(np.maximum(1.0 - (flat**2).sum(axis=1), 0.0))
    points = np.column_stack([flat * [1.0, 1.3], depth]) * half
    return np.asarray(points + np.array([x, y, 0.0]), np.float32)


def _ring(
    count: int, middle: tuple[float, float], half: tuple[float, float], start: float
) -> NDArray[np.float64]:
    angle = start + np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(unit * half + np.array(middle), np.float64)
