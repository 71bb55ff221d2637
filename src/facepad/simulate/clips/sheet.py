"""A sheet or device in space: its light on a canvas, with holes, edges and hands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.heads.head import HeadLight
from facepad.simulate.linear_light import LinearImage, Map, Size
from facepad.simulate.scene.geometry import Bend, Matrix, Placement

Layer = NDArray[np.float32]  # light times its share, and the share; shape (H, W, 4)

_LEAST_SHADE = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sheet with what is around it that moves with it, on a canvas.

    Attributes:
        canvas: Light in usual light times the share of the sheet, and the share.
        density: Pixels of the canvas for each millimetre.
        origin: Pixel of the canvas at the middle of the sheet, which the pose turns.
        width: Width over which the sheet is rolled, millimetres.
        along_deg: Direction in which it is rolled.
        window: Left, top, right and bottom of a screen on the canvas, pixels; None without one.
        hands: Share of each pixel of the canvas that shows a hand; None without hands.
    """

    canvas: Layer
    density: float
    origin: tuple[float, float]
    width: float
    along_deg: float = 0.0
    window: tuple[int, int, int, int] | None = None
    hands: Map | None = None

    def placement(self, homography: Matrix, distance_mm: float, rolled: float) -> Placement:
        """Return where the sheet is.

        Args:
            homography: From millimetres of the sheet to pixels.
            distance_mm: Distance of its middle.
            rolled: Angle over which its width is rolled, radians.
        """
        return Placement(homography, Bend(rolled / self.width, self.along_deg, distance_mm))

    def seen(self, placement: Placement, size: Size) -> Layer:
        """Return what the photosites see of the sheet, in even light."""
        return self._mapped(self.canvas, placement, size)

    def seen_with(
        self, shown: LinearImage, placement: Placement, size: Size
    ) -> tuple[Layer, Layer]:
        """Return what is seen of the device, and of the light of its screen.

        Args:
            shown: Light of the screen's pixels, any size.
            placement: Where the device is.
            size: Lines and columns of the sensor.
        """
        if self.window is None:
            raise ValueError("this sheet has no screen")
        left, top, right, bottom = self.window
        screen = np.zeros_like(self.canvas)
        scaled = cv2.resize(shown, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        screen[top:bottom, left:right, :3] = scaled
        screen[top:bottom, left:right, 3] = 1.0
        if self.hands is not None:
            screen *= (1.0 - self.hands)[..., None]
        return self._mapped(self.canvas, placement, size), self._mapped(screen, placement, size)

    def shade(
        self, placement: Placement, size: Size, turned: Matrix, lamp: HeadLight
    ) -> NDArray[np.float32]:
        """Return the light on the sheet over that on one that faces the camera.

        Shape (H, W, 1), or (1, 1, 1) for a flat sheet.
        """
        normal, axis = -turned[:, 2], self._axis(turned)
        usual = float(lamp.shade(np.array([[0.0, 0.0, -1.0]], np.float32))[0])
        if not placement.bend.curvature:
            flat = lamp.shade(np.asarray(normal[None], np.float32)) / usual
            return np.asarray(np.maximum(flat, _LEAST_SHADE)[:, None, None], np.float32)
        slope = placement.bend.slope(*placement.coordinates(size))[..., None]
        facing = np.cos(slope) * normal + np.sin(slope) * axis
        light = lamp.shade(np.asarray(facing, np.float32)) / usual
        return np.asarray(np.maximum(light, _LEAST_SHADE)[..., None], np.float32)

    def _axis(self, turned: Matrix) -> NDArray[np.float64]:
        angle = np.deg2rad(self.along_deg)
        return np.asarray(turned @ [np.cos(angle), np.sin(angle), 0.0], np.float64)

    def _mapped(self, layer: Layer, placement: Placement, size: Size) -> Layer:
        x, y = placement.coordinates(size)
        columns = x * np.float32(self.density) + np.float32(self.origin[0])
        lines = y * np.float32(self.density) + np.float32(self.origin[1])
        mapped = cv2.remap(
            layer, columns, lines, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(0.0, 0.0, 0.0, 0.0),
        )  # fmt: skip
        return np.asarray(mapped, np.float32)
