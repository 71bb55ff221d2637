r"""What statistics of the farthest 30 % of positions are worth in the patch view.

    python benchmarks/choice_farthest.py --choice choice/choice.csv --steps steps \
        --mixture c1 c2 c3 c4

The patch view gives a head mean and deviation of each channel over all positions of a block. Here
the same statistics are also taken over the 30 % of positions that lie farthest from the mean
position of bona fide training pictures: in Euclidean distance, each channel in units of its
deviation over these positions. Both come from each training set alone; for columns of what
training leaves out, heads are fitted anew, and these are not. Training sets are the last step of
each seed of `choice_steps.py`, and a random --share of all steps with the pictures of --mixture
(mean and deviation are then those of all of them).

Printed for blocks 2, 5 and 7 alone, and for block 7 within the recipe of version 5: mean AUC over
the choice columns of usual statistics, of farthest ones, of both side by side in one head and of
two heads (the mean of their logits); the difference to usual statistics of each training set, and
the mean of these with a paired interval of 90 % over people (the same people for all sets). Needs
`pip install 'facepad[train]'`, since the maps of blocks become outputs of the network with onnx.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from choice import features_of
from choice_steps import STEPS
from choosing.columns import listed
from choosing.farthest import BLOCKS, BOTH, FARTHEST, centres_of, measured, widened
from choosing.recipes import RECIPES, Judge, Judged, by_column
from choosing.table import interval, mean_auc, replicates
from facepad import settings
from facepad.faces.crops import PATCH
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import HeadSpec, LabelledFeatures, Member
from facepad.training.sources import simulated_samples
from facepad.types import Sample

MIXTURE, USUAL = "mixture", "usual"
_C = RECIPES["noted and frame"].regularisation_c
_REST = tuple(member for member in RECIPES["noted and frame"].heads if member[0] != PATCH)


def recipes() -> Iterator[tuple[str, str, HeadSpec]]:
    """Yield a group, a variant and its recipe; in a group all are compared to usual statistics."""
    for block, rest in (*((block, ()) for block in BLOCKS), (7, _REST)):
        group = f"patch {block}, " + ("in noted and frame" if rest else "alone")
        usual, far, both = ((PATCH, block + more) for more in (0, FARTHEST, BOTH))
        found: dict[str, tuple[Member, ...]] = {USUAL: (usual,), "farthest": (far,)}
        found |= {"both in one head": (both,), "two heads": (usual, far)}
        for variant, members in found.items():
            yield group, variant, HeadSpec((*rest, *members))
        if rest:
            yield group, "usual, counted twice", HeadSpec((*rest, usual, usual))
        else:  # each statistic twice in one head would be the same
            yield group, "usual, half penalty", HeadSpec((usual,), regularisation_c=2 * _C)


def main() -> None:
    """Measure, fit, judge and print."""
    given = _arguments()
    cache = FaceCache(settings.writable_folder("cache_dir"))
    known = {
        name: LabelledFeatures(samples, extract(samples, cache, workers=given.workers))
        for name, samples in training_sets(given.steps, given.mixture).items()
    }
    pictures = listed(given.choice)
    columns, left_out = by_column(pictures, features_of(pictures, cache, given.workers))
    every = {one.sample.path: one.cropped for one in pictures}
    centres = [centres_of(one) for one in known.values()]
    if MIXTURE in known:
        drawn = np.random.default_rng(0).random(len(known[MIXTURE].samples)) < given.share
        known[MIXTURE] = known[MIXTURE].part(drawn)
    every |= {sample.path: False for labelled in known.values() for sample in labelled.samples}
    far = measured(every, centres, cache, given.workers)
    seeds = [name for name in known if name != MIXTURE]
    for names in (seeds, [name for name in known if name == MIXTURE]):
        found: dict[tuple[str, str], list[list[Judged]]] = {}
        for name in names:
            at, own = list(known).index(name), known[name]
            judge = Judge({key: widened(one, far, at) for key, one in columns.items()}, left_out)
            wide = widened(own, far, at)
            for group, variant, spec in recipes():
                judged = judge.judge(name, wide, spec)
                found.setdefault((group, variant), []).append([_bare(one) for one in judged])
            print(f"{name}: {len(own.samples)} training pictures", flush=True)
        for (group, variant), sets in found.items():
            if variant == USUAL:
                print(f"\n{group}; {', '.join(names)}")
            _show(variant, sets, found[group, USUAL])


def training_sets(steps: Path, mixture: Sequence[Path]) -> dict[str, tuple[Sample, ...]]:
    """Return the pictures of the last step of each seed, and all with those of the mixture."""
    found: dict[str, tuple[Sample, ...]] = {}
    for sample in simulated_samples([steps]):
        if Path(sample.path).stem.endswith(f".{len(STEPS) - 1}"):
            name = f"seed {Path(sample.path).parent.name}"
            found[name] = (*found.get(name, ()), sample)
    return {**found, MIXTURE: simulated_samples([*mixture, steps])} if mixture else found


def _bare(one: Judged) -> Judged:
    """Return it without the statistics of its pictures, which fill the memory."""
    seen = one.labelled.features
    seen = replace(seen, values=np.zeros((len(seen.values), 0, 0), np.float32))
    return replace(one, labelled=replace(one.labelled, features=seen))


def _show(variant: str, sets: Sequence[list[Judged]], usual: Sequence[list[Judged]]) -> None:
    areas = [mean_auc(one) for one in sets]
    told = f"  {variant:21} {' '.join(f'{area:.3f}' for area in areas)}"
    if sets is not usual:
        change = [area - mean_auc(one) for area, one in zip(areas, usual, strict=True)]
        draws = [replicates(one) - replicates(two) for one, two in zip(sets, usual, strict=True)]
        low, high = interval(np.mean(draws, axis=0))
        told += f" | {' '.join(f'{one:+.3f}' for one in change)}"
        told += f" | {np.mean(change):+.3f} ({low:+.3f} to {high:+.3f})"
    print(told, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--choice", type=Path, required=True)
    parser.add_argument("--steps", type=Path, required=True, help="--out of choice_steps.py")
    parser.add_argument("--mixture", type=Path, nargs="*", default=[])
    parser.add_argument("--share", type=float, default=1.0, help="of the mixture's pictures")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
