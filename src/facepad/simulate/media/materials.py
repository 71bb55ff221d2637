"""Materials: how printed paper, painted resin and silicone reflect light."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.camera.look import CASTS, PROFILES
from facepad.simulate.linear_light import (
    LUMA_709,
    LinearImage,
    Map,
    bands,
    luminance,
    saturation_matrix,
    times,
)
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene.render import MaskSurface, Vertices, grain, shadows, spots, towards


class _Profile(NamedTuple):
    """Inks and paper of a kind of printer.

    Attributes:
        through: Light in red, green and blue that full cyan, magenta, yellow and black ink let
            through twice; their unwanted absorptions are what narrows the gamut.
        white: Light of the bare paper in red, green and blue, over that of white paper.
        black: Light that the darkest print still sends back.
        gamma: Gamma of the print against the picture.
    """

    through: tuple[tuple[float, float, float], ...]
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    black: float = 0.0
    gamma: float = 1.0


_PROFILES: Mapping[str, _Profile] = MappingProxyType(
    {
        "process": _Profile(
            ((0.05, 0.45, 0.68), (0.70, 0.06, 0.28), (0.96, 0.86, 0.10), (0.03, 0.03, 0.03))
        ),
        "office_laser": _Profile(
            ((0.08, 0.38, 0.66), (0.74, 0.08, 0.24), (0.95, 0.82, 0.08), (0.04, 0.04, 0.04)),
            (0.98, 0.98, 1.02), 0.01, 1.1,
        ),
        "office_inkjet": _Profile(
            ((0.14, 0.46, 0.66), (0.76, 0.17, 0.34), (0.95, 0.85, 0.18), (0.09, 0.09, 0.10)),
            (0.99, 0.99, 1.03), 0.03, 0.9,
        ),
        "photo_inkjet": _Profile(
            ((0.03, 0.50, 0.78), (0.82, 0.03, 0.32), (0.98, 0.92, 0.05), (0.01, 0.01, 0.01)),
            (1.03, 1.02, 1.02), 0.0, 1.0,
        ),
        "newsprint": _Profile(
            ((0.16, 0.44, 0.60), (0.72, 0.17, 0.30), (0.94, 0.82, 0.14), (0.11, 0.11, 0.10)),
            (0.84, 0.81, 0.75), 0.03, 0.95,
        ),
        "dye_sub": _Profile(
            ((0.06, 0.52, 0.80), (0.84, 0.06, 0.40), (0.97, 0.90, 0.10), (0.04, 0.04, 0.05)),
            (1.0, 1.01, 1.03), 0.01, 1.0,
        ),
    }
)  # fmt: skip
_PASSES = 3  # of the inversion; it has settled to a hundredth by then
_FINISH = "finish"
_SKIN = 0.35  # mean light of a face in usual light


@dataclass(frozen=True, slots=True)
class Printer:
    """Inks and tone; see `parameters` for the fields."""

    density: float = uniform(
        0.6, 1.25, "Strength of the inks, share of the usual", off=1.1, group="gamut"
    )
    black_ink: float = uniform(
        0.3, 1.0, "Share of grey that is printed in black", off=0.5, group="gamut"
    )
    dot_gain: float = uniform(-0.06, 0.12, "Growth of a dot of half tone", off=0.0, group="gamut")
    cyan: float = uniform(-0.1, 0.3, "Error of cyan, share", off=0.0, group="gamut")
    magenta: float = uniform(-0.2, 0.1, "Error of magenta, share", off=0.0, group="gamut")
    yellow: float = uniform(-0.4, 0.1, "Error of yellow, share", off=0.0, group="gamut")
    tone: float = uniform(
        0.65, 1.2, "Gamma of the print against the picture", off=1.0, group="gamut"
    )

    vivid: float = uniform(1.0, 1.65, "Colourfulness that the driver adds", off=1.0, group=CASTS)
    magenta_more: float = uniform(
        -0.05, 0.2, "Further error of magenta, share", off=0.0, group=CASTS
    )
    yellow_more: float = uniform(
        -0.05, 0.35, "Further error of yellow, share", off=0.0, group=CASTS
    )
    profile: str = choice(
        {
            "process": 0.2, "office_laser": 0.2, "office_inkjet": 0.2,
            "photo_inkjet": 0.2, "newsprint": 0.05, "dye_sub": 0.15,
        },
        "Kind of printer: inks, paper, black and tone", off="process", group=PROFILES,
    )  # fmt: skip

    def through(self) -> NDArray[np.float64]:
        """Return the share of light behind each ink's full coverage, shape (4, 3)."""
        return np.array(_PROFILES[self.profile].through) ** self.density

    def coverages(self, wanted: LinearImage) -> list[Map]:
        """Return the coverage of cyan, magenta, yellow and black that gives a reflectance.

        Args:
            wanted: Reflectance over that of the paper, shape (H, W, 3), 0 to 1. Colours
                outside the gamut are clipped.
        """
        inks = [np.empty(wanted.shape[:2], np.float32) for _ in range(4)]
        for band in bands(len(wanted)):
            for ink, part in zip(inks, self._coverages(wanted[band]), strict=True):
                ink[band] = part
        return inks

    def _coverages(self, wanted: LinearImage) -> list[Map]:
        if self.vivid != 1.0:
            matrix = saturation_matrix(self.vivid, LUMA_709).astype(np.float32)
            wanted = np.clip(cv2.transform(wanted, matrix), 0.0, 1.0)
        tone = self.tone * _PROFILES[self.profile].gamma
        wanted = wanted ** np.float32(tone) if tone != 1.0 else wanted
        through = self.through().astype(np.float32)
        black = self._black(wanted, through)
        left = [np.minimum(wanted[..., c] / _passed(black, through[3, c]), 1.0) for c in range(3)]
        inks = [np.zeros_like(black)] * 3
        for _ in range(_PASSES):
            for ink in range(3):
                others = [_passed(inks[o], through[o, ink]) for o in range(3) if o != ink]
                share = left[ink] / (others[0] * others[1])
                inks[ink] = np.clip((1.0 - share) / (1.0 - through[ink, ink]), 0.0, 1.0)
        errors = (
            self.cyan,
            self.magenta + self.magenta_more,
            self.yellow + self.yellow_more,
        )
        drifted = [
            np.minimum(i * np.float32(1.0 + e), 1.0) for i, e in zip(inks, errors, strict=True)
        ]
        return [self._grown(coverage) for coverage in [*drifted, black]]

    def reflected(self, coverages: list[Map]) -> LinearImage:
        """Return the reflectance over white paper's, of independent inks (Demichel's equations).

        Args:
            coverages: Of cyan, magenta, yellow and black, each of shape (H, W), 0 to 1.
        """
        profile = _PROFILES[self.profile]
        through = self.through().astype(np.float32)
        light = np.empty((*coverages[0].shape, 3), np.float32)
        for colour in range(3):
            passed = [
                _passed(coverage, through[ink, colour]) for ink, coverage in enumerate(coverages)
            ]
            np.multiply(passed[0], passed[1], out=light[..., colour])
            light[..., colour] *= passed[2]
            light[..., colour] *= passed[3]
            if self.profile != "process":
                light[..., colour] *= np.float32(profile.white[colour] * (1.0 - profile.black))
                light[..., colour] += np.float32(profile.white[colour] * profile.black)
        return light

    def _black(self, wanted: LinearImage, through: Map) -> Map:
        """Return the coverage of black, which replaces part of the grey of the colours."""
        grey = 1.0 - np.maximum(np.maximum(wanted[..., 0], wanted[..., 1]), wanted[..., 2])
        share = np.float32(self.black_ink) * np.clip((grey - 0.5) / 0.5, 0.0, 1.0)
        return np.asarray(np.minimum(grey * share / (1.0 - through[3].max()), 1.0), np.float32)

    def _grown(self, coverage: Map) -> Map:
        """Apply dot gain: none on white and on full tone, most on half tone."""
        if not self.dot_gain:
            return coverage
        more = coverage + np.float32(4.0 * self.dot_gain) * coverage * (1.0 - coverage)
        return np.asarray(np.clip(more, 0.0, 1.0), np.float32)


