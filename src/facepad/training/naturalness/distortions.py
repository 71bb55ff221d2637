"""Five kinds of distortion at six strengths each, for fitting BIQI.

The fifth kind loses packets of a JPEG2000 code stream, as a fading channel causes it. A packet
carries one quality layer of one patch of one resolution. The decoder cannot use later layers of
a patch that lost an earlier one, so losing a packet loses those, too. A lost packet is replaced
by an empty one (a zero byte), which means "nothing new here".

Reference: ISO/IEC 15444-1, annexes A (markers) and B (packets).
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.opencv import cv2

Pixels = NDArray[np.uint8]

RATES = (8, 20, 40, 80, 160, 320)  # JPEG2000: original size / compressed size
QUALITIES = (85, 60, 35, 20, 10, 5)  # JPEG
NOISES = (4, 8, 16, 28, 45, 70)  # standard deviation in gray levels
BLURS = (0.6, 1.0, 1.6, 2.5, 4.0, 6.0)  # sigma in pixels
LOSSES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5)  # share of JPEG2000 packets that get lost
_LAYERS = (160, 80, 40, 20, 12, 8)  # rates of the stream that loses packets
_STREAM = {"codeblock_size": (32, 32), "precinct_size": (64, 64)}
_STYLE, _TILE, _LENGTHS = 0xFF52, 0xFF90, 0xFF58  # markers of a code stream
_DATA, _END = 0xFF93, 0xFFD9
_EMPTY = b"\0"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of distortion.

    Attributes:
        name: Name of the member of BIQI.
        strengths: Six, from slight to severe.
        apply: Maps gray pixels, a strength and a random generator to distorted pixels.
    """

    name: str
    strengths: tuple[float, ...]
    apply: Callable[[Pixels, float, np.random.Generator], Pixels]


def distorted(
    tile: Pixels, kinds: tuple[Kind, ...], generator: np.random.Generator
) -> Iterator[tuple[int, Pixels]]:
    """Yield every kind at every strength: index of the kind in ``kinds``, and the pixels."""
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


def lose_packets(stream: bytes, share: float, generator: np.random.Generator) -> bytes:
    """Return the stream after a part of its packets was lost.

    Args:
        stream: One tile, layer by layer (LRCP), with packet lengths (marker PLT).
        share: Chance of each packet to be lost, in [0, 1]; the very first one never is.
        generator: Random generator that decides which.

    Returns:
        A valid stream.

    Raises:
        InputError: The stream is of another layout.
    """
    head, tile, lengths, body, layers = _parse(stream)
    if not lengths or sum(lengths) != len(body) or len(lengths) % layers:
        raise InputError(
            f"expected {len(body)} bytes in {layers} layers of packets, got {len(lengths)} "
            f"packets of {sum(lengths)} bytes"
        )
    lost = generator.random((layers, len(lengths) // layers)) < share
    lost[0, 0] = False  # without the coarsest patch there is no picture
    gone = np.logical_or.accumulate(lost, axis=0).ravel()
    ends = np.cumsum(lengths)
    kept = b"".join(
        _EMPTY if bad else body[end - length : end]
        for bad, end, length in zip(gone, ends, lengths, strict=True)
    )
    size = len(tile) + 2 + len(kept)
    tile = tile[:6] + struct.pack(">I", size) + tile[10:]
    return head + tile + struct.pack(">H", _DATA) + kept + struct.pack(">H", _END)


def _parse(stream: bytes) -> tuple[bytes, bytes, list[int], bytes, int]:
    """Return main header, tile header, packet lengths, packets and number of layers."""
    at, layers, lengths, head, tile = 2, 1, b"", stream[:2], b""
    while True:
        if len(stream) < at + 4:
            raise InputError("the JPEG2000 stream ends before its data")
        marker, size = struct.unpack_from(">HH", stream, at)
        if marker == _DATA:
            break
        segment = stream[at : at + 2 + size]
        if marker == _STYLE:
            layers = struct.unpack_from(">H", segment, 6)[0]
        if marker == _LENGTHS:
            lengths += segment[5:]
        elif marker == _TILE or tile:
            tile += segment
        else:
            head += segment
        at += 2 + size
    return head, tile, _numbers(lengths), stream[at + 2 : -2], layers


def _numbers(data: bytes) -> list[int]:
    """Return numbers in groups of seven bits; the top bit says that more follow."""
    found, value = [], 0
    for byte in data:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            found.append(value)
            value = 0
    return found


KINDS = (
    Kind("jp2k", RATES, _jpeg2000),
    Kind("jpeg", QUALITIES, _jpeg),
    Kind("wn", NOISES, _noise),
    Kind("blur", BLURS, _blur),
    Kind("ff", LOSSES, _fading),
)
