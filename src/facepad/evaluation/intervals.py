"""Confidence intervals of rates, over subjects and never over frames.

Frames of one person are near duplicates, so people are drawn with replacement, each with
all their presentations, in the bona fide class and among attacks separately.

References:
    Bolle, Ratha, Pankanti (2004), doi:10.1016/j.cviu.2003.08.002 (subsets bootstrap);
    Hesterberg (2015), doi:10.1080/00031305.2015.1089789 (percentiles widened for few
    subjects); Clopper, Pearson (1934), doi:10.1093/biomet/26.4.404; Korn, Graubard (1998),
    Survey Methodology 24(2) (the same at an effective number of trials); Zou, Donner
    (2008), doi:10.1002/sim.3095 (interval of a sum).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from facepad.errors import InputError
from facepad.evaluation.rates import Rates, Reading, outcomes, rates_at, share
from facepad.evaluation.table import Flags, Floats, ScoreTable
from facepad.types import OperatingPoint

MIN_SUBJECTS = 10  # a class with fewer gives no more than an indication
LEVEL = 0.95
REPEATS = 2000  # another seed moves an end by about 2 % of the width
AT_ONCE = 2_000_000  # numbers in memory while resampling


@dataclass(frozen=True, slots=True)
class Interval:
    """Two-sided confidence interval.

    Attributes:
        low: Lower end; NaN when the data cannot tell.
        high: Upper end; NaN when the data cannot tell.
        level: Share of repetitions of the study whose interval holds the true value.
        method: "bootstrap", "exact" (nothing or everything failed), "sum" (of two), "none".
        subjects: People it rests on, in the smaller class.
    """

    low: float
    high: float
    level: float
    method: str
    subjects: int

    @property
    def indicative(self) -> bool:
        """Whether there are too few subjects, or no variance."""
        return self.subjects < MIN_SUBJECTS or not self.low < self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class RateIntervals:
    """Intervals of the errors in `rates.Rates`, under the same names."""

    apcer: Mapping[str, Interval]
    apcer_worst: Interval
    bpcer: Interval
    acer: Interval
    hter: Interval


def rate_intervals(
    table: ScoreTable,
    point: OperatingPoint,
    *,
    reading: Reading = Reading.ALL,
    level: float = LEVEL,
    repeats: int = REPEATS,
    seed: int = 0,
) -> RateIntervals:
    """Return intervals of the error rates at a fixed operating point.

    Args:
        table: As for `rates.rates_at`.
        point: The operating point.
        reading: What presentations without a decision count as.
        level: Confidence in (0, 1).
        repeats: Number of resamplings.
        seed: Random seed; equal seeds give equal intervals.
    """
    rates = rates_at(table, point, reading=reading)
    made = outcomes(table, point)
    counted = made.counted(reading)

    def of(flags: Flags, among: Flags) -> Interval:
        return share_interval(
            table, flags, among & counted, level=level, repeats=repeats, seed=seed
        )

    apcer = {name: of(made.accepted, table.of_species(name)) for name in table.species}
    bpcer = of(~made.accepted, table.bona_fide)
    pooled = of(made.accepted, table.attack)
    worst = _worst(rates, apcer, level)
    return RateIntervals(
        apcer=apcer,
        apcer_worst=worst,
        bpcer=bpcer,
        acer=_mean(worst, rates.apcer_worst, bpcer, rates.bpcer),
        hter=_mean(pooled, 2.0 * rates.hter - rates.bpcer, bpcer, rates.bpcer),
    )


def share_interval(
    table: ScoreTable,
    flags: Flags,
    among: Flags,
    *,
    level: float = LEVEL,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Interval:
    """Return the interval of a weighted share of rows, such as an error rate, over subjects.

    Where no row or every row is flagged, resampling shows no spread. The bound is then
    the exact one for the share of subjects with a flagged row, which is no smaller.
    Where failures are few, resampling is too narrow; the interval then reaches as far as
    the binomial one at the number of independent trials that the spread amounts to. No
    method helps where one person in fifty fails always and too few were seen to meet one.

    Args:
        table: Scores, labels and weights.
        flags: Rows that failed.
        among: Rows that are counted.
        level: Confidence in (0, 1).
        repeats: Number of resamplings.
        seed: Random seed; equal seeds give equal intervals.
    """
    rate = share(table, flags, among)
    subjects = table.subject_count(among)
    if subjects == 0:
        return Interval(float("nan"), float("nan"), level, "none", 0)
    if rate in (0.0, 1.0):
        low, high = clopper_pearson(int(rate) * subjects, subjects, level=level)
        return Interval(low, high, level, "exact", subjects)
    if subjects == 1:
        return Interval(0.0, 1.0, level, "none", 1)
    _, person = np.unique(table.people[among], return_inverse=True)
    weights = table.weights[among]
    whole = np.bincount(person, weights).astype(np.float64)
    failed = np.bincount(person, weights * flags[among]).astype(np.float64)
    drawn = percentiles(
        np.concatenate([(d @ failed) / (d @ whole) for d in draws(subjects, repeats, seed=seed)]),
        subjects,
        level,
    )
    low, high = _clustered_binomial(failed, whole, int(among.sum()), level)
    return replace(drawn, low=min(drawn.low, low), high=max(drawn.high, high))


def bootstrap(
    table: ScoreTable,
    statistic: Callable[[ScoreTable], float],
    *,
    level: float = LEVEL,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Interval:
    """Return the interval of any figure that is computed from a table with weights.

    Args:
        table: Scores, labels and weights.
        statistic: Any function of a table. The ranking figures have a quicker way, in
            `facepad.evaluation.resampling`.
        level: Confidence in (0, 1).
        repeats: Number of resamplings.
        seed: Random seed; equal seeds give equal intervals.
    """
    generator = np.random.default_rng(seed)
    classes = [rows for rows in (table.bona_fide, table.attack) if rows.any()]
    subjects = min(table.subject_count(rows) for rows in classes)
    if subjects < 2:
        return Interval(float("nan"), float("nan"), level, "none", subjects)
    people = [np.unique(table.people[rows], return_inverse=True)[1] for rows in classes]
    figures = np.empty(repeats)
    factors = np.empty(len(table.values))
    for turn in range(repeats):
        for rows, person in zip(classes, people, strict=True):
            factors[rows] = _draw(int(person.max()) + 1, 1, generator)[0][person]
        figures[turn] = statistic(table.times(factors))
    return percentiles(figures, subjects, level)


def clopper_pearson(failures: int, trials: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return exact two-sided binomial bounds of a share.

    Args:
        failures: Number of failures.
        trials: Number of trials; independent, so subjects and never frames.
        level: Confidence in (0, 1).

    Raises:
        InputError: Not 0 <= failures <= trials, no trials, or a level outside (0, 1).

    Example:
        >>> low, high = clopper_pearson(0, 30)
        >>> round(low, 4), round(high, 4)
        (0.0, 0.1157)
    """
    if not (0 <= failures <= trials and trials > 0 and 0.0 < level < 1.0):
        raise InputError(
            "needs 0 <= failures <= trials, trials > 0 and 0 < level < 1, got "
            f"{failures}, {trials} and {level}"
        )
    return _beta_bounds(float(failures), float(trials), level)


