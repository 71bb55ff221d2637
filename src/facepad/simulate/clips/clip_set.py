"""Clip sets: one person, as a living head and then by every kind of attack, each before a camera.

Each draw depends on the seed, the source, the kind and the number of the set alone: neither on
other sources nor on the order of work.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from facepad.errors import InputError, SettingsError
from facepad.faces.finder import FaceFinder
from facepad.media.frame_selection import FrameSelection, at_rate
from facepad.media.resize import to_long_side
from facepad.media.video import is_video, read_video
from facepad.packed.pictures import PackedFiles
from facepad.simulate.camera.codec import Codec
from facepad.simulate.capture_set import (
    MOST_ROUNDS,
    Capture,
    camera_name,
    random_of,
    read_background,
)
from facepad.simulate.clips.instruments import FrameRecording, cropped
from facepad.simulate.clips.takes import (
    HEAD,
    NEED_HEAD,
    PRINTS,
    REPLAY,
    SCREENS,
    ClipMaker,
    Person,
    draw_stage,
)
from facepad.simulate.heads.body import with_body
from facepad.simulate.heads.face_model import FaceModel, read_face_model
from facepad.simulate.heads.fitting import Portrait
from facepad.simulate.heads.head import BLINKS, PersonHead, draw_head
from facepad.simulate.linear_light import to_light
from facepad.simulate.recipe import BONA_FIDE
from facepad.simulate.scene.matting import PersonMatting, person
from facepad.simulate.sources import digest, of_part
from facepad.sources import read_picture
from facepad.types import Face, Frame, RgbImage, Sample

CLIP_ATTACKS = (*PRINTS, *SCREENS)
COLUMNS = (
    "truth", "motion", "shown_motion", "fps", "seconds", "blinks", "pulse_bpm", "flicker_hz",
)  # fmt: skip
MODEL, CANONICAL = "ict_facekit_light.npz", "mediapipe_canonical_face_model.obj"
SECONDS = 1.0, 30.0  # of a clip that is asked for
LINES = 96, 1080
_LARGEST = 800  # longer side of a source, pixels
_FORMAT = 1  # raised when equal options give other clips
_PLAYED_FPS, _PLAYED_S, _PLAYED_SIDE = 30.0, 12.0, 640  # most that is kept of a source's clip


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """What is made of every source.

    Attributes:
        attacks: Kinds of attack, one clip each in a set; "head" alone for living heads alone.
        per_image: Sets for each source.
        seed: Random seed.
        backgrounds: Pictures behind people and media; none: made-up rooms.
        heads: Folder of the face model that living heads are rendered with; "": none are.
        seconds: Duration of every clip; 0: drawn.
        lines: Lines of every clip; 0: drawn.

    Raises:
        SettingsError: No or an unknown kind of attack, one that needs a face model without one,
            or a number out of range.
    """

    attacks: tuple[str, ...]
    per_image: int = 1
    seed: int = 0
    backgrounds: tuple[Sample, ...] = ()
    heads: str = ""
    seconds: float = 0.0
    lines: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.attacks if name not in (*CLIP_ATTACKS, HEAD)]
        if unknown or not self.attacks or len(set(self.attacks)) < len(self.attacks):
            raise SettingsError(
                f"attacks in clips are some of {', '.join(CLIP_ATTACKS)}, each once, got "
                f"{', '.join(self.attacks) or 'none'}"
            )
        if needing := [name for name in self.attacks if name in NEED_HEAD and not self.heads]:
            raise SettingsError(f"{needing[0]} shows a living person: give --heads FOLDER")
        if not 1 <= self.per_image <= MOST_ROUNDS or self.seed < 0:
            raise SettingsError(
                f"rounds an image must be 1 to {MOST_ROUNDS} and the seed 0 or more, got "
                f"{self.per_image} and {self.seed}"
            )
        _within("seconds of a clip", self.seconds, SECONDS)
        _within("lines of a clip", self.lines, LINES)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the list besides those of pictures."""
        return COLUMNS

    def with_backgrounds(self, backgrounds: tuple[Sample, ...]) -> "ClipOptions":
        """Return the options with other backgrounds."""
        return replace(self, backgrounds=backgrounds)

    def facts(self) -> dict[str, str]:
        """Return everything but the pictures that the output depends on, in words.

        Raises:
            DatasetError: A file of the face model is missing.
        """
        files = [Path(self.heads) / name for name in (MODEL, CANONICAL)] if self.heads else []
        return {
            "clips of": ", ".join(self.attacks),
            "rounds an image": str(self.per_image),
            "seed": str(self.seed),
            "face model": ", ".join(digest(file)[:16] for file in files),
            "seconds": f"{self.seconds:g}",
            "lines": str(self.lines),
            "format of clips": str(_FORMAT),
        }

    def simulator(self) -> "ClipSimulator":
        """Return what makes the clips."""
        return ClipSimulator(self)


