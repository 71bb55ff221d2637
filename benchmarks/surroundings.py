"""How often the surroundings test sees a device or a glare: in bona fide frames, and in attacks.

    python benchmarks/surroundings.py --frames list.csv
    python benchmarks/surroundings.py --faces PORTRAITS --backgrounds PICTURES --out simulated

``--frames`` is a CSV list of pictures and clips with the columns ``set``, ``person`` and ``path``;
``frames`` may say how many evenly spaced frames of a clip are taken. ``--faces`` simulates screens
and prints with these portraits into ``--out``: two screens and a print in full view for each
person, and for every other person a screen that the frame cuts and one held close. Pictures that
are in ``--out`` are used again.

Prints for each set the share of frames with a cue, with an interval over people, the share of
people with a cue in any frame, and last the time of a frame on one core, the fastest of three runs.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import thread_time
from typing import Any

import cv2
import numpy as np

from facepad.evaluation.intervals import share_interval
from facepad.evaluation.table import score_table
from facepad.faces.finder import FaceFinder
from facepad.jobs.csv_rows import read_csv
from facepad.liveness.surroundings.test import CLEAR, Cues, cues_of
from facepad.media.frame_selection import FrameSelection
from facepad.media.video import read_video
from facepad.simulate.camera.camera import Camera
from facepad.simulate.capture_set import CaptureOptions, Simulator, random_of, read_background
from facepad.simulate.parameters import draw
from facepad.simulate.recipe import Recipe, apply, draw_recipe
from facepad.simulate.scene.background import BackgroundReplacement
from facepad.simulate.scene.stage import Framing
from facepad.simulate.sources import backgrounds, bona_fide
from facepad.sources import read_picture
from facepad.types import Face, Frame, RgbImage, Sample, Split

VIEWS = (
    ("screen", "full"),
    ("screen", "full"),
    ("print", "full"),
    ("screen", "partial"),
    ("screen", "close"),
)
CURVE = (0.9, 1.0, 1.1, CLEAR, 1.2, 1.3)  # least clearness of an outline that counts
TRIES, PROBE_LINES = 60, 96
RUNS = 3  # of which the fastest counts
BEHIND = 0.7  # share of people and media before a given background; others: made-up rooms


@dataclass(frozen=True, slots=True)
class Judged:
    """A frame with a face, and what is seen around it."""

    set: str
    person: str
    cues: Cues
    pixels: int
    seconds: float

    def counts(self, clear: float) -> bool:
        """Whether there is a glare, or an outline of this clearness."""
        outline = self.cues.outline
        return self.cues.has_glare or (outline is not None and outline.clearness >= clear)


def main() -> None:
    """Judge all frames and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=Path)
    parser.add_argument("--faces", type=Path)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--out", type=Path, help="folder of the simulated pictures")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if not (given.frames or given.faces) or (given.faces and not given.out):
        parser.error("name --frames, or --faces with --out")
    cv2.setNumThreads(1)
    finder, judged, missed = FaceFinder(landmarks=False), [], 0
    if given.frames:
        found = list(_judged(_listed(given.frames), finder))
        judged, missed = [one for one in found if one], sum(one is None for one in found)
        _print("frames of the list", judged, missed)
    if given.faces:
        folders = given.faces, given.backgrounds, given.out
        found = list(_judged(_simulated(*folders, given.seed), finder))
        simulated = [one for one in found if one]
        _print("simulated attacks", simulated, sum(one is None for one in found))
        judged += simulated
    vga = [one.seconds for one in judged if one.pixels == 640 * 480]
    if vga:
        print(
            f"time at 640x480: median {1e3 * np.median(vga):.1f} ms of one core, {len(vga)} frames"
        )


def _judged(
    frames: Iterator[tuple[str, str, Frame]], finder: FaceFinder
) -> Iterator[Judged | None]:
    for name, person, frame in frames:
        searched = finder.find(frame)
        if searched.face is None:
            yield None
            continue
        times = []
        for _ in range(RUNS):
            began = thread_time()
            cues = cues_of(searched)
            times.append(thread_time() - began)
        yield Judged(name, person, cues, searched.size[0] * searched.size[1], min(times))


def _listed(file: Path) -> Iterator[tuple[str, str, Frame]]:
    for _, row in read_csv(file, fill=True).rows():
        path = file.parent / row["path"]
        if row.get("frames"):
            clip = read_video(path, FrameSelection("even", int(row["frames"])))
            yield from ((row["set"], row["person"], frame) for frame in clip)
        else:
            yield row["set"], row["person"], read_picture(path)


