"""Pose and focus of a medium before the camera."""

from dataclasses import dataclass, replace

import numpy as np

from facepad.opencv import cv2
from facepad.simulate.camera.optics import Optics
from facepad.simulate.linear_light import LinearImage, bands, sharpen, times
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene.geometry import Bend, Placement, Pose
from facepad.simulate.scene.stage import CaptureScene

SURROUNDINGS = "surroundings"  # group: edges, hands and rooms
SHARPNESS = "sharpness"  # group: detail that makes a recapture as sharp as the person
CLOSE = "close_ups"  # group: media whose edges are out of the frame
_TILTED = 0.4  # share of the angles of a medium that is near


@dataclass(frozen=True, slots=True)
class MediumPose:
    """Distance and pose of a medium; see `parameters` for the fields."""

    fill: float = uniform(
        0.42, 1.4, "Size of the shown picture over that which fills the frame",
        off=1.2, log=True, group=SURROUNDINGS,
    )  # fmt: skip
    tilt_deg: float = uniform(-18.0, 18.0, "Upper edge turned away, degrees", off=0.0)
    swing_deg: float = uniform(-20.0, 20.0, "Right edge turned away, degrees", off=0.0)
    roll_deg: float = uniform(-9.0, 9.0, "Turned clockwise, degrees", off=0.0)
    right: float = uniform(-1.0, 1.0, "Shift within the frame, share of what is free", off=0.0)
    down: float = uniform(-1.0, 1.0, "Shift downwards, share of what is free", off=0.0)
    defocus: float = uniform(
        0.0, 2.2, "Blur of the medium beyond the lens's own, pixels", off=0.0, bias=2.5
    )
    focus: float = uniform(
        0.0, 1.0, "Share of that blur that is left", off=1.0, bias=2.5, group=SHARPNESS
    )
    detail: float = uniform(
        0.0, 2.2, "Share of fine detail that a sharper first picture, printer or player adds",
        off=0.0, bias=1.2, group=SHARPNESS,
    )  # fmt: skip
    detail_px: float = uniform(0.6, 1.3, "Size of that detail, pixels of the camera", off=1.0)
    film: float = uniform(
        0.0, 0.06, "Grain of the shown picture, share of its light",
        off=0.0, bias=2.5, group=SHARPNESS,
    )  # fmt: skip
    close: bool = choice(
        {False: 0.7, True: 0.3},
        "So near that the face is as large as the person's and no edge is in the frame",
        off=False, group=CLOSE,
    )  # fmt: skip

    def placement(self, stage: CaptureScene, width: float, bend: Bend) -> Placement:
        """Return the placement of the medium's picture.

        Args:
            stage: Sensor and picture; decides whether the medium is aligned.
            width: Width of the picture on the medium, millimetres.
            bend: How the medium is rolled; an aligned one stays flat.
        """
        if stage.aligned:
            return stage.situation.placement(stage.picture, stage.size, width)
        if self.close:
            pose = stage.situation.pose(stage.picture, stage.size, width)
            tilt, swing = _TILTED * self.tilt_deg, _TILTED * self.swing_deg
            pose = replace(pose, tilt_deg=tilt, swing_deg=swing)
            return Placement(pose.homography(stage.size), bend)
        wide, high = stage.size[1] / width, stage.size[0] / stage.height(width)
        zoom = max(wide, high) * self.fill
        free = [abs(self.fill * max(wide, high) / side - 1.0) / 2 for side in (wide, high)]
        pose = Pose(
            zoom, self.tilt_deg, self.swing_deg, self.roll_deg,
            self.right * free[0] * stage.size[1] * 0.7, self.down * free[1] * stage.size[0] * 0.7,
        )  # fmt: skip
        return Placement(pose.homography(stage.size), bend)

    def distance(self, width: float) -> float:
        """Return the distance to the medium in millimetres, for the perspective of a bend."""
        return width / self.fill

    def optics(self, optics: Optics) -> Optics:
        """Return the optics with the defocus of the medium."""
        return replace(optics, blur=float(np.hypot(optics.blur, self.defocus * self.focus)))

    def detailed(
        self, light: LinearImage, rng: np.random.Generator, share: float = 1.0
    ) -> LinearImage:
        """Add the fine detail and the grain of the shown picture, in place.

        Args:
            light: Light of the medium, shape (H, W, 3).
            rng: Random numbers for the grain; not those of anything else.
            share: How much of both this kind of medium adds, 0 to 1.
        """
        if self.detail:
            sharpen(light, share * self.detail, self.detail_px, out=light)
            np.maximum(light, 0.0, out=light)
        if self.film:
            for band in bands(len(light)):
                grain = rng.standard_normal(light[band].shape[:2], dtype=np.float32)
                grain *= np.float32(share * self.film)
                grain += np.float32(1.0)
                times(light[band], np.maximum(grain, 0.0, out=grain))
        return light

    def unsharp(self, light: LinearImage) -> LinearImage:
        """Blur light by the defocus of the medium, in place."""
        blur = self.defocus * self.focus
        if blur < 0.2:
            return light
        border = cv2.BORDER_REPLICATE
        cv2.GaussianBlur(light, (0, 0), blur, dst=light, borderType=border)
        return light
