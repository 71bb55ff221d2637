"""Resident memory and frames a second over a long clip: `facepad check` and `facepad annotate`.

    python benchmarks/long_clip.py [CLIP] [--minutes 10] [--annotate-minutes 10] [--json OUT.json]

A clip is made in a temporary folder by repeating CLIP forwards and backwards, so that there is no
jump; without CLIP, a portrait that moves about in front of a plain wall. Each run is a process of
its own with one thread. Its resident memory is sampled five times a second and printed as the mean
and the peak of each tenth of the run, counted from when the models are loaded: a tenth of a clip of
ten minutes is a minute of it. The last tenth minus the second is how much memory grew.

`check` makes one decision about the whole clip: it decodes all frames, and searches those of them
that tests need. `annotate` searches every frame, and makes a decision every half second.
"""

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np

from facepad import Checker, runtime
from facepad.annotating import annotate
from facepad.media import read
from facepad.media.video import read_video

PORTRAIT = Path(__file__).resolve().parents[1] / "examples" / "astronaut.jpg"
SIZE, RATE, LOOP_S = (640, 480), 25.0, 8.0  # of the clip that is made without another
FACE = (224.0, 115.0)  # middle of the portrait's face, pixels
SAMPLE_S, PARTS = 0.2, 10
STILLS = ("face_cnn", "quality")
CLIP_TESTS = ("blink", "pulse", "parallax")
PAGE = os.sysconf("SC_PAGE_SIZE") / 1e6  # MB


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a long clip.

    Attributes:
        name: The command, and the tests that decide.
        frames: Frames of the clip.
        seconds: Duration of the run, without loading models.
        mean_mb: Mean resident memory of each tenth of the run.
        peak_mb: Largest resident memory of each tenth of the run.
        outcome: What came out, in words.
    """

    name: str
    frames: int
    seconds: float
    mean_mb: tuple[float, ...]
    peak_mb: tuple[float, ...]
    outcome: str


def main() -> None:
    """Make the clips, run everything, and print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("clip", nargs="?", type=Path)
    options.add_argument("--minutes", type=float, default=10.0, help="length for check")
    options.add_argument("--annotate-minutes", type=float, default=10.0, help="0 for none")
    options.add_argument("--json", type=Path, metavar="OUT.json", help="write the figures")
    given = options.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder, "long.mp4")
        frames = write_clip(long, given.clip, given.minutes)
        for tests in (STILLS, (*STILLS, *CLIP_TESTS)):
            runs.append(measured("check", long, tests, frames))
        if given.annotate_minutes:
            frames = write_clip(long, given.clip, given.annotate_minutes)
            runs.append(measured("annotate", long, (*STILLS, *CLIP_TESTS), frames))
    if given.json:
        given.json.write_text(json.dumps([asdict(run) for run in runs], indent=2) + "\n")


def write_clip(path: Path, source: Path | None, minutes: float) -> int:
    """Write a long clip, and return how many frames it has."""
    loop = list(moving_portrait()) if source is None else [f.image for f in read_video(source)]
    there_and_back = [*loop, *loop[-2:0:-1]]
    count, (height, width) = round(60.0 * minutes * RATE), loop[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (width, height))
    for number in range(count):
        picture = there_and_back[number % len(there_and_back)]
        writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    writer.release()
    print(f"{count} frames of {width}x{height}, {path.stat().st_size / 1e6:.0f} MB", flush=True)
    return count


def moving_portrait() -> Iterator[np.ndarray]:
    """Yield a portrait that moves slowly, with the noise of a camera."""
    portrait = read(PORTRAIT).image
    drawn = np.random.default_rng(0)
    for number in range(round(LOOP_S * RATE)):
        phase = np.pi * number / (LOOP_S * RATE)
        scale = 1.5 + 0.1 * np.cos(phase)
        x, y = 320.0 + 40.0 * np.cos(phase), 230.0 + 12.0 * np.cos(3.0 * phase)
        move = np.array([[scale, 0.0, x - scale * FACE[0]], [0.0, scale, y - scale * FACE[1]]])
        picture = cv2.warpAffine(portrait, move, SIZE, borderValue=(120, 125, 130))
        noise = drawn.normal(0.0, 2.0, picture.shape)
        yield np.clip(picture + noise, 0.0, 255.0).astype(np.uint8)


def measured(command: str, clip: Path, tests: Sequence[str], frames: int) -> Run:
    """Run a command in a process of its own, and print and return its figures."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(there, command, clip, tuple(tests)))
    process.start()
    there.close()
    if here.recv() != "loaded":  # pragma: no cover - the process says nothing else
        raise RuntimeError("the process did not load the models")
    began, samples = time.perf_counter(), []
    while not here.poll(SAMPLE_S):
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        samples.append(PAGE * pages)
    outcome = here.recv()
    seconds = time.perf_counter() - began
    process.join()
    parts = [part for part in np.array_split(np.array(samples), PARTS) if len(part)]
    run = Run(
        f"{command} {','.join(tests)}",
        frames,
        seconds,
        tuple(round(float(part.mean()), 1) for part in parts),
        tuple(round(float(part.max()), 1) for part in parts),
        outcome,
    )
    print(
        f"\n{run.name}: {frames / seconds:.1f} frames a second ({seconds:.0f} s); {outcome}\n"
        f"  mean MB: {' '.join(f'{one:.0f}' for one in run.mean_mb)}\n"
        f"  peak MB: {' '.join(f'{one:.0f}' for one in run.peak_mb)}; "
        f"last tenth minus second: {run.mean_mb[-1] - run.mean_mb[min(1, len(parts) - 1)]:+.0f}",
        flush=True,
    )
    return run


def work(pipe: Connection, command: str, clip: Path, tests: tuple[str, ...]) -> None:
    """Load the models, say so, run the command, and send what came out."""
    runtime.tune()
    checker = Checker(tests, threads=1)
    checker.load()
    pipe.send("loaded")
    if command == "check":
        found = checker.check(clip)
        times = ", ".join(f"{step} {ms / 1e3:.1f} s" for step, ms in found.timings_ms.items())
        pipe.send(f"{found.outcome.value}; {times}")
        return
    done = annotate(clip, clip.with_name("overlay.webm"), checker, force=True)
    pipe.send(f"{len(done.moments)} decisions")


if __name__ == "__main__":
    main()
