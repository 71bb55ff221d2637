"""Find blinks in the openness of the eyes over time.

A blink is a dip of the openness of both eyes from which they return: of at least a depth, between
50 and 400 ms long at half of it, clear of the noise of the landmarks, and with eyes that look
unlike those before it and unlike those after it. Looking down and squinting are slower or do not
return. The landmarks of a print that is waved dip as deep, but its eyes look as they did. What is
seen through empty holes changes at any time, in each hole by itself; lids change the look of both
eyes in the same frames, and beside a blink the eyes look as they usually do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.liveness.blink.eyes import EyeSeries, unlikeness

RATE = 100.0  # samples a second, between the frames; rates of clips differ and vary
WINDOW_S = 1.6  # a dip is compared with what is at most half of it away
APART_S, BESIDE_S = 0.02, 0.25  # seconds from a dip to the frames that it is compared with
LONGEST_GAP_S = 0.4  # seconds without a face; longer ones cut a clip in two
FEWEST = 6  # frames of a part
_LEAST = 1e-9
_TO_DEVIATION = 1.4826 / np.sqrt(2.0)  # of a median absolute difference of two frames

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BlinkRules:
    """What counts as a blink.

    Attributes:
        depth: Least depth, share of the open level. Set between the dips of prints in motion
            and those of rendered heads that blink.
        noises: Least depth in deviations of the openness from one frame to the next.
        one_eye: Share of the least depth that each eye reaches by itself.
        unlikeness: Least unlikeness of each eye to those before and after the dip; twice what
            prints in motion reach.
        variations: Least unlikeness in those of the frames before and after the dip to each
            other; eye holes show nothing but noise.
        stretch: By how much the face may change its proportions from before or after the dip to
            within it, as the logarithm of their ratio: a head that turns meanwhile moves the
            landmarks of the lids. Blinks of still and slowly turning heads reach 0.07.
        together: Least correlation, over the frames about the dip, of how unlike each eye looks
            to that before and after. Of blinks of rendered heads it is 0.6 or more, of most
            empty eye holes below 0.4.
        usual: Least unlikeness in that of the eyes beside the dip to the clip's usual look,
            before or after, whichever is less. Of blinks it is 1.4 or more.
        shortest_s: Least duration at half of the depth, seconds.
        longest_s: Greatest duration at half of the depth, seconds; blinks last 0.1 to 0.4.
    """

    depth: float = 0.15
    noises: float = 6.0
    one_eye: float = 0.5
    unlikeness: float = 0.045
    variations: float = 2.0
    stretch: float = 0.08
    together: float = 0.5
    usual: float = 1.0
    shortest_s: float = 0.05
    longest_s: float = 0.4


@dataclass(frozen=True, slots=True)
class Blink:
    """One blink.

    Attributes:
        time_s: Middle of the time at half of the depth, seconds since the clip began.
        depth: By how much the openness falls, share of the open level, in (0, 1].
        duration_s: Duration at half of the depth, seconds.
    """

    time_s: float
    depth: float
    duration_s: float


def blinks(series: EyeSeries, rules: BlinkRules | None = None) -> tuple[Blink, ...]:
    """Return the blinks of a clip in order of time.

    Args:
        series: Eyes over time.
        rules: What counts as a blink; those of the test if None.
    """
    rules = rules or BlinkRules()
    least = max(rules.depth, rules.noises * noise(series))
    return tuple(
        blink for part in _parts(series) for blink in _within(_Part(series, part), least, rules)
    )


def seconds(series: EyeSeries) -> float:
    """Return how long the eyes were observed, gaps left out."""
    return float(sum(np.ptp(series.times_s[part]) for part in _parts(series)))


def noise(series: EyeSeries) -> float:
    """Return the deviation of the openness from one frame to the next, share of the open level."""
    steps = np.abs(np.diff(series.openness.mean(axis=1)))
    return float(_TO_DEVIATION * np.median(steps)) if len(steps) else 0.0


def _parts(series: EyeSeries) -> list[NDArray[np.intp]]:
    """Return the numbers of the frames between long gaps, where there are enough of them."""
    gaps = np.flatnonzero(np.diff(series.times_s) > LONGEST_GAP_S) + 1
    parts = np.split(np.arange(len(series.times_s)), gaps)
    return [part for part in parts if len(part) >= FEWEST]


class _Part:
    """Frames of a clip without long gaps, and their openness at even times."""

    def __init__(self, series: EyeSeries, numbers: NDArray[np.intp]) -> None:
        self.frame_times_s = series.times_s[numbers]
        self.pictures = series.pictures[numbers]
        self.usual = np.median(series.pictures, axis=0)
        self.shapes = series.shapes[numbers]
        self.times_s = np.arange(self.frame_times_s[0], self.frame_times_s[-1], 1.0 / RATE)
        self.openness = np.stack(
            [
                np.interp(self.times_s, self.frame_times_s, series.openness[numbers, eye])
                for eye in (0, 1)
            ],
            axis=1,
        )

    def beside(self, begin_s: float, end_s: float) -> tuple[Flags, Flags, Flags]:
        """Return which frames lie before, within and after a dip.

        Args:
            begin_s: When the dip is at half of its depth, seconds of the clip.
            end_s: When it is there again.
        """
        times, half = self.frame_times_s, (end_s - begin_s) / 2.0
        first, last = begin_s - half, end_s + half
        before = (times >= first - BESIDE_S) & (times <= first - APART_S)
        within = (times >= begin_s - 0.5 / RATE) & (times <= end_s + 0.5 / RATE)
        after = (times >= last + APART_S) & (times <= last + BESIDE_S)
        return before, within, after

    def unlikeness(self, within: Flags, others: Sequence[Flags]) -> float:
        """Return how unlike all others the eye that changes less looks in some frame."""
        usual = [np.median(self.pictures[chosen], axis=0) for chosen in others]
        return min(
            max(
                min(unlikeness(picture[eye], each[eye]) for each in usual)
                for picture in self.pictures[within]
            )
            for eye in (0, 1)
        )

    def variation(self, others: Sequence[Flags]) -> float:
        """Return how unlike their own median the frames beside a dip look: noise, as a rule."""
        found = [
            unlikeness(picture[eye], np.median(self.pictures[chosen, eye], axis=0))
            for chosen in others
            for picture in self.pictures[chosen]
            for eye in (0, 1)
        ]
        return float(np.median(found))

    def together(self, others: Sequence[Flags]) -> float:
        """Return how far both eyes change in the same frames, from before a dip to after it.

        Returns:
            The correlation of their unlikeness to their look before and after; 0 where one eye
            does not change.
        """
        times = self.frame_times_s
        first, last = (times[chosen] for chosen in others)
        about = np.flatnonzero((times >= first[0]) & (times <= last[-1]))
        usual = np.mean([np.median(self.pictures[chosen], axis=0) for chosen in others], axis=0)
        changes = np.array(
            [[unlikeness(self.pictures[frame, eye], usual[eye]) for frame in about]
             for eye in (0, 1)]
        )  # fmt: skip
        changes -= changes.mean(axis=1, keepdims=True)
        sizes = np.linalg.norm(changes, axis=1)
        return float(changes[0] @ changes[1] / max(float(np.prod(sizes)), _LEAST))

    def unusual(self, others: Sequence[Flags]) -> float:
        """Return how unlike the clip's usual look the eyes are before or after a dip: the lower."""
        looks = [np.median(self.pictures[chosen], axis=0) for chosen in others]
        return min(max(unlikeness(look[eye], self.usual[eye]) for eye in (0, 1)) for look in looks)

    def stretch(self, within: Flags, others: Sequence[Flags]) -> float:
        """Return by how much the face changes its proportions, as a logarithm."""
        usual = [np.linalg.pinv(np.median(self.shapes[chosen], axis=0)) for chosen in others]
        changes = np.concatenate([one @ self.shapes[within] for one in usual])
        long, short = np.linalg.svd(changes, compute_uv=False).T
        return float(np.max(np.log(np.maximum(long, _LEAST) / np.maximum(short, _LEAST))))