def _passed(coverage: Map, through: np.float32) -> Map:
    """Return the share of light that is left; never nothing, since it divides."""
    left = np.float32(1.0) - (np.float32(1.0) - through) * coverage
    return np.asarray(np.maximum(left, np.float32(1e-3)), np.float32)


class _Material(NamedTuple):
    """Constants of a material.

    Attributes:
        mirrored: Specular light, relative to a fully glossy material.
        sharp: How small its highlights are, relative to a smooth hard material.
        round: Width of the edge of shadow, by scattering inside the material.
        printed: Whether its colour is inks on a white ground; else paint.
        bumps: Size of its bumps, millimetres.
        rough: Light and dark of the bumps, share.
        shell: Its thickness, millimetres.
        thin: Whether its edge runs out on the skin instead of ending in a step.
    """

    mirrored: float
    sharp: float
    round: float
    printed: bool
    bumps: float
    rough: float
    shell: float
    thin: bool = False


MATERIALS: Mapping[str, _Material] = MappingProxyType(
    {
        "paper": _Material(0.12, 0.3, 0.05, True, 0.3, 0.02, 0.5),
        "resin": _Material(0.5, 0.5, 0.05, False, 0.35, 0.04, 3.0),
        "silicone": _Material(0.45, 0.35, 0.35, False, 0.3, 0.035, 1.5, thin=True),
        "latex": _Material(0.25, 0.25, 0.2, False, 0.7, 0.045, 1.5, thin=True),
        "plastic": _Material(0.9, 1.0, 0.1, False, 2.5, 0.015, 1.2),
        "fabric": _Material(0.0, 0.3, 0.3, True, 0.5, 0.03, 1.0),
    }
)
_INKED = 0.6  # of a printer's errors: masks come from shops and photo printers
_LAYERED, _WOVEN = "resin", "fabric"


