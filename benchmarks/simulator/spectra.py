"""Power of a picture by spatial frequency: where moiré, printed dots and blur show."""

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.types import RgbImage

Floats = NDArray[np.float64]

SIDE = 64  # pixels of a window
FREQUENCIES: Floats = np.arange(1, SIDE // 2 + 1) / SIDE  # cycles per pixel
HIGH = FREQUENCIES >= 0.25  # the upper octave of what pixels can hold
_MOST = 64  # windows of a picture; more tell nothing new
_LEAST_POWER = 1e-3  # grey levels squared; below it a plane counts as flat


def planes(image: RgbImage) -> tuple[Floats, Floats]:
    """Luminance, shape (1, H, W), and the two planes of chroma, (2, H, W); 0 to 255."""
    split = np.moveaxis(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb).astype(np.float64), -1, 0)
    return split[:1], split[1:]


def spectrum(channels: Floats) -> Floats:
    """Power of Hann windows by radial frequency, summed over channels.

    Args:
        channels: Shape (C, H, W), grey levels; H and W at least `SIDE`.

    Returns:
        Grey levels squared for each of `FREQUENCIES`: white noise of variance v gives v.

    Raises:
        ValueError: The picture is smaller than a window.

    Example:
        >>> noise = np.random.default_rng(0).normal(0.0, 3.0, (1, 256, 256))
        >>> bool(np.allclose(spectrum(noise), 9.0, rtol=0.25))
        True
    """
    if min(channels.shape[1:]) < SIDE:
        raise ValueError(f"a window is {SIDE} pixels wide, the picture {channels.shape[1:]}")
    hann = np.hanning(SIDE)
    window = np.outer(hann, hann)
    found = []
    for top, left in _corners(channels.shape[1:]):
        part = channels[:, top : top + SIDE, left : left + SIDE]
        part = (part - part.mean(axis=(1, 2), keepdims=True)) * window
        found.append(np.square(np.abs(np.fft.fft2(part))).sum(axis=0))
    power = np.mean(found, axis=0) / np.square(window).sum()
    ring = _rings()
    counts = np.bincount(ring, minlength=SIDE)
    mean = np.bincount(ring, power.ravel(), minlength=SIDE) / np.maximum(counts, 1)
    return np.asarray(mean[1 : SIDE // 2 + 1], np.float64)


def decibels(power: Floats) -> Floats:
    """Ten times the logarithm; a floor stands for planes without any detail."""
    return np.asarray(10.0 * np.log10(np.maximum(power, _LEAST_POWER)), np.float64)


def levelled(power: Floats) -> Floats:
    """Decibels of power times frequency squared: nearly level for natural pictures.

    Args:
        power: Last axis over `FREQUENCIES`.
    """
    return np.asarray(decibels(power) + 20.0 * np.log10(FREQUENCIES), np.float64)


def high_band(power: Floats) -> float:
    """Mean power at a quarter to a half cycle per pixel, decibels of grey levels squared."""
    return float(decibels(np.mean(power[HIGH], keepdims=True))[0])


def _corners(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Windows that overlap by half, evenly thinned out."""
    rows, columns = (range(0, side - SIDE + 1, SIDE // 2) for side in shape)
    every = [(top, left) for top in rows for left in columns]
    return every[:: -(-len(every) // _MOST)]


def _rings() -> NDArray[np.int64]:
    """Nearest whole number of cycles per window of every coefficient."""
    across = np.fft.fftfreq(SIDE) * SIDE
    rings = np.rint(np.hypot(*np.meshgrid(across, across))).astype(np.int64)
    return np.asarray(rings.ravel())
