"""Augmentation of crops and volumes: other cameras, other light, and faces that fill the picture.

What a network could take for the medium, but is of the camera, is drawn anew each time: sharpness,
resolution, exposure, white balance, noise and compression. Cameras of bona fide pictures and of
attacks are drawn from the same ranges.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.faces.crops import MARGINS, TIGHT
from facepad.liveness.voxel.volume import GRID, MARGIN, SIDE
from facepad.opencv import cv2
from facepad.types import RgbImage

Volumes = NDArray[np.uint8]  # occupancy in 255ths, shape (SLICES, GRID, GRID)

_PIXELS = SIDE // GRID  # of a voxel
_FARTHEST = 2  # voxels that crop and volume are moved together
_SHARES = {"fill": 0.15, "resize": 0.3, "blur": 0.3, "sharpen": 0.15, "noise": 0.3, "codec": 0.4}


@dataclass(frozen=True, slots=True)
class Move:
    """How a crop and its volume are mirrored and moved.

    Attributes:
        mirrored: Whether left and right change places, before the move.
        down: Voxels.
        across: Voxels.
    """

    mirrored: bool = False
    down: int = 0
    across: int = 0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Move":
        """Draw one: mirrored half of the time, by up to two voxels each way."""
        down, across = (int(step) for step in rng.integers(-_FARTHEST, _FARTHEST + 1, 2))
        return cls(bool(rng.random() < 0.5), down, across)

    def crop(self, crop: RgbImage) -> RgbImage:
        """Return a crop, shape (192, 192, 3), moved."""
        own = crop[:, ::-1] if self.mirrored else crop
        return _shifted(own, self.down * _PIXELS, self.across * _PIXELS, (0, 1))

    def volume(self, volume: Volumes) -> Volumes:
        """Return a volume moved."""
        own = volume[:, :, ::-1] if self.mirrored else volume
        return _shifted(own, self.down, self.across, (1, 2))


def recaptured(crop: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Return a crop as another camera might have taken it.

    Args:
        crop: RGB uint8, shape (192, 192, 3).
        rng: Draws what is done to it.
    """
    does = {name: rng.random() < share for name, share in _SHARES.items()}
    picture = _filled(crop) if does["fill"] else np.ascontiguousarray(crop)
    picture = _relit(picture, rng)
    if does["resize"]:
        picture = _resized(picture, rng)
    if does["blur"]:
        picture = _blurred(picture, float(rng.uniform(0.3, 1.2)))
    if does["sharpen"]:
        soft, amount = _blurred(picture, float(rng.uniform(0.6, 1.5))), float(rng.uniform(0.2, 1.0))
        picture = np.asarray(cv2.addWeighted(picture, 1.0 + amount, soft, -amount, 0.0), np.uint8)
    if does["noise"]:
        grain = rng.normal(0.0, rng.uniform(1.0, 6.0), picture.shape)
        picture = np.clip(picture + grain, 0.0, 255.0).astype(np.uint8)
    if does["codec"]:
        picture = _recoded(picture, int(rng.integers(40, 95)))
    return picture


def _blurred(crop: RgbImage, sigma: float) -> RgbImage:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8)


def _relit(crop: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Return a crop at another exposure, contrast, saturation and white balance."""
    levels = np.arange(256) / 255.0
    balance = np.exp(rng.normal(0.0, 0.08, 3))
    gamma, gain = np.exp(rng.normal(0.0, 0.2)), np.exp(rng.normal(0.0, 0.12))
    curves = np.clip(gain * balance * levels[:, None] ** gamma, 0.0, 1.0)
    lit = cv2.LUT(crop, np.rint(255.0 * curves).astype(np.uint8)[None])
    grey = cv2.cvtColor(cv2.cvtColor(lit, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    saturation = float(rng.uniform(0.6, 1.3))
    return np.asarray(cv2.addWeighted(lit, saturation, grey, 1.0 - saturation, 0.0), np.uint8)


def _resized(crop: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Return a crop of fewer pixels, enlarged again, as of a face that is far away."""
    side = int(rng.integers(72, 160))
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    method = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, crop.shape[1::-1], interpolation=method), np.uint8)


def _recoded(crop: RgbImage, quality: int) -> RgbImage:
    """Return a crop after compression as JPEG, in the wrong order of colours and back."""
    _, coded = cv2.imencode(".jpg", crop[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1]


def _filled(crop: RgbImage) -> RgbImage:
    """Return a crop of a picture that ends around the face; its edges are repeated."""
    edge = round(SIDE * (1.0 - MARGINS[TIGHT] / MARGIN) / 2.0)
    inside = crop[edge:-edge, edge:-edge]
    return np.asarray(
        cv2.copyMakeBorder(inside, edge, edge, edge, edge, cv2.BORDER_REPLICATE), np.uint8
    )


def _shifted(
    values: NDArray[np.uint8], down: int, across: int, axes: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return values moved along two axes; edges are repeated."""
    for step, axis in zip((down, across), axes, strict=True):
        places = np.clip(np.arange(values.shape[axis]) - step, 0, values.shape[axis] - 1)
        values = np.take(values, places, axis=axis)
    return values
