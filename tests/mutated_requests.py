"""Requests to a running service with damaged media, bodies and headers; each has a number.

The request of a number is always the same, so that one that does harm can be sent again alone.
"""

import base64
import io
import json
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facepad.testing import made_up

IMAGE, VIDEO, METRICS = "/v1/liveness/image", "/v1/liveness/video", "/v1/metrics"
CALIBRATIONS = "/v1/calibrations"
SIDE = 160  # pixels, the least that is judged: most of a request's time goes to the way there
_BOUNDARY = "b"
_MOST_BYTES = 60_000
_NUMBERS = (0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 1919, 1921, 32_767, 65_535, 2**31, 2**32 - 1)
_WIDTHS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Seed:
    """A request that is right.

    Attributes:
        path: Its route.
        part: Name of the part of multipart with its media.
        field: Name of the field of JSON with its media; a list where it differs from `part`.
        data: A picture or a clip.
    """

    path: str
    part: str
    field: str
    data: bytes

    def form(self, data: bytes) -> bytes:
        """Return a body of multipart with other data."""
        kind = f"Content-Disposition: form-data; name={self.part}; filename=a"
        return (
            f"--{_BOUNDARY}\r\n{kind}\r\n\r\n".encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()
        )

    def json(self, data: bytes) -> bytes:
        """Return a body of JSON with other data."""
        text = base64.b64encode(data).decode()
        return json.dumps({self.field: text if self.part == self.field else [text]}).encode()


@dataclass(frozen=True, slots=True)
class Request:
    """A request as bytes.

    Attributes:
        message: Its head and its body.
        is_last: Whether its connection is of no more use, since it may not say where it ends.
    """

    message: bytes
    is_last: bool


class Requests:
    """Makes requests by their number.

    Args:
        host: Value of the header Host.
        key: API key.
    """

    def __init__(self, host: str, key: str) -> None:
        self._lines = (f"Host: {host}", f"Authorization: Bearer {key}")
        self._seeds = seeds()

    def numbered(self, number: int) -> Request:
        """Return the request of a number."""
        chance = random.Random(number)  # noqa: S311 - no secret
        seed = chance.choice(self._seeds)
        how = chance.random()
        if how < 0.02:
            return self._request(seed.path, seed.form(seed.data))
        if how < 0.60:
            return self._request(seed.path, seed.form(self._media(seed, chance)))
        if how < 0.70:
            return self._request(seed.path, seed.json(self._media(seed, chance)), "json")
        if how < 0.85:
            return self._request(seed.path, accidents(seed.form(seed.data), chance))
        if how < 0.95:
            return self._request(seed.path, accidents(_fields(seed, chance), chance), "json")
        return self._with_another_head(seed, chance)

    def _media(self, seed: Seed, chance: random.Random) -> bytes:
        other = chance.choice(self._seeds).data if chance.random() < 0.1 else b""
        damaged = accidents(seed.data, chance, other)
        return mended(damaged) if chance.random() < 0.5 else damaged

    def _request(self, path: str, body: bytes, kind: str = "form") -> Request:
        return Request(b"\r\n".join((*self._head(path, len(body), kind), b"", b"")) + body, False)

    def _head(self, path: str, length: int, kind: str) -> list[bytes]:
        types = {"form": f"multipart/form-data; boundary={_BOUNDARY}", "json": "application/json"}
        lines = f"POST {path} HTTP/1.1", *self._lines, f"Content-Type: {types[kind]}"
        return [*(line.encode() for line in lines), f"Content-Length: {length}".encode()]

    def _with_another_head(self, seed: Seed, chance: random.Random) -> Request:
        """Return a request with damage in its line, its type, or its length, or with more lines.

        The key stays, since wrong ones would shut the whole address out; and no length is longer
        than what comes, since such a request is waited for.
        """
        body = seed.form(seed.data)
        head = self._head(seed.path, len(body), chance.choice(("form", "json")))
        how = chance.randrange(5)
        if how == 0:
            head[0] = b"POST " + _in_line(head[0][5:-9], chance) + b" HTTP/1.1"
        elif how == 1:
            head[3] = b"Content-Type: " + _in_line(head[3][14:], chance)
        elif how == 2:
            head[4] = f"Content-Length: {chance.randrange(len(body))}".encode()
        elif how == 3:
            names = (b"Transfer-Encoding", b"Content-Length", b"Host", b"X", b"Expect", b"Cookie")
            value = chance.choice((b"chunked", b"0", b"", b"x" * 9000, chance.randbytes(20)))
            head.append(chance.choice(names) + b": " + value)
        else:
            head.append(_in_line(b"Accept-Encoding: gzip, deflate", chance))
        return Request(b"\r\n".join((*head, b"", b"")) + body, True)


