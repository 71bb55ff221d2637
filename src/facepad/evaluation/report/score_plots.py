"""Plots of the scores themselves: histograms by class, and one test against another."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from facepad.evaluation.assessment import Assessment
from facepad.evaluation.choices import Higher
from facepad.evaluation.report.palette import series, shown
from facepad.evaluation.report.plot_style import Colours, dash, mark, with_grid, with_legend
from facepad.evaluation.table import Flags, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = (12, 48)  # fewest and most
TAIL = 0.2  # % of scores at each end that the outermost bins hold
MOST_DOTS = 1200  # of a scatter, per class


def classes(one: Assessment) -> list[tuple[str, Flags]]:
    """Bona fide and each PAI species, with their rows."""
    found = [(name, one.table.of_species(name)) for name in one.table.species]
    return [("bona fide", one.table.bona_fide), *found]


def histogram(all_axes: Sequence["Axes"], colours: Colours, one: Assessment) -> None:
    """Scores on the system's own scale: a panel for bona fide, and one per PAI species."""
    values = _values(one)
    low, high = _range(values, [point.threshold for point in one.points])
    edges = np.linspace(low, high, _bins(one) + 1)
    for index, (axes, (name, rows)) in enumerate(zip(all_axes, classes(one), strict=True)):
        _bars(axes, colours[series(index)], values[rows & one.table.answered], edges)
        title = f"{shown(name)}, {int((rows & one.table.answered).sum()):,}"
        axes.set_title(title, loc="left", color=colours[series(index)])
        for number, point in enumerate(one.points):
            axes.axvline(
                point.threshold, color=colours["ink"], linewidth=1.0, linestyle=dash(number + 1)
            )
        axes.grid(visible=True, axis="y", color=colours["line"], linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_ylabel("%")
    side = "bona fide" if one.scale.higher_is is Higher.BONA_FIDE else "attack"
    all_axes[-1].set_xlabel(f"score of {shown(one.system)}; higher speaks for {side}")


def scatter(axes: "Axes", colours: Colours, pair: tuple[Assessment, Assessment]) -> None:
    """One system's score against another's, where both gave one."""
    first, second = pair
    places, kinds = _both(first, second), classes(first)
    draw = np.random.default_rng(0)
    for index, (name, rows) in enumerate(kinds):
        here = np.flatnonzero(rows & ~np.isnan(places).any(axis=1))
        some = here if len(here) <= MOST_DOTS else draw.choice(here, MOST_DOTS, replace=False)
        axes.plot(
            *places[some].T,
            mark(index),
            color=colours[series(index)],
            markersize=3.4,
            alpha=0.5,
            markeredgewidth=0.0,
            label=shown(name),
        )
    for one, line in ((first, axes.axvline), (second, axes.axhline)):
        for point in one.points[:1]:
            line(point.threshold, color=colours["ink"], linewidth=1.0, linestyle=dash(1))
    axes.set(xlabel=f"score of {shown(first.system)}", ylabel=f"score of {shown(second.system)}")
    axes.set_box_aspect(1.0)
    with_grid(axes, colours)
    with_legend(axes, len(kinds))


def _values(one: Assessment) -> Floats:
    return np.array([np.nan if row.value is None else row.value for row in one.rows])


def _both(first: Assessment, second: Assessment) -> Floats:
    """Scores of both, shape (rows of the first, 2); NaN where one has none."""
    other = {row.sample.key: value for row, value in zip(second.rows, _values(second), strict=True)}
    beside = [other.get(row.sample.key, np.nan) for row in first.rows]
    return np.stack([_values(first), np.array(beside)], axis=1)


def _range(values: Floats, thresholds: Sequence[float]) -> tuple[float, float]:
    """Where nearly all scores lie, and every threshold."""
    ends = [*np.nanpercentile(values, [TAIL, 100.0 - TAIL]), *thresholds]
    low, high = float(min(ends)), float(max(ends))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _bins(one: Assessment) -> int:
    """As many bins as the smallest class can fill."""
    smallest = min(int((rows & one.table.answered).sum()) for _, rows in classes(one))
    return int(np.clip(2.0 * np.sqrt(smallest), *BINS))


def _bars(axes: "Axes", colour: str, values: Floats, edges: Floats) -> None:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    share = 100.0 * counts / max(1, len(values))
    axes.stairs(share, edges, fill=True, color=colour, alpha=0.35)
    axes.stairs(share, edges, color=colour, linewidth=1.2)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0.0)
