"""What the blink, the parallax and the pulse test find in clips, beside what is known of them.

    python benchmarks/clip_tests.py CLIPS... [--blinks blinks.csv] [--limit N]

Each clip is a video, or a folder of `facepad simulate --clips` with a truth file (CSV) beside each
video. ``--blinks`` is a list of blinks with the columns path, kind (full, partial, none, unclear),
start and end (frames, inclusive); a path ends like that of its clip. A blink that is found counts
as a hit when it shares a frame with a full one; partial and unclear ones count neither way.

Prints a line for each clip, then hits, misses and false blinks, clips with a blink or a pulse by
kind, errors of the pulse where one is known, and the AUC of the parallax test over simulated clips
whose face turned by 10 degrees or more, without replays of turning heads.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

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
REPLAY = "screen/replay"  # shows the parallax of the recorded head
SHUT = 0.5  # closure of a rendered eye from which it counts as a blink
SLACK_S = 0.04  # around a rendered blink


@dataclass(frozen=True, slots=True)
class Known:
    """A blink that is known: its kind, and seconds from its begin to its end."""

    kind: str
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A clip, what is known of it (None where nothing is), and its scores."""

    path: Path
    kind: str
    known: tuple[Known, ...] | None
    turn_deg: float | None
    bpm: float | None
    blink: Score
    parallax: Score
    pulse: Score


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
        kind = "/".join(path.parts[-4:-2]) if path.with_suffix(".csv").is_file() else "clip"
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


def _judged(path: Path, kind: str, listed: Sequence[dict[str, str]], finder: FaceFinder) -> Judged:
    frames = list(read_video(path))
    began = perf_counter()
    clip = Presentation(tuple(finder.follow(frames)), str(path))
    middle = perf_counter()
    scores = [test.score(clip) for test in (BlinkTest(), ParallaxTest(), PulseTest())]
    ended = perf_counter()
    truth = path.with_suffix(".csv")
    rows = list(csv.DictReader(truth.open())) if truth.is_file() else []
    known = _rendered(rows) if rows else _listed(path, listed, [frame.time_s for frame in frames])
    result = Judged(path, kind, known, _turn_deg(rows), _pulse_of(rows), *scores)
    times = f"{1e3 * (middle - began) / len(frames):.0f} ms a frame to find, "
    times += f"{1e3 * (ended - middle):.0f} ms to judge"
    print(f"{kind} {path.name}: {_words(result)}; {times}", flush=True)
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
    blinks = f"blinks {found or one.blink.reason}; {hits} hits, {misses} misses, {false} false"
    bpm = one.pulse.details.get("beats_per_minute")
    pulse = one.pulse.reason if one.pulse.value is None else f"{bpm:.0f} a minute"
    known = "" if one.bpm is None else f" (known: {one.bpm:.0f})"
    return f"{blinks}; parallax {parallax}; pulse {pulse}{known}"


def _pulses(judged: Sequence[Judged]) -> str:
    found = [one for one in judged if one.pulse.value is not None]
    known = [one for one in found if one.bpm]
    errors = [abs(one.pulse.details["beats_per_minute"] - (one.bpm or 0.0)) for one in known]
    middle = f", median error {np.median(errors):.1f} a minute" if errors else ""
    return f"{len(found)} with a pulse{middle}"


def _summarise(judged: Sequence[Judged]) -> None:
    for kind in sorted({one.kind for one in judged}):
        own = [one for one in judged if one.kind == kind]
        hits, misses, false = np.sum([_outcome(one) for one in own], axis=0)
        blinking = sum(bool(one.blink.details.get("blinks")) for one in own)
        print(
            f"{kind}: {len(own)} clips, {blinking} with a blink; {hits} of {hits + misses} blinks "
            f"found, {false} false; {_pulses(own)}"
        )
    scored = [
        (not one.kind.startswith("print") and not one.kind.startswith("screen"), one.parallax.value)
        for one in judged
        if one.turn_deg is not None
        and one.turn_deg >= TURN_DEG
        and one.parallax.value is not None
        and one.kind != REPLAY
    ]
    flags = np.array([is_bona_fide for is_bona_fide, _ in scored], np.bool_)
    if flags.any() and not flags.all():
        area = auc(flags, np.array([value for _, value in scored], np.float64))
        print(f"parallax: AUC {area:.3f}, {flags.sum()} bona fide clips, {(~flags).sum()} attacks")


if __name__ == "__main__":
    main()
