"""Child process of the fuzz test: reads damaged pictures or clips until one does harm.

Usage: ``python fuzz_reading.py COUNT SEED FOLDER [full|clips]``. With ``full`` the default limits
hold, else small ones, under which a lying header costs little time and memory. Before each
read the file is written to ``FOLDER/current.bin``, so that it is at hand after a crash of the
decoder. The last line of the output is ``READ REFUSED``, two numbers.
"""

import faulthandler
import sys
import time
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from clip_samples import every_kind
from facepad import media
from facepad.errors import InputError
from facepad.media.limits import VideoLimits
from facepad.media.video import read_video
from media_samples import heic, valid_pictures

SECONDS = 5.0  # for one tiny file
LONGEST = 100_000
SMALL = media.Limits(max_bytes=LONGEST, max_pixels=250_000, max_side=2_000)
NUMBERS = (0, 1, 2, 3, 7, 8, 15, 16, 127, 128, 255, 256, 2_000, 32_767, 65_535, 2**31, 2**32 - 1)
PICTURES = (*valid_pictures().values(), heic(1))
SMALL_CLIPS = VideoLimits(max_bytes=LONGEST, max_frames=100, picture=SMALL)


@st.composite
def damaged(draw: st.DrawFn, valid: Sequence[bytes] = PICTURES) -> bytes:
    """A valid file after one to four accidents, checksums mended or not."""
    data: bytes = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(1, 4))):
        data = accident(draw, data, valid)[:LONGEST]
    return mend(data) if draw(st.booleans()) else data


def accident(draw: st.DrawFn, data: bytes, valid: Sequence[bytes]) -> bytes:
    """Flip, overwrite, cut, drop, repeat or splice in a few bytes."""
    near = min(len(data), draw(st.sampled_from([32, 128, LONGEST])))  # headers more often
    start = draw(st.integers(0, near))
    stop = min(len(data), start + draw(st.sampled_from([1, 2, 4, 8, 12, 40, 200])))
    what = draw(st.sampled_from(["flip", "number", "cut", "drop", "repeat", "splice"]))
    if what == "flip":
        bit = 1 << draw(st.integers(0, 7))
        flipped = bytes(byte ^ bit for byte in data[start : start + 1])
        return data[:start] + flipped + data[start + 1 :]
    if what == "number":
        width = draw(st.sampled_from([1, 2, 4]))
        value: int = draw(st.sampled_from(NUMBERS)) % 256**width
        number = value.to_bytes(width, "little")
        return data[:start] + number[:: draw(st.sampled_from([1, -1]))] + data[start + width :]
    if what == "cut":
        return data[:start]
    if what == "drop":
        return data[:start] + data[stop:]
    if what == "repeat":
        return data[:start] + data[start:stop] * draw(st.integers(2, 200)) + data[stop:]
    other: bytes = draw(st.sampled_from(valid))
    at = draw(st.integers(0, len(other)))
    return data[:start] + other[at : at + (stop - start)] + data[stop:]


def mend(data: bytes) -> bytes:
    """Make checksums and lengths right again, so that the damage gets past them."""
    if data[:4] == b"RIFF":
        return data[:4] + max(0, len(data) - 8).to_bytes(4, "little") + data[8:]
    if not data.startswith(b"\x89PNG"):
        return data
    mended, at = bytearray(data), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        mended[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(mended[: len(data)])


def check(data: bytes, limits: media.Limits) -> bool:
    """Whether the data is read as a picture; anything but an `InputError` escapes."""
    start = time.monotonic()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            image = media.read(data, limits=limits).image
        except InputError as error:
            image = None
            if not str(error).isprintable():
                raise AssertionError(f"cannot be printed: {error!r}") from error
    if warned:
        raise AssertionError(f"a warning: {warned[0].message}")
    if time.monotonic() - start > SECONDS:
        raise AssertionError("too slow")
    if image is not None and (image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3):
        raise AssertionError(f"no RGB picture: {image.dtype} {image.shape}")
    return image is not None


def check_clip(path: Path) -> bool:
    """Whether a file is read as a clip; anything but an `InputError` escapes."""
    start = time.monotonic()
    try:
        frames = list(read_video(path, limits=SMALL_CLIPS))
    except InputError as error:
        frames = []
        if not str(error).isprintable():
            raise AssertionError(f"cannot be printed: {error!r}") from error
    if time.monotonic() - start > SECONDS:
        raise AssertionError("too slow")
    return bool(frames)


def main(count: int, number: int, folder: Path, what: str) -> None:
    """Read ``count`` damaged files."""
    results: list[bool] = []
    limits = media.Limits() if what == "full" else SMALL
    valid = tuple(every_kind(folder).values()) if what == "clips" else PICTURES

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(valid))
    def run(data: bytes) -> None:
        faulthandler.dump_traceback_later(60, exit=True)
        path = folder / "current.bin"
        path.write_bytes(data)
        results.append(check_clip(path) if what == "clips" else check(data, limits))

    run()
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.write(f"{sum(results)} {len(results) - sum(results)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), "".join(sys.argv[4:]))
