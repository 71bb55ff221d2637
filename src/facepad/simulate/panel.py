"""A display's fine structure: red, green and blue stripes that a sensor samples into moiré."""

from dataclasses import dataclass

import numpy as np

from facepad.simulate.harmonics import Grid, Order, Wave
from facepad.simulate.light import Field, Scene
from facepad.simulate.optics import Optics

_ACROSS, _DOWN = 3, 2  # waves a pixel; finer ones are lost at any distance a face is shown from


@dataclass(frozen=True, slots=True)
class Panel:
    """Pixels of three upright stripes.

    Attributes:
        stripe: Width of a stripe's lit part over a third of the pixel.
        row: Height of the lit part over the pixel's.
        bgr: Whether the stripes stand in the order blue, green, red.
    """

    stripe: float = 0.8
    row: float = 0.85
    bgr: bool = False

    def texture(self, u: Field, v: Field, optics: Optics) -> Scene:
        """Light of an evenly white panel as the photosites see it, relative to its mean.

        Args:
            u: Panel pixels to the right of the panel's first, one for each photosite.
            v: Panel pixels below it.
            optics: Lens and photosites before the sensor.

        Returns:
            Shape (H, W, 3), mean 1 over many pixels, never negative.
        """
        texture = np.ones((*u.shape, 3), np.float32)
        amplitudes = self.amplitudes()
        for wave in Grid(u, v, optics).waves(amplitudes):
            self._add(texture, wave, amplitudes[wave.order])
        return np.asarray(np.maximum(texture, 0.0, out=texture), np.float32)

    def amplitudes(self) -> dict[Order, float]:
        """Of each wave, over the mean: the Fourier series of a lit rectangle."""
        orders = [(k, l) for k in range(_ACROSS + 1) for l in range(-_DOWN, _DOWN + 1)]  # noqa: E741 - the usual name
        return {
            (k, l): float(2.0 * np.sinc(k * self.stripe / 3.0) * np.sinc(l * self.row))
            for k, l in orders  # noqa: E741 - the usual name
            if k > 0 or l > 0
        }

    def _add(self, texture: Scene, wave: Wave, amplitude: float) -> None:
        """Each colour's stripe stands a third of a pixel further right."""
        for colour in range(3):
            third = (1 - colour if self.bgr else colour - 1) / 3.0
            turn = 2.0 * np.pi * wave.order[0] * third
            texture[..., colour] += np.float32(amplitude * np.cos(turn)) * wave.cosine
            if wave.order[0]:
                texture[..., colour] += np.float32(amplitude * np.sin(turn)) * wave.sine
