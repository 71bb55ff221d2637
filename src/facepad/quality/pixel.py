"""Full-reference metrics of pixels: how far a picture is from its own blurred copy.

Symbols: I the gray picture, I' its blurred copy, D = I - I', n the number of pixels.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.quality.filters import REPLICATE, as_map
from facepad.quality.picture import Picture
from facepad.types import GrayImage

MAX_DB = 100.0  # stands in for infinity, so that a classifier can use the value
ROUNDING = 1e-9  # mean square in gray levels; below it two pictures count as equal
WHITE = 255.0
LARGEST = 10  # how many differences `r_averaged_maximum_difference` averages

Rows = NDArray[np.float64]


def mean_squared_error(picture: Picture) -> float:
    """Mean of D squared.

    Returns:
        Gray levels squared, at least 0; lower means more alike.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    mean = picture.once(_sums).difference / picture.size
    return mean if mean >= ROUNDING else 0.0


def peak_signal_to_noise_ratio(picture: Picture) -> float:
    """Ratio of the largest possible signal to what the blur took away.

    Returns:
        Decibels, at most ``MAX_DB``; higher means more alike.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    error = mean_squared_error(picture)
    return min(MAX_DB, 10 * math.log10(WHITE**2 / error)) if error > 0 else MAX_DB


def signal_to_noise_ratio(picture: Picture) -> float:
    """Ratio of the picture's own energy to what the blur took away.

    Returns:
        Decibels, at most ``MAX_DB``; higher means more alike. 0 if only I is black.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    error = mean_squared_error(picture) * picture.size
    if error == 0:
        return MAX_DB
    energy = picture.once(_sums).picture
    return min(MAX_DB, 10 * math.log10(energy / error)) if energy > 0 else 0.0


def structural_content(picture: Picture) -> float:
    """Energy of the picture over that of its blurred copy.

    Returns:
        At least 1, because the blur averages; nearer to 1 means more alike.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    sums = picture.once(_sums)
    return sums.picture / sums.blurred if sums.blurred > 0 else 1.0


def maximum_difference(picture: Picture) -> float:
    """Largest of ``abs(D)``.

    Returns:
        Gray levels in [0, 255]; lower means more alike.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    return float(picture.once(_largest)[-1])


def average_difference(picture: Picture) -> float:
    """Mean of D, with its sign. The blur keeps the mean, so rounding is all that is left.

    Returns:
        Gray levels, within 0.0001 of 0.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    return float(cv2.sumElems(picture.difference)[0]) / picture.size


def normalised_absolute_error(picture: Picture) -> float:
    """Sum of ``abs(D)`` over the sum of I.

    Returns:
        At least 0; lower means more alike. 0 for a black picture.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    total = float(cv2.sumElems(picture.gray)[0])
    return cv2.norm(picture.difference, cv2.NORM_L1) / total if total > 0 else 0.0


def r_averaged_maximum_difference(picture: Picture) -> float:
    """Mean of the ``LARGEST`` largest ``abs(D)``, or of all in a smaller picture.

    Returns:
        Gray levels in [0, 255]; lower means more alike.

    Reference:
        Avcibas, Sankur, Sayood (2002), J. Electronic Imaging 11(2).
    """
    return float(picture.once(_largest).mean(dtype=np.float64))


