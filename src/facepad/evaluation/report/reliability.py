"""The reliability diagram: predicted probability of bona fide against what was observed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from facepad.evaluation.assessment import Assessment
from facepad.evaluation.ratio_costs import FEWEST
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_RELIABLE = 2  # systems in one diagram; with more, their intervals cannot be read


def reliability(axes: "Axes", colours: Colours, rated: Sequence[Assessment]) -> None:
    """Draw the observed share of bona fide over the predicted probability, with intervals."""
    ends = (-0.02, 1.02)
    axes.plot(ends, ends, color=colours["line"], linewidth=0.9, zorder=0)
    for index, one in enumerate(rated):
        bins = () if one.ratios is None else one.ratios.bins
        colour = colours[series(index)]
        predicted = np.array([each.predicted for each in bins])
        observed = np.array([each.observed for each in bins])
        bounds = np.array([[each.interval.low, each.interval.high] for each in bins])
        axes.vlines(predicted, bounds[:, 0], bounds[:, 1], color=colour, linewidth=1.2, alpha=0.6)
        axes.plot(
            predicted,
            observed,
            marker=mark(index),
            color=colour,
            markersize=5.0,
            linewidth=1.5,
            linestyle=dash(index),
            label=wrapped(safe_label(one.system)),
        )
    ticks = np.linspace(0.0, 1.0, 6)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    axes.set(
        xlim=ends,
        ylim=ends,
        xlabel="predicted probability of bona fide",
        ylabel="observed share of bona fide",
    )
    axes.set_box_aspect(1.0)
    with_grid(axes, colours)
    with_legend(axes, [safe_label(one.system) for one in rated])


def reliability_caption(rated: Sequence[Assessment]) -> str:
    """Return what the diagram shows, and how to read it."""
    levels = [one.ratios.cllr_interval.level for one in rated if one.ratios is not None]
    return (
        "Scores as probabilities of bona fide at a prior of 0.5, against the share of bona fide "
        "among presentations with such scores; both classes weigh alike. On the diagonal, "
        "the predicted probability is the observed share; below it, it is too high. Bins have at "
        f"least {FEWEST} presentations if there are so many; vertical lines: "
        f"{100.0 * levels[0]:g} % intervals over subjects."
    )
