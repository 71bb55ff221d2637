"""A display's fine structure: stripes or diamonds that a sensor samples into moiré."""

from dataclasses import dataclass

import numpy as np

from facepad.simulate.harmonics import Grid, Order, Wave
from facepad.simulate.light import Field, Scene
from facepad.simulate.optics import Optics

_GREEN, _BLUE = 1, 2
_ACROSS, _DOWN = 3, 2  # waves a pixel; finer ones are lost at any distance a face is shown from


@dataclass(frozen=True, slots=True)
class Panel:
    """Pixels of three upright stripes, or of diamonds as phones have them.

    Attributes:
        stripe: Width of a stripe's lit part over a third of the pixel.
        row: Height of the lit part over the pixel's.
        bgr: Whether the stripes stand in the order blue, green, red.
        diamond: Whether each pixel has a green spot, and red or blue in turn half a pixel
            right and down of it, so that red and blue repeat on the diagonal.
    """

    stripe: float = 0.8
    row: float = 0.85
    bgr: bool = False
    diamond: bool = False

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
        if self.diamond:
            side = 0.55 * self.stripe
            return {
                (k, l): float(2.0 * np.sinc(k * side) * np.sinc(l * side))
                for k, l in _diamonds()  # noqa: E741 - the usual name
            }
        orders = [(k, l) for k in range(_ACROSS + 1) for l in range(-_DOWN, _DOWN + 1)]  # noqa: E741 - the usual name
        return {
            (k, l): float(2.0 * np.sinc(k * self.stripe / 3.0) * np.sinc(l * self.row))
            for k, l in orders  # noqa: E741 - the usual name
            if k > 0 or l > 0
        }

    def _add(self, texture: Scene, wave: Wave, amplitude: float) -> None:
        part = texture[wave.lines]
        for colour, (contrast, turned) in enumerate(wave.colours):
            share, turn = self._placed(wave.order, colour)
            turn += turned
            share *= amplitude * contrast
            if not share:
                continue
            part[..., colour] += np.float32(share * np.cos(turn)) * wave.cosine
            if turn:
                part[..., colour] += np.float32(share * np.sin(turn)) * wave.sine

    def _placed(self, order: Order, colour: int) -> tuple[float, float]:
        """Share of a wave in one colour, and its phase by where that colour stands."""
        if not self.diamond:  # each colour's stripe stands a third of a pixel further right
            return 1.0, 2.0 * np.pi * order[0] * (1 - colour if self.bgr else colour - 1) / 3.0
        is_half = order[0] % 1.0 != 0.0
        if colour == _GREEN:
            return float(not is_half), 0.0
        return 1.0, np.pi * (order[0] + order[1] + (is_half and colour == _BLUE))


def _diamonds() -> list[Order]:
    """Of the green grid, and between them those of red and blue on the diagonal."""
    whole = [(k, l) for k in (0.0, 1.0, 2.0) for l in (-2.0, -1.0, 0.0, 1.0, 2.0)]  # noqa: E741 - the usual name
    half = [(k, l) for k in (0.5, 1.5) for l in (-1.5, -0.5, 0.5, 1.5)]  # noqa: E741 - the usual name
    return [one for one in (*whole, *half) if one[0] > 0 or one[1] > 0]
