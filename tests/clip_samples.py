"""Small clips of every kind that is read: written by OpenCV or Pillow, or edited by hand."""

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from facepad.types import RgbImage

Change = Callable[[bytes], bytes]

COUNT, STEP = 12, 20  # frames of a clip, and grey levels from one to the next
SIZE = (64, 48)
RATE = 25.0
CODECS = {
    ".avi": "MJPG",
    ".m4v": "mp4v",
    ".mjpeg": "MJPG",
    ".mkv": "FFV1",
    ".mov": "mp4v",
    ".mp4": "mp4v",
    ".mpg": "PIM1",
    ".webm": "VP80",
}


def pictures(count: int = COUNT, size: tuple[int, int] = SIZE) -> list[RgbImage]:
    """Frames whose red tells their number; the left edge is blue."""
    frames = np.zeros((count, size[1], size[0], 3), np.uint8)
    frames[..., 0] = (np.arange(count) % COUNT * STEP)[:, None, None]
    frames[:, :, : size[0] // 4] = (0, 0, 255)
    return list(frames)


def write_clip(
    path: Path, images: Sequence[RgbImage] = (), *, codec: str = "", rate: float = RATE
) -> Path:
    """Write a clip in the format of the suffix; the codec is the usual one by default."""
    images = images or pictures()
    if path.suffix == ".gif":
        first, *others = (Image.fromarray(image) for image in images)
        first.save(path, save_all=True, append_images=others, duration=1000.0 / rate, loop=0)
        return path
    if path.suffix == ".y4m":
        path.write_bytes(_y4m(images, rate))
        return path
    height, width = images[0].shape[:2]
    code = cv2.VideoWriter.fourcc(*(codec or CODECS[path.suffix]))
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, rate, (width, height))
    for image in images:
        writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def _y4m(images: Sequence[RgbImage], rate: float) -> bytes:
    height, width = images[0].shape[:2]
    head = f"YUV4MPEG2 W{width} H{height} F{round(rate)}:1 Ip A1:1 C420jpeg\n".encode()
    planes = (cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).tobytes() for image in images)
    return head + b"".join(b"FRAME\n" + plane for plane in planes)


def every_kind(folder: Path) -> dict[str, bytes]:
    """A small clip of every kind that is read, by its name."""
    clips = {
        f"clip{suffix}": write_clip(folder / f"clip{suffix}", pictures(6, (32, 24))).read_bytes()
        for suffix in (*CODECS, ".gif", ".y4m")
    }
    return {
        **clips,
        "fragments.mp4": in_fragments(clips["clip.mp4"]),
        "recorded.webm": as_recorded(clips["clip.webm"]),
        "two.mp4": of_two_tracks(clips["clip.mp4"], clips["clip.mp4"]),
    }


# --- boxes of MP4 ---------------------------------------------------------------------------


def box(name: str, *content: bytes) -> bytes:
    """One box."""
    data = b"".join(content)
    return struct.pack(">I", len(data) + 8) + name.encode() + data


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of each box."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8].decode("latin-1"), data[at + 8 : at + size]
        at += size


def content(data: bytes, *path: str) -> bytes:
    """The content of a box within boxes."""
    for name in path:
        data = next(inner for found, inner in boxes(data) if found == name)
    return data


def edited(data: bytes, path: Sequence[str], new: bytes | None, *, more: bytes = b"") -> bytes:
    """An MP4 file with other content in one box, or without it, and more behind it."""
    name, *rest = path
    parts = []
    for found, inner in boxes(data):
        if found != name:
            parts.append(box(found, inner))
        elif rest:
            parts.append(box(found, edited(inner, rest, new, more=more)))
        else:
            parts += [box(found, new)] if new is not None else []
            parts.append(more)
    return b"".join(parts)


TRACK = ("moov", "trak")
TABLE = (*TRACK, "mdia", "minf", "stbl")


def with_matrix(mp4: bytes, a: float, b: float, c: float, d: float) -> bytes:
    """An MP4 file that is shown through a matrix."""
    head = content(mp4, *TRACK, "tkhd")
    numbers = [round(value * 0x10000) for value in (a, b, 0, c, d, 0, 0, 0, 0)]
    numbers[8] = 0x40000000
    return edited(mp4, (*TRACK, "tkhd"), head[:40] + struct.pack(">9i", *numbers) + head[76:])


