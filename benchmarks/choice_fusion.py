r"""Is a fusion of the tests better than the best single test? On the choice columns.

    python benchmarks/choice_fusion.py score --choice choice/choice.csv --out scores.csv \
        --tests face_cnn face_mask quality quality_whole
    python benchmarks/choice_fusion.py held-out --train DIR --judged DIR --out held-out.csv
    facepad train fusion --simulated DIR --scores face_cnn=held-out.csv --out model \
        --tests face_cnn,face_mask,quality,quality_whole
    python benchmarks/choice_fusion.py judge --scores scores.csv --fusion model/fusion.npz \
        --bounds bounds.json

`score` asks every test for every picture of the columns; it resumes. `held-out` scores simulated
pictures by heads of the face test that were fitted without half of the people, each half in turn:
the packaged heads know these people before other cameras. `judge` fuses every subset of
the tests, the missing ones marginalised, and prints AUC by column, the difference to the best
single test with a paired interval of 90 % over people, and what is decided at the balanced point.
With --bounds it writes operating points that hold at the worst column, for `facepad train fusion
--bounds`. Columns of masks are reported apart. Nothing here may judge: sites b, e and f and NUAA's
test part are not read.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from choosing.columns import ATTACKS, LIVING, MASKS, listed
from facepad import settings
from facepad.evaluation.ranking import auc
from facepad.evaluation.ratio_costs import cllr, minimum_cllr
from facepad.evaluation.table import score_table
from facepad.fusion import Answer, applied, mean_ratio
from facepad.fusion.lda import LdaFusion, from_file
from facepad.liveness.face_cnn.heads import FaceHeads
from facepad.models import store
from facepad.registry import DEFAULT_POINT
from facepad.scores import logit, sigmoid
from facepad.scoring.table import presentation_columns
from facepad.scoring.workers import CheckerSpec, score_presentations
from facepad.selected_tests import make_test
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import LabelledFeatures, decided, fit
from facepad.training.face.run import SPEC
from facepad.training.scaling import Column, bounds_at_worst
from facepad.training.sources import simulated_samples
from facepad.types import OperatingPoint, Reason, Score, Split

ALL = "all"  # name of the only set of views
OWN = ("column", "path", "species", "subject", "session", "camera", "key")
REPEATS, LEVEL = 300, 0.9
FEW = 4  # people; with fewer each picture is drawn by itself

Vector = NDArray[np.float64]


def main() -> None:
    """Score, or fuse and print."""
    arguments = _arguments()
    if arguments.step == "score":
        score(arguments.choice, arguments.out, arguments.tests, arguments.workers)
    elif arguments.step == "held-out":
        held_out(arguments.train, arguments.judged, arguments.out, arguments.workers)
    else:
        judge(arguments.scores, arguments.fusion, arguments.bounds)


def score(choice: Path, out: Path, tests: Sequence[str], workers: int) -> None:
    """Ask every test for every picture of the columns, one row each."""
    pictures = listed(choice)
    spec = CheckerSpec.of(tests, (), None, faces_are_cropped=True)
    done = 0
    if out.exists():
        with out.open(newline="", encoding="utf-8") as stream:
            done = sum(1 for _ in csv.reader(stream)) - 1
    with out.open("a", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        if not done:
            table.writerow((*OWN, *presentation_columns(spec.tests)))
        left = pictures[max(done, 0) :]
        fields = score_presentations(spec, [one.sample for one in left], workers)
        for one, found in zip(left, fields, strict=True):
            sample = one.sample
            camera = sample.attributes.get("camera", "")
            own = (one.column, sample.path, sample.pai_species or "", sample.subject)
            table.writerow((*own, sample.session or "", camera, sample.key, *found))
            stream.flush()


def held_out(train: Sequence[Path], judged: Sequence[Path], out: Path, workers: int) -> None:
    """Write scores of the face test by heads that did not see the person, as path and score."""
    cache = FaceCache(settings.writable_folder("cache_dir"))
    shipped = FaceHeads.from_arrays(store.load_arrays("face_heads_free"), "face_heads_free")
    known, own = (_features(roots, cache, workers) for roots in (train, judged))
    teaches = np.array([SPEC.teaches(sample) for sample in known.samples])
    known = known.part(teaches & known.usable)
    half, half_of = _half(known), _half(own)
    raw = np.full(len(own.samples), np.nan)
    for number in (0, 1):
        heads = fit(known.part(half != number), replace(SPEC, members=()))
        raw[half_of == number] = decided(heads, own.part(half_of == number))
    raw[~own.usable] = np.nan
    kinds = own.bona_fide & own.usable, ~own.bona_fide & own.usable
    for name, values in (("packaged", decided(shipped.deciding, own)), ("held out", raw)):
        rows = kinds[0] | kinds[1]
        print(f"{name} heads: AUC {auc(own.bona_fide[rows], values[rows]):.3f}")
    with out.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(("path", "score"))
        for sample, value in zip(own.samples, raw.tolist(), strict=True):
            ratio = shipped.scaling.apply(value)
            table.writerow((sample.path, "" if np.isnan(value) else f"{sigmoid(ratio):.6f}"))


def _features(roots: Sequence[Path], cache: FaceCache, workers: int) -> LabelledFeatures:
    samples = simulated_samples(roots)
    return LabelledFeatures(samples, extract(samples, cache, workers=workers))


def _half(labelled: LabelledFeatures) -> NDArray[np.intp]:
    return np.array([crc32(sample.subject.encode()) % 2 for sample in labelled.samples])


# --- fused scores -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Scored:
    """Pictures of one column with the answers of the tests.

    Attributes:
        name: Name of the column.
        labels: True for bona fide, shape (N,).
        people: Who each picture shows, shape (N,).
        answers: Answers of all tests, by name, of each picture.
        missing: Pictures without a face: bona fide, attacks.
    """

    name: str
    labels: NDArray[np.bool_]
    people: NDArray[np.str_]
    answers: list[dict[str, Answer]]
    missing: tuple[int, int]

    @property
    def ranks(self) -> bool:
        """Whether it has both classes before the same cameras."""
        return not self.name.endswith((LIVING, ATTACKS))


def read(file: Path) -> list[Scored]:
    """Return the columns of a file of scores."""
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    tests = [name.removesuffix("_score") for name in rows[0] if name.endswith("_score")]
    points = {name: make_test(name).operating_point for name in tests}
    columns = []
    for name in dict.fromkeys(row["column"] for row in rows):
        own = [row for row in rows if row["column"] == name]
        faced = [row for row in own if row["face_box"] and row["outcome"]]
        lost = [row for row in own if not (row["face_box"] and row["outcome"])]
        labels = np.array([not row["species"] for row in faced])
        people = np.array([row["subject"] for row in faced])
        answers = [{test: _answer(row, test, points[test]) for test in tests} for row in faced]
        genuine = sum(not row["species"] for row in lost)
        columns.append(Scored(name, labels, people, answers, (genuine, len(lost) - genuine)))
    return columns


def _answer(row: dict[str, str], test: str, point: OperatingPoint) -> Answer:
    reasons = [Reason(one) for one in row[f"{test}_reason"].split(";") if one]
    own = [one for one in reasons if one is Reason.UNFAMILIAR_CAMERA]
    cell, side = row[f"{test}_score"], _side(row)
    if not cell:
        return Answer(Score(None, reasons[0] if reasons else Reason.NO_FACE), point, None, side)
    return Answer(Score(float(cell), own[0] if own else None), point, None, side)


def _side(row: dict[str, str]) -> dict[str, float]:
    measures = json.loads(row["capture"])["measures"] if row["capture"] else {}
    left, top, right, bottom = map(int, row["face_box"].split())
    return {**measures, "face_size": float(np.log(max(right - left, bottom - top, 1)))}


def ratios(column: Scored, fusion: LdaFusion | None, tests: Sequence[str]) -> Vector:
    """Return the fused log-likelihood ratios of some tests; their mean without a fusion."""
    found = []
    for answers in column.answers:
        chosen = {name: answers[name] for name in tests}
        value = (mean_ratio if fusion is None else fusion)(chosen).value
        found.append(np.nan if value is None else logit(value))
    return np.array(found)


def judge(scores: Path, file: Path, bounds: Path | None) -> None:
    """Print what every subset is worth, and the fusion against the best single test."""
    fusion = from_file(file)
    columns = [one for one in read(scores) if MASKS not in one.name]
    ranked = [one for one in columns if one.ranks]
    names = fusion.tests
    subsets = [some for size in range(1, len(names) + 1) for some in combinations(names, size)]
    of = {some: [ratios(one, fusion, some) for one in ranked] for some in subsets}
    of_mean = [ratios(one, None, names) for one in ranked]
    means = {some: _mean_auc(ranked, values) for some, values in of.items()}
    best = max(subsets[: len(names)], key=lambda some: means[some])
    width = max(len(" + ".join(some)) for some in subsets)
    print(f"fusion {fusion.version}; best single test: {best[0]}")
    print(f"\n{'tests':{width}}  mean AUC  worst  difference to {best[0]} (90 %, over people)")
    for some in subsets:
        _print_subset(" + ".join(some), width, ranked, of[some], of[best])
    _print_subset("mean of all", width, ranked, of_mean, of[best])
    print(f"\n{'column':34} {best[0]:>9}   fused  difference (90 %, over people)")
    worse = []
    for at, column in enumerate(ranked):
        first, second = of[best][at], of[names][at]
        by, low, high = _difference([column], [second], [first])
        own, other = (_auc(column, values) for values in (first, second))
        print(f"{column.name:34} {own:>9.3f} {other:>7.3f}  {by:+.3f} ({low:+.3f} to {high:+.3f})")
        worse += [column.name] if high < 0.0 else []
    by, low, high = _difference(ranked, of[names], of[best])
    is_better = by > 0.0 and not worse
    print(f"\nmean difference {by:+.3f} ({low:+.3f} to {high:+.3f}); worse beyond the interval: "
          f"{', '.join(worse) or 'none'}; the default: {'yes' if is_better else 'no'}")  # fmt: skip
    _cost(ranked, names, fusion)
    _decided(columns, fusion, names)
    _decided(columns, fusion, best)
    if bounds:
        found = bounds_at_worst(
            [Column(ALL, values[one.labels], values[~one.labels])
             for one in columns for values in [ratios(one, fusion, names)]],
            (ALL,),
        )[ALL]  # fmt: skip
        bounds.write_text(json.dumps({"bounds": found}, indent=2) + "\n", encoding="utf-8")


def _cost(columns: Sequence[Scored], names: Sequence[str], fusion: LdaFusion) -> None:
    """Print Cllr and its minimum of each test's own scale and of the fusion's."""
    print("\nCllr (its minimum): cost of the ratios in bits, 1 for ratios without information")
    for kind in ("simulated", "recorded"):
        own = [one for one in columns if one.name.startswith("simulated") == (kind == "simulated")]
        cells = []
        for name in (*names, "fusion"):
            tests = names if name == "fusion" else (name,)
            ways = [ratios(one, fusion if name == "fusion" else None, tests) for one in own]
            table = score_table(
                [sigmoid(value) for value in np.nan_to_num(np.concatenate(ways)).tolist()],
                [None if label else "attack" for one in own for label in one.labels.tolist()],
                [person for one in own for person in one.people.tolist()],
                split=Split.TEST,
            )
            cells.append(f"{name} {cllr(table):.3f} ({minimum_cllr(table):.3f})")
        print(f"  {kind}: {', '.join(cells)}")


def _decided(columns: Sequence[Scored], fusion: LdaFusion, tests: Sequence[str]) -> None:
    """Print outcomes at the fusion's balanced point, widened by side information."""
    print(f"\n{' + '.join(tests)} at the balanced point of the fusion, of all presentations in %")
    print(f"{'column':34} accepted accused | passed found | decided right")
    rows = []
    for column in columns:
        sides = np.array([_outcome(fusion, answers, tests) for answers in column.answers])
        shares = []
        for kind, lost in zip((True, False), column.missing, strict=True):
            own = sides[column.labels == kind]
            count = len(own) + lost
            shares += [float((own == side).sum()) / count if count else np.nan for side in (1, -1)]
        accepted, accused, passed, found = shares
        decided = np.nanmean([accepted + accused, passed + found])
        right = np.nansum([accepted, found]) / max(np.nansum(shares), 1e-9)
        rows.append([accepted, accused, passed, found, decided, right])
        cells = [f"{100 * each:.0f}" for each in rows[-1]]
        print(f"{column.name:34} {cells[0]:>8} {cells[1]:>7} | {cells[2]:>6} {cells[3]:>5} | "
              f"{cells[4]:>7} {cells[5]:>5}")  # fmt: skip
    mean = np.nanmean(rows, axis=0)
    cells = [f"{100 * each:.1f}" for each in mean]
    print(f"{'mean':34} {cells[0]:>8} {cells[1]:>7} | {cells[2]:>6} {cells[3]:>5} | "
          f"{cells[4]:>7} {cells[5]:>5}")  # fmt: skip


