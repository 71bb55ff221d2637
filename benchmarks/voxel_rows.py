"""How other tests rank the very pictures that a training of the voxel test is judged on.

    python benchmarks/voxel_rows.py --simulated DIR --leave-out print --tests face_cnn

Prints for each set of `facepad train voxel` with these options the AUC of each test, its 95 %
interval by bootstrap over people, and the AUC of each species. A test without a score for a
picture leaves it out.
"""

import argparse
from pathlib import Path

from facepad.evaluation.ranking import area_under_curve
from facepad.evaluation.resampling import ranking_intervals
from facepad.evaluation.table import from_samples
from facepad.scoring.table import presentation_columns
from facepad.scoring.workers import CheckerSpec, score_presentations
from facepad.training.face.sources import FaceSources
from facepad.training.voxel.sources import VoxelSources
from facepad.types import Reason, Score


def main() -> None:
    """Score the sets and print them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--simulated", type=Path, action="append", required=True)
    parser.add_argument("--leave-out", default="")
    parser.add_argument("--tests", nargs="+", default=["face_cnn"])
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    left_out = tuple(name for name in given.leave_out.split(",") if name)
    nothing = FaceSources((), "", None, None, None)
    listed = VoxelSources(tuple(given.simulated), left_out, nothing).listed(test=False)
    spec = CheckerSpec.of(given.tests, (), None)
    columns = presentation_columns(spec.tests)
    for part in (listed.held_out, *listed.left_out):
        samples = list(part.samples)
        rows = [
            dict(zip(columns, found, strict=True))
            for found in score_presentations(spec, samples, given.workers)
        ]
        for test in given.tests:
            scores = [row[f"{test}_score"] for row in rows]
            table = from_samples(
                samples,
                [Score(float(one)) if one else Score(None, Reason.NO_FACE) for one in scores],
            )
            interval = ranking_intervals(table).intervals["auc"]
            species = ", ".join(
                f"{name} "
                f"{area_under_curve(table.keep(table.bona_fide | table.of_species(name))):.3f}"
                for name in table.species
            )
            print(
                f"{part.name}, {test}: AUC {area_under_curve(table):.3f} [{interval.low:.3f}, "
                f"{interval.high:.3f}] ({species}); {sum(not one for one in scores)} of "
                f"{len(samples)} without a score"
            )


if __name__ == "__main__":
    main()
