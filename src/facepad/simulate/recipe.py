"""Recipes: all parameters of one simulated picture; draw, store and apply them.

    rng = np.random.default_rng(7)
    recipe = draw_recipe("screen", rng)
    attack = apply(recipe, picture, face)
    person = bona_fide(recipe, picture, face)  # the same camera and framing, no medium

The same recipe, picture and face give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from facepad.errors import InputError, SettingsError, unknown_name
from facepad.opencv import cv2
from facepad.simulate.camera.camera import Camera, SceneRadiance
from facepad.simulate.camera.codec import decode
from facepad.simulate.camera.look import CASTS, PLAIN, PROFILES, Look
from facepad.simulate.linear_light import LinearImage, Map, bands, mixed
from facepad.simulate.media import face_regions
from facepad.simulate.media.mask import Mask
from facepad.simulate.media.pose import CLOSE, SHARPNESS
from facepad.simulate.media.print import Print
from facepad.simulate.media.screen import Screen
from facepad.simulate.parameters import ablated, choice, draw, from_dict, to_dict, uniform
from facepad.simulate.scene.face_mesh import MeshFiles
from facepad.simulate.scene.stage import LIFE_SIZE, CaptureScene, Framing, MediumRender, moved
from facepad.types import Face, RgbImage

BONA_FIDE, PARTIAL = "bona_fide", "partial"
# Effects that can be turned off one by one, for ablation studies.
GROUPS = (
    "halftone", "gamut", "paper", "moire", "panel_tone", "reflections", "surroundings",
    SHARPNESS, CASTS, PROFILES, CLOSE, PARTIAL,
)  # fmt: skip
_LEAST_SIDE = 16  # pixels of a picture
_LEAST = 1e-3  # light below which colours are not compared


@dataclass(frozen=True, slots=True)
class RecapturedPart:
    """The part of a partial recapture: only it shows the medium; see `parameters` for the fields.

    Person, source and background are the same inside and outside of the part, so that only the
    medium differs.

    Reference:
        The blending follows Shiohara, Yamasaki (2022), Detecting Deepfakes with Self-Blended
        Images, arXiv:2204.08376.
    """

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
        wanted, shown = (np.array(cv2.mean(light, weight)[:3]) for light in (person, medium))
        gains = np.maximum(wanted, _LEAST) / np.maximum(shown, _LEAST)
        even = np.exp(np.log(gains).mean())  # brightness is matched fully, colour in part
        return np.asarray(even * (gains / even) ** self.matched, np.float32)


class Medium(Protocol):
    """A presentation attack instrument: a parameter class."""

    @property
    def species(self) -> str:
        """PAI species, as datasets name it."""

    def present(self, stage: CaptureScene, rng: np.random.Generator) -> MediumRender:
        """Return the light before the camera's lens."""


MEDIA: Mapping[str, type[Any]] = MappingProxyType({"print": Print, "screen": Screen, "mask": Mask})
_IN_PART = ("print", "screen")  # media that a partial recapture goes through