def _outcome(fusion: LdaFusion, answers: dict[str, Answer], tests: Sequence[str]) -> int:
    """Return 1 for bona fide, -1 for attack, 0 for neither."""
    fused = fusion({name: answers[name] for name in tests})
    if fused.value is None or fused.reasons:
        return 0
    point = applied(fusion.operating_point(DEFAULT_POINT), fused.margin)
    return int(fused.value >= point.high) - int(fused.value < point.low)


# --- paired intervals ---------------------------------------------------------------------


def _print_subset(
    name: str, width: int, columns: Sequence[Scored], own: list[Vector], best: list[Vector]
) -> None:
    each = [_auc(column, values) for column, values in zip(columns, own, strict=True)]
    by, low, high = _difference(columns, own, best)
    print(f"{name:{width}}  {np.mean(each):>8.3f}  {min(each):.3f}  {by:+.3f} "
          f"({low:+.3f} to {high:+.3f})")  # fmt: skip


def _auc(column: Scored, values: Vector) -> float:
    """Return the AUC; a picture without any score ranks in the middle of those with one."""
    return auc(column.labels, np.nan_to_num(values))


def _mean_auc(columns: Sequence[Scored], values: Sequence[Vector]) -> float:
    return float(np.mean([_auc(one, each) for one, each in zip(columns, values, strict=True)]))


