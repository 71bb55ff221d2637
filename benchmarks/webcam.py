"""How fluent the live view is while tests run behind it, and whether its memory stays.

    python benchmarks/webcam.py [CLIP] [--seconds 30] [--tests NAME,...]

The clip is used as a camera; without one, the portrait of examples/ moves in 640x480 at 30 frames
a second. A viewer takes each newest picture and draws the overlay over it, as the window and the
page do. Without --tests those of stills run, and then the default ones of clips, with blink, pulse
and parallax.

Prints for each set of tests: the clip's frames a second, pictures a second that were shown, their
ratio, decisions a second, and the memory of the process after each fifth of the time, in MB.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from facepad import runtime
from facepad.annotating.overlay import OverlayPainter
from facepad.annotating.webm import VP8, webm_writer
from facepad.media.formats.clips import inspect_clip
from facepad.registry import DEFAULT_ADVISORY, DEFAULT_TESTS
from facepad.types import RgbImage
from facepad.webcam.session import LiveSession
from facepad.webcam.state import LiveOptions

PORTRAIT = Path(__file__).resolve().parents[1] / "examples" / "astronaut.jpg"
SIZE, RATE, COUNT = (640, 480), 30.0, 600
SETS: tuple[tuple[str, ...] | None, ...] = ((*DEFAULT_TESTS, *DEFAULT_ADVISORY), None)
USUAL_RATE = 25.0  # of a clip that states none
STATM = Path("/proc/self/statm")  # in pages, the second number is in memory
PAGE_MB = 4096 / 1e6
PARTS = 5  # of the time, after which the memory is measured


@dataclass(frozen=True, slots=True)
class Fluency:
    """What was measured of one set of tests."""

    tests: str
    shown: float
    decisions: float
    memory_mb: tuple[float, ...]


def pictures() -> Iterator[RgbImage]:
    """The portrait before a plain wall; it sways, comes nearer and goes back."""
    portrait = Image.open(PORTRAIT).convert("RGB")
    for number in range(COUNT):
        phase = 2.0 * np.pi * number / 150.0
        side = round(440 + 30 * np.sin(phase / 2.0))
        page = Image.new("RGB", SIZE, (120, 125, 130))
        page.paste(portrait.resize((side, side)), (round(100 + 20 * np.sin(phase)), 480 - side))
        yield np.asarray(page, np.uint8)


@contextmanager
def given_or_made(clip: Path | None) -> Iterator[Path]:
    """The clip that was given; otherwise one that is made, and removed at the end."""
    if clip is not None:
        yield clip
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portrait.webm"
        with webm_writer(path, SIZE, RATE, VP8) as writer:
            for number, picture in enumerate(pictures()):
                writer.show(picture, number / RATE)
        yield path


def memory_mb() -> float:
    """Memory of this process; 0 where the system does not tell."""
    return int(STATM.read_text().split()[1]) * PAGE_MB if STATM.exists() else 0.0


def measured(clip: Path, tests: tuple[str, ...] | None, seconds: float) -> Fluency:
    """Show the clip live for some time."""
    number, count, painter, memory = 0, 0, None, list[float]()
    with LiveSession(LiveOptions(camera=str(clip), tests=tests)) as session:
        session.wait_for(0, 10.0)
        began_s = session.now_s
        while session.now_s - began_s < seconds:
            shown = session.wait_for(number, 0.2)
            if shown is not None:
                size = shown.picture.shape[1], shown.picture.shape[0]
                painter = painter if painter and painter.size == size else OverlayPainter(size)
                painter.drawn(shown.picture, shown.overlay)
                number, count = shown.number, count + 1
            if session.now_s - began_s > (len(memory) + 1) * seconds / PARTS:
                memory.append(memory_mb())
        decisions = session.state().decisions
    names = "default" if tests is None else ",".join(tests)
    return Fluency(names, count / seconds, decisions / seconds, tuple(memory))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a line for each set of tests."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--tests")
    given = parser.parse_args(arguments)
    runtime.tune()
    sets = SETS if given.tests is None else (tuple(given.tests.split(",")),)
    print(f"{'camera':>7} {'shown':>6} {'ratio':>6} {'decisions':>10} {'MB':>20}  tests")
    with given_or_made(given.clip) as clip:
        track = inspect_clip(clip).video
        rate = track.frames / track.duration_s if track.frames and track.duration_s else USUAL_RATE
        for tests in sets:
            one = measured(clip, tests, given.seconds)
            memory = " ".join(f"{part:.0f}" for part in one.memory_mb)
            print(
                f"{rate:7.1f} {one.shown:6.1f} {one.shown / rate:6.2f} {one.decisions:10.2f} "
                f"{memory:>20}  {one.tests}",
                flush=True,
            )


if __name__ == "__main__":
    main()
