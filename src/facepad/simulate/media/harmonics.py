"""Periodic patterns seen by a sensor, as sums of waves rather than by supersampling.

A pattern that repeats on its own grid is a Fourier series in the grid's coordinates. Where
the sensor looks at it through a lens, each wave keeps its phase at the photosite and loses
contrast by the transfer at its local frequency. Sampling the sum on the sensor's grid then
gives moiré by itself, exactly where a real sensor has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.camera.optics import Optics
from facepad.simulate.linear_light import LinearImage, Map, bands
from facepad.simulate.scene.geometry import turned

WaveOrder = tuple[float, float]  # waves across and down for each cell of the grid

_TURN = np.float32(2.0 * np.pi)
_COARSE = 16  # pixels between the places where the transfer is computed
FAINT = 0.004  # a wave with less contrast is left out: below one step of eight bits
# Waves a cell; the next ones stay below a hundredth at any distance a face is shown from.
_ORDERS: tuple[WaveOrder, ...] = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2))
_CELL = 64  # steps along a cell's side
_TONES = 256
_GREEN, _BLUE = 1, 2
_ACROSS, _DOWN = 3, 2  # waves a pixel; finer ones are lost at any distance a face is shown from


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave of a pattern on some lines of the sensor.

    Attributes:
        order: Waves across and down for each cell.
        lines: The lines of the sensor.
        cosine: Transfer times the cosine of its phase, one for each photosite.
        sine: Transfer times the sine.
        colours: Contrast and phase in red, green and blue; see `Optics.colours`.
    """

    order: WaveOrder
    lines: slice
    cosine: Map
    sine: Map
    colours: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid of a pattern on the sensor.

    Attributes:
        u: Cells to the right of the origin, one value for each photosite.
        v: Cells below it.
        optics: Lens and photosites.
    """

    u: Map
    v: Map
    optics: Optics

    def waves(self, orders: dict[WaveOrder, float]) -> Iterator[Wave]:
        """Yield the visible waves, each by bands of lines.

        Args:
            orders: Largest amplitude of each wave in the pattern; faint waves are left out.
        """
        for order, amplitude in orders.items():
            transfer = self.optics.transfer(*self._steps(order))
            if float(np.abs(transfer).max()) * abs(amplitude) < FAINT:
                continue
            size = (self.u.shape[1], self.u.shape[0])
            full = cv2.resize(transfer, size, interpolation=cv2.INTER_LINEAR)
            colours = self.optics.colours(*(float(step.mean()) for step in self._steps(order)))
            for lines in bands(size[1]):
                yield self._wave(order, lines, np.asarray(full[lines], np.float32), colours)

    def _wave(
        self, order: WaveOrder, lines: slice, full: Map, colours: tuple[tuple[float, float], ...]
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

    def _cycles(self, order: WaveOrder, lines: slice) -> Map:
        k, l = (np.float32(waves) for waves in order)  # noqa: E741 - the usual names of orders
        return np.asarray(k * self.u[lines] + l * self.v[lines], np.float32)

    def _steps(self, order: WaveOrder) -> tuple[Map, Map]:
        """Return cycles from one photosite to the next, across and down."""
        k, l = (np.float32(waves) for waves in order)  # noqa: E741 - the usual names of orders
        across, down = (k * _slope(self.u, axis) + l * _slope(self.v, axis) for axis in (1, 0))
        return across, down


def _slope(values: Map, axis: int) -> Map:
    """Return the change from one photosite to the next, at every `_COARSE`-th photosite."""
    lines, columns = values.shape
    down = np.linspace(0, lines - 2, max(2, lines // _COARSE)).astype(int)
    across = np.linspace(0, columns - 2, max(2, columns // _COARSE)).astype(int)
    here = values[np.ix_(down, across)]
    there = values[np.ix_(down + (axis == 0), across + (axis == 1))]
    return np.asarray(there - here, np.float32)


@dataclass(frozen=True, slots=True)
class Screening:
    """The halftone grid of one ink.

    Attributes:
        ruling: Cells a millimetre.
        angle_deg: Angle of the grid's rows against the paper's edge.
    """

    ruling: float
    angle_deg: float

    def dots(self, tone: Map, x: Map, y: Map, optics: Optics) -> Map:
        """Return the share of each photosite's view that is covered by ink.

        Args:
            tone: Wanted coverage, 0 to 1, changing slowly against the cells.
            x: Millimetres on the paper that each photosite looks at.
            y: Millimetres downwards.
            optics: Lens and photosites.

        Returns:
            Coverage whose mean over many cells is ``tone``.
        """
        u, v = (axis * np.float32(self.ruling) for axis in turned(x, y, self.angle_deg))
        tables = spot_waves()
        largest = {order: float(np.abs(table).max()) for order, table in tables.items()}
        index = np.asarray(np.clip(tone, 0.0, 1.0) * (_TONES - 1) + 0.5, np.uint8)
        covered = tone.copy()
        for wave in Grid(u, v, optics).waves(largest):
            shares = np.asarray(cv2.LUT(index[wave.lines], tables[wave.order]), np.float32)
            covered[wave.lines] += shares * wave.cosine
        return np.asarray(np.clip(covered, 0.0, 1.0, out=covered), np.float32)


def spot_waves() -> dict[WaveOrder, NDArray[np.float32]]:
    """Return the amplitude of each wave of the dot pattern, by tone in 256 steps.

    The cell is filled in the order of cos 2πu + cos 2πv: round dots that join at half tone
    into round holes. The area filled is the tone, exactly.
    """
    u, v = cell()
    order = np.argsort(-spot(u, v).ravel(), kind="stable")
    filled = np.linspace(0, order.size, _TONES).round().astype(int)
    amplitudes = {}
    for k, l in _ORDERS:  # noqa: E741 - the usual names of orders
        wave = np.cos(2.0 * np.pi * (k * u + l * v)).ravel()[order]
        total = np.concatenate([[0.0], np.cumsum(wave)])
        amplitudes[k, l] = np.asarray(2.0 * total[filled] / order.size, np.float32)
    return amplitudes


def cell() -> tuple[Map, Map]:
    """Return coordinates in one cell of the grid, at the middle of each step."""
    at = (np.arange(_CELL, dtype=np.float32) + np.float32(0.5)) / np.float32(_CELL)
    u, v = np.meshgrid(at, at)
    return u, v


def spot(u: Map, v: Map) -> Map:
    """Return the order in which a cell fills, largest values first."""
    turn = np.float32(2.0 * np.pi)
    return np.asarray(np.cos(turn * u) + np.cos(turn * v), np.float32)


@dataclass(frozen=True, slots=True)
class DisplayPanel:
    """The pixels of a display: three upright stripes, or diamonds as in phones.

    Attributes:
        stripe: Width of a stripe's lit part over a third of the pixel.
        row: Height of the lit part over the pixel's.
        bgr: Whether the order of the stripes is blue, green, red.
        diamond: Whether each pixel has a green spot, and red or blue in turn half a pixel
            right and down of it, so that red and blue repeat on the diagonal.
    """

    stripe: float = 0.8
    row: float = 0.85
    bgr: bool = False
    diamond: bool = False

    def texture(self, u: Map, v: Map, optics: Optics) -> LinearImage:
        """Return the light of a white panel at the photosites, relative to its mean.

        Args:
            u: Panel pixels to the right of the panel's first, one for each photosite.
            v: Panel pixels below it.
            optics: Lens and photosites.

        Returns:
            Shape (H, W, 3), mean 1 over many pixels, never negative.
        """
        texture = np.ones((*u.shape, 3), np.float32)
        amplitudes = self.amplitudes()
        for wave in Grid(u, v, optics).waves(amplitudes):
            self._add(texture, wave, amplitudes[wave.order])
        return np.asarray(np.maximum(texture, 0.0, out=texture), np.float32)

    def amplitudes(self) -> dict[WaveOrder, float]:
        """Return the amplitude of each wave over the mean: Fourier series of a lit rectangle."""
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

    def _add(self, texture: LinearImage, wave: Wave, amplitude: float) -> None:
        part = texture[wave.lines]
        for colour, (contrast, phase) in enumerate(wave.colours):
            share, turn = self._placed(wave.order, colour)
            turn += phase
            share *= amplitude * contrast
            if not share:
                continue
            part[..., colour] += np.float32(share * np.cos(turn)) * wave.cosine
            if turn:
                part[..., colour] += np.float32(share * np.sin(turn)) * wave.sine

    def _placed(self, order: WaveOrder, colour: int) -> tuple[float, float]:
        """Return the share of a wave in one colour, and its phase by the place of that colour."""
        if not self.diamond:  # each colour's stripe stands a third of a pixel further right
            return 1.0, 2.0 * np.pi * order[0] * (1 - colour if self.bgr else colour - 1) / 3.0
        is_half = order[0] % 1.0 != 0.0
        if colour == _GREEN:
            return float(not is_half), 0.0
        return 1.0, np.pi * (order[0] + order[1] + (is_half and colour == _BLUE))


def _diamonds() -> list[WaveOrder]:
    """Return the waves of the green grid, and those of red and blue on the diagonal."""
    whole = [(k, l) for k in (0.0, 1.0, 2.0) for l in (-2.0, -1.0, 0.0, 1.0, 2.0)]  # noqa: E741 - the usual name
    half = [(k, l) for k in (0.5, 1.5) for l in (-1.5, -0.5, 0.5, 1.5)]  # noqa: E741 - the usual name
    return [order for order in (*whole, *half) if order[0] > 0 or order[1] > 0]
