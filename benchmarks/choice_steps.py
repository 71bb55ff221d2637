r"""What sharpness, casts and profiles of the simulator are worth, one after the other.

    python benchmarks/choice_steps.py --choice choice/choice.csv --out work \\
        --bona-fide azure_samples frl_phone frl_canada frl_london

For each of three seeds so many sources are simulated before the same cameras in four ways: without
the three groups, with sharpness, with casts too, and with profiles too; all else is drawn alike.
Heads of one recipe learn from each and are judged on the choice columns (see choice.py). Printed
are the mean AUC of every step, and the differences to the step before, seed by seed. All pictures
of all steps are listed in ``OUT/dataset.csv`` in the form of `facepad simulate`: a training set
in which recaptures are soft or sharp and colours do or do not depend on the class.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from choice import features_of
from choosing.columns import listed
from choosing.recipes import RECIPES, Judge, by_column
from choosing.table import mean_auc, worst
from facepad import settings
from facepad.errors import InputError
from facepad.simulate.camera.look import CASTS, PROFILES
from facepad.simulate.capture_set import CaptureOptions, Simulator
from facepad.simulate.media.pose import SHARPNESS
from facepad.simulate.recipe import BONA_FIDE, Recipe, apply
from facepad.simulate.runner import COLUMNS, LIST
from facepad.simulate.sources import bona_fide as sources_of
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import LabelledFeatures
from facepad.types import Sample, Split
from simulator.variants import chosen, person_of, set_of

STEPS = {
    "none of the three": (SHARPNESS, CASTS, PROFILES),
    "sharpness": (CASTS, PROFILES),
    "casts, too": (PROFILES,),
    "profiles, too": (),
}
ATTACKS = ("print", "screen")


def main() -> None:
    """Simulate, learn, judge and print."""
    given = _arguments()
    cache = FaceCache(settings.writable_folder("cache_dir"))
    pictures = listed(given.choice)
    judge = Judge(*by_column(pictures, features_of(pictures, cache, given.workers)))
    sources = sources_of(given.bona_fide)
    found: dict[str, list[float]] = {step: [] for step in STEPS}
    least: dict[str, list[float]] = {step: [] for step in STEPS}
    for seed in range(given.seeds):
        made = taken(chosen(sources, given.sources, seed), seed, given.out / str(seed))
        for step in STEPS:
            samples = tuple(sample for name, sample in made if name == step)
            seen = extract(samples, cache, workers=given.workers)
            judged = judge.judge(
                f"{seed} {step}", LabelledFeatures(samples, seen), RECIPES[given.recipe]
            )
            found[step].append(mean_auc(judged))
            least[step].append(worst(judged).auc)
            print(f"seed {seed}, {step}: {mean_auc(judged):.3f}, {worst(judged).name}", flush=True)
    write_list(given.out)
    _show(found, least)


def write_list(out: Path) -> None:
    """List the pictures of all seeds and steps as a simulated dataset."""
    with (out / LIST).open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(COLUMNS)
        for note in sorted(out.glob("*/*.json")):
            for row in json.loads(note.read_text(encoding="utf-8")):
                species = "" if row["species"] == BONA_FIDE else row["species"]
                drawn = {**json.loads(row["parameters"]), "backdrop": {"used": False}}
                camera = sha256(json.dumps(drawn["camera"], sort_keys=True).encode())
                table.writerow(
                    (
                        *(Path(row["path"]).resolve().relative_to(out.resolve()), row["subject"]),
                        *(species, Split.TRAIN.value, "", camera.hexdigest()[:10], row["source"]),
                        *("", row["licence"], json.dumps(drawn, sort_keys=True)),
                    )
                )


def taken(sources: Sequence[Sample], seed: int, out: Path) -> list[tuple[str, Sample]]:
    """Return the pictures of each step, by its name; goes on after a kill."""
    out.mkdir(parents=True, exist_ok=True)
    simulator = Simulator(CaptureOptions(ATTACKS, seed=seed, keep_backgrounds=True))
    found = []
    for source in sources:
        note = out / f"{source.key.replace('/', '-')}.json"
        if not note.is_file():
            made = list(_source(source, simulator, out))
            part = note.with_suffix(".part")
            part.write_text(json.dumps(made), encoding="utf-8")
            part.replace(note)
        for row in json.loads(note.read_text(encoding="utf-8")):
            species = None if row["species"] == BONA_FIDE else row["species"]
            attributes = {"parameters": row["parameters"], "source": source.key}
            sample = Sample(
                row["path"], row["path"], source.subject, Split.TRAIN, species,
                session=set_of(source.key), attributes=attributes,
            )  # fmt: skip
            found.append((row["step"], sample))
    return found


def _source(source: Sample, simulator: Simulator, out: Path) -> Iterator[dict[str, str]]:
    try:
        captures = list(simulator.captures(source))
        picture, face = person_of(source)
    except InputError:
        return
    for one in captures:
        drawn = Recipe.from_dict(json.loads(one.parameters))
        for number, (step, groups) in enumerate(STEPS.items()):
            recipe = drawn
            for group in groups:
                recipe = recipe.ablated(group)
            path = out / f"{source.key.replace('/', '-')}.{one.species}.{number}.jpg"
            path.write_bytes(apply(recipe, picture, face).file if groups else one.file)
            text = json.dumps(recipe.to_dict())
            yield {
                **{"step": step, "path": str(path), "species": one.species, "parameters": text},
                **{"source": source.key, "subject": source.subject},
                "licence": source.attributes.get("licence", ""),
            }


def _show(found: dict[str, list[float]], least: dict[str, list[float]]) -> None:
    print(f"\n{'step':20} {'mean AUC of each seed':28} {'worst column':28} change of the mean")
    before: list[float] = []
    for step, values in found.items():
        change = [one - other for one, other in zip(values, before, strict=False)]
        told = (
            f"{np.mean(change):+.3f} ({min(change):+.3f} to {max(change):+.3f})" if change else ""
        )
        cells = [" ".join(f"{value:.3f}" for value in row) for row in (values, least[step])]
        print(f"{step:20} {cells[0]:28} {cells[1]:28} {told}")
        before = values


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--choice", type=Path, required=True)
    parser.add_argument("--bona-fide", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", choices=list(RECIPES), default="noted")
    parser.add_argument("--sources", type=int, default=60, help="for each seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
