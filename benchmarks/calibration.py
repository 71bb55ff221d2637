"""What calibrating a camera does to errors, by number of frames.

    python benchmarks/calibration.py --test face_cnn --nuaa DIR --crops CSV --simulated DIR

Frames are drawn anew 20 times, and each calibration is fitted as `facepad calibrate` fits it.
People in the frames are never among those judged, but on the sites of --crops (a list whose
subjects are sites), where few people are: there the other frames are judged.

* NUAA: frames of its two dev people; judged are the train people, or with --judge those of the
  test part that no other part has.
* sites: those of part dev, or with --judge of part test.
* simulated: cameras that took no part in fitting the prior.
"""

import argparse
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.calibration import CameraPrior
from facepad.calibration.anchor import PEOPLE, PERSON, TARGETS, WHOLE_FRAME
from facepad.datasets.csv_list import CsvList
from facepad.datasets.nuaa import Nuaa
from facepad.evaluation import protocol
from facepad.evaluation.ranking import auc
from facepad.jobs.progress import ignore
from facepad.selected_tests import make_calibratable
from facepad.training.calibration.fit import CalibrationFrame, fit
from facepad.training.calibration.prior import observe
from facepad.training.sources import simulated_samples
from facepad.types import Observation, Sample, Split

COUNTS = (3, 5, 10, 20)
DRAWS = 20
Rows = NDArray[np.intp]
Values = NDArray[np.float64]
Errors = dict[str, float]  # AUC, and BPCER and APCER by operating point


@dataclass(frozen=True)
class Case:
    """Pictures of some cameras with what a test observes on them, in one set of views."""

    samples: Sequence[Sample]
    seen: Sequence[Observation]
    people: NDArray[np.str_]
    bona_fide: NDArray[np.bool_]