class ClipSimulator:
    """Makes the clip sets of sources; holds networks, the face model and the last backgrounds.

    Args:
        options: What to make of each source.
        finder: Finds the face of a source.
        matter: Separates the person from the background.
    """

    def __init__(
        self,
        options: ClipOptions,
        finder: FaceFinder | None = None,
        matter: PersonMatting | None = None,
    ) -> None:
        self.options = options
        self._finder, self._matter = finder or FaceFinder(), matter or PersonMatting()
        self._packed = PackedFiles()
        self._model = _face_model(Path(options.heads)) if options.heads else None
        self._read_background = lru_cache(maxsize=2)(read_background)

    def captures(self, source: Sample) -> Iterator[Capture]:
        """Yield all clips of one source, one set at a time; the bona fide clip comes first in each.

        Raises:
            InputError: The source cannot be read or shows no face, or a replay of a picture is
                asked for without a face model; the message names it.
            ModelError: A network's file is missing; the message names the command that gets it.
        """
        picture, face, recording = self._read(source)
        if REPLAY in self.options.attacks and recording is None and self._model is None:
            raise InputError(f"{source.path}: a replay needs a clip, or a face model (--heads)")
        for number in range(self.options.per_image):
            rng = random_of(self.options.seed, "head", source.key, number)
            head = self._head(picture, face, rng)
            someone = Person(picture, cropped(picture, face), head, recording)
            for kind in dict.fromkeys((*((HEAD,) if head else ()), *self.options.attacks)):
                yield self._capture(source, someone, kind, number)

    def _capture(self, source: Sample, someone: Person, kind: str, number: int) -> Capture:
        rng = random_of(self.options.seed, "clip", kind, source.key, number)
        stage = draw_stage(rng)
        filming = stage.filming
        if self.options.seconds:
            filming = replace(filming, seconds=self.options.seconds)
        if self.options.lines:
            filming = replace(filming, lines=self.options.lines // 2 * 2)
        lens = replace(stage.camera.lens, lines=filming.lines)
        stage = replace(stage, filming=filming, camera=replace(stage.camera, lens=lens))
        name, around = self._background(source, rng)
        maker = ClipMaker(kind, someone, stage, rng, around)
        clip = maker.made()
        species = BONA_FIDE if kind == HEAD else kind
        text = json.dumps(clip.parameters, sort_keys=True, separators=(",", ":"))
        return Capture(
            species, number, camera_name(stage.camera), name, text, clip.file,
            suffix=".avi", truth=clip.truth.encoded(), cells=clip.facts,
        )  # fmt: skip

    def _head(self, picture: RgbImage, face: Face, rng: np.random.Generator) -> PersonHead | None:
        if self._model is None:
            return None
        light = person(to_light(picture), self._matter.matte(picture))
        return draw_head(self._model, Portrait(picture, face), light, rng)

    def _read(self, source: Sample) -> tuple[RgbImage, Face, FrameRecording | None]:
        """Return the picture of a source and its face, and the clip that it comes from."""
        recording = None
        if is_video(source.path) and source.frame is None:
            frames = _frames(source.path)
            times = np.array([frame.time_s for frame in frames])
            files = tuple(Codec(97).encode(_small(frame.image)) for frame in frames)
            recording = FrameRecording(files, times)
            picture = to_long_side(frames[0].image, _LARGEST)
        else:
            picture = to_long_side(read_picture(source.path, packed=self._packed).image, _LARGEST)
        frame = self._finder.find(Frame(picture))
        if frame.face is None or frame.face.landmarks is None:
            reason = frame.no_face or "no landmarks"
            raise InputError(f"{source.path}: {reason}: no face to simulate attacks of")
        return picture, frame.face, recording

    def _background(self, source: Sample, rng: np.random.Generator) -> tuple[str, RgbImage | None]:
        at = float(rng.random())  # drawn in any case, so that backgrounds change nothing else
        known = of_part(self.options.backgrounds, source.split)
        if not known:
            return "", None
        sample = known[int(at * len(known))]
        return sample.key, self._read_background(sample.path)


def _face_model(folder: Path) -> FaceModel:
    model = read_face_model(folder / MODEL, folder / CANONICAL)
    if missing := [name for name in (*BLINKS, "jawOpen") if name not in model.expressions]:
        raise SettingsError(f"{folder / MODEL}: the face model has no expression {missing[0]!r}")
    return with_body(model)


def _frames(path: str) -> tuple[Frame, ...]:
    kept = []
    for frame in at_rate(read_video(path, FrameSelection()), _PLAYED_FPS):
        if frame.time_s > _PLAYED_S:
            break
        kept.append(replace(frame, image=to_long_side(frame.image, _LARGEST)))
    return tuple(kept)


def _small(image: RgbImage) -> RgbImage:
    return to_long_side(image, _PLAYED_SIDE)


def _within(what: str, value: float, bounds: tuple[float, float]) -> None:
    if value and not bounds[0] <= value <= bounds[1]:
        raise SettingsError(f"{what} must be {bounds[0]:g} to {bounds[1]:g}, got {value:g}")
