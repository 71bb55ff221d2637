"""Matting: the share of each pixel that is a person, and the person's own colours."""

import numpy as np

from facepad.errors import ModelError
from facepad.faces.tflite import Net
from facepad.opencv import cv2
from facepad.simulate.linear_light import LinearImage, Map, luminance, to_light
from facepad.types import RgbImage

SIDE = 256  # of the network's square input, pixels
_REACH = 0.012  # of the guided filter over the shorter side: as wide as the network's steps
_SMOOTH = 2e-4  # of the guided filter: variance of light at which edges begin to count
_SURE = 0.02  # share of a pixel below which it counts as background alone
_LEAST = 0.12  # share above which a pixel's own colour can be told from the background's


class PersonMatting:
    """Separates people from the background; safe to share between threads."""

    def __init__(self) -> None:
        self._net = Net("person_matte", ("activation_10",))

    def matte(self, picture: RgbImage) -> Map:
        """Return the share of each pixel that is a person, 0 to 1, shape (H, W).

        Args:
            picture: RGB picture.

        Raises:
            ModelError: The model's file is missing or wrong; the message names the command.

        Reference:
            Edges follow the picture by He, Sun, Tang (2010), Guided Image Filtering,
            doi:10.1007/978-3-642-15549-9_1.
        """
        small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        blob = np.asarray(small, np.float32).transpose(2, 0, 1)[None] / np.float32(255.0)
        (output,) = self._net.run(np.ascontiguousarray(blob))
        if output.size != SIDE * SIDE:
            raise ModelError(f"model {self._net.name!r} gives {output.size} numbers")
        coarse = cv2.resize(
            output.reshape(SIDE, SIDE), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR
        )
        return _guided(np.asarray(coarse, np.float32), luminance(to_light(picture)))


def person(light: LinearImage, matte: Map) -> LinearImage:
    """Return the person's own light, also where the background shows through hair.

    The background in each pixel is estimated from the sure background around it and
    subtracted. Colours of sure pixels then spread outwards, so that no fringe is left.

    Args:
        light: Linear light of the picture.
        matte: Share of each pixel that is the person.
    """
    away = (matte < _SURE).astype(np.float32)
    behind = _spread(light, away, 0.04 * min(matte.shape))
    share = np.maximum(matte, np.float32(_LEAST))[..., None]
    own = (light - behind * (1.0 - share)) / share
    own = np.minimum(np.maximum(own, 0.0), np.maximum(light, 0.0) * 2.0)
    sure = (matte > 1.0 - _SURE).astype(np.float32)
    inner = _spread(np.asarray(own, np.float32), sure, 0.02 * min(matte.shape))
    trust = np.clip((matte - _LEAST) / (1.0 - _LEAST), 0.0, 1.0)[..., None]
    return np.asarray(inner + (own - inner) * trust, np.float32)


def _guided(coarse: Map, guide: Map) -> Map:
    """Refine a coarse matte along the edges of the guide."""
    side = 2 * max(2, round(_REACH * min(guide.shape))) + 1

    def mean(field: Map) -> Map:
        return np.asarray(cv2.blur(field, (side, side)), np.float32)

    average, matte = mean(guide), mean(coarse)
    variance = mean(guide * guide) - average * average
    slope = np.asarray((mean(guide * coarse) - average * matte) / (variance + _SMOOTH), np.float32)
    fine = mean(slope) * guide + mean(np.asarray(matte - slope * average, np.float32))
    # The filter leaks a little everywhere, so values near 0 and 1 are set to 0 and 1.
    return np.asarray(np.clip(fine * 1.1 - 0.05, 0.0, 1.0), np.float32)


def _spread(light: LinearImage, weight: Map, reach: float) -> LinearImage:
    """Spread light from places with weight to places without."""
    width = max(reach, 1.0)
    # Far from any weight a second, wider spread takes over.
    total = np.full(weight.shape, 1e-6, np.float32)
    weighted = np.full(light.shape, 1e-6, np.float32) * light.mean(axis=(0, 1))
    for factor, trust in ((1.0, 1.0), (5.0, 1e-3)):
        small = max(1.0, factor * width / 6.0)
        size = tuple(max(4, round(n / small)) for n in weight.shape[::-1])
        down = [cv2.resize(part, size, interpolation=cv2.INTER_AREA)
                for part in (light * weight[..., None], weight)]  # fmt: skip
        blurred = [cv2.GaussianBlur(part, (0, 0), factor * width / small) for part in down]
        wide = [
            cv2.resize(part, weight.shape[::-1], interpolation=cv2.INTER_LINEAR) for part in blurred
        ]
        weighted += np.asarray(wide[0], np.float32) * np.float32(trust)
        total += np.asarray(wide[1], np.float32) * np.float32(trust)
    return np.asarray(weighted / total[..., None], np.float32)
