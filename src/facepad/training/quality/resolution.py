"""How the metrics of one scene differ between sensors of different resolution.

A scene has other metrics at 480, 720 and 1080 lines, even after all captures were reduced to one
size: finer sensors have less noise and more contrast of fine detail. These differences carry no
information about liveness. They are measured on simulated captures, and the classifier treats
them as scatter within the classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from facepad.errors import InputError
from facepad.jobs.progress import Advance, ignore
from facepad.media.reading import from_array
from facepad.opencv import cv2
from facepad.quality import METRICS
from facepad.simulate.linear_light import GAMMA, LinearImage, to_display, to_light
from facepad.training.feature_cache import compute_cached, file_key, text_key
from facepad.training.quality.features import (
    MeasuredView,
    MetricCache,
    PictureReader,
    Row,
    Vectors,
    measure_view,
    tag,
)
from facepad.types import Box, Face, Frame, RgbImage

LINES = (480, 720, 1080)
CAMERAS = 2  # per scene
VERSION = 1  # raised whenever a capture changes
_FINE = 2160  # lines of a made-up scene
_FACE = (0.36, 0.30, 0.64, 0.6733)  # left, top, right, bottom of a made-up scene's "face"
_READ = 0.05  # read noise, as the share of full light whose shot noise is as strong
_DISCS = 2500
_LARGEST, _SMALLEST = 0.3, 0.004  # radius relative to the scene's height
_TEXTURE = 0.1  # contrast of the fine texture over the whole scene


@dataclass(frozen=True, slots=True)
class SceneSource:
    """A scene: made from a picture file, or made up from a seed."""

    seed: int
    path: str | None = None


@dataclass(frozen=True, slots=True)
class PlainCamera:
    """A camera in three numbers: blur, noise and JPEG quality.

    Simulated attacks use `facepad.simulate.camera.Camera`, which models each step.

    Attributes:
        blur: Standard deviation of the lens blur, in pixels of the sensor.
        noise: Standard deviation of the noise of a fully lit pixel, as a share of full light.
        quality: JPEG quality, 1 to 100.
    """

    blur: float = 0.6
    noise: float = 0.01
    quality: int = 90

    @classmethod
    def random(cls, rng: np.random.Generator) -> "PlainCamera":
        """Draw a webcam or phone: blur 0.3 to 0.9, noise 0 to 0.03, quality 78 to 96."""
        return cls(
            float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.0, 0.03)), int(rng.integers(78, 97))
        )

    def capture(self, scene: LinearImage, height: int, rng: np.random.Generator) -> RgbImage:
        """Return a picture of a scene.

        Args:
            scene: Linear light, shape (H, W, 3), in [0, 1]; at least as high as ``height``.
            height: Lines of the sensor; its columns follow from the scene's aspect.
            rng: Source of the noise.

        Returns:
            The decoded picture, shape (height, columns, 3).

        Raises:
            InputError: The scene has fewer lines than the sensor.
        """
        lines, columns = scene.shape[:2]
        if lines < height:
            raise InputError(f"a sensor of {height} lines needs a finer scene, got {lines} lines")
        size = (round(columns * height / lines), height)
        blurred = cv2.GaussianBlur(scene, (0, 0), self.blur * lines / height)
        light: LinearImage = np.asarray(
            cv2.resize(blurred, size, interpolation=cv2.INTER_AREA), np.float32
        )
        deviation = np.float32(self.noise) * np.sqrt(np.maximum(light, 0.0) + np.float32(_READ))
        noise = deviation * rng.standard_normal(light.shape, dtype=np.float32)
        return self._coded(to_display(light + noise))

    def _coded(self, image: RgbImage) -> RgbImage:
        options = [cv2.IMWRITE_JPEG_QUALITY, self.quality]
        _, data = cv2.imencode(".jpg", image[..., ::-1], options)
        decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        return np.ascontiguousarray(decoded[..., ::-1])


def movements(
    sources: Sequence[SceneSource],
    part: MeasuredView,
    cache: MetricCache,
    *,
    workers: int,
    advance: Advance = ignore,
) -> Vectors:
    """Return the metric vectors of every scene by two cameras at three resolutions.

    Args:
        sources: Scenes; one whose picture shows no face is ignored.
        part: The part of a capture that is measured.
        cache: The cache.
        workers: Number of processes.
        advance: Called once per scene.

    Returns:
        Shape (scenes * 2, 3, metrics), from coarse to fine.
    """
    items = [(_key(source, part), source) for source in sources]
    rows = compute_cached(
        items,
        cache,
        partial(_row, part=part),
        partial(PictureReader, part),
        workers=workers,
        advance=advance,
        chunk=1,
    )
    shape = (CAMERAS, len(LINES), len(METRICS))
    found = [vectors.reshape(shape) for _, _, vectors in rows]
    return np.concatenate([vectors for vectors in found if np.isfinite(vectors).all()])


def _key(source: SceneSource, part: MeasuredView) -> str:
    text = f"{VERSION}|{source.seed}|{tag(part)}"
    return text_key(text) if source.path is None else file_key(source.path, text)


def captures(scene: LinearImage, face: Box | None, seed: int) -> list[list[Frame]]:
    """Return frames of one scene: by camera, then by resolution from coarse to fine.

    Args:
        scene: Linear light, at least 1080 lines.
        face: Box of the face in the scene's pixels.
        seed: Seed of cameras and noise.
    """
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(CAMERAS):
        camera = PlainCamera.random(rng)
        frames.append([_frame(scene, face, camera, lines, rng) for lines in LINES])
    return frames


def _frame(
    scene: LinearImage, face: Box | None, camera: PlainCamera, lines: int, rng: np.random.Generator
) -> Frame:
    frame = from_array(camera.capture(scene, lines, rng), channels="rgb")
    if face is None:
        return frame
    left, top, right, bottom = (round(edge * lines / scene.shape[0]) for edge in face)
    return replace(frame, face=Face((left, top, right, bottom), 1.0))


def made_up(seed: int) -> tuple[LinearImage, Box]:
    """Return a made-up scene and a square box in it that stands for the face."""
    width = _FINE * 4 // 3
    scene = dead_leaves(np.random.default_rng(seed), _FINE, width)
    left, top, right, bottom = _FACE
    return scene, (
        round(left * width),
        round(top * _FINE),
        round(right * width),
        round(bottom * _FINE),
    )


def _row(reader: PictureReader, item: tuple[str, SceneSource], part: MeasuredView) -> Row:
    key, source = item
    frames = captures(*_scene(reader, source), source.seed)
    vectors = np.array([[measure_view(f, part)[1] for f in camera] for camera in frames])
    return key, None, vectors.ravel()


def _scene(reader: PictureReader, source: SceneSource) -> tuple[LinearImage, Box | None]:
    if source.path is None:
        return made_up(source.seed)
    return _photographed(reader.read(source.path))


def _photographed(frame: Frame) -> tuple[LinearImage, Box | None]:
    """Return a picture as a soft scene of 1080 lines, with the box of its face."""
    height, width = frame.image.shape[:2]
    factor = LINES[-1] / height
    size = (round(width * factor), LINES[-1])
    larger = cv2.resize(frame.image, size, interpolation=cv2.INTER_CUBIC)
    scene = to_light(np.asarray(larger, np.uint8))
    if frame.face is None:
        return scene, None
    left, top, right, bottom = (round(edge * factor) for edge in frame.face.box)
    return scene, (left, top, right, bottom)


def dead_leaves(rng: np.random.Generator, height: int, width: int) -> LinearImage:
    """Return a scene of overlapping discs: edges at every scale, as in photographs.

    Args:
        rng: Source of the randomness.
        height: Lines.
        width: Columns.

    Returns:
        Linear light, shape (height, width, 3), in [0, 1].

    Reference:
        Lee, Mumford, Huang (2001), doi:10.1023/A:1011109015675.
    """
    image = np.full((height, width, 3), 0.5, np.float32)
    for _ in range(_DISCS):
        radius = np.clip(0.5 / (rng.random() * 60.0 + 1.2), _SMALLEST, _LARGEST) * height
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        colour = np.clip(rng.normal(0.45, 0.2) + rng.normal(0.0, 0.06, 3), 0.02, 1.0)
        cv2.circle(image, centre, int(radius), colour.tolist(), -1, cv2.LINE_AA)
    grain = rng.standard_normal((height // 2, width // 2), dtype=np.float32)
    texture = np.asarray(cv2.resize(cv2.GaussianBlur(grain, (0, 0), 1.0), (width, height)))
    shown = np.clip(image * (1.0 + _TEXTURE * texture[..., None]), 0.0, 1.0)
    light: LinearImage = np.asarray(shown, np.float32) ** np.float32(GAMMA)
    return light
