"""A simulated camera: light before the lens becomes the file that it stores.

Bona fide pictures and attacks pass through the same cameras, so that only the medium differs.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.camera.codec import Codec
from facepad.simulate.camera.look import PLAIN, Look, redrawn
from facepad.simulate.camera.optics import Optics
from facepad.simulate.linear_light import (
    GAMMA,
    LUMA_601,
    LinearImage,
    Map,
    Size,
    bands,
    luminance,
    s_curve,
    saturation_matrix,
    sharpen,
    times,
)
from facepad.simulate.parameters import choice, uniform
from facepad.types import RgbImage

_WIDEST = 16 / 9  # aspect of a sensor, either way round
_LEVELS = np.float32(16383.0)  # 14 bits
_GREY = 0.18  # mean light that automatic exposure aims at
_GAINS = 0.05, 40.0  # range of shutter and amplifier together
_BLOWN = 0.02  # share of photosites that may be at full scale
_RED, _GREEN, _BLUE = 0, 1, 2
# First two lines of each mosaic, and how OpenCV calls it: by the second line's inner pixels.
_MOSAICS = {
    "RGGB": ((_RED, _GREEN, _GREEN, _BLUE), "BayerBG"),
    "GRBG": ((_GREEN, _RED, _BLUE, _GREEN), "BayerGB"),
    "BGGR": ((_BLUE, _GREEN, _GREEN, _RED), "BayerRG"),
    "GBRG": ((_GREEN, _BLUE, _RED, _GREEN), "BayerGR"),
}
_STEPS = 4096  # of the tone curve, over the square root of light
_FEW = 48  # lines and columns of the map of local tone
_DARKEST = 0.01  # light around below which local tone helps no more
_LOCAL_GAINS = 0.5, 3.0  # of local tone


@dataclass(frozen=True, slots=True)
class Lens:
    """Lens, sensor size and hand; see `parameters` for the fields."""

    lines: int = choice(
        {240: 0.06, 360: 0.08, 480: 0.36, 600: 0.1, 720: 0.28, 1080: 0.12},
        "Shorter side of the picture, pixels",
        off=480,
    )
    blur: float = uniform(
        0.3, 0.9, "Deviation of the lens's blur, pixels where a pixel is one photosite", off=0.45
    )
    sites: int = choice(
        {1: 0.5, 2: 0.28, 4: 0.22}, "Photosites across a pixel, which are added up", off=1
    )
    aperture: float = uniform(
        0.45, 1.0, "Width of a photosite over the distance to the next", off=0.9
    )
    motion: float = uniform(0.0, 3.0, "Smear of an unsteady hand, pixels", off=0.0, bias=3.0)
    motion_deg: float = uniform(0.0, 180.0, "Direction of the smear, degrees", off=0.0)
    vignetting: float = uniform(0.0, 0.45, "Light that is lost in the corners, share", off=0.0)

    @property
    def optics(self) -> Optics:
        """The averaging of light before it is sampled."""
        blur = self.blur / float(np.sqrt(self.sites))  # finer photosites have finer lenses
        # Where photosites are added up none are skipped: they lie side by side.
        aperture = self.aperture if self.sites == 1 else (1.0 + self.aperture) / 2.0
        return Optics(blur, aperture, self.motion, self.motion_deg, self.sites)

    def size(self, picture: RgbImage) -> Size:
        """Return lines and columns of the sensor, in the picture's aspect (at most 16:9)."""
        aspect = picture.shape[1] / picture.shape[0]
        aspect = float(np.clip(aspect, 1.0 / _WIDEST, _WIDEST))
        lines, columns = (1.0, aspect) if aspect >= 1.0 else (1.0 / aspect, 1.0)
        return round(self.lines * lines / 2) * 2, round(self.lines * columns / 2) * 2

    def shade(self, size: Size) -> Map:
        """Return the share of light that reaches each photosite, by vignetting."""
        down, across = (np.linspace(-1.0, 1.0, n, dtype=np.float32) for n in size)
        radius = (down[:, None] ** 2 + across[None] ** 2) * np.float32(0.5)
        return np.asarray(1.0 - np.float32(self.vignetting) * radius, np.float32)


