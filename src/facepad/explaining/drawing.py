"""Draw numbers of patches over a picture: blue and orange, a face's box, a bar with words."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.types import Box, RgbImage

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

# People who confuse red and green can distinguish blue and orange.
ABOVE, BELOW = (10, 84, 214), (244, 112, 0)
BOX, PAPER, INK = (255, 255, 255), (255, 255, 255), (28, 36, 48)
SIDE = 480  # pixels of one of the two pictures
LEAST_SCALE = 0.1  # log-odds at full colour, at least, so that next to nothing looks like it
OPACITY = 0.8  # of the full colour
QUALITY = 90
_DARKEST = 80.0  # grey level of what is black, under the colours
_AROUND = 0.08  # shown beyond the patches, share of their region
_GAP, _TEXT, _LINE, _BAR = 16, 15, 24, 14  # pixels
_LEAST_WIDTH = 720  # of the page, so that the words fit


@dataclass(frozen=True, slots=True, eq=False)
class PatchMap:
    """Numbers of patches, and what is drawn with them.

    Attributes:
        values: Log-odds, shape (rows, columns), above 0 towards bona fide; NaN is left plain.
        region: What the patches cover, in the picture's pixels.
        box: The face.
        title: One line above the pictures.
    """

    values: NDArray[np.float64]
    region: Box
    box: Box
    title: str

    @property
    def scale(self) -> float:
        """Log-odds at full colour."""
        known = self.values[np.isfinite(self.values)]
        return max(LEAST_SCALE, float(np.max(np.abs(known), initial=0.0)))


def encoded(image: RgbImage, patches: PatchMap) -> bytes:
    """Return the part around the patches, plain and under the colours, as a JPEG.

    Args:
        image: RGB, shape (H, W, 3), 0 to 255; not changed.
        patches: What is drawn over it.
    """
    from PIL import Image, ImageDraw

    left, top, right, bottom = _around(patches.region, image)
    part = image[top:bottom, left:right]
    factor = SIDE / max(part.shape[:2])
    region, box = (_moved(one, (left, top), factor) for one in (patches.region, patches.box))
    plain = _resized(part, factor)
    coloured = _coloured(plain, region, patches)
    height, width = plain.shape[:2]
    wide = max(_LEAST_WIDTH, 2 * width + 3 * _GAP)
    page = Image.new("RGB", (wide, height + 3 * _GAP + 3 * _LINE), PAPER)
    draw = ImageDraw.Draw(page)
    for x, shown in ((_GAP, plain), (2 * _GAP + width, coloured)):
        page.paste(Image.fromarray(shown), (x, _GAP + _LINE))
        corners = [(x + box[0], _GAP + _LINE + box[1]), (x + box[2], _GAP + _LINE + box[3])]
        draw.rectangle(corners, outline=INK, width=3)
        draw.rectangle(corners, outline=BOX, width=1)
    _write(draw, patches, wide, 2 * _GAP + _LINE + height)
    file = io.BytesIO()
    page.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue()


def _around(region: Box, image: RgbImage) -> Box:
    """Return the patches' region with a margin, cut at the picture's edges."""
    left, top, right, bottom = region
    more = round(_AROUND * max(right - left, bottom - top))
    height, width = image.shape[:2]
    return (
        *(max(0, left - more), max(0, top - more)),
        *(min(width, right + more), min(height, bottom + more)),
    )


def _moved(box: Box, origin: tuple[int, int], factor: float) -> Box:
    left, top, right, bottom = (
        round((edge - origin[index % 2]) * factor) for index, edge in enumerate(box)
    )
    return left, top, right, bottom


def _resized(part: RgbImage, factor: float) -> RgbImage:
    size = max(1, round(part.shape[1] * factor)), max(1, round(part.shape[0] * factor))
    method = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, size, interpolation=method), np.uint8)


def _coloured(plain: RgbImage, region: Box, patches: PatchMap) -> RgbImage:
    """Return the picture in grey under the colours of the patches."""
    left, top, right, bottom = region
    # Lightened, since blue cannot be seen on black.
    grey = _DARKEST + (1.0 - _DARKEST / 255.0) * plain.mean(axis=2, keepdims=True)
    values = np.nan_to_num(patches.values / patches.scale).astype(np.float32)
    size = max(1, right - left), max(1, bottom - top)
    strength = np.zeros(plain.shape[:2], np.float32)
    smooth = cv2.resize(values, size, interpolation=cv2.INTER_CUBIC)
    height, width = strength[top:bottom, left:right].shape
    strength[top:bottom, left:right] = np.clip(smooth[:height, :width], -1.0, 1.0)
    return np.asarray(np.rint(_blended(grey, strength)), np.uint8)


def _blended(under: NDArray[np.floating], strength: NDArray[np.float32]) -> NDArray[np.floating]:
    """Return colours over what is under them; strength from -1 to 1, shape (H, W)."""
    colour = np.where(strength[..., None] > 0.0, np.array(ABOVE), np.array(BELOW))
    opacity = OPACITY * np.abs(strength)[..., None]
    return under * (1.0 - opacity) + colour * opacity


def _write(draw: "ImageDraw", patches: PatchMap, width: int, top: int) -> None:
    """Write the title, the bar of colours and what they mean."""
    from PIL import ImageFont

    font = ImageFont.load_default(_TEXT)
    title = patches.title
    while draw.textlength(title, font) > width - 2 * _GAP:
        title = "…" + title[2:]
    draw.text((_GAP, _GAP), title, INK, font)
    scale = patches.scale
    ends = f"towards attack {-scale:+.2f}", f"{scale:+.2f} towards bona fide"
    begins = _GAP + round(draw.textlength(ends[0], font)) + 8
    stops = begins + width // 4
    for x in range(begins, stops):
        strength = np.array([[2.0 * (x - begins) / (stops - begins) - 1.0]], np.float32)
        colour = _blended(np.full((1, 1, 3), 255.0), strength)[0, 0]
        draw.line([(x, top + 3), (x, top + 3 + _BAR)], tuple(int(part) for part in colour))
    draw.text((_GAP, top), ends[0], INK, font)
    draw.text((stops + 8, top), ends[1], INK, font)
    words = "Colour: what each patch adds to the log-odds, compared with the patch blurred."
    draw.text((_GAP, top + _LINE), words, INK, font)
