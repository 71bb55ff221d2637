"""What the blink, the parallax and the pulse test find in clips, beside what is known of them.

    python benchmarks/clip_tests.py CLIPS... [--blinks blinks.csv] [--limit N]

Each clip is a video, or a folder of `facepad simulate --clips` with a truth file (CSV) beside each
video. ``--blinks`` is a list of blinks with the columns path, kind (full, partial, none, unclear),
start and end (frames, inclusive); a path ends like that of its clip. A blink that is found counts
as a hit when it shares a frame with a full one; partial and unclear ones count neither way.

Prints a line for each clip, then a table by kind: clips, blinks found and false ones, pulses found
and those with a wrong rate, slopes of the parallax, and how often each test has no answer. Below
it: clips with a false blink of all whose eyes do not close, clips with a pulse of all without one,
errors of the pulse where one is known, the AUC of the parallax test over simulated clips whose face
turned by 10 degrees or more, without replays of turning heads, and the processor time of each step
for a second of clip.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from facepad.evaluation.ranking import auc
from facepad.faces.finder import FaceFinder
from facepad.liveness.blink.test import BlinkTest
from facepad.liveness.parallax.test import ParallaxTest
from facepad.liveness.pulse.signal import Spectrum
from facepad.liveness.pulse.test import PulseTest
from facepad.media.video import read_video
from facepad.types import Presentation, Score

VIDEOS = (".avi", ".gif", ".mkv", ".mov", ".mp4", ".mpg", ".webm")
TURN_DEG = 10.0  # least range of yaw or pitch of a clip that counts for the AUC
BONA_FIDE = "bona_fide"
REPLAY = "screen/replay"  # shows the parallax of the recorded head
SHUT = 0.5  # closure of a rendered eye from which it counts as a blink
SLACK_S = 0.04  # around a rendered blink
WRONG_BPM = 5.0  # error of a pulse from which its rate is wrong
TESTS = ("blink", "parallax", "pulse")


@dataclass(frozen=True, slots=True)
class Known:
    """A blink that is known: its kind, and seconds from its begin to its end."""

    kind: str
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A clip, what is known of it (None where nothing is), its scores, and what they cost."""

    path: Path
    kind: str
    known: tuple[Known, ...] | None
    turn_deg: float | None
    bpm: float | None
    scores: tuple[Score, ...]
    seconds: float
    cost_s: tuple[float, ...]

    @property
    def blink(self) -> Score:
        """Score of the blink test."""
        return self.scores[0]

    @property
    def parallax(self) -> Score:
        """Score of the parallax test."""
        return self.scores[1]

    @property
    def pulse(self) -> Score:
        """Score of the pulse test."""
        return self.scores[2]


