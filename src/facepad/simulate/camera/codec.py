"""File format of a simulated camera and of a stream: JPEG."""

from dataclasses import dataclass

import numpy as np

from facepad.opencv import cv2
from facepad.simulate.parameters import choice, uniform
from facepad.types import RgbImage

_SAMPLING = {
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


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
