"""Targets of the reconstruction: the crop of a face and the depth of what is in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.faces import crops
from facepad.liveness.voxel.volume import GRID, MARGIN, SIDE, centred
from facepad.meshes.render import Vertices
from facepad.opencv import cv2
from facepad.simulate.heads.face_model import FaceModel
from facepad.simulate.heads.fitting import fit
from facepad.training.reconstruct.renders import surface_depth
from facepad.types import Frame, RgbImage

_LEAST = 0.05  # share of the grid with a surface, below which a target is of no use
_HALF = 0.5  # share of a voxel's pixels that must see the surface

Depth = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A crop and the depth of its surface.

    Attributes:
        crop: RGB uint8, shape (SIDE, SIDE, 3).
        depth: As `facepad.liveness.voxel.volume.Volume.depth`; NaN where there is no surface.
    """

    crop: RgbImage
    depth: Depth


@dataclass(frozen=True, slots=True)
class CropPlace:
    """Where the crop of a face lies in its picture: left, top and side in pixels."""

    left: int
    top: int
    side: int

    @property
    def scale(self) -> float:
        """Pixels of the crop for each pixel of the picture."""
        return SIDE / self.side

    def points(self, points: Vertices) -> Vertices:
        """Return points of the picture in the crop; depth is scaled, too."""
        flat = (points[:, :2] + 0.5 - [self.left, self.top]) * self.scale - 0.5
        return np.asarray(np.column_stack([flat, points[:, 2] * self.scale]), np.float32)

    def depth(self, picture: Depth) -> Depth:
        """Return the part of a picture's depth map in the crop, shape (SIDE, SIDE)."""
        at = self.left + (np.arange(SIDE) + 0.5) / self.scale - 0.5
        down = self.top + (np.arange(SIDE) + 0.5) / self.scale - 0.5
        x, y = np.rint(at).astype(int), np.rint(down).astype(int)
        lines, columns = picture.shape
        inside = ((y >= 0) & (y < lines))[:, None] & ((x >= 0) & (x < columns))
        taken = picture[np.clip(y, 0, lines - 1)[:, None], np.clip(x, 0, columns - 1)]
        return np.where(inside, taken * self.scale, np.nan).astype(np.float32)


def crop_place(frame: Frame) -> CropPlace | None:
    """Return the place of the crop; None without a face, or where it must be turned first."""
    if frame.face is None or crops.levelled(frame) is not frame:
        return None
    return CropPlace(*crops.square(frame.image, frame.face.box, MARGIN))


def target(frame: Frame, picture: Depth) -> Target | None:
    """Return the target of a picture with a known depth map.

    Args:
        frame: Searched for faces.
        picture: Depth in pixels of the picture, shape (H, W); NaN where nothing is described.
    """
    place = crop_place(frame)
    return None if place is None else _target(frame, place.depth(picture))


def bona_fide_target(model: FaceModel, frame: Frame) -> Target | None:
    """Return the target of a real face: the face model fitted to its landmarks."""
    place = crop_place(frame)
    if place is None or frame.face is None or frame.face.landmarks is None:
        return None
    vertices = fit(model, frame.face.landmarks).vertices(model)
    return _target(frame, surface_depth(model, place.points(vertices), SIDE))


def on_grid(depth: Depth) -> Depth:
    """Return a depth map of the crop on the grid of a volume, centred."""
    step = SIDE // GRID
    parts = depth.reshape(GRID, step, GRID, step).transpose(0, 2, 1, 3).reshape(GRID, GRID, -1)
    known = np.isfinite(parts)
    count = known.sum(axis=-1)
    mean = np.where(known, parts, 0.0).sum(axis=-1) / np.maximum(count, 1)
    present = count >= _HALF * step**2
    middle = centred(np.asarray(mean, np.float32), present)
    return np.where(present, middle, np.nan).astype(np.float32)


def _target(frame: Frame, depth: Depth) -> Target | None:
    grid = on_grid(depth)
    if np.isfinite(grid).mean() < _LEAST or frame.face is None:
        return None
    return Target(crops.crop(frame.image, frame.face.box, MARGIN, SIDE), grid)


def colour_mapped(depth: Depth) -> RgbImage:
    """Return a depth map as a picture, near parts bright; black where there is no surface."""
    near = np.nan_to_num(0.5 - depth / (2.0 * 64.0), nan=0.0)
    grey = np.asarray(np.clip(near, 0.0, 1.0) * 255.0, np.uint8)
    return np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS)[..., ::-1], np.uint8)
