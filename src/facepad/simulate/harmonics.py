"""Periodic patterns seen by a sensor, as sums of waves rather than by supersampling.

A pattern that repeats on its own grid is a Fourier series in the grid's coordinates. Where
the sensor looks at it through a lens, each wave keeps its phase at the photosite and loses
contrast by the transfer at its local frequency. Sampling the sum on the sensor's grid then
gives moiré by itself, exactly where a real sensor has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate.blending import bands
from facepad.simulate.light import Field
from facepad.simulate.optics import Optics

Order = tuple[float, float]  # waves across and down for each cell of the grid

_TURN = np.float32(2.0 * np.pi)
_COARSE = 16  # pixels between the places where the transfer is worked out
FAINT = 0.004  # a wave with less contrast is left out: below one step of eight bits


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave of a pattern as some lines of the sensor see it.

    Attributes:
        order: Which one.
        lines: Of the sensor.
        cosine: Transfer times the cosine of its phase, one for each photosite.
        sine: Transfer times the sine.
        colours: Contrast and phase in red, green and blue; see `Optics.colours`.
    """

    order: Order
    lines: slice
    cosine: Field
    sine: Field
    colours: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A pattern's own grid on the sensor.

    Attributes:
        u: Cells to the right of the origin, one value for each photosite.
        v: Cells below it.
        optics: What lies before the sensor.
    """

    u: Field
    v: Field
    optics: Optics

    def waves(self, orders: dict[Order, float]) -> Iterator[Wave]:
        """The waves that can be seen, each by bands of lines.

        Args:
            orders: Largest amplitude of each wave in the pattern; decides what is too faint.
        """
        for order, amplitude in orders.items():
            transfer = self._transfer(order)
            if float(np.abs(transfer).max()) * abs(amplitude) < FAINT:
                continue
            size = (self.u.shape[1], self.u.shape[0])
            full = cv2.resize(transfer, size, interpolation=cv2.INTER_LINEAR)
            colours = self.optics.colours(*(float(one.mean()) for one in self._steps(order)))
            for lines in bands(size[1]):
                yield self._wave(order, lines, np.asarray(full[lines], np.float32), colours)

    def _wave(
        self, order: Order, lines: slice, full: Field, colours: tuple[tuple[float, float], ...]
    ) -> Wave:
        cycles = self._cycles(order, lines)
        cycles -= np.floor(cycles)  # keeps the precision of float32
        # OpenCV takes no negative length; a reversed wave is one half a turn later.
        reversed_ = full < 0
        if reversed_.any():
            cycles += np.float32(0.5) * reversed_
            full = np.abs(full)
        cosine, sine = cv2.polarToCart(full, cycles * _TURN)
        parts = np.asarray(cosine, np.float32), np.asarray(sine, np.float32)
        return Wave(order, lines, *parts, colours)

    def _cycles(self, order: Order, lines: slice) -> Field:
        k, l = (np.float32(one) for one in order)  # noqa: E741 - the usual names of orders
        return np.asarray(k * self.u[lines] + l * self.v[lines], np.float32)

    def _transfer(self, order: Order) -> Field:
        return self.optics.transfer(*self._steps(order))

    def _steps(self, order: Order) -> tuple[Field, Field]:
        """Cycles from one photosite to the next, across and down."""
        k, l = (np.float32(one) for one in order)  # noqa: E741 - the usual names of orders
        across, down = (k * _slope(self.u, axis) + l * _slope(self.v, axis) for axis in (1, 0))
        return across, down


def _slope(values: Field, axis: int) -> Field:
    """Change from one photosite to the next, at places one in `_COARSE` apart."""
    lines, columns = values.shape
    down = np.linspace(0, lines - 2, max(2, lines // _COARSE)).astype(int)
    across = np.linspace(0, columns - 2, max(2, columns // _COARSE)).astype(int)
    here = values[np.ix_(down, across)]
    there = values[np.ix_(down + (axis == 0), across + (axis == 1))]
    return np.asarray(there - here, np.float32)
