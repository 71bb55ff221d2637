"""Partial recapture: only a part of the frame, with soft edges, shows the medium.

Person, source and background are the same inside and outside of the part, so that only the
medium differs.

Reference:
    The blending follows Shiohara, Yamasaki (2022), Detecting Deepfakes with Self-Blended
    Images, arXiv:2204.08376.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate.camera.camera import SceneRadiance
from facepad.simulate.linear_light import LinearImage, Map, bands, mixed
from facepad.simulate.media import face_regions
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene.stage import LIFE_SIZE, CaptureScene, MediumRender

_LEAST = 1e-3  # light below which colours are not compared


@dataclass(frozen=True, slots=True)
class RecapturedPart:
    """Outline, place and edge of the part; see `parameters` for the fields."""

    shape: str = choice(
        {"face": 0.45, "half": 0.25, "rectangle": 0.3}, "Outline of the part", off="face"
    )
    size: float = uniform(0.7, 1.25, "Size of the part over that of the face", off=1.0)
    direction_deg: float = uniform(0.0, 360.0, "Which half of the face", off=0.0)
    right: float = uniform(-0.5, 0.5, "Offset of a rectangle from the face, face widths", off=0.0)
    down: float = uniform(-0.5, 0.5, "Offset downwards, face heights", off=0.0)
    wide: float = uniform(0.5, 1.8, "Width of a rectangle over that of the face", off=1.0, log=True)
    high: float = uniform(
        0.5, 1.8, "Height of a rectangle over that of the face", off=1.0, log=True
    )
    softness: float = uniform(0.02, 0.25, "Width of the edge over that of the face", off=0.1)
    matched: float = uniform(
        0.6, 1.0, "How far the part's mean colour is brought to that of the rest", off=1.0
    )

    def blend(self, stage: CaptureScene, presented: MediumRender) -> MediumRender:
        """Return bona fide light in which one part comes from an aligned medium."""
        mask = self.mask(stage)
        person, light = stage.bona_fide(), presented.exposed.light
        light *= self._gains(person, light, mask)
        texture = presented.exposed.texture
        if texture is not None:
            texture = mixed(np.float32(1.0), texture, mask)
        exposed = SceneRadiance(mixed(person, light, mask), texture)
        return MediumRender(exposed, mask, presented.placement, presented.width)

    def mask(self, stage: CaptureScene) -> Map:
        """Return the share of each photosite's light that comes from the medium, 0 to 1."""
        placement = stage.situation.placement(stage.picture, stage.size)
        x, y = placement.coordinates(stage.size)
        scale = np.float32(LIFE_SIZE / stage.picture.shape[1])
        middle_x, middle_y, wide, high = face_regions.outline(stage.face, stage.picture)
        lines, columns = stage.picture.shape[:2]
        inside = np.empty_like(x)
        for band in bands(len(x)):
            u = (x[band] / scale + np.float32(columns / 2 - middle_x)) / np.float32(wide)
            v = (y[band] / scale + np.float32(lines / 2 - middle_y)) / np.float32(high)
            inside[band] = self._outline(u, v)
        del x, y  # large
        reach = 2.0 * wide * float(scale) * placement.zoom * self.softness
        soft = np.asarray(cv2.GaussianBlur(inside, (0, 0), max(reach / 2.5, 0.5)), np.float32)
        return np.asarray(np.clip(soft, 0.0, 1.0, out=soft), np.float32)

    def _outline(self, u: Map, v: Map) -> Map:
        """Return the part without soft edges, in half axes of the face about its middle."""
        if self.shape == "rectangle":
            across = np.abs(u - np.float32(2 * self.right)) < self.wide * self.size
            return np.asarray(
                across & (np.abs(v - np.float32(2 * self.down)) < self.high * self.size), np.float32
            )
        inside = u**2 + v**2 < self.size**2
        if self.shape == "half":
            angle = np.deg2rad(self.direction_deg)
            inside &= u * np.float32(np.cos(angle)) + v * np.float32(np.sin(angle)) > 0
        return np.asarray(inside, np.float32)

    def _gains(self, person: LinearImage, medium: LinearImage, mask: Map) -> Map:
        """Return factors that match the medium's mean colour in the part to the person's."""
        weight = np.asarray(mask * 255.0, np.uint8)
        if not weight.any():
            return np.ones(3, np.float32)
        wanted, found = (np.array(cv2.mean(one, weight)[:3]) for one in (person, medium))
        gains = np.maximum(wanted, _LEAST) / np.maximum(found, _LEAST)
        even = np.exp(np.log(gains).mean())  # brightness is matched fully, colour in part
        return np.asarray(even * (gains / even) ** self.matched, np.float32)
