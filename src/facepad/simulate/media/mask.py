"""A mask that shows the face's picture, worn on the head: of paper, resin, silicone and others.

The mask is the face's own surface, or another mesh. It moves with the head, but its eyes and
mouth do not: eyes are printed, or holes with the wearer's eyes behind them.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facepad.meshes.render import Vertices, face_normals, interpolated, normals, render
from facepad.opencv import cv2
from facepad.simulate.camera.camera import SceneRadiance
from facepad.simulate.linear_light import LinearImage, Map, luminance, mixed, times, to_light
from facepad.simulate.media import face_regions
from facepad.simulate.media.face_regions import MaskOpenings, mask_openings
from facepad.simulate.media.materials import (
    MATERIALS,
    MaskShading,
    Printer,
    SurfaceMaterial,
)
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene import face_mesh
from facepad.simulate.scene.face_mesh import FaceSurface
from facepad.simulate.scene.geometry import Placement, rotation
from facepad.simulate.scene.render import MaskSurface, fitted_lamp
from facepad.simulate.scene.stage import LIFE_SIZE, CaptureScene, MediumRender

SHAPE, FINISH, SEAMS = "shape", "finish", "seams"
_WIDE = 150.0  # width of a mask, millimetres
_EDGE_PX = 0.6  # softness of the mask's outline, pixels


@dataclass(frozen=True, slots=True)
class _View:
    """The part of the mask that is visible in one rectangle of the sensor.

    Attributes:
        box: Lines and columns of the rectangle.
        inside: Whether each photosite of it sees the mask.
        places: Pixels of the picture, shape (P, 2), for the covered photosites.
        normals: Directions of the surface there, shape (P, 3).
        depth: Distance of the surface there, photosites, shape (P,).
        away: Distance of each photosite to the outline, photosites, shape (H, W).
        zoom: Photosites for each pixel of the picture.
        wide: Width of the mask, photosites.
    """

    box: tuple[slice, slice]
    inside: NDArray[np.bool_]
    places: Vertices
    normals: Vertices
    depth: Map
    away: Map
    zoom: float
    wide: float

    @property
    def pitch(self) -> float:
        """Millimetres of the mask for each photosite."""
        return _WIDE / self.wide

    def surface(self, lamp: Vertices) -> MaskSurface:
        """Return what shading needs of the mask."""
        facing = self.spread(self.normals)
        facing[~self.inside] = (0.0, 0.0, -1.0)
        on_mask = self.places * np.float32(self.zoom * self.pitch)
        place = self.spread(np.column_stack([on_mask, self.depth * np.float32(self.pitch)]))
        return MaskSurface(self.inside, facing, place, self.pitch, lamp)

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
        {"paper": 0.26, "resin": 0.2, "silicone": 0.24, "plastic": 0.12, "latex": 0.1,
         "fabric": 0.08},
        "What it is made of", off="paper",
    )  # fmt: skip
    covers: str = choice(
        {"face": 0.88, "upper": 0.12}, "All of the face, or down to the nose", off="face"
    )
    facets: int = uniform(
        60, 220, "Corners of a folded paper mask; 0 for a smooth one",
        off=0, chance=0.5, whole=True, group=SHAPE,
    )  # fmt: skip
    rim: float = uniform(0.0, 0.2, "Rim beyond the face, share of half its width", off=0.05)
    relief: float = uniform(0.75, 1.1, "Depth over that of the face", off=1.0, group=SHAPE)
    loose: float = uniform(1.0, 1.1, "Size over that of the face", off=1.0, group=SHAPE)
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
    sunk: float = uniform(0.15, 0.8, "Light lost behind the edge of eye holes, share",
                          off=0.0, group=SEAMS)  # fmt: skip
    shell: float = uniform(0.6, 1.6, "Thickness over the usual one of the material", off=1.0)
    edge: float = uniform(0.002, 0.012, "Width of the visible edge over that of the face",
                          off=0.002)  # fmt: skip
    edge_light: float = uniform(
        -0.7, 0.4, "Its light: below 0 darker, above 0 lighter", off=0.0, group=SEAMS
    )
    feather: float = uniform(
        0.01, 0.06, "Width over which thin edges run out, over that of the face",
        off=0.0, chance=0.6, group=SEAMS,
    )  # fmt: skip
    hair: float = uniform(
        0.5, 1.0, "Share of the wearer's hair that lies over the rim", off=0.0, chance=0.6,
        group=SEAMS,
    )  # fmt: skip
    shadow: float = uniform(0.1, 0.6, "Depth of its shadow on the head", off=0.0, group=SEAMS)
    mesh: str = ""

    def present(self, stage: CaptureScene, rng: np.random.Generator) -> MediumRender:
        """Return the light before the camera's lens.

        Args:
            stage: Picture, sensor and framing.
            rng: Random numbers for what is no parameter: the grain.
        """
        placement = stage.situation.placement(stage.picture, stage.size)
        light, mask = stage.bona_fide(), np.zeros(stage.size, np.float32)
        view, relief = self._view(stage, placement), np.full(stage.size, np.nan, np.float32)
        if view is not None:
            self._put_on(stage, view, light, mask, rng=rng)
            relief[view.box] = view.spread(view.depth, np.nan)
        return MediumRender(SceneRadiance(light), mask, placement, LIFE_SIZE, relief)

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
        lamp = _lamp(stage)
        outside, ground = self._lit(stage, view, lamp, rng)
        outside *= stage.situation.colour
        holes = mask_openings(stage.face, stage.picture, self.eye_size, self.seam)
        outside = times(outside, self._seams(holes, view))
        behind = times(head.copy(), 1.0 - np.float32(self.shadow) * self._shadow(view, lamp))
        share = self._share(stage, view)
        if self.hair and self.material != "paper":
            share *= 1.0 - self._hair(head, view, ground * stage.situation.colour, stage)
        if self.eyes == "holes":
            hole = view.taken(holes.eyes) * view.inside
            behind, outside, hole = self._behind(head, behind, outside, hole, view)
            share = share * (1.0 - hole)
        light[view.box] = mixed(behind, outside, np.asarray(share, np.float32))
        mask[view.box] = share

    def _share(self, stage: CaptureScene, view: _View) -> Map:
        """Return the share of each photosite that sees the mask, holes left aside."""
        soft = cv2.GaussianBlur(view.inside.astype(np.float32), (0, 0), _EDGE_PX)
        share = soft * np.minimum(soft * 2.0, 1.0)  # colours beyond the outline are not known
        if self.feather and MATERIALS[self.material].thin:
            share *= np.clip(view.away / np.float32(max(self.feather * view.wide, 1.0)), 0.0, 1.0)
        if self.covers == "upper":
            x, y, wide, high = face_regions.outline(stage.face, stage.picture)
            across = (view.spread(view.places[:, 0], x) - np.float32(x)) / np.float32(wide)
            below = view.spread(view.places[:, 1], y + high) - np.float32(y + 0.22 * high)
            below += np.float32(0.2 * high) * across**2  # higher on the cheeks than at the nose
            share *= np.clip(0.5 - below * np.float32(view.zoom), 0.0, 1.0)
        return np.asarray(share, np.float32)

    def _behind(
        self, head: LinearImage, behind: LinearImage, outside: LinearImage, hole: Map, view: _View
    ) -> tuple[LinearImage, LinearImage, Map]:
        """Return what is behind the mask, its outside, and the holes that the shell leaves."""
        thick = max(MATERIALS[self.material].shell * self.shell / view.pitch, 0.5)
        shell = hole * np.clip(2.5 * (1.0 - cv2.GaussianBlur(hole, (0, 0), 0.8 * thick)), 0.0, 1.0)
        if MATERIALS[self.material].printed:  # the cut shows the white of paper and cloth
            wall = np.float32(0.25)
            shell *= np.float32(0.6)
        else:
            wall = np.float32(-0.45)
        near = 1.0 - _smooth(hole, 2.2 * thick + 0.02 * view.wide)
        dark = np.float32(self.sunk) * (0.35 + 0.65 * np.clip(1.6 * near, 0.0, 1.0))
        eye = times(head.copy(), np.asarray(1.0 - dark, np.float32))
        seen = mixed(behind, eye, hole)
        outside = times(outside, np.asarray(1.0 + wall * shell, np.float32))
        return seen, outside, np.asarray(hole * (1.0 - shell), np.float32)

    def _hair(self, head: LinearImage, view: _View, ground: Map, stage: CaptureScene) -> Map:
        """Return the share of each photosite whose dark hair lies over the mask's upper rim."""
        skin = np.float32(max(float(luminance(ground[None, None])[0, 0]), 1e-3))
        dark = np.clip(2.2 - luminance(head) / (np.float32(0.3) * skin), 0.0, 1.0)
        rim = np.clip(2.0 - view.away / np.float32(0.06 * view.wide), 0.0, 1.0)
        _, y, _, high = face_regions.outline(stage.face, stage.picture)
        up = (np.float32(y - 0.15 * high) - view.spread(view.places[:, 1], y)) / np.float32(high)
        return np.asarray(np.float32(self.hair) * dark * rim * np.clip(6.0 * up, 0.0, 1.0))

    def _lit(
        self, stage: CaptureScene, view: _View, lamp: Vertices, rng: np.random.Generator
    ) -> tuple[LinearImage, Map]:
        """Return the light of the mask, relative to a white sheet, and the colour of the skin."""
        blur = self.varnish.softness * view.wide / view.zoom
        picture = to_light(stage.picture)
        if blur > 0.3:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.float32)
        colour = view.taken(picture)
        grey = luminance(colour)
        middle = view.away > 0.15 * view.wide
        middle &= grey > np.float32(0.9) * grey[middle].mean() if middle.any() else middle
        skin = middle.astype(np.uint8)  # no eyes, brows and nostrils
        ground = np.array(cv2.mean(colour, skin)[:3], np.float32)
        if not self._sheet:  # nobody paints hair and background on a rim
            colour = self._bare(colour, view, ground)
        finish = MaskShading(self.material, self.printer, self.varnish)
        seen = view.surface(lamp)
        lit = finish.lit(finish.coloured(colour, seen, rng), seen, rng)
        del seen  # large
        return self._edged(lit, view, ground, lamp), ground

    def _bare(self, colour: LinearImage, view: _View, ground: Map) -> LinearImage:
        """Paint skin where hair and background of the picture reach into the rim."""
        grey = max(float(luminance(ground[None, None])[0, 0]), 1e-3)
        off = np.abs(np.log(np.maximum(luminance(colour), 1e-3) / np.float32(grey)))
        off = np.clip(2.5 * off - 1.0, 0.0, 1.0)
        near = np.clip(1.5 - view.away / np.float32(0.1 * view.wide), 0.0, 1.0)
        rim = np.clip(1.4 - view.away / np.float32(0.04 * view.wide), 0.0, 0.7)
        painted = _smooth(colour, 0.04 * view.wide)
        painted += np.float32(3.0) * ground
        painted *= np.float32(0.25)
        alpha = np.maximum(rim, near * _smooth(np.asarray(off, np.float32), 0.01 * view.wide))
        return mixed(colour, painted, np.asarray(alpha, np.float32))

    @property
    def _sheet(self) -> bool:
        return self.material == "paper"

    def _edged(self, light: LinearImage, view: _View, ground: Map, lamp: Vertices) -> LinearImage:
        """Add the cut edge of paper, or a rolled rim whose side to the lamp is lit."""
        reach = max(self.edge * view.wide, 0.8)
        band = np.clip(1.5 - view.away / np.float32(reach), 0.0, 1.0)
        if self._sheet:
            paper = np.float32(min(1.8 * float(ground.max()) + 0.1, 0.9))
            white = np.asarray(band * np.float32(max(self.edge_light, 0.0)), np.float32)
            return mixed(light, np.full_like(light, paper), white)
        outwards = _smooth(view.inside.astype(np.float32), 2.0 * reach)
        side = cv2.Sobel(outwards, cv2.CV_32F, 1, 0) * -lamp[0]
        side -= cv2.Sobel(outwards, cv2.CV_32F, 0, 1) * lamp[1]
        side *= np.float32(4.0 * reach * abs(self.edge_light))
        side += np.float32(0.5 * self.edge_light)
        return times(light, np.asarray(1.0 + band * np.clip(side, -0.7, 0.7), np.float32))

    def _seams(self, holes: MaskOpenings, view: _View) -> Map:
        """Return the share of light that seams and a slit between the lips leave."""
        left = 1.0 - np.float32(self.seam_dark) * view.taken(holes.eye_seam)
        if self.mouth != "none":
            left *= 1.0 - np.float32(self.seam_dark) * view.taken(holes.mouth_seam)
        if self.mouth == "slit":
            left *= 1.0 - np.float32(0.85) * view.taken(holes.mouth)
        return np.asarray(left, np.float32)

    def _shadow(self, view: _View, lamp: Vertices) -> Map:
        """Return the share of light that the mask keeps from the head: cast, and at its edge."""
        inside = view.inside.astype(np.float32)
        away = self.varnish.direction(lamp)[:2] * -0.035 * view.wide
        move = np.array([[1, 0, away[0]], [0, 1, away[1]]], np.float32)
        cast = cv2.warpAffine(inside, move, inside.shape[::-1])
        cast = _smooth(np.asarray(cast, np.float32), 0.025 * view.wide + 0.5)
        near = _smooth(inside, 0.008 * view.wide + 0.5)
        return np.asarray(np.maximum(cast, near), np.float32)

    def _surface(self, stage: CaptureScene) -> FaceSurface:
        face = stage.face
        if face is None or face.landmarks is None:
            return face_mesh.egg(face_regions.outline(face, stage.picture))
        if self.mesh:
            return face_mesh.given(stage.meshes.read(Path(self.mesh)), face.landmarks)
        facets = self.facets if self._sheet else 0
        return face_mesh.own(face.landmarks, facets, self.rim, sheet=self._sheet)

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
        facing = normals(points, surface.triangles)
        values = np.hstack([surface.places, points[:, 2:], facing])
        values = interpolated(shape, points, surface.triangles, np.asarray(values, np.float32))
        facing = values[:, 3:]
        if self.facets and self._sheet:
            facing = face_normals(points, surface.triangles)[shape.triangle[shape.covered]]
        length = np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-6)
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        away = cv2.distanceTransform(shape.covered.astype(np.uint8), cv2.DIST_L2, 3)
        return _View(
            box, shape.covered, values[:, :2], facing / length, values[:, 2],
            np.asarray(away, np.float32), zoom, wide,
        )  # fmt: skip

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


