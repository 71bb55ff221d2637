"""What calibrating a camera does to errors, by number of frames; before and after.

    python benchmarks/calibration.py --nuaa DIR --crops CSV --simulated DIR

Frames are drawn anew 20 times. People in the frames are never among those judged, but on the
sites of --crops, each of which shows one person: there the other frames are judged.

* NUAA: frames of its two dev people; judged are the train people, or with --judge those of the
  test part that no other part has.
* crops: sites of part dev, or with --judge of part test; the tight heads alone.
* simulated: cameras that took no part in learning, before people that did not either. By lines
  of the sensor, since a coarse camera hides what tells an attack.
"""

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad import settings
from facepad.calibration.anchor import Vector
from facepad.calibration.prior import ViewPrior
from facepad.datasets.csv_list import CsvList
from facepad.datasets.nuaa import Nuaa
from facepad.evaluation import protocol
from facepad.evaluation.ranking import auc
from facepad.faces import crops
from facepad.liveness.face_cnn.heads import Head
from facepad.liveness.face_cnn.test import FaceTest
from facepad.registry import resolve
from facepad.training.calibration.fit import CalibrationFrame, fit
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import LabelledFeatures, logits
from facepad.training.sources import simulated_samples
from facepad.types import Sample, Split

COUNTS = (3, 5, 10, 20)
DRAWS = 20
TARGET = 0.05
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Case:
    """Pictures of some cameras with what the heads make of them."""

    name: str
    samples: Sequence[Sample]
    seen: Sequence[CalibrationFrame]
    groups: NDArray[np.str_]
    people: NDArray[np.str_]
    bona_fide: NDArray[np.bool_]
    before: Vector  # log-likelihood ratios above the packaged threshold
    prior: ViewPrior


