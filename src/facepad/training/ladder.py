"""A ladder of distorted pictures by whole-number arithmetic: the same on every machine."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

STEPS = {"blur": (1, 3, 6, 12), "noise": (8, 20, 40, 80), "blocky": (2, 4, 6, 8)}
_TAPS = (1, 4, 6, 4, 1)  # sum 16
_NOISE_SEED = 7
_FACTOR, _STEP = np.uint64(6364136223846793005), np.uint64(1442695040888963407)


def ladder(pixels: Pixels) -> Iterator[tuple[str, Pixels]]:
    """Twelve distorted copies: names like "blur3" and gray pixels, slight to severe by kind."""
    kinds = {"blur": blurred, "noise": noisy, "blocky": blocky}
    for kind, steps in STEPS.items():
        for step in steps:
            yield f"{kind}{step}", kinds[kind](pixels, step)


def blurred(pixels: Pixels, passes: int) -> Pixels:
    """Binomial blur, several passes, border replicated."""
    values = pixels.astype(np.int64)
    for _ in range(passes):
        for axis in (0, 1):
            padded = np.pad(values, [(2, 2) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
            total = np.full_like(values, 8)
            for place, tap in enumerate(_TAPS):
                total += tap * padded.take(range(place, place + values.shape[axis]), axis)
            values = total >> 4
    return values.astype(np.uint8)


def noisy(pixels: Pixels, amplitude: int) -> Pixels:
    """Uniform noise from -amplitude to amplitude of a linear congruential generator."""
    power = np.cumprod(np.full(pixels.size, _FACTOR), dtype=np.uint64)  # wraps, as it should
    series = np.cumsum(np.concatenate([np.ones(1, np.uint64), power[:-1]]), dtype=np.uint64)
    state = (power * np.uint64(_NOISE_SEED) + series * _STEP) >> np.uint64(33)
    noise = (state % np.uint64(2 * amplitude + 1)).astype(np.int64) - amplitude
    noisy_pixels: Pixels = np.clip(pixels + noise.reshape(pixels.shape), 0, 255).astype(np.uint8)
    return noisy_pixels


def blocky(pixels: Pixels, eighths: int) -> Pixels:
    """Pixels mixed with the mean of their 8x8 block; cut to whole blocks."""
    height, width = (side // 8 * 8 for side in pixels.shape)
    values = pixels[:height, :width].astype(np.int64)
    means = values.reshape(height // 8, 8, width // 8, 8).sum(axis=(1, 3)) // 64
    spread = means.repeat(8, axis=0).repeat(8, axis=1)
    mixed: Pixels = ((values * (8 - eighths) + spread * eighths) // 8).astype(np.uint8)
    return mixed
