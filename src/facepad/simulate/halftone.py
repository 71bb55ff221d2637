"""AM halftone: dots on a grid of their own that grow with the wanted tone."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.simulate.geometry import turned
from facepad.simulate.harmonics import Grid, Order
from facepad.simulate.light import Field
from facepad.simulate.optics import Optics

# Waves a cell; the next ones stay below a hundredth at any distance a face is shown from.
_ORDERS: tuple[Order, ...] = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2))
_CELL = 64  # steps a cell's side at which the spot is worked out
_TONES = 256


@dataclass(frozen=True, slots=True)
class Screening:
    """The grid of one ink's dots.

    Attributes:
        ruling: Cells a millimetre.
        angle_deg: Of the grid's rows against the paper's edge.
    """

    ruling: float
    angle_deg: float

    def dots(self, tone: Field, x: Field, y: Field, optics: Optics) -> Field:
        """Share of each photosite's view that is covered by ink.

        Args:
            tone: Wanted coverage, 0 to 1, changing slowly against the cells.
            x: Millimetres on the paper that each photosite looks at.
            y: The same, downwards.
            optics: Lens and photosites before the sensor.

        Returns:
            Coverage whose mean over many cells is ``tone``.
        """
        u, v = (one * np.float32(self.ruling) for one in turned(x, y, self.angle_deg))
        tables = spot_waves()
        largest = {order: float(np.abs(table).max()) for order, table in tables.items()}
        index = np.asarray(np.clip(tone, 0.0, 1.0) * (_TONES - 1) + 0.5, np.uint8)
        covered = tone.copy()
        for wave in Grid(u, v, optics).waves(largest):
            shares = np.asarray(cv2.LUT(index[wave.lines], tables[wave.order]), np.float32)
            covered[wave.lines] += shares * wave.cosine
        return np.asarray(np.clip(covered, 0.0, 1.0, out=covered), np.float32)


def spot_waves() -> dict[Order, NDArray[np.float32]]:
    """Amplitude of each wave of the dot pattern, by tone in 256 steps.

    The cell is filled in the order of cos 2πu + cos 2πv: round dots that join at half tone
    into round holes. The area filled is the tone, exactly.
    """
    u, v = cell()
    order = np.argsort(-spot(u, v).ravel(), kind="stable")
    filled = np.linspace(0, order.size, _TONES).round().astype(int)
    found = {}
    for k, l in _ORDERS:  # noqa: E741 - the usual names of orders
        wave = np.cos(2.0 * np.pi * (k * u + l * v)).ravel()[order]
        total = np.concatenate([[0.0], np.cumsum(wave)])
        found[k, l] = np.asarray(2.0 * total[filled] / order.size, np.float32)
    return found


def cell() -> tuple[Field, Field]:
    """Places in one cell of the grid, at the middle of each step."""
    at = (np.arange(_CELL, dtype=np.float32) + np.float32(0.5)) / np.float32(_CELL)
    u, v = np.meshgrid(at, at)
    return u, v


def spot(u: Field, v: Field) -> Field:
    """In which order a cell fills; largest first."""
    turn = np.float32(2.0 * np.pi)
    return np.asarray(np.cos(turn * u) + np.cos(turn * v), np.float32)
