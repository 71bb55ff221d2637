"""Follow points of a face's skin from one frame to another by optical flow.

The network that finds landmarks gives every face the shape of a face, a print too: its landmarks
move with a parallax that the picture does not have. Only what the pixels do counts here; the
landmarks say where to begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import (
    LEFT_CORNERS,
    LEFT_EYE,
    OVAL,
    RIGHT_CORNERS,
    RIGHT_EYE,
    axes,
)
from facepad.faces.steady import hold_still, landmarks_of
from facepad.opencv import cv2
from facepad.types import Frame, Landmarks

REACH = 80.0  # pixels between the outer eye corners of the levelled pictures
WIDTH, HEIGHT = 192, 192
ORIGIN = (96.0, 72.0)  # of the middle between the outer eye corners
EACH = 2  # of the points of the skin, every second is followed
_UPPER_LIP = 0
_ABOVE_LIP = 0.08  # distance of the lowest points from the upper lip; lips move by themselves
_SIDE = 0.62  # how far from the middle of the face points lie at most
_EYE = (1.25, 0.9)  # half axes of what is left out around an eye, half widths of the eye
_WINDOW = (21, 21)  # pixels around a point that the flow compares
_LEVELS = 2  # halvings of the pictures
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.01)  # steps, and pixels
_LEAST_CONTRAST = 1e-3  # smallest eigenvalue of a point that is followed
_RETURN = 0.7  # pixels; a point that is followed forth and back must come back so near

Flat = NDArray[np.float64]  # shape (N, 2)
Gray = NDArray[np.uint8]  # shape (H, W)


@dataclass(frozen=True, slots=True, eq=False)
class LevelFace:
    """The face of one frame, level and of one size, as the flow sees it.

    Attributes:
        picture: Grey, shape (192, 192).
        points: Where the landmarks put the points of the skin, pixels of ``picture``, (K, 2).
        depth: Their distance from the camera by the landmarks, shape (K,), in distances between
            the outer eye corners; any origin.
        reach: Distance between the outer eye corners in the frame, pixels.
        time_s: Seconds since the clip began.
        pose: Where the landmarks say that the head looks (sines across and down) and the
            logarithm of its size, shape (3,); only to select frames.
    """

    picture: Gray
    points: Flat
    depth: NDArray[np.float64]
    reach: float
    time_s: float
    pose: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Points of one picture, followed to another.

    Attributes:
        before: Pixels in the first, shape (N, 2).
        after: Pixels in the other, shape (N, 2).
        depth: Depth of each point, shape (N,).
        asked: How many points there were to follow.
    """

    before: Flat
    after: Flat
    depth: NDArray[np.float64]
    asked: int


def level_faces(frames: Sequence[Frame]) -> list[LevelFace]:
    """Return the faces of the frames of one clip, level.

    Args:
        frames: Each with the 468 landmarks of a face; at least one.
    """
    landmarks = landmarks_of(frames)
    points = skin(hold_still(landmarks).shape)
    return [_level(frame, one, points) for frame, one in zip(frames, landmarks, strict=True)]


def skin(shape: Flat) -> NDArray[np.intp]:
    """Return which landmarks lie on skin that moves with the head.

    Args:
        shape: Upright landmarks, shape (468, 2), the outer eye corners one apart.
    """
    kept = (shape[:, 1] < shape[_UPPER_LIP, 1] - _ABOVE_LIP) & (np.abs(shape[:, 0]) < _SIDE)
    kept[list(OVAL)] = False
    for ring in (RIGHT_EYE, LEFT_EYE):
        eye = shape[list(ring)]
        half = max(float(np.ptp(eye[:, 0])) / 2.0, 1e-6)
        away = (shape - eye.mean(axis=0)) / (half * np.array(_EYE))
        kept &= (away**2).sum(axis=1) > 1.0
    return np.flatnonzero(kept)[::EACH]


def followed(one: LevelFace, other: LevelFace) -> Tracks:
    """Follow the points of one face to another by pyramidal Lucas-Kanade flow, forth and back.

    Points that do not come back to where they began are left out.

    Reference:
        Bouguet (2001), Pyramidal Implementation of the Lucas Kanade Feature Tracker.
    """
    before = one.points.astype(np.float32)
    if not len(before):
        return Tracks(one.points, one.points, one.depth, 0)
    after, forth = _flow(one.picture, other.picture, before, other.points.astype(np.float32))
    again, back = _flow(other.picture, one.picture, after, before.copy())
    kept = forth & back & (np.linalg.norm(again - before, axis=1) < _RETURN)
    places = [part[kept].astype(np.float64) for part in (before, after)]
    return Tracks(places[0], places[1], one.depth[kept], len(before))


def _flow(
    one: Gray, other: Gray, points: NDArray[np.float32], guess: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return where points of one picture are in the other, and whether each was found."""
    after, found, _ = cv2.calcOpticalFlowPyrLK(
        one,
        other,
        points,
        guess,
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        minEigThreshold=_LEAST_CONTRAST,
    )
    return np.asarray(after, np.float32), np.asarray(found[:, 0] > 0, np.bool_)


def _level(frame: Frame, landmarks: Landmarks, points: NDArray[np.intp]) -> LevelFace:
    right, left = (
        landmarks[corner[0], :2].astype(np.float64) for corner in (RIGHT_CORNERS, LEFT_CORNERS)
    )
    across, middle = left - right, (left + right) / 2.0
    reach = max(float(np.hypot(*across)), 1e-6)
    cos, sin = across / reach * (REACH / reach)
    turn = np.array([[cos, sin], [-sin, cos]])
    to_level = np.column_stack([turn, ORIGIN - turn @ middle])
    cut = cv2.warpAffine(
        frame.image,
        to_level,
        (WIDTH, HEIGHT),
        flags=cv2.INTER_AREA if reach > REACH else cv2.INTER_LINEAR,
    )
    places = landmarks[points, :2].astype(np.float64) @ turn.T + to_level[:, 2]
    depth = landmarks[points, 2].astype(np.float64) / reach
    picture = np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY), np.uint8)
    pose = np.array([*axes(landmarks)[2, :2], np.log(reach)], np.float64)
    return LevelFace(picture, places, depth, reach, frame.time_s, pose)
