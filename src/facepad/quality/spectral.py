"""Metrics of the two-dimensional spectrum.

Symbols: F the orthonormal Fourier transform of the picture, F' that of its blurred copy.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.quality.filters import as_map
from facepad.quality.picture import Picture
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

LOW = 3, 20  # a frequency is low up to 3/20 of the picture's side, along both axes
NO_PHASE = 1e-6  # of |F| |F'|; below it a phase is rounding noise
NO_PHASE_SHARE = 1e-12  # the same as a share of the largest |F|^2


def spectral_magnitude_error(picture: Picture) -> float:
    """Mean of ``(|F| - |F'|)^2``.

    Returns:
        Gray levels squared, at least 0; lower means more alike.

    Reference:
        Nill, Bouzas (1992), Opt. Eng. 31(4).
    """
    return picture.once(_compare).magnitude


def spectral_phase_error(picture: Picture) -> float:
    """Mean square of the angle between F and F'; a frequency that is absent counts 0.

    Returns:
        Radians squared in [0, pi^2]; lower means more alike.

    Reference:
        Nill, Bouzas (1992), Opt. Eng. 31(4).
    """
    return picture.once(_compare).phase


def high_low_frequency_index(picture: Picture) -> float:
    """Magnitudes at low minus those at high frequencies, as a share of all.

    Returns:
        In [-1, 1]; large means smooth. 1 for a flat picture.

    Reference:
        Zhu, Milanfar (2009), QoMEX.
    """
    return picture.once(_compare).high_low


@dataclass(frozen=True, slots=True)
class _Comparison:
    magnitude: float
    phase: float
    high_low: float


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """Half of a real picture's spectrum, not normalised, the zero frequency set to 0.

    Attributes:
        mean: Mean of the picture, which replaces the zero frequency.
        re: Real parts at the column frequencies 1, 2, ..., every row frequency.
        im: Imaginary parts.
        edges: The column frequency 0 and, where the width is even, the highest one;
            row frequencies 0 to H // 2. Complex.
    """

    mean: float
    re: GrayImage
    im: GrayImage
    edges: tuple[NDArray[np.complex128], ...]


def _compare(picture: Picture) -> _Comparison:
    workspace = picture.workspace
    own = _spectrum(picture.gray, workspace, "cd")
    copy = _spectrum(picture.blurred, workspace, "ef")
    a = _magnitude(own, workspace.map("g", own.re.shape))
    b = _magnitude(copy, workspace.map("h", own.re.shape))
    weights = _edge_weights(picture.shape[0])
    edges = tuple(zip(own.edges, copy.edges, strict=True))
    error = 2 * _squared_distance(a, b)
    error += sum(float(weights @ (abs(f) - abs(g)) ** 2) for f, g in edges)
    error += picture.size**2 * (abs(own.mean) - abs(copy.mean)) ** 2
    largest = max([float(abs(f).max()) for f in own.edges] + ([float(a.max())] if a.size else []))
    limit = NO_PHASE * picture.size + NO_PHASE_SHARE * largest**2
    phase = 2 * _phase(own, copy, np.multiply(a, b, out=b), limit, workspace)
    phase += sum(float(weights @ _edge_phase(f, g, limit)) for f, g in edges)
    return _Comparison(
        magnitude=error / picture.size**2,
        phase=phase / picture.size,
        high_low=_high_low(own, a, picture.shape),
    )


def _spectrum(image: GrayImage, workspace: Workspace, names: str) -> _Spectrum:
    height, width = image.shape
    mean = float(cv2.sumElems(image)[0]) / image.size
    centred = np.subtract(image, np.float32(mean), out=workspace.map("a", image.shape))
    packed = as_map(cv2.dft(centred, dst=workspace.map("b", image.shape)))
    pairs = (width - 1) // 2
    re, im = workspace.maps(names, (height, pairs))
    np.copyto(re, packed[:, 1 : 2 * pairs : 2])
    np.copyto(im, packed[:, 2 : 2 * pairs + 1 : 2])
    columns = (0, width - 1) if width % 2 == 0 else (0,)
    edges = [_unpack(packed[:, column]) for column in columns]
    edges[0][0] = 0
    return _Spectrum(mean, re, im, tuple(edges))


def _unpack(column: GrayImage) -> NDArray[np.complex128]:
    """Half a spectrum from OpenCV's packing: Re 0, Re 1, Im 1, ..., Re N/2 for even N."""
    n = column.size
    half = np.zeros(n // 2 + 1, np.complex128)
    half[0] = column[0]
    pairs = (n - 1) // 2
    half[1 : pairs + 1].real = column[1 : 2 * pairs : 2]
    half[1 : pairs + 1].imag = column[2 : 2 * pairs + 1 : 2]
    if n % 2 == 0:
        half[-1] = column[-1]
    return half


def _edge_weights(height: int) -> NDArray[np.float64]:
    """How many times each entry of an unpacked column stands in the whole spectrum."""
    weights = np.full(height // 2 + 1, 2.0)
    weights[0] = 1
    if height % 2 == 0:
        weights[-1] = 1
    return weights


def _magnitude(spectrum: _Spectrum, out: GrayImage) -> GrayImage:
    return as_map(cv2.magnitude(spectrum.re, spectrum.im, magnitude=out)) if out.size else out


def _squared_distance(a: GrayImage, b: GrayImage) -> float:
    return float(cv2.norm(a, b, cv2.NORM_L2SQR)) if a.size else 0.0


def _phase(
    own: _Spectrum, copy: _Spectrum, strength: GrayImage, limit: float, workspace: Workspace
) -> float:
    """Sum of the squared angles over half the spectrum; ``strength`` is |F| |F'|."""
    if not strength.size:
        return 0.0
    a, b, im, re = workspace.maps("abij", own.re.shape)
    np.add(np.multiply(own.re, copy.re, out=a), np.multiply(own.im, copy.im, out=b), out=re)
    np.subtract(np.multiply(own.im, copy.re, out=a), np.multiply(own.re, copy.im, out=b), out=im)
    angle = np.arctan2(im, re, out=im)
    _, known = cv2.threshold(strength, limit, 1, cv2.THRESH_BINARY, dst=a)
    angle *= known
    return float(cv2.norm(angle, cv2.NORM_L2SQR))


def _edge_phase(
    own: NDArray[np.complex128], copy: NDArray[np.complex128], limit: float
) -> NDArray[np.float64]:
    angle = np.angle(own * copy.conj())
    return np.asarray(np.where(abs(own) * abs(copy) > limit, angle, 0) ** 2, dtype=np.float64)


def _high_low(own: _Spectrum, size: GrayImage, shape: tuple[int, int]) -> float:
    ky, kx = (LOW[0] * side // LOW[1] for side in shape)
    weights = _edge_weights(shape[0])
    sizes = [weights * abs(edge) for edge in own.edges]
    zero = shape[0] * shape[1] * abs(own.mean)
    total = zero + 2 * _sum(size) + sum(float(s.sum()) for s in sizes)
    low = zero + float(sizes[0][: ky + 1].sum())
    low += 2 * (_sum(size[: ky + 1, :kx]) + _sum(size[shape[0] - ky :, :kx]))
    high = 2 * _sum(size[ky + 1 : shape[0] - ky, kx:])
    high += sum(float(s[ky + 1 :].sum()) for s in sizes[1:])
    return (low - high) / total if total > 0 else 1.0


def _sum(part: GrayImage) -> float:
    return float(cv2.sumElems(part)[0]) if part.size else 0.0
