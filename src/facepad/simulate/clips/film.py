"""Film a scene: one camera whose settings are constant, frame after frame, into an AVI file."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.opencv import cv2
from facepad.simulate.camera.camera import Camera, SceneRadiance
from facepad.simulate.camera.look import Look
from facepad.simulate.clips.lighting import Lamp
from facepad.simulate.clips.motion import Curve, wander
from facepad.simulate.clips.pinhole import Pinhole
from facepad.simulate.clips.scenes import Scene
from facepad.simulate.linear_light import Size
from facepad.simulate.parameters import choice, draw, uniform

_MOST_SMEAR = 0.04  # of what moves during the exposure, share of the lines
_MOST_EV, _MOST_SATURATION = 0.5, 1.2  # of cameras of clips
_SHAKE = 0.0025  # deviation of a hand-held camera, share of the longer side


@dataclass(frozen=True, slots=True)
class Filming:
    """How a clip is filmed; see `parameters` for the fields."""

    lines: int = choice({240: 0.35, 360: 0.4, 480: 0.25}, "Lines of a frame", off=480)
    fps: int = choice({25: 0.4, 30: 0.6}, "Frames a second", off=30)
    seconds: float = uniform(6.0, 12.0, "Duration", off=8.0)
    focal: float = uniform(0.75, 1.0, "Focal length over the longer side", off=0.8)
    shake: float = uniform(
        0.2, 1.5, "Movement of a hand-held camera over the usual", off=0.0, chance=0.4
    )
    late: float = uniform(
        0.02, 0.12, "Deviation of the time of a frame, share of its duration", off=0.0, chance=0.5
    )
    settling_s: float = uniform(0.3, 2.5, "Time in which automatic exposure settles", off=1.0)
    drift: float = uniform(0.0, 0.03, "Slow change of the exposure, share", off=0.0)
    shutter: float = uniform(0.1, 0.7, "Time of exposure, share of a frame's", off=0.0)
    face: float = uniform(0.36, 0.62, "Height of the face over that of the frame", off=0.45)

    @property
    def size(self) -> Size:
        """Lines and columns of a frame."""
        return self.lines, self.lines * 4 // 3

    def times(self, rng: np.random.Generator) -> Curve:
        """Return the seconds at which the frames are exposed, shape (T,)."""
        count = round(self.seconds * self.fps)
        late = np.clip(rng.standard_normal(count) * self.late, -0.4, 0.4)
        return np.asarray((np.arange(count) + late) / self.fps, np.float64)

    def pinholes(self, times: Curve, rng: np.random.Generator) -> tuple[Pinhole, ...]:
        """Return the geometry of the camera in each frame."""
        reach = self.shake * _SHAKE * self.size[1]
        across, down = (reach * wander(times, 0.8, rng) for _ in range(2))
        focal = self.focal * self.size[1]
        return tuple(
            Pinhole(self.size, focal, float(x), float(y)) for x, y in zip(across, down, strict=True)
        )

    def distance_mm(self, face_mm: float) -> float:
        """Return the distance at which a face of some height fills its share of the frame."""
        return self.focal * self.size[1] * face_mm / (self.face * self.lines)


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """Everything that a film depends on.

    Attributes:
        scene: What is filmed.
        camera: Lens, sensor and image processor.
        look: Light and colours of this clip.
        filming: Frames, and how the camera is held.
        lamp: Light of the room.
        times: Seconds at which the frames are exposed.
        pinholes: Geometry of the camera in each frame.
        moves: Pixels by which what is filmed moves from frame to frame, shape (T, 2).
        seed: Random seed of noise and exposure.
    """

    scene: Scene
    camera: Camera
    look: Look
    filming: Filming
    lamp: Lamp
    times: Curve
    pinholes: tuple[Pinhole, ...]
    moves: NDArray[np.float64]
    seed: int

    def frames(self) -> Iterator[bytes]:
        """Yield the JPEG file of each frame."""
        rng = np.random.default_rng(self.seed)
        drift = 1.0 + self.filming.drift * wander(self.times, 4.0, rng)
        gain = means = None
        for frame, pinhole in enumerate(self.pinholes):
            lamp = self.lamp.light(
                float(self.times[frame]), self.filming.lines, float(self.filming.fps)
            )
            radiance = SceneRadiance(self.scene.light(frame, pinhole, lamp))
            light = self.look.lit(self._smearing(frame).light_on_sensor(radiance))
            wanted = self.camera.sensor.gain(light)
            share = 1.0 / (self.filming.settling_s * self.filming.fps)
            gain = wanted if gain is None else gain * (wanted / gain) ** min(share, 1.0)
            brighter = self.look.exposure * float(drift[frame]) * gain / wanted
            raw = self.camera.sensor.expose(light, rng, brighter)
            seen = np.array(cv2.mean(raw)[:3])
            means = seen if means is None else means + min(share, 1.0) * (seen - means)
            picture = self.camera.developing.develop(raw, self.look, means)
            yield self.camera.codec.encode(picture)

    def _smearing(self, frame: int) -> Camera:
        """Return the camera with the smear of what moves while a frame is exposed.

        The whole frame is smeared: backgrounds are out of focus, and show little of it.
        """
        right, down = self.moves[frame] * self.filming.shutter
        reach = min(float(np.hypot(right, down)), _MOST_SMEAR * self.filming.lines)
        angle = float(np.rad2deg(np.arctan2(down, right)))
        return replace(self.camera, lens=replace(self.camera.lens, motion=reach, motion_deg=angle))


def draw_camera(filming: Filming, rng: np.random.Generator) -> Camera:
    """Return a camera for clips: a drawn one that does not smear, nor burn out or overdraw skin.

    Burnt-out skin shows no pulse, and faces in clips must be found in all frames.
    """
    camera = draw(Camera, rng)
    lens = replace(camera.lens, lines=filming.lines, motion=0.0)
    bias = min(camera.sensor.exposure_ev, _MOST_EV)
    colourful = min(camera.developing.saturation, _MOST_SATURATION)
    return replace(
        camera,
        lens=lens,
        sensor=replace(camera.sensor, exposure_ev=bias),
        developing=replace(camera.developing, saturation=colourful),
    )


def pixels_moved(places: NDArray[np.float64], pinholes: Sequence[Pinhole]) -> NDArray[np.float64]:
    """Return how far something moves in the picture from frame to frame.

    Args:
        places: Its place in each frame: right, down and away from the camera, shape (T, 3).
        pinholes: Geometry of the camera in each frame.

    Returns:
        Pixels to the right and downwards for each frame, shape (T, 2).
    """
    at = [pinhole.seen(place[None])[0, :2] for place, pinhole in zip(places, pinholes, strict=True)]
    return np.asarray(np.gradient(np.array(at, np.float64), axis=0), np.float64)


def avi(frames: Iterator[bytes], size: Size, fps: float) -> bytes:
    """Return an AVI file of JPEG files, which are stored as they are.

    Args:
        frames: JPEG files of one size.
        size: Lines and columns.
        fps: Frames a second.

    Raises:
        ModelError: OpenCV cannot write such files here.
    """
    with tempfile.TemporaryDirectory(prefix="facepad-") as folder:
        path = Path(folder) / "clip.avi"
        code = cv2.VideoWriter.fourcc(*"MJPG")
        options = [cv2.VIDEOWRITER_PROP_RAW_VIDEO, 1, cv2.VIDEOWRITER_PROP_KEY_INTERVAL, 1]
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, fps, size[::-1], options)
        if not writer.isOpened():
            raise ModelError("clips need an OpenCV that writes AVI files by FFmpeg")
        for file in frames:
            writer.write(np.frombuffer(file, np.uint8)[None])  # a line; OpenCV 4.10 takes no column
        writer.release()
        return path.read_bytes()
