"""A printed picture that is held before the camera, or worn as a flat mask."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from facepad.opencv import cv2
from facepad.simulate.camera.camera import SceneRadiance
from facepad.simulate.camera.look import CASTS
from facepad.simulate.camera.optics import Optics
from facepad.simulate.linear_light import LinearImage, Map, mixed, times, to_light
from facepad.simulate.media import face_regions, hands
from facepad.simulate.media.harmonics import Screening
from facepad.simulate.media.materials import Printer
from facepad.simulate.media.pose import SHARPNESS, SURROUNDINGS, MediumPose
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene import background, reflections
from facepad.simulate.scene.geometry import Bend, Placement, coverage, rectangle, sample
from facepad.simulate.scene.stage import LIFE_SIZE, CaptureScene, MediumRender

HALFTONE, PAPER = "halftone", "paper"
_ANGLES = (15.0, 75.0, 0.0, 45.0)  # of cyan, magenta, yellow and black, as offset printing has it
_SHARP = 0.2  # pixels of blur that make no difference
_BAND = 240  # lines that are inked at once
_REACH = 40.0  # of fingers over the edge, millimetres
_MM = 25.4  # an inch


@dataclass(frozen=True, slots=True)
class Print:
    """Printer, paper and hands; see `parameters` for the fields."""

    species: ClassVar[str] = "print"

    holding: MediumPose = field(default=MediumPose())
    printer: Printer = field(default=Printer())
    form: str = choice(
        {"sheet": 0.76, "eye_holes": 0.1, "worn": 0.14}, "How the sheet is used",
        off="sheet", group=SURROUNDINGS,
    )  # fmt: skip
    width: float = uniform(
        70.0, 290.0, "Width of the printed picture, millimetres", off=180.0, log=True
    )
    dpi: float = uniform(150.0, 600.0, "Dots of the printer an inch", off=600.0, log=True)
    cell: float = uniform(3.0, 7.0, "Dots a halftone cell's side", off=4.0)
    continuous: bool = choice(
        {False: 0.6, True: 0.4}, "Photographic paper, without halftone", off=True, group=HALFTONE
    )
    screen_deg: float = uniform(0.0, 90.0, "Halftone turned against the paper", off=0.0)
    spread: float = uniform(
        0.02, 0.4, "Blur of the print by ink and resolution, millimetres", off=0.02, group=HALFTONE
    )
    fineness: float = uniform(
        0.0, 1.0, "Share of that blur that is left", off=1.0, bias=3.0, group=SHARPNESS
    )
    white: float = uniform(0.72, 0.95, "Reflectance of the paper", off=0.9, group=PAPER)
    tint: float = uniform(
        -0.15, 0.05, "Paper's colour: half the logarithm of red over blue", off=0.0, group=PAPER
    )
    hue: float = uniform(
        -0.22, 0.27, "Further colour of paper and inks, as `tint`", off=0.0, group=CASTS
    )
    grain: float = uniform(
        0.0, 0.035, "Unevenness of the paper, share", off=0.0, bias=2.0, group=PAPER
    )
    gloss: float = uniform(
        0.03, 0.6, "Light of mirrored lamps", off=0.0, chance=0.3, log=True, group=PAPER
    )
    satin: float = uniform(0.05, 0.4, "Blur of mirrored lamps, share of the shorter side", off=0.2)
    haze: float = uniform(0.0, 0.06, "Even reflection of the room", off=0.0, bias=1.5, group=PAPER)
    bend: float = uniform(
        -1.3, 1.3, "Angle over which the sheet is rolled, radians", off=0.0, group=PAPER
    )
    bend_deg: float = uniform(-30.0, 120.0, "Direction of the roll", off=0.0)
    light_deg: float = uniform(-60.0, 60.0, "Side from which the light falls on a roll", off=0.0)
    border: float = uniform(0.0, 0.12, "Unprinted margin over the width", off=0.0, bias=1.5)
    hand: bool = choice(
        {False: 0.15, True: 0.85}, "Fingers over the edges", off=False, group=SURROUNDINGS
    )
    loose: float = uniform(0.98, 1.12, "Size of a worn mask over that of the face", off=1.0)

    def present(self, stage: CaptureScene, rng: np.random.Generator) -> MediumRender:
        """Return the light before the camera's lens.

        Args:
            stage: Picture, sensor and framing.
            rng: Random numbers for what is no parameter: places of lamps and furniture.
        """
        worn = self.form == "worn" and not stage.aligned
        edgeless = self._edgeless(stage)
        width = LIFE_SIZE * self.loose if worn else self.width
        placement = self._placement(stage, width, worn)
        x, y = placement.coordinates(stage.size)
        light, texture = self._printed(stage, (x, y), width, rng)
        light *= stage.situation.colour
        if not stage.aligned:
            light = times(light, self._shading(x, y, placement))
        light = self._surface(light, rng)
        mask = np.ones(stage.size, np.float32)
        if not edgeless:
            light, mask = self._cut(stage, light, (x, y, placement, width), rng)
            texture = None if texture is None else mixed(np.float32(1.0), texture, mask)
        return MediumRender(
            SceneRadiance(self.holding.unsharp(light), texture), mask, placement, width
        )

    def _edgeless(self, stage: CaptureScene) -> bool:
        """Return whether the sheet has no edge in the frame."""
        return stage.aligned or (self.holding.close and self.form == "sheet")

    def _placement(self, stage: CaptureScene, width: float, worn: bool) -> Placement:
        curvature = self.bend / (self.width * 1.3)
        if worn:
            flat = stage.situation.placement(stage.picture, stage.size, width)
            return self._about_face(flat, stage, width)
        bend = Bend(curvature, self.bend_deg, 1.2 * self.holding.distance(width))
        return self.holding.placement(stage, width, bend)

    def _about_face(self, flat: Placement, stage: CaptureScene, width: float) -> Placement:
        """Scale a worn mask about the middle of the face instead of the picture."""
        middle = face_regions.outline(stage.face, stage.picture)[:2]
        lines, columns = stage.picture.shape[:2]
        off = (np.array(middle) - [columns / 2, lines / 2]) * width / columns
        grown = np.array([[self.loose, 0, (1 - self.loose) * off[0]],
                          [0, self.loose, (1 - self.loose) * off[1]], [0, 0, 1]])  # fmt: skip
        return Placement(flat.to_sensor @ grown)

    def _printed(
        self, stage: CaptureScene, place: tuple[Map, Map], width: float, rng: np.random.Generator
    ) -> tuple[LinearImage, LinearImage | None]:
        """Return the reflectance of the sheet, and its halftone relative to that."""
        x, y = place
        wanted = sample(to_light(stage.picture), x, y, width)
        spread = self.spread * self.fineness * stage.size[1] / width
        if spread > _SHARP:
            wanted = np.asarray(cv2.GaussianBlur(wanted, (0, 0), spread), np.float32)
        wanted = self.holding.detailed(wanted, rng.spawn(1)[0])
        inked = None
        if self.border and not self._edgeless(stage):
            half = width / 2, stage.height(width) / 2
            inked = coverage(rectangle(x, y, half), stage.size[1] / width)
        texture = None if self.continuous else np.empty_like(wanted)
        optics = self.holding.optics(stage.optics)
        for start in range(0, stage.size[0], _BAND):  # inks take much memory
            band = np.s_[start : start + _BAND]
            coverages = self.printer.coverages(wanted[band])
            if inked is not None:
                coverages = [coverage * inked[band] for coverage in coverages]
            even = self.printer.reflected(coverages)
            wanted[band] = even
            if texture is not None:
                dots = self.printer.reflected(self._dots(coverages, x[band], y[band], optics))
                np.divide(dots, np.maximum(even, np.float32(0.01)), out=texture[band])
        tint = self.tint + self.hue
        paper = np.exp(np.array([tint, 0.0, -tint], np.float32)) * self.white
        wanted *= np.asarray(paper, np.float32)
        return wanted, texture

    def _dots(self, coverages: list[Map], x: Map, y: Map, optics: Optics) -> list[Map]:
        ruling = self.dpi / self.cell / _MM
        return [
            Screening(ruling, angle + self.screen_deg).dots(tone, x, y, optics)
            for tone, angle in zip(coverages, _ANGLES, strict=True)
        ]

    def _shading(self, x: Map, y: Map, placement: Placement) -> Map:
        """Return the light on a rolled sheet, relative to a flat one."""
        slope = placement.bend.slope(x, y)
        light = np.float32(np.deg2rad(self.light_deg))
        return np.asarray(np.maximum(np.cos(slope - light), 0.05) / np.cos(light), np.float32)

    def _surface(self, light: LinearImage, rng: np.random.Generator) -> LinearImage:
        """Add grain, haze and reflected lamps."""
        size = (light.shape[0], light.shape[1])
        if self.grain > 0.002:
            grain = _fibres(size, rng)
            grain *= np.float32(self.grain)
            grain += np.float32(1.0)
            light = times(light, grain)
        light += np.float32(self.haze)
        if self.gloss:
            light += (reflections.lamps(size, rng, self.satin) * np.float32(self.gloss))[..., None]
        return light

    def _cut(
        self,
        stage: CaptureScene,
        light: LinearImage,
        place: tuple[Map, Map, Placement, float],
        rng: np.random.Generator,
    ) -> tuple[LinearImage, Map]:
        """Put the sheet before the room or on the person's head, with holes and hands."""
        x, y, placement, width = place
        half = width * (0.5 + self.border), stage.height(width) / 2 + self.border * width
        wearer = None if self.form == "sheet" else self._wearer(stage, (x, y), width)
        if self.form == "worn":
            face = face_regions.on_sheet(
                face_regions.outline(stage.face, stage.picture), stage.picture, width
            )
            mask = face_regions.inside(face, x, y, placement.zoom)
            reach = max(0.02 * min(stage.size), 0.5)
            near = np.asarray(cv2.GaussianBlur(mask, (0, 0), reach), np.float32)
            shadow = 1.0 - np.float32(0.4) * near
            behind = times(stage.bona_fide(), shadow)
        else:
            mask = coverage(rectangle(x, y, half), placement.zoom)
            behind = background.behind(stage.surroundings, stage.size, rng, person=0.8)
            behind *= stage.situation.colour
        if wearer is not None:
            behind = mixed(behind, wearer, mask)
            del wearer  # large
            mask = mask * self._holes(stage, place)
        light = mixed(behind, light, mask)
        del behind  # large
        if self.hand and self.form != "worn":
            free = face_regions.free(stage.face, stage.picture, width)
            skin = face_regions.skin(stage.face, stage.picture)
            sheet = hands.HeldMedium(placement, half, _REACH, free, skin)
            mask = mask * (1.0 - hands.hold(light, sheet, stage.situation.colour, rng))
        return light, mask

    def _holes(self, stage: CaptureScene, place: tuple[Map, Map, Placement, float]) -> Map:
        """Return 0 in the eye holes, 1 elsewhere."""
        x, y, placement, width = place
        paper = np.ones(stage.size, np.float32)
        for eye in face_regions.eyes(stage.face, stage.picture):
            hole = face_regions.on_sheet(eye, stage.picture, width)
            paper *= 1.0 - face_regions.inside(hole, x, y, placement.zoom)
        return paper

    def _wearer(self, stage: CaptureScene, place: tuple[Map, Map], width: float) -> LinearImage:
        """Return the light of the eyes behind the holes, in the sheet's shadow."""
        light = sample(to_light(stage.picture), *place, width * 1.03)
        light *= stage.situation.colour
        light *= np.float32(0.6)
        return light


def _fibres(size: tuple[int, int], rng: np.random.Generator) -> Map:
    """Return fine and coarse unevenness of paper; deviation near 1."""
    fine = rng.standard_normal((size[0] // 2 + 1, size[1] // 2 + 1), dtype=np.float32)
    coarse = rng.standard_normal((size[0] // 9 + 2, size[1] // 9 + 2), dtype=np.float32)
    grain, large = (
        np.asarray(cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
        for noise in (fine, coarse)
    )
    grain *= np.float32(0.8)
    large *= np.float32(0.5)
    grain += large
    return grain
