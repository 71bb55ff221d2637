"""Full-reference metrics of local structure: what the blur did to patterns, not to pixels.

Both work on local means and (co)variances under a Gaussian window. The pictures are moved
by `MID` first: a variance as mean of squares minus squared mean keeps more digits then.
"""

from typing import Any

import numpy as np

from facepad.opencv import cv2
from facepad.quality.bands import bands
from facepad.quality.filters import REPLICATE, Kernel, as_map, gaussian, separable, two_passes
from facepad.quality.picture import BLUR, Picture
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

MID = np.float32(128)
SSIM_TAPS, SSIM_SIGMA = 11, 1.5
C1 = np.float32((0.01 * 255) ** 2)
C2 = np.float32((0.03 * 255) ** 2)
VIF_WINDOWS = tuple(gaussian(taps, taps / 5) for taps in (17, 9, 5, 3))  # finest scale first
EYE_NOISE = np.float32(2)  # variance of the noise that the eye adds, in gray levels squared
LEAST_VARIANCE: Any = 1e-6  # in divisions; OpenCV's stubs want an array, numpy's maximum is slow
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
    r = window.size // 2
    loss = 0.0
    for band in bands(picture.shape, halo=r + 1, margin=r):  # one more for the means' blur
        image, difference = picture.gray[band.source], picture.difference[band.source]
        losses = _local_losses(image, difference, window, picture.workspace)
        loss += _sum_inside(losses[band.inner], r)
    return 1 - loss / ((picture.shape[0] - 2 * r) * (picture.shape[1] - 2 * r))


def _local_losses(
    image: GrayImage, difference: GrayImage, window: Kernel, workspace: Workspace
) -> GrayImage:
    """One minus the similarity in every window."""
    x, xy, dd, a, b, spare = workspace.maps("abcdef", image.shape)
    np.subtract(image, MID, out=x)
    np.multiply(x, np.subtract(x, difference, out=xy), out=xy)
    np.multiply(difference, difference, out=dd)
    two_passes(x, window, a, spare)
    separable(a, BLUR, b)  # the two filters may change places: b is the mean of the copy
    mean_xy = two_passes(xy, window, x, spare)
    mean_dd = two_passes(dd, window, xy, spare)
    return _dissimilarity((a, b, mean_xy, mean_dd), dd)


def _dissimilarity(
    means: tuple[GrayImage, GrayImage, GrayImage, GrayImage], out: GrayImage
) -> GrayImage:
    """One minus the similarity of every window, from its means of x, y, x y and (x - y)^2.

    Written with d = x - y, which keeps its digits where x and y are nearly the same:
    similarity = (1 - (a - b)^2 / (a^2 + b^2 + C1)) (1 - var(d) / (2 cov(x, y) + var(d) + C2))

    Overwrites all maps.
    """
    a, b, covariance, variance = means
    covariance -= np.multiply(a, b, out=out)
    shift = np.subtract(a, b, out=out)
    a += b
    a += 2 * MID
    np.multiply(a, a, out=a)  # (a + b)^2 = 2 (a^2 + b^2) - (a - b)^2
    np.multiply(shift, shift, out=shift)
    variance -= shift
    a += shift
    a += 2 * C1
    shift /= a
    shift += shift  # (a - b)^2 / (a^2 + b^2 + C1)
    covariance += covariance
    covariance += variance
    covariance += C2
    variance /= covariance
    np.multiply(shift, variance, out=b)
    shift += variance
    shift -= b
    return shift


