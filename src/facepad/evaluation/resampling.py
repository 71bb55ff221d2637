"""Intervals of ranking figures and error curves: bootstrap over subjects, all figures at once.

Each person's scores are counted below every threshold once; a resampling is then a weighted
sum over people, so that thousands of them cost one matrix product.

Reference: as `facepad.evaluation.intervals`; bands of curves at a fixed APCER ("vertical
averaging") as in Fawcett (2006), doi:10.1016/j.patrec.2005.10.010.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from facepad.evaluation.intervals import LEVEL, REPEATS, Interval, draws, percentiles, tail_of
from facepad.evaluation.ranking import ROUNDING, Curve, curve, require_both_classes
from facepad.evaluation.table import Codes, Flags, Floats, ScoreTable

MOST_CELLS = 4_000_000  # people times thresholds; above it thresholds are thinned out
FEWEST_CUTS = 512
FIGURES = ("auc", "eer", "bpcer10", "bpcer20", "bpcer100")
LIMITS: Mapping[str, float] = {"bpcer10": 0.10, "bpcer20": 0.05, "bpcer100": 0.01}
# APCER in even steps on the normal scale that DET plots use, 0.1 % to 99.9 %.
GRID_STEPS, GRID_END = 125, 3.09


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """BPCER over APCER (all species together), with a band in which it lies at each APCER.

    Attributes:
        apcer: Rising, in (0, 1).
        bpcer: At the lowest threshold with at most this APCER.
        low: Lower edge; NaN when the data cannot tell.
        high: Upper edge; NaN when the data cannot tell.
        level: Confidence at each APCER, not over all of them at once.
        subjects: People in the smaller class.
    """

    apcer: Floats
    bpcer: Floats
    low: Floats
    high: Floats
    level: float
    subjects: int


@dataclass(frozen=True, slots=True, eq=False)
class RankingIntervals:
    """Intervals of the figures of `ranking.Ranking` by name, and the band of the curve."""

    intervals: Mapping[str, Interval]
    band: Band


def ranking_intervals(
    table: ScoreTable, *, level: float = LEVEL, repeats: int = REPEATS, seed: int = 0
) -> RankingIntervals:
    """Return intervals of AUC, EER and BPCER at fixed APCER, and the band of the curve.

    Args:
        table: Scores and labels; rows without a score are left out, as in `ranking.rank`.
        level: Confidence in (0, 1).
        repeats: Number of resamplings.
        seed: Random seed; equal seeds give equal intervals.

    Raises:
        InputError: No bona fide or no attack has a score.
    """
    scored = table.keep(table.answered)
    require_both_classes(scored)
    grid, at_grid = _grid(), _on_grid(curve(scored))
    subjects = min(scored.subject_count(rows) for rows in (scored.bona_fide, scored.attack))
    if subjects < 2:
        nothing = Interval(float("nan"), float("nan"), level, "none", subjects)
        edges = np.full(len(grid), np.nan)
        band = Band(grid, at_grid, edges, edges, level, subjects)
        return RankingIntervals(dict.fromkeys(FIGURES, nothing), band)
    names = people_of(scored)
    pieces = list(_resampled(scored, names, repeats, seed))
    intervals = {
        name: percentiles(np.concatenate([p[name] for p in pieces]), subjects, level)
        for name in FIGURES
    }
    tail = tail_of(subjects, level)
    low, high = np.quantile(np.concatenate([p["grid"] for p in pieces]), [tail, 1.0 - tail], axis=0)
    return RankingIntervals(intervals, Band(grid, at_grid, low, high, level, subjects))


def resampled_figures(
    table: ScoreTable, *, repeats: int = REPEATS, seed: int = 0
) -> Mapping[str, Floats]:
    """Return AUC and EER of each resampling of a table's people, each of shape (repeats,).

    Tables of the same presentations with other scores get the same people for equal seeds.

    Args:
        table: Scores and labels; people without a score are drawn, too.
        repeats: Number of resamplings.
        seed: Random seed.

    Raises:
        InputError: No bona fide or no attack has a score.
    """
    scored = table.keep(table.answered)
    require_both_classes(scored)
    pieces = list(_resampled(scored, people_of(table), repeats, seed, grid=False))
    return {name: np.concatenate([p[name] for p in pieces]) for name in ("auc", "eer")}


def people_of(table: ScoreTable) -> tuple[Codes, Codes]:
    """Return the people of the bona fide class and those of the attacks, in rising order."""
    return np.unique(table.people[table.bona_fide]), np.unique(table.people[table.attack])


def _grid() -> Floats:
    from scipy.special import ndtr  # slow to import

    grid: Floats = ndtr(np.linspace(-GRID_END, GRID_END, GRID_STEPS))
    return grid


def _on_grid(errors: Curve) -> Floats:
    return _at_apcer(errors.bpcer[None], errors.apcer_pooled[None], _grid()).ravel()


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """Weight of each person's scores below each threshold, and of all of them."""

    below: Floats
    whole: Floats

    def share_below(self, drawn: Floats) -> Floats:
        """Return shares below the thresholds, shape (repeats, thresholds); NaN without people."""
        whole = (drawn @ self.whole)[:, None]
        with np.errstate(invalid="ignore"):
            share: Floats = (drawn @ self.below) / whole
        return share


