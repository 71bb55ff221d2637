"""Which frames of a clip are used: selections, frames at a rate, and what fits into memory."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from facepad.errors import InputError, SettingsError
from facepad.media.resize import to_long_side
from facepad.types import Frame

_RULE = re.compile(r"(?P<kind>every|even|at|best):(?P<number>[0-9]{1,9})")
_CANDIDATES = 2  # frames among which each of the best is chosen
_LEAST_SIDE = 320  # pixels; frames of a clip are not reduced below it
_ENDLESS = sys.maxsize  # up to the end of the clip


@dataclass(frozen=True, slots=True)
class FrameSelection:
    """Selects frames of a clip; the same frames of the same clip each time.

    Attributes:
        kind: "all"; "every" (frames 0, k, 2k ...); "even" (n frames, each in the middle of
            one of n equal parts, or all of a shorter video); "at" (one frame, from 0); "best"
            (n frames, the better one of two in each of n equal parts, by what they show).
        number: k, n, or the frame's number.
    """

    kind: str = "all"
    number: int = 1

    def __post_init__(self) -> None:
        if self.kind not in ("all", "every", "even", "at", "best"):
            raise SettingsError(
                f"a frame selection is all, every, even, at or best, got {self.kind!r}"
            )
        if self.number < (self.kind != "at"):
            raise SettingsError(f"frame selection '{self.kind}' needs a number of 1 or more, got 0")

    @classmethod
    def parse(cls, text: str) -> "FrameSelection":
        """Read a selection as people write it: "all", "every:5", "even:10", "at:0", "best:8".

        Raises:
            SettingsError: It is none of these.

        Example:
            >>> FrameSelection.parse("every:5")
            FrameSelection(kind='every', number=5)
        """
        if text == "all":
            return cls()
        match = _RULE.fullmatch(text)
        if match is None:
            raise SettingsError(
                "a frame selection is 'all', 'every:5', 'even:10', 'best:8' or 'at:0', got "
                f"{text!r}"
            )
        return cls(match["kind"], int(match["number"]))

    def __str__(self) -> str:
        return self.kind if self.kind == "all" else f"{self.kind}:{self.number}"

    @property
    def candidates(self) -> "FrameSelection":
        """The frames that are read: those among which the best are chosen, or the selection."""
        if self.kind != "best":
            return self
        return FrameSelection("even", _CANDIDATES * self.number)

    @property
    def best(self) -> int:
        """How many frames are chosen among the candidates; 0 for all that are read."""
        return self.number if self.kind == "best" else 0

    def chosen(self, count: int) -> Sequence[int]:
        """Return the numbers of the selected frames, in order; of "best" those of "even".

        Args:
            count: How many frames the video has; only "even" needs it.

        Example:
            >>> list(FrameSelection("even", 3).chosen(9))
            [1, 4, 7]
        """
        if self.kind == "all":
            return range(_ENDLESS)
        if self.kind == "every":
            return range(0, _ENDLESS, self.number)
        if self.kind == "at":
            return range(self.number, self.number + 1)
        n = min(self.number, count)
        return tuple((2 * part + 1) * count // (2 * n) for part in range(n))

    def within(self, count: int) -> tuple[int, ...]:
        """Return the numbers of the selected frames of a clip of ``count`` frames.

        Raises:
            InputError: None of its frames is selected.
        """
        numbers = tuple(number for number in self.chosen(count)[:count] if number < count)
        if not numbers:
            raise InputError(f"frame selection {self} selects none of its {count} frames")
        return numbers


def at_rate(frames: Iterator[Frame], rate: float) -> Iterator[Frame]:
    """Yield frames ``1 / rate`` seconds apart, or all where they are no closer or have no times.

    The frame nearest to each moment is taken, since clocks of cameras jitter.
    """
    due = 0.0  # intervals since the first frame
    for count, frame in enumerate(frames):
        now = frame.time_s * rate
        early = min(0.5, now / max(count, 1) / 2.0)  # half of the usual step from frame to frame
        if now + early >= due or frame.time_s == 0.0:
            yield frame
            due = max(due, now - 0.5) + 1.0  # frames that are missing are not made up for


def bounded(
    frames: Iterator[Frame], most_bytes: int, most: int, *, is_spread: bool = False
) -> tuple[Frame, ...]:
    """Collect frames in at most so much memory: all at half the size, a quarter ... or fewer.

    Args:
        frames: In order of time.
        most_bytes: Memory for their pixels and depths.
        most: Most frames; what follows is left out, with a note.
        is_spread: Whether the frames are few and spread over a clip: then they are reduced only,
            and none is left out, so that its end is judged, too.
    """
    kept: list[Frame] = []
    halvings = size = 0
    for frame in frames:
        if len(kept) == most:
            note = f"only the first {kept[-1].time_s:.1f} s of the clip were used ({most} frames)"
            kept[0] = _noted(kept[0], note)
            break
        kept.append(_halved(frame, halvings))
        size += _bytes(kept[-1])
        while size > most_bytes and max(kept[-1].size) >= 2 * _LEAST_SIDE:
            halvings += 1
            kept = [_halved(one, 1) for one in kept]
            size = sum(map(_bytes, kept))
        if size > most_bytes and len(kept) > 1 and not is_spread:
            kept.pop()
            note = f"only the first {kept[-1].time_s:.1f} s of the clip fit into memory (setting "
            kept[0] = _noted(kept[0], f"{note}FACEPAD_MAX_CLIP_MB)")
            break
    if halvings:
        width, height = kept[0].size
        kept[0] = _noted(kept[0], f"frames of the clip were reduced to {width}x{height} pixels")
    return tuple(kept)


def _halved(frame: Frame, times: int) -> Frame:
    """Halve a frame step by step, so that frames that are read early and late have one size."""
    image, depth = frame.image, frame.depth
    for _ in range(times):
        image = to_long_side(image, max(1, max(image.shape[:2]) // 2))
        if depth is not None:  # no means of depths: there is nothing between near and far
            rows, columns = (
                np.arange(new) * old // new
                for old, new in zip(depth.shape, image.shape[:2], strict=True)
            )
            depth = depth[np.ix_(rows, columns)]
    return replace(frame, image=image, depth=depth)


def _bytes(frame: Frame) -> int:
    return frame.image.nbytes + (0 if frame.depth is None else frame.depth.nbytes)


def _noted(frame: Frame, note: str) -> Frame:
    return replace(frame, notes=(*frame.notes, note))
