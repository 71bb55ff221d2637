"""A head that is rendered: the shape and colours of a person, lids that close, a mouth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import LIPS
from facepad.meshes.render import Triangles, Vertices, interpolated, normals, render
from facepad.opencv import cv2
from facepad.simulate.heads.body import PIVOT_CM, follows
from facepad.simulate.heads.colours import surface_colours
from facepad.simulate.heads.face_model import FaceModel
from facepad.simulate.heads.fitting import Portrait, fit
from facepad.simulate.linear_light import LinearImage, Map, Size, luminance
from facepad.simulate.scene.geometry import Matrix
from facepad.types import Landmarks

BLINKS = ("eyeBlink_R", "eyeBlink_L")  # of the right and of the left eye of the person
BRIDGE_CM = np.array([0.0, 0.0, -4.0])  # the bridge of the nose, in the face model
HEIGHT_MM = 190.0  # of a face, chin to hairline
_OPEN = "jawOpen"
_MODES = 60  # identity modes that are drawn
_VARIED = 0.7  # deviation of drawn modes; 1 is that of people
_FITTED = 0.5  # share of the portrait's own shape
_CLOSED = 1.06  # of the weight at which the lids meet, so that no gap is left
_CLOSING = 0.3, 2.5  # weights of an expression that may close an eye
_RING = 0.03, 0.25  # share of a lid's movement around the eye, where its skin is taken from
_LID_SKIN = 0.65  # how far a closed lid shows the skin around it rather than its stretched edge
# Of a lid's margin: its movement over the largest above and below it, light that lashes take, width
# that counts as above and below, and least movement.
_LASHES, _LASH, _LASH_CM, _LEAST_LASH = (0.8, 0.95), 0.8, 0.12, 0.3
_SOFT = 0.7  # blur of the outline, pixels
_NEAREST_CM = 5.0
_CELL_CM = 0.45  # of the grid that simplifies the mesh
_MOVED_CM = 0.02  # movement by a blink of the vertices that stay as they are
_LIPS_CM = np.array([0.5, 0.5, 3.0])  # around the lips


@dataclass(frozen=True, slots=True)
class Features:
    """What the parts of a face do, 0 to 1.

    Attributes:
        right: Closure of the person's right eye.
        left: Closure of the person's left eye.
        mouth: Opening of the mouth.
    """

    right: float = 0.0
    left: float = 0.0
    mouth: float = 0.0


@dataclass(frozen=True, slots=True)
class HeadLight:
    """A lamp at one side, on top of the portrait's own light.

    Attributes:
        towards: Unit vector to the lamp: right, down, away from the camera.
        strength: Share of the light that comes from it, 0 to 1.
        colour: Factor on red, green and blue.
    """

    towards: tuple[float, float, float] = (0.0, 0.0, -1.0)
    strength: float = 0.0
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def shade(self, facing: Vertices) -> NDArray[np.float32]:
        """Return the light on surfaces over even light, shape (P,), from their unit normals."""
        cosine = np.clip(facing @ np.array(self.towards, np.float32), 0.0, 1.0)
        lit = np.float32(0.25) + np.float32(1.2) * cosine
        return np.asarray((1.0 - self.strength) + self.strength * lit, np.float32)


EVEN = HeadLight()


@dataclass(frozen=True, slots=True, eq=False)
class HeadView:
    """What a camera sees of a head.

    Attributes:
        light: Linear light where the head is seen, shape (H, W, 3).
        covered: Whether a photosite sees the head, shape (H, W).
        skin: Whether it sees skin.
    """

    light: LinearImage
    covered: NDArray[np.bool_]
    skin: NDArray[np.bool_]

    def before(self, behind: LinearImage) -> LinearImage:
        """Return the light with the head before a background, soft at its outline."""
        head = np.where(self.covered[..., None], self.light, behind).astype(np.float32)
        alpha = cv2.GaussianBlur(self.covered.astype(np.float32), (0, 0), _SOFT)
        return np.asarray(behind + (head - behind) * alpha[..., None], np.float32)

    def pulsing(self, change: NDArray[np.float32]) -> None:
        """Change the light of the skin in place.

        Args:
            change: Change of red, green and blue, a share of the light, shape (3,).
        """
        self.light[self.skin] *= np.float32(1.0) + change


@dataclass(frozen=True, slots=True, eq=False)
class PersonHead:
    """The shape and colours of a person. Centimetres, as `FaceModel`.

    Attributes:
        model: The face model.
        triangles: Numbers of vertices; fewer than those of the model.
        base: Vertices with open eyes and a closed mouth.
        closing: Offsets that close the right and the left eye wholly, shape (2, V, 3).
        opening: Offsets that open the mouth wholly.
        places: Place in the portrait of each vertex.
        light: Linear light of the portrait; best without its background.
        marks: Whether each vertex is of the mouth's inside or of a tooth, shape (V, 2).
        lids: Share of a lid of each vertex, right and left eye, shape (V, 2).
        lashes: Share of a lid's margin of each vertex, likewise.
        lid_skin: Linear colours of the skin around both eyes, shape (2, 3).
        skin: Whether each triangle is skin of the face.
        follows: Share of the head's rotation that each vertex follows, shape (V, 1).
    """

    model: FaceModel
    triangles: Triangles
    base: Vertices
    closing: NDArray[np.float32]
    opening: NDArray[np.float32]
    places: NDArray[np.float32]
    light: LinearImage
    marks: NDArray[np.float32]
    lids: NDArray[np.float32]
    lashes: NDArray[np.float32]
    lid_skin: NDArray[np.float32]
    skin: NDArray[np.bool_]
    follows: NDArray[np.float32]

    def vertices(self, features: Features) -> Vertices:
        """Return the vertices of the head with an expression, shape (V, 3)."""
        offsets = features.right * self.closing[0] + features.left * self.closing[1]
        return np.asarray(self.base + offsets + features.mouth * self.opening, np.float32)

    def placed(self, turned: Matrix, at: NDArray[np.float64], features: Features) -> Vertices:
        """Return the vertices in space: centimetres right, down and away from the camera.

        Args:
            turned: Rotation of the head on its neck, shape (3, 3); the body does not turn.
            at: Place of the bridge of the nose while the head is not turned, centimetres.
            features: What eyes and mouth do.
        """
        still = self.vertices(features) - PIVOT_CM
        moved = still @ turned.T
        placed = still + self.follows * (moved - still) + (PIVOT_CM - BRIDGE_CM + at)
        return np.asarray(placed, np.float32)

    def gaps(self, features: Features) -> NDArray[np.float32]:
        """Return the mean gap between the lids of the right and the left eye, centimetres.

        Below 0 where the upper lid is below the lower one.
        """
        return lid_gaps(self.model, self.vertices(features))

    @property
    def eyes(self) -> Vertices:
        """The outer corners of the right and the left eye, shape (2, 3)."""
        return np.asarray(self.base[list(self.model.eyes)], np.float32)

    def landmarks(self, features: Features) -> Landmarks:
        """Return the 468 face landmarks on the surface, shape (468, 3), centimetres."""
        return np.asarray(self.vertices(features)[self.model.landmarks], np.float32)

    def view(
        self,
        placed: Vertices,
        points: Vertices,
        size: Size,
        features: Features,
        *,
        lamp: HeadLight = EVEN,
    ) -> HeadView:
        """Render the head.

        Args:
            placed: Its vertices in space: centimetres right, down and away from the camera.
            points: The same as the camera sees them: pixels, and the distance.
            size: Lines and columns of the sensor.
            features: As for the vertices.
            lamp: Light on the head.
        """  # fmt: skip
        triangles, kept = _facing(points, self.triangles)
        seen = render(points, triangles, size)
        values = [self.places, self.marks, self.lids, self.lashes]
        if lamp.strength:
            values.append(normals(placed, self.triangles))
        at = interpolated(seen, points, triangles, np.hstack(values))
        colours = surface_colours(self.light, at[:, :4], seen.covered)
        closure = np.array([features.right, features.left], np.float32)
        for share, skin in zip((at[:, 4:6] * closure * _LID_SKIN).T, self.lid_skin, strict=True):
            colours += (skin - colours) * share[:, None]
        dark = (at[:, 6:8] * closure).max(axis=1)
        colours *= 1.0 - _LASH * dark[:, None]
        if lamp.strength:
            colours *= lamp.shade(at[:, 8:])[:, None]
        colours *= np.array(lamp.colour, np.float32)
        light = np.zeros((*size, 3), np.float32)
        light[seen.covered] = colours
        skin = self.skin[kept][np.maximum(seen.triangle, 0)]
        return HeadView(light, seen.covered, seen.covered & skin)


def draw_head(
    model: FaceModel, portrait: Portrait, light: LinearImage, rng: np.random.Generator
) -> PersonHead:
    """Return a person with the colours of a portrait and a shape near that of its face.

    Args:
        model: The face model, see `facepad.simulate.heads.body.with_body`; its expressions must
            close the eyes and open the mouth.
        portrait: Gives shape and colours; its face needs landmarks.
        light: Linear light of the portrait, as its background should be left out.
        rng: Random numbers for the shape.

    Raises:
        ValueError: The portrait has no landmarks.
    """
    if portrait.face.landmarks is None:
        raise ValueError("a portrait needs landmarks")
    fitted = fit(model, portrait.face.landmarks)
    identity = _VARIED * rng.standard_normal(_MODES).astype(np.float32)[: len(model.identity)]
    identity[: len(fitted.identity)] += _FITTED * fitted.identity[: len(identity)]
    base = model.shape(identity, np.zeros(len(model.expression), np.float32))
    triangles = _simplified(model)
    places = np.ascontiguousarray(fitted.vertices(model)[:, :2])
    closing = np.stack([_closing(model, base, eye) for eye in range(len(BLINKS))])
    lids = _lids(model, closing)
    opening = model.expression[model.expressions.index(_OPEN)]
    skin = np.stack([_skin_around(light, places, lid) for lid in lids.T])
    marks = np.stack([model.inside, model.teeth], axis=1).astype(np.float32)
    return PersonHead(
        model, triangles, base, closing, opening, places, light, marks, lids,
        _lashes(model, lids), skin, _skin(model, triangles), follows(model.mean),
    )  # fmt: skip


def carried(
    turned: Matrix, at: NDArray[np.float64], offset: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where a point that moves with a head is, centimetres.

    Args:
        turned: Rotation of the head on its neck.
        at: Place of the bridge of the nose while the head is not turned.
        offset: The point, from the bridge of the nose, in the head's own axes.
    """
    arm = BRIDGE_CM + offset - PIVOT_CM
    return np.asarray(at + turned @ arm + PIVOT_CM - BRIDGE_CM, np.float64)


