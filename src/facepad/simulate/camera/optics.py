"""Optics of a camera: the blur of lens, hand and photosite before light is sampled."""

from dataclasses import dataclass

import numpy as np

from facepad.opencv import cv2
from facepad.simulate.linear_light import LinearImage, Map


@dataclass(frozen=True, slots=True)
class Optics:
    """The averaging of light before it is sampled.

    Attributes:
        blur: Standard deviation of the lens's blur, pixels.
        aperture: Width of a photosite over the distance to the next, 0 to 1; small where
            the sensor skips or bins lines, which is where aliasing comes from.
        motion: Length of the smear during the exposure, pixels.
        motion_deg: Direction of the smear; 0 is along the lines.
        sites: Photosites across a pixel: 1, or an even number, as where a phone adds up those
            of one colour in a mosaic that is finer than its picture. They sample light first,
            so that a pattern as fine as they are comes through, however much finer it is than
            a pixel; and each colour looks at another place.
    """

    blur: float = 0.5
    aperture: float = 1.0
    motion: float = 0.0
    motion_deg: float = 0.0
    sites: int = 1

    def transfer(self, across: Map, down: Map) -> Map:
        """Return the share of a pattern's contrast that is left; negative where it is reversed.

        Args:
            across: Spatial frequency along the lines, cycles for each pixel.
            down: Spatial frequency along the columns.
        """
        lens = np.exp(-2.0 * np.pi**2 * self.blur**2 * (across**2 + down**2))
        wide = self.aperture / self.sites
        site = np.sinc(wide * across) * np.sinc(wide * down)
        if self.sites > 2:
            site = site * _summed(across, self.sites) * _summed(down, self.sites)
        angle = np.deg2rad(self.motion_deg)
        smear = np.sinc(self.motion * (across * np.cos(angle) + down * np.sin(angle)))
        return np.asarray(lens * site * smear, np.float32)

    def colours(self, across: float, down: float) -> tuple[tuple[float, float], ...]:
        """Return contrast over `transfer` and phase in radians of a wave in red, green and blue.

        Args:
            across: Spatial frequency along the lines, cycles for each pixel.
            down: Spatial frequency along the columns, cycles for each pixel.
        """
        if self.sites == 1:
            return ((1.0, 0.0),) * 3
        # Red lies up and left of a pixel's middle, blue down and right, green on the others.
        quarter = np.pi / self.sites
        turn = quarter * (across + down)
        return (1.0, turn), (float(np.cos(quarter * (across - down))), 0.0), (1.0, -turn)

    def apply(self, light: LinearImage) -> LinearImage:
        """Blur light as lens and photosites do, in place; keep its shape and mean.

        Pictures hold little beyond half a cycle for each pixel, so the photosite's square
        is taken together with the lens, as a Gaussian of the same variance.
        """
        many = 0.0 if self.sites == 1 else 1.0 - 4.0 / self.sites**2  # what is added up
        wide = (self.aperture / self.sites) ** 2 + many
        deviation = float(np.sqrt(self.blur**2 + wide / 12.0))
        border = cv2.BORDER_REPLICATE
        cv2.GaussianBlur(light, (0, 0), deviation, dst=light, borderType=border)
        return self._smeared(light) if self.motion > 0.3 else light

    def _smeared(self, light: LinearImage) -> LinearImage:
        reach = int(np.ceil(self.motion / 2))
        at = np.linspace(-0.5, 0.5, 8 * reach + 1) * self.motion
        angle = np.deg2rad(self.motion_deg)
        kernel = np.zeros((2 * reach + 3, 2 * reach + 3), np.float32)
        for step in at:
            _splat(kernel, reach + 1 + step * np.cos(angle), reach + 1 + step * np.sin(angle))
        kernel /= kernel.sum()
        return np.asarray(
            cv2.filter2D(light, -1, kernel, dst=light, borderType=cv2.BORDER_REPLICATE), np.float32
        )


def _summed(frequency: Map, sites: int) -> Map:
    """Return the contrast that a wave keeps when every other one of some samples is summed."""
    step = frequency * (2.0 / sites)
    below = np.sinc(step)
    singular = np.abs(below) < 1e-5  # a whole number of turns from one sample to the next
    ratio = np.sinc(frequency) / np.where(singular, 1.0, below)
    at_turns = np.cos(np.pi * frequency) / np.cos(np.pi * step)
    return np.asarray(np.where(singular, at_turns, ratio), np.float32)


def _splat(kernel: Map, x: float, y: float) -> None:
    """Distribute one ray to its four neighbours."""
    column, line = int(x), int(y)
    right, below = x - column, y - line
    kernel[line, column] += (1 - right) * (1 - below)
    kernel[line, column + 1] += right * (1 - below)
    kernel[line + 1, column] += (1 - right) * below
    kernel[line + 1, column + 1] += right * below
