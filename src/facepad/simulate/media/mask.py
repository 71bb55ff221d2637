"""A rigid mask that shows the face's picture, worn on the head: paper, resin or silicone.

The mask is the face's own surface, or another mesh. It moves with the head, but its eyes and
mouth do not: eyes are printed, or holes with the wearer's eyes behind them.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.camera.camera import SceneRadiance
from facepad.simulate.linear_light import LinearImage, Map, mixed, times, to_light
from facepad.simulate.media import face_regions
from facepad.simulate.media.face_regions import MaskOpenings, mask_openings
from facepad.simulate.media.materials import MaskShading, Printer, SurfaceMaterial
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene import face_mesh
from facepad.simulate.scene.face_mesh import FaceSurface
from facepad.simulate.scene.geometry import Placement, rotation
from facepad.simulate.scene.render import Vertices, face_normals, interpolated, normals, render
from facepad.simulate.scene.stage import LIFE_SIZE, CaptureScene, MediumRender

SHAPE, FINISH, SEAMS = "shape", "finish", "seams"
_EDGE_PX = 0.6  # softness of the mask's outline, pixels


@dataclass(frozen=True, slots=True)
class _View:
    """The part of the mask that is visible in one rectangle of the sensor.

    Attributes:
        box: Lines and columns of the rectangle.
        inside: Whether each photosite of it sees the mask.
        places: Pixels of the picture, shape (P, 2), for the covered photosites.
        normals: Directions of the surface there, shape (P, 3).
        zoom: Photosites for each pixel of the picture.
        wide: Width of the face, photosites.
    """

    box: tuple[slice, slice]
    inside: NDArray[np.bool_]
    places: Vertices
    normals: Vertices
    zoom: float
    wide: float

    def spread(self, values: Map, fill: float = 0.0) -> Map:
        """Return values of covered photosites as a map over the rectangle."""
        whole = np.full((*self.inside.shape, *values.shape[1:]), fill, np.float32)
        whole[self.inside] = values
        return whole

    def taken(self, picture: LinearImage) -> LinearImage:
        """Return a map or picture on the mask as the covered photosites see it."""
        lines, columns = picture.shape[:2]
        if self.zoom < 0.8:  # average, don't skip
            size = (max(8, round(columns * self.zoom)), max(8, round(lines * self.zoom)))
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        scale = np.float32(picture.shape[1] / columns)
        x, y = ((self.spread(axis) + 0.5) * scale - 0.5 for axis in self.places.T)
        mode = cv2.BORDER_REPLICATE
        return np.asarray(
            cv2.remap(picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
                      borderMode=mode), np.float32,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mask:
    """Shape, finish and fit of a mask; see `parameters` for the fields."""

    species: ClassVar[str] = "mask"

    printer: Printer = field(default=Printer())
    varnish: SurfaceMaterial = field(default=SurfaceMaterial())
    material: str = choice(
        {"paper": 0.4, "resin": 0.25, "silicone": 0.35}, "What it is made of", off="paper"
    )
    facets: int = uniform(
        60, 220, "Corners of a folded paper mask; 0 for a smooth one",
        off=0, chance=0.5, whole=True, group=SHAPE,
    )  # fmt: skip
    rim: float = uniform(0.02, 0.3, "Rim beyond the face, share of half its width", off=0.05)
    relief: float = uniform(0.75, 1.1, "Depth over that of the face", off=1.0, group=SHAPE)
    loose: float = uniform(1.0, 1.14, "Size over that of the face", off=1.0, group=SHAPE)
    tilt_deg: float = uniform(-9.0, 9.0, "Turned up or down against the head, degrees", off=0.0)
    swing_deg: float = uniform(-13.0, 13.0, "Turned sideways, degrees", off=0.0)
    roll_deg: float = uniform(-5.0, 5.0, "Turned in the picture, degrees", off=0.0)
    eyes: str = choice(
        {"holes": 0.65, "printed": 0.35}, "What is in place of the eyes", off="printed"
    )
    eye_size: float = uniform(0.9, 1.5, "Size of the eye holes over the eyes", off=1.0)
    mouth: str = choice({"seam": 0.6, "slit": 0.25, "none": 0.15}, "Between the lips", off="none")
    seam: float = uniform(0.02, 0.1, "Width of seams over that of an eye", off=0.02)
    seam_dark: float = uniform(0.15, 0.8, "Light lost in a seam, share", off=0.0, group=SEAMS)
    sunk: float = uniform(0.1, 0.75, "Light lost behind the eye holes, share", off=0.0, group=SEAMS)
    edge: float = uniform(0.004, 0.03, "Width of the visible rim over that of the face", off=0.004)
    edge_light: float = uniform(
        -0.6, 0.6, "Its light: below 0 darker, above 0 lighter",
                              off=0.0, group=SEAMS)  # fmt: skip
    shadow: float = uniform(0.1, 0.65, "Depth of its shadow on the head", off=0.0, group=SEAMS)
    mesh: str = ""

    def present(self, stage: CaptureScene, rng: np.random.Generator) -> MediumRender:
        """Return the light before the camera's lens.

        Args:
            stage: Picture, sensor and framing.
            rng: Random numbers for what is no parameter: the grain.
        """
        placement = stage.situation.placement(stage.picture, stage.size)
        light, mask = stage.bona_fide(), np.zeros(stage.size, np.float32)
        view = self._view(stage, placement)
        if view is not None:
            self._put_on(stage, view, light, mask, rng=rng)
        return MediumRender(SceneRadiance(light), mask, placement, LIFE_SIZE)

    def _put_on(
        self,
        stage: CaptureScene,
        view: _View,
        light: LinearImage,
        mask: Map,
        *,
        rng: np.random.Generator,
    ) -> None:
        """Change light and mask within the rectangle that sees the mask."""
        head = light[view.box]
        inside = view.inside.astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(inside, (0, 0), _EDGE_PX), np.float32)
        outside = self._lit(stage, view, rng)
        outside *= stage.situation.colour
        holes = mask_openings(stage.face, stage.picture, self.eye_size, self.seam)
        outside = times(outside, self._seams(holes, view))
        behind = times(head.copy(), 1.0 - np.float32(self.shadow) * self._shadow(inside, view))
        share = soft * np.minimum(soft * 2.0, 1.0)  # colours beyond the outline are not known
        if self.eyes == "holes":
            hole = view.taken(holes.eyes) * inside
            behind = mixed(behind, head * np.float32(1.0 - self.sunk), hole)
            share = share * (1.0 - hole)
        light[view.box] = mixed(behind, outside, np.asarray(share, np.float32))
        mask[view.box] = share

    def _lit(self, stage: CaptureScene, view: _View, rng: np.random.Generator) -> LinearImage:
        """Return the light of the mask, relative to a white sheet."""
        blur = self.varnish.softness * view.wide / view.zoom
        picture = to_light(stage.picture)
        if blur > 0.3:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.float32)
        colour = view.taken(picture)
        finish = MaskShading(self.material, self.printer, self.varnish)
        inside = view.inside
        colour = finish.coloured(colour, inside)
        facing = view.spread(view.normals)
        facing[~inside] = (0.0, 0.0, -1.0)
        lit = finish.lit(colour, facing, inside, rng)
        del facing  # large
        return self._edged(lit, inside, view.wide)

    def _edged(self, light: LinearImage, inside: NDArray[np.bool_], wide: float) -> LinearImage:
        """Add the cut or rolled rim, lighter or darker than the face."""
        away = np.asarray(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3))
        reach = max(self.edge * wide, 0.8)
        band = np.clip(1.5 - away / np.float32(reach), 0.0, 1.0) * np.float32(abs(self.edge_light))
        soft = cv2.GaussianBlur(light, (0, 0), 0.05 * wide)  # so that the rim is lit as its side is
        rim = np.asarray(soft, np.float32)
        rim *= np.float32(1.9 if self.edge_light > 0 else 0.2)
        return mixed(light, rim, np.asarray(band, np.float32))

    def _seams(self, holes: MaskOpenings, view: _View) -> Map:
        """Return the share of light that seams and a slit between the lips leave."""
        left = 1.0 - np.float32(self.seam_dark) * view.taken(holes.eye_seam)
        if self.mouth != "none":
            left *= 1.0 - np.float32(self.seam_dark) * view.taken(holes.mouth_seam)
        if self.mouth == "slit":
            left *= 1.0 - np.float32(0.85) * view.taken(holes.mouth)
        return np.asarray(left, np.float32)

    def _shadow(self, inside: Map, view: _View) -> Map:
        """Return the share of the lamp's light that the mask keeps from the head."""
        away = self.varnish.direction[:2] * -0.03 * view.wide
        move = np.array([[1, 0, away[0]], [0, 1, away[1]]], np.float32)
        moved = cv2.warpAffine(inside, move, inside.shape[::-1])
        return np.asarray(cv2.GaussianBlur(moved, (0, 0), 0.025 * view.wide + 0.5), np.float32)

    def _surface(self, stage: CaptureScene) -> FaceSurface:
        face = stage.face
        if face is None or face.landmarks is None:
            return face_mesh.egg(face_regions.outline(face, stage.picture))
        if self.mesh:
            return face_mesh.given(stage.meshes.read(Path(self.mesh)), face.landmarks)
        facets = self.facets if self.material == "paper" else 0
        return face_mesh.own(face.landmarks, facets, self.rim)

    def _view(self, stage: CaptureScene, placement: Placement) -> _View | None:
        """Render the mask; return None when it is outside the frame."""
        surface = self._surface(stage)
        zoom = placement.zoom * LIFE_SIZE / stage.picture.shape[1]
        points = self._posed(surface, stage, placement, zoom)
        wide = float(np.ptp(points[:, 0]))
        margin = 0.15 * wide + 4  # for the shadow
        low = np.maximum(np.floor(points[:, :2].min(axis=0) - margin), 0).astype(int)
        high = np.minimum(np.ceil(points[:, :2].max(axis=0) + margin), stage.size[::-1]).astype(int)
        if (high - low).min() < 4:
            return None
        points[:, :2] -= low
        shape = render(points, surface.triangles, (int(high[1] - low[1]), int(high[0] - low[0])))
        if not shape.covered.any():
            return None
        values = np.hstack([surface.places, normals(points, surface.triangles)])
        values = interpolated(shape, points, surface.triangles, np.asarray(values, np.float32))
        facing = values[:, 2:]
        if self.facets and self.material == "paper":
            facing = face_normals(points, surface.triangles)[shape.triangle[shape.covered]]
        length = np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-6)
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        return _View(box, shape.covered, values[:, :2], facing / length, zoom, wide)

    def _posed(
        self, surface: FaceSurface, stage: CaptureScene, placement: Placement, zoom: float
    ) -> Vertices:
        """Return vertices on the sensor: x and y in photosites, z in the same scale."""
        middle = surface.vertices.mean(axis=0)
        turn = rotation(self.tilt_deg, self.swing_deg, self.roll_deg).astype(np.float32)
        size = np.array([self.loose, self.loose, self.loose * self.relief], np.float32)
        posed = (surface.vertices - middle) * size @ turn.T + middle
        lines, columns = stage.picture.shape[:2]
        flat = (posed[:, :2] + 0.5 - [columns / 2, lines / 2]) * (LIFE_SIZE / columns)
        on_sensor = placement.forward(np.asarray(flat, np.float32))
        return np.column_stack([on_sensor, posed[:, 2] * zoom]).astype(np.float32)