def _difference(
    columns: Sequence[Scored], first: Sequence[Vector], second: Sequence[Vector]
) -> tuple[float, float, float]:
    """Return the difference of mean AUC and its paired interval over people."""
    rng = np.random.default_rng(7)
    groups = [_groups(column) for column in columns]
    draws = []
    for _ in range(REPEATS):
        parts = []
        for column, own, one, other in zip(columns, groups, first, second, strict=True):
            rows = np.concatenate([own[at] for at in rng.choice(len(own), len(own))])
            labels = column.labels[rows]
            if labels.any() and not labels.all():
                pair = [auc(labels, np.nan_to_num(each[rows])) for each in (one, other)]
                parts.append(pair[0] - pair[1])
        draws.append(np.mean(parts))
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return _mean_auc(columns, first) - _mean_auc(columns, second), float(low), float(high)


def _groups(column: Scored) -> list[NDArray[np.intp]]:
    names = np.unique(column.people)
    if len(names) < FEW:
        return [np.array([row]) for row in range(len(column.people))]
    return [np.flatnonzero(column.people == name) for name in names]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    steps = parser.add_subparsers(dest="step", required=True)
    scoring = steps.add_parser("score")
    scoring.add_argument("--choice", type=Path, required=True)
    scoring.add_argument("--out", type=Path, required=True)
    scoring.add_argument("--tests", nargs="+", required=True)
    scoring.add_argument("--workers", type=int, default=1)
    holding = steps.add_parser("held-out")
    holding.add_argument("--train", type=Path, nargs="+", required=True)
    holding.add_argument("--judged", type=Path, nargs="+", required=True)
    holding.add_argument("--out", type=Path, required=True)
    holding.add_argument("--workers", type=int, default=1)
    judging = steps.add_parser("judge")
    judging.add_argument("--scores", type=Path, required=True)
    judging.add_argument("--fusion", type=Path, required=True)
    judging.add_argument("--bounds", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
