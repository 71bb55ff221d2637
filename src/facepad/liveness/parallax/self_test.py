"""Self-test of the parallax measure: a made-up plane, a bent sheet and a head, each turned.

It needs no model and no picture. See `check`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facepad.errors import FacepadError
from facepad.liveness.parallax.test import parallax
from facepad.liveness.parallax.tracking import HEIGHT, ORIGIN, REACH, WIDTH, LevelFace
from facepad.opencv import cv2

FOCAL = 640.0  # pixels of the made-up camera
DISTANCE = 5.0  # from the camera, in distances between the outer eye corners
LEAST_OF_HEADS = 0.25  # slope
TURNS_DEG = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)
_NOSE = (0.25, 0.22)  # height and width of a bump, distances between the outer eye corners
_BENT = 0.25  # curvature of the sheet
_ROUNDS = 12  # in which the place of a pixel on the surface is found

Floats = NDArray[np.float64]
Surface = Callable[[Floats, Floats], Floats]  # height over x and y, towards the camera

SURFACES: Mapping[str, Surface] = MappingProxyType(
    {
        "plane": lambda x, _: np.zeros_like(x),
        "bent sheet": lambda x, _: -_BENT * x**2,
        "head": lambda x, y: (
            _NOSE[0] * np.exp(-(x**2 + (y - 0.35) ** 2) / (2.0 * _NOSE[1] ** 2))
            - _BENT * (x**2 + (y - 0.3) ** 2)
        ),
    }
)


def slopes(seed: int = 0) -> Mapping[str, float | None]:
    """Return the slope of each made-up surface: near 1 for the head, near 0 for the others.

    The depth that goes with the points is always that of the head, as a network gives a print the
    shape of a face.

    Args:
        seed: Of the pattern on the surfaces and of the noise.
    """
    found = {
        name: parallax(_turned(surface, np.random.default_rng(seed)), FOCAL)
        for name, surface in SURFACES.items()
    }
    return MappingProxyType({name: one.slope for name, one in found.items()})


def check() -> Mapping[str, float | None]:
    """Return the slope of each made-up surface, after a check that it is on the right side.

    Raises:
        FacepadError: A slope is missing or on the wrong side; the message names the surface.

    Example:
        >>> {name: slope > 0.25 for name, slope in check().items()}
        {'plane': False, 'bent sheet': False, 'head': True}
    """
    found = slopes()
    for name, slope in found.items():
        if slope is None or (slope > LEAST_OF_HEADS) != (name == "head"):
            side = "above" if name == "head" else "below"
            raise FacepadError(
                f"parallax of the {name}: expected {side} {LEAST_OF_HEADS}, got {slope}"
            )
    return found


def _turned(surface: Surface, rng: np.random.Generator) -> list[LevelFace]:
    """Return pictures of a surface with a pattern, turned about the upright axis."""
    pattern = cv2.GaussianBlur(
        rng.uniform(0.0, 255.0, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 2
    )
    pattern = np.clip(128.0 + 6.0 * (pattern - pattern.mean()), 0.0, 255.0)
    y, x = (axis.ravel() for axis in np.mgrid[-0.25:0.75:14j, -0.55:0.55:14j])
    faces = []
    for number, turn_deg in enumerate(TURNS_DEG):
        turn = np.deg2rad(turn_deg)
        picture = _picture(pattern, surface, turn) + rng.normal(0.0, 2.0, pattern.shape)
        points = np.stack(_projected(x, y, surface(x, y), turn), axis=1)
        depth = -SURFACES["head"](x, y) * np.cos(turn) + x * np.sin(turn)
        pose = np.array([np.sin(turn), 0.0, 0.0])
        gray = np.clip(np.round(picture), 0.0, 255.0).astype(np.uint8)
        reach = FOCAL / DISTANCE
        faces.append(LevelFace(gray, points * REACH + ORIGIN, depth, reach, 0.2 * number, pose))
    return faces


def _projected(x: Floats, y: Floats, height: Floats, turn: float) -> tuple[Floats, Floats]:
    """Return where points of a turned surface are seen, in distances between the eye corners."""
    across = x * np.cos(turn) + height * np.sin(turn)
    nearness = DISTANCE / (DISTANCE + x * np.sin(turn) - height * np.cos(turn))
    return across * nearness, y * nearness


def _picture(pattern: NDArray[np.float32], surface: Surface, turn: float) -> NDArray[np.float32]:
    """Return the pattern as it is seen on a turned surface."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    wanted = (columns - ORIGIN[0]) / REACH, (rows - ORIGIN[1]) / REACH
    x, y = wanted
    for _ in range(_ROUNDS):
        seen = _projected(x, y, surface(x, y), turn)
        x, y = x + (wanted[0] - seen[0]), y + (wanted[1] - seen[1])
    maps = [
        np.asarray(part * REACH + origin, np.float32)
        for part, origin in zip((x, y), ORIGIN, strict=True)
    ]
    return np.asarray(cv2.remap(pattern, maps[0], maps[1], cv2.INTER_LINEAR), np.float32)
