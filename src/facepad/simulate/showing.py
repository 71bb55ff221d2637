"""The picture as a display shows it: sent as compressed video, with the display's own tone."""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate.light import Scene
from facepad.simulate.ranges import chosen, drawn
from facepad.types import RgbImage

_TONE = "panel_tone"
_USUAL = 2.2  # gamma that pictures are made for


@dataclass(frozen=True, slots=True)
class Showing:
    """Stream and tone of a display; attributes tell their own meaning, see `ranges`."""

    stream_px: int = drawn(
        240, 1080, "Longer side of the shown video or picture, pixels",
        off=1080, log=True, whole=True, group=_TONE,
    )  # fmt: skip
    stream_quality: int = drawn(
        35, 97, "JPEG quality that stands for the stream's", off=97, whole=True, group=_TONE
    )
    gamma: float = drawn(1.85, 2.6, "Of the panel", off=2.2, group=_TONE)
    red: float = drawn(-0.32, 0.08, "White point: natural logarithm of red", off=0.0, group=_TONE)
    blue: float = drawn(-0.05, 0.5, "The same of blue", off=0.0, bias=1.4, group=_TONE)
    vivid: float = drawn(0.85, 1.3, "Colourfulness of the panel's setting", off=1.0, group=_TONE)
    black: float = drawn(
        0.0005, 0.02, "Light of black over that of white", off=0.0, log=True, group=_TONE
    )
    overlay: str = chosen(
        {"none": 0.9, "play": 0.05, "bar": 0.05}, "What a player lays over the picture", off="none"
    )

    def light(self, picture: RgbImage, columns: int) -> Scene:
        """Light of the panel's pixels over that of its white.

        Args:
            picture: What is shown.
            columns: Panel pixels across the picture; a stream is never finer.

        Returns:
            Shape (H, W, 3), 0 to 1 but for the white point.
        """
        stream = self._streamed(picture, columns)
        curve = (np.arange(256, dtype=np.float32) / np.float32(255.0)) ** np.float32(self.gamma)
        light = np.asarray(cv2.LUT(stream, curve), np.float32)
        grey = np.tile(np.array([0.2126, 0.7152, 0.0722]), (3, 1))
        matrix = (grey + self.vivid * (np.eye(3) - grey)) * (1.0 - self.black)
        white = np.exp([self.red, 0.0, self.blue])[:, None]
        offset = white * self.black
        toned = cv2.transform(light, np.hstack([matrix * white, offset]).astype(np.float32))
        return np.asarray(np.maximum(toned, 0.0), np.float32)

    def _streamed(self, picture: RgbImage, columns: int) -> RgbImage:
        lines, wide = picture.shape[:2]
        share = min(1.0, self.stream_px / max(lines, wide), columns / wide)
        if share < 1.0:
            size = (max(8, round(wide * share)), max(8, round(lines * share)))
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self.stream_quality])
        stream = np.array(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        if self.overlay != "none":
            _overlaid(stream, self.overlay)
        return stream


def _overlaid(stream: RgbImage, kind: str) -> None:
    lines, columns = stream.shape[:2]
    white = (235, 235, 235)
    if kind == "play":
        middle, radius = np.array([columns // 2, lines // 2]), max(4, min(lines, columns) // 12)
        cv2.circle(stream, middle.tolist(), radius, white, -1, cv2.LINE_AA)
        arrow = middle + np.array([(-0.3, -0.5), (-0.3, 0.5), (0.55, 0.0)]) * radius
        cv2.fillConvexPoly(stream, arrow.astype(np.int32), (25, 25, 25), cv2.LINE_AA)
        return
    level, thick = round(0.94 * lines), max(1, lines // 150)
    cv2.line(stream, (columns // 20, level), (columns * 19 // 20, level), (120, 120, 120), thick)
    cv2.line(stream, (columns // 20, level), (columns * 2 // 5, level), (60, 60, 220), thick)
    cv2.circle(stream, (columns * 2 // 5, level), 3 * thick, white, -1, cv2.LINE_AA)
