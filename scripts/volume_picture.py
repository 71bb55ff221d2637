"""Draw docs/images/volumes.jpg: volumes of a portrait and of simulated attacks that show it.

Usage: python scripts/volume_picture.py [FILE]

The portrait is the demo picture in the public domain; a simulated camera takes the person and each
attack. A row: the crop, the depth of its volume (near is bright), and five views all round.
"""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from facepad.faces.finder import FaceFinder
from facepad.liveness.voxel.reconstructor import Reconstructor
from facepad.liveness.voxel.surface import TILE, turntable
from facepad.liveness.voxel.volume import DEPTH_PITCH, SLICES, Volume, crop_of
from facepad.simulate.media.mask import Mask
from facepad.simulate.recipe import apply, draw_recipe
from facepad.sources import read_picture
from facepad.types import Frame, RgbImage

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
OUT = ROOT / "docs" / "images" / "volumes.jpg"
SEED = 11
# Rows: label, kind of the simulation, and what is changed of what was drawn.
ROWS = (("bona fide", "bona_fide", ""), ("print", "print", ""), ("screen", "screen", ""),
        ("paper mask", "mask", "paper"), ("resin mask", "mask", "resin"))  # fmt: skip
LABEL = 26


def main() -> None:
    """Write the picture."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    finder, reconstructor = FaceFinder(), Reconstructor()
    frame = finder.find(Frame(read_picture(PORTRAIT).image))
    rows = []
    for label, kind, material in ROWS:
        rng = np.random.default_rng(SEED)
        situation = draw_recipe("bona_fide", rng)
        recipe = draw_recipe(kind, rng, camera=situation.camera, situation=situation.situation)
        if isinstance(recipe.medium, Mask):
            recipe = replace(recipe, medium=replace(recipe.medium, material=material))
        picture = apply(recipe, frame.image, frame.face)
        seen = finder.find(Frame(picture.image))
        if seen.face is None:
            sys.exit(f"no face in the {label}; change SEED")
        crop = crop_of(seen)
        rows.append(row(label, crop, reconstructor.volumes([crop])[0]))
    cv2.imwrite(str(out), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


def row(label: str, crop: RgbImage, volume: Volume) -> RgbImage:
    """Return one row of the picture."""
    strip = turntable(volume, crop)[TILE:, TILE : 6 * TILE]
    size = (TILE, TILE)
    parts = [cv2.resize(crop, size, interpolation=cv2.INTER_AREA), depth_picture(volume, size)]
    body = np.hstack([*parts, strip])
    head = np.full((LABEL, body.shape[1], 3), 255, np.uint8)
    cv2.putText(head, label, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(np.vstack([head, body]), np.uint8)


def depth_picture(volume: Volume, size: tuple[int, int]) -> RgbImage:
    """Return the depth map in colours, near parts bright, white where there is no surface."""
    near = np.nan_to_num(0.5 - volume.depth / (SLICES * DEPTH_PITCH), nan=0.0)
    grey = np.asarray(np.clip(near, 0.0, 1.0) * 255.0, np.uint8)
    shown = np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS), np.uint8)[..., ::-1].copy()
    shown[~volume.present] = 255
    return np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_NEAREST), np.uint8)


if __name__ == "__main__":
    main()
