"""The plot of one system's scores against another's, with the line where their fusion decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facepad.evaluation.assessment import Assessment
from facepad.evaluation.report.plot_style import (
    Colours,
    dash,
    mark,
    safe_label,
    series,
    with_grid,
    with_legend,
    wrapped,
)
from facepad.evaluation.table import Flags, Floats
from facepad.scores import LOGIT_LIMIT, logit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DOTS = 1200  # per class
# Scores on axes of log-odds, the first ones first where there is no room for all.
TICKS = (
    *(0.5, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999, 0.0001, 0.9999),
    *(0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 0.05, 0.95, 0.45, 0.55),
)
MOST_TICKS = 8
REACH = 0.4  # log-odds beyond the outermost scores


@dataclass(frozen=True, slots=True, eq=False)
class FusionLine:
    """Where the fusion of two tests decides, over the scores of both.

    Attributes:
        first: Name of the test on the horizontal axis.
        second: Name of the test on the vertical axis.
        fusion: Name of the fusion.
        ratios: Log-odds of the scores of each test, rising, shape (N,).
        others: Names of the tests that decide with them, and are left out here.
        margins: Log-odds of the fused score above each bound of its operating point
            ("threshold", "low", "high"), shape (N, N): second test, first test. NaN where the
            fusion does not decide.
    """

    first: str
    second: str
    fusion: str
    others: tuple[str, ...]
    ratios: Floats
    margins: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two systems on the same presentations.

    Attributes:
        first: On the horizontal axis.
        second: On the vertical axis.
        line: Where their fusion decides; None for systems that are not fused.
    """

    first: Assessment
    second: Assessment
    line: FusionLine | None = None

    @property
    def in_log_odds(self) -> bool:
        """Whether the axes are of log-odds, where weighted sums of ratios have straight lines."""
        return self.first.ratios is not None and self.second.ratios is not None

    def places(self) -> Floats:
        """Return the position of each presentation, shape (rows, 2); NaN without a score."""
        values = [self.first.values, self._beside(self.second.values)]
        placed = np.stack(values, axis=1)
        return _log_odds(placed) if self.in_log_odds else placed

    def is_sure(self) -> Flags:
        """Return which presentations both systems decide by their score."""
        other = self._beside(self.second.table.decisive.astype(np.float64))
        return self.first.table.decisive & np.equal(other, 1.0)

    def _beside(self, values: Floats) -> Floats:
        """Return values of the second system in the order of the first; NaN where it has none."""
        rows = zip(self.second.rows, values, strict=True)
        by_key = {row.sample.key: value for row, value in rows}
        return np.array([by_key.get(row.sample.key, np.nan) for row in self.first.rows])


def pairs_of(found: Sequence[Assessment], lines: Sequence[FusionLine]) -> list[ScoredPair]:
    """Return the pairs of systems to draw: those of the lines, or else the first two systems.

    Args:
        found: Assessments of one part that have both classes.
        lines: Where the fusion of two of them decides.
    """
    by_name = {one.system: one for one in found}
    pairs = [
        ScoredPair(by_name[line.first], by_name[line.second], line)
        for line in lines
        if line.first in by_name and line.second in by_name
    ]
    return pairs or ([ScoredPair(found[0], found[1])] if len(found) > 1 else [])


def caption_of(pair: ScoredPair) -> str:
    """Return what the plot shows, and what to keep in mind."""
    first, second = safe_label(pair.first.system), safe_label(pair.second.system)
    scale = " Axes: scores, in even steps of log-odds." if pair.in_log_odds else ""
    caption = (
        f"Each mark is one presentation that both {first} and {second} scored, at most "
        f"{MOST_DOTS:,} a class, drawn at random; hollow where one of them must not decide."
        f"{scale} Dashed lines: the first threshold of each."
    )
    if pair.line is None:
        return f"{caption} Systems that fail on different presentations are worth combining."
    others = (
        f" It leaves out {safe_label(', '.join(pair.line.others))}." if pair.line.others else ""
    )
    return (
        f"{caption} Solid line: the fusion ({safe_label(pair.line.fusion)}) of both is at its "
        f"threshold, and accepts above and to the right; thin lines: the ends of the band of "
        f"uncertain scores.{others} Where one test abstains, the line does not hold."
    )


