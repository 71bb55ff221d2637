"""From light on photosites to raw colours: exposure, mosaic, noise, digits."""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate.blending import bands
from facepad.simulate.light import Field, Scene, luminance
from facepad.simulate.ranges import chosen, drawn

_LEVELS = np.float32(16383.0)  # 14 bits
_GREY = 0.18  # mean light that automatic exposure aims at
_GAINS = 0.05, 40.0  # what shutter and amplifier together can do
_BLOWN = 0.02  # share of photosites that may be at full scale
_RED, _GREEN, _BLUE = 0, 1, 2
# First two lines of each mosaic, and how OpenCV calls it: by the second line's inner pixels.
_MOSAICS = {
    "RGGB": ((_RED, _GREEN, _GREEN, _BLUE), "BayerBG"),
    "GRBG": ((_GREEN, _RED, _BLUE, _GREEN), "BayerGB"),
    "BGGR": ((_BLUE, _GREEN, _GREEN, _RED), "BayerRG"),
    "GBRG": ((_GREEN, _BLUE, _RED, _GREEN), "BayerGR"),
}


@dataclass(frozen=True, slots=True)
class Sensor:
    """Exposure, colour mosaic and noise; attributes tell their own meaning, see `ranges`."""

    exposure_ev: float = drawn(-0.3, 1.4, "Bias of automatic exposure, stops", off=0.0)
    centre_weight: float = drawn(0.0, 0.9, "Weight of the middle in metering, 0 to 1", off=0.5)
    keep_lights: float = drawn(
        0.0,
        0.8,
        "How far exposure gives way so that bright parts do not burn out",
        off=0.5,
        bias=1.3,
    )
    longest_gain: float = drawn(
        0.7, 4.0, "Gain by the shutter before the amplifier must help", off=2.0, log=True
    )
    full_well: float = drawn(
        900.0, 16000.0, "Electrons of a fully lit photosite", off=8000.0, log=True
    )
    read_noise: float = drawn(1.5, 14.0, "Noise without light, electrons", off=3.0, log=True)
    mosaic: str = chosen(
        {"RGGB": 0.18, "GRBG": 0.18, "BGGR": 0.17, "GBRG": 0.17, "none": 0.3},
        "Colour mosaic; none where the sensor bins all colours",
        off="RGGB",
    )
    demosaic: str = chosen(
        {"bilinear": 0.5, "edge_aware": 0.5}, "How missing colours are found", off="edge_aware"
    )

    def gain(self, light: Scene) -> float:
        """By how much automatic exposure brightens light."""
        small = np.asarray(cv2.resize(light, (64, 64), interpolation=cv2.INTER_AREA), np.float32)
        bright = luminance(small)
        across = np.linspace(-1.0, 1.0, 64)
        weight = np.exp(-3.0 * (across[:, None] ** 2 + across[None] ** 2))
        weight = (1.0 - self.centre_weight) + self.centre_weight * weight / weight.mean()
        wanted = _GREY * 2.0**self.exposure_ev / max(float((bright * weight).mean()), 1e-4)
        burning = 1.0 / max(float(np.quantile(small.max(axis=2), 1.0 - _BLOWN)), 1e-4)
        if wanted > burning:
            wanted = wanted ** (1.0 - self.keep_lights) * burning**self.keep_lights
        return float(np.clip(wanted, *_GAINS))

    def expose(self, light: Scene, rng: np.random.Generator) -> Scene:
        """Raw colours of light on the photosites; uses up ``light``.

        Args:
            light: Linear light, shape (H, W, 3), 1 = a white sheet in usual light.
            rng: Source of the noise.

        Returns:
            Linear, full scale at 1, shape (H, W, 3).
        """
        gain = self.gain(light)
        electrons = self.full_well / max(1.0, gain / self.longest_gain)
        if self.mosaic == "none":
            light *= np.float32(gain)
            for band in bands(len(light)):  # in order, so that noise is drawn as for the whole
                light[band] = _digits(light[band], electrons, self.read_noise, rng)
            return light
        sites, name = _MOSAICS[self.mosaic]
        raw = _digits(_on_mosaic(light, sites) * np.float32(gain), electrons, self.read_noise, rng)
        suffix = "_EA" if self.demosaic == "edge_aware" else ""
        code = getattr(cv2, f"COLOR_{name}2RGB{suffix}")
        counted = np.asarray(raw * _LEVELS + np.float32(0.5), np.uint16)
        colours = cv2.demosaicing(counted, code)
        return np.multiply(colours, np.float32(1.0) / _LEVELS, out=light)


def _on_mosaic(light: Scene, sites: tuple[int, int, int, int]) -> Field:
    """Each photosite's own colour."""
    raw = np.empty(light.shape[:2], np.float32)
    for place, colour in enumerate(sites):
        line, column = divmod(place, 2)
        raw[line::2, column::2] = light[line::2, column::2, colour]
    return raw


def _digits(light: Field, electrons: float, read: float, rng: np.random.Generator) -> Field:
    """Light with the noise of photons and electronics, clipped to the scale."""
    variance = np.maximum(light, 0.0)
    variance *= np.float32(1.0 / electrons)
    variance += np.float32((read / electrons) ** 2)
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    noise *= np.sqrt(variance, out=variance)
    light += noise
    return np.asarray(np.clip(light, 0.0, 1.0, out=light), np.float32)
