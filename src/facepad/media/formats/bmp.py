"""Header of BMP files.

Reference: Microsoft, BITMAPFILEHEADER and BITMAPINFOHEADER.
"""

from facepad.errors import InputError
from facepad.media.formats.header import Header, little, trailing_data_note

# Run lengths let a small file claim a large picture, and are unpacked byte by byte.
MAX_RUN_LENGTH_PIXELS = 4_000_000

_CORE = 12  # the oldest header, with 16 bit sizes
_HEADERS = frozenset({_CORE, 16, 40, 52, 56, 64, 108, 124})
_RUN_LENGTH = frozenset({1, 2})


def accepts(data: bytes) -> bool:
    """Return whether the data begins as BMP does."""
    return data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _HEADERS


def inspect(data: bytes) -> Header:
    """Read the two headers.

    Raises:
        InputError: Cut off, or a large picture that is coded by run lengths.
    """
    if little(data, 14, 4) == _CORE:
        width, height, bits = little(data, 18, 2), little(data, 20, 2), little(data, 24, 2)
        compression = 0
    else:
        width, height, bits = little(data, 18, 4), little(data, 22, 4), little(data, 28, 2)
        height = 2**32 - height if height >= 2**31 else height  # negative: stored top down
        compression = little(data, 30, 4)
    if compression in _RUN_LENGTH:
        if width * height > MAX_RUN_LENGTH_PIXELS:
            raise InputError(
                f"a run-length coded BMP of {width}x{height} pixels; at most "
                f"{MAX_RUN_LENGTH_PIXELS // 1_000_000} megapixels of these are decoded"
            )
        return Header("BMP", width, height, data)
    row = (width * bits + 31) // 32 * 4
    end = little(data, 10, 4) + row * height
    return Header("BMP", width, height, data, notes=trailing_data_note(data[end:]))