def _print(title: str, judged: Sequence[Judged], missed: int) -> None:
    by_set: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        by_set[one.set].append(one)
    print(f"{title}: {len(judged)} with a face, {missed} without")
    heads = "".join(f"{clear:>7.2f}" for clear in CURVE)
    print(
        f"{'set':<18} {'frames':>6} {'seen':>6} {'interval':>14} {'people':>9} {'glare':>6} {heads}"
    )
    for name, rows in (*by_set.items(), ("all", list(judged))):
        _print_row(name, rows)


def _print_row(name: str, rows: Sequence[Judged]) -> None:
    flags = np.array([one.counts(CLEAR) for one in rows])
    people = {one.person for one in rows}
    with_cue = {one.person for one in rows if one.counts(CLEAR)}
    table = score_table(
        [0.5] * len(rows), [None] * len(rows), [one.person for one in rows], split=Split.TEST
    )
    interval = share_interval(table, flags, np.ones(len(rows), np.bool_))
    span = f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
    glares = sum(one.cues.has_glare for one in rows)
    curve = "".join(f"{100 * np.mean([one.counts(at) for one in rows]):>7.1f}" for at in CURVE)
    print(
        f"{name:<18} {len(rows):>6} {100 * flags.mean():>5.1f}% {span:>14} "
        f"{len(with_cue):>3} of {len(people):>3} {glares:>5} {curve}",
        flush=True,
    )


def _simulated(
    faces: Path, around: Path | None, out: Path, seed: int
) -> Iterator[tuple[str, str, Frame]]:
    """Simulate attacks, or read those that an earlier run made."""
    portraits: dict[str, Sample] = {}
    for sample in bona_fide([faces]):
        portraits.setdefault(sample.subject, sample)
    rooms = [read_background(one.path) for one in backgrounds(around)] if around else []
    simulator = Simulator(CaptureOptions(("screen",)))
    out.mkdir(parents=True, exist_ok=True)
    for place, (person, sample) in enumerate(sorted(portraits.items())):
        for number, (species, view) in enumerate(VIEWS):
            path = out / f"{person}-{species}-{view}-{number}.jpg"
            if view != "full" and place % 2:
                continue
            if not path.is_file():
                file = _made(simulator, sample, rooms, (species, view), (seed, number))
                if file is None:
                    continue
                path.write_bytes(file)
            yield f"{species}, {view}", person, read_picture(path)


def _made(
    simulator: Simulator,
    sample: Sample,
    rooms: Sequence[RgbImage],
    wanted: tuple[str, str],
    numbers: tuple[int, int],
) -> bytes | None:
    """Return a picture of an attack that is in view as wanted, drawn until there is one."""
    person = simulator._person(sample)
    species, view = wanted
    for attempt in range(TRIES):
        rng = random_of(numbers[0], sample.key, numbers[1], attempt)
        situation, backdrop = draw(Framing, rng), draw(BackgroundReplacement, rng)
        camera = draw(Camera, rng)
        behind, around = (_room(rooms, rng) for _ in range(2))
        recipe = draw_recipe(species, rng, camera=camera, situation=situation)
        medium: Any = recipe.medium
        is_close = medium.holding.close
        if (view == "close") != is_close or getattr(medium, "form", "sheet") != "sheet":
            continue
        picture, face = backdrop.behind(person.picture, person.matte, person.face, behind, rng)
        if not is_close and _in_full_view(recipe, picture, face, around) != (view == "full"):
            continue
        return apply(recipe, picture, face, around).file
    return None


def _room(rooms: Sequence[RgbImage], rng: np.random.Generator) -> RgbImage | None:
    return rooms[int(rng.integers(len(rooms)))] if rng.random() < BEHIND and rooms else None


def _in_full_view(recipe: Recipe, picture: RgbImage, face: Face, around: RgbImage | None) -> bool:
    """Return whether the medium is in the frame and does not touch the frame's edges."""
    camera = recipe.camera
    small = replace(recipe, camera=replace(camera, lens=replace(camera.lens, lines=PROBE_LINES)))
    mask = apply(small, picture, face, around).mask
    edges = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return bool(edges.max() < 0.5 and mask.max() > 0.9)


if __name__ == "__main__":
    main()