def main() -> None:
    """Judge and print."""
    arguments = _arguments()
    test: FaceTest = resolve("liveness_tests", arguments.test)()
    print(
        f"{test.version}, target BPCER {TARGET:.0%}, {DRAWS} draws, mean (5th to 95th percentile)"
    )
    if arguments.nuaa:
        _nuaa(test, arguments)
    if arguments.crops:
        _crops(test, arguments)
    if arguments.simulated:
        _cameras(test, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nuaa", type=Path)
    parser.add_argument("--crops", type=Path, help="CSV list, subjects being sites")
    parser.add_argument("--simulated", type=Path, nargs="*", help="of facepad simulate")
    parser.add_argument("--judge", action="store_true", help="open what may only judge")
    parser.add_argument("--test", default="face_cnn", choices=("face_cnn", "face_cnn_research"))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _nuaa(test: FaceTest, arguments: argparse.Namespace) -> None:
    every = tuple(Nuaa(arguments.nuaa).samples())
    dev = [sample for sample in every if sample.split is Split.DEV and sample.is_bona_fide]
    judged = protocol.subject_disjoint(every)
    if not arguments.judge:
        judged = tuple(sample for sample in every if sample.split is Split.TRAIN)[::3]
    case = _case("NUAA", test, [*dev, *judged], arguments.workers)
    may_calibrate = np.arange(len(case.samples)) < len(dev)
    rest = np.flatnonzero(~may_calibrate)
    _told("before", [_errors(case.before, case, rest)], case, rest)
    for count in COUNTS:
        found = []
        for draw in range(DRAWS):
            frames = _drawn(case, np.flatnonzero(may_calibrate), count, draw)
            found.append(_errors(_after(case, frames, rest), case, rest))
        _told(f"{count} frames", found, case, rest)


def _crops(test: FaceTest, arguments: argparse.Namespace) -> None:
    part = Split.TEST if arguments.judge else Split.DEV
    samples = [sample for sample in CsvList(arguments.crops).samples() if sample.split is part]
    case = _case("crops", test, samples, arguments.workers, only_crops=True)
    for site in sorted(set(case.people)):
        rows = np.flatnonzero(case.people == site)
        _told(f"{site} before", [_errors(case.before, case, rows)], case, rows)
        for count in COUNTS[:-1]:
            found = []
            for draw in range(DRAWS):
                own = rows[case.bona_fide[rows]]
                frames = np.random.default_rng(draw).choice(own, count, replace=False)
                rest = np.setdiff1d(rows, frames)
                found.append(_errors(_after(case, frames, rest), case, rest))
            _told(f"{site} {count} frames", found, case, rows)


def _cameras(test: FaceTest, arguments: argparse.Namespace) -> None:
    case = _case("simulated", test, simulated_samples(arguments.simulated), arguments.workers)
    every = np.arange(len(case.samples))
    print(f"{len(set(case.groups))} cameras, {len(set(case.people))} people")
    _by_kind("before", case, [(every, case.before)])
    for count in COUNTS:
        _by_kind(f"{count} frames", case, list(_episodes(case, count)))


def _episodes(case: Case, count: int) -> Iterator[tuple[Rows, Vector]]:
    for camera in sorted(set(case.groups)):
        rows = np.flatnonzero(case.groups == camera)
        own = rows[case.bona_fide[rows]]
        people = sorted(set(case.people[own]))
        if len(people) < count + 2:
            continue
        for draw in range(DRAWS):
            rng = np.random.default_rng(draw)
            chosen = rng.permutation(people)[:count]
            frames = np.array([rng.choice(own[case.people[own] == who]) for who in chosen])
            rest = rows[~np.isin(case.people[rows], chosen)]
            yield rest, _after(case, frames, rest)


def _by_kind(name: str, case: Case, found: Sequence[tuple[Rows, Vector]]) -> None:
    """Errors by species, over all and by lines of the sensor."""
    species = np.array([sample.pai_species or "" for sample in case.samples])
    lines = np.array([_lines(sample) for sample in case.samples])
    wrong: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for rows, margins in found:
        missed = np.where(case.bona_fide[rows], margins < 0.0, margins >= 0.0)
        for row, error in zip(rows, missed, strict=True):
            for part in ("all", str(lines[row])):
                cell = wrong[(part, str(species[row]))]
                cell[0] += int(error)
                cell[1] += 1
    for part in sorted(
        {part for part, _ in wrong},
        key=lambda one: (one != "all", int(f"0{one}" if one.isdigit() else 0)),
    ):
        cells = [(kind or "bona fide", wrong[(part, kind)]) for kind in sorted(set(species))]
        rates = {kind: bad / total for kind, (bad, total) in cells if total}
        whole = max(
            (rates[kind] for kind in rates if kind not in ("bona fide", "partial")), default=np.nan
        )
        told = ", ".join(
            f"{kind} {100 * bad / total:.1f} % of {total}" for kind, (bad, total) in cells if total
        )
        half = 50 * (rates.get("bona fide", np.nan) + whole)
        print(
            f"  {name:>10}, lines {part:>5}: {told}; HTER with the worst whole medium {half:.1f} %"
        )


def _lines(sample: Sample) -> str:
    return str(json.loads(sample.attributes["parameters"])["camera"]["lens"]["lines"])


def _case(
    name: str, test: FaceTest, samples: Sequence[Sample], workers: int, *, only_crops: bool = False
) -> Case:
    cache = FaceCache(settings.folder("cache_dir"))
    seen = LabelledFeatures(
        tuple(samples), extract(samples, cache, workers=workers, is_cropped=only_crops)
    )
    heads: tuple[Head, ...] = test.heads.heads
    scaling, kind = test.heads.all_views, f"{crops.TIGHT}+{crops.CONTEXT}"
    if only_crops:
        heads = tuple(head for head in heads if head.view == crops.TIGHT)
        scaling, kind = test.heads.tight_only, crops.TIGHT
        seen = seen.part(seen.usable)
    else:
        seen = seen.part(seen.usable & seen.features.has_context)
    point = test.heads.operating_point.threshold
    raw = logits(heads, seen)
    print(f"\n{name}: {len(seen.samples)} of {len(samples)} pictures are seen ({kind})")
    return Case(
        name,
        seen.samples,
        _frames(heads, seen),
        np.array([sample.attributes.get("camera", "") for sample in seen.samples]),
        np.array([sample.subject for sample in seen.samples]),
        seen.bona_fide,
        scaling.slope * raw + scaling.bias - np.log(point / (1.0 - point)),
        test.prior().by_views[kind],
    )


def _frames(heads: Sequence[Head], labelled: LabelledFeatures) -> list[CalibrationFrame]:
    """Cached features as a calibration observes its frames."""
    features = labelled.features
    units = [head.standardised(features.of(head.view, head.block)) for head in heads]
    rows = zip(
        logits(heads, labelled), np.concatenate(units, axis=1), labelled.samples, strict=True
    )
    return [CalibrationFrame(float(raw), row, sample.subject) for raw, row, sample in rows]


def _drawn(case: Case, rows: Rows, count: int, draw: int) -> Rows:
    """Frames of all people in turn, as somebody would take them."""
    rng = np.random.default_rng(draw)
    people = sorted(set(case.people[rows]))
    shares = [(count + len(people) - 1 - place) // len(people) for place in range(len(people))]
    chosen = [
        rng.choice(rows[case.people[rows] == who], share, replace=False)
        for who, share in zip(people, shares, strict=True)
    ]
    return np.concatenate(chosen)


def _after(case: Case, frames: Rows, rest: Rows) -> Vector:
    anchor = fit([case.seen[row] for row in frames], TARGET, case.prior)
    seen = [case.seen[row] for row in rest]
    return np.array([anchor.margin(anchor.anchored(one.raw, one.features)) for one in seen])


def _errors(margins: Vector, case: Case, rows: Rows) -> tuple[float, float, float]:
    margins = margins[rows] if len(margins) == len(case.samples) else margins
    labels = case.bona_fide[rows]
    below = float((margins[labels] < 0.0).mean())
    return auc(labels, margins), below, float((margins[~labels] >= 0.0).mean())


def _told(name: str, found: Sequence[tuple[float, float, float]], case: Case, rows: Rows) -> None:
    area, bona_fide, attack = np.mean(found, axis=0)
    halves = [50.0 * (one[1] + one[2]) for one in found]
    low, high = np.quantile(halves, (0.05, 0.95))
    many, few = int(case.bona_fide[rows].sum()), int((~case.bona_fide[rows]).sum())
    print(
        f"  {name:>20}: AUC {area:.3f}, BPCER {100 * bona_fide:.1f} % of {many}, APCER "
        f"{100 * attack:.1f} % of {few}, HTER {np.mean(halves):.1f} % ({low:.1f} to {high:.1f})"
    )


if __name__ == "__main__":
    main()
