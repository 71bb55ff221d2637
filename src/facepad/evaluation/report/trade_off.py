"""Plots of one error against the other over all thresholds: DET and ROC."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from facepad.evaluation.assessment import Assessment, AtPoint
from facepad.evaluation.ranking import Curve, curve
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
from facepad.evaluation.table import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SYSTEMS = 7  # lines in a plot; one colour each
MOST_BANDS = 2
LOWEST, HIGHEST = 0.001, 0.9  # of the DET plot's axes
DET_TICKS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class _Plane:
    """Maps errors to positions on a plot.

    Attributes:
        across: From APCER to the horizontal axis.
        up: From BPCER to the vertical axis.
    """

    across: Callable[[Floats], Floats]
    up: Callable[[Floats], Floats]


def det(axes: "Axes", colours: Colours, found: Sequence[Assessment]) -> None:
    """Detection error trade-off: both errors on normal scales, with bands over subjects."""
    _draw(axes, colours, found, _Plane(_normal, _normal))
    ends, ticks = _normal(np.array([LOWEST, HIGHEST])), _normal(np.array(DET_TICKS))
    axes.plot(ends, ends, color=colours["line"], linewidth=0.9, zorder=0)
    labels = [f"{100.0 * tick:g}" for tick in DET_TICKS]
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    axes.set(xlim=ends, ylim=ends, ylabel="BPCER, % of bona fide rejected")


def roc(axes: "Axes", colours: Colours, found: Sequence[Assessment]) -> None:
    """Receiver operating characteristic: bona fide accepted over attacks accepted."""
    _draw(axes, colours, found, _Plane(lambda rates: rates, lambda rates: 1.0 - rates))
    ends, ticks = (-0.02, 1.02), np.linspace(0.0, 1.0, 6)
    axes.plot(ends, ends, color=colours["line"], linewidth=0.9, zorder=0)
    labels = [f"{100.0 * tick:.0f}" for tick in ticks]
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    axes.set(xlim=ends, ylim=ends, ylabel="% of bona fide accepted")


def shown_systems(ranked: Sequence[Assessment]) -> Sequence[Assessment]:
    """Return the systems whose lines are drawn: the first ones, as many as can be told apart."""
    return ranked[:MOST_SYSTEMS]


def band_count(ranked: Sequence[Assessment]) -> int:
    """Return how many of the first systems have a band; with more, bands would hide lines."""
    return len(ranked) if len(ranked) <= MOST_BANDS else 1


def labels_of(ranked: Sequence[Assessment]) -> list[str]:
    """Return the labels of the legend of both plots."""
    names = [safe_label(one.system) for one in shown_systems(ranked)]
    species = ranked[0].table.species if len(ranked) == 1 else ()
    return names + ([f"{safe_label(name)} only" for name in species] if len(species) > 1 else [])


def _draw(axes: "Axes", colours: Colours, found: Sequence[Assessment], plane: _Plane) -> None:
    bands = band_count(found)
    for index, one in enumerate(shown_systems(found)):
        errors, colour = curve(one.table), colours[series(index)]
        if index < bands:
            _band(axes, colour, one, plane)
        _system(axes, colour, one, errors, plane, style=dash(index), front=index == 0)
        if len(found) == 1 and len(errors.apcer) > 1:
            _species(axes, colours, errors, plane)
    axes.set_xlabel("APCER, % of attacks accepted")
    axes.set_box_aspect(1.0)
    with_grid(axes, colours)
    with_legend(axes, labels_of(found))


def _band(axes: "Axes", colour: str, one: Assessment, plane: _Plane) -> None:
    if one.ranking_intervals is None or np.isnan(one.ranking_intervals.band.low).all():
        return
    band = one.ranking_intervals.band
    axes.fill_between(
        plane.across(band.apcer),
        plane.up(band.low),
        plane.up(band.high),
        color=colour,
        alpha=0.16,
        linewidth=0.0,
    )


def _system(
    axes: "Axes",
    colour: str,
    one: Assessment,
    errors: Curve,
    plane: _Plane,
    *,
    style: Any,  # noqa: ANN401 - matplotlib's own kinds of dash
    front: bool,
) -> None:
    axes.plot(
        plane.across(errors.apcer_pooled),
        plane.up(errors.bpcer),
        color=colour,
        linewidth=2.0 if front else 1.5,
        linestyle=style,
        label=wrapped(safe_label(one.system)),
        zorder=4 if front else 3,
    )
    for number, point in enumerate(one.points):
        _cross(axes, colour, point, plane, marker=mark(number))


def _species(axes: "Axes", colours: Colours, errors: Curve, plane: _Plane) -> None:
    for index, (name, apcer) in enumerate(errors.apcer.items(), start=1):
        axes.plot(
            plane.across(apcer),
            plane.up(errors.bpcer),
            color=colours[series(index)],
            linewidth=1.1,
            linestyle=dash(index),
            label=wrapped(f"{safe_label(name)} only"),
        )


def _cross(axes: "Axes", colour: str, point: AtPoint, plane: _Plane, *, marker: str) -> None:
    """An operating point where its errors are, with its threshold from elsewhere."""
    pooled = 2.0 * point.rates.hter - point.rates.bpcer
    axes.plot(
        plane.across(np.array([pooled])),
        plane.up(np.array([point.rates.bpcer])),
        marker,
        color=colour,
        markersize=6.5,
        markeredgecolor=axes.get_facecolor(),
        markeredgewidth=1.2,
        zorder=5,
    )


def _normal(rates: Floats) -> Floats:
    from scipy.special import ndtri  # slow to import

    placed: Floats = ndtri(np.clip(rates, LOWEST / 4.0, 1.0 - LOWEST))
    return placed
