"""Liveness test: does the face move as a head, or as one plane?

When a head turns, its nose moves against the cheeks behind it. When a print turns, bends or comes
closer, it does not. Between frames far apart in pose, the parallax is compared with the motion:
the slope is near 1 for a head and near 0 for a plane, whatever the speed. (The correlation of both
would be high for a plane, too.)
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facepad.charts import Chart, Series, SeriesKind, Span
from facepad.fusion import clip_ratios
from facepad.fusion.clip_ratios import ClipRatios
from facepad.liveness.parallax.motion import Motion, motion
from facepad.liveness.parallax.tracking import LevelFace, followed, level_faces
from facepad.needs import Needs
from facepad.scores import sigmoid
from facepad.types import OperatingPoint, Presentation, Reason, Score

VERSION = "parallax-2"
Floats = NDArray[np.float64]
Pairs = list[tuple[float, float]]  # parallax and motion, sines of an angle

WINDOW_S = 4.0  # seconds within which frames are compared; light and expression change later
WINDOWS = 3  # that are looked at: those in which the pose changes most
FRAMES = 10  # of a window, of the most different poses
REFERENCES = 3  # of them, each of which is compared with all others
FEWEST = 8  # frames with a face
MIN_REACH = 45.0  # pixels between the outer eye corners; below it the flow is noise
FOCAL = 0.9  # focal length over the longer side of a picture, as webcams have it
MIN_MOTION = 0.13  # about the sine of 10 degrees, less what is lost in the estimate of planes
MIN_APPROACH = 0.1  # difference of the size of the face, in focal lengths; 50 to 32 cm
MIN_PAIRS = 3  # pairs of frames with so much motion
PAIRS_OF_A_PLANE = 8  # with which a face counts as a plane; fewer may be a jolt of the camera
MAX_RESIDUAL = 0.03  # of the distance between the outer eye corners
SURE = 3.0  # standard errors of a relief that counts
SHARP = 0.02  # standard error that is small enough for a relief of 0
PLANE_SHARE = 0.8  # of the points, which are followed on a plane
NEEDS = Needs(landmarks=True, min_frames=FEWEST, seconds=1.0, fps=8.0)
POINT = OperatingPoint.undecided()
TITLE = "parallax: pairs of frames"
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Parallax:
    """What is measured on one clip.

    Attributes:
        slope: Median share of parallax in the motion of the face, in [0, 1]; None
            without enough motion.
        motion: Greatest motion between two frames, about the sine of the angle.
        pairs: Pairs of frames with enough motion.
    """

    slope: float | None
    motion: float
    pairs: int


@dataclass(frozen=True, slots=True)
class ParallaxTest:
    """Scores a clip by the parallax of the face.

    Attributes:
        name: Name in the registry.
        needs: A clip with landmarks.
        operating_point: Undecided: it adds to what others decide.
        ratios: What a slope is worth.
    """

    name: str = "parallax"
    needs: Needs = NEEDS
    operating_point: OperatingPoint = POINT
    ratios: ClipRatios = field(default_factory=clip_ratios.load)

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the rules and of the ratios; the landmarks are the finder's."""
        return MappingProxyType({self.name: VERSION, **self.ratios.models})

    def score(self, presentation: Presentation) -> Score:
        """Score one clip.

        Args:
            presentation: Frames that were searched for faces with landmarks.

        Returns:
            A value, higher for a head, which adds to what other tests decide: a recorded head
            moves as a head. Without a value and with
            ``little_movement`` when the face turned by less than about 10 degrees, or looks like
            a plane in few pairs of frames; with
            ``face_too_far``, ``clip_too_short`` or the reason of the first frame when it cannot
            be judged.
        """
        pairs = _measured(presentation)
        if isinstance(pairs, Reason):
            return Score(None, pairs)
        found = summary(pairs)
        details = {"motion": round(found.motion, _DIGITS), "pairs": found.pairs}
        if found.slope is None:
            return Score(None, Reason.LITTLE_MOVEMENT, MappingProxyType(details))
        ratio = self.ratios.parallax.ratio(found.slope)
        details["slope"] = round(found.slope, _DIGITS)
        if ratio < 0.0 and found.pairs < PAIRS_OF_A_PLANE:
            return Score(None, Reason.LITTLE_MOVEMENT, MappingProxyType(details))
        details["log_likelihood_ratio"] = round(ratio, _DIGITS)
        return Score(sigmoid(ratio), details=MappingProxyType(details))

    def charts(self, presentation: Presentation) -> tuple[Chart, ...]:
        """Return one chart: parallax against motion of each pair of frames, and the slope.

        Args:
            presentation: As `score`.
        """
        pairs = _measured(presentation)
        return (
            Chart.without_numbers(TITLE, pairs) if isinstance(pairs, Reason) else chart_of(pairs),
        )


def _measured(presentation: Presentation) -> Pairs | Reason:
    """Return parallax and motion of pairs of frames, or why they cannot be measured."""
    frames = [f for f in presentation.frames if f.face and f.face.landmarks is not None]
    if not frames:
        return presentation.frames[0].no_face or Reason.NO_FACE
    if len(frames) < FEWEST:
        return Reason.CLIP_TOO_SHORT
    faces = level_faces(frames)
    if np.median([face.reach for face in faces]) < MIN_REACH:
        return Reason.FACE_TOO_FAR
    return pairs_of(faces, FOCAL * max(frames[0].size))