def _beta_bounds(failures: float, trials: float, level: float) -> tuple[float, float]:
    from scipy.special import betaincinv  # slow to import

    tail = (1.0 - level) / 2.0
    passed = trials - failures
    low = float(betaincinv(failures, passed + 1.0, tail)) if failures > 0.0 else 0.0
    high = float(betaincinv(failures + 1.0, passed, 1.0 - tail)) if passed > 0.0 else 1.0
    return low, high


def _clustered_binomial(
    failed: Floats, whole: Floats, rows: int, level: float
) -> tuple[float, float]:
    """Clopper-Pearson bounds at the number of trials that subjects' spread amounts to."""
    from scipy.special import ndtri, stdtrit  # slow to import

    subjects, tail = len(whole), (1.0 - level) / 2.0
    rate = float(failed.sum() / whole.sum())
    spread = float(np.sum((failed - rate * whole) ** 2) / whole.sum() ** 2)
    variance = spread * subjects / (subjects - 1)
    if variance <= rate * (1.0 - rate) / rows:  # no more than if frames were independent
        return _beta_bounds(rate * subjects, float(subjects), level)
    few = float((ndtri(tail) / stdtrit(subjects - 1, tail)) ** 2)
    trials = rate * (1.0 - rate) / variance * few
    return _beta_bounds(rate * trials, trials, level)