def main() -> None:
    """Judge all clips and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--blinks", type=Path)
    parser.add_argument("--limit", type=int, default=0, help="clips of each kind; 0 for all")
    given = parser.parse_args()
    listed = list(csv.DictReader(given.blinks.open())) if given.blinks else []
    finder, judged = FaceFinder(landmarks=True), []
    counts: dict[str, int] = defaultdict(int)
    for path in _videos(given.clips):
        kind = _kind(path)
        counts[kind] += 1
        if given.limit and counts[kind] > given.limit:
            continue
        judged.append(_judged(path, kind, listed, finder))
    _summarise(judged)


def _videos(given: Sequence[Path]) -> Iterator[Path]:
    for one in given:
        found = (
            [path for path in one.rglob("*") if path.suffix in VIDEOS] if one.is_dir() else [one]
        )
        yield from sorted(found)


def _kind(path: Path) -> str:
    if not path.with_suffix(".csv").is_file():
        return "clip"
    return BONA_FIDE if path.parts[-3] == BONA_FIDE else "/".join(path.parts[-4:-2])


def _judged(path: Path, kind: str, listed: Sequence[dict[str, str]], finder: FaceFinder) -> Judged:
    frames = list(read_video(path))
    marks = [process_time()]
    clip = Presentation(tuple(finder.follow(frames)), str(path))
    marks.append(process_time())
    scores = []
    for test in (BlinkTest(), ParallaxTest(), PulseTest()):
        scores.append(test.score(clip))
        marks.append(process_time())
    truth = path.with_suffix(".csv")
    rows = list(csv.DictReader(truth.open())) if truth.is_file() else []
    known = _rendered(rows) if rows else _listed(path, listed, [frame.time_s for frame in frames])
    seconds = (frames[-1].time_s - frames[0].time_s) * len(frames) / max(len(frames) - 1, 1)
    cost = tuple(float(one) for one in np.diff(marks))
    result = Judged(
        path, kind, known, _turn_deg(rows), _pulse_of(rows), tuple(scores), seconds, cost
    )
    print(f"{kind} {'/'.join(path.parts[-2:])}: {_words(result)}", flush=True)
    return result


def _listed(
    path: Path, listed: Sequence[dict[str, str]], times: Sequence[float]
) -> tuple[Known, ...] | None:
    own = [row for row in listed if str(path).endswith(row["path"])]
    rows = [row for row in own if row["start"]]
    if not own:
        return None
    return tuple(
        Known(row["kind"], times[int(row["start"])], times[min(int(row["end"]), len(times) - 1)])
        for row in rows
    )


def _rendered(rows: Sequence[dict[str, str]]) -> tuple[Known, ...]:
    """Return the blinks of a rendered head: from half shut to half open."""
    shut = np.array([float(row["closure_right"] or 0.0) for row in rows]) >= SHUT
    times = np.array([float(row["time_s"]) for row in rows])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], shut, [False]]).astype(int)))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple(Known("full", times[a] - SLACK_S, times[b - 1] + SLACK_S) for a, b in pairs)


def _turn_deg(rows: Sequence[dict[str, str]]) -> float | None:
    if not rows:
        return None
    ranges = [
        np.ptp([float(row[axis] or 0.0) for row in rows]) for axis in ("yaw_deg", "pitch_deg")
    ]
    return float(max(ranges))


def _pulse_of(rows: Sequence[dict[str, str]]) -> float | None:
    """Return the beats a minute of the skin of a simulated clip; 0 without, None if unknown."""
    if not rows:
        return None
    values = np.array([float(row["pulse"] or 0.0) for row in rows])
    times = np.array([float(row["time_s"]) for row in rows])
    if not values.any():
        return 0.0
    return 60.0 * Spectrum.of(values, (len(times) - 1) / (times[-1] - times[0])).peak_hz


def _outcome(one: Judged) -> tuple[int, int, int]:
    """Return hits, misses and false blinks of a clip; none where nothing is known of it."""
    if one.known is None:
        return 0, 0, 0
    spans = [
        (each["time_s"] - each["duration_s"] / 2.0, each["time_s"] + each["duration_s"] / 2.0)
        for each in one.blink.details.get("blinks", [])
    ]
    met = [[a <= known.end_s and b >= known.begin_s for known in one.known] for a, b in spans]
    full = [number for number, known in enumerate(one.known) if known.kind == "full"]
    hits = sum(any(row[number] for row in met) for number in full)
    return hits, len(full) - hits, sum(not any(row) for row in met)


def _words(one: Judged) -> str:
    hits, misses, false = _outcome(one)
    found = ", ".join(
        f"{each['time_s']:.2f} s ({each['depth']:.2f}, {1e3 * each['duration_s']:.0f} ms)"
        for each in one.blink.details.get("blinks", [])
    )
    slope = one.parallax.details.get("slope")
    parallax = one.parallax.reason if slope is None else f"slope {slope:.2f}"
    blinks = f"blinks {found or one.blink.reason or 'none'}; "
    blinks += f"{hits} hits, {misses} misses, {false} false"
    bpm = one.pulse.details.get("beats_per_minute")
    pulse = one.pulse.reason if one.pulse.value is None else f"{bpm:.0f} a minute"
    known = "" if one.bpm is None else f" (known: {one.bpm:.0f})"
    return f"{blinks}; parallax {parallax}; pulse {pulse}{known}"


def _error(one: Judged) -> float | None:
    """Return the error of a pulse that was found, beats a minute; None where none is known."""
    if one.pulse.value is None or not one.bpm:
        return None
    return abs(float(one.pulse.details["beats_per_minute"]) - one.bpm)


def _is_attack(one: Judged) -> bool:
    return one.kind.startswith(("print", "screen"))


def _line(kind: str, own: Sequence[Judged]) -> str:
    """Return the row of a kind of clip."""
    hits, misses, false = np.sum([_outcome(one) for one in own], axis=0)
    pulses = sum(one.pulse.value is not None for one in own)
    wrong = sum((_error(one) or 0.0) > WRONG_BPM for one in own)
    slopes = [one.parallax.details["slope"] for one in own if one.parallax.value is not None]
    span = f"{min(slopes):.2f} to {max(slopes):.2f}" if slopes else ""
    silent = "  ".join(
        f"{sum(one.scores[place].value is None for one in own):8}" for place in range(len(TESTS))
    )
    return (
        f"{kind:20} {len(own):5}  {f'{hits} of {hits + misses}':>12} {false:5}  {pulses:6} "
        f"{wrong:5}  {span:>12}  {silent}"
    )


def _falses(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield how many clips have what they cannot have, and errors of the pulse."""
    still = [one for one in judged if one.known is not None and not one.known]
    blinking = sum(bool(one.blink.details.get("blinks")) for one in still)
    yield f"false blinks: {blinking} of {len(still)} clips whose eyes do not close have one"
    none = [one for one in judged if _is_attack(one) and one.bpm == 0.0]
    found = sum(one.pulse.value is not None for one in none)
    yield f"false pulses: {found} of {len(none)} attacks without a pulse have one"
    errors = [error for error in map(_error, judged) if error is not None]
    if errors:
        yield (
            f"errors of the pulse: median {np.median(errors):.1f} beats a minute, largest "
            f"{max(errors):.1f}, {len(errors)} clips"
        )


