"""Encoded pictures: a small JPEG in a ``data:`` URL, so that a page needs no file; and PNG."""

import base64
import io

from facepad.media.resize import to_long_side
from facepad.opencv import cv2
from facepad.types import Box, RgbImage

QUALITY = 80
COLOUR = (255, 196, 0)  # of a box; amber is seen on light and dark skin
THICKNESS = 2  # pixels


def data_url(image: RgbImage, side: int, box: Box | None = None) -> str | None:
    """Return a picture as a ``data:`` URL of a small JPEG; None when it cannot be encoded.

    Args:
        image: RGB, shape (H, W, 3), 0 to 255; not changed.
        side: Longest side in pixels.
        box: A box to draw, in the picture's pixels.
    """
    small = to_long_side(image, side)
    if box is not None:
        scale = small.shape[1] / image.shape[1]
        left, top, right, bottom = (round(edge * scale) for edge in box)
        small = small.copy()
        cv2.rectangle(small, (left, top), (right, bottom), COLOUR, THICKNESS)
    flags = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    is_made, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), flags)
    if not is_made:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"


def png(image: RgbImage) -> bytes:
    """Return a picture as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
