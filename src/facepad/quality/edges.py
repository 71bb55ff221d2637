"""Full-reference metrics of edges and corners, on the gradients of picture and copy.

Symbols: g = gx + i gy the gradient of the picture, g' that of its blurred copy: 3x3 Sobel
over 8. Maps hold 8 g, which is quicker to get; the factor is a power of 2, so no digit changes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.quality.bands import RowBand, bands
from facepad.quality.filters import REPLICATE, as_map
from facepad.quality.picture import Picture
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

EDGE = 4.0  # a squared gradient counts as an edge above this many times the mean one
NO_PHASE = 1e-6  # of |g|^2 |g'|^2; below it the direction of a gradient is rounding noise
HARRIS = 0.04  # weight of the squared trace; the usual choice for Harris corners
CORNER = 0.01  # a corner's response exceeds this share of the picture's largest
NO_CORNER = 1e-6  # lowest threshold of a response, so that rounding noise is no corner
SCALE = 8  # of the gradients in all maps

Mask = NDArray[np.bool_]

_ONES = np.ones(3, np.float32)
_NEIGHBOURS = np.ones((3, 3), np.uint8)


def total_edge_difference(picture: Picture) -> float:
    """Share of pixels that are an edge in only one of picture and copy.

    Returns:
        In [0, 1]; lower means more alike.

    Reference:
        Martini, Hewage, Villarini (2012), Signal Process. Image Commun. 27(8).
    """
    return picture.once(_compare).edges


def total_corner_difference(picture: Picture) -> float:
    """Difference between the numbers of Harris corners over the larger number.

    The threshold is the picture's for both, else a blur would hide its own effect.

    Returns:
        In [0, 1]; lower means more alike. 0 where there is no corner.

    Reference:
        Martini, Hewage, Villarini (2012), Signal Process. Image Commun. 27(8).
    """
    return picture.once(_compare).corners


def gradient_magnitude_error(picture: Picture) -> float:
    """Mean of ``(|g| - |g'|)^2``.

    Returns:
        Gray levels squared, at least 0; lower means more alike.

    Reference:
        Liu, Lin, Narwaria (2012), IEEE TIP 21(4).
    """
    return picture.once(_compare).magnitude


def gradient_phase_error(picture: Picture) -> float:
    """Mean square of the angle between g and g'; 0 counts where there is no gradient.

    Returns:
        Radians squared in [0, pi^2]; lower means more alike.

    Reference:
        Liu, Lin, Narwaria (2012), IEEE TIP 21(4).
    """
    return picture.once(_compare).phase


@dataclass(frozen=True, slots=True)
class _Comparison:
    edges: float
    corners: float
    magnitude: float
    phase: float


@dataclass(frozen=True, slots=True)
class _Gradient:
    """Maps of one image: 8 gx, 8 gy and 64 |g|^2."""

    x: GrayImage
    y: GrayImage
    squared: GrayImage


def _compare(picture: Picture) -> _Comparison:
    workspace, shape, count = picture.workspace, picture.shape, picture.size
    squared, corners = workspace.maps("ef", shape), workspace.maps("gh", shape)
    magnitude = phase = 0.0
    for band in bands(shape, halo=2):  # one row for the gradient, one for sums of its products
        both = [
            _gradient(image[band.source], band, (a[band.result], b[band.result]), workspace, names)
            for image, a, b, names in zip(
                (picture.gray, picture.blurred), squared, corners, ("ij", "kl"), strict=True
            )
        ]
        phase += _phase(both[0], both[1], workspace)
        magnitude += _magnitude(both[0], both[1], workspace)
    threshold = max(CORNER * float(corners[0].max()), NO_CORNER * SCALE**4)
    own, copy = (_count_corners(response, threshold, workspace) for response in corners)
    return _Comparison(
        edges=_count_unlike_edges(squared[0], squared[1], workspace) / count,
        corners=abs(own - copy) / max(own, copy, 1),
        magnitude=magnitude / SCALE**2 / count,
        phase=phase / count,
    )


def _gradient(
    image: GrayImage,
    band: RowBand,
    out: tuple[GrayImage, GrayImage],
    workspace: Workspace,
    names: str,
) -> _Gradient:
    """The gradient in the band's inner rows; its square and the corner response go to ``out``."""
    squared, corners = out
    x, y = workspace.maps(names, image.shape)
    cv2.Sobel(image, cv2.CV_32F, 1, 0, dst=x, borderType=REPLICATE)
    cv2.Sobel(image, cv2.CV_32F, 0, 1, dst=y, borderType=REPLICATE)
    xx, yy, xy, spare = workspace.maps("abcd", image.shape)
    np.multiply(x, x, out=xx)
    np.multiply(y, y, out=yy)
    np.multiply(x, y, out=xy)
    np.add(xx[band.inner], yy[band.inner], out=squared)
    sums = _box(xx, spare), _box(yy, xx), _box(xy, yy)
    _harris(*(total[band.inner] for total in sums), out=corners)
    return _Gradient(x[band.inner], y[band.inner], squared)


def _box(image: GrayImage, out: GrayImage) -> GrayImage:
    """Sum over the 3x3 neighbourhood."""
    return as_map(cv2.sepFilter2D(image, cv2.CV_32F, _ONES, _ONES, dst=out, borderType=REPLICATE))


def _harris(xx: GrayImage, yy: GrayImage, xy: GrayImage, *, out: GrayImage) -> GrayImage:
    """Corner response from the three sums, whose maps are overwritten."""
    np.multiply(xx, yy, out=out)
    np.multiply(xy, xy, out=xy)
    out -= xy
    xx += yy
    np.multiply(xx, xx, out=xx)
    xx *= np.float32(HARRIS)
    out -= xx
    return out


def _count_unlike_edges(own: GrayImage, copy: GrayImage, workspace: Workspace) -> int:
    """Pixels that are an edge by only one of the two squared gradients."""
    masks: list[Mask] = [workspace.array(name, own.shape, np.bool_) for name in "ab"]
    for squared, mask in zip((own, copy), masks, strict=True):
        mean = cv2.sumElems(squared)[0] / squared.size
        np.greater(squared, np.float32(EDGE * mean), out=mask)
    return int(np.count_nonzero(np.logical_xor(masks[0], masks[1], out=masks[0])))


def _count_corners(response: GrayImage, threshold: float, workspace: Workspace) -> int:
    around = workspace.map("a", response.shape)
    cv2.dilate(response, _NEIGHBOURS, dst=around, borderType=REPLICATE)
    peak, high = (workspace.array(name, around.shape, np.bool_) for name in "ab")
    np.greater_equal(response, around, out=peak)
    np.greater(response, np.float32(threshold), out=high)
    return int(np.count_nonzero(np.logical_and(peak, high, out=peak)))


def _phase(own: _Gradient, copy: _Gradient, workspace: Workspace) -> float:
    """Sum of the squared angles between the two gradients."""
    a, b, cross, dot = workspace.maps("abcd", own.x.shape)
    np.subtract(np.multiply(own.x, copy.y, out=a), np.multiply(own.y, copy.x, out=b), out=cross)
    np.add(np.multiply(own.x, copy.x, out=a), np.multiply(own.y, copy.y, out=b), out=dot)
    angle = np.arctan2(cross, dot, out=cross)
    strength = np.multiply(own.squared, copy.squared, out=a)
    _, known = cv2.threshold(strength, NO_PHASE * SCALE**4, 1, cv2.THRESH_BINARY, dst=b)
    angle *= known
    return float(cv2.norm(angle, cv2.NORM_L2SQR))


def _magnitude(own: _Gradient, copy: _Gradient, workspace: Workspace) -> float:
    """Sum of the squared differences of the two magnitudes."""
    a, b = (
        as_map(cv2.sqrt(g.squared, dst=workspace.map(name, g.squared.shape)))
        for g, name in ((own, "a"), (copy, "b"))
    )
    return float(cv2.norm(a, b, cv2.NORM_L2SQR))