class Bench:
    """A test with its prior."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.make = partial(make_calibratable, arguments.test)
        test = self.make()
        self.version = test.version
        self.prior: CameraPrior = test.prior()
        self.fixed_scene: bool = arguments.fixed_scene
        self.workers: int = arguments.workers

    def cases(self, samples: Sequence[Sample]) -> Iterator[tuple[str, Case]]:
        """Yield the pictures by the set of views that a calibration would use for them."""
        observed = observe(self.make, self.version, samples, workers=self.workers, advance=ignore)
        sets: dict[str, list[int]] = defaultdict(list)
        for row, each in enumerate(observed):
            usable = [v for v in each if self.fixed_scene or WHOLE_FRAME not in v.split("+")]
            if usable:
                sets[usable[-1]].append(row)
        for views, rows in sets.items():
            chosen = [samples[row] for row in rows]
            yield (
                views,
                Case(
                    chosen,
                    [observed[row][views] for row in rows],
                    np.array([sample.subject for sample in chosen]),
                    np.array([sample.is_bona_fide for sample in chosen]),
                ),
            )

    def errors(self, case: Case, frames: Rows, rest: Rows, views: str, kind: str) -> Errors:
        """Return the errors of the rest, calibrated with frames."""
        given = [CalibrationFrame(case.seen[row], str(case.people[row])) for row in frames]
        anchor = fit(given, self.prior.of(views, kind))
        scores = np.array([anchor.anchored(case.seen[row]) for row in rest])
        labels = case.bona_fide[rest]
        found = {"AUC": auc(labels, scores)}
        for name, bound in anchor.bounds.items():
            found[f"BPCER {name}"] = float((scores[labels] < bound).mean())
            found[f"APCER {name}"] = float((scores[~labels] >= bound).mean())
        return found


def main() -> None:
    """Judge and print."""
    arguments = _arguments()
    bench = Bench(arguments)
    print(f"{bench.version}, {DRAWS} draws; BPCER / APCER by operating point, mean")
    if arguments.nuaa:
        _nuaa(bench, arguments)
    if arguments.crops:
        _sites(bench, arguments)
    if arguments.simulated:
        _cameras(bench, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--test", default="face_cnn")
    parser.add_argument("--nuaa", type=Path)
    parser.add_argument("--crops", type=Path, help="CSV list, subjects being sites")
    parser.add_argument("--simulated", type=Path, nargs="*", help="of facepad simulate")
    parser.add_argument("--judge", action="store_true", help="open what may only judge")
    parser.add_argument("--fixed-scene", action="store_true")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _nuaa(bench: Bench, arguments: argparse.Namespace) -> None:
    every = tuple(Nuaa(arguments.nuaa).samples())
    dev = [sample for sample in every if sample.split is Split.DEV and sample.is_bona_fide]
    judged = protocol.subject_disjoint(every)
    if not arguments.judge:
        judged = tuple(sample for sample in every if sample.split is Split.TRAIN)[::3]
    for views, case in bench.cases([*dev, *judged]):
        may = np.array([sample.split is Split.DEV for sample in case.samples])
        if may.sum() < max(COUNTS) or case.bona_fide[~may].all():
            continue
        for count in COUNTS:
            drawn = (_drawn(case, np.flatnonzero(may), count, draw) for draw in range(DRAWS))
            rest = np.flatnonzero(~may)
            found = [bench.errors(case, rows, rest, views, PEOPLE) for rows in drawn]
            _told(f"NUAA ({views}), {count} frames", found)


def _sites(bench: Bench, arguments: argparse.Namespace) -> None:
    part = Split.TEST if arguments.judge else Split.DEV
    samples = [sample for sample in CsvList(arguments.crops).samples() if sample.split is part]
    for views, case in bench.cases(samples):
        for site in sorted(set(case.people.tolist())):
            rows = np.flatnonzero(case.people == site)
            own = rows[case.bona_fide[rows]]
            for count in COUNTS:
                if len(own) < count + 2 or len(own) == len(rows):
                    continue
                found = []
                for draw in range(DRAWS):
                    frames = np.random.default_rng(draw).choice(own, count, replace=False)
                    rest = np.setdiff1d(rows, frames)
                    found.append(bench.errors(case, frames, rest, views, PERSON))
                _told(f"{site} ({views}), {count} frames", found)


def _cameras(bench: Bench, arguments: argparse.Namespace) -> None:
    for views, case in bench.cases(simulated_samples(arguments.simulated)):
        groups = np.array([sample.attributes.get("camera", "") for sample in case.samples])
        print(f"{len(set(groups))} cameras, {len(set(case.people))} people")
        for count in COUNTS:
            episodes = list(_episodes(case, groups, count))
            found = [bench.errors(case, rows, rest, views, PEOPLE) for rows, rest in episodes]
            if found:
                _told(f"simulated ({views}), {count} frames", found)


def _episodes(case: Case, groups: NDArray[np.str_], count: int) -> Iterator[tuple[Rows, Rows]]:
    for camera in sorted(set(groups.tolist())):
        rows = np.flatnonzero(groups == camera)
        own = rows[case.bona_fide[rows]]
        people = sorted(set(case.people[own].tolist()))
        if len(people) < count + 2:
            continue
        for draw in range(DRAWS):
            rng = np.random.default_rng(draw)
            chosen = rng.permutation(people)[:count]
            frames = np.array([rng.choice(own[case.people[own] == who]) for who in chosen])
            rest = rows[~np.isin(case.people[rows], chosen)]
            if len(set(case.bona_fide[rest].tolist())) == 2:
                yield frames, rest


def _drawn(case: Case, rows: Rows, count: int, draw: int) -> Rows:
    """Frames of all people in turn, as somebody would take them."""
    rng = np.random.default_rng(draw)
    people = sorted(set(case.people[rows].tolist()))
    shares = [(count + len(people) - 1 - place) // len(people) for place in range(len(people))]
    chosen = [
        rng.choice(rows[case.people[rows] == who], share, replace=False)
        for who, share in zip(people, shares, strict=True)
    ]
    return np.concatenate(chosen)


def _told(name: str, found: Sequence[Errors]) -> None:
    mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
    points = ", ".join(
        f"{point} {100 * mean[f'BPCER {point}']:.1f} / {100 * mean[f'APCER {point}']:.1f} %"
        for point in TARGETS
    )
    half = [50.0 * (one["BPCER balanced"] + one["APCER balanced"]) for one in found]
    low, high = np.quantile(half, (0.05, 0.95))
    print(
        f"  {name:>34}: AUC {mean['AUC']:.3f}, {points}; HTER {np.mean(half):.1f} % "
        f"({low:.1f} to {high:.1f})"
    )


if __name__ == "__main__":
    main()
