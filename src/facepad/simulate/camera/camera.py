"""A simulated camera: light before the lens becomes the file that it stores.

Bona fide pictures and attacks pass through the same cameras, so that only the medium differs.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from facepad.simulate.camera.optics import Optics
from facepad.simulate.camera.sensor import ImageSignalProcessor, Sensor
from facepad.simulate.linear_light import LinearImage, Map, times
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene.geometry import Size
from facepad.types import RgbImage

_SAMPLING = {
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}
_WIDEST = 16 / 9  # aspect of a sensor, either way round


@dataclass(frozen=True, slots=True)
class Codec:
    """How a picture is stored; see `parameters` for the fields."""

    quality: int = uniform(52, 97, "JPEG quality, 1 to 100", off=92, whole=True)
    sampling: str = choice(
        {"4:2:0": 0.6, "4:2:2": 0.25, "4:4:4": 0.15}, "Chroma subsampling", off="4:2:0"
    )

    def encode(self, image: RgbImage) -> bytes:
        """Return the bytes of a JPEG file without metadata."""
        options = [cv2.IMWRITE_JPEG_QUALITY, self.quality]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _SAMPLING[self.sampling]]
        _, data = cv2.imencode(".jpg", image[..., ::-1], options)
        return data.tobytes()


def decode(data: bytes) -> RgbImage:
    """Return the picture of bytes that `Codec.encode` wrote."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(decoded, np.uint8)[..., ::-1])


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
        lens: Lens, size of the sensor, steadiness.
        sensor: Exposure, mosaic, noise.
        developing: Image signal processor.
        codec: File format.
    """

    lens: Lens = field(default=Lens())
    sensor: Sensor = field(default=Sensor())
    developing: ImageSignalProcessor = field(default=ImageSignalProcessor())
    codec: Codec = field(default=Codec())

    def seen(self, exposed: SceneRadiance) -> LinearImage:
        """Return the light on the photosites, shape (H, W, 3)."""
        light = self.lens.optics.seen(exposed.light)
        if exposed.texture is not None:
            light *= exposed.texture
        return times(light, self.lens.shade((light.shape[0], light.shape[1])))

    def photograph(self, light: LinearImage, rng: np.random.Generator) -> bytes:
        """Take a picture.

        Args:
            light: From `seen`; overwritten, to save memory.
            rng: Random numbers for the noise.

        Returns:
            The JPEG file; `codec.decode` reads it.
        """
        return self.codec.encode(self.developing.develop(self.sensor.expose(light, rng)))
