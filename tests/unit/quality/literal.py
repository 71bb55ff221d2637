"""The metrics that no library has, once more: slow, float64, word by word as they are defined.

Written from the definitions, not from the code; meant for small pictures.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]


def at(image: Map, y: int, x: int) -> float:
    """A pixel; outside the picture the nearest one inside."""
    height, width = image.shape
    return float(image[min(max(y, 0), height - 1), min(max(x, 0), width - 1)])


def each(image: Map, value: Callable[[int, int], float]) -> Map:
    height, width = image.shape
    return np.array([[value(y, x) for x in range(width)] for y in range(height)])


def blur(image: Map) -> Map:
    weights = np.exp(-np.array([1.0, 0.0, 1.0]) / (2 * 0.5**2))
    weights /= weights.sum()
    rows = each(image, lambda y, x: sum(weights[k + 1] * at(image, y, x + k) for k in (-1, 0, 1)))
    return each(rows, lambda y, x: sum(weights[k + 1] * at(rows, y + k, x) for k in (-1, 0, 1)))


def ramd(image: Map) -> float:
    largest = sorted(np.abs(image - blur(image)).ravel(), reverse=True)[:10]
    return float(sum(largest) / len(largest))


def lmse(image: Map) -> float:
    def energy(a: Map) -> float:
        interior = [
            (a[y - 1, x] + a[y + 1, x] + a[y, x - 1] + a[y, x + 1] - 4 * a[y, x]) ** 2
            for y in range(1, a.shape[0] - 1)
            for x in range(1, a.shape[1] - 1)
        ]
        return float(sum(interior))

    whole = energy(image)
    return energy(image - blur(image)) / whole if whole > 0 else 0.0


def angles(image: Map) -> list[float]:
    def angle(a: Map, b: Map) -> float:
        lengths = np.sqrt(a @ a) * np.sqrt(b @ b)
        if lengths == 0:
            return 0.0
        area = float(np.sqrt(max(0.0, float((a @ a) * (b @ b) - (a @ b) ** 2))))
        return float(np.arctan2(area, float(a @ b)) / (np.pi / 2))

    return [angle(a, b) for a, b in zip(image, blur(image), strict=True)]


def mas(image: Map) -> float:
    return 1 - sum(angles(image)) / len(image)


def mams(image: Map) -> float:
    rows = zip(angles(image), image - blur(image), strict=True)
    longest = 255 * np.sqrt(image.shape[1])
    parts = [1 - (1 - alpha) * (1 - np.sqrt(d @ d) / longest) for alpha, d in rows]
    return float(sum(parts) / len(parts))


def gradient(image: Map) -> tuple[Map, Map]:
    def along_x(y: int, x: int) -> float:
        rows = ((-1, 1), (0, 2), (1, 1))
        return sum(w * (at(image, y + k, x + 1) - at(image, y + k, x - 1)) for k, w in rows) / 8

    def along_y(y: int, x: int) -> float:
        columns = ((-1, 1), (0, 2), (1, 1))
        return sum(w * (at(image, y + 1, x + k) - at(image, y - 1, x + k)) for k, w in columns) / 8

    return each(image, along_x), each(image, along_y)


def squared_gradient(image: Map) -> Map:
    gx, gy = gradient(image)
    return gx**2 + gy**2


def ted(image: Map) -> float:
    own, copy = squared_gradient(image), squared_gradient(blur(image))
    return float(np.mean((own > 4 * own.mean()) != (copy > 4 * copy.mean())))


def around(image: Map, y: int, x: int) -> list[float]:
    return [at(image, y + j, x + i) for j in (-1, 0, 1) for i in (-1, 0, 1)]


def corner_response(image: Map) -> Map:
    gx, gy = gradient(image)

    def response(y: int, x: int) -> float:
        a, b, c = (sum(around(m, y, x)) for m in (gx * gx, gy * gy, gx * gy))
        return a * b - c * c - 0.04 * (a + b) ** 2

    return each(image, response)


def tcd(image: Map) -> float:
    own, copy = corner_response(image), corner_response(blur(image))
    threshold = max(0.01 * own.max(), 1e-6)

    def count(response: Map) -> int:
        corner = each(
            response,
            lambda y, x: (
                response[y, x] > threshold and response[y, x] >= max(around(response, y, x))
            ),
        )
        return int(corner.sum())

    a, b = count(own), count(copy)
    return abs(a - b) / max(a, b) if max(a, b) else 0.0


def gme(image: Map) -> float:
    own, copy = squared_gradient(image), squared_gradient(blur(image))
    return float(np.mean((np.sqrt(own) - np.sqrt(copy)) ** 2))


def gpe(image: Map) -> float:
    (gx, gy), (hx, hy) = gradient(image), gradient(blur(image))
    difference = np.arctan2(gy, gx) - np.arctan2(hy, hx)
    wrapped = (difference + np.pi) % (2 * np.pi) - np.pi
    known = (gx**2 + gy**2) * (hx**2 + hy**2) > 1e-6
    return float(np.mean(np.where(known, wrapped, 0) ** 2))


def fourier(image: Map) -> NDArray[np.complex128]:
    """The orthonormal transform, as a product with its two matrices."""

    def matrix(n: int) -> NDArray[np.complex128]:
        k = np.arange(n)
        return np.asarray(np.exp(-2j * np.pi * np.outer(k, k) / n) / np.sqrt(n))

    height, width = image.shape
    return np.asarray(matrix(height) @ image @ matrix(width))


def sme(image: Map) -> float:
    return float(np.mean((abs(fourier(image)) - abs(fourier(blur(image)))) ** 2))


def spe(image: Map) -> float:
    own, copy = fourier(image), fourier(blur(image))
    rest = abs(own)
    rest[0, 0] = 0
    known = abs(own) * abs(copy) > 1e-6 + 1e-12 * rest.max() ** 2
    known[0, 0] = False
    difference = np.angle(own) - np.angle(copy)
    wrapped = (difference + np.pi) % (2 * np.pi) - np.pi
    return float(np.mean(np.where(known, wrapped, 0) ** 2))


def hlfi(image: Map) -> float:
    size = abs(fourier(image))
    height, width = image.shape
    low = high = 0.0
    for y in range(height):
        for x in range(width):
            ky, kx = min(y, height - y), min(x, width - x)  # size of the signed frequency
            is_low = ky <= 15 * height // 100, kx <= 15 * width // 100
            low += size[y, x] * all(is_low)
            high += size[y, x] * (not any(is_low))
    return float((low - high) / size.sum()) if size.sum() > 0 else 1.0


METRICS: dict[str, Callable[[Map], float]] = {
    f.__name__: f for f in (ramd, lmse, mas, mams, ted, tcd, sme, spe, gme, gpe, hlfi)
}