def _smooth(values: LinearImage, deviation: float) -> LinearImage:
    """Return a map or picture after a Gaussian blur; wide ones work on a small copy."""
    size, less = values.shape[1::-1], max(deviation / 2.5, 1.0)
    small = (max(round(size[0] / less), 2), max(round(size[1] / less), 2))
    if less > 1.0:
        values = np.asarray(cv2.resize(values, small, interpolation=cv2.INTER_AREA), np.float32)
    soft = cv2.GaussianBlur(values, (0, 0), deviation / less)
    if less > 1.0:
        soft = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft, np.float32)


def _lamp(stage: CaptureScene) -> Vertices:
    """Return the slopes of the light on the face in the picture."""
    lines, columns = stage.picture.shape[:2]
    face = stage.face
    if face is None or face.landmarks is None:
        return fitted_lamp(np.ones(1, np.float32), np.array([[0.0, 0.0, -1.0]], np.float32))
    surface = face_mesh.own(face.landmarks)
    facing = normals(surface.vertices, surface.triangles)
    scale = min(64.0 / max(float(np.ptp(surface.vertices[:, 0])), 1.0), 1.0)
    size = max(round(columns * scale), 4), max(round(lines * scale), 4)
    small = np.asarray(cv2.resize(stage.picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    light = luminance(to_light(small))
    x, y = (np.floor((surface.places + 0.5) * [size[0] / columns, size[1] / lines]).astype(int)).T
    within = (x >= 0) & (y >= 0) & (x < size[0]) & (y < size[1])
    if not within.any():
        within, x, y = np.ones(len(x), np.bool_), np.zeros_like(x), np.zeros_like(y)
    return fitted_lamp(light[y[within], x[within]], facing[within])
