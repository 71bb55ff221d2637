"""The colours of a rendered head, which come from a portrait."""

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.linear_light import LinearImage

_MOUTH = np.array([0.10, 0.02, 0.02], np.float32)  # linear light of the inside of a mouth
_TEETH = np.float32(0.45)


def surface_colours(
    light: LinearImage, at: NDArray[np.float32], covered: NDArray[np.bool_]
) -> LinearImage:
    """Return linear colours of the pixels that see the head, shape (P, 3).

    Args:
        light: Linear light of the portrait.
        at: Column and line in the portrait, share of the mouth's inside and of teeth at each of
            the pixels, shape (P, 4), as `facepad.meshes.render.interpolated` gives them.
        covered: Whether each pixel sees the head, shape (H, W).
    """
    maps = np.zeros((2, *covered.shape), np.float32)
    maps[:, covered] = at[:, :2].T
    whole = cv2.remap(light, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colour = np.asarray(whole, np.float32)[covered]
    inside, teeth = at[:, 2:3], at[:, 3:4]
    colour = colour * (1.0 - inside) + _MOUTH * inside
    return np.asarray(colour * (1.0 - teeth) + _TEETH * teeth, np.float32)
