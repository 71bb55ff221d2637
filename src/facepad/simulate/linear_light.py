"""Linear light and coded values: conversion, tone, colour, sharpness, and layers."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.types import RgbImage

LinearImage = NDArray[np.float32]  # linear light, shape (H, W, 3), 0..1, R G B
Map = NDArray[np.float32]  # one number for each photosite, shape (H, W)
Size = tuple[int, int]  # lines, columns
Pixels = TypeVar("Pixels", RgbImage, LinearImage)  # coded or linear
GAMMA = 2.2  # close to the sRGB curve, and invertible without branches
_LIGHT = (np.arange(256, dtype=np.float32) / np.float32(255.0)) ** np.float32(GAMMA)
LUMA_709 = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709, for linear light
LUMA_601 = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, for coded values in cameras
_BAND = 64  # lines; such a part of a picture fits in the processor's cache


def to_display(light: LinearImage) -> RgbImage:
    """Return gamma-coded uint8 of linear light, which is clipped to [0, 1]."""
    coded = np.clip(light, 0.0, 1.0) ** (1.0 / GAMMA)
    return np.asarray(np.rint(coded * 255.0), np.uint8)


def to_light(image: RgbImage) -> LinearImage:
    """Return linear light in [0, 1] of gamma-coded uint8."""
    return np.asarray(cv2.LUT(image, _LIGHT), np.float32)


def luminance(light: LinearImage) -> Map:
    """Return the luminance (ITU-R BT.709) of linear light."""
    return np.asarray(cv2.transform(light, LUMA_709[None].astype(np.float32)), np.float32)


def bands(lines: int) -> Iterator[slice]:
    """Yield slices of lines that cover a picture, to keep temporary arrays small."""
    for start in range(0, lines, _BAND):
        yield slice(start, min(start + _BAND, lines))


def mixed(
    under: LinearImage | np.float32, over: LinearImage | np.float32, alpha: Map
) -> LinearImage:
    """Return ``over`` where ``alpha`` is 1 and ``under`` where it is 0.

    Args:
        under: A picture, or one number for all of it.
        over: A picture or one number. A picture is overwritten with the result.
        alpha: Opacity of ``over`` at each photosite, 0 to 1.
    """
    result = over if isinstance(over, np.ndarray) else np.full((*alpha.shape, 3), over, np.float32)
    for band in bands(len(alpha)):
        beneath = under[band] if isinstance(under, np.ndarray) else under
        part = result[band]
        part -= beneath
        cv2.multiply(part, cv2.merge([alpha[band]] * 3), dst=part)
        part += beneath
    return result


def times(light: LinearImage, factor: Map) -> LinearImage:
    """Multiply the light of each photosite by its own factor, in place; return it."""
    for band in bands(len(factor)):
        part = light[band]
        cv2.multiply(part, cv2.merge([factor[band]] * 3), dst=part)
    return light


def saturation_matrix(saturation: float, luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the colour matrix, shape (3, 3), that scales the distance of colours from grey.

    Args:
        saturation: 0 gives grey, 1 changes nothing.
        luma: Weights of red, green and blue in grey.
    """
    grey = np.tile(luma, (3, 1))
    return np.asarray(grey + saturation * (np.eye(3) - grey), np.float64)


def s_curve(coded: NDArray[np.float64], contrast: float) -> NDArray[np.float64]:
    """Return coded values in [0, 1] after a tone curve that is steeper in the middle.

    Args:
        coded: Values in [0, 1].
        contrast: 0 changes nothing; below 1.
    """
    turn = 2.0 * np.pi
    return np.asarray(coded - contrast * np.sin(turn * coded) / turn, np.float64)


def sharpen(picture: Pixels, amount: float, deviation: float, out: Pixels | None = None) -> Pixels:
    """Return a picture with unsharp masking: fine detail is added once more.

    Args:
        picture: RGB, any type; integers are rounded and clipped.
        amount: Share of the detail that is added.
        deviation: Size of the detail: standard deviation of the blur, pixels.
        out: Where the result goes, to save memory; may be ``picture``.
    """
    soft = cv2.GaussianBlur(picture, (0, 0), deviation)
    sharp = cv2.addWeighted(picture, 1.0 + amount, soft, -amount, 0.0, dst=out)
    return np.asarray(sharp, picture.dtype)
