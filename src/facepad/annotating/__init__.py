"""Judge a clip over time, and write it again with what the tests find: `facepad annotate`."""

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from facepad import settings
from facepad.annotating.overlay import Moment, Overlay, OverlayPainter
from facepad.annotating.webm import FASTEST, SLOWEST, SUFFIXES, webm_writer
from facepad.errors import InputError, SettingsError, require
from facepad.finders import Finder, Follows
from facepad.jobs.files import replaced_file
from facepad.jobs.progress import Advance, Progress, ignore
from facepad.media.formats.clip_header import VideoTrack
from facepad.media.formats.clips import inspect_clip
from facepad.media.frame_selection import FrameSelection
from facepad.media.resize import even, shrink_to_fit, to_long_side
from facepad.media.sequence import ImageSequence
from facepad.media.video import read_numbered
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.sources import is_clip
from facepad.types import Box, Frame, Outcome, Presentation, RgbImage

LARGEST_SIDE = 1280  # pixels of the clip that is written
USUAL_RATE = 25.0  # frames a second of a clip that states none
STILLS_RATE = 8.0  # frames a second that are kept where no test looks at movement
SHORTEST_S, LONGEST_S = 0.1, 30.0  # of a step, and of a window
EVERY = FrameSelection()
_LEAST_SIDE = 320  # pixels; frames are not halved below it
_LEAST_SPAN_S = 10.0  # of the strip of decisions, where the clip does not state how long it is


@dataclass(frozen=True, slots=True)
class DecisionTimes:
    """When a decision is made, and about which part of a clip.

    Attributes:
        window_s: Seconds before a decision that it is about, at most 30.
        step_s: Seconds from one decision to the next, at least 0.1 and at most ``window_s``.

    Raises:
        SettingsError: One of them is out of range.
    """

    window_s: float = 3.0
    step_s: float = 0.5

    def __post_init__(self) -> None:
        is_window = SHORTEST_S <= self.window_s <= LONGEST_S
        require(is_window, "window", f"{SHORTEST_S:g} to {LONGEST_S:g} seconds", self.window_s)
        is_step = SHORTEST_S <= self.step_s <= self.window_s
        require(is_step, "step", f"{SHORTEST_S:g} s to the window's length", self.step_s)


@dataclass(frozen=True, slots=True)
class Annotation:
    """What was written.

    Attributes:
        path: The file.
        size: Width and height of its pictures in pixels.
        rate: Its frames a second.
        frames: How many frames the clip that was read has.
        moments: The decisions, in order of time.
    """

    path: Path
    size: tuple[int, int]
    rate: float
    frames: int
    moments: tuple[Moment, ...]

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many decisions have each outcome."""
        return Counter(moment.decision.outcome for moment in self.moments)


def annotate(
    source: Path | ImageSequence,
    out: Path,
    checker: Checker,
    times: DecisionTimes | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Annotation:
    """Write a clip again, with the face, each test's score and the decision over time.

    Frames are read one by one; those of one window are kept, at the rate that the tests need.

    Args:
        source: The clip, or the pictures that are its frames.
        out: The file to write, named ``.webm`` or ``.mp4``: VP9 in both. It appears when it is
            complete.
        checker: Judges the frames of a window as one presentation.
        times: When decisions are made; by default each 0.5 s, about the last 3 s.
        force: Whether to replace a file that exists.
        progress: Shows how many frames are done; None for nothing.

    Raises:
        InputError: The clip cannot be read, is over a limit, or is a picture.
        ModelError: A model file is missing or has the wrong hash.
        SettingsError: The output is named otherwise, exists, or cannot be written.
    """
    track = _checked_track(source, out, force=force)
    checker.load()
    run = _Run(checker, times or DecisionTimes(), track)
    pictures = run.pictures(_frames(source))
    first = next(pictures)
    rate, size = rate_of(track), (first[0].shape[1], first[0].shape[0])
    part = out.with_name(f".{out.stem}.{uuid4().hex[:12]}{out.suffix.lower()}")
    count, painter = 0, OverlayPainter(size)
    with (
        replaced_file(out, part=part, error=SettingsError) as file,
        webm_writer(file, size, rate) as writer,
        _shown(progress, track.frames) as advance,
    ):
        for picture, overlay in _with_first(first, pictures):
            writer.show(painter.drawn(picture, overlay), overlay.now_s)
            count += 1
            advance()
    return Annotation(out, size, rate, count, tuple(run.moments))


def _frames(source: Path | ImageSequence, selection: FrameSelection = EVERY) -> Iterator[Frame]:
    if isinstance(source, ImageSequence):
        return (frame for _, frame in source.frames(selection))
    return (frame for _, frame in read_numbered(source, selection))


def _checked_track(source: Path | ImageSequence, out: Path, *, force: bool) -> VideoTrack:
    """Return what a clip states of its pictures, when it can be annotated into the file."""
    if out.suffix.lower() not in SUFFIXES:
        names = " or ".join(SUFFIXES)
        raise SettingsError(f"expected a name that ends in {names} for the output, got {out}")
    file = source if isinstance(source, Path) and source.is_file() else None
    if file is not None and not is_clip(file):
        raise InputError(f"{file}: expected a clip, got a picture or another file")
    (first,) = _frames(source, FrameSelection("at", 0))  # checks the limits, names the file
    if out.exists():
        if file is not None and out.samefile(file):
            raise SettingsError(f"the output {out} is the clip itself; give another name")
        if not force:
            raise SettingsError(f"{out} exists already; overwrite it with --force")
    if isinstance(source, ImageSequence):
        return VideoTrack("pictures", *first.size, 0, False, *source.stated())
    return inspect_clip(source).video


def rate_of(track: VideoTrack) -> float:
    """Return the frames a second that are written: the clip's mean rate, from 1 to 60."""
    if not track.frames or not track.duration_s:
        return USUAL_RATE
    return min(max(track.frames / track.duration_s, SLOWEST), FASTEST)