def chart_of(pairs: Pairs) -> Chart:
    """Return the chart of parallax against motion of pairs of frames.

    Args:
        pairs: As `summary`.
    """
    found = summary(pairs)
    relief, amount = np.array(pairs, np.float64).reshape(-1, 2).T
    end = 1.1 * max(found.motion, 2.0 * MIN_MOTION)
    ends = np.array([0.0, end])
    words, lines = "little movement", [("slope 1: a head", 1.0), ("slope 0: a plane", 0.0)]
    series = [Series(name, ends, slope * ends, SeriesKind.REFERENCE) for name, slope in lines]
    if found.slope is not None:
        words = f"slope {found.slope:.2f}, of {found.pairs} pairs"
        line = found.slope * ends
        series.append(Series("measured slope", ends, line, SeriesKind.MAIN_LINE))
    series.append(Series("pair of frames", amount, relief, SeriesKind.POINTS))
    return Chart(
        TITLE,
        "motion (about the sine of the angle)",
        "parallax",
        tuple(series),
        (Span(0.0, MIN_MOTION, "little movement"),),
        words,
        x_limits=(0.0, end),
        y_limits=(0.0, end),
    )


def parallax(faces: Sequence[LevelFace], focal: float) -> Parallax:
    """Measure the parallax of a face.

    Args:
        faces: Level faces of one clip in order of time; at least two.
        focal: Focal length in pixels of the frames.
    """
    return summary(pairs_of(faces, focal))


def pairs_of(faces: Sequence[LevelFace], focal: float) -> Pairs:
    """Return parallax and motion of the pairs of frames in which they are measured well enough.

    Args:
        faces: As `parallax`.
        focal: As `parallax`.
    """
    pairs = []
    for one, other in _pairs(faces):
        seen = motion(followed(one, other))
        if seen is not None and _counts(seen):
            pairs.append(_compared(seen, focal / one.reach, (other.reach - one.reach) / focal))
    return pairs


def summary(pairs: Pairs) -> Parallax:
    """Return the slope of pairs of frames, and how far the face moves.

    Args:
        pairs: Parallax and motion of each, both as sines of an angle.
    """
    slopes = [relief / amount for relief, amount in pairs if amount >= MIN_MOTION]
    slope = float(np.median(slopes)) if len(slopes) >= MIN_PAIRS else None
    return Parallax(slope, max((amount for _, amount in pairs), default=0.0), len(slopes))


def _pairs(faces: Sequence[LevelFace]) -> Iterator[tuple[LevelFace, LevelFace]]:
    """Yield the pairs of frames to compare: near in time, and far apart in pose."""
    times = np.array([face.time_s for face in faces])
    poses = np.array([face.pose for face in faces])
    begins = np.arange(times[0], max(times[-1] - WINDOW_S, times[0]) + 1e-9, WINDOW_S / 2.0)
    windows = [np.flatnonzero((times >= begin) & (times <= begin + WINDOW_S)) for begin in begins]
    windows = [part for part in windows if len(part) > 1]
    windows.sort(key=lambda part: -float(np.linalg.norm(np.ptp(poses[part], axis=0))))
    for part in windows[:WINDOWS]:
        chosen = part[_farthest(poses[part])]
        for place, one in enumerate(chosen[:REFERENCES]):
            for other in chosen[place + 1 :]:
                yield faces[one], faces[other]


def _farthest(poses: Floats) -> NDArray[np.intp]:
    """Return the usual pose, then the one farthest from it, then the one farthest from both ..."""
    away = np.linalg.norm(poses - np.median(poses, axis=0), axis=1)
    chosen = [int(np.argmin(away))]
    away = np.full(len(poses), np.inf)
    while len(chosen) < min(FRAMES, len(poses)):
        away = np.minimum(away, np.linalg.norm(poses - poses[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(away)))
    return np.array(chosen, np.intp)


def _counts(seen: Motion) -> bool:
    """Return whether a motion is measured well enough to count."""
    sharp = seen.relief_error < max(SHARP, seen.relief / SURE)
    return sharp and seen.residual < MAX_RESIDUAL


def _compared(seen: Motion, focal: float, nearer: float) -> tuple[float, float]:
    """Return the parallax between two frames and the whole motion, both as sines of an angle.

    Args:
        seen: The motion.
        focal: Focal length in distances between the outer eye corners.
        nearer: By how much the face became larger, in focal lengths.
    """
    planar = min(1.0, seen.keystone * focal) if seen.share >= PLANE_SHARE else 0.0
    if abs(nearer) < MIN_APPROACH:
        return seen.relief, math.hypot(seen.relief, planar)
    swelling = max(0.0, -seen.swelling * math.copysign(1.0, nearer))
    relief = math.hypot(seen.relief, min(swelling, abs(nearer)))
    return relief, math.hypot(seen.relief, planar, nearer)
