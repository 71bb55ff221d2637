"""How metrics move when one scene is seen by sensors of different resolution.

The same scene has other metrics at 480, 720 and 1080 lines, even after both were brought
to one size: finer sensors bring less noise and more contrast of fine detail with them.
These movements say nothing about liveness. They are measured on simulated captures, and
the classifier learns to look past them as within-class scatter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from facepad import media
from facepad.quality import METRICS
from facepad.simulate.linear_light import Scene, to_light
from facepad.simulate.plain_camera import PlainCamera
from facepad.simulate.scenes import dead_leaves
from facepad.training.features import (
    Cache,
    Row,
    Vectors,
    View,
    find_face,
    measure_view,
    tag,
)
from facepad.training.kept import Advance, file_key, gather, text_key
from facepad.types import Box, Face, Frame

LINES = (480, 720, 1080)
CAMERAS = 2  # different ones that look at a scene
VERSION = 1  # raised whenever a capture changes
_FINE = 2160  # lines of a made-up scene
_FACE = (0.36, 0.30, 0.64, 0.6733)  # left, top, right, bottom of a made-up scene's "face"


@dataclass(frozen=True, slots=True)
class SceneSource:
    """Where a scene comes from: a picture file, or a seed when made up."""

    seed: int
    path: str | None = None


def movements(
    sources: Sequence[SceneSource],
    part: View,
    cache: Cache,
    *,
    workers: int,
    advance: Advance = lambda: None,
) -> Vectors:
    """Metric vectors of every scene by two cameras at three resolutions.

    Args:
        sources: Scenes; one whose picture shows no face is left out.
        part: What of the captures to measure.
        cache: Where vectors are kept.
        workers: Processes.
        advance: Called once per scene.

    Returns:
        Shape (scenes * 2, 3, 25), from coarse to fine.
    """
    items = [(_key(source, part), source) for source in sources]
    work = partial(_of_scenes, part=part)
    rows = gather(items, cache, work, workers=workers, advance=advance, chunk=1)
    shape = (CAMERAS, len(LINES), len(METRICS))
    found = [vectors.reshape(shape) for _, _, vectors in rows]
    return np.concatenate([vectors for vectors in found if np.isfinite(vectors).all()])


def _key(source: SceneSource, part: View) -> str:
    text = f"{VERSION}|{source.seed}|{tag(part)}"
    return text_key(text) if source.path is None else file_key(source.path, text)


def captures(scene: Scene, face: Box | None, seed: int) -> list[list[Frame]]:
    """Frames of one scene: by camera, then by resolution from coarse to fine.

    Args:
        scene: Linear light, at least 1080 lines.
        face: Box of the face in the scene's pixels; the same face is in every frame.
        seed: Of cameras and noise.
    """
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(CAMERAS):
        camera = PlainCamera.random(rng)
        frames.append([_frame(scene, face, camera, lines, rng) for lines in LINES])
    return frames


def _frame(
    scene: Scene, face: Box | None, camera: PlainCamera, lines: int, rng: np.random.Generator
) -> Frame:
    frame = media.from_array(camera.capture(scene, lines, rng), channels="rgb")
    if face is None:
        return frame
    left, top, right, bottom = (round(edge * lines / scene.shape[0]) for edge in face)
    return replace(frame, face=Face((left, top, right, bottom), 1.0))


def made_up(seed: int) -> tuple[Scene, Box]:
    """A made-up scene and the box that plays the face, square in its pixels."""
    width = _FINE * 4 // 3
    scene = dead_leaves(np.random.default_rng(seed), _FINE, width)
    left, top, right, bottom = _FACE
    return scene, (
        round(left * width),
        round(top * _FINE),
        round(right * width),
        round(bottom * _FINE),
    )


def _of_scenes(items: Sequence[tuple[str, SceneSource]], part: View) -> list[Row]:
    return [(key, None, _of_scene(source, part).ravel()) for key, source in items]


def _of_scene(source: SceneSource, part: View) -> Vectors:
    scene, face = made_up(source.seed) if source.path is None else _photographed(source.path, part)
    frames = captures(scene, face, source.seed)
    return np.array([[measure_view(one, part)[1] for one in camera] for camera in frames])


def _photographed(path: str, part: View) -> tuple[Scene, Box | None]:
    """A picture as a soft scene of 1080 lines, with its face."""
    frame = find_face(media.read(path).image, part)
    height, width = frame.image.shape[:2]
    factor = LINES[-1] / height
    size = (round(width * factor), LINES[-1])
    larger = cv2.resize(frame.image, size, interpolation=cv2.INTER_CUBIC)
    scene = to_light(np.asarray(larger, np.uint8))
    if frame.face is None:
        return scene, None
    left, top, right, bottom = (round(edge * factor) for edge in frame.face.box)
    return scene, (left, top, right, bottom)
