"""Differences between systems on the same presentations, with paired intervals.

People are drawn once for both systems, so that what is hard for both cancels out. An interval
of a difference is therefore narrower than the intervals of the two figures suggest.

Reference: Bolle, Ratha, Pankanti (2004), doi:10.1016/j.cviu.2003.08.002 (subsets bootstrap).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from facepad.evaluation.assessment import Assessment, AtPoint, Sampling
from facepad.evaluation.intervals import MIN_SUBJECTS, Interval, draws, percentiles
from facepad.evaluation.resampling import people_of, resampled_figures
from facepad.evaluation.table import Codes, Flags, Floats, ScoreTable

RATES = ("apcer_worst", "bpcer", "hter")


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of a system minus that of the reference system.

    Attributes:
        value: The difference; NaN where a figure is not known.
        interval: Paired interval over subjects.
    """

    value: float
    interval: Interval

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0, with enough people to trust it."""
        leaves_out = self.interval.low > 0.0 or self.interval.high < 0.0
        return leaves_out and self.interval.subjects >= MIN_SUBJECTS


@dataclass(frozen=True, slots=True)
class PointDifferences:
    """Differences of error rates, each system at an operating point of its own.

    Attributes:
        point: Name and origin of the system's operating point.
        reference_point: Name and origin of the reference system's.
        rates: "apcer_worst", "bpcer" and "hter"; every presentation counted.
    """

    point: str
    reference_point: str
    rates: Mapping[str, Difference]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifferences:
    """A system minus the reference system, on the same presentations.

    Attributes:
        system: Name of the system.
        reference: Name of the reference system, the first of the part.
        part: Name of the split.
        ranking: Differences of "auc" and "eer"; empty where one has no ranking.
        points: Differences at operating points of the same origin, or else at the first ones.
    """

    system: str
    reference: str
    part: str
    ranking: Mapping[str, Difference]
    points: tuple[PointDifferences, ...]


def paired_differences(
    found: Sequence[Assessment],
    sampling: Sampling,
    advance: Callable[[], None] = lambda: None,
) -> tuple[PairedDifferences, ...]:
    """Return the differences of each system from the first system of the same part.

    Args:
        found: Assessments; those of a part come in the order of the report.
        sampling: How intervals are made.
        advance: Called after each of `pair_count` pairs.
    """
    made = []
    for reference, others in _pairs(found):
        drawn = _Drawn(reference, sampling)
        for other in others:
            made.append(_between(_Drawn(other, sampling), drawn))
            advance()
    return tuple(made)


def pair_count(found: Sequence[Assessment]) -> int:
    """Return the number of pairs that `paired_differences` compares."""
    return sum(len(others) for _, others in _pairs(found))


def _pairs(found: Sequence[Assessment]) -> list[tuple[Assessment, list[Assessment]]]:
    """Return the first system of each part, and the others of the same presentations.

    Tests that only add to others are left out: they judge some of the presentations only.
    """
    pairs = []
    deciding = [one for one in found if one.added is None]
    for part in dict.fromkeys(one.part for one in deciding):
        first, *others = [one for one in deciding if one.part == part]
        alike = [other for other in others if _keys(other) == _keys(first)]
        if alike:
            pairs.append((first, alike))
    return pairs


def _keys(one: Assessment) -> list[str]:
    return [row.presentation or row.sample.key for row in one.rows]


class _Drawn:
    """The figures of one system for each resampling of its people; made when asked for."""

    def __init__(self, one: Assessment, sampling: Sampling) -> None:
        self.one, self.sampling = one, sampling
        classes = people_of(one.table)
        self.people = classes
        self.subjects = min(map(len, classes))
        self._ranking: Mapping[str, Floats] | None = None
        self._rates: dict[int, Mapping[str, Floats]] = {}

    def ranking(self) -> Mapping[str, Floats]:
        """AUC and EER of each resampling."""
        if self._ranking is None:
            how = self.sampling
            self._ranking = resampled_figures(self.one.table, repeats=how.repeats, seed=how.seed)
        return self._ranking

    def rates(self, number: int) -> Mapping[str, Floats]:
        """Error rates of each resampling at one of the operating points."""
        if number not in self._rates:
            self._rates[number] = self._rates_at(self.one.points[number])
        return self._rates[number]

    def _rates_at(self, point: AtPoint) -> Mapping[str, Floats]:
        table, accepted, how = self.one.table, point.outcomes.accepted, self.sampling
        good, bad = self.people
        bpcer = self._shares(good, table.bona_fide, ~accepted, how.seed)
        pooled = self._shares(bad, table.attack, accepted, how.seed + 1)
        species = [
            self._shares(bad, table.of_species(name), accepted, how.seed + 1)
            for name in table.species
        ]
        worst = np.fmax.reduce(species) if species else pooled
        return {"apcer_worst": worst, "bpcer": bpcer, "hter": (pooled + bpcer) / 2.0}

    def _shares(self, people: Codes, among: Flags, flags: Flags, seed: int) -> Floats:
        if not len(people):
            return np.full(self.sampling.repeats, np.nan)
        whole, failed = _sums(self.one.table, people, among, flags)
        with np.errstate(invalid="ignore"):  # nobody of a species may be drawn
            return np.concatenate([
                (drawn @ failed) / (drawn @ whole)
                for drawn in draws(len(people), self.sampling.repeats, seed=seed)
            ])  # fmt: skip


def _sums(table: ScoreTable, people: Codes, among: Flags, flags: Flags) -> tuple[Floats, Floats]:
    """Return the weight of each person's rows, and of those that are flagged."""
    person, weights = np.searchsorted(people, table.people[among]), table.weights[among]
    whole, failed = (
        np.bincount(person, weights * factor, minlength=len(people)).astype(np.float64)
        for factor in (1.0, flags[among])
    )
    return whole, failed