def _parallax(judged: Sequence[Judged]) -> Iterator[str]:
    turned = [
        one
        for one in judged
        if one.turn_deg is not None and one.turn_deg >= TURN_DEG and one.kind != REPLAY
    ]
    scored = [one for one in turned if one.parallax.value is not None]
    flags = np.array([not _is_attack(one) for one in scored], np.bool_)
    if flags.any() and not flags.all():
        # Slopes, not ratios: these have bounds that many clips reach.
        area = auc(flags, np.array([one.parallax.details["slope"] for one in scored], np.float64))
        yield (
            f"parallax at {TURN_DEG:.0f} degrees or more: AUC {area:.3f}, {flags.sum()} bona fide "
            f"clips, {(~flags).sum()} attacks; {len(turned) - len(scored)} more without an answer"
        )


def _costs(judged: Sequence[Judged]) -> str:
    total = sum(one.seconds for one in judged)
    costs = 1e3 * np.sum([one.cost_s for one in judged], axis=0) / total
    words = (f"{name} {cost:.0f}" for name, cost in zip(("finding", *TESTS), costs, strict=True))
    return f"processor time for a second of clip, ms: {', '.join(words)}"


def _summarise(judged: Sequence[Judged]) -> None:
    print(
        f"\n{'clips':20} count  blinks found false  pulses wrong        slope  without an answer: "
        f"{', '.join(TESTS)}"
    )
    for kind in sorted({one.kind for one in judged}):
        print(_line(kind, [one for one in judged if one.kind == kind]))
    for line in (*_falses(judged), *_parallax(judged), _costs(judged)):
        print(line)


if __name__ == "__main__":
    main()
