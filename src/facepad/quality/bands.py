"""Bands of rows of a picture, so that intermediate maps stay in the processor's caches."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

BAND_PIXELS = 320_000  # about 640x480; smaller bands gain nothing and repeat more rows


@dataclass(frozen=True, slots=True)
class RowBand:
    """Some rows of a picture.

    Attributes:
        result: Rows that this band is responsible for.
        source: ``result`` and the rows around it that filters need, cut at the picture's edges.
        inner: Where ``result`` lies within ``source``.
    """

    result: slice
    source: slice
    inner: slice


def bands(shape: tuple[int, int], halo: int, margin: int = 0) -> Iterator[RowBand]:
    """Split a picture into bands, each row in exactly one.

    Args:
        shape: Height and width of the picture.
        halo: How many rows above and below the filters need.
        margin: Rows at the top and bottom that no band is responsible for.
    """
    height, width = shape
    first, last = margin, height - margin
    count = max(1, round((last - first) * width / BAND_PIXELS))
    edges = [first + (last - first) * i // count for i in range(count + 1)]
    for start, stop in pairwise(edges):
        top, bottom = max(0, start - halo), min(height, stop + halo)
        yield RowBand(slice(start, stop), slice(top, bottom), slice(start - top, stop - top))
