"""Reduced-reference metric of entropies in one sub-band of a steerable pyramid.

The filter tables are those of one sub-band: order 5, second level, fourth angle.
The numbers are Simoncelli's published "sp5" filters (Karasaridis and Simoncelli, ICASSP
1996) as distributed with pyrtools 1.1.1, under this licence:

The MIT License (MIT). Copyright (c) 2016 LabForComputationalVision. Permission is hereby
granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense,
and/or sell copies of the Software, and to permit persons to whom the Software is furnished to
do so, subject to the following conditions: The above copyright notice and this permission
notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS
PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

Matrix products are done row by row of blocks: each is below the size at which BLAS would
start threads, whose spinning slows a busy machine down tenfold.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.quality.filters import MIRROR, Kernel, as_map
from facepad.quality.picture import Picture
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

MIN_SIDE = 16
MID = np.float32(128)
BLOCK = 3  # side of the patches
NOISE = 0.1  # added to every variance, so that flat blocks have a finite entropy
FLAT = 1e-9  # largest eigenvalue up to which a sub-band counts as empty
NEGLIGIBLE = 1e-10  # eigenvalues up to this share of the largest are left out
_AREA = BLOCK * BLOCK

Matrix = NDArray[np.float64]


def reduced_reference_entropic_difference(picture: Picture) -> float:
    """Mean difference between the scaled block entropies of picture and copy.

    Returns:
        At least 0; lower means more alike. 0 if a side is below ``MIN_SIDE``.

    Reference:
        Soundararajan, Bovik (2012), IEEE TIP 21(2).
    """
    if min(picture.shape) < MIN_SIDE:
        return 0.0
    own, copy = (
        scaled_entropies(_sub_band(image, picture.workspace))
        for image in (picture.gray, picture.blurred)
    )
    return float(np.abs(own - copy).mean())


def _sub_band(image: GrayImage, workspace: Workspace) -> GrayImage:
    """The sub-band of an image, at half its size (rounded up)."""
    low, band = workspace.maps("ab", image.shape)
    np.subtract(image, MID, out=band)
    cv2.filter2D(band, cv2.CV_32F, FIRST_LOW, dst=low, borderType=MIRROR)
    half = _low_half(low, workspace)
    out = workspace.map("b", half.shape)
    return as_map(cv2.filter2D(half, cv2.CV_32F, BAND, dst=out, borderType=MIRROR))


def _low_half(image: GrayImage, workspace: Workspace) -> GrayImage:
    """Filter with `LOW` where a row and a column are kept, and only there.

    The kernel falls into four parts, one for each parity of row and column; each part
    meets the pixels of its own parity only, at half the size.
    """
    r = LOW.shape[0] // 2
    height, width = ((side + 1) // 2 for side in image.shape)
    more = (2 * side + 2 * r - own for side, own in zip((height, width), image.shape, strict=True))
    bottom, right = (extra - r for extra in more)  # so that both parities have the same size
    padded = workspace.map("g", (2 * (height + r), 2 * (width + r)))
    cv2.copyMakeBorder(image, r, bottom, r, right, MIRROR, dst=padded)
    half = height + r, width + r
    total, part = workspace.maps("cd", half)
    columns = workspace.maps("ef", (2 * half[0], half[1]))
    cv2.split(padded.reshape(-1, half[1], 2), columns)
    total[:] = 0
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        kernel = LOW[i::2, j::2].copy()
        cv2.filter2D(columns[j][i::2], cv2.CV_32F, kernel, dst=part, anchor=(0, 0))
        total += part
    return total[:height, :width]


def scaled_entropies(band: GrayImage) -> Matrix:
    """log2(1 + s) h of every block: its entropy h, weighted by its own scale s."""
    height, width = (side // BLOCK * BLOCK for side in band.shape)
    y = band[:height, :width].astype(np.float64)
    values, vectors = np.linalg.eigh(_patch_covariance(y))
    kept = np.maximum(values, 0)
    if kept.sum() > 0:
        kept *= values.sum() / kept.sum()
    if kept.max() <= FLAT:
        return np.zeros(height * width // _AREA)
    large = kept > kept.max() * NEGLIGIBLE
    kept, vectors = kept[large], vectors[:, large]
    scale = _block_scales(y, (vectors / np.sqrt(kept * _AREA)).T)
    entropy = np.log2(np.prod(np.multiply.outer(kept, scale) + NOISE, axis=0))
    entropy += kept.size * np.log(2 * np.pi * np.e)
    return np.asarray(np.log2(1 + scale) * entropy, dtype=np.float64)


def _block_scales(y: Matrix, whitening: Matrix) -> Matrix:
    """Squared length of every block after whitening."""
    rows, columns = y.shape[0] // BLOCK, y.shape[1] // BLOCK
    blocks = y.reshape(rows, BLOCK, columns, BLOCK).transpose(0, 1, 3, 2)
    white = np.matmul(whitening, blocks.reshape(rows, _AREA, columns))
    return np.asarray(np.einsum("rij,rij->rj", white, white).ravel(), dtype=np.float64)


def _patch_covariance(y: Matrix) -> Matrix:
    """Population covariance of all overlapping patches, as 9-vectors in row order."""
    height, width = y.shape
    n, m = height - BLOCK + 1, width - BLOCK + 1
    # rows[i, v] is row i from column v on. Three consecutive i are 9 rows of one matrix.
    rows = np.zeros((height + BLOCK - 1, BLOCK, m))
    for v in range(BLOCK):
        rows[:height, v] = y[:, v : v + m]
    step = rows.strides
    nine: NDArray[Any] = as_strided(rows, (height, _AREA, m), (step[0], step[1], step[2]))
    products = np.matmul(rows[:height], nine.transpose(0, 2, 1))  # (height, 3, 9)
    sums = rows.sum(axis=2)
    mean = np.array([sums[u : u + n].sum(axis=0) for u in range(BLOCK)]).ravel() / (n * m)
    moments = np.zeros((_AREA, _AREA))
    for u in range(BLOCK):
        block = slice(u * BLOCK, (u + 1) * BLOCK)
        moments[block, u * BLOCK :] = products[u : u + n].sum(axis=0)[:, : _AREA - u * BLOCK]
        moments[u * BLOCK :, block] = moments[block, u * BLOCK :].T
    return np.asarray(moments / (n * m) - np.outer(mean, mean), dtype=np.float64)


# Both low-pass tables are symmetric in rows, columns and transposition: the upper-left
# octant is enough, row i from column i on.
_LOW0 = (
    (0.00341614, -0.01551246, -0.03848215),
    (0.05586982, 0.1592557),
    (0.40304148,),
)
_LOW = (
    (0.00170808, -0.00489834, -0.00775624, -0.01888864, -0.01924108),
    (-0.01046562, -0.01322234, 0.008212, 0.02005976),
    (0.02793492, 0.06554076, 0.07962786),
    (0.12852666, 0.16339236),
    (0.2019308,),
)
# Rows 1 to 3, left half. The right half mirrors it; row 4 is 0; rows 5 to 7 are minus rows 3 to 1.
_BAND = (
    (-0.00277643, -0.00496194, -0.01026699, -0.01455399),
    (0.00986904, 0.00893064, -0.01189859, -0.02755155),
    (0.01021852, 0.03075356, 0.08226445, 0.11732297),
)


def _from_octant(octant: tuple[tuple[float, ...], ...]) -> Kernel:
    n = len(octant)
    quarter = np.zeros((n, n), np.float32)
    for i, row in enumerate(octant):
        quarter[i, i:] = quarter[i:, i] = row
    return np.pad(quarter, (0, n - 1), mode="reflect")


def _from_quarter(quarter: tuple[tuple[float, ...], ...]) -> Kernel:
    upper = np.pad(np.array(quarter, np.float32), ((0, 0), (0, 3)), mode="reflect")
    return np.concatenate([upper, np.zeros((1, 7), np.float32), -upper[::-1]])


FIRST_LOW = _from_octant(_LOW0)  # 5x5
LOW = _from_octant(_LOW)  # 9x9, before every second row and column is kept
BAND = _from_quarter(_BAND)  # 7x7
