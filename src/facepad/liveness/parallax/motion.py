"""How points of a face moved between two pictures: as a plane, bent or not, or with a relief.

The points move by a polynomial of second degree in x and y, which takes in what any plane does
near enough (a homography), and a sheet that bends. What is left over in proportion to the depth
of the points is parallax: of a head that turns by an angle, the sine of the angle; of a plane, 0.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.liveness.parallax.tracking import ORIGIN, REACH, Tracks

FEWEST = 40  # points that are needed
_ROUNDS = 6  # of reweighting
_HUBER = 1.5  # residuals, in deviations, from which a point counts less
_TO_DEVIATION = 1.4826  # of a median absolute residual
_MIDDLE = 0.35  # of the face below the eyes, where it grows from when it comes closer
_LEAST = 1e-4  # of the size of the face; a smaller deviation is that of arithmetic

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Motion:
    """How a face moved between two pictures.

    Attributes:
        relief: Displacement for each unit of depth, 0 or above; the sine of the angle that a head
            turned by.
        relief_error: Standard error of ``relief``.
        swelling: Growth for each unit of depth, relative to that of the face: what is further
            away grows less when the face comes closer. Above 0 away from the camera; 0 for a plane.
        swelling_error: Standard error of ``swelling``.
        keystone: How much wider the face became for each unit of its width by perspective, 0 or
            above, as far as a turned plane explains it; in distances between outer eye corners.
        residual: Deviation of the points from the model, in the same unit.
        share: Share of the points that were followed.
    """

    relief: float
    relief_error: float
    swelling: float
    swelling_error: float
    keystone: float
    residual: float
    share: float


def motion(tracks: Tracks) -> Motion | None:
    """Fit the motion of a face; None with too few points.

    Args:
        tracks: Points of one picture, followed to another.
    """
    if len(tracks.before) < FEWEST:
        return None
    place, moved = ((points - ORIGIN) / REACH for points in (tracks.before, tracks.after))
    terms = _terms(place, tracks.depth)
    weights = np.ones(len(place))
    fitted = np.zeros(terms.shape[1])
    inverse: NDArray[np.floating] = np.eye(len(fitted))
    spread = _LEAST
    for _ in range(_ROUNDS):
        weighted = terms * np.tile(weights**2, 2)[:, None]
        inverse = np.linalg.pinv(terms.T @ weighted, hermitian=True)
        fitted = inverse @ (weighted.T @ moved.T.ravel())
        rest = (moved.T.ravel() - terms @ fitted).reshape(2, -1)
        away = np.hypot(rest[0], rest[1])
        spread = max(float(_TO_DEVIATION * np.median(away)), _LEAST)
        weights = np.sqrt(np.minimum(1.0, _HUBER * spread / np.maximum(away, 1e-12)))
    errors = spread * np.sqrt(np.maximum(np.diag(inverse), 0.0))
    return Motion(
        relief=float(np.hypot(fitted[12], fitted[13])),
        relief_error=float(np.hypot(errors[12], errors[13])),
        swelling=float(fitted[14]),
        swelling_error=float(errors[14]),
        keystone=_keystone(fitted[:6], fitted[6:12]),
        residual=spread,
        share=len(place) / tracks.asked,
    )


def _terms(place: Floats, depth: Floats) -> Floats:
    """Return what the motion is made of, shape (2 N, 15): x of all points, then y."""
    x, y = place.T
    plane = np.column_stack([np.ones(len(x)), x, y, x * x, x * y, y * y])
    none, zero = np.zeros_like(plane), np.zeros(len(x))
    across = np.column_stack([plane, none, depth, zero, x * depth])
    down = np.column_stack([none, plane, zero, depth, (y - _MIDDLE) * depth])
    return np.concatenate([across, down])


def _keystone(across: Floats, down: Floats) -> float:
    """Return the perspective of a turned plane, less what no plane does.

    A homography near the identity moves x by -x (p x + q y) and y by -y (p x + q y). The terms in
    which x and y disagree, and those that a plane has none of, are its uncertainty.

    Args:
        across: Coefficients of 1, x, y, x², xy, y² in the motion along x.
        down: The same along y.
    """
    pairs = ((-across[3], -down[4]), (-across[4], -down[5]))
    size = np.hypot(*(sum(pair) / 2.0 for pair in pairs))
    apart = [(one - other) / 2.0 for one, other in pairs]
    unsure = np.sqrt(sum(np.square(apart)) + (across[5] ** 2 + down[3] ** 2) / 2.0)
    return max(0.0, float(size - unsure))