def lid_gaps(model: FaceModel, vertices: Vertices) -> NDArray[np.float32]:
    """Return how far the upper lid is above the lower one, right and left eye, centimetres."""
    lids = vertices[model.lids][..., 1]  # eye, lid, vertex; downwards
    return np.asarray((lids[:, 1] - lids[:, 0]).mean(axis=1), np.float32)


def _closing(model: FaceModel, base: Vertices, eye: int) -> NDArray[np.float32]:
    """Return the offsets that bring the lids of one eye together."""
    blink = model.expression[model.expressions.index(BLINKS[eye])]
    gap = float(lid_gaps(model, base)[eye])
    closed = gap - float(lid_gaps(model, np.asarray(base + blink, np.float32))[eye])
    weight = float(np.clip(gap / max(closed, 1e-3), *_CLOSING)) * _CLOSED
    return np.asarray(weight * blink, np.float32)


def _skin_around(light: LinearImage, places: NDArray[np.float32], lid: Map) -> Map:
    """Return the usual colour of the skin around an eye."""
    ring = places[(lid > _RING[0]) & (lid < _RING[1])]
    if not len(ring):
        return np.full(3, 0.3, np.float32)
    at = np.rint(ring).astype(np.intp)
    x = np.clip(at[:, 0], 0, light.shape[1] - 1)
    y = np.clip(at[:, 1], 0, light.shape[0] - 1)
    colours = light[y, x]
    bright = luminance(np.ascontiguousarray(colours[None]))[0]
    usual = colours[(bright >= np.quantile(bright, 0.5)) & (bright <= np.quantile(bright, 0.8))]
    return np.asarray(np.median(usual, axis=0), np.float32)