@dataclass(frozen=True, slots=True)
class Sensor:
    """Exposure, colour mosaic and noise; see `parameters` for the fields."""

    exposure_ev: float = uniform(-0.3, 1.4, "Bias of automatic exposure, stops", off=0.0)
    centre_weight: float = uniform(0.0, 0.9, "Weight of the middle in metering, 0 to 1", off=0.5)
    keep_lights: float = uniform(
        0.0,
        0.8,
        "How far exposure gives way so that bright parts do not burn out",
        off=0.5,
        bias=1.3,
    )
    longest_gain: float = uniform(
        0.7, 4.0, "Gain by the shutter before the amplifier must help", off=2.0, log=True
    )
    full_well: float = uniform(
        900.0, 16000.0, "Electrons of a fully lit photosite", off=8000.0, log=True
    )
    read_noise: float = uniform(1.5, 14.0, "Noise without light, electrons", off=3.0, log=True)
    mosaic: str = choice(
        {"RGGB": 0.18, "GRBG": 0.18, "BGGR": 0.17, "GBRG": 0.17, "none": 0.3},
        "Colour mosaic; none where the sensor bins all colours",
        off="RGGB",
    )
    demosaic: str = choice(
        {"bilinear": 0.5, "edge_aware": 0.5}, "How missing colours are found", off="edge_aware"
    )

    def gain(self, light: LinearImage) -> float:
        """Return the factor by which automatic exposure brightens light."""
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

    def expose(
        self, light: LinearImage, rng: np.random.Generator, brighter: float = 1.0
    ) -> LinearImage:
        """Return raw colours of light on the photosites; overwrite ``light``.

        Args:
            light: Linear light, shape (H, W, 3), 1 = a white sheet in usual light.
            rng: Random numbers for the noise.
            brighter: Factor on the gain that automatic exposure finds.

        Returns:
            Linear, full scale at 1, shape (H, W, 3).
        """
        gain = self.gain(light) * brighter
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


@dataclass(frozen=True, slots=True)
class ImageSignalProcessor:
    """Steps of the image signal processor; see `parameters` for the fields."""

    balance: float = uniform(
        0.4, 0.95, "How far white balance makes the mean grey, 0 to 1", off=0.7
    )
    red: float = uniform(-0.1, 0.1, "Error of white balance in red, natural logarithm", off=0.0)
    blue: float = uniform(-0.1, 0.1, "Error of white balance in blue, natural logarithm", off=0.0)
    saturation: float = uniform(0.85, 1.55, "Colourfulness over that of the scene", off=1.0)
    local_tone: float = uniform(
        0.05, 0.6, "How far dark and light regions are brought together, 0 to 1",
        off=0.0, chance=0.4,
    )  # fmt: skip
    contrast: float = uniform(0.0, 0.55, "Strength of the S of the tone curve", off=0.1)
    black: float = uniform(-0.03, 0.03, "Coded value of no light", off=0.0)
    smoothing: float = uniform(
        0.01, 0.11, "Reach of the noise filter, share of full scale", off=0.0, chance=0.5
    )
    sharpening: float = uniform(
        0.0, 1.8, "Share of the fine detail that is added", off=0.0, bias=1.7
    )
    sharpening_px: float = uniform(0.6, 2.0, "Size of that detail, pixels", off=1.0)

    def develop(
        self, raw: LinearImage, look: Look = PLAIN, means: NDArray[np.float64] | None = None
    ) -> RgbImage:
        """Return the picture of raw colours; overwrite ``raw``.

        Args:
            raw: Linear, in [0, 1], shape (H, W, 3).
            look: Colours of this picture.
            means: Mean red, green and blue that white balance goes by, as that of a clip lags
                behind its frames; None: those of ``raw``.
        """
        matrix = np.asarray(look.matrix() @ self._matrix(raw, means), np.float32)
        for band in bands(len(raw)):
            raw[band] = cv2.transform(raw[band], matrix)
        if self.local_tone:
            self._evened(raw)
        picture = self._toned(raw, look.gammas)
        if self.smoothing:
            coded = np.asarray(cv2.convertScaleAbs(picture, alpha=255.0), np.uint8)
            reach = 255.0 * self.smoothing
            smooth = cv2.bilateralFilter(coded, 5, reach, 1.5)
            picture = np.asarray(smooth, np.float32) * np.float32(1.0 / 255.0)
        if self.sharpening:
            sharpen(picture, self.sharpening, self.sharpening_px, out=picture)
        np.maximum(picture, 0.0, out=picture)  # convertScaleAbs would mirror what is below
        return np.asarray(cv2.convertScaleAbs(picture, alpha=255.0), np.uint8)

    def _matrix(self, raw: LinearImage, means: NDArray[np.float64] | None) -> LinearImage:
        """Return white balance and saturation as one matrix."""
        means = np.maximum(np.array(cv2.mean(raw)[:3]) if means is None else means, 1e-4)
        gains = (means[1] / means) ** self.balance * np.exp([self.red, 0.0, self.blue])
        return np.asarray(saturation_matrix(self.saturation, LUMA_601) * gains, np.float32)

    def _evened(self, light: LinearImage) -> None:
        """Brighten dark regions and darken light ones, in place, as phones do."""
        few = np.asarray(cv2.resize(light, (_FEW, _FEW), interpolation=cv2.INTER_AREA), np.float32)
        around = cv2.GaussianBlur(few.mean(axis=2), (0, 0), _FEW / 10)
        gain = (float(around.mean()) / np.maximum(around, _DARKEST)) ** self.local_tone
        gain = np.asarray(np.clip(gain, *_LOCAL_GAINS), np.float32)
        size = (light.shape[1], light.shape[0])
        times(light, np.asarray(cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), np.float32))

    def _toned(self, light: LinearImage, gammas: tuple[float, float, float]) -> LinearImage:
        """Return coded values; in place, by bands of lines, since the table's indices are large."""
        curves = [np.asarray(self._curve() ** gamma, np.float32) for gamma in gammas]
        even = len(set(gammas)) == 1
        for lines in bands(len(light)):
            band = light[lines]
            place = (np.sqrt(np.clip(band, 0.0, 1.0)) * np.float32(_STEPS - 1)).astype(np.intp)
            if even:
                np.take(curves[0], place, out=band)
                continue
            for colour, curve in enumerate(curves):
                band[..., colour] = curve[place[..., colour]]
        return light

    def _curve(self) -> LinearImage:
        coded = np.linspace(0.0, 1.0, _STEPS) ** (2.0 / GAMMA)
        toned = self.black + (1.0 - self.black) * s_curve(coded, self.contrast)
        return np.asarray(np.maximum(toned, 0.0), np.float32)


