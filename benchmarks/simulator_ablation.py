"""What each group of the simulator's effects is worth to the heads of the face test.

    python benchmarks/simulator_ablation.py --bona-fide DIR [DIR ...] --root NUAA --crops CSV
        --out DIR [--sources 60] [--seeds 3] [--every 3]

For each seed: other sources, one round of each, and every attack again without each group of
effects it has, all else drawn alike. Heads of the packaged recipe learn from frozen features
(kept in FACEPAD_CACHE_DIR) of either, and are compared on data that may choose: NUAA's two dev
people, part dev of a list of webcam crops, and simulated media that were left out, on people
who were left out. Differences of the area under the curve to all effects on: mean over seeds
(least to largest). Under .03 they are noise.

What was made is kept in DIR, so that a run goes on where it was ended; after a change of the
simulator begin in another folder.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from facepad import settings
from facepad.simulate import sources
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import LabelledFeatures
from facepad.training.face.run import SPEC
from facepad.training.face.sources import FaceSources
from facepad.types import Sample
from simulator import variants
from simulator.worth import (
    LEFT_OUT,
    RECORDED,
    Choosers,
    Pictures,
    Values,
    conditions,
    differences,
    worth,
)


def main() -> None:
    """Make, look, learn and print the table."""
    given = _arguments()
    cv2.setNumThreads(1)
    cache = FaceCache(settings.folder("cache_dir"))
    listed = sources.bona_fide(given.bona_fide)
    frames, crops = FaceSources((), "nuaa", given.root, given.crops, None).dev(given.every)
    choosers = Choosers(_seen(frames.samples, cache), _seen(crops.samples, cache, is_cropped=True))
    found = []
    for seed in range(given.seeds):
        some = variants.chosen(listed, given.sources, seed)
        made = variants.take(some, seed, given.out / f"seed-{seed}", _progress(len(some), "made"))
        pictures = _pictures(made, cache)
        print(f"seed {seed}: {len(some)} sources, {len(made)} pictures", flush=True)
        advance = _progress(len(conditions()), "learned")
        found.append(worth(pictures, choosers, SPEC, advance))
    (given.out / "ablation.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    _print(found)


def _pictures(made: Sequence[variants.Variant], cache: FaceCache) -> Pictures:
    samples = [one.sample() for one in made]
    features = extract(samples, cache, workers=1, advance=_progress(len(made), "seen"))
    seen = LabelledFeatures(tuple(samples), features)
    kept = tuple(one for one, usable in zip(made, seen.usable, strict=True) if usable)
    return Pictures(kept, seen.part(seen.usable))


def _seen(
    samples: Sequence[Sample], cache: FaceCache, *, is_cropped: bool = False
) -> LabelledFeatures:
    features = extract(samples, cache, workers=1, is_cropped=is_cropped)
    seen = LabelledFeatures(tuple(samples), features)
    return seen.part(seen.usable)


def _print(found: Sequence[Mapping[str, Values]]) -> None:
    print("\narea under the curve, all on; below it the differences when left out")
    for columns in (RECORDED, LEFT_OUT):
        print(f"\n{'':<20}" + "".join(f"{name:>27}" for name in columns))
        for name in conditions():
            cells = [_cell(found, name, column) for column in columns]
            print(f"{name:<20}" + "".join(f"{cell:>27}" for cell in cells))


def _cell(found: Sequence[Mapping[str, Values]], name: str, column: str) -> str:
    if column not in found[0][name]:
        return "-"
    if name == "all on":
        values, form = [one[name][column] for one in found], ".3f"
    else:
        values, form = differences(found, name, column), "+.3f"
    return f"{np.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def _progress(total: int, what: str) -> Callable[[], None]:
    """A line at every tenth of the way."""
    started, done = time.monotonic(), 0

    def advance() -> None:
        nonlocal done
        done += 1
        if done * 10 // total > (done - 1) * 10 // total:
            print(f"  {done} of {total} {what}, {time.monotonic() - started:.0f} s", flush=True)

    return advance


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bona-fide", type=Path, nargs="+", required=True)
    parser.add_argument("--root", type=Path, required=True, help="folder of NUAA")
    parser.add_argument("--crops", type=Path, required=True, help="CSV list; part dev is read")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sources", type=int, default=60, help="for each seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--every", type=int, default=3, help="of NUAA one frame in so many")
    return parser.parse_args()


if __name__ == "__main__":
    main()