def scatter(axes: "Axes", colours: Colours, pair: ScoredPair, kinds: Mapping[str, Flags]) -> None:
    """Draw one system's score against another's, where both have one.

    Args:
        axes: What to draw on.
        colours: Colour by name.
        pair: The systems.
        kinds: Rows of the first system by class; bona fide is the first.
    """
    places, sure = pair.places(), pair.is_sure()
    draw = np.random.default_rng(0)
    for index, (name, rows) in enumerate(kinds.items()):
        here = np.flatnonzero(rows & ~np.isnan(places).any(axis=1))
        some = here if len(here) <= MOST_DOTS else draw.choice(here, MOST_DOTS, replace=False)
        colour = colours[series(index)]
        for rows_drawn, face in ((some[~sure[some]], "none"), (some[sure[some]], colour)):
            axes.plot(
                *places[rows_drawn].T,
                mark(index),
                markerfacecolor=face,
                markeredgecolor=colour,
                markersize=3.4,
                alpha=0.5,
                markeredgewidth=0.6 if face == "none" else 0.0,
                label="_" if face == "none" else safe_label(name),
            )
    for one, line in ((pair.first, axes.axvline), (pair.second, axes.axhline)):
        for point in one.points[:1]:
            at = logit(point.threshold) if pair.in_log_odds else point.threshold
            line(at, color=colours["ink"], linewidth=1.0, linestyle=dash(1))
    if pair.in_log_odds:
        firsts = [[logit(p.threshold) for p in one.points[:1]] for one in (pair.first, pair.second)]
        _with_scores(axes, places, firsts)
    if pair.line is not None:
        _with_line(axes, colours, pair.line)
    axes.set(
        xlabel=wrapped(f"score of {safe_label(pair.first.system)}"),
        ylabel=wrapped(f"score of {safe_label(pair.second.system)}"),
    )
    axes.set_box_aspect(1.0)
    with_grid(axes, colours)
    with_legend(axes, [safe_label(name) for name in kinds])


def _with_scores(axes: "Axes", places: Floats, thresholds: Sequence[Sequence[float]]) -> None:
    """Name the scores on axes of log-odds that hold all scores and both thresholds."""
    for values, bounds, limits, ticks in (
        (places[:, 0], thresholds[0], axes.set_xlim, axes.set_xticks),
        (places[:, 1], thresholds[1], axes.set_ylim, axes.set_yticks),
    ):
        held = np.array([*values[~np.isnan(values)], *bounds, 0.0])
        low, high = float(held.min()) - REACH, float(held.max()) + REACH
        shown: list[float] = []
        for tick in TICKS:
            far = [abs(logit(tick) - logit(other)) * MOST_TICKS >= high - low for other in shown]
            if low <= logit(tick) <= high and all(far):
                shown.append(tick)
        ticks([logit(tick) for tick in shown], [f"{tick:g}" for tick in shown])
        limits(low, high)


def _with_line(axes: "Axes", colours: Colours, line: FusionLine) -> None:
    threshold = line.margins["threshold"]
    for name, width in (("low", 0.7), ("high", 0.7), ("threshold", 1.8)):
        margin = line.margins[name]
        if name != "threshold" and np.array_equal(margin, threshold, equal_nan=True):
            continue  # no band
        if np.isnan(margin).all() or not np.nanmin(margin) < 0.0 < np.nanmax(margin):
            continue  # one outcome for all scores
        grid = (line.ratios, line.ratios, np.ma.masked_invalid(margin))
        axes.contour(*grid, levels=[0.0], colors=[colours["ink"]], linewidths=[width])


def _log_odds(values: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        ratios: Floats = np.log(values) - np.log1p(-values)
    return np.clip(ratios, -LOGIT_LIMIT, LOGIT_LIMIT)