def _sum_inside(rows: GrayImage, r: int) -> float:
    """Sum over the columns in which a window of radius ``r`` lies inside the picture.

    Maps are computed everywhere and cut here: numpy is three times slower on cut ones.
    """
    return float(cv2.sumElems(rows[:, r : rows.shape[1] - r])[0])


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
    image = np.subtract(picture.gray, MID, out=workspace.map("h", picture.shape))
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
    """Filter, then keep every second row and column of what lies inside.

    Along columns only the kept rows are computed: even and odd rows meet every second tap.
    """
    r = window.size // 2
    height, width = image.shape
    centres, others = image[r % 2 :: 2], image[1 - r % 2 :: 2]
    same, between = (
        workspace.map(letter, part.shape) for letter, part in (("a", centres), ("b", others))
    )
    taps = window[r % 2 :: 2, np.newaxis], window[1 - r % 2 :: 2, np.newaxis]
    anchor = 0, r // 2  # of the rows between; the others' is in the middle
    cv2.filter2D(centres, cv2.CV_32F, taps[0], dst=same, borderType=REPLICATE)
    cv2.filter2D(others, cv2.CV_32F, taps[1], dst=between, anchor=anchor, borderType=REPLICATE)
    rows = slice(r // 2, r // 2 + len(range(r, height - r, 2)))
    kept = np.add(same[rows], between[rows], out=same[rows])
    smooth = workspace.map("c", kept.shape)
    cv2.filter2D(kept, cv2.CV_32F, window[np.newaxis], dst=smooth, borderType=REPLICATE)
    inside = smooth[:, r : width - r : 2]
    out = workspace.map(name, inside.shape)
    np.copyto(out, inside)
    return out


def _information(
    image: GrayImage, difference: GrayImage, window: Kernel, workspace: Workspace
) -> tuple[float, float]:
    """Information in the copy and in the picture at one scale, in nats."""
    r = window.size // 2
    kept = held = 0.0
    for band in bands((image.shape[0], image.shape[1]), halo=r, margin=r):
        source = image[band.source], difference[band.source]
        kept_map, held_map = _local_information(*source, window, workspace)
        kept += _sum_inside(kept_map[band.inner], r)
        held += _sum_inside(held_map[band.inner], r)
    return kept, held


def _local_information(
    image: GrayImage, difference: GrayImage, window: Kernel, workspace: Workspace
) -> tuple[GrayImage, GrayImage]:
    """Information in the copy and in the picture in every window.

    With v = var(I), c = cov(I, D), d = var(D): gain g = 1 - c / v, rest s = d - c^2 / v.
    """
    product, a, b, v, c, d, spare = workspace.maps("abcdefg", image.shape)
    for x, y, mean in ((image, image, v), (image, difference, c), (difference, difference, d)):
        two_passes(np.multiply(x, y, out=product), window, mean, spare)
    two_passes(image, window, a, spare)
    two_passes(difference, window, b, spare)
    v -= np.multiply(a, a, out=product)
    c -= np.multiply(a, b, out=product)
    d -= np.multiply(b, b, out=product)
    _clamp(v)
    gain, rest = _channel(v, c, d, (a, spare, b))
    np.multiply(gain, gain, out=gain)
    gain *= v
    rest += EYE_NOISE
    gain /= rest
    v *= 1 / EYE_NOISE
    return _log1p(gain, product), _log1p(v, rest)


def _channel(
    v: GrayImage, c: GrayImage, d: GrayImage, scratch: tuple[GrayImage, GrayImage, GrayImage]
) -> tuple[GrayImage, GrayImage]:
    """Gain and variance of the rest; a negative gain counts as none. Overwrites scratch."""
    gain, rest, divisor = scratch
    cv2.max(v, LEAST_VARIANCE, dst=divisor)
    np.divide(c, divisor, out=gain)
    np.multiply(c, gain, out=rest)
    np.subtract(d, rest, out=rest)
    _clamp(rest)
    np.subtract(1, gain, out=gain)
    if gain.min() < 0:
        at = np.flatnonzero(gain < 0)
        vs, cs, ds = (x.ravel()[at] for x in (v, c, d))
        rest.ravel()[at] = np.maximum(vs - 2 * cs + ds, 0)  # var(I')
        _clamp(gain)
    return gain, rest


def _clamp(image: GrayImage) -> None:
    """Set negative values to 0; four times quicker than numpy's maximum."""
    cv2.threshold(image, 0, 0, cv2.THRESH_TOZERO, dst=image)


def _log1p(x: GrayImage, out: GrayImage) -> GrayImage:
    x += np.float32(1)
    return as_map(cv2.log(x, dst=out))
