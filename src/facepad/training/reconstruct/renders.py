"""Rendered faces with known depth: random people, expressions, poses, light and backgrounds.

The colours come from portraits: the face model is fitted to the landmarks of a portrait, and each
vertex takes the place in the portrait that it covers there, also after its shape has changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.meshes.render import (
    Rendered,
    Vertices,
    interpolated,
    normals,
    render,
)
from facepad.opencv import cv2
from facepad.simulate.heads.colours import surface_colours
from facepad.simulate.heads.face_model import FaceModel, Weights
from facepad.simulate.heads.fitting import FaceFit, Portrait
from facepad.simulate.linear_light import to_display, to_light
from facepad.simulate.scene.geometry import rotation
from facepad.types import RgbImage

MOST_YAW_DEG = 40.0
_MOST_PITCH_DEG, _MOST_ROLL_DEG = 18.0, 7.0
_MODES = 60  # identity modes that are drawn
_SIDE = 384  # pixels of the picture before the camera
_SIZES = (200, 384)  # pixels of the picture, smallest and largest
_FACE = (0.34, 0.62)  # height of the face over that of the picture
_HEIGHT_CM = 19.0  # of a face, chin to the hairline
_NEAR_CM, _FAR_CM = 35.0, 150.0  # distance to the camera
# Chance, and most, of expressions that are drawn alone; all others are drawn small.
_STRONG: Mapping[str, float] = {"jawOpen": 0.7, "mouthSmile_L": 1.0, "mouthPucker": 0.8}
_SOME = 4  # expressions of a face
_SMALL = 0.7
_SYMMETRIC = 0.8  # chance that left and right do the same


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFace:
    """A rendered face.

    Attributes:
        image: RGB picture.
        depth: Depth of the face's surface at each pixel, pixels; NaN elsewhere.
        mean: That of the mean face at the same pose.
        eye_distance: Distance between the outer corners of the eyes in space, pixels.
        yaw_deg: Turn of the head.
    """

    image: RgbImage
    depth: NDArray[np.float32]
    mean: NDArray[np.float32]
    eye_distance: float
    yaw_deg: float


def draw_identity(rng: np.random.Generator) -> Weights:
    """Return weights of a random person."""
    return np.asarray(rng.standard_normal(_MODES), np.float32)


def draw_expression(model: FaceModel, rng: np.random.Generator) -> Weights:
    """Return weights of a random expression: a few shapes, most of them alike on both sides."""
    weights = np.zeros(len(model.expressions), np.float32)
    for _ in range(int(rng.integers(0, _SOME + 1))):
        name = model.expressions[int(rng.integers(2, len(weights)))]
        _raise(model, weights, name, float(rng.uniform(0.0, _SMALL)), rng)
    for name, most in _STRONG.items():
        if rng.random() < 0.25:
            _raise(model, weights, name, float(rng.uniform(0.0, most)), rng)
    return weights


def rendered_face(
    model: FaceModel,
    portrait: Portrait,
    places: NDArray[np.float32],
    background: RgbImage,
    rng: np.random.Generator,
) -> RenderedFace:
    """Render a random person with the colours of a portrait.

    Args:
        model: The face model.
        portrait: Gives the colours.
        places: From `fitted_places`.
        background: Picture behind the head.
        rng: Random numbers.
    """
    shape = model.shape(draw_identity(rng), draw_expression(model, rng))
    yaw = float(rng.uniform(-MOST_YAW_DEG, MOST_YAW_DEG))
    pose, camera = _pose(yaw, rng)
    points = _projected(pose.placed(shape), camera)
    seen = render(points, model.triangles, (_SIDE, _SIDE))
    marks = np.stack([model.inside, model.teeth], axis=1).astype(np.float32)
    at = interpolated(seen, points, model.triangles, np.hstack([places, marks]))
    colours = surface_colours(to_light(portrait.image), at, seen.covered)
    light = _lit(colours, points, model, seen, rng)
    image = _before(background, light, seen, rng)
    size = int(rng.integers(*_SIZES))
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    described = seen.covered & model.surface[np.maximum(seen.triangle, 0)]
    depth = np.where(described, seen.depth, np.nan).astype(np.float32)
    eyes = points[list(model.eyes)]
    return RenderedFace(
        photographed(np.asarray(small, np.uint8), rng),
        _resized(depth, size),
        _resized(surface_depth(model, _projected(pose.placed(model.mean), camera), _SIDE), size),
        float(np.linalg.norm(eyes[0] - eyes[1])) * size / _SIDE,
        yaw,
    )


def surface_depth(model: FaceModel, points: Vertices, side: int) -> NDArray[np.float32]:
    """Return the depth of the described surface at each pixel of a square; NaN elsewhere.

    Args:
        model: The face model.
        points: Its vertices in pixels.
        side: Pixels of the square.
    """
    seen = render(points, model.triangles[model.surface], (side, side))
    return np.where(seen.covered, seen.depth, np.nan).astype(np.float32)


def _raise(
    model: FaceModel, weights: Weights, name: str, value: float, rng: np.random.Generator
) -> None:
    names = [name]
    other = {"_L": "_R", "_R": "_L"}.get(name[-2:])
    if other and rng.random() < _SYMMETRIC:
        names.append(name[:-2] + other)
    for one in names:
        at = model.expressions.index(one)
        weights[at] = max(float(weights[at]), value)


def _pose(
    yaw: float, rng: np.random.Generator
) -> tuple[FaceFit, tuple[float, NDArray[np.float64]]]:
    """Return the pose of a head in the picture, and its distance in pixels and middle."""
    pitch = float(np.clip(rng.normal(0.0, 8.0), -_MOST_PITCH_DEG, _MOST_PITCH_DEG))
    roll = float(rng.uniform(-_MOST_ROLL_DEG, _MOST_ROLL_DEG))
    turn = rotation(pitch, yaw, roll)
    scale = float(rng.uniform(*_FACE)) * _SIDE / _HEIGHT_CM
    room = 0.5 * _SIDE - 0.5 * scale * _HEIGHT_CM
    middle = 0.5 * _SIDE + rng.uniform(-0.8, 0.8, 2) * max(room, 0.0)
    none = np.zeros(0, np.float32)
    pose = FaceFit(scale, turn, np.array([*middle, 0.0]), none, none)
    distance = scale * float(np.exp(rng.uniform(np.log(_NEAR_CM), np.log(_FAR_CM))))
    return pose, (distance, np.array([0.5 * _SIDE, 0.5 * _SIDE]))


def _projected(points: Vertices, camera: tuple[float, NDArray[np.float64]]) -> Vertices:
    """Return points as a near camera sees them; z stays in pixels at the head's middle."""
    distance, middle = camera
    nearer = distance / (distance + points[:, 2:])
    flat = (points[:, :2] - middle) * nearer + middle
    return np.asarray(np.hstack([flat, points[:, 2:]]), np.float32)


