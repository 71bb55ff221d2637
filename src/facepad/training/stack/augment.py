"""Random changes of a face's box and of its crop, as cameras and detectors make them."""

from dataclasses import dataclass

import numpy as np

from facepad.opencv import cv2
from facepad.types import Box, RgbImage

_GREY = 128.0


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far pictures are changed.

    Attributes:
        shift: Of the box, share of its longer side at most, either way.
        scale: Of the box, as a factor's distance from 1 at most.
        contrast: Factor of the contrast and of the gamma, likewise.
        brightness: Added, grey levels at most.
        blur: Largest deviation of a Gaussian blur, pixels; half of the pictures stay sharp.
        noise: Largest deviation of the noise, grey levels.
        quality: Lowest quality of JPEG, up to 100; half of the pictures are not compressed again.
    """

    shift: float = 0.06
    scale: float = 0.1
    contrast: float = 0.2
    brightness: float = 20.0
    blur: float = 0.8
    noise: float = 3.0
    quality: int = 60

    def box(self, box: Box, random: np.random.Generator) -> Box:
        """Return a box that is moved and scaled; it may leave the picture."""
        left, top, right, bottom = box
        side = max(right - left, bottom - top)
        x, y = random.uniform(-self.shift, self.shift, 2) * side
        factor = random.uniform(1.0 - self.scale, 1.0 + self.scale)
        wide, high = (right - left) * factor / 2, (bottom - top) * factor / 2
        across, down = (left + right) / 2 + x, (top + bottom) / 2 + y
        ends = (across - wide, down - high, across + wide, down + high)
        first_x, first_y, last_x, last_y = (round(end) for end in ends)
        return first_x, first_y, max(last_x, first_x + 1), max(last_y, first_y + 1)

    def crop(self, crop: RgbImage, random: np.random.Generator) -> RgbImage:
        """Return a crop that is mirrored, and changed in light, sharpness, noise, compression."""
        picture = (crop[:, ::-1] if random.uniform() < 0.5 else crop).astype(np.float32)
        contrast, gamma = random.uniform(1.0 - self.contrast, 1.0 + self.contrast, 2)
        picture = 255.0 * (picture / 255.0) ** np.float32(gamma)
        picture = (picture - _GREY) * np.float32(contrast) + _GREY
        picture += np.float32(random.uniform(-self.brightness, self.brightness))
        deviation = random.uniform(-self.blur, self.blur)
        if deviation > 0.0:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), deviation + 1e-3), np.float32)
        noise = random.normal(0.0, 1.0, picture.shape).astype(np.float32)
        picture = picture + np.float32(random.uniform(0.0, self.noise)) * noise
        result = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        if random.uniform() < 0.5:
            result = _compressed(result, int(random.integers(self.quality, 101)))
        return np.ascontiguousarray(result)


def _compressed(picture: RgbImage, quality: int) -> RgbImage:
    _, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1]