@dataclass(frozen=True, slots=True)
class SurfaceMaterial:
    """Light and finish; see `parameters` for the fields."""

    softness: float = uniform(
        0.001, 0.006, "Blur of the picture on the mask over the face's width",
        off=0.001, log=True, group=_FINISH,
    )  # fmt: skip
    white: float = uniform(0.85, 1.1, "Light of the mask over that of the face", off=1.0)
    paint: float = uniform(
        0.85, 1.15, "Contrast of painted detail over that of the face", off=1.0, group=_FINISH
    )
    colourful: float = uniform(0.75, 1.15, "Colourfulness over that of the face", off=1.0)
    tint: float = uniform(
        -0.08, 0.08, "Half the logarithm of red over blue", off=0.0, group=_FINISH
    )
    mottle: float = uniform(0.0, 0.07, "Unevenness of hand painting, share", off=0.0, group=_FINISH)
    gloss: float = uniform(0.02, 0.45, "Light of mirrored lamps", off=0.0, log=True, group=_FINISH)
    sharpness: float = uniform(8.0, 60.0, "How small mirrored lamps are", off=20.0, log=True)
    sheen: float = uniform(0.0, 0.1, "Light at grazing angles", off=0.0, bias=1.5, group=_FINISH)
    grain: float = uniform(0.0, 0.03, "Unevenness, share", off=0.0, bias=1.5, group=_FINISH)
    texture: float = uniform(
        0.4, 1.4, "Strength of pores, fibres, layers or threads", off=0.0, group=_FINISH
    )
    layer: float = uniform(
        0.3, 1.6, "Layers of a 3D print, or threads, millimetres", off=0.5, log=True
    )
    layer_deg: float = uniform(0.0, 90.0, "Layers: 0 lie across, 90 upright in depth", off=0.0)
    relit: float = uniform(
        0.3, 0.9, "Share of the picture's own shadows that paint leaves out", off=0.0
    )
    shading: float = uniform(0.2, 0.65, "Share of the light that has a direction", off=0.0,
                           group=_FINISH)  # fmt: skip
    azimuth_deg: float = uniform(-25.0, 25.0, "Lamp to the right of the picture's, degrees",
                                 off=0.0)  # fmt: skip
    height_deg: float = uniform(-15.0, 20.0, "Lamp above that of the picture, degrees", off=0.0)

    def direction(self, lamp: Vertices) -> Vertices:
        """Return the unit vector towards the mask's lamp: right, down, away from the camera.

        Args:
            lamp: Slopes of the light of the picture, from `fitted_lamp`.
        """
        return towards(lamp, self.azimuth_deg, self.height_deg)