def _lit(
    colours: NDArray[np.float32],
    points: Vertices,
    model: FaceModel,
    seen: Rendered,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the colours under a lamp at a random side; the portrait's own light stays."""
    facing = interpolated(seen, points, model.triangles, normals(points, model.triangles))
    lamp = rng.normal(0.0, 1.0, 3) * [1.0, 0.7, 0.4] + [0.0, -0.3, -0.8]
    lamp = lamp / np.linalg.norm(lamp)
    strength = float(rng.uniform(0.0, 0.8))
    cosine = np.clip(facing @ lamp, 0.0, 1.0)[:, None]
    shade = (1.0 - strength) + strength * (0.25 + 1.2 * cosine)
    tint = np.exp(rng.normal(0.0, 0.06, 3))
    return np.asarray(colours * shade * tint, np.float32)


def _before(
    background: RgbImage, light: NDArray[np.float32], seen: Rendered, rng: np.random.Generator
) -> RgbImage:
    """Return the head before a part of a picture, soft at its outline."""
    short = min(background.shape[:2])
    side = max(int(short * rng.uniform(0.4, 1.0)), 8)
    top = int(rng.integers(0, background.shape[0] - side + 1))
    left = int(rng.integers(0, background.shape[1] - side + 1))
    part = background[top : top + side, left : left + side]
    sized = cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    behind = _blurred(to_light(np.asarray(sized, np.uint8)), float(rng.uniform(0.3, 4.0)))
    head = behind.copy()
    head[seen.covered] = light
    alpha = _blurred(seen.covered.astype(np.float32), 1.0)[..., None]
    return to_display(np.asarray(behind * (1.0 - alpha) + head * alpha, np.float32))


def _resized(depth: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return a depth map of another size; its values are pixels, and change too."""
    small = cv2.resize(depth, (size, size), interpolation=cv2.INTER_NEAREST)
    return np.asarray(small * np.float32(size / len(depth)), np.float32)


def photographed(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Return a picture after a simple camera: exposure, colour, blur, noise and JPEG."""
    light = to_light(image) * np.exp(rng.normal(0.0, 0.25)) * np.exp(rng.normal(0.0, 0.06, 3))
    coded = to_display(np.asarray(light, np.float32)).astype(np.float32)
    contrast = float(np.exp(rng.normal(0.0, 0.12)))
    coded = (coded - 128.0) * contrast + 128.0
    if rng.random() < 0.7:
        coded = _blurred(coded, float(rng.uniform(0.2, 1.4)))
    grain = rng.standard_normal(coded.shape) * float(rng.uniform(0.0, 7.0))
    result = np.asarray(np.clip(coded + grain, 0, 255), np.uint8)
    if rng.random() < 0.7:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 96))]
        _, data = cv2.imencode(".jpg", result[..., ::-1], quality)
        result = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return np.ascontiguousarray(result)


def _blurred(values: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), deviation), np.float32)