def _between(one: _Drawn, reference: _Drawn) -> PairedDifferences:
    first, second = one.one, reference.one
    ranking = {}
    if first.ranking is not None and second.ranking is not None:
        drawn, beside = one.ranking(), reference.ranking()
        for name, figures in drawn.items():
            value = getattr(first.ranking, name) - getattr(second.ranking, name)
            ranking[name] = _difference(one, value, figures - beside[name])
    return PairedDifferences(
        system=first.system,
        reference=second.system,
        part=first.part,
        ranking=ranking,
        points=tuple(
            _at_points(one, reference, numbers)
            for numbers in _same_points(first.points, second.points)
        ),
    )


def _at_points(one: _Drawn, reference: _Drawn, numbers: tuple[int, int]) -> PointDifferences:
    point, other = one.one.points[numbers[0]], reference.one.points[numbers[1]]
    drawn, beside = one.rates(numbers[0]), reference.rates(numbers[1])
    rates = {name: getattr(point.rates, name) - getattr(other.rates, name) for name in RATES}
    return PointDifferences(
        f"{point.name}, {point.origin}",
        f"{other.name}, {other.origin}",
        {n: _difference(one, value, drawn[n] - beside[n]) for n, value in rates.items()},
    )


def _same_points(first: Sequence[AtPoint], second: Sequence[AtPoint]) -> Sequence[tuple[int, int]]:
    """Return numbers of points of the same origin; those of the first two where there are none."""
    origins = [point.origin for point in second]
    pairs = [
        (number, origins.index(point.origin))
        for number, point in enumerate(first)
        if point.origin in origins
    ]
    return pairs or ([(0, 0)] if first and second else [])


def _difference(one: _Drawn, value: float, drawn: Floats) -> Difference:
    level = one.sampling.level
    if one.subjects < 2 or np.isnan(value):
        nothing = Interval(float("nan"), float("nan"), level, "none", one.subjects)
        return Difference(value, nothing)
    return Difference(value, percentiles(drawn, one.subjects, level))