@dataclass(frozen=True, slots=True)
class Recipe:
    """All parameters of one picture.

    Attributes:
        camera: Takes the picture.
        situation: Framing and light of the person.
        medium: The attack instrument that shows the picture; None for bona fide.
        part: The part of the frame that shows the medium; None for the whole frame.
        seed: Random seed of noise, rooms and hands; the parameters do not depend on it.
        look: Light and colours of this picture alone, drawn alike for all species.
    """

    camera: Camera
    situation: Framing
    medium: Medium | None = None
    part: RecapturedPart | None = None
    seed: int = 0
    look: Look = PLAIN

    @property
    def species(self) -> str:
        """Kind of picture: "bona_fide", "partial" or the medium's species."""
        if self.medium is None:
            return BONA_FIDE
        return self.medium.species if self.part is None else PARTIAL

    def ablated(self, group: str) -> "Recipe":
        """Return the recipe with the effects of one of `GROUPS` turned off.

        Raises:
            SettingsError: There is no such group.
        """
        if group not in GROUPS:
            raise SettingsError(f"groups of effects are {', '.join(GROUPS)}; got {group!r}")
        if group == PARTIAL:
            return replace(self, part=None)
        medium = None if self.medium is None else ablated(self.medium, group)
        return replace(self, medium=medium, look=ablated(self.look, group))

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as data for JSON; `from_dict` reads it."""
        return {
            "species": self.species,
            "camera": to_dict(self.camera),
            "situation": to_dict(self.situation),
            "medium": None if self.medium is None else {
                "species": self.medium.species, **to_dict(self.medium),
            },
            "part": None if self.part is None else to_dict(self.part),
            "seed": self.seed,
            "look": to_dict(self.look),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Recipe":
        """Return the recipe that `to_dict` wrote.

        Raises:
            SettingsError: The data is of another version or damaged.
        """
        try:
            medium, part = data["medium"], data["part"]
            if medium is not None:
                rest = {name: value for name, value in medium.items() if name != "species"}
                medium = from_dict(MEDIA[medium["species"]], rest)
            return cls(
                from_dict(Camera, data["camera"]),
                from_dict(Framing, data["situation"]),
                medium,
                None if part is None else from_dict(RecapturedPart, part),
                int(data["seed"]),
                from_dict(Look, data["look"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"a recipe has camera, situation, medium, part, seed and look: {error!r}"
            ) from None


@dataclass(frozen=True, slots=True)
class SimulatedPicture:
    """One simulated picture.

    Attributes:
        image: The decoded ``file``; RGB, shape (H, W, 3).
        mask: Share of each pixel that shows the medium, 0 to 1, shape (H, W).
        parameters: The recipe, as plain data.
        file: The JPEG file that the camera stored.
        face: The face where it now is, when one was given and most of it is in the frame.
        depth: Distance of the medium along the camera's axis from any constant, pixels, larger
            is further away, NaN where it is not seen, shape (H, W); None without a medium, or
            where it was not asked for.
    """

    image: RgbImage
    mask: Map
    parameters: Mapping[str, Any]
    file: bytes
    face: Face | None
    depth: Map | None = None


def draw_recipe(
    species: str,
    rng: np.random.Generator,
    *,
    camera: Camera | None = None,
    situation: Framing | None = None,
) -> Recipe:
    """Draw a recipe; every parameter comes from its documented range.

    Args:
        species: "bona_fide", "partial" or one of `MEDIA`.
        rng: Random numbers.
        camera: For several pictures by one camera; None draws one.
        situation: For several pictures with equal framing and light; None draws one.

    Raises:
        SettingsError: There is no such species.
    """
    known = (BONA_FIDE, PARTIAL, *MEDIA)
    if species not in known:
        raise SettingsError(unknown_name("kind of attack", species, known))
    camera = draw(Camera, rng) if camera is None else camera
    situation = draw(Framing, rng) if situation is None else situation
    medium, part = None, None
    if species == PARTIAL:
        part = draw(RecapturedPart, rng)
        medium = draw(MEDIA[_IN_PART[int(rng.integers(len(_IN_PART)))]], rng)
    elif species != BONA_FIDE:
        medium = draw(MEDIA[species], rng)
    seed, look = int(rng.integers(2**31)), draw(Look, rng)
    return Recipe(camera, situation, medium, part, seed, look)


def apply(
    recipe: Recipe,
    picture: RgbImage,
    face: Face | None = None,
    surroundings: RgbImage | None = None,
    meshes: MeshFiles | None = None,
    *,
    with_depth: bool = False,
) -> SimulatedPicture:
    """Return the picture that the recipe's camera takes.

    Args:
        recipe: The parameters.
        picture: Bona fide picture, RGB, shape (H, W, 3), at least 16 pixels each way.
        face: Its face, in the picture's pixels; parts and eye holes go by it.
        surroundings: A picture to stand behind the medium; None: a made-up room.
        meshes: Files of masks, so that several pictures read them once.
        with_depth: Whether to return the medium's depth; the picture is the same either way.

    Raises:
        InputError: The picture is not RGB uint8 or too small.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise InputError(f"a picture is RGB uint8 (H, W, 3), got {picture.dtype} {picture.shape}")
    if min(picture.shape[:2]) < _LEAST_SIDE:
        raise InputError(f"a picture has at least {_LEAST_SIDE} pixels, got {picture.shape}")
    rng = np.random.default_rng(recipe.seed)
    lens = recipe.camera.lens
    stage = CaptureScene(
        np.ascontiguousarray(picture), face, lens.size(picture), lens.optics, recipe.situation,
        surroundings, recipe.part is not None, meshes or MeshFiles(),
    )  # fmt: skip
    presented = _presented(recipe, stage, rng)
    mask = presented.mask
    moved_face = None if face is None else moved(face, picture, presented, stage.size)
    depth = presented.depth if with_depth and recipe.medium is not None else None
    light = recipe.camera.light_on_sensor(presented.exposed)
    del presented  # the largest part of the memory
    file = recipe.camera.photograph(light, rng, recipe.look)
    return SimulatedPicture(decode(file), mask, recipe.to_dict(), file, moved_face, depth)


def bona_fide(recipe: Recipe, picture: RgbImage, face: Face | None = None) -> SimulatedPicture:
    """Return a bona fide picture by the recipe's camera, without the medium; see `apply`."""
    return apply(replace(recipe, medium=None, part=None), picture, face)


def _presented(recipe: Recipe, stage: CaptureScene, rng: np.random.Generator) -> MediumRender:
    if recipe.medium is None:
        placement = stage.situation.placement(stage.picture, stage.size)
        nothing = np.zeros(stage.size, np.float32)
        return MediumRender(SceneRadiance(stage.bona_fide()), nothing, placement, LIFE_SIZE)
    presented = recipe.medium.present(stage, rng)
    return presented if recipe.part is None else recipe.part.blend(stage, presented)