def _facing(points: Vertices, triangles: Triangles) -> tuple[Triangles, NDArray[np.intp]]:
    """Return the triangles whose front is seen, and their numbers."""
    first, second, third = (points[triangles[:, corner], :2] for corner in range(3))
    one, other = second - first, third - first
    front = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0] < 0.0
    front &= (points[:, 2] > _NEAREST_CM)[triangles[:, 0]]
    kept = np.flatnonzero(front)
    return triangles[kept], kept


def _lids(model: FaceModel, closing: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of a lid of each vertex: its movement over the largest, shape (V, 2)."""
    moved = np.linalg.norm(closing, axis=2).T
    lids = np.asarray(moved / np.maximum(moved.max(axis=0), 1e-6), np.float32)
    lids[model.eyeballs | model.inside] = 0.0
    return lids


def _lashes(model: FaceModel, lids: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of the margin of each vertex: what moves most of the lid above and below."""
    lashes = np.zeros_like(lids)
    for eye in range(lids.shape[1]):
        at = np.flatnonzero(lids[:, eye] > _RING[0])
        across, moved = model.mean[at, 0], lids[at, eye]
        near = np.abs(across[:, None] - across) < _LASH_CM
        most = np.where(near, moved, 0.0).max(axis=1, initial=0.0)
        share = (moved / np.maximum(most, _LEAST_LASH) - _LASHES[0]) / (_LASHES[1] - _LASHES[0])
        lashes[at, eye] = np.clip(share, 0.0, 1.0)
    return lashes


def _skin(model: FaceModel, triangles: Triangles) -> NDArray[np.bool_]:
    """Return whether each triangle is skin of the face."""
    described = np.zeros(len(model.mean), np.bool_)
    described[model.triangles[model.surface]] = True
    described &= ~(model.inside | model.teeth | model.eyeballs)
    return np.asarray(described[triangles].all(axis=1), np.bool_)


def _simplified(model: FaceModel) -> Triangles:
    """Return triangles between fewer vertices; eyes and mouth stay as they are.

    Vertices in one cell of a grid become one, since a camera resolves no more of cheeks and head.
    """
    blinks = [model.expression[model.expressions.index(name)] for name in BLINKS]
    fine = np.abs(blinks).max(axis=(0, 2)) > _MOVED_CM
    fine |= model.eyeballs | model.inside | model.teeth
    lips = model.mean[model.landmarks[list(LIPS)]]
    low, high = lips.min(axis=0) - _LIPS_CM, lips.max(axis=0) + _LIPS_CM
    fine |= ((model.mean > low) & (model.mean < high)).all(axis=1)
    cells = np.floor(model.mean / _CELL_CM).astype(np.int64)
    _, first, which = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    kept = np.where(fine, np.arange(len(fine)), first[which.ravel()])
    kept = np.where(fine[kept], np.arange(len(fine)), kept)  # not onto one that is fine
    merged = kept[model.triangles]
    whole = (merged != np.roll(merged, 1, axis=1)).all(axis=1)
    return np.ascontiguousarray(merged[whole], np.int32)
