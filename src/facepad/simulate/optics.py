"""What lens, hand and photosite let through of fine detail."""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate.light import Field, Scene


@dataclass(frozen=True, slots=True)
class Optics:
    """Everything that averages light before it is sampled.

    Attributes:
        blur: Standard deviation of the lens's blur, pixels.
        aperture: Width of a photosite over the distance to the next, 0 to 1; small where
            the sensor skips or bins lines, which is where aliasing comes from.
        motion: Length of the smear during the exposure, pixels.
        motion_deg: Direction of the smear; 0 is along the lines.
    """

    blur: float = 0.5
    aperture: float = 1.0
    motion: float = 0.0
    motion_deg: float = 0.0

    def transfer(self, across: Field, down: Field) -> Field:
        """Share of a pattern's contrast that is left; negative where it is reversed.

        Args:
            across: Spatial frequency along the lines, cycles for each pixel.
            down: Spatial frequency along the columns.
        """
        lens = np.exp(-2.0 * np.pi**2 * self.blur**2 * (across**2 + down**2))
        site = np.sinc(self.aperture * across) * np.sinc(self.aperture * down)
        angle = np.deg2rad(self.motion_deg)
        smear = np.sinc(self.motion * (across * np.cos(angle) + down * np.sin(angle)))
        return np.asarray(lens * site * smear, np.float32)

    def seen(self, light: Scene) -> Scene:
        """Light behind lens and photosites; keeps its shape and its mean.

        Pictures hold little beyond half a cycle for each pixel, so the photosite's square
        is taken together with the lens, as a Gaussian of the same variance.
        """
        deviation = float(np.sqrt(self.blur**2 + self.aperture**2 / 12.0))
        light = _gaussian(light, deviation)
        return self._smeared(light) if self.motion > 0.3 else light

    def _smeared(self, light: Scene) -> Scene:
        reach = int(np.ceil(self.motion / 2))
        at = np.linspace(-0.5, 0.5, 8 * reach + 1) * self.motion
        angle = np.deg2rad(self.motion_deg)
        kernel = np.zeros((2 * reach + 3, 2 * reach + 3), np.float32)
        for step in at:
            _splat(kernel, reach + 1 + step * np.cos(angle), reach + 1 + step * np.sin(angle))
        kernel /= kernel.sum()
        return np.asarray(
            cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32
        )


def _gaussian(light: Scene, deviation: float) -> Scene:
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.GaussianBlur(light, (0, 0), deviation, borderType=border), np.float32)


def _splat(kernel: Field, x: float, y: float) -> None:
    """Share one ray between its four neighbours."""
    column, line = int(x), int(y)
    right, below = x - column, y - line
    kernel[line, column] += (1 - right) * (1 - below)
    kernel[line, column + 1] += right * (1 - below)
    kernel[line + 1, column] += (1 - right) * below
    kernel[line + 1, column + 1] += right * below
