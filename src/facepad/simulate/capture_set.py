"""One round: a person before one camera, first as they are, then by every kind of attack.

Camera, framing and background are drawn once and are the same for all pictures of a round,
so that only the medium tells them apart. Every draw comes from the seed, the source and the
round, and from nothing else: neither from other sources nor from the order of work.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

import cv2
import numpy as np

from facepad.errors import InputError, SettingsError
from facepad.faces.finder import FaceFinder
from facepad.simulate.camera.camera import Camera
from facepad.simulate.linear_light import Field
from facepad.simulate.media.mask import Mask
from facepad.simulate.parameters import draw, plain
from facepad.simulate.recipe import BONA_FIDE, MEDIA, PARTIAL, Recipe, apply, draw_recipe
from facepad.simulate.scene.background import Backdrop
from facepad.simulate.scene.matting import Matter
from facepad.simulate.scene.stage import Situation
from facepad.simulate.sources import of_part
from facepad.sources import load_sample, read_picture
from facepad.types import Face, Frame, RgbImage, Sample

ATTACKS = (*MEDIA, PARTIAL)
MOST_ROUNDS = 10_000
_LARGEST = 1280  # longer side of a source, pixels; a camera sees no more of it
_KEPT_BACKGROUNDS = 2  # decoded pictures a process; large, and soon read again


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made of every source.

    Attributes:
        attacks: Kinds of attack, one picture each a round.
        per_image: Rounds for each source.
        seed: Of everything that is random.
        backgrounds: Pictures to stand behind people and media; none: made-up rooms.
        cameras: Cameras for each part, which rounds share; 0: a new one for every round.
        mesh: A Wavefront OBJ file that masks have the form of; "": the face's own surface.
        keep_backgrounds: Whether all people stay before their own background, rather than
            that some are set before others; everything else is drawn as without it.

    Raises:
        SettingsError: No or an unknown kind of attack, or a number out of range.
    """

    attacks: tuple[str, ...]
    per_image: int = 1
    seed: int = 0
    backgrounds: tuple[Sample, ...] = ()
    cameras: int = 0
    mesh: str = ""
    keep_backgrounds: bool = False

    def __post_init__(self) -> None:
        unknown = [name for name in self.attacks if name not in ATTACKS]
        if unknown or not self.attacks or len(set(self.attacks)) < len(self.attacks):
            raise SettingsError(
                f"attacks are some of {', '.join(ATTACKS)}, each once, got "
                f"{', '.join(self.attacks) or 'none'}"
            )
        if not 1 <= self.per_image <= MOST_ROUNDS:
            raise SettingsError(f"rounds an image lie in 1 to {MOST_ROUNDS}, got {self.per_image}")
        if self.seed < 0 or self.cameras < 0:
            raise SettingsError(f"seed and cameras are 0 or more, got {self.seed}, {self.cameras}")


@dataclass(frozen=True, slots=True)
class Taken:
    """One picture that was taken.

    Attributes:
        species: "bona_fide" or the kind of attack.
        round: Number of the round, from 0.
        camera: Name of the camera; equal names mean one camera.
        background: Name of the picture behind the person; "" for none or a made-up room.
        parameters: All that was drawn, as JSON.
        file: The JPEG file.
    """

    species: str
    round: int
    camera: str
    background: str
    parameters: str
    file: bytes


@dataclass(frozen=True, slots=True)
class _Person:
    picture: RgbImage
    face: Face
    matte: Field


def rounds(source: Sample, order: Order) -> Iterator[Taken]:
    """Take all pictures of one source, round after round, bona fide first.

    Raises:
        InputError: The source cannot be read or shows no face; the message names it.
        ModelError: A network's file is missing; says the command that mends it.
    """
    person = _person(source)
    for number in range(order.per_image):
        yield from _round(source, person, order, number)


def random_of(seed: int, *words: object) -> np.random.Generator:
    """A source of random numbers for one purpose; other words give other numbers."""
    digest = sha256(json.dumps([str(word) for word in words]).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, ">u4").tolist()])


def _round(source: Sample, person: _Person, order: Order, number: int) -> Iterator[Taken]:
    rng = random_of(order.seed, "round", source.key, number)
    situation, backdrop = draw(Situation, rng), draw(Backdrop, rng)
    if order.keep_backgrounds:
        backdrop = replace(backdrop, used=False)
    camera = _camera(source, order, number)
    name, behind = _background(source, order, rng)
    picture, face = backdrop.behind(person.picture, person.matte, person.face, behind, rng)
    _, around = _background(source, order, rng)
    for species in (BONA_FIDE, *order.attacks):
        own = random_of(order.seed, species, source.key, number)
        recipe = draw_recipe(species, own, camera=camera, situation=situation)
        recipe = _formed(recipe, order.mesh)
        made = apply(recipe, picture, face, around)
        told = {**recipe.plain(), "backdrop": plain(backdrop)}
        words = json.dumps(told, sort_keys=True, separators=(",", ":"))
        used = name if backdrop.used else ""
        yield Taken(species, number, _name(camera), used, words, made.file)


def _camera(source: Sample, order: Order, number: int) -> Camera:
    """A camera of its own for the round, or one of those that the part shares."""
    words: tuple[object, ...] = ("camera", source.key, number)
    if order.cameras:
        which = int(random_of(order.seed, *words).integers(order.cameras))
        words = ("camera", source.split, which)
    return draw(Camera, random_of(order.seed, *words))


def _name(camera: Camera) -> str:
    return sha256(json.dumps(plain(camera), sort_keys=True).encode()).hexdigest()[:10]


def _formed(recipe: Recipe, mesh: str) -> Recipe:
    if mesh and isinstance(recipe.medium, Mask):
        return replace(recipe, medium=replace(recipe.medium, mesh=mesh))
    return recipe


def _background(
    source: Sample, order: Order, rng: np.random.Generator
) -> tuple[str, RgbImage | None]:
    """One of the pictures of the same part, by name, or none."""
    at = float(rng.random())  # drawn in any case, so that backgrounds move nothing else
    known = of_part(order.backgrounds, source.split)
    if not known:
        return "", None
    chosen = known[int(at * len(known))]
    return chosen.key, _opened(chosen.path)


@lru_cache(maxsize=_KEPT_BACKGROUNDS)
def _opened(path: str) -> RgbImage:
    return _shrunk(read_picture(path).image)


def _person(source: Sample) -> _Person:
    picture = _shrunk(_read(source))
    finder, matter = _networks()
    found = finder.find(Frame(picture))
    if found.face is None:
        named = source.path if source.frame is None else f"{source.path}, frame {source.frame}"
        raise InputError(f"{named}: {found.no_face}: no face to simulate attacks of")
    return _Person(picture, found.face, matter.matte(picture))


def _read(source: Sample) -> RgbImage:
    if source.frame is None:
        return read_picture(source.path).image
    return load_sample(source).frames[0].image


@lru_cache(maxsize=1)
def _networks() -> tuple[FaceFinder, Matter]:
    """The networks of a process."""
    return FaceFinder(), Matter()


def _shrunk(picture: RgbImage) -> RgbImage:
    scale = _LARGEST / max(picture.shape[:2])
    if scale >= 1.0:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
