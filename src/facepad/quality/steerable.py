"""Filter tables of one sub-band of a steerable pyramid: order 5, second level, fourth angle.

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
"""

import numpy as np

from facepad.quality.filters import Kernel

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
