r"""One table for any recipe of the face test, on data that may choose.

    facepad simulate --keep-backgrounds --seed 101 --cameras 8 --out choice/simulated \
        --bona-fide caltech101_faces --bona-fide congress --bona-fide grid
    python benchmarks/choice.py collect --simulated choice/simulated --nuaa NUAA --field FIELD \
        --video VIDEO --out choice
    python benchmarks/choice.py judge --choice choice/choice.csv --train rooms photos \
        --recipes "noted" "deep" --against heads-of-version-3.npz --bounds bounds.json
    python benchmarks/choice.py masks --choice choice/choice.csv --simulated choice/simulated \
        --train masks
    python benchmarks/choice.py frames --choice choice/choice.csv --test face_cnn \
        --against heads-of-version-3.npz --prior cameras-of-version-3.npz

`collect` writes the list of all columns; it is frozen by its hash before a recipe is tried.
`judge` fits each recipe, for a column of a family without that family, and prints AUC and outcomes
of each column, mean and worst, and the difference to the heads of --against (or the first recipe)
with a paired interval of 90 % over people. With --bounds the operating points of the last recipe
are written for `facepad train face --bounds`; the lists of --also count for them, too. `cut` writes
such a list, of recorded pictures without their surroundings. `frames` calibrates the shipped test
on ten bona fide frames of each camera of a column and judges its other people. `masks` leaves out
one material of masks at a time. Nothing here may judge: sites b, e and f and NUAA's test part are
not read.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from choosing.cameras import (
    FRAMES,
    AfterFrames,
    Anchored,
    after_frames,
    by_members,
    by_one_distance,
    by_readings,
    other_session,
)
from choosing.columns import (
    ATTACKS,
    LIVING,
    MASKS,
    Picture,
    collect,
    cut_off,
    fingerprint,
    listed,
    read_list,
)
from choosing.recipes import RECIPES, Earlier, Judge, Judged, by_column
from choosing.table import bounds_of, difference, lines, mean_auc, worst
from facepad import settings
from facepad.calibration.anchor import PEOPLE
from facepad.datasets.simulated import drawn_for
from facepad.evaluation.ranking import auc
from facepad.jobs.progress import ignore
from facepad.liveness.face_cnn.heads import BALANCED
from facepad.liveness.face_cnn.test import FaceTest
from facepad.registry import resolve
from facepad.training.calibration.prior import MakeTest, observe
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import LabelledFeatures, decided, joined
from facepad.training.face.run import MASK_SPEC
from facepad.training.sources import simulated_samples
from facepad.types import Observation, Sample

SESSIONS = ("nuaa, session 01", "nuaa, session 02")


def main() -> None:
    """Collect, or judge and print."""
    arguments = _arguments()
    if arguments.step == "collect":
        given = (arguments.simulated, arguments.nuaa, arguments.field, arguments.video)
        file = collect(*given, arguments.out)
        print(f"wrote {file}: {fingerprint(file)}")
        return
    pictures = listed(arguments.choice)
    if arguments.step == "cut":
        print(f"wrote {cut_off(pictures, arguments.out)}")
        return
    cache = FaceCache(settings.writable_folder("cache_dir"))
    if arguments.step == "frames":
        _frames(by_column(pictures, features_of(pictures, cache, arguments.workers))[0], arguments)
        return
    if arguments.step == "masks":
        pictures = [one for one in pictures if MASKS in one.column]
    judge = Judge(*by_column(pictures, features_of(pictures, cache, arguments.workers)))
    known = joined([_known(root, cache, arguments.workers) for root in arguments.train])
    if arguments.step == "masks":
        (masks,) = judge.columns.values()
        _masks(masks, known, arguments.simulated, judge)
        return
    name = "+".join(root.name for root in arguments.train)
    results: dict[str, list[Judged]] = {}
    if arguments.against:
        results[arguments.against.stem] = judge.judge_earlier(Earlier.read(arguments.against))
    for recipe in arguments.recipes:
        results[recipe] = judge.judge(name, known, RECIPES[recipe])
    print(f"choice columns {fingerprint(arguments.choice)[:12]}; trained on {name}")
    _show(results, arguments.point)
    if arguments.bounds:
        last = list(results.values())[-1]
        for also in arguments.also:
            more = by_column(*_more(also, cache, arguments.workers))
            last = [*last, *Judge(*more).judge(name, known, RECIPES[arguments.recipes[-1]])]
        text = json.dumps({"recipe": arguments.recipes[-1], "bounds": bounds_of(last)}, indent=2)
        arguments.bounds.write_text(text + "\n", encoding="utf-8")


def _show(results: dict[str, list[Judged]], point: str) -> None:
    first = next(iter(results.values()))
    for recipe, judged in results.items():
        print("\n".join(["", *lines(recipe, judged, bounds_of(judged), point)]))
    print(
        f"\n{'recipe':34} {'mean AUC':>8} {'worst':>6}  difference of the mean to the first (90 %)"
    )
    for recipe, judged in results.items():
        by, low, high = difference(judged, first)
        told = f"{by:+.3f} ({low:+.3f} to {high:+.3f})" if judged is not first else ""
        print(f"{recipe:34} {mean_auc(judged):>8.3f} {worst(judged).auc:>6.3f}  {told}")


def _masks(masks: LabelledFeatures, known: LabelledFeatures, simulated: Path, judge: Judge) -> None:
    """Print the AUC of masks of each material, by heads that saw no mask of it."""
    made = {Path(s.path).resolve(): s for s in simulated_samples([simulated])}
    own = masks.part(masks.usable)
    materials = np.array([_material(made[Path(s.path).resolve()]) for s in own.samples])
    print(f"{'material':10} {'seen':>6} {'left out':>9}  masks; heads {MASK_SPEC}")
    for name in sorted(set(materials.tolist()) - {""}):
        chosen = own.part((materials == name) | own.bona_fide)
        found = [
            auc(chosen.bona_fide, decided(judge.heads("masks", known, MASK_SPEC, left), chosen))
            for left in ("", f"material {name}")
        ]
        print(f"{name:10} {found[0]:>6.3f} {found[1]:>9.3f}  {(materials == name).sum()}")


def _material(sample: Sample) -> str:
    medium: Any = drawn_for(sample).get("medium") or {}
    return str(medium.get("material", ""))


def _frames(columns: Mapping[str, LabelledFeatures], arguments: argparse.Namespace) -> None:
    """Print errors after ten frames, beside those of an earlier version."""
    columns, ways = _ways(columns, arguments)
    if arguments.against:
        with np.load(arguments.prior, allow_pickle=False) as arrays:
            numbers = {str(views): arrays[str(views)].tolist() for views in arrays["views"]}
        earlier = by_one_distance(Earlier.read(arguments.against), numbers)
        ways = {arguments.against.stem: earlier, **ways}
    for name, way in ways.items():
        print(f"\n{name}, {FRAMES} frames, balanced point; HTER with the worst medium")
        print(
            f"  {'column':40} {'AUC':>5} {'BPCER':>6} {'APCER':>6} {'HTER':>5} {'decided':>7} draws"
        )
        found = []
        for column, labelled in columns.items():
            if column.endswith((LIVING, ATTACKS)):
                continue
            one = after_frames(column, labelled, way)
            if one is None:
                continue
            if MASKS not in column:
                found.append(one)
            print(_row(one))
        means = [
            np.mean([getattr(one, key) for one in found]) for key in ("auc", "hter", "decided")
        ]
        print(f"  mean: AUC {means[0]:.3f}, HTER {means[1]:.1%}, decided {means[2]:.0%}")
        for first, second in (SESSIONS, SESSIONS[::-1]):
            if first in columns and second in columns:
                name = f"frames of {first}, judged in {second[-2:]}"
                if one := other_session(name, columns[first], columns[second], way):
                    print(_row(one))


def _ways(
    columns: Mapping[str, LabelledFeatures], arguments: argparse.Namespace
) -> tuple[Mapping[str, LabelledFeatures], dict[str, Callable[[LabelledFeatures], Anchored]]]:
    """Return the pictures that the shipped test can see, and how it anchors them."""
    make_test = resolve("liveness_tests", arguments.test)
    test = make_test()
    if isinstance(test, FaceTest):
        return columns, {test.version: by_members(test.heads.heads, test.prior().by_kind)}
    seen, way = _observed(columns, make_test, arguments.workers)
    return seen, {test.version: way}


def _row(one: AfterFrames) -> str:
    shares = [100 * part for part in (one.bpcer, one.apcer, one.hter, one.decided)]
    return (
        f"  {one.name:40} {one.auc:>5.3f} {shares[0]:>6.1f} {shares[1]:>6.1f} "
        f"{shares[2]:>5.1f} {shares[3]:>7.0f} {one.draws:>5}"
    )


def _observed(
    columns: Mapping[str, LabelledFeatures], make_test: MakeTest, workers: int
) -> tuple[dict[str, LabelledFeatures], Callable[[LabelledFeatures], Anchored]]:
    """Return the pictures that a test of another kind can see, and how they are anchored."""
    test = make_test()
    observed: dict[str, Observation] = {}
    seen = {}
    for name, labelled in columns.items():
        found = observe(make_test, test.version, labelled.samples, workers=workers, advance=ignore)
        for sample, views in zip(labelled.samples, found, strict=True):
            if views:
                (observed[sample.path],) = views.values()
        keep = np.array([bool(views) for views in found])
        if keep.any():
            seen[name] = labelled.part(keep)
    (prior,) = test.prior().by_kind[PEOPLE].values()
    return seen, by_readings(observed, prior)


def features_of(
    pictures: Sequence[Picture], cache: FaceCache, workers: int
) -> dict[str, LabelledFeatures]:
    """Return the features of each column."""
    found = {}
    for name in dict.fromkeys(one.column for one in pictures):
        own = [one for one in pictures if one.column == name]
        samples = tuple(one.sample for one in own)
        seen = extract(samples, cache, workers=workers, is_cropped=own[0].cropped)
        found[name] = LabelledFeatures(samples, seen)
        print(f"{name}: {len(own)} pictures", file=sys.stderr)
    return found


def _more(
    file: Path, cache: FaceCache, workers: int
) -> tuple[list[Picture], dict[str, LabelledFeatures]]:
    """Return pictures of a list that is not frozen, with their features."""
    pictures = read_list(file)
    return pictures, features_of(pictures, cache, workers)


def _known(root: Path, cache: FaceCache, workers: int) -> LabelledFeatures:
    samples = simulated_samples([root])
    return LabelledFeatures(samples, extract(samples, cache, workers=workers))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    steps = parser.add_subparsers(dest="step", required=True)
    collecting = steps.add_parser("collect")
    for name in ("simulated", "nuaa", "field", "video", "out"):
        collecting.add_argument(f"--{name}", type=Path, required=True)
    cutting = steps.add_parser("cut")
    cutting.add_argument("--choice", type=Path, required=True)
    cutting.add_argument("--out", type=Path, required=True)
    judging = steps.add_parser("judge")
    judging.add_argument("--choice", type=Path, required=True)
    judging.add_argument("--train", type=Path, nargs="+", required=True)
    judging.add_argument("--recipes", nargs="+", default=["noted"], choices=list(RECIPES))
    judging.add_argument("--against", type=Path)
    judging.add_argument("--bounds", type=Path)
    judging.add_argument("--also", type=Path, nargs="*", default=[])
    judging.add_argument("--point", default=BALANCED)
    judging.add_argument("--workers", type=int, default=2)
    masking = steps.add_parser("masks")
    masking.add_argument("--choice", type=Path, required=True)
    masking.add_argument("--simulated", type=Path, required=True)
    masking.add_argument("--train", type=Path, nargs="+", required=True)
    masking.add_argument("--workers", type=int, default=2)
    framing = steps.add_parser("frames")
    framing.add_argument("--choice", type=Path, required=True)
    framing.add_argument("--test", default="face_cnn")
    framing.add_argument("--against", type=Path)
    framing.add_argument("--prior", type=Path)
    framing.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