class KeptFrames:
    """The frames of the last seconds, at most so many a second.

    Args:
        window_s: Seconds that frames are kept.
        rate: Frames a second that are kept.
    """

    def __init__(self, window_s: float, rate: float) -> None:
        self._window_s, self._rate, self._due_s = window_s, rate, 0.0
        self._frames: deque[Frame] = deque()

    @property
    def most(self) -> int:
        """How many frames are kept at most."""
        return math.ceil(self._window_s * self._rate * 1.5) + 1

    def add(self, frame: Frame) -> None:
        """Keep a frame where it is due, and let go of those that are too old."""
        interval_s = 1.0 / self._rate
        if frame.time_s < self._due_s - 0.25 * interval_s:
            return
        self._due_s = max(self._due_s, frame.time_s - 0.5 * interval_s) + interval_s
        self._frames.append(frame)
        while frame.time_s - self._frames[0].time_s >= self._window_s:
            self._frames.popleft()
        if len(self._frames) > self.most:
            self._frames.popleft()

    def presentation(self, name: str) -> Presentation:
        """Return the frames as one clip that begins at 0 s."""
        begin_s = self._frames[0].time_s
        frames = (replace(frame, time_s=frame.time_s - begin_s) for frame in self._frames)
        return Presentation(tuple(frames), source=name)


class _Run:
    """Goes through one clip; holds the kept frames and the decisions so far."""

    def __init__(self, checker: Checker, times: DecisionTimes, track: VideoTrack) -> None:
        parts = checker.parts(is_clip=True)
        needs = parts.clip_needs or Needs()
        self._checker, self._finder, self._times = checker, parts.finder, times
        self._kept = KeptFrames(times.window_s, max(needs.read_fps, STILLS_RATE))
        self._side = longest_side((track.width, track.height), self._kept.most)
        self._span_s = track.duration_s
        self._due_s = times.step_s
        self.moments: list[Moment] = []

    def pictures(self, frames: Iterable[Frame]) -> Iterator[tuple[RgbImage, Overlay]]:
        """Yield each picture in the size that is written, with what is drawn over it."""
        for picture, frame, is_last in _searched(frames, self._finder, self._side):
            self._kept.add(frame)
            self._decide(frame.time_s, is_last)
            box = None if frame.face is None else scaled_box(frame.face.box, frame.size, picture)
            span_s = self._span_s or max(_LEAST_SPAN_S, frame.time_s)
            yield picture, Overlay(box, tuple(self.moments), frame.time_s, max(span_s, 0.001))

    def _decide(self, now_s: float, is_last: bool) -> None:
        """Renew the decision where it is time; a clip shorter than a step has one at its end."""
        if now_s < self._due_s and not (is_last and not self.moments):
            return
        decision = self._checker.check_presentation(self._kept.presentation(""))
        self.moments.append(Moment(now_s, decision))
        self._due_s = max(self._due_s, now_s - self._times.step_s) + self._times.step_s


def _searched(
    frames: Iterable[Frame], finder: Finder, side: int
) -> Iterator[tuple[RgbImage, Frame, bool]]:
    """Yield the picture to draw on, the frame to judge with its face, and whether it is the last.

    Args:
        frames: Of one clip, in order of time.
        finder: Follows the face, where it can.
        side: Longer side of the frames to judge, in pixels.
    """
    pictures: deque[RgbImage] = deque()

    def reduced() -> Iterator[Frame]:
        for frame in frames:
            pictures.append(even(shrink_to_fit(frame.image, (LARGEST_SIDE, LARGEST_SIDE))))
            yield replace(frame, image=to_long_side(frame.image, side))

    found = finder.follow(reduced()) if isinstance(finder, Follows) else map(finder.find, reduced())
    last = next(found, None)
    for frame in found:
        if last is not None:
            yield pictures.popleft(), last, False
        last = frame
    if last is not None:
        yield pictures.popleft(), last, True


def longest_side(size: tuple[int, int], frames: int) -> int:
    """Return the longer side to which frames are reduced, so that a window fits into memory.

    Args:
        size: Width and height of the frames in pixels.
        frames: How many frames a window has at most.

    Raises:
        SettingsError: The setting ``max_clip_mb`` is not a number.
    """
    side, most_bytes = max(*size, 1), 1e6 * settings.number("max_clip_mb")
    scale = 1.0
    while 3.0 * size[0] * size[1] * scale * scale * frames > most_bytes:
        if side * scale < 2 * _LEAST_SIDE:
            break
        scale /= 2.0
    return max(1, math.ceil(side * scale))


def scaled_box(box: Box, size: tuple[int, int], picture: RgbImage) -> Box:
    """Return a box in the pixels of another copy of a picture."""
    across, down = picture.shape[1] / size[0], picture.shape[0] / size[1]
    left, top, right, bottom = box
    return round(left * across), round(top * down), round(right * across), round(bottom * down)


def _shown(progress: Progress | None, frames: int | None) -> AbstractContextManager[Advance]:
    if progress is None or frames is None:
        return nullcontext(ignore)
    return progress("annotated", frames, lines=True)


def _with_first(
    first: tuple[RgbImage, Overlay], others: Iterator[tuple[RgbImage, Overlay]]
) -> Iterator[tuple[RgbImage, Overlay]]:
    yield first
    yield from others
