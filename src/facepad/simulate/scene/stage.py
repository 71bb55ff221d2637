"""The scene before the camera: the person's picture, its framing and the light."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.camera.camera import SceneRadiance
from facepad.simulate.camera.optics import Optics
from facepad.simulate.linear_light import LinearImage, Map, Size, to_light
from facepad.simulate.parameters import uniform
from facepad.simulate.scene.face_mesh import MeshFiles
from facepad.simulate.scene.geometry import Placement, Points, Pose, sample
from facepad.types import Face, RgbImage

LIFE_SIZE = 600.0  # width of what a bona fide picture shows, millimetres


@dataclass(frozen=True, slots=True)
class Framing:
    """Framing and light of the person; see `parameters` for the fields."""

    closer: float = uniform(1.0, 1.3, "Zoom over the smallest that fills the frame", off=1.0)
    roll_deg: float = uniform(-4.0, 4.0, "Camera turned, degrees", off=0.0)
    right: float = uniform(-1.0, 1.0, "Shift within the room that the zoom leaves, share", off=0.0)
    down: float = uniform(
        -1.0, 1.0, "Shift downwards, share of the room that the zoom leaves", off=0.0
    )
    warmth: float = uniform(
        -0.3, 0.3, "Colour of the light: natural logarithm of red over blue", off=0.0
    )

    def placement(self, picture: RgbImage, size: Size, width: float = LIFE_SIZE) -> Placement:
        """Return the placement of a picture that fills the frame.

        Args:
            picture: The bona fide picture.
            size: Lines and columns of the sensor.
            width: Width of the scene that the picture shows, millimetres.
        """
        return Placement(self.pose(picture, size, width).homography(size))

    def pose(self, picture: RgbImage, size: Size, width: float) -> Pose:
        """Return the pose of such a picture; arguments as for `placement`."""
        height = width * picture.shape[0] / picture.shape[1]
        turn = abs(np.deg2rad(self.roll_deg))
        extent = (
            size[1] * np.cos(turn) + size[0] * np.sin(turn),
            size[0] * np.cos(turn) + size[1] * np.sin(turn),
        )
        zoom = max(extent[0] / width, extent[1] / height) * self.closer
        free = (zoom * width - extent[0]) / 2, (zoom * height - extent[1]) / 2
        return Pose(
            zoom, roll_deg=self.roll_deg, shift_x=free[0] * self.right, shift_y=free[1] * self.down
        )

    @property
    def colour(self) -> LinearImage:
        """Colour of the light: red, green and blue; green is 1."""
        return np.exp(np.array([self.warmth / 2, 0.0, -self.warmth / 2], np.float32))


@dataclass(frozen=True, slots=True)
class CaptureScene:
    """The input of a medium.

    Attributes:
        picture: The bona fide picture that the medium shows.
        face: Its face, if known.
        size: Lines and columns of the sensor.
        optics: Lens and photosites.
        situation: Framing and light of the bona fide picture.
        surroundings: A picture behind the medium; None: a made-up room.
        aligned: Whether the medium shows the picture exactly where the bona fide one lies,
            fills the frame and has no edges, so that parts of the two can be exchanged.
        meshes: Files of masks, which are read once.
    """

    picture: RgbImage
    face: Face | None
    size: Size
    optics: Optics
    situation: Framing
    surroundings: RgbImage | None = None
    aligned: bool = False
    meshes: MeshFiles = field(default_factory=MeshFiles)

    def height(self, width: float) -> float:
        """Return the height of the picture on a medium, from its width."""
        lines, columns = self.picture.shape[:2]
        return float(width * lines / columns)

    def bona_fide(self) -> LinearImage:
        """Return the light of the person without any medium."""
        placement = self.situation.placement(self.picture, self.size)
        x, y = placement.coordinates(self.size)
        light = sample(to_light(self.picture), x, y, LIFE_SIZE)
        light *= self.situation.colour
        return light


@dataclass(frozen=True, slots=True)
class MediumRender:
    """The output of a medium.

    Attributes:
        exposed: Light before the lens, with the medium's fine pattern.
        mask: Share of each photosite that sees the medium, 0 to 1, shape (H, W).
        placement: Placement of the picture on the sensor.
        width: Width of the picture on the medium, millimetres.
        relief: Distance of a medium that is no sheet along the camera's axis, photosites,
            larger is further away, shape (H, W); None: the medium is the sheet of ``placement``.
    """

    exposed: SceneRadiance
    mask: Map
    placement: Placement
    width: float
    relief: Map | None = None

    @property
    def depth(self) -> Map:
        """Distance along the camera's axis, photosites, from any constant; larger is further away.

        NaN where the medium is not seen. Holes in it, as of eyes, have the depth of its surface.
        """
        surface = self.relief
        if surface is None:
            surface = self.placement.depth((self.mask.shape[0], self.mask.shape[1]))
        return np.asarray(np.where(_without_holes(self.mask >= 0.5), surface, np.nan), np.float32)


def _without_holes(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    outlines = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(inside.shape, np.uint8)
    cv2.drawContours(filled, outlines[0], -1, 1, cv2.FILLED)
    return filled > 0


def moved(face: Face, picture: RgbImage, shown: MediumRender, size: Size) -> Face | None:
    """Return the face in pixels of the sensor; None when most of it is outside the frame."""
    left, top, right, bottom = face.box
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    visible = _seen(np.array(corners, np.float32), picture, shown)
    low, high = visible.min(axis=0), visible.max(axis=0)
    limit = np.array(size[::-1], np.float32)
    inside_low, inside_high = np.clip(low, 0, limit), np.clip(high, 0, limit)
    if np.prod(inside_high - inside_low) < 0.5 * np.prod(high - low):
        return None
    box = np.rint([*inside_low, *inside_high]).astype(int)
    return Face(tuple(box.tolist()), face.score, _landmarks(face, picture, shown), face.others)


def _landmarks(face: Face, picture: RgbImage, shown: MediumRender) -> Points | None:
    if face.landmarks is None:
        return None
    flat = _seen(face.landmarks[:, :2], picture, shown)
    scale = shown.placement.zoom * shown.width / picture.shape[1]
    return np.column_stack([flat, face.landmarks[:, 2] * scale]).astype(np.float32)


def _seen(points: Points, picture: RgbImage, shown: MediumRender) -> Points:
    lines, columns = picture.shape[:2]
    scale = shown.width / columns
    centred = (points + 0.5 - np.array([columns / 2, lines / 2])) * scale
    return shown.placement.forward(centred.astype(np.float32))
