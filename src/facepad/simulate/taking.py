"""How the attacker's own picture was taken: what is shown has been through a camera before."""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate.ranges import drawn
from facepad.types import RgbImage

GROUP = "panel_tone"  # goes with the tone of what is shown
_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Taking:
    """The first of two cameras, which most of a recapture's hardness comes from; see `ranges`.

    A person before the camera is sharpened, saturated and given contrast once, a picture of
    them that is shown to it twice.
    """

    sharpening: float = drawn(
        0.1, 1.3, "Detail that the first camera added once more",
        off=0.0, chance=0.35, group=GROUP,
    )  # fmt: skip
    sharpening_px: float = drawn(0.7, 1.8, "Size of that detail, pixels", off=1.0)
    contrast: float = drawn(
        0.0, 0.4, "Strength of the S of its tone curve", off=0.0, chance=0.35, group=GROUP
    )
    saturation: float = drawn(0.9, 1.2, "Colourfulness that it gave", off=1.0, group=GROUP)

    def taken(self, picture: RgbImage) -> RgbImage:
        """The picture as it is handed on; it keeps its size."""
        if self.contrast:
            picture = np.asarray(cv2.LUT(picture, self._curve()), np.uint8)
        if self.saturation != 1.0:
            grey = np.tile(_GREY, (3, 1))
            matrix = grey + self.saturation * (np.eye(3) - grey)
            picture = np.asarray(cv2.transform(picture, matrix), np.uint8)
        if self.sharpening > 0.0:
            soft = cv2.GaussianBlur(picture, (0, 0), self.sharpening_px)
            more, less = 1.0 + self.sharpening, -self.sharpening
            picture = np.asarray(cv2.addWeighted(picture, more, soft, less, 0.0), np.uint8)
        return picture

    def _curve(self) -> RgbImage:
        coded = np.arange(256) / 255.0
        steep = coded - self.contrast * np.sin(2.0 * np.pi * coded) / (2.0 * np.pi)
        return np.asarray(np.rint(255.0 * steep), np.uint8)
