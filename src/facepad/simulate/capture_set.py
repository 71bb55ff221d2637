"""Capture sets: one person before one camera, bona fide and then by every kind of attack.

Camera, framing and background are drawn once for a capture set, so that only the medium
differs between its pictures. Each draw depends on the seed, the source and the number of the
set alone: neither on other sources nor on the order of work.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256

import numpy as np

from facepad.errors import InputError, SettingsError
from facepad.faces.finder import FaceFinder
from facepad.media.resize import to_long_side
from facepad.packed.pictures import PackedFiles
from facepad.simulate.camera.camera import Camera
from facepad.simulate.depth_map import DepthFile, encoded
from facepad.simulate.linear_light import Map
from facepad.simulate.media.mask import Mask
from facepad.simulate.parameters import draw, to_dict
from facepad.simulate.recipe import BONA_FIDE, MEDIA, PARTIAL, Recipe, apply, draw_recipe
from facepad.simulate.scene.background import BackgroundReplacement
from facepad.simulate.scene.face_mesh import MeshFiles
from facepad.simulate.scene.matting import PersonMatting
from facepad.simulate.scene.stage import Framing
from facepad.simulate.sources import digest, of_part
from facepad.sources import load_sample, read_picture
from facepad.types import Face, Frame, RgbImage, Sample

ATTACKS = (*MEDIA, PARTIAL)
MOST_ROUNDS = 10_000
_LARGEST = 1280  # longer side of a source, pixels; a camera resolves no more of it
DEPTH_COLUMNS = ("depth", "depth_offset")  # of a depth map: the file, relative, and its offset
_CACHED_BACKGROUNDS = 2  # decoded pictures; large, and soon read again


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """What is made of every source.

    Attributes:
        attacks: Kinds of attack, one picture each in a capture set.
        per_image: Capture sets (rounds) for each source.
        seed: Random seed.
        backgrounds: Pictures behind people and media; none: made-up rooms.
        cameras: Cameras for each part, shared by its capture sets; 0: a new one for each set.
        mesh: A Wavefront OBJ file with the shape of masks; "": the face's own surface.
        keep_backgrounds: Whether all people keep their own background. If not, some get
            another one. All other parameters are drawn alike.
        depth: Whether to make a depth map of each attack.

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
    depth: bool = False

    def __post_init__(self) -> None:
        unknown = [name for name in self.attacks if name not in ATTACKS]
        if unknown or not self.attacks or len(set(self.attacks)) < len(self.attacks):
            raise SettingsError(
                f"attacks are some of {', '.join(ATTACKS)}, each once, got "
                f"{', '.join(self.attacks) or 'none'}"
            )
        if not 1 <= self.per_image <= MOST_ROUNDS:
            raise SettingsError(f"rounds an image must be 1 to {MOST_ROUNDS}, got {self.per_image}")
        if self.seed < 0 or self.cameras < 0:
            raise SettingsError(f"seed and cameras are 0 or more, got {self.seed}, {self.cameras}")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the list that depend on the options."""
        return DEPTH_COLUMNS if self.depth else ()

    def with_backgrounds(self, backgrounds: tuple[Sample, ...]) -> "CaptureOptions":
        """Return the options with other backgrounds."""
        return replace(self, backgrounds=backgrounds)

    def facts(self) -> dict[str, str]:
        """Return everything but the pictures that the output depends on, in words.

        Raises:
            DatasetError: The mesh is missing.
        """
        return {
            "attacks": ", ".join(self.attacks),
            "rounds an image": str(self.per_image),
            "seed": str(self.seed),
            "cameras": str(self.cameras),
            "mesh": digest(self.mesh)[:16] if self.mesh else "",
            "people's own backgrounds": "kept" if self.keep_backgrounds else "changed in part",
            **({"depth maps": "of attacks"} if self.depth else {}),
        }

    def simulator(self) -> "Simulator":
        """Return what makes the pictures."""
        return Simulator(self)


@dataclass(frozen=True, slots=True)
class Capture:
    """One picture of a capture set, or one clip.

    Attributes:
        species: "bona_fide" or the kind of attack.
        round: Number of the capture set, from 0.
        camera: Name of the camera; equal names mean one camera.
        background: Name of the picture behind the person; "" for none or a made-up room.
        parameters: All drawn parameters, as JSON.
        file: The JPEG file, or the AVI file of a clip.
        depth: Depth map of the medium; None for bona fide, or where it was not asked for.
        suffix: How the file's name ends.
        truth: CSV file with the ground truth of a clip; "" for pictures.
        cells: Further cells of its row, by column.
    """

    species: str
    round: int
    camera: str
    background: str
    parameters: str
    file: bytes
    depth: DepthFile | None = None
    suffix: str = ".jpg"
    truth: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Person:
    picture: RgbImage
    face: Face
    matte: Map


class Simulator:
    """Makes the capture sets of sources; holds networks, meshes and the last backgrounds.

    Args:
        options: What to make of each source.
        finder: Finds the face of a source.
        matter: Separates the person from the background.
    """

    def __init__(
        self,
        options: CaptureOptions,
        finder: FaceFinder | None = None,
        matter: PersonMatting | None = None,
    ) -> None:
        self.options = options
        self._finder, self._matter = finder or FaceFinder(), matter or PersonMatting()
        self._meshes, self._packed = MeshFiles(), PackedFiles()
        self._read_background = lru_cache(maxsize=_CACHED_BACKGROUNDS)(read_background)

    def captures(self, source: Sample) -> Iterator[Capture]:
        """Yield all pictures of one source, set after set, bona fide first.

        Raises:
            InputError: The source cannot be read or shows no face; the message names it.
            ModelError: A network's file is missing; the message names the command that gets it.
        """
        person = self._person(source)
        for number in range(self.options.per_image):
            yield from self._capture_set(source, person, number)

    def _person(self, source: Sample) -> _Person:
        if source.frame is None:
            read = read_picture(source.path, packed=self._packed)
        else:
            read = load_sample(source, packed=self._packed).frames[0]
        picture = to_long_side(read.image, _LARGEST)
        frame = self._finder.find(Frame(picture))
        if frame.face is None:
            name = source.path if source.frame is None else f"{source.path}, frame {source.frame}"
            raise InputError(f"{name}: {frame.no_face}: no face to simulate attacks of")
        return _Person(picture, frame.face, self._matter.matte(picture))

    def _capture_set(self, source: Sample, person: _Person, number: int) -> Iterator[Capture]:
        options = self.options
        rng = random_of(options.seed, "round", source.key, number)
        situation, backdrop = draw(Framing, rng), draw(BackgroundReplacement, rng)
        if options.keep_backgrounds:
            backdrop = replace(backdrop, used=False)
        camera = self._camera(source, number)
        name, behind = self._background(source, rng)
        picture, face = backdrop.behind(person.picture, person.matte, person.face, behind, rng)
        _, around = self._background(source, rng)
        for species in (BONA_FIDE, *options.attacks):
            own = random_of(options.seed, species, source.key, number)
            recipe = draw_recipe(species, own, camera=camera, situation=situation)
            recipe = _with_mesh(recipe, options.mesh)
            made = apply(recipe, picture, face, around, self._meshes, with_depth=options.depth)
            depth = None if made.depth is None else encoded(made.depth)
            parameters = {**recipe.to_dict(), "backdrop": to_dict(backdrop)}
            text = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
            used = name if backdrop.used else ""
            yield Capture(species, number, camera_name(camera), used, text, made.file, depth)

    def _camera(self, source: Sample, number: int) -> Camera:
        """Return a camera for this capture set, or one of those that the part shares."""
        options = self.options
        words: tuple[object, ...] = ("camera", source.key, number)
        if options.cameras:
            which = int(random_of(options.seed, *words).integers(options.cameras))
            words = ("camera", source.split, which)
        return draw(Camera, random_of(options.seed, *words))

    def _background(self, source: Sample, rng: np.random.Generator) -> tuple[str, RgbImage | None]:
        """Return one of the pictures of the source's part and its name, or none."""
        at = float(rng.random())  # drawn in any case, so that backgrounds change nothing else
        known = of_part(self.options.backgrounds, source.split)
        if not known:
            return "", None
        sample = known[int(at * len(known))]
        return sample.key, self._read_background(sample.path)


def random_of(seed: int, *words: object) -> np.random.Generator:
    """Return random numbers for one purpose; other words give other numbers."""
    digest = sha256(json.dumps([str(word) for word in words]).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, ">u4").tolist()])


def camera_name(camera: Camera) -> str:
    """Return a name for a camera; cameras with equal settings have one name."""
    return sha256(json.dumps(to_dict(camera), sort_keys=True).encode()).hexdigest()[:10]


def _with_mesh(recipe: Recipe, mesh: str) -> Recipe:
    if mesh and isinstance(recipe.medium, Mask):
        return replace(recipe, medium=replace(recipe.medium, mesh=mesh))
    return recipe


def read_background(path: str) -> RgbImage:
    """Return a background picture, no larger than a camera resolves."""
    return to_long_side(read_picture(path).image, _LARGEST)