def seeds() -> list[Seed]:
    """Return requests that are right: pictures and clips of each format, for each route."""
    plain = made_up.made_up_picture(size=(SIDE, SIDE))
    pictures = [
        _picture(plain, "JPEG"),
        _picture(plain, "JPEG", progressive=True),
        _picture(plain, "PNG"),
        _picture(plain, "WEBP"),
        _picture(plain, "WEBP", lossless=True),
    ]
    clips = [_clip("a.mp4", "vp09"), _clip("a.webm", "VP80"), _clip("b.webm", "VP90")]
    return [
        *(Seed(IMAGE, "image", "images", one) for one in pictures for _ in range(2)),
        *(Seed(VIDEO, "video", "video", one) for one in clips for _ in range(2)),
        *(Seed(VIDEO, "frame", "frames", one) for one in pictures),
        *(Seed(METRICS, "image", "image", one) for one in pictures),
        # Without a name and consent: damage makes no calibration of them.
        *(Seed(CALIBRATIONS, "frame", "frames", one) for one in pictures),
    ]


def accidents(data: bytes, chance: random.Random, other: bytes = b"") -> bytes:
    """Return data after a few accidents; near its begin as often as anywhere.

    Args:
        data: What is damaged.
        chance: Chooses.
        other: What may be spliced in; the data itself if empty.
    """
    for _ in range(chance.choice((1, 2, 4, 8, 16))):
        near = min(len(data), chance.choice((32, 256, _MOST_BYTES)))
        at, length = chance.randrange(near + 1), chance.choice((1, 2, 4, 8, 40, 200))
        data = chance.choice(_ACCIDENTS)(data, other or data, at, length, chance)[:_MOST_BYTES]
    return data


def mended(data: bytes) -> bytes:
    """Return a PNG or a WebP with right checksums and lengths, so that the damage is decoded."""
    if data[:4] == b"RIFF":
        return data[:4] + max(0, len(data) - 8).to_bytes(4, "little") + data[8:]
    if not data.startswith(b"\x89PNG"):
        return data
    whole, at = bytearray(data), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        whole[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(whole[: len(data)])


def _flipped(data: bytes, _: bytes, at: int, __: int, chance: random.Random) -> bytes:
    flipped = bytes(byte ^ (1 << chance.randrange(8)) for byte in data[at : at + 1])
    return data[:at] + flipped + data[at + 1 :]


def _overwritten(data: bytes, _: bytes, at: int, __: int, chance: random.Random) -> bytes:
    """Put a number of the kind that lengths and sides are over some bytes."""
    width = chance.choice(_WIDTHS)
    number: int = chance.choice(_NUMBERS) % 256**width
    order: Literal["big", "little"] = chance.choice(("big", "little"))
    return data[:at] + number.to_bytes(width, order) + data[at + width :]


def _cut(data: bytes, _: bytes, at: int, __: int, ___: random.Random) -> bytes:
    return data[: at + 1]


def _dropped(data: bytes, _: bytes, at: int, length: int, __: random.Random) -> bytes:
    return data[:at] + data[at + length :]


def _repeated(data: bytes, _: bytes, at: int, length: int, chance: random.Random) -> bytes:
    return data[:at] + data[at : at + length] * chance.randint(2, 100) + data[at + length :]


def _spliced(data: bytes, other: bytes, at: int, length: int, chance: random.Random) -> bytes:
    start = chance.randrange(len(other) + 1)
    return data[:at] + other[start : start + length] + data[at + chance.choice((0, length)) :]


def _inserted(data: bytes, _: bytes, at: int, length: int, chance: random.Random) -> bytes:
    return data[:at] + chance.randbytes(length) + data[at:]


_Accident = Callable[[bytes, bytes, int, int, random.Random], bytes]
_ACCIDENTS: Sequence[_Accident] = (
    *(_flipped, _flipped, _overwritten, _overwritten),
    *(_cut, _dropped, _repeated, _spliced, _inserted),
)


def _fields(seed: Seed, chance: random.Random) -> bytes:
    """Return a body of JSON with fields beside its media, or with short media."""
    body = json.loads(seed.json(chance.choice((seed.data, b"\xff\xd8\xff", b""))))
    more: dict[str, list[object]] = {
        "tests": [["quality"], ["nope"], "quality", []],
        "operating_point": ["default", 7],
        "calibration": ["nothing", {}],
        "faces": ["all", "largest", None],
        "rate": [0, 25.0, 1e308],
    }
    for name in chance.sample(sorted(more), chance.randrange(3)):
        body[name] = chance.choice(more[name])
    return json.dumps(body).encode()


def _in_line(line: bytes, chance: random.Random) -> bytes:
    """Return a line of a head after accidents, still without the end of a line."""
    return accidents(line, chance).replace(b"\r", b"").replace(b"\n", b"")


def _picture(image: NDArray[np.uint8], kind: str, **options: bool) -> bytes:
    data = io.BytesIO()
    Image.fromarray(image).save(data, kind, **options)
    return data.getvalue()


def _clip(name: str, codec: str) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10.0, (SIDE, SIDE))
        for grey in (90, 110):
            writer.write(np.full((SIDE, SIDE, 3), grey, np.uint8))
        writer.release()
        return path.read_bytes()
