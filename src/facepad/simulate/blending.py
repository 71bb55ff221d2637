"""Pictures laid over each other."""

import cv2
import numpy as np

from facepad.simulate.light import Field, Scene


def mixed(under: Scene | np.float32, over: Scene | np.float32, alpha: Field) -> Scene:
    """``over`` where ``alpha`` is 1, ``under`` where it is 0."""
    found = np.asarray(over - under, np.float32)
    found *= alpha[..., None]
    found += under
    return found


def times(light: Scene, factor: Field) -> Scene:
    """Light, each photosite's by its own factor."""
    return np.asarray(cv2.multiply(light, cv2.merge([factor] * 3)), np.float32)
