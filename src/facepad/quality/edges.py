"""Full-reference metrics of edges and corners, on the gradients of picture and copy.

Symbols: g = gx + i gy the gradient of the picture, g' that of its blurred copy.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.quality.context import Picture
from facepad.quality.filters import REPLICATE, as_map
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

EDGE = 4.0  # a squared gradient counts as an edge above this many times the mean one
NO_PHASE = 1e-6  # of |g|^2 |g'|^2; below it the direction of a gradient is rounding noise
HARRIS = 0.04  # weight of the squared trace; the usual choice for Harris corners
CORNER = 0.01  # a corner's response exceeds this share of the picture's largest
NO_CORNER = 1e-6  # lowest threshold of a response, so that rounding noise is no corner

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
    """Maps of gx, gy, |g|^2 and of the corner response of one image."""

    x: GrayImage
    y: GrayImage
    squared: GrayImage
    corners: GrayImage


def _compare(picture: Picture) -> _Comparison:
    workspace, count = picture.workspace, picture.size
    own = _gradient(picture.gray, workspace, "own")
    copy = _gradient(picture.blurred, workspace, "copy")
    edges = np.not_equal(_edges(own, workspace, "own"), _edges(copy, workspace, "copy"))
    threshold = max(CORNER * float(own.corners.max()), NO_CORNER)
    a, b = (_count_corners(g.corners, threshold, workspace) for g in (own, copy))
    phase = _phase(own, copy, workspace)  # needs |g|^2, which the magnitudes overwrite
    return _Comparison(
        edges=int(np.count_nonzero(edges)) / count,
        corners=abs(a - b) / max(a, b, 1),
        magnitude=_magnitude(own, copy) / count,
        phase=phase / count,
    )


def _gradient(image: GrayImage, workspace: Workspace, name: str) -> _Gradient:
    def scratch(part: str) -> GrayImage:
        return workspace.map(part, image.shape)

    x, y = (
        as_map(cv2.Sobel(image, cv2.CV_32F, *order, dst=out, scale=1 / 8, borderType=REPLICATE))
        for order, out in (((1, 0), scratch(f"{name} x")), ((0, 1), scratch(f"{name} y")))
    )
    xx = np.multiply(x, x, out=scratch("a"))
    yy = np.multiply(y, y, out=scratch("b"))
    squared = np.add(xx, yy, out=scratch(f"{name} squared"))
    xy = np.multiply(x, y, out=scratch("c"))
    sums = _box(xx, scratch("d")), _box(yy, scratch("a")), _box(xy, scratch("b"))
    return _Gradient(x, y, squared, _harris(*sums, out=scratch(f"{name} corners")))


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


def _edges(gradient: _Gradient, workspace: Workspace, name: str) -> Mask:
    squared = gradient.squared
    threshold = np.float32(EDGE * cv2.sumElems(squared)[0] / squared.size)
    out: Mask = workspace.array(f"{name} edges", squared.shape, np.bool_)
    np.greater(squared, threshold, out=out)
    return out


def _count_corners(response: GrayImage, threshold: float, workspace: Workspace) -> int:
    around = cv2.dilate(
        response, _NEIGHBOURS, dst=workspace.map("a", response.shape), borderType=REPLICATE
    )
    corner = np.greater_equal(response, around)
    corner &= response > np.float32(threshold)
    return int(np.count_nonzero(corner))


def _phase(own: _Gradient, copy: _Gradient, workspace: Workspace) -> float:
    """Sum of the squared angles between the two gradients."""
    a, b, cross, dot = (workspace.map(name, own.x.shape) for name in "abcd")
    np.subtract(np.multiply(own.x, copy.y, out=a), np.multiply(own.y, copy.x, out=b), out=cross)
    np.add(np.multiply(own.x, copy.x, out=a), np.multiply(own.y, copy.y, out=b), out=dot)
    angle = np.arctan2(cross, dot, out=cross)
    strength = np.multiply(own.squared, copy.squared, out=a)
    _, known = cv2.threshold(strength, NO_PHASE, 1, cv2.THRESH_BINARY, dst=b)
    angle *= known
    return float(cv2.norm(angle, cv2.NORM_L2SQR))


def _magnitude(own: _Gradient, copy: _Gradient) -> float:
    """Sum of the squared differences of the two magnitudes; overwrites the squares."""
    a, b = (as_map(cv2.sqrt(g.squared, dst=g.squared)) for g in (own, copy))
    return float(cv2.norm(a, b, cv2.NORM_L2SQR))
