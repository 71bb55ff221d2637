"""One clip of each kind: draw its parameters, build its scene, and keep its ground truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from facepad.errors import SettingsError
from facepad.simulate.camera.camera import Camera
from facepad.simulate.camera.look import CASTS, PROFILES, Look
from facepad.simulate.clips.film import Filming, Take, avi, draw_camera, pixels_moved
from facepad.simulate.clips.instruments import (
    ClipPrint,
    ClipScreen,
    CroppedFace,
    FrameRecording,
    LitPanel,
    StillRecording,
    device_sheet,
    eye_distance_share,
    eye_middle_mm,
    print_sheet,
)
from facepad.simulate.clips.lighting import Lamp, SkinPulse
from facepad.simulate.clips.motion import Blinks, Curve, HeadMotion, MediumMotion, Track
from facepad.simulate.clips.pinhole import border_of
from facepad.simulate.clips.scenes import HeadScene, Recording, Scene, ScreenScene, SheetScene
from facepad.simulate.clips.truth import ClipTruth
from facepad.simulate.heads.head import (
    BRIDGE_CM,
    HEIGHT_MM,
    Features,
    HeadLight,
    PersonHead,
    carried,
)
from facepad.simulate.linear_light import LinearImage, Size
from facepad.simulate.media import face_regions
from facepad.simulate.parameters import ablated, draw, to_dict
from facepad.simulate.scene import background
from facepad.types import RgbImage

Instrument = TypeVar("Instrument", ClipPrint, ClipScreen)

HEAD = "head"  # the kind of bona fide clips
PRINTS = {
    "print/moved": "sheet",
    "print/bent": "sheet",
    "print/waved": "sheet",
    "print/cut_out": "outline",
    "print/eyes_empty": "eyes",
    "print/eyes_living": "mask",
}  # kinds of print, and how they are cut
REPLAY, PHOTO = "screen/replay", "screen/moved"
SCREENS = (REPLAY, PHOTO)
NEED_HEAD = (HEAD, "print/eyes_living")
_WORN_MM = 18.0  # of a worn mask before the eyes
_LIFE_SIZE = 63.0  # between the middles of the eyes, millimetres
_WORN, _ROLLED = 0.5, (0.0, 0.9)  # chance that a cut-out face is worn; radians of a worn sheet
_HELD = 0.6  # chance that a replay is held still; else it is moved
_PLAYED = (240, 360)  # lines of a recording that is rendered to be played
_PLAYED_FACE = 0.5, 0.7  # height of its face over that of the frame
_MOST_EXPOSURE = 1.1  # light of clips over that which automatic exposure aims at
_NEAR_MM = 140.0  # a camera does not come nearer to a screen
_LAMPS = np.array([1.0, 0.7, 0.4]), np.array([0.0, -0.3, -0.8])  # spread and mean of directions
_LAMP = 0.5  # share of the light that comes from a lamp, at most


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What is known of a source.

    Attributes:
        picture: RGB picture.
        shown: What prints and photographs on screens show of it.
        head: The person as a head that can be rendered; None without a face model.
        recording: The clip that the picture is a frame of; None for a picture.
    """

    picture: RgbImage
    shown: CroppedFace
    head: PersonHead | None = None
    recording: FrameRecording | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Camera, filming and light of one clip; drawn before anything else.

    Attributes:
        camera: The camera.
        filming: Frames, and how the camera is held.
        look: Light and colours.
        lamp: Light of the room.
    """

    camera: Camera
    filming: Filming
    look: Look
    lamp: Lamp


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One clip.

    Attributes:
        file: The AVI file.
        truth: Ground truth of each frame.
        facts: Cells of ``dataset.csv``.
        parameters: All drawn parameters.
    """

    file: bytes
    truth: ClipTruth
    facts: Mapping[str, str]
    parameters: Mapping[str, Any]


