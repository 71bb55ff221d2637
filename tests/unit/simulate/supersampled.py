"""Oracles: patterns drawn many times finer than the sensor, then seen by lens and photosite."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.simulate.camera.optics import Optics
from facepad.simulate.scene.geometry import Placement, projected

Floats = NDArray[np.float32]
PAD = 5  # pixels around the sensor, for the lens


def seen(
    pattern: Callable[[Floats, Floats], Floats],
    placement: Placement,
    size: tuple[int, int],
    optics: Optics,
    fine: int,
    colour: int = 1,
) -> Floats:
    """What a sensor sees of a pattern given by millimetres; ``fine`` rays a pixel.

    With several photosites a pixel, red (0) is at the upper left of each four, blue (2) at the
    lower right, green at the others; ``fine`` is then a multiple of twice their number.
    """
    start = -PAD - (fine // 2) / fine
    rays = np.array([[1 / fine, 0, start], [0, 1 / fine, start], [0, 0, 1]])
    large = ((size[0] + 2 * PAD) * fine, (size[1] + 2 * PAD) * fine)
    inverse = np.asarray(np.linalg.inv(placement.to_sensor), np.float64)
    light = pattern(*projected(inverse @ rays, large))
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), optics.blur * fine), np.float32)
    wide = optics.aperture * fine / optics.sites
    reach = int(np.ceil((wide - 1) / 2))
    kernel = np.ones(2 * reach + 1, np.float32)
    kernel[[0, -1]] = (wide - (2 * reach - 1)) / 2
    light = np.asarray(cv2.sepFilter2D(light, -1, kernel / kernel.sum(), kernel / kernel.sum()))
    found = [
        light[fine // 2 + down :: fine, fine // 2 + across :: fine][PAD:-PAD, PAD:-PAD]
        for down, across in _places(optics.sites, colour, fine)
    ]
    return np.asarray(np.mean(found, axis=0), np.float32)


def _places(sites: int, colour: int, fine: int) -> list[tuple[int, int]]:
    """Where the photosites of a colour are, in rays down and right of a pixel's middle."""
    if sites == 1:
        return [(0, 0)]
    first, second = (
        [round(fine * ((2 * number + half) / sites - 0.5)) for number in range(sites // 2)]
        for half in (0.5, 1.5)
    )
    pairs = {0: [(first, first)], 1: [(first, second), (second, first)], 2: [(second, second)]}
    return [(down, across) for one, other in pairs[colour] for down in one for across in other]


def smooth_step(distance: Floats, reach: float) -> Floats:
    """1 inside, 0 outside, with an edge as wide as one ray."""
    return np.asarray(np.clip(0.5 - distance / np.float32(reach), 0.0, 1.0), np.float32)
