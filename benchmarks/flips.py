r"""How often the verdict on one person changes from moment to moment, before and after smoothing.

    python benchmarks/flips.py CLIP... [--step 1] [--window 3] [--limit 60]

At each moment of a clip, STEP seconds apart, the last WINDOW seconds are judged: by their last
frame alone, by 8 evenly spaced frames, by the best frames in turns until the answer is settled,
and by these with the tests over clips, as `facepad check` does. A change is a verdict other than
that of the moment before.
"""

import argparse
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import process_time

from facepad import Checker
from facepad.decision import Decision
from facepad.media.video import read_video
from facepad.registry import DEFAULT_TESTS
from facepad.types import Frame, Presentation

WAYS: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "last frame": ("even:1", DEFAULT_TESTS),
    "even:8": ("even:8", DEFAULT_TESTS),
    "best:8": ("best:8", DEFAULT_TESTS),
    "best:8 and clip tests": ("best:8", None),
}


def main() -> None:
    """Print changes a minute, frames and processor time of each way."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("clips", nargs="+", type=Path)
    options.add_argument("--step", type=float, default=1.0, help="seconds between two moments")
    options.add_argument("--window", type=float, default=3.0, help="seconds that are judged")
    options.add_argument("--limit", type=float, default=60.0, help="seconds of a clip")
    given = options.parse_args()
    checkers = {way: Checker(tests, frames=rule, threads=1) for way, (rule, tests) in WAYS.items()}
    found: dict[str, list[list[Decision]]] = {way: [] for way in WAYS}
    spent = dict.fromkeys(WAYS, 0.0)
    for clip in given.clips:
        for of_way in found.values():
            of_way.append([])
        for window in windows(clip, given.step, given.window, given.limit):
            for way, checker in checkers.items():
                seen = window[-1:] if way == "last frame" else window
                began = process_time()
                found[way][-1].append(checker.check_presentation(Presentation(seen, str(clip))))
                spent[way] += process_time() - began
    print(f"{'way':22} {'moments':>8} {'changes':>8} {'a minute':>9} {'frames':>7} {'s each':>7}")
    for way, clips in found.items():
        print(row(way, clips, given.step, spent[way]))


def windows(clip: Path, step: float, length: float, limit: float) -> Iterator[tuple[Frame, ...]]:
    """Yield the last seconds of a clip at each moment."""
    kept: deque[Frame] = deque()
    due = length
    for frame in read_video(clip):
        kept.append(frame)
        while frame.time_s - kept[0].time_s > length:
            kept.popleft()
        if frame.time_s >= due:
            yield tuple(kept)
            due += step
        if frame.time_s > limit:
            return


def row(way: str, clips: list[list[Decision]], step: float, spent: float) -> str:
    """Return moments, changes, changes a minute, mean of frames, and seconds of a moment."""
    decisions = [one for clip in clips for one in clip]
    changes = sum(a.outcome != b.outcome for clip in clips for a, b in pairwise(clip))
    minutes = sum(max(len(clip) - 1, 0) for clip in clips) * step / 60.0
    count = max(len(decisions), 1)
    frames = sum(one.frames for one in decisions) / count
    rate = changes / minutes if minutes else 0.0
    return f"{way:22} {count:8} {changes:8} {rate:9.1f} {frames:7.1f} {spent / count:7.2f}"


if __name__ == "__main__":
    main()
