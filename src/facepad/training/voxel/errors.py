"""Operating points and error rates of the voxel test, with intervals of the AUC."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facepad.evaluation.ranking import area_under_curve
from facepad.evaluation.rates import Rates, rates_at
from facepad.evaluation.resampling import ranking_intervals
from facepad.evaluation.table import ScoreTable, from_samples
from facepad.liveness.voxel.decision import BALANCED, VoxelDecision
from facepad.scores import AffineScaling, sigmoid
from facepad.training.run import percent
from facepad.training.scaling import Column, Vector, bounds_at_worst
from facepad.training.voxel.volumes import VoxelSet
from facepad.types import OperatingPoint, Score

_VIEWS = "face"


@dataclass(frozen=True, slots=True)
class VoxelErrors:
    """Error rates on one set.

    Attributes:
        name: Name of the set.
        without_face: Number of pictures without a usable face.
        rates: At the balanced operating point: what is not accepted, and attacks that are.
        auc: Area under the ROC curve over all pictures.
        low: Lower end of its 95 % interval, by bootstrap over people; NaN where there is none.
        high: Upper end.
        by_species: AUC of bona fide against each species of attack.
    """

    name: str
    without_face: int
    rates: Rates
    auc: float
    low: float
    high: float
    by_species: dict[str, float]

    def lines(self) -> list[str]:
        """Return the lines of the report."""
        rates = self.rates
        species = ", ".join(f"{name} {value:.3f}" for name, value in self.by_species.items())
        return [
            f"{self.name}: {rates.bona_fide.presentations} bona fide of "
            f"{rates.bona_fide.subjects} subjects, {rates.attack.presentations} attacks of "
            f"{rates.attack.subjects}; {self.without_face} without a face",
            f"  AUC {self.auc:.3f} [{self.low:.3f}, {self.high:.3f}] ({species}); at the balanced "
            f"point APCER {percent(rates.apcer_worst)} (worst species), BPCER "
            f"{percent(rates.bpcer)}",
        ]


def errors_on(
    name: str, table: ScoreTable, without_face: int, point: OperatingPoint
) -> VoxelErrors:
    """Return the error rates on one set.

    Args:
        name: Name of the set.
        table: Its scores and labels; both classes occur.
        without_face: Number of pictures that were left out.
        point: The balanced operating point.

    Raises:
        InputError: A class has no picture.
    """
    interval = ranking_intervals(table).intervals["auc"]
    by_species = {
        species: area_under_curve(table.keep(table.bona_fide | table.of_species(species)))
        for species in table.species
    }
    return VoxelErrors(
        name,
        without_face,
        rates_at(table, OperatingPoint.at(point.high)),
        area_under_curve(table),
        interval.low,
        interval.high,
        by_species,
    )


def columns_of(part: VoxelSet, raw: Vector) -> list[Column]:
    """Return the raw logits of a set by source."""
    sources = np.array([sample.session or "" for sample in part.samples])
    own = part.bona_fide
    return [
        Column(_VIEWS, raw[own & (sources == name)], raw[~own & (sources == name)])
        for name in sorted(set(sources.tolist()))
    ]


def points_of(columns: Sequence[Column], scaling: AffineScaling) -> dict[str, OperatingPoint]:
    """Return the operating points in scores that hold at the worst column.

    Raises:
        DatasetError: Too few pictures of a class.
    """
    bounds = bounds_at_worst(columns, (_VIEWS,))[_VIEWS]
    return {
        name: OperatingPoint(name, *(sigmoid(scaling.apply(raw)) for raw in (high, low, high)))
        for name, (low, high) in bounds.items()
    }


def errors_of(
    sets: Sequence[VoxelSet], logits: Sequence[Vector], decision: VoxelDecision
) -> list[VoxelErrors]:
    """Return the error rates on each set, from its raw logits."""
    found = []
    for part, raw in zip(sets, logits, strict=True):
        scores = [Score(sigmoid(decision.scaling.apply(float(one)))) for one in raw]
        table = from_samples(list(part.samples), scores)
        found.append(errors_on(part.name, table, part.without_face, decision.points[BALANCED]))
    return found