def draws(
    subjects: int, repeats: int, *, seed: int = 0, width: int | None = None
) -> Iterator[Floats]:
    """Yield how often each subject is drawn, in pieces of shape (some repeats, subjects).

    Args:
        subjects: Number of subjects, and of draws each time.
        repeats: Number of resamplings over all pieces.
        seed: Random seed; equal seeds give equal draws.
        width: Numbers that the caller makes of one resampling; sets the size of pieces.
    """
    generator = np.random.default_rng(seed)
    piece = max(1, AT_ONCE // max(subjects, width or 1))
    for begin in range(0, repeats, piece):
        yield _draw(subjects, min(piece, repeats - begin), generator)


def percentiles(figures: Floats, subjects: int, level: float = LEVEL) -> Interval:
    """Return the interval of figures of resampled data; NaN stands for a missing figure."""
    known = figures[~np.isnan(figures)]
    if not len(known):
        return Interval(float("nan"), float("nan"), level, "none", subjects)
    tail = tail_of(subjects, level)
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return Interval(float(low), float(high), level, "bootstrap", subjects)


def tail_of(subjects: int, level: float = LEVEL) -> float:
    """Return the share of resampled figures beyond each end of an interval."""
    from scipy.special import ndtr, stdtrit  # slow to import

    # Plain percentiles are too narrow by sqrt((n - 1) / n) and by normal for t.
    reach = stdtrit(subjects - 1, (1.0 - level) / 2.0) * np.sqrt(subjects / (subjects - 1))
    return float(ndtr(reach))


def _draw(subjects: int, repeats: int, generator: np.random.Generator) -> Floats:
    # Counting drawn names is many times quicker than numpy's multinomial, and the same.
    drawn = generator.integers(0, subjects, size=(repeats, subjects))
    drawn += subjects * np.arange(repeats)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=repeats * subjects)
    return counts.reshape(repeats, subjects).astype(np.float64)


def _worst(rates: Rates, apcer: Mapping[str, Interval], level: float) -> Interval:
    """The worst species is at least as bad as each, and no worse than the worst may be."""
    known = [apcer[name] for name, rate in rates.apcer.items() if not np.isnan(rate)]
    if not known:
        return Interval(float("nan"), float("nan"), level, "none", 0)
    least = min(known, key=lambda interval: interval.subjects)
    method = apcer[rates.worst_species].method if rates.worst_species else "none"
    low, high = max(i.low for i in known), max(i.high for i in known)
    return Interval(low, high, level, method, least.subjects)


def _mean(first: Interval, a: float, second: Interval, b: float) -> Interval:
    """Interval of (a + b) / 2 from the intervals of two rates of different people."""
    below = np.hypot(a - first.low, b - second.low)
    above = np.hypot(first.high - a, second.high - b)
    subjects = min(first.subjects, second.subjects)
    low, high = np.clip([(a + b - below) / 2.0, (a + b + above) / 2.0], 0.0, 1.0)
    return Interval(float(low), float(high), first.level, "sum", subjects)
