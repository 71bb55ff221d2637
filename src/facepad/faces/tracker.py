"""Follow the face of a clip from frame to frame: landmarks are used again, detection when lost.

The mesh finds the landmarks of a frame where those of the frame before were, which saves the
detector: half of the time. The box and the six points are those of the last detection, brought to
where the landmarks are now.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facepad.faces import level
from facepad.faces.crops import clip_box
from facepad.faces.detection import Detection, overlap
from facepad.faces.landmarks import LEFT_CORNERS, RIGHT_CORNERS
from facepad.opencv import cv2
from facepad.types import Face, Frame, Landmarks, RgbImage

DETECT_EVERY_S = 0.5  # the detector looks again so often: for other faces, and against drift
LONGEST_GAP_S = 0.35  # between frames; a face may be anywhere after more
LEAST_PRESENCE = 0.9  # of the mesh
# Correlation of two small copies of the picture within `LONGEST_GAP_S`; 0.93 or more in each of 20
# recorded clips.
SAME_SCENE = 0.6

_LEAST_OVERLAP, _MOST_GROWTH = 0.5, 1.3  # of the box from frame to frame
# Landmarks that hardly move with the face's expression: nose, corners of the eyes, temples.
_STEADY = (6, 197, 195, 5, 4, 33, 133, 263, 362, 127, 356, 234, 454, 168)
_ELSEWHERE = 0.05  # overlap of two boxes below which they are different faces
_VIEW = 16  # pixels of a copy that is compared
_PLAIN = 2.0  # gray levels of deviation, below which there is nothing to compare
_LEVEL = 24  # pixels of a level copy of a face
_FINER = 4  # times, before it is reduced to them
_REACH, _HIGH = 0.4, 0.38  # between the outer eye corners, and where they are, shares of the copy
# A face is another one where its level copy changes by so much from one frame to the next, as 1
# less the correlation, and by so many times what it changes before and after, at least so much.
_MOST_CHANGE, _SUDDEN, _USUAL = 0.15, 5.0, 0.02
_EVEN = 1.5  # a gap in time over those beside it; a head may turn while frames are missing

Thumbnail = NDArray[np.float64]  # shape (16, 16), or (24, 24) of a face


class FindsAndMeshes(Protocol):
    """What following needs of a finder."""

    def find(self, frame: Frame) -> Frame:
        """Look for the largest face."""

    def mesh(self, image: RgbImage, detection: Detection) -> tuple[Landmarks, float]:
        """Return the landmarks of a detection, and the confidence that it is a face."""


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    """A face that is followed.

    Attributes:
        found: The face when it was detected last.
        landmarks: Its landmarks then.
        last: Where it was in the last frame.
        since_s: Time of the frame in which it was detected.
        last_s: Time of the last frame.
    """

    found: Face
    landmarks: Landmarks
    last: Detection
    since_s: float
    last_s: float

    @classmethod
    def of(cls, frame: Frame) -> "_Track | None":
        """Begin with a frame; None where it has no face with landmarks and points."""
        face = frame.face
        if face is None or face.landmarks is None or not face.points:
            return None
        return cls(face, face.landmarks, detection_of(face), frame.time_s, frame.time_s)

    def covers(self, frame: Frame) -> bool:
        """Return whether the frame follows soon enough, and the detector has its turn later."""
        gap_s, since_s = frame.time_s - self.last_s, frame.time_s - self.since_s
        return 0.0 < gap_s <= LONGEST_GAP_S and since_s < DETECT_EVERY_S

    def next(self, frame: Frame, landmarks: Landmarks) -> "_Track | None":
        """Return the track in the next frame; None where the face jumped."""
        by = similarity(self.landmarks[list(_STEADY), :2], landmarks[list(_STEADY), :2])
        now = detection_of(self.found).mapped(by)
        growth = now.short_side / max(self.last.short_side, 1.0)
        steady = overlap(now.box, self.last.box) >= _LEAST_OVERLAP
        if not steady or not 1.0 / _MOST_GROWTH <= growth <= _MOST_GROWTH:
            return None
        return replace(self, last=now, last_s=frame.time_s)

    def face(self, image: RgbImage, landmarks: Landmarks) -> Face:
        """Return the face in the last frame."""
        return replace(
            self.found,
            box=clip_box(self.last.box, image),
            landmarks=landmarks,
            points=tuple((float(x), float(y)) for x, y in self.last.points),
            roll_deg=self.last.roll_deg,
        )


def follow(finder: FindsAndMeshes, frames: Iterable[Frame]) -> Iterator[Frame]:
    """Find the face of each frame of one clip.

    Args:
        finder: One that keeps landmarks.
        frames: In order of time; those that were searched before are taken as they are.

    Yields:
        Each frame with its face, or with the reason why it has none.

    Raises:
        ModelError: A network's file is missing or wrong.
    """
    track: _Track | None = None
    for frame in frames:
        if frame.face is None and frame.no_face is None:
            found = _followed(finder, track, frame) if track and track.covers(frame) else None
            if found is not None:
                track, seen = found
                yield seen
                continue
            frame = finder.find(frame)
        track = _Track.of(frame)
        yield frame


def _followed(finder: FindsAndMeshes, track: _Track, frame: Frame) -> tuple[_Track, Frame] | None:
    landmarks, presence = finder.mesh(frame.image, track.last)
    moved = track.next(frame, landmarks) if presence >= LEAST_PRESENCE else None
    if moved is None or _is_outside(moved.last, frame.image):
        return None
    return moved, replace(frame, face=moved.face(frame.image, landmarks))


def person_changed(frames: Iterable[Frame]) -> bool:
    """Return whether another face takes the place of the first one, from one frame to the next.

    Either the face is elsewhere at once, or the whole picture is another one, or the face alone
    changes at once, between frames before and after in which it hardly does. It does not recognise
    people: one who leaves the picture before another enters is not noticed.

    Args:
        frames: In order of time, searched for faces.
    """
    steps: list[tuple[float, float]] = []  # seconds from frame to frame, and change of the face
    for one, other in pairwise(_View.of(frame, frame.face) for frame in frames if frame.face):
        gap_s, change = other.time_s - one.time_s, np.nan
        if gap_s <= LONGEST_GAP_S:
            jumped = overlap(one.face.box, other.face.box) < _ELSEWHERE
            if jumped or _likeness(one.thumbnail, other.thumbnail) < SAME_SCENE:
                return True
            change = _change(one, other)
        steps.append((gap_s, change))
    return _is_sudden(np.array(steps, np.float64).reshape(-1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What is compared of a frame: its time and picture, the face, and a copy of the picture."""

    time_s: float
    image: RgbImage
    face: Face
    thumbnail: Thumbnail

    @classmethod
    def of(cls, frame: Frame, face: Face) -> "_View":
        return cls(frame.time_s, frame.image, face, _thumbnail(frame.image))