def with_steps(mp4: bytes, steps: Sequence[int]) -> bytes:
    """An MP4 file whose frames last so many units of time each; all of them are shown."""
    mp4 = edited(mp4, (*TRACK, "edts"), None)
    table = b"".join(struct.pack(">II", 1, step) for step in steps)
    return edited(mp4, (*TABLE, "stts"), struct.pack(">II", 0, len(steps)) + table)


def timescale(mp4: bytes) -> int:
    """How many units of time of the track a second has."""
    return int.from_bytes(content(mp4, *TRACK, "mdia", "mdhd")[12:16], "big")


def in_fragments(mp4: bytes, each: int = 4) -> bytes:
    """The frames of an MP4 file in fragments of a few; its header states none of them."""
    sizes = np.frombuffer(content(mp4, *TABLE, "stsz")[12:], ">u4").tolist()
    step = int.from_bytes(content(mp4, *TABLE, "stts")[12:16], "big")
    mdat, header = content(mp4, "mdat"), mp4
    for name, length in {"stts": 8, "stsc": 8, "stsz": 12, "stco": 8}.items():
        header = edited(header, (*TABLE, name), bytes(length))
    header = edited(edited(header, (*TABLE, "stss"), None), (*TRACK, "edts"), None)
    trex = box("trex", struct.pack(">6I", 0, 1, 1, step, 0, 0))
    header = edited(header, TRACK, content(header, *TRACK), more=box("mvex", trex))
    parts = [box("ftyp", content(header, "ftyp")), box("moov", content(header, "moov"))]
    at = 0
    for number, first in enumerate(range(0, len(sizes), each)):
        run = sizes[first : first + each]
        moof = _fragment(number, first * step, run, 0)
        moof = _fragment(number, first * step, run, len(moof) + 8)
        parts += [moof, box("mdat", mdat[at : at + sum(run)])]
        at += sum(run)
    return b"".join(parts)


def _fragment(number: int, time: int, sizes: Sequence[int], offset: int) -> bytes:
    flags, first_flags = 0x205, 0x02000000  # where data begins, of the first picture, sizes
    run = struct.pack(">IIiI", flags, len(sizes), offset, first_flags)
    return box(
        "moof",
        box("mfhd", struct.pack(">II", 0, number + 1)),
        box(
            "traf",
            box("tfhd", struct.pack(">III", 0x020020, 1, 0x01010000)),
            box("tfdt", struct.pack(">II", 0, time)),
            box("trun", run, *(struct.pack(">I", size) for size in sizes)),
        ),
    )


def of_two_tracks(first: bytes, second: bytes) -> bytes:
    """An MP4 file with the track of pictures of another one behind its own."""
    before = first[: first.index(b"moov") - 4]
    moved = len(before) - (second.index(b"mdat") - 4)
    track = content(second, *TRACK)
    places = content(second, *TABLE, "stco")
    offsets = np.frombuffer(places[8:], ">u4") + moved
    track = edited(
        track, ("mdia", "minf", "stbl", "stco"), places[:8] + offsets.astype(">u4").tobytes()
    )
    head = content(second, *TRACK, "tkhd")
    track = edited(track, ("tkhd",), head[:12] + struct.pack(">I", 2) + head[16:])
    mdat = box("mdat", content(second, "mdat"))
    return before + mdat + box("moov", content(first, "moov"), box("trak", track))


# --- elements of Matroska -------------------------------------------------------------------


def element(name: int, *content: bytes) -> bytes:
    """One element, its length in eight bytes."""
    data = b"".join(content)
    head = name.to_bytes((name.bit_length() + 7) // 8, "big")
    return head + (len(data) | 1 << 56).to_bytes(8, "big") + data


def as_recorded(webm: bytes) -> bytes:
    """A WebM file as browsers record it: no duration, segment and clusters without a length."""
    data = bytearray(webm)
    segment = data.index(b"\x18S\x80g") + 4
    data[segment : segment + 8] = _unknown(8)
    duration = data.index(b"D\x89\x88")
    data[duration : duration + 11] = b"\xec\x89" + bytes(9)  # filling
    cluster = data.index(b"\x1fC\xb6u") + 4
    length = 9 - data[cluster].bit_length()
    data[cluster : cluster + length] = _unknown(length)
    cues = data.rfind(b"\x1cS\xbbk")
    return bytes(data[:cues] if cues > 0 else data)


def _unknown(length: int) -> bytes:
    return bytes([0xFF >> length - 1]) + (length - 1) * b"\xff"
