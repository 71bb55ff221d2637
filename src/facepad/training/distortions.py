"""Five kinds of distortion at six strengths each, for fitting BIQI."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.training.packets import lose_packets

Pixels = NDArray[np.uint8]

RATES = (8, 20, 40, 80, 160, 320)  # JPEG2000: original size / compressed size
QUALITIES = (85, 60, 35, 20, 10, 5)  # JPEG
NOISES = (4, 8, 16, 28, 45, 70)  # standard deviation in gray levels
BLURS = (0.6, 1.0, 1.6, 2.5, 4.0, 6.0)  # sigma in pixels
LOSSES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5)  # share of JPEG2000 packets that get lost
_LAYERS = (160, 80, 40, 20, 12, 8)  # rates of the stream that loses packets
_STREAM = {"codeblock_size": (32, 32), "precinct_size": (64, 64)}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of distortion.

    Attributes:
        name: As the members of BIQI are called.
        strengths: Six, from slight to severe.
        apply: From gray pixels, a strength and a random generator to distorted pixels.
    """

    name: str
    strengths: tuple[float, ...]
    apply: Callable[[Pixels, float, np.random.Generator], Pixels]


def distorted(
    tile: Pixels, kinds: tuple[Kind, ...], generator: np.random.Generator
) -> Iterator[tuple[int, Pixels]]:
    """Every kind at every strength: place of the kind in ``kinds``, and the pixels."""
    for index, kind in enumerate(kinds):
        for strength in kind.strengths:
            yield index, kind.apply(tile, strength, generator)


def _jpeg2000(tile: Pixels, rate: float, _: np.random.Generator) -> Pixels:
    return _decode(_encode(tile, (rate,)))


def _jpeg(tile: Pixels, quality: float, _: np.random.Generator) -> Pixels:
    data = cv2.imencode(".jpg", tile, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def _noise(tile: Pixels, sigma: float, generator: np.random.Generator) -> Pixels:
    noisy = tile + sigma * generator.standard_normal(tile.shape)
    return np.rint(np.clip(noisy, 0, 255)).astype(np.uint8)


def _blur(tile: Pixels, sigma: float, _: np.random.Generator) -> Pixels:
    return np.asarray(cv2.GaussianBlur(tile, (0, 0), sigma), np.uint8)


def _fading(tile: Pixels, share: float, generator: np.random.Generator) -> Pixels:
    return _decode(lose_packets(_encode(tile, _LAYERS, plt=True), share, generator))


def _encode(tile: Pixels, rates: tuple[float, ...], *, plt: bool = False) -> bytes:
    """A raw JPEG2000 code stream; with the lengths of its packets if asked for."""
    from PIL import Image

    stream = io.BytesIO()
    how = {"irreversible": True, "quality_mode": "rates", "quality_layers": list(rates)}
    extra = {"plt": True, "progression": "LRCP", **_STREAM} if plt else {}
    Image.fromarray(tile).save(stream, "JPEG2000", no_jp2=True, **how, **extra)
    return stream.getvalue()


def _decode(stream: bytes) -> Pixels:
    from PIL import Image

    with Image.open(io.BytesIO(stream)) as picture:
        return np.asarray(picture, np.uint8)


KINDS = (
    Kind("jp2k", RATES, _jpeg2000),
    Kind("jpeg", QUALITIES, _jpeg),
    Kind("wn", NOISES, _noise),
    Kind("blur", BLURS, _blur),
    Kind("ff", LOSSES, _fading),
)
