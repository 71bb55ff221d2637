"""A made-up face model in the layout of ICT-FaceKit: half an ellipsoid with bumps for modes."""

import itertools
from pathlib import Path

import numpy as np

from facepad.training.reconstruct.data import Geometry

_SIDE = 40  # lines and columns of the mesh
_PARTS = ("face", "head_neck", "mouth_socket", "gums_tongue", "teeth", "eyeball_left",
          "eyeball_right")  # fmt: skip
_LANDMARKS = 468
# Upper and lower lid of the right and the left eye, among the 68 points.
LIDS = (((37, 38), (41, 40)), ((43, 44), (47, 46)))
BLINKS = ("eyeBlink_R", "eyeBlink_L")


def write_geometry(folder: Path, modes: int = 60, expressions: int = 57) -> Geometry:
    """Write a face model and its canonical face mesh; every part but the face is a speck."""
    points = _ellipsoid(np.linspace(-0.95, 0.95, _SIDE))
    face = len(points)
    specks = np.repeat(points[face // 2][None], 3 * (len(_PARTS) - 1), axis=0)
    specks = specks + np.tile([[0.0, 0.0, -2.0], [0.01, 0.0, -2.0], [0.0, 0.01, -2.0]],
                              (len(_PARTS) - 1, 1))  # fmt: skip
    vertices = np.concatenate([points, specks]).astype(np.float32)
    starts = [0, *range(face, len(vertices) + 1, 3)]
    quads = [
        (a, a + 1, a + _SIDE + 1, a + _SIDE)
        for line in range(_SIDE - 1)
        for a in range(line * _SIDE, line * _SIDE + _SIDE - 1)
    ]
    faces = np.array([*quads, *((s, s + 1, s + 2, -1) for s in starts[1:-1])], np.int32)
    faces_of = [0, *range(len(quads), len(faces) + 1)]
    rng = np.random.default_rng(5)
    usual = _usual(points)
    identity, expression = (
        _bumps(vertices, count, size, rng) for count, size in ((modes, 0.3), (expressions, 0.5))
    )
    for name, lids in zip(BLINKS, LIDS, strict=True):
        expression[_names(expressions).index(name)] = _closing(vertices, usual[np.array(lids)])
    np.savez(
        folder / "ict_facekit_light.npz",
        vertices=vertices, faces=faces, landmarks68=usual,
        identity=identity, expression=expression,
        expression_names=np.array([*_names(expressions)]),
        part_names=np.array(_PARTS),
        part_vertices=np.array([*itertools.pairwise(starts)], np.int32),
        part_faces=np.array([*itertools.pairwise(faces_of)], np.int32),
    )  # fmt: skip
    _write_canonical(folder / "mediapipe_canonical_face_model.obj", points, usual)
    return Geometry.in_folder(folder)


def _names(count: int) -> list[str]:
    named = ["jawOpen", "mouthSmile_L", "mouthSmile_R", "mouthPucker", *BLINKS]
    return ["pupil_L", "pupil_R", *named, *(f"shape{at}" for at in range(count - 8))]


def _ellipsoid(steps: np.ndarray) -> np.ndarray:
    u, v = np.meshgrid(steps, steps)
    depth = np.sqrt(np.maximum(1.0 - 0.5 * u**2 - 0.5 * v**2, 0.0))
    nose = 2.0 * np.exp(-(u**2 + (v + 0.1) ** 2) / 0.03)
    return np.stack([7.0 * u, 9.0 * v, 9.0 * depth + nose], axis=-1).reshape(-1, 3)


def _bumps(vertices: np.ndarray, count: int, size: float, rng: np.random.Generator) -> np.ndarray:
    middle = vertices[rng.integers(0, _SIDE * _SIDE, count)]
    near = np.exp(-((vertices[None] - middle[:, None]) ** 2).sum(axis=2) / 8.0)
    way = rng.normal(0.0, size, (count, 3, 1))
    return np.asarray(near[:, None] * way, np.float16)


def _closing(vertices: np.ndarray, lids: np.ndarray) -> np.ndarray:
    """Return offsets that bring the upper lid of an eye, two vertices, down to the lower one."""
    upper, lower = vertices[lids[0]], vertices[lids[1]]
    near = np.exp(-((vertices[None] - upper[:, None]) ** 2).sum(axis=2) / 0.05).max(axis=0)
    down = np.array([0.0, (lower - upper)[:, 1].mean(), 0.3])
    return np.asarray(down[:, None] * near, np.float16)


def _usual(points: np.ndarray) -> np.ndarray:
    """Return 68 vertices: an outline, and points that stand for eyes, nose and mouth."""
    angle = np.linspace(0.0, np.pi, 17)
    outline = np.stack([6.0 * np.cos(angle + np.pi), -7.5 * np.sin(angle)], axis=1)
    rng = np.random.default_rng(2)
    inner = rng.uniform([-4.5, -5.0], [4.5, 5.0], (51, 2))
    inner[27 - 17] = 0.0, 2.0
    inner[36 - 17], inner[45 - 17] = (-4.4, 3.0), (4.4, 3.0)
    for side, eye in zip((-1.0, 1.0), LIDS, strict=True):
        for height, lid in zip((3.4, 2.4), eye, strict=True):
            for number, aside in zip(lid, (2.6, 3.4), strict=True):
                inner[number - 17] = side * aside, height
    wanted = np.concatenate([outline, inner])
    away = ((points[None, :, :2] - wanted[:, None]) ** 2).sum(axis=2)
    return np.asarray(away.argmin(axis=1), np.int32)


def _write_canonical(file: Path, points: np.ndarray, usual: np.ndarray) -> None:
    from facepad.simulate.heads.face_model import _USUAL

    rng = np.random.default_rng(3)
    chosen = points[rng.choice(len(points), _LANDMARKS, replace=False)]
    chosen[list(_USUAL)] = points[usual]
    lines = [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in chosen]
    file.write_text("\n".join([*lines, "f 1 2 3"]) + "\n", encoding="utf-8")