@dataclass(frozen=True, slots=True)
class _Dip:
    """Samples of a dip: its lowest, the highest on either side, and where it is half as deep."""

    lowest: int
    left: int
    right: int
    depth: float
    begin: float
    end: float


def _within(part: _Part, least: float, rules: BlinkRules) -> Iterator[Blink]:
    for dip in _dips(part.openness.mean(axis=1), least, int(WINDOW_S * RATE / 2.0)):
        begin_s, end_s = (float(part.times_s[0]) + at / RATE for at in (dip.begin, dip.end))
        sides = np.minimum(part.openness[dip.left], part.openness[dip.right])
        each = sides - part.openness[dip.lowest]
        lasts = rules.shortest_s <= end_s - begin_s <= rules.longest_s
        if (
            lasts
            and each.min() >= rules.one_eye * least
            and _looks_shut(part, begin_s, end_s, rules)
        ):
            yield Blink((begin_s + end_s) / 2.0, min(dip.depth, 1.0), end_s - begin_s)


def _looks_shut(part: _Part, begin_s: float, end_s: float, rules: BlinkRules) -> bool:
    before, within, after = part.beside(begin_s, end_s)
    if not (before.any() and within.any() and after.any()):
        return False
    others = before, after
    least = max(
        rules.unlikeness,
        rules.variations * part.variation(others),
        rules.usual * part.unusual(others),
    )
    return (
        part.stretch(within, others) <= rules.stretch
        and part.unlikeness(within, others) >= least
        and part.together(others) >= rules.together
    )


def _dips(values: Floats, least: float, reach: int) -> Iterator[_Dip]:
    """Yield dips by their prominence, as `scipy.signal.find_peaks`, which is slow to import.

    The depth is measured from the lower one of the highest values on either side, within
    ``reach`` samples and before the values fall below the dip again.
    """
    falls = np.diff(values)
    for lowest in np.flatnonzero((falls[:-1] < 0.0) & (falls[1:] >= 0.0)) + 1:
        value, first = values[lowest], max(0, int(lowest) - reach)
        before, after = values[first:lowest], values[lowest + 1 : lowest + 1 + reach]
        before = before[int(np.flatnonzero(before <= value).max(initial=-1)) + 1 :]
        below = np.flatnonzero(after < value)
        after = after[: below[0]] if len(below) else after
        if not (len(before) and len(after)):
            continue
        depth = float(min(before.max(), after.max()) - value)
        if depth >= least:
            half, left = value + depth / 2.0, int(lowest) - len(before) + int(before.argmax())
            yield _Dip(
                int(lowest),
                left,
                int(lowest) + 1 + int(after.argmax()),
                depth,
                int(lowest) - _steps(values[lowest::-1], half),
                int(lowest) + _steps(values[lowest:], half),
            )


def _steps(values: Floats, level: float) -> float:
    """Return after how many samples rising values reach a level."""
    at = int(np.argmax(values >= level))
    return at - float((values[at] - level) / (values[at] - values[at - 1]))
