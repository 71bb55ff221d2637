"""How far the eyes are open in each frame of a clip, and what they look like.

Both are measured on the face held still (`facepad.faces.steady`). The distance between the lids
comes from the landmarks, which are smoothed by the network that finds them: a closed eye is
rarely below half of an open one, and quick turns of the head disturb it. The look of the eyes
comes from the pixels: lids over iris and sclera change it at once, and no motion of a print does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import LEFT_CORNERS, LEFT_LIDS, RIGHT_CORNERS, RIGHT_LIDS
from facepad.faces.steady import SteadyFaces, hold_still, landmarks_of
from facepad.opencv import cv2
from facepad.types import Frame

OPEN_SHARE = 75.0  # percentile of a clip that is its open level; eyes are closed a twentieth of it
WIDE, HIGH = 32, 20  # pixels of the picture of an eye
ROOM = 1.3  # its width over the distance between the corners of the eye
SLACK = 3  # pixels in which the best fit is searched; landmarks jitter by less
BLUR = 1.2  # pixels, against noise
_FLAT = 1.0  # grey levels; a picture with a lower deviation shows no eye
_LEAST = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class EyeSeries:
    """Both eyes over a clip.

    Attributes:
        times_s: Seconds of the frames with a face, rising, shape (N,).
        openness: Distance between the lids over the person's own open level in the clip, shape
            (N, 2), right and left; about 1 when open.
        pictures: Both eyes, grey, cut from the face held still, shape (N, 2, 20, 32).
        shapes: Linear part of the map from the person's own shape to each frame, shape (N, 2, 2).
        reach: Median distance between the outer eye corners, pixels.
    """

    times_s: Floats
    openness: Floats
    pictures: NDArray[np.float32]
    shapes: Floats
    reach: float


def measure(frames: Sequence[Frame]) -> EyeSeries:
    """Measure both eyes.

    Args:
        frames: Frames of one clip with the 468 landmarks of a face; at least one.
    """
    landmarks = landmarks_of(frames)
    times = np.array([frame.time_s for frame in frames], np.float64)
    steady = hold_still(landmarks)
    lids = steady.held(np.asarray(landmarks[..., :2], np.float64))
    openness = np.stack([_opening(lids, pairs) for pairs in (RIGHT_LIDS, LEFT_LIDS)], axis=1)
    level = np.maximum(np.percentile(openness, OPEN_SHARE, axis=0), _LEAST)
    eyes = [_pictures(frames, steady, corners) for corners in (RIGHT_CORNERS, LEFT_CORNERS)]
    reach = float(np.median(steady.reach))
    shapes = steady.to_picture[:, :, :2]
    return EyeSeries(times, openness / level, np.stack(eyes, axis=1), shapes, reach)


def unlikeness(picture: NDArray[np.float32], usual: NDArray[np.float32]) -> float:
    """Return one minus the best correlation of two pictures of an eye within a few pixels.

    Args:
        picture: Grey, shape (H, W).
        usual: Of the same shape; its edge is left out.

    Returns:
        In [0, 2]; 0 for the same look, and for pictures without any contrast.
    """
    middle = np.ascontiguousarray(usual[SLACK:-SLACK, SLACK:-SLACK], np.float32)
    if middle.std() < _FLAT or picture.std() < _FLAT:
        return 0.0
    return 1.0 - float(cv2.matchTemplate(picture, middle, cv2.TM_CCOEFF_NORMED).max())


def _opening(lids: Floats, pairs: Sequence[tuple[int, int]]) -> Floats:
    upper, lower = (lids[:, [pair[which] for pair in pairs], 1] for which in (0, 1))
    return np.asarray((lower - upper).mean(axis=1))


def _pictures(
    frames: Sequence[Frame], steady: SteadyFaces, corners: tuple[int, int]
) -> NDArray[np.float32]:
    """Return one eye of each frame, cut from the face held still."""
    ends = steady.shape[list(corners)]
    step = ROOM * max(float(np.hypot(*(ends[1] - ends[0]))), _LEAST) / WIDE
    x, y = ends.mean(axis=0) - 0.5 * step * np.array([WIDE - 1, HIGH - 1])
    to_shape = np.array([[step, 0.0, x], [0.0, step, y], [0.0, 0.0, 1.0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = np.empty((len(frames), HIGH, WIDE), np.float32)
    for number, (frame, to_picture) in enumerate(zip(frames, steady.to_picture, strict=True)):
        eye = cv2.warpAffine(
            frame.image,
            to_picture @ to_shape,
            (WIDE, HIGH),
            flags=flags,
            borderMode=cv2.BORDER_REPLICATE,
        )
        gray = cv2.cvtColor(eye, cv2.COLOR_RGB2GRAY).astype(np.float32)
        cut[number] = cv2.GaussianBlur(gray, (0, 0), BLUR)
    return cut
