"""Full-reference metrics of local structure: what the blur did to patterns, not to pixels.

Both work on local means and (co)variances under a Gaussian window. The pictures are moved
by `MID` first: a variance as mean of squares minus squared mean keeps more digits then.
"""

import cv2
import numpy as np

from facepad.quality.context import Picture
from facepad.quality.filters import Kernel, as_map, gaussian, separable
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

MID = np.float32(128)
SSIM_TAPS, SSIM_SIGMA = 11, 1.5
C1 = np.float32((0.01 * 255) ** 2)
C2 = np.float32((0.03 * 255) ** 2)
VIF_WINDOWS = tuple(gaussian(taps, taps / 5) for taps in (17, 9, 5, 3))  # finest scale first
EYE_NOISE = np.float32(2)  # variance of the noise that the eye adds, in gray levels squared
LEAST_VARIANCE = np.float32(1e-6)
LEAST_INFORMATION = 1e-6


def structural_similarity(picture: Picture) -> float:
    """Luminance, contrast and structure of picture and copy compared in every window.

    The window is Gaussian with 11 taps (in a smaller picture as many as fit), and only
    places where it lies inside the picture count.

    Returns:
        In [-1, 1]; higher means more alike.

    Reference:
        Wang, Bovik, Sheikh, Simoncelli (2004), IEEE TIP 13(4).
    """
    taps = min(SSIM_TAPS, *picture.shape)
    window = gaussian(taps - (taps % 2 == 0), SSIM_SIGMA)
    scratch = [picture.workspace.map(name, picture.shape) for name in "abcdef"]
    x = np.subtract(picture.gray, MID, out=scratch[0])
    y = np.subtract(picture.blurred, MID, out=scratch[1])
    mean_xy = separable(np.multiply(x, y, out=scratch[2]), window, scratch[3])
    mean_x, mean_y = separable(x, window, scratch[4]), separable(y, window, scratch[5])
    np.multiply(x, x, out=x)
    np.multiply(y, y, out=y)
    x += y
    mean_squares = separable(x, window, scratch[2])
    similarity = _similarity((mean_x, mean_y, mean_xy, mean_squares), x)
    return _sum_inside(similarity, window) / _count_inside(picture.shape, window)


def _similarity(
    means: tuple[GrayImage, GrayImage, GrayImage, GrayImage], out: GrayImage
) -> GrayImage:
    """Similarity of every window from its means of x, y, x y and x^2 + y^2.

    Overwrites all maps.
    """
    a, b, covariance, variances = means
    covariance -= np.multiply(a, b, out=out)
    variances -= np.multiply(a, a, out=out)
    variances -= np.multiply(b, b, out=out)
    a += MID
    b += MID
    np.multiply(a, b, out=out)
    out += out
    out += C1  # 2 a b + C1
    np.multiply(a, a, out=a)
    np.multiply(b, b, out=b)
    a += b
    a += C1  # a^2 + b^2 + C1
    covariance += covariance
    covariance += C2
    variances += C2
    out *= covariance
    a *= variances
    out /= a
    return out


def _sum_inside(image: GrayImage, window: Kernel) -> float:
    """Sum over the places where the window lies inside the picture.

    Maps are computed everywhere and cut here: numpy is three times slower on cut ones.
    """
    r = window.size // 2
    height, width = image.shape
    return float(cv2.sumElems(image[r : height - r, r : width - r])[0])


def _count_inside(shape: tuple[int, int], window: Kernel) -> int:
    return (shape[0] - window.size + 1) * (shape[1] - window.size + 1)


def visual_information_fidelity(picture: Picture) -> float:
    """Information that the copy keeps of the picture, over what the picture holds.

    Pixel domain, four scales.

    Returns:
        In [0, about 1]; higher means more alike. 1 for a flat picture, and for one in
        which no window fits.

    Reference:
        Sheikh, Bovik (2006), IEEE TIP 15(2).
    """
    workspace = picture.workspace
    image = np.subtract(picture.gray, MID, out=workspace.map("image", picture.shape))
    difference = picture.difference
    kept = held = 0.0
    for scale, window in enumerate(VIF_WINDOWS):
        if scale > 0:
            if min(image.shape) < window.size:
                break
            image = _halve(image, window, f"image {scale}", workspace)
            difference = _halve(difference, window, f"difference {scale}", workspace)
        if min(image.shape) >= window.size:
            information = _information(image, difference, window, workspace)
            kept, held = kept + information[0], held + information[1]
    return kept / held if held > LEAST_INFORMATION else 1.0


def _halve(image: GrayImage, window: Kernel, name: str, workspace: Workspace) -> GrayImage:
    """Filter, then keep every second row and column of what lies inside."""
    smooth = separable(image, window, workspace.map("a", image.shape))
    r = window.size // 2
    kept = smooth[r : image.shape[0] - r : 2, r : image.shape[1] - r : 2]
    out = workspace.map(name, kept.shape)
    np.copyto(out, kept)
    return out


def _information(
    image: GrayImage, difference: GrayImage, window: Kernel, workspace: Workspace
) -> tuple[float, float]:
    """Information in the copy and in the picture at one scale, in nats.

    With v = var(I), c = cov(I, D), d = var(D): gain g = 1 - c / v, rest s = d - c^2 / v.
    """
    product, a, b, v, c, d, rest = (workspace.map(name, image.shape) for name in "abcdefg")
    separable(image, window, a)
    separable(difference, window, b)
    separable(np.multiply(image, image, out=product), window, v)
    separable(np.multiply(image, difference, out=product), window, c)
    separable(np.multiply(difference, difference, out=product), window, d)
    v -= np.multiply(a, a, out=product)
    c -= np.multiply(a, b, out=product)
    d -= np.multiply(b, b, out=product)
    np.maximum(v, 0, out=v)
    np.maximum(d, 0, out=d)
    gain, rest = _channel(v, c, d, (a, rest, b))
    np.multiply(gain, gain, out=gain)
    gain *= v
    rest += EYE_NOISE
    gain /= rest
    v *= 1 / EYE_NOISE
    kept = _sum_inside(_log1p(gain, product), window)
    return kept, _sum_inside(_log1p(v, product), window)


def _channel(
    v: GrayImage, c: GrayImage, d: GrayImage, scratch: tuple[GrayImage, GrayImage, GrayImage]
) -> tuple[GrayImage, GrayImage]:
    """Gain and variance of the rest; a negative gain counts as none. Overwrites scratch."""
    gain, s, divisor = scratch
    np.maximum(v, LEAST_VARIANCE, out=divisor)
    np.divide(c, divisor, out=gain)
    np.multiply(c, gain, out=s)
    np.subtract(d, s, out=s)
    np.maximum(s, 0, out=s)
    np.subtract(1, gain, out=gain)
    if cv2.minMaxLoc(gain)[0] < 0:
        opposite = gain < 0
        whole = np.maximum(v - 2 * c + d, 0)  # var(I')
        np.copyto(s, whole, where=opposite)
        np.maximum(gain, 0, out=gain)
    return gain, s


def _log1p(x: GrayImage, out: GrayImage) -> GrayImage:
    x += np.float32(1)
    return as_map(cv2.log(x, dst=out))
