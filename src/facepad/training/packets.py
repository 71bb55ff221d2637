"""Loss of packets from a JPEG2000 code stream, as a fading channel causes it.

A packet carries one quality layer of one patch of one resolution. The decoder cannot use
later layers of a patch that lost an earlier one, so losing a packet loses those, too. A
lost packet is replaced by an empty one (a zero byte), which says "nothing new here".

Reference: ISO/IEC 15444-1, annexes A (markers) and B (packets).
"""

import struct

import numpy as np

from facepad.errors import InputError

_START, _SIZE, _STYLE, _TILE, _LENGTHS, _DATA, _END = (
    0xFF4F,
    0xFF51,
    0xFF52,
    0xFF90,
    0xFF58,
    0xFF93,
    0xFFD9,
)
_EMPTY = b"\0"


def lose_packets(stream: bytes, share: float, generator: np.random.Generator) -> bytes:
    """The stream after a part of its packets was lost.

    Args:
        stream: One tile, layer by layer (LRCP), with packet lengths (marker PLT).
        share: Chance of each packet to be lost, in [0, 1]; the very first one never is.
        generator: Decides which.

    Returns:
        A stream that a decoder reads without complaint.

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
    """Main header, tile header without lengths, packet lengths, packets, number of layers."""
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
    """Numbers in groups of seven bits; the top bit says that more follow."""
    found, value = [], 0
    for byte in data:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            found.append(value)
            value = 0
    return found
