"""Pictures laid over each other; by bands of lines, since large arrays take memory and time."""

from collections.abc import Iterator

import cv2
import numpy as np

from facepad.simulate.light import Field, Scene

_BAND = 64  # lines: what is worked on stays in the processor's cache


def bands(lines: int) -> Iterator[slice]:
    """All lines of a picture, some at a time."""
    for start in range(0, lines, _BAND):
        yield slice(start, min(start + _BAND, lines))


def mixed(under: Scene | np.float32, over: Scene | np.float32, alpha: Field) -> Scene:
    """``over`` where ``alpha`` is 1, ``under`` where it is 0.

    Args:
        under: A picture, or one number for all of it.
        over: The same. A picture is used up: what is returned lies in its memory.
        alpha: Share of each photosite.
    """
    found = over if isinstance(over, np.ndarray) else np.full((*alpha.shape, 3), over, np.float32)
    for band in bands(len(alpha)):
        beneath = under[band] if isinstance(under, np.ndarray) else under
        part = found[band]
        part -= beneath
        cv2.multiply(part, cv2.merge([alpha[band]] * 3), dst=part)
        part += beneath
    return found


def times(light: Scene, factor: Field) -> Scene:
    """Light, each photosite's by its own factor; ``light`` is changed and returned."""
    for band in bands(len(factor)):
        part = light[band]
        cv2.multiply(part, cv2.merge([factor[band]] * 3), dst=part)
    return light
