"""The volume of a face: which share of each voxel lies behind the visible surface."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.faces import crops
from facepad.types import Frame, RgbImage

SIDE = 192  # pixels of the crop
MARGIN = 1.9  # side of the crop over that of the face's box: head, hair and what is around them
GRID = 64  # voxels across and down, 3 crop pixels each
SLICES = 64  # voxels in depth; the first is nearest to the camera
DEPTH_PITCH = 2.0  # crop pixels that a slice is thick
CENTRE_RADIUS = 0.25 * SIDE  # crop pixels; the mean depth of this disc about the middle is zero
_SHAPE = (SLICES, GRID, GRID)

Occupancy = NDArray[np.float32]  # shape (SLICES, GRID, GRID), in [0, 1]
DepthMap = NDArray[np.float32]  # shape (GRID, GRID), crop pixels away from the camera
Present = NDArray[np.bool_]  # shape (GRID, GRID)


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """The solid from a visible surface to the back of the volume, in a levelled face crop.

    Attributes:
        occupancy: Share of each voxel behind the surface, shape (SLICES, GRID, GRID): depth away
            from the camera, lines, columns. In [0, 1], never falling with the depth, and 0
            in every slice where there is no surface.

    Raises:
        InputError: The occupancy has another type or shape.

    Example:
        >>> flat = np.zeros((GRID, GRID), np.float32)
        >>> float(Volume(solid(flat, flat == 0)).depth[10, 20])
        0.0
    """

    occupancy: Occupancy

    def __post_init__(self) -> None:
        got = self.occupancy
        if got.dtype != np.float32 or got.shape != _SHAPE:
            raise InputError(f"an occupancy is float32 {_SHAPE}, got {got.dtype} {got.shape}")

    @property
    def present(self) -> Present:
        """Whether there is a surface, shape (GRID, GRID)."""
        return np.asarray(self.occupancy[-1] > 0.5, np.bool_)

    @property
    def depth(self) -> DepthMap:
        """Depth of the surface, shape (GRID, GRID), crop pixels; NaN where there is none.

        0 is the middle of the volume, between the slices 31 and 32; larger is further away. The
        last slice holds how certain a network is of a surface; the depth does not depend on it.
        """
        certain = np.maximum(self.occupancy[-1], 0.5)  # below that there is no surface
        slices = SLICES / 2 - self.occupancy.sum(axis=0, dtype=np.float32) / certain
        return np.where(self.present, slices * DEPTH_PITCH, np.nan).astype(np.float32)


def solid(depth: DepthMap, present: Present) -> Occupancy:
    """Return the occupancy of the solid behind a surface: the inverse of `Volume.depth`.

    Args:
        depth: Depth of the surface, crop pixels from the middle of the volume, shape
            (GRID, GRID); ignored where there is no surface.
        present: Whether there is a surface, same shape.

    Returns:
        Shares of voxels; the one that the surface passes through is partly filled. Surfaces in
        front of the volume, or in its last slice and behind, are moved to its ends.
    """
    start = np.where(present, depth, 0.0) / DEPTH_PITCH + SLICES / 2
    start = np.clip(start, 0.0, SLICES - 1.0).astype(np.float32)
    ends = np.arange(1, SLICES + 1, dtype=np.float32)[:, None, None]
    return np.asarray(np.clip(ends - start, 0.0, 1.0) * present, np.float32)


def centred(depth: DepthMap, present: Present) -> DepthMap:
    """Return a depth map whose mean within `CENTRE_RADIUS` of the middle is zero.

    Where no surface is near the middle, the mean of the whole surface becomes zero; a map
    without a surface is returned as it is.
    """
    away = (np.arange(GRID) + 0.5) * (SIDE / GRID) - SIDE / 2
    disc = present & (np.hypot(away[:, None], away) <= CENTRE_RADIUS)
    counted = disc if disc.any() else present
    return np.asarray(depth - depth[counted].mean() if counted.any() else depth, np.float32)


def crop_of(frame: Frame) -> RgbImage:
    """Return the levelled crop that a volume belongs to, RGB uint8, shape (SIDE, SIDE, 3).

    Args:
        frame: A frame that was searched for faces.

    Raises:
        InputError: The frame has no face.
    """
    level = crops.levelled(frame)
    if level.face is None:
        raise InputError("a volume needs a frame with a face, got one without")
    return crops.crop(level.image, level.face.box, MARGIN, SIDE)
