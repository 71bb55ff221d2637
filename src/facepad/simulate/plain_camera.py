"""A plain camera: blur, noise and JPEG in three numbers, for studies of resolution."""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.errors import InputError
from facepad.simulate.linear_light import Scene, to_display
from facepad.types import RgbImage

_READ = 0.05  # read noise, as the share of full light whose shot noise is as strong


@dataclass(frozen=True, slots=True)
class PlainCamera:
    """Optics, sensor and codec of one camera, each by one number.

    Attacks are taken by `facepad.simulate.camera.camera.Camera`, which models each step.

    Attributes:
        blur: Standard deviation of the lens blur, in pixels of the sensor.
        noise: Standard deviation of the noise of a fully lit pixel, as a share of full light.
        quality: JPEG quality, 1 to 100.
    """

    blur: float = 0.6
    noise: float = 0.01
    quality: int = 90

    @classmethod
    def random(cls, rng: np.random.Generator) -> "PlainCamera":
        """A webcam or phone: blur 0.3 to 0.9, noise 0 to 0.03, quality 78 to 96."""
        return cls(
            float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.0, 0.03)), int(rng.integers(78, 97))
        )

    def capture(self, scene: Scene, height: int, rng: np.random.Generator) -> RgbImage:
        """Take a picture.

        Args:
            scene: Linear light, shape (H, W, 3), in [0, 1]; at least as high as ``height``.
            height: Lines of the sensor; its columns follow from the scene's aspect.
            rng: Source of the noise.

        Returns:
            What a viewer decodes, shape (height, columns, 3).

        Raises:
            InputError: The scene has fewer lines than the sensor.
        """
        lines, columns = scene.shape[:2]
        if lines < height:
            raise InputError(f"a sensor of {height} lines needs a finer scene, got {lines} lines")
        size = (round(columns * height / lines), height)
        blurred = cv2.GaussianBlur(scene, (0, 0), self.blur * lines / height)
        light: Scene = np.asarray(
            cv2.resize(blurred, size, interpolation=cv2.INTER_AREA), np.float32
        )
        deviation = np.float32(self.noise) * np.sqrt(np.maximum(light, 0.0) + np.float32(_READ))
        noise = deviation * rng.standard_normal(light.shape, dtype=np.float32)
        return self._coded(to_display(light + noise))

    def _coded(self, image: RgbImage) -> RgbImage:
        options = [cv2.IMWRITE_JPEG_QUALITY, self.quality]
        _, data = cv2.imencode(".jpg", image[..., ::-1], options)
        decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        return np.ascontiguousarray(decoded[..., ::-1])