@dataclass(frozen=True, slots=True)
class SceneRadiance:
    """Light before the lens.

    Attributes:
        light: Linear light at each photosite's place, shape (H, W, 3); 1 is a white sheet in
            usual light. Still sharp.
        texture: Fine periodic pattern of a medium, relative to its mean of 1, as the
            photosites see it (the optics are already in it); same shape. None: no pattern.
    """

    light: LinearImage
    texture: LinearImage | None = None


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera with its settings; `parameters.draw` makes a random one.

    Attributes:
        family: Kind of camera. The settings of one other than "generic" come from the narrower
            or wider ranges of `facepad.simulate.camera.look.FAMILIES`.
        lens: Lens, size of the sensor, steadiness.
        sensor: Exposure, mosaic, noise.
        developing: Image signal processor.
        codec: File format.
    """

    family: str = choice(
        {"generic": 0.4, "phone": 0.2, "webcam": 0.2, "access": 0.2},
        "Kind of camera: any, phone, old webcam, access control at a door",
        off="generic",
    )
    lens: Lens = field(default=Lens())
    sensor: Sensor = field(default=Sensor())
    developing: ImageSignalProcessor = field(default=ImageSignalProcessor())
    codec: Codec = field(default=Codec())

    def redrawn(self, rng: np.random.Generator) -> "Camera":
        """Return the camera with the settings that its family draws from ranges of its own."""
        return redrawn(self, self.family, rng)

    def light_on_sensor(self, exposed: SceneRadiance) -> LinearImage:
        """Return the light on the photosites, shape (H, W, 3)."""
        light = self.lens.optics.apply(exposed.light)
        if exposed.texture is not None:
            light *= exposed.texture
        return times(light, self.lens.shade((light.shape[0], light.shape[1])))

    def photograph(self, light: LinearImage, rng: np.random.Generator, look: Look = PLAIN) -> bytes:
        """Take a picture.

        Args:
            light: From `light_on_sensor`; overwritten, to save memory.
            rng: Random numbers for the noise.
            look: Light and colours of this one picture.

        Returns:
            The JPEG file; `codec.decode` reads it.
        """
        raw = self.sensor.expose(look.lit(light), rng, look.exposure)
        return self.codec.encode(self.developing.develop(raw, look))


def _on_mosaic(light: LinearImage, sites: tuple[int, int, int, int]) -> Map:
    """Return one colour for each photosite."""
    raw = np.empty(light.shape[:2], np.float32)
    for place, colour in enumerate(sites):
        line, column = divmod(place, 2)
        raw[line::2, column::2] = light[line::2, column::2, colour]
    return raw


def _digits(light: Map, electrons: float, read: float, rng: np.random.Generator) -> Map:
    """Add shot noise and read noise to light, in place, and clip it to [0, 1]."""
    variance = np.maximum(light, 0.0)
    variance *= np.float32(1.0 / electrons)
    variance += np.float32((read / electrons) ** 2)
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    noise *= np.sqrt(variance, out=variance)
    light += noise
    return np.asarray(np.clip(light, 0.0, 1.0, out=light), np.float32)
