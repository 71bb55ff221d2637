"""How the image-quality tests rank pictures of cameras they were not trained on.

    python benchmarks/quality_away.py --manifest field/manifest.csv --group site

Prints, for every test: AUC in each group, their mean, the AUC of all pooled, and how many
pictures of each class have no score or are called unlike the training pictures. AUC is a
ranking figure: no threshold is chosen. One group is usually one person before one camera,
so count groups, not pictures.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from facepad import runtime
from facepad.evaluation.ranking import area_under_curve
from facepad.evaluation.table import score_table
from facepad.pipeline import Checker
from facepad.types import Reason, Score, Split

TESTS = ("quality", "quality_research", "quality_whole", "quality_whole_research")


def main() -> None:
    """Judge the pictures of a manifest and print the table."""
    arguments = _arguments()
    rows = _rows(arguments)
    checker = Checker(tests=TESTS)
    runtime.tune()
    scores: dict[str, list[Score]] = defaultdict(list)
    for row in rows:
        decision = checker.check(arguments.manifest.parent / row["path"])
        for test in TESTS:
            scores[test].append(decision.scores[test])
    for test in TESTS:
        print(f"{test}: {len(rows)} pictures")
        _report(rows, scores[test], arguments.group)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--manifest", type=Path, required=True, help="columns path and label")
    parser.add_argument("--group", default="site", help="column whose values are cameras")
    parser.add_argument("--only", nargs="*", help="groups to judge; all when not given")
    return parser.parse_args()


def _rows(arguments: argparse.Namespace) -> list[dict[str, str]]:
    with arguments.manifest.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    pictures = [row for row in rows if not row["path"].endswith((".mp4", ".avi", ".mov"))]
    return [row for row in pictures if not arguments.only or row[arguments.group] in arguments.only]


def _report(rows: Sequence[dict[str, str]], scores: Sequence[Score], group: str) -> None:
    named = sorted({row[group] for row in rows})
    areas = []
    for name in named:
        chosen = [i for i, row in enumerate(rows) if row[group] == name]
        areas.append(_area(rows, scores, chosen))
        print(f"  {name:12s} AUC {areas[-1]:.3f}")
    print(
        f"  mean {sum(areas) / len(areas):.3f}, pooled {_area(rows, scores, range(len(rows))):.3f}"
    )
    for label in ("bona_fide", "attack"):
        own = [score for row, score in zip(rows, scores, strict=True) if row["label"] == label]
        unlike = sum(score.reason is Reason.UNFAMILIAR_CAMERA for score in own)
        none = sum(score.value is None for score in own)
        print(f"  {label}: {unlike} of {len(own)} unfamiliar, {none} without a score")


def _area(rows: Sequence[dict[str, str]], scores: Sequence[Score], chosen: Sequence[int]) -> float:
    values = [scores[i].value for i in chosen]
    species = [None if rows[i]["label"] == "bona_fide" else "attack" for i in chosen]
    kinds = {kind for kind, value in zip(species, values, strict=True) if value is not None}
    if len(kinds) < 2:
        return float("nan")
    return area_under_curve(score_table(values, species, ["-"] * len(values), split=Split.TEST))


if __name__ == "__main__":
    main()
