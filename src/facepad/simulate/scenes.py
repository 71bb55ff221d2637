"""Made-up scenes with the statistics of natural ones, as fine as a sensor could wish."""

import cv2
import numpy as np

from facepad.simulate.linear_light import GAMMA, Scene

_DISCS = 2500
_LARGEST, _SMALLEST = 0.3, 0.004  # radius relative to the scene's height
_TEXTURE = 0.1  # depth of the fine texture that lies over everything


def dead_leaves(rng: np.random.Generator, height: int, width: int) -> Scene:
    """Overlapping discs of all sizes: edges at every scale, as in photographs.

    Args:
        rng: Source of all that is random.
        height: Lines.
        width: Columns.

    Returns:
        Linear light, shape (height, width, 3), in [0, 1].

    Reference:
        Lee, Mumford, Huang (2001), doi:10.1023/A:1011109015675.
    """
    image = np.full((height, width, 3), 0.5, np.float32)
    for _ in range(_DISCS):
        radius = np.clip(0.5 / (rng.random() * 60.0 + 1.2), _SMALLEST, _LARGEST) * height
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        colour = np.clip(rng.normal(0.45, 0.2) + rng.normal(0.0, 0.06, 3), 0.02, 1.0)
        cv2.circle(image, centre, int(radius), colour.tolist(), -1, cv2.LINE_AA)
    grain = rng.standard_normal((height // 2, width // 2), dtype=np.float32)
    texture = np.asarray(cv2.resize(cv2.GaussianBlur(grain, (0, 0), 1.0), (width, height)))
    shown = np.clip(image * (1.0 + _TEXTURE * texture[..., None]), 0.0, 1.0)
    light: Scene = np.asarray(shown, np.float32) ** np.float32(GAMMA)
    return light