def _resampled(
    scored: ScoreTable, names: tuple[Codes, Codes], repeats: int, seed: int, *, grid: bool = True
) -> Iterator[dict[str, Floats]]:
    """Every figure of every resampling, and BPCER on the grid, in pieces."""
    cuts = _cuts(scored)
    good = _people(scored, names[0], scored.bona_fide, cuts)
    bad = _people(scored, names[1], scored.attack, cuts)
    kinds = [_people(scored, names[1], scored.of_species(name), cuts) for name in scored.species]
    width = len(cuts) * (2 + len(kinds))
    many = max(len(good.whole), len(bad.whole), width)
    pairs = zip(
        draws(len(good.whole), repeats, seed=seed, width=many),
        draws(len(bad.whole), repeats, seed=seed + 1, width=many),
        strict=True,
    )
    for drawn_good, drawn_bad in pairs:
        bpcer, apcer = good.share_below(drawn_good), 1.0 - bad.share_below(drawn_bad)
        worst = apcer
        if len(kinds) > 1:
            each = (1.0 - kind.share_below(drawn_bad) for kind in kinds)
            worst = np.fmax.reduce(list(each))  # a species nobody was drawn of does not count
        yield {
            "auc": _area(bpcer, apcer),
            "eer": _equal(bpcer, apcer),
            **({"grid": _at_apcer(bpcer, apcer, _grid())} if grid else {}),
            **{name: _first(bpcer, worst <= limit + ROUNDING) for name, limit in LIMITS.items()},
        }


def _people(scored: ScoreTable, names: Codes, rows: Flags, cuts: Floats) -> _People:
    person = np.searchsorted(names, scored.people[rows])
    place = np.searchsorted(cuts, scored.values[rows], side="right")
    cells = person * (len(cuts) + 1) + place
    size = len(names) * (len(cuts) + 1)
    weights = np.bincount(cells, scored.weights[rows], minlength=size).astype(np.float64)
    sums = np.cumsum(weights.reshape(len(names), -1), axis=1)
    return _People(np.ascontiguousarray(sums[:, :-1]), sums[:, -1].copy())


def _cuts(scored: ScoreTable) -> Floats:
    """Thresholds that tell scores apart; with very many people, evenly thinned per class."""
    people = max(scored.subject_count(scored.bona_fide), scored.subject_count(scored.attack))
    most = max(FEWEST_CUTS, MOST_CELLS // people)
    distinct = np.unique(scored.values)
    if len(distinct) > most:
        classes = (np.unique(scored.values[rows]) for rows in (scored.bona_fide, scored.attack))
        distinct = np.unique(np.concatenate([_thinned(values, most // 2) for values in classes]))
    return np.concatenate([distinct, [np.inf]])  # at or above a cut is accepted


def _thinned(values: Floats, most: int) -> Floats:
    if len(values) <= most:
        return values
    return values[np.linspace(0, len(values) - 1, most).round().astype(np.intp)]


def _area(bpcer: Floats, apcer: Floats) -> Floats:
    accepted = 1.0 - bpcer
    steps = apcer[:, :-1] - apcer[:, 1:]
    area: Floats = np.sum(steps * (accepted[:, :-1] + accepted[:, 1:]), axis=1) / 2.0
    return area


def _equal(bpcer: Floats, apcer: Floats) -> Floats:
    """As `ranking.Curve.equal_error_rate`, for each resampling."""
    gap = bpcer - apcer
    after = np.argmax(gap > 0.0, axis=1)[:, None]
    before = after - 1
    gap_before = np.take_along_axis(gap, before, 1)
    way = -gap_before / (np.take_along_axis(gap, after, 1) - gap_before)
    low, high = np.take_along_axis(bpcer, before, 1), np.take_along_axis(bpcer, after, 1)
    equal: Floats = (low + way * (high - low))[:, 0]
    return equal


def _first(bpcer: Floats, allowed: Flags) -> Floats:
    """BPCER at the lowest threshold that is allowed; the last one always is."""
    return np.take_along_axis(bpcer, np.argmax(allowed, axis=1)[:, None], 1)[:, 0]


def _at_apcer(bpcer: Floats, apcer: Floats, grid: Floats) -> Floats:
    """BPCER at the lowest threshold with at most each APCER, shape (repeats, grid)."""
    found = [
        row[np.searchsorted(-falling, -(grid + ROUNDING))]
        for row, falling in zip(bpcer, apcer, strict=True)
    ]
    return np.stack(found)
