"""What printers can and cannot print: inks, their coverages, the colours they give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.simulate.blending import bands
from facepad.simulate.light import Field, Scene
from facepad.simulate.ranges import drawn

# Light in red, green and blue that full cyan, magenta, yellow and black ink let through
# twice; the unwanted absorptions are those of process inks and what narrows the gamut.
_THROUGH = np.array(
    [[0.05, 0.45, 0.68], [0.70, 0.06, 0.28], [0.96, 0.86, 0.10], [0.03, 0.03, 0.03]]
)
_PASSES = 3  # of the inversion; it has settled to a hundredth by then


@dataclass(frozen=True, slots=True)
class Printer:
    """Inks and tone; attributes tell their own meaning, see `ranges`."""

    density: float = drawn(
        0.6, 1.25, "Strength of the inks, share of the usual", off=1.1, group="gamut"
    )
    black_ink: float = drawn(
        0.3, 1.0, "Share of grey that is printed in black", off=0.5, group="gamut"
    )
    dot_gain: float = drawn(-0.06, 0.12, "Growth of a dot of half tone", off=0.0, group="gamut")
    cyan: float = drawn(-0.1, 0.3, "Error of cyan, share", off=0.0, group="gamut")
    magenta: float = drawn(-0.2, 0.1, "Error of magenta, share", off=0.0, group="gamut")
    yellow: float = drawn(-0.4, 0.1, "Error of yellow, share", off=0.0, group="gamut")
    tone: float = drawn(0.65, 1.2, "Gamma of the print against the picture", off=1.0, group="gamut")

    def through(self) -> NDArray[np.float64]:
        """Share of light behind each ink's full coverage, shape (4, 3)."""
        return np.asarray(_THROUGH**self.density, np.float64)

    def coverages(self, wanted: Scene) -> list[Field]:
        """Coverage of cyan, magenta, yellow and black for reflectances over the paper's.

        Args:
            wanted: Reflectance over that of the paper, shape (H, W, 3), 0 to 1. What lies
                outside the gamut is cut at its border.
        """
        found = [np.empty(wanted.shape[:2], np.float32) for _ in range(4)]
        for band in bands(len(wanted)):
            for one, part in zip(found, self._coverages(wanted[band]), strict=True):
                one[band] = part
        return found

    def _coverages(self, wanted: Scene) -> list[Field]:
        wanted = wanted ** np.float32(self.tone) if self.tone != 1.0 else wanted
        through = self.through().astype(np.float32)
        black = self._black(wanted, through)
        left = [np.minimum(wanted[..., c] / _passed(black, through[3, c]), 1.0) for c in range(3)]
        inks = [np.zeros_like(black)] * 3
        for _ in range(_PASSES):
            for ink in range(3):
                others = [_passed(inks[o], through[o, ink]) for o in range(3) if o != ink]
                share = left[ink] / (others[0] * others[1])
                inks[ink] = np.clip((1.0 - share) / (1.0 - through[ink, ink]), 0.0, 1.0)
        errors = (self.cyan, self.magenta, self.yellow)
        drifted = [
            np.minimum(i * np.float32(1.0 + e), 1.0) for i, e in zip(inks, errors, strict=True)
        ]
        return [self._grown(one) for one in [*drifted, black]]

    def reflected(self, coverages: list[Field]) -> Scene:
        """Reflectance over the paper's, where inks lie independently (Demichel's equations)."""
        through = self.through().astype(np.float32)
        light = np.empty((*coverages[0].shape, 3), np.float32)
        for colour in range(3):
            passed = [_passed(one, through[ink, colour]) for ink, one in enumerate(coverages)]
            np.multiply(passed[0], passed[1], out=light[..., colour])
            light[..., colour] *= passed[2]
            light[..., colour] *= passed[3]
        return light

    def _black(self, wanted: Scene, through: Field) -> Field:
        """Black ink takes over part of the darkness that all three colours share."""
        grey = 1.0 - np.maximum(np.maximum(wanted[..., 0], wanted[..., 1]), wanted[..., 2])
        share = np.float32(self.black_ink) * np.clip((grey - 0.5) / 0.5, 0.0, 1.0)
        return np.asarray(grey * share / (1.0 - through[3].max()), np.float32)

    def _grown(self, coverage: Field) -> Field:
        """Dot gain: none on white and on full tone, most on half tone."""
        if not self.dot_gain:
            return coverage
        more = coverage + np.float32(4.0 * self.dot_gain) * coverage * (1.0 - coverage)
        return np.asarray(np.clip(more, 0.0, 1.0), np.float32)


def _passed(coverage: Field, through: np.float32) -> Field:
    return np.asarray(np.float32(1.0) - (np.float32(1.0) - through) * coverage, np.float32)