@dataclass(slots=True)
class ClipMaker:
    """Makes one clip; holds what its parts have in common.

    Attributes:
        kind: "head", or a kind of attack.
        person: The source.
        stage: Camera and light.
        rng: Random numbers.
        surroundings: A picture behind person or medium; None: a made-up room.
        times: Seconds at which frames are exposed.
        parameters: All drawn parameters, by name.
        columns: Columns of the ground truth.
        facts: Cells of ``dataset.csv``.
    """

    kind: str
    person: Person
    stage: Stage
    rng: np.random.Generator
    surroundings: RgbImage | None = None
    times: Curve = field(default_factory=lambda: np.zeros(0))
    parameters: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Curve] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def made(self) -> Clip:
        """Draw, film and return the clip.

        Raises:
            SettingsError: The kind is unknown, or needs a head or a recording.
        """
        take = self.take()
        file = avi(take.frames(), self.stage.filming.size, float(self.stage.filming.fps))
        return Clip(file, ClipTruth(self.columns), self.facts, self.parameters)

    def take(self) -> Take:
        """Return what is to be filmed; fills parameters, columns and facts."""
        stage, filming = self.stage, self.stage.filming
        for name in ("camera", "filming", "look", "lamp"):
            self.parameters[name] = to_dict(getattr(stage, name))
        self.times = filming.times(self.rng)
        pinholes = filming.pinholes(self.times, self.rng)
        self._note_all()
        scene = self._scene()
        seed = int(self.rng.integers(2**31))
        places = [self.columns[name] for name in ("right_mm", "down_mm", "distance_m")]
        moves = pixels_moved(np.stack(places, axis=1) * [1.0, 1.0, 1000.0], pinholes)
        return Take(scene, stage.camera, stage.look, filming, stage.lamp, self.times, pinholes,
                    moves, seed)  # fmt: skip

    def _scene(self) -> Scene:
        if self.kind == HEAD:
            return self._head(self.stage.filming.size)
        if self.kind in PRINTS:
            return self._worn() if self._is_worn() else self._print()
        if self.kind in SCREENS:
            return self._screen()
        raise SettingsError(f"kinds of clip are {', '.join((*PRINTS, *SCREENS))}, got {self.kind}")

    def _head(self, size: Size, *, pulses: bool = True) -> HeadScene:
        """Return a living person, and note what they do."""
        head = self.person.head
        if head is None:
            raise SettingsError(f"{self.kind} needs a face model to render heads: --heads GEOMETRY")
        motion, blinks = draw(HeadMotion, self.rng), draw(Blinks, self.rng)
        pulse = draw(SkinPulse, self.rng) if pulses else SkinPulse()
        self.parameters |= {
            "motion": to_dict(motion), "blinks": to_dict(blinks), "pulse": to_dict(pulse),
        }  # fmt: skip
        track = motion.track(self.times, self.stage.filming.distance_mm(HEIGHT_MM), self.rng)
        starts = blinks.starts(float(self.times[-1]), self.rng)
        right, left = blinks.closure(self.times, starts)
        mouth = motion.mouth(self.times, self.rng)
        wave = pulse.wave(self.times, self.rng)
        self._note_track(_attached(track, np.zeros(3)))
        self.columns |= {"closure_right": right, "closure_left": left, "mouth": mouth,
                         "pulse": wave}  # fmt: skip
        self.facts |= {"motion": motion.kind, "blinks": str(len(starts)),
                       "pulse_bpm": f"{pulse.bpm:.2f}"}  # fmt: skip
        features = tuple(
            Features(*(float(curve[frame]) for curve in (right, left, mouth)))
            for frame in range(len(self.times))
        )
        behind = self._background(size, 0.0)
        return HeadScene(head, track, features, wave, self._lamp(), behind)

    def _print(self) -> SheetScene:
        """Return a print that is moved, and note how."""
        drawn, motion = _toned(draw(ClipPrint, self.rng)), draw(MediumMotion, self.rng)
        width = drawn.width
        sheet = print_sheet(self.person.shown, drawn, width, PRINTS[self.kind], self.rng)
        sheet = replace(sheet, along_deg=motion.along_deg)
        away = self.stage.filming.distance_mm(self.person.shown.height * width)
        track = self._medium_track(motion, away)
        rolled = np.zeros_like(self.times)
        if self.kind == "print/bent":
            rolled = motion.rolled(self.times, self.rng)
        self.columns["bend_rad"] = rolled
        self.parameters |= {"print": to_dict(drawn), "motion": to_dict(motion)}
        behind = self._background(self.stage.filming.size, drawn.shirt)
        return SheetScene(sheet, track, rolled, self._lamp(), None, behind)

    def _medium_track(self, motion: MediumMotion, away: float) -> Track:
        if self.kind == "print/waved":
            track, name = motion.waved(self.times, away, self.rng), "waved"
        elif self.kind == "print/bent":
            track, name = motion.held(self.times, away, self.rng), "bent"
        elif self.kind == REPLAY and self.rng.random() < 0.6:
            track, name = motion.held(self.times, away, self.rng), "held"
        else:
            track, name = motion.moved(self.times, away, self.rng), "moved"
        self._note_track(track)
        self.facts["motion"] = name
        return track

    def _is_worn(self) -> bool:
        """Return whether a print is on the face of a person."""
        if self.kind == "print/cut_out":
            return bool(self.rng.random() < _WORN) and self.person.head is not None
        return self.kind == "print/eyes_living"

    def _worn(self) -> SheetScene:
        """Return a life-size print on the face of a person, whose eyes are seen through holes."""
        wearer = self._head(self.stage.filming.size, pulses=False)
        drawn = _toned(draw(ClipPrint, self.rng))
        head, shown = wearer.head, self.person.shown
        eyes_mm = 10.0 * (head.eyes - BRIDGE_CM)
        width = _LIFE_SIZE / eye_distance_share(shown)
        sheet = print_sheet(shown, drawn, width, PRINTS[self.kind], self.rng)
        printed = eye_middle_mm(shown, width)
        before = np.array([-printed[0], -printed[1], -_WORN_MM])
        track = _attached(wearer.track, eyes_mm.mean(axis=0) + before)
        self.parameters["print"] = to_dict(drawn)
        rolled = np.full_like(self.times, self.rng.uniform(*_ROLLED))
        self.columns["bend_rad"] = rolled
        if PRINTS[self.kind] == "outline":  # the eyes are not seen
            self.facts["blinks"] = "0"
            for name in ("closure_right", "closure_left", "mouth"):
                self.columns[name] = np.zeros_like(self.times)
        return SheetScene(sheet, track, rolled, wearer.lamp, wearer, wearer.background)

    def _screen(self) -> ScreenScene:
        """Return a device that plays a recording or shows a photograph, and note how."""
        drawn, motion = _toned(draw(ClipScreen, self.rng)), draw(MediumMotion, self.rng)
        showing = replace(drawn.screen.showing, overlay="none")  # it would hide a face all the time
        drawn = replace(drawn, screen=replace(drawn.screen, showing=showing))
        recording, share = self._recording()
        first = recording.picture(0.0)
        columns = max(16, round(drawn.screen.width * drawn.screen.ppi / 25.4))
        skin = face_regions.skin(self.person.shown.face, self.person.shown.picture)
        sheet = device_sheet((first.shape[1], first.shape[0]), drawn, skin, self.rng)
        away = max(self.stage.filming.distance_mm(share * drawn.screen.width), _NEAR_MM)
        track = self._medium_track(motion, away)
        self.parameters |= {"screen": to_dict(drawn), "motion": to_dict(motion)}
        screen = drawn.screen
        back = np.full(3, (screen.mirror * 0.5 + screen.veil) * screen.room_light, np.float32)
        behind = self._background(self.stage.filming.size, 0.0) * np.float32(screen.room_light)
        panel = LitPanel(drawn, columns)
        return ScreenScene(sheet, track, self.times, recording, panel, back, behind)

    def _recording(self) -> tuple[Recording, float]:
        """Return what a screen shows, and the height of its face over its width."""
        person = self.person
        if self.kind == PHOTO:
            return StillRecording(person.shown.picture), person.shown.height
        if person.recording is not None:
            self.columns["shown_frame"] = self._shown(person.recording).astype(np.float64)
            for name in ("closure_right", "closure_left", "mouth", "pulse"):
                self.columns[name] = np.full(len(self.times), np.nan)  # not known
            face = CroppedFace(person.picture, person.shown.face).height
            return person.recording, face
        filming = draw(Filming, self.rng)
        lines = _PLAYED[int(self.rng.integers(len(_PLAYED)))]
        face = float(self.rng.uniform(*_PLAYED_FACE))
        seconds = self.stage.filming.seconds
        filming = replace(filming, lines=lines, seconds=seconds, face=face)
        look = ablated(draw(Look, self.rng), PROFILES)
        stage = Stage(draw_camera(filming, self.rng), filming, look, Lamp())
        earlier = ClipMaker(HEAD, person, stage, self.rng, self.surroundings)
        take = earlier.take()
        recording = FrameRecording(tuple(take.frames()), take.times - take.times[0])
        shown = self._shown(recording)
        self.columns["shown_frame"] = shown.astype(np.float64)
        for name in ("closure_right", "closure_left", "mouth", "pulse"):
            self.columns[name] = earlier.columns[name][shown]
        for name in ("yaw_deg", "pitch_deg", "roll_deg", "distance_m"):
            self.columns[f"shown_{name}"] = earlier.columns[name][shown]
        self.facts |= {name: earlier.facts[name] for name in ("blinks", "pulse_bpm")}
        self.facts["shown_motion"] = earlier.facts["motion"]
        self.parameters["recording"] = earlier.parameters
        return recording, filming.face * filming.size[0] / filming.size[1]

    def _shown(self, recording: FrameRecording) -> NDArray[np.intp]:
        return np.array([recording.at(float(time_s)) for time_s in self.times], np.intp)

    def _background(self, size: Size, shirt: float) -> LinearImage:
        border = border_of(size)
        around = size[0] + 2 * border, size[1] + 2 * border
        return background.behind(self.surroundings, around, self.rng, person=shirt)

    def _lamp(self) -> HeadLight:
        spread, mean = _LAMPS
        towards = self.rng.normal(0.0, 1.0, 3) * spread + mean
        x, y, z = (float(value) for value in towards / np.linalg.norm(towards))
        return HeadLight((x, y, -abs(z)), float(self.rng.uniform(0.0, _LAMP)))

    def _note_track(self, track: Track) -> None:
        for name in ("yaw_deg", "pitch_deg", "roll_deg", "right_mm", "down_mm"):
            self.columns[name] = getattr(track, name)
        self.columns["distance_m"] = track.distance_mm / 1000.0

    def _note_all(self) -> None:
        """Note what every clip has; a print has open eyes and no pulse."""
        filming, lamp = self.stage.filming, self.stage.lamp
        count, fps = len(self.times), float(filming.fps)
        lights = [float(lamp.light(float(at), filming.lines, fps).mean()) for at in self.times]
        self.columns |= {
            "frame": np.arange(count, dtype=np.float64), "time_s": np.arange(count) / fps,
            "exposed_s": self.times, "lamp": np.array(lights),
        }  # fmt: skip
        for name in ("bend_rad", "closure_right", "closure_left", "mouth", "pulse"):
            self.columns[name] = np.zeros(count)
        self.facts |= {
            "fps": str(filming.fps), "seconds": f"{count / fps:.3f}", "blinks": "0",
            "pulse_bpm": "0.00", "flicker_hz": f"{lamp.rate_hz(fps):.3f}", "shown_motion": "",
        }  # fmt: skip


def draw_stage(rng: np.random.Generator) -> Stage:
    """Return camera, filming and light of one clip."""
    filming = draw(Filming, rng)
    camera, look = draw_camera(filming, rng), ablated(draw(Look, rng), PROFILES)
    exposure = min(look.exposure, _MOST_EXPOSURE)
    return Stage(camera, filming, replace(look, exposure=exposure), draw(Lamp, rng))


def _toned(drawn: Instrument) -> Instrument:
    """Return a print or screen without the strong casts of stills, which hide the tone of skin."""
    return ablated(drawn, CASTS)


def _attached(track: Track, offset_mm: NDArray[np.float64]) -> Track:
    """Return the pose of something that moves with a head.

    Args:
        track: Pose of the head; its place is that of the bridge of the nose before it turns.
        offset_mm: Middle of the thing, from the bridge of the nose, in the head's own axes.
    """
    places = np.array(
        [
            carried(track.rotation(at), track.place_mm(at) / 10.0, offset_mm / 10.0) * 10.0
            for at in range(len(track.yaw_deg))
        ]
    )
    right, down, away = places.T
    return replace(track, right_mm=right, down_mm=down, distance_mm=away)
