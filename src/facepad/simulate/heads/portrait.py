"""Portraits that give rendered heads their colours.

The face model is fitted to the landmarks of a portrait, and each vertex takes the place in the
portrait that it covers there, also after its shape or pose has changed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.heads.face_model import FaceModel
from facepad.simulate.heads.fitting import fit
from facepad.simulate.linear_light import LinearImage
from facepad.types import Face, RgbImage

_MOUTH = np.array([0.10, 0.02, 0.02], np.float32)  # linear light of the inside of a mouth
_TEETH = np.float32(0.45)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture of a person that gives a rendered face its colours.

    Attributes:
        image: RGB picture.
        face: Its face, with landmarks.
    """

    image: RgbImage
    face: Face


def fitted_places(model: FaceModel, portrait: Portrait) -> NDArray[np.float32]:
    """Return where in a portrait each vertex of the face model takes its colour from."""
    if portrait.face.landmarks is None:
        raise ValueError("a portrait needs landmarks")
    fitted = fit(model, portrait.face.landmarks).vertices(model)
    return np.ascontiguousarray(fitted[:, :2])


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