@dataclass(frozen=True, slots=True)
class MaskShading:
    """The colour and light of a mask of one material."""

    material: str
    printer: Printer
    varnish: SurfaceMaterial

    def coloured(
        self, wanted: LinearImage, seen: MaskSurface, rng: np.random.Generator
    ) -> LinearImage:
        """Return the reflectance of the mask that shows a picture.

        Args:
            wanted: Linear light, shape (H, W, 3), 0 to 1; overwritten.
            seen: The surface.
            rng: Random numbers for the painting.
        """
        varnish, inside = self.varnish, seen.inside.astype(np.uint8)
        ground = np.array(cv2.mean(wanted, inside)[:3], np.float32)
        if MATERIALS[self.material].printed:
            for band in bands(len(wanted)):  # inks take much memory
                inked = self.printer.reflected(self.printer.coverages(wanted[band]))
                wanted[band] += np.float32(_INKED) * (inked - wanted[band])
            # Cameras expose for the face, so that pale and dark prints come out alike.
            printed = np.array(cv2.mean(wanted, inside)[:3], np.float32)
            gain = (float(ground.mean()) / max(float(printed.mean()), 1e-3)) ** 0.8
            wanted *= np.float32(np.clip(gain, 0.7, 1.35))
        else:
            fallen = np.clip(1.0 + seen.facing @ seen.lamp, 0.4, 2.5)  # by the picture's own lamp
            fallen /= np.float32(max(float(fallen[seen.inside].mean()), 1e-3))
            times(wanted, np.asarray(fallen ** np.float32(-varnish.relit), np.float32))
            wanted -= ground
            wanted *= np.float32(varnish.paint)
            wanted += ground
            self._painted(wanted, seen.pitch, rng)
        white = np.exp(np.array([varnish.tint, 0.0, -varnish.tint])) * varnish.white
        for band in bands(len(wanted)):
            part = wanted[band]
            grey = luminance(part)[..., None]
            part -= grey
            part *= np.float32(varnish.colourful)
            part += grey
            part *= white.astype(np.float32)
            np.maximum(part, 0.0, out=part)
        return wanted

    def lit(self, colour: LinearImage, seen: MaskSurface, rng: np.random.Generator) -> LinearImage:
        """Return the light of the lit mask.

        The mean over the mask is kept, since the picture includes the light of its own scene.

        Args:
            colour: Reflectance; overwritten.
            seen: The surface.
            rng: Random numbers for grain and texture.
        """
        varnish, material, inside = self.varnish, MATERIALS[self.material], seen.inside
        lamp = varnish.direction(seen.lamp)
        hollow, visible = shadows(seen.place[..., 2], inside, seen.pitch, lamp)
        falling = (seen.facing @ lamp + np.float32(material.round)) / np.float32(1 + material.round)
        shade = np.maximum(falling, 0.0)
        del falling  # here and below: large
        shade *= visible
        shade *= np.float32(varnish.shading)
        shade += np.float32(1.0 - varnish.shading) * (hollow if varnish.shading else 1.0)
        shade /= np.float32(max(float(shade[inside].mean()), 1e-3))
        bumps = self._bumps(seen, lamp, rng)
        light = times(colour, np.asarray(shade * bumps, np.float32))
        if material.round > 0.15:  # light that comes out again in the shadow is red
            light[..., 0] *= np.clip(shade, 0.2, 1.5) ** np.float32(-0.35 * material.round)
        del shade
        # Lamps are as bright as the light in the picture, which the mask's mean shows.
        scene = np.float32(min(float(light[inside].mean()) / _SKIN, 1.2))
        between = lamp - np.array([0.0, 0.0, 1.0], np.float32)
        between /= np.float32(max(float(np.linalg.norm(between)), 1e-3))
        power = np.float32(max(varnish.sharpness * material.sharp, 4.0))
        for band in bands(len(light)):
            part = seen.facing[band]
            mirrored = np.maximum(part @ between, 0.0) ** power
            mirrored *= np.float32(material.mirrored * varnish.gloss) * visible[band]
            mirrored *= np.maximum(1.0 + 5.0 * (bumps[band] - 1.0), 0.0)
            mirrored += np.float32(varnish.sheen) * (1.0 + part[..., 2]) ** 2
            mirrored *= scene
            light[band] += np.asarray(mirrored, np.float32)[..., None]
        return light

    def _painted(self, wanted: LinearImage, pitch: float, rng: np.random.Generator) -> None:
        """Mottle paint: large spots that are redder or darker, and small ones."""
        size, share = (wanted.shape[0], wanted.shape[1]), np.float32(self.varnish.mottle)
        dark = spots(size, 9.0 / pitch, rng) + 0.6 * spots(size, 2.2 / pitch, rng)
        red = spots(size, 6.0 / pitch, rng)
        wanted[..., 0] *= 1.0 + share * (0.7 * dark + 0.25 * red)
        wanted[..., 1] *= 1.0 + share * (dark - 0.3 * red)
        wanted[..., 2] *= 1.0 + share * (dark - 0.2 * red)

    def _bumps(self, seen: MaskSurface, lamp: Vertices, rng: np.random.Generator) -> Map:
        """Return the light on the material's own texture, relative to a smooth surface."""
        varnish, material = self.varnish, MATERIALS[self.material]
        light = grain(seen.inside.shape, rng)
        light *= np.float32(varnish.grain)
        size = material.bumps / seen.pitch
        if varnish.texture:
            bumps = rng.standard_normal(light.shape, dtype=np.float32)
            cv2.GaussianBlur(bumps, (0, 0), max(size, 0.5), dst=bumps)
            moved = np.array([[1, 0, -lamp[0] * 1.5 - 0.4], [0, 1, -lamp[1] * 1.5 - 0.4]])
            bumps -= cv2.warpAffine(bumps, moved, bumps.shape[::-1], borderMode=cv2.BORDER_REFLECT)
            strong = material.rough * min(size / 0.6, 1.0)  # finer bumps melt into each other
            bumps *= np.float32(varnish.texture * strong / max(float(bumps.std()), 1e-6))
            light += bumps
            light += self._lines(seen)
        light += np.float32(1.0)
        return np.maximum(light, np.float32(0.0), out=light)

    def _lines(self, seen: MaskSurface) -> Map | np.float32:
        """Return the lines of a printed resin's layers, or the threads of fabric, about 0."""
        wave = 2.0 * np.pi / self.varnish.layer
        fine = float(np.clip(self.varnish.layer / seen.pitch / 2.0 - 1.0, 0.0, 1.0))
        share = np.float32(0.06 * fine * self.varnish.texture)
        if not share or self.material not in (_LAYERED, _WOVEN):
            return np.float32(0.0)
        x, y, z = (seen.place[..., axis] * np.float32(wave) for axis in range(3))
        if self.material == _WOVEN:
            return np.asarray(share * np.sin(x + y) * np.sin(y - x), np.float32)
        up = np.deg2rad(self.varnish.layer_deg)
        return np.asarray(share * np.sin(np.cos(up) * y + np.sin(up) * z), np.float32)
