"""The one thing needed from EXIF: which way up the picture is.

Reference: EXIF 2.32 (CIPA DC-008), tag 0x0112.
"""

from typing import Literal

_ORIENTATION = 0x0112
_SHORT, _LONG = 3, 4
_MAX_ENTRIES = 1000


def orientation(exif: bytes) -> int:
    r"""The orientation that an EXIF block asks for.

    Damaged or missing EXIF is common and harmless, so it means "upright", never an error.

    Args:
        exif: The block, with or without the leading ``Exif\0\0``.

    Returns:
        1 to 8; 1 is upright.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order: Literal["little", "big"]
    if exif[:4] == b"II*\0":
        order = "little"
    elif exif[:4] == b"MM\0*":
        order = "big"
    else:
        return 1
    start = int.from_bytes(exif[4:8], order)
    entries = int.from_bytes(exif[start : start + 2], order)
    for number in range(min(entries, _MAX_ENTRIES)):
        entry = exif[start + 2 + 12 * number : start + 14 + 12 * number]
        if int.from_bytes(entry[:2], order) == _ORIENTATION:
            return _value(entry, order)
    return 1


def _value(entry: bytes, order: Literal["little", "big"]) -> int:
    kind = int.from_bytes(entry[2:4], order)
    width = {_SHORT: 2, _LONG: 4}.get(kind, 0)
    value = int.from_bytes(entry[8 : 8 + width], order)
    return value if 1 <= value <= 8 else 1
