"""Features and targets of distorted tiles of photographs, which BIQI is fitted to."""

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.jobs.files import write_file
from facepad.models.npz import pack
from facepad.models.store import read_arrays
from facepad.opencv import cv2
from facepad.quality.filters import Kernel, as_map, gaussian
from facepad.quality.jpeg_quality import jqi_scores
from facepad.quality.wavelet import biqi_features
from facepad.quality.workspace import Workspace
from facepad.registry import METRIC_ENTRIES
from facepad.training.naturalness import pictures as photographs
from facepad.training.naturalness.distortions import KINDS, Pixels, distorted
from facepad.types import GrayImage

SIDE = 256  # of a tile
REST = 100  # pixels; a last row or column of tiles is added where more than that remains
MOST_TILES = 3  # of one picture, spread evenly; more make the model larger and hardly better
PRISTINE = -1
_RECIPE = 1  # part of the cache's key; raised when tiles or distortions change
_WINDOW = gaussian(11, 1.5)
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_SCALES = tuple(gaussian(taps, taps / 5) for taps in (17, 9, 5, 3))
_EYE_NOISE = 2.0  # variance, in squared gray levels
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Features and targets of tiles.

    Attributes:
        features: Features of BIQI, shape (N, 18).
        jpeg_scores: Second score of `jqi_scores`, shape (N,).
        targets: 0 (pristine) to 100, shape (N,); see `quality_target`.
        kinds: Index in `KINDS`, or ``PRISTINE``; shape (N,).
        pictures: Index of the picture; shape (N,).
    """

    features: NDArray[np.float64]
    jpeg_scores: NDArray[np.float64]
    targets: NDArray[np.float64]
    kinds: NDArray[np.int64]
    pictures: NDArray[np.int64]

    def part(self, rows: NDArray[np.bool_]) -> "Tiles":
        """Return some of the tiles."""
        return Tiles(*(getattr(self, name)[rows] for name in self.__slots__))

    @classmethod
    def joined(cls, parts: list[Self]) -> "Tiles":
        """Return the tiles of several pictures, numbered in their order."""
        numbers = [np.full(len(part.kinds), number) for number, part in enumerate(parts)]
        columns = [[getattr(part, name) for part in parts] for name in cls.__slots__[:-1]]
        return Tiles(*(np.concatenate(column) for column in (*columns, numbers)))


def measured(path: Path, name: str, cache: Path) -> Tiles:
    """Distort and measure the tiles of a picture, or read them from the cache.

    Args:
        path: The picture.
        name: Its name in its set; the random seed.
        cache: Folder of the cache.
    """
    key = f"{METRIC_ENTRIES['biqi'].version} {_RECIPE} {name}".encode()
    file = cache / f"{hashlib.sha256(key + path.read_bytes()).hexdigest()[:32]}.npz"
    if file.is_file():
        return Tiles(**read_arrays(file))
    found = measure(photographs.rounded(photographs.read(path)), name)
    content = pack({field: getattr(found, field) for field in Tiles.__slots__})
    write_file(file, content, error=ModelError)
    return found


def measure(pixels: Pixels, name: str) -> Tiles:
    """Distort and measure some tiles of gray pixels; a picture smaller than a tile gives none.

    Args:
        pixels: Shape (H, W).
        name: The random seed.
    """
    workspace = Workspace()
    rows = []
    for top, left in _chosen(corners(pixels.shape)):
        tile = np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])
        generator = np.random.default_rng([zlib.crc32(name.encode()), top, left])
        for kind, changed in ((PRISTINE, tile), *distorted(tile, KINDS, generator)):
            features = biqi_features(changed.astype(np.float32), workspace)
            target = 0.0 if kind == PRISTINE else quality_target(tile, changed)
            rows.append((*features, jqi_scores(changed)[1], target, kind))
    table = np.array(rows, np.float64).reshape(len(rows), -1) if rows else np.zeros((0, 21))
    kinds = table[:, -1].astype(np.int64)
    return Tiles(table[:, :-3], table[:, -3], table[:, -2], kinds, np.zeros_like(kinds))


def corners(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the upper left corners (row, column) of the grid of tiles."""
    rows, columns = (_starts(length) for length in shape)
    return [(row, column) for row in rows for column in columns]


def _starts(length: int) -> list[int]:
    starts = list(range(0, length - SIDE + 1, SIDE))
    if starts and length - SIDE - starts[-1] > REST:
        starts.append(length - SIDE)
    return starts


def _chosen(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    many = min(MOST_TILES, len(found))
    places = np.linspace(0, len(found) - 1, many).round().astype(int)
    return [found[place] for place in places]


def quality_target(tile: NDArray[np.uint8], distorted: NDArray[np.uint8]) -> float:
    """Return the target of a distorted tile: 50 (2 - VIF - SSIM), each clipped to 0..1.

    Returns:
        0 for the tile itself, 100 when nothing of it is left.
    """
    pair = tile.astype(np.float32), distorted.astype(np.float32)
    similarities = [min(1.0, max(0.0, measure(*pair))) for measure in (information, similarity)]
    return 50 * (2 - sum(similarities))


def similarity(one: GrayImage, other: GrayImage) -> float:
    """Return the SSIM of two pictures of the same shape, at least 11x11.

    Reference:
        Wang, Bovik, Sheikh, Simoncelli (2004), IEEE TIP 13(4).
    """
    a, b = _inside(one, _WINDOW), _inside(other, _WINDOW)
    covariance = _inside(one * other, _WINDOW) - a * b
    variances = _inside(one * one + other * other, _WINDOW) - a * a - b * b
    top = (2 * a * b + _C1) * (2 * covariance + _C2)
    return float(np.mean(top / ((a * a + b * b + _C1) * (variances + _C2)), dtype=np.float64))


def information(one: GrayImage, other: GrayImage) -> float:
    """Return the VIF (pixel domain, four scales) of two pictures of one shape.

    It is 1 if the first is flat.

    Reference:
        Sheikh, Bovik (2006), IEEE TIP 15(2).
    """
    shared = total = 0.0
    for scale, window in enumerate(_SCALES):
        if scale:
            one, other = (np.ascontiguousarray(_inside(x, window)[::2, ::2]) for x in (one, other))
        a, b = _inside(one, window), _inside(other, window)
        variance = np.maximum(_inside(one * one, window) - a * a, 0)
        other_variance = np.maximum(_inside(other * other, window) - b * b, 0)
        covariance = _inside(one * other, window) - a * b
        gain = np.maximum(covariance / np.maximum(variance, _LEAST), 0)
        rest = np.maximum(other_variance - gain * covariance, 0)
        shared += float(np.log1p(gain**2 * variance / (rest + _EYE_NOISE)).sum(dtype=np.float64))
        total += float(np.log1p(variance / _EYE_NOISE).sum(dtype=np.float64))
    return shared / total if total > _LEAST else 1.0


def _inside(picture: GrayImage, window: Kernel) -> GrayImage:
    """Return weighted means where the window is inside the picture."""
    reach = len(window) // 2
    means = as_map(cv2.sepFilter2D(picture.astype(np.float64), cv2.CV_64F, window, window))
    return means[reach : means.shape[0] - reach, reach : means.shape[1] - reach]