def laplacian_mean_squared_error(picture: Picture) -> float:
    """Energy of the 4-neighbour Laplacian of D over that of I, on interior pixels.

    Returns:
        At least 0; lower means more alike. 0 if a side is below 3 pixels or I is flat.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    if min(picture.shape) < 3:
        return 0.0
    out = picture.workspace.map("a", picture.shape)
    whole = _laplacian_energy(picture.gray, out)
    return _laplacian_energy(picture.difference, out) / whole if whole > 0 else 0.0


def normalised_cross_correlation(picture: Picture) -> float:
    """Sum of I times I' over the sum of I squared.

    Returns:
        In [0, 1], about 1; nearer to 1 means more alike. 1 for a black picture.

    Reference:
        Eskicioglu, Fisher (1995), IEEE Trans. Commun. 43(12).
    """
    sums = picture.once(_sums)
    error = mean_squared_error(picture) * picture.size
    return 1 - (sums.energy_lost + error) / 2 / sums.picture if sums.picture > 0 else 1.0


def mean_angle_similarity(picture: Picture) -> float:
    """How small the angle is between each row of the picture and of its blurred copy.

    Rows are vectors: the angle between two gray values alone would always be 0.

    Returns:
        In [0, 1]; higher means more alike.

    Reference:
        Avcibas, Sankur, Sayood (2002), J. Electronic Imaging 11(2).
    """
    return 1 - float(picture.once(_angles).mean())


def mean_angle_magnitude_similarity(picture: Picture) -> float:
    """Mean over rows of one minus (angle similarity times magnitude similarity).

    Returns:
        In [0, 1]; lower means more alike, in spite of the name in the literature.

    Reference:
        Avcibas, Sankur, Sayood (2002), J. Electronic Imaging 11(2).
    """
    distance = np.sqrt(picture.once(_sums).rows_difference / picture.shape[1]) / WHITE
    return float((1 - (1 - picture.once(_angles)) * (1 - distance)).mean())


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of squares by row: of I, of D, and |I|^2 - |I'|^2 without cancellation."""

    rows_picture: Rows
    rows_difference: Rows
    rows_energy_lost: Rows

    @property
    def rows_blurred(self) -> Rows:
        return np.maximum(self.rows_picture - self.rows_energy_lost, 0)

    @property
    def picture(self) -> float:
        return float(self.rows_picture.sum())

    @property
    def difference(self) -> float:
        return float(self.rows_difference.sum())

    @property
    def energy_lost(self) -> float:
        return float(self.rows_energy_lost.sum())

    @property
    def blurred(self) -> float:
        return float(self.rows_blurred.sum())


def _sums(picture: Picture) -> _Sums:
    gray, difference = picture.gray, picture.difference
    squares = _row_products(difference, difference)
    lost = 2 * _row_products(gray, difference) - squares  # D (2I - D) = I^2 - I'^2
    return _Sums(_row_products(gray, gray), squares, lost)


def _row_products(a: GrayImage, b: GrayImage) -> Rows:
    return np.asarray(np.einsum("ij,ij->i", a, b), np.float64)


def _largest(picture: Picture) -> GrayImage:
    """The ``LARGEST`` largest ``abs(D)``; the last one is the largest of all.

    They lie in the ``LARGEST`` rows with the largest maxima.
    """
    absolute = np.absolute(picture.difference, out=picture.workspace.map("a", picture.shape))
    count = min(LARGEST, picture.size)
    rows = min(LARGEST, picture.shape[0])
    best = np.argpartition(absolute.max(axis=1), picture.shape[0] - rows)[-rows:]
    return np.sort(np.partition(absolute[best].ravel(), -count)[-count:])


def _laplacian_energy(image: GrayImage, out: GrayImage) -> float:
    laplacian = as_map(cv2.Laplacian(image, cv2.CV_32F, dst=out, ksize=1, borderType=REPLICATE))
    return float(cv2.norm(laplacian[1:-1, 1:-1], cv2.NORM_L2SQR))


def _angles(picture: Picture) -> Rows:
    """Angle between the rows of I and I' as a share of the right angle, in [0, 1].

    sin^2(angle / 2) is used: the arc cosine of a number just below 1 has no digits left.
    """
    sums = picture.once(_sums)
    a, b = np.sqrt(sums.rows_picture), np.sqrt(sums.rows_blurred)
    known = (a > 0) & (b > 0)
    a, b = np.where(known, a, 1), np.where(known, b, 1)
    square = (sums.rows_difference - (sums.rows_energy_lost / (a + b)) ** 2) / (4 * a * b)
    half = np.arcsin(np.sqrt(np.clip(np.where(known, square, 0), 0, 1)))
    return np.asarray(half * (4 / np.pi), dtype=np.float64)