def _change(one: _View, other: _View) -> float:
    """Return by how much a face changes, 0 to 2; NaN where its landmarks are not known.

    Both are cut where each of them is, and in one place, as landmarks may jump where nothing moves;
    what is most alike counts.
    """
    here, there = one.face.landmarks, other.face.landmarks
    if here is None or there is None:
        return float("nan")
    a, b = _level_copy(one.image, here), _level_copy(other.image, there)
    pairs = (a, b), (a, _level_copy(other.image, here)), (_level_copy(one.image, there), b)
    return 1.0 - max(_likeness(*pair) for pair in pairs)


def _is_sudden(steps: NDArray[np.float64]) -> bool:
    """Return whether a face changes at once.

    Args:
        steps: Seconds from frame to frame, and change of the face, shape (N, 2).
    """
    if len(steps) < 3:
        return False
    gaps, changes = steps.T
    beside = np.maximum(np.maximum(changes[:-2], changes[2:]), _USUAL)  # NaN where one is unknown
    is_even = gaps[1:-1] <= _EVEN * np.minimum(gaps[:-2], gaps[2:])
    is_sudden = changes[1:-1] >= np.maximum(_SUDDEN * beside, _MOST_CHANGE)
    return bool(np.any(is_even & is_sudden))


def similarity(source: NDArray[np.float32], target: NDArray[np.float32]) -> level.Map:
    """Return the turn, size and shift that bring points to others with the least squares.

    Args:
        source: Shape (N, 2).
        target: Shape (N, 2).

    Returns:
        Matrix, shape (2, 3).

    Example:
        >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
        >>> similarity(square, 2 * square + 3).round(6).tolist()
        [[2.0, -0.0, 3.0], [0.0, 2.0, 3.0]]
    """
    one, other = (np.asarray(points, np.float64) for points in (source, target))
    middles = one.mean(axis=0), other.mean(axis=0)
    a, b = (points - middle for points, middle in zip((one, other), middles, strict=True))
    size = max(float(np.vdot(a, a)), 1e-12)
    cos, sin = float(np.vdot(a, b)) / size, float((a[:, 0] @ b[:, 1]) - (a[:, 1] @ b[:, 0])) / size
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.asarray(np.column_stack([turn, middles[1] - turn @ middles[0]]))


def detection_of(face: Face) -> Detection:
    """Return a face with its six points as the detector's."""
    left, top, right, bottom = (float(value) for value in face.box)
    return Detection((left, top, right, bottom), face.score, np.array(face.points, np.float32))


def _is_outside(face: Detection, image: RgbImage) -> bool:
    """Return whether part of a face is outside the picture, where the detector has to decide."""
    left, top, right, bottom = face.box
    return left < 0 or top < 0 or right > image.shape[1] or bottom > image.shape[0]


def _thumbnail(image: RgbImage) -> Thumbnail:
    """Return a small gray copy of a picture, less its mean."""
    small = cv2.resize(image, (_VIEW, _VIEW), interpolation=cv2.INTER_AREA)
    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float64)
    return np.asarray(gray - gray.mean())


def _level_copy(image: RgbImage, landmarks: Landmarks) -> Thumbnail:
    """Return a small gray copy of a face, level and of one size, less its mean."""
    right, left = (
        landmarks[corner[0], :2].astype(np.float64) for corner in (RIGHT_CORNERS, LEFT_CORNERS)
    )
    across = left - right
    side = float(_FINER * _LEVEL)
    cos, sin = across / max(float(across @ across), 1e-6) * _REACH * side
    turn = np.array([[cos, sin], [-sin, cos]])
    shift = np.array([0.5, _HIGH]) * side - turn @ ((right + left) / 2.0)
    size = _FINER * _LEVEL, _FINER * _LEVEL
    cut = cv2.warpAffine(
        image, np.column_stack([turn, shift]), size, borderMode=cv2.BORDER_REPLICATE
    )
    small = cv2.resize(cut, (_LEVEL, _LEVEL), interpolation=cv2.INTER_AREA)
    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float64)
    return np.asarray(gray - gray.mean())


def _likeness(one: Thumbnail, other: Thumbnail) -> float:
    """Return the correlation of two copies; 1 where one of them is plain."""
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    plain = min(float(one.std()), float(other.std())) < _PLAIN
    return 1.0 if plain else float(np.vdot(one, other)) / size
