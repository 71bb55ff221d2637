"""What a liveness test needs of a presentation, and which of its frames can be judged."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from facepad.errors import InputError
from facepad.reasons import REASONS
from facepad.types import CaptureQuality, Frame, LivenessTest, Presentation, Reason

Assess = Callable[[Frame], CaptureQuality]  # judges the capture of a frame with a face
Openness = Callable[[Frame], float | None]  # distance between the lids, in widths of the eye
JUDGEABLE = "judgeable"  # measure of a capture: 0 where nothing is left to judge
_CLOSED = 0.6  # of the usual distance between the lids
_BLURRED, _TURNED_DEG = (
    4.4,
    35.0,
)  # measures of a capture that is as poor by its blur as by its pose
SHORTER = 0.02  # share by which a clip may miss a duration or a rate; clocks of cameras differ


@dataclass(frozen=True, slots=True)
class Needs:
    """What a liveness test needs of a presentation.

    A test that needs several frames, a duration or a rate is a clip test: it gets the frames of
    a clip as densely as it needs them, and has no part in the decision about a still. Every
    other test is frame-wise: it gets a still, or a few frames selected from a clip.

    A clip is read once, for the most demanding test. A clip test beside a more demanding one
    therefore gets more frames than it needs, and may score a little otherwise than alone.

    Attributes:
        landmarks: Whether each face needs its 468 landmarks.
        min_frames: Fewest frames; 1 or more.
        seconds: Shortest duration; 0 for any.
        fps: Lowest number of frames a second, as a mean over the clip; 0 for any.
        depth: Whether frames need their depth.
        wanted_fps: Frames a second that are read where the clip has so many; 0 for ``fps``.

    Raises:
        InputError: A number is negative, infinite or NaN, or ``min_frames`` is below 1.
    """

    landmarks: bool = False
    min_frames: int = 1
    seconds: float = 0.0
    fps: float = 0.0
    depth: bool = False
    wanted_fps: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.min_frames < math.inf:
            raise InputError(f"a test needs 1 frame or more, got min_frames={self.min_frames}")
        for name, value in (
            ("seconds", self.seconds),
            ("fps", self.fps),
            ("wanted_fps", self.wanted_fps),
        ):
            if not 0.0 <= value < math.inf:
                raise InputError(f"what a test needs is 0 or more and finite, got {name}={value}")

    @property
    def is_clip(self) -> bool:
        """Whether a still cannot meet the needs."""
        return self.min_frames > 1 or self.seconds > 0.0 or self.fps > 0.0

    @property
    def read_fps(self) -> float:
        """Frames a second at which a clip is read; 0 for any."""
        return max(self.fps, self.wanted_fps)

    @property
    def frames(self) -> int:
        """Fewest frames that meet the needs for frames, duration and rate."""
        return max(self.min_frames, math.ceil(self.seconds * self.fps) + 1, 1 + self.is_clip)

    def most(self, other: "Needs") -> "Needs":
        """Return the needs that meet these and ``other``."""
        return Needs(
            self.landmarks or other.landmarks,
            max(self.min_frames, other.min_frames),
            max(self.seconds, other.seconds),
            max(self.fps, other.fps),
            self.depth or other.depth,
            max(self.wanted_fps, other.wanted_fps),
        )

    def unmet(self, clip: Presentation) -> Reason | None:
        """Return why the frames are too few, too short or too sparse; None when they are not.

        The duration and the rate may be 2 % below what is needed. Frames without times have
        no rate.
        """
        frames, least = len(clip.frames), 1.0 - SHORTER
        if frames < self.min_frames or clip.duration_s < least * self.seconds:
            return Reason.CLIP_TOO_SHORT
        if self.fps > 0.0 and frames < 2:
            return Reason.CLIP_TOO_SHORT
        span_s = clip.frames[-1].time_s - clip.frames[0].time_s
        # One frame more than intervals: the last frame of a short clip may lie late.
        if self.fps > 0.0 and (span_s <= 0.0 or frames < least * self.fps * span_s):
            return Reason.FRAME_RATE_TOO_LOW
        return None


def needs_of(test: LivenessTest) -> Needs:
    """Return what a test says in its attribute ``needs``; one still where it says nothing."""
    needs: Needs = getattr(test, "needs", Needs())
    return needs


def missing_reason(
    test: LivenessTest, stills: Presentation | None, clip: Presentation | None
) -> Reason | None:
    """Return why a test has no part in the decision; None when it has one.

    Args:
        test: A clip test has no part without a clip, a test of depth none without depth.
        stills: What frame-wise tests get; None when there are no such tests.
        clip: What clip tests get; None for a still.
    """
    needs = needs_of(test)
    given = clip if needs.is_clip else stills
    if given is None:
        return Reason.CLIP_TOO_SHORT
    if needs.depth and all(frame.depth is None for frame in given.frames):
        return Reason.NO_DEPTH
    return None


@dataclass(frozen=True, slots=True, eq=False)
class JudgedFrames:
    """The frames of a presentation that frame-wise tests get, and what is wrong with all of them.

    Attributes:
        presentation: The frames, those without a face included; each face has its capture.
        reasons: What is wrong with the capture of the presentation; empty when enough frames
            are good.
        judgeable: Whether something is left to judge.
        notes: How many frames were ignored, and why.
    """

    presentation: Presentation
    reasons: tuple[Reason, ...] = ()
    judgeable: bool = True
    notes: tuple[str, ...] = ()


def best_frames(
    presentation: Presentation, assess: Assess, number: int, openness: Openness | None = None
) -> Presentation:
    """Return the best frames of a clip, as many as are asked for: one of each equal part.

    Better is a frame with a face, with nothing wrong with its capture, with open eyes, sharper and
    more frontal, in this order but for the last two, which count alike.

    Args:
        presentation: Frames in order of time, searched for faces.
        assess: Judges the capture of a frame.
        number: How many.
        openness: Distance between the lids, in widths of the eye, for a frame with a face; None
            where it is not known. Eyes are closed below 0.6 of what is usual in the clip.

    Returns:
        The chosen frames, each face with its capture; all frames of a shorter clip.
    """
    frames = presentation.frames
    if len(frames) <= number:
        return presentation
    assessed = [replace(f, capture=f.capture or assess(f)) if f.face else f for f in frames]
    ends = [part * len(frames) // number for part in range(number + 1)]
    parts = [sorted(assessed[a:b], key=_poorness) for a, b in pairwise(ends)]
    chosen = [part[0] for part in parts]
    if openness is not None:
        seen = [(frame.face and openness(frame)) or 0.0 for frame in chosen]
        usual = median([one for one in seen if one > 0.0] or [0.0])
        for place, (part, one) in enumerate(zip(parts, seen, strict=True)):
            if 0.0 < one < _CLOSED * usual:
                chosen[place] = _open_eyed(part, _CLOSED * usual, openness)
    return replace(presentation, frames=tuple(chosen))


def _open_eyed(part: Sequence[Frame], least: float, openness: Openness) -> Frame:
    """Return the first frame with open eyes that is as good as the first; else the first."""
    most = len(part[0].capture.reasons) if part[0].capture else 0
    for frame in part[1:]:
        capture = frame.capture
        good = frame.face is not None and capture is not None and len(capture.reasons) <= most
        if good and (openness(frame) or 0.0) >= least:
            return frame
    return part[0]


def _poorness(frame: Frame) -> tuple[bool, int, float]:
    """Return what orders frames from the best to the poorest."""
    if frame.face is None or frame.capture is None:
        return True, 0, 0.0
    measures = frame.capture.measures
    turned = max(abs(measures.get(name, 0.0)) for name in ("yaw_deg", "pitch_deg"))
    poor = measures.get("blur", 0.0) / _BLURRED + turned / _TURNED_DEG
    return False, len(frame.capture.reasons), poor


def judged_frames(
    presentation: Presentation, assess: Assess, beside: Sequence[Reason] = ()
) -> JudgedFrames:
    """Return the frames of a presentation that frame-wise tests get.

    When at least half of the frames with a face are good, the others are ignored. Otherwise all
    are judged but those where nothing is left to judge, and the presentation has the reasons of
    more than half of its frames with a face, or else the most frequent ones.

    Args:
        presentation: Frames that were searched for faces.
        assess: Judges the capture of a frame; not asked where that was done before.
        beside: What else is wrong with the presentation.
    """
    frames = tuple(
        frame if frame.face is None or frame.capture else replace(frame, capture=assess(frame))
        for frame in presentation.frames
    )
    captures = [frame.capture for frame in frames if frame.face and frame.capture]
    poor = [capture for capture in captures if capture.reasons]
    good_enough = 2 * len(poor) <= len(captures)
    ignored = poor if good_enough else [one for one in poor if one.measures.get(JUDGEABLE) == 0.0]
    wrong = {*beside, *(() if good_enough else _shared(poor, len(captures)))}
    reasons = tuple(reason for reason in Reason if reason in wrong)
    if captures and len(ignored) == len(captures):
        return JudgedFrames(replace(presentation, frames=frames), reasons, judgeable=False)
    kept = tuple(frame for frame in frames if not any(frame.capture is one for one in ignored))
    return JudgedFrames(
        replace(presentation, frames=kept), reasons, notes=_ignored(ignored, len(captures))
    )


def _shared(poor: Sequence[CaptureQuality], faces: int) -> tuple[Reason, ...]:
    """Return the reasons of more than half of the faces, or else the most frequent ones."""
    counts = Counter(reason for capture in poor for reason in capture.reasons)
    most = min(max(counts.values()), faces // 2 + 1)
    return tuple(reason for reason in Reason if counts[reason] >= most)


def _ignored(ignored: Sequence[CaptureQuality], faces: int) -> tuple[str, ...]:
    if not ignored:
        return ()
    found = {reason for capture in ignored for reason in capture.reasons}
    words = ", ".join(REASONS[reason].words for reason in Reason if reason in found)
    return (f"{len(ignored)} of {faces} frames ignored: {words}",)
