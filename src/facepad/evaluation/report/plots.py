"""The plots of a report: for the page, and as SVG and PNG files in light and dark."""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facepad.evaluation.assessment import Assessment
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.report.plot_style import (
    DARK,
    LIGHT,
    TOKENS,
    Colours,
    dash,
    dash_in_words,
    legend_lines,
    mark_in_words,
    safe_label,
    series,
    standalone,
    themed,
    wrapped,
)
from facepad.evaluation.report.reliability import MOST_RELIABLE, reliability, reliability_caption
from facepad.evaluation.report.scatter import (
    FusionLine,
    ScoredPair,
    caption_of,
    pairs_of,
    scatter,
)
from facepad.evaluation.report.trade_off import band_count, det, labels_of, roc, shown_systems
from facepad.evaluation.table import Flags, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (4.3, 4.5)  # inches; as wide as a phone shows it, so that letters keep their size
PANEL, MARGIN = 0.85, 0.75  # inches a histogram's panel and its axis need
DPI = 200
SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text
    "text.parse_math": False,  # a "$" in a name is a dollar sign
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 9,
    "path.simplify_threshold": 0.4,
}

BINS = (12, 48)  # fewest and most
TAIL = 0.2  # % of scores at each end that the outermost bins hold
MOST_HISTOGRAMS = 7  # systems of a part
LEGEND_LINE = 0.17  # inches

Draw = Callable[[Sequence["Axes"], Colours], None]


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot, not drawn yet.

    Attributes:
        name: Name of its files; unique in the report.
        part: The part of the data it shows.
        title: Title above the plot.
        caption: What it shows, and what to keep in mind.
        panels: Number of axes, one below the other.
        lines: Number of lines of the legend.
        draw: Draws the plot on the axes in the given colours.
    """

    name: str
    part: str
    title: str
    caption: str
    panels: int
    draw: Draw
    lines: int = 1


def plots_of(found: Sequence[Assessment], lines: Sequence[FusionLine] = ()) -> tuple[Plot, ...]:
    """Return every plot that the assessments allow, part by part.

    Args:
        found: Assessments; the first systems of a part are drawn, without tests that only add.
        lines: Where the fusion of two systems decides.
    """
    parts = dict.fromkeys(one.part for one in found)
    plots = []
    for number, part in enumerate(parts, start=1):
        here = [one for one in found if one.part == part and one.added is None]
        ranked = [one for one in here if one.ranking is not None]
        if ranked:
            plots += _trade_offs(f"{number}", part, ranked)
        if rated := [one for one in ranked if one.ratios is not None]:
            plots.append(_reliability(f"{number}-reliability", part, rated[:MOST_RELIABLE]))
        plots += [
            _histogram(f"{number}-scores-{index}", part, one)
            for index, one in enumerate(here[:MOST_HISTOGRAMS], start=1)
            if one.table.answered.any()
        ]
        plots += [
            _scatter(f"{number}-scatter{f'-{index}' if index > 1 else ''}", part, pair)
            for index, pair in enumerate(pairs_of(ranked, lines), start=1)
        ]
    return tuple(plots)


def element(plot: Plot) -> str:
    """Return the plot as an ``<svg>`` element that uses the page's CSS variables."""
    drawn = io.StringIO()
    with _figure(plot, TOKENS) as figure:
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    title = f"{plot.title}, {safe_label(plot.part)}"
    return themed(drawn.getvalue(), f"plot-{plot.name}", title=title, description=plot.caption)


def save(plot: Plot, folder: Path, inline: str) -> tuple[Path, ...]:
    """Write ``NAME.svg``, which follows the reader's colour scheme, and a PNG file per scheme."""
    files = [folder / f"{plot.name}.svg"]
    files[0].write_text(standalone(inline), encoding="utf-8")
    for scheme, colours in (("light", LIGHT), ("dark", DARK)):
        files.append(folder / f"{plot.name}-{scheme}.png")
        with _figure(plot, colours) as figure:
            figure.savefig(files[-1], dpi=DPI, metadata={"Software": None})
    return tuple(files)


def classes(one: Assessment) -> list[tuple[str, Flags]]:
    """Return bona fide and each PAI species, with their rows."""
    species = [(name, one.table.of_species(name)) for name in one.table.species]
    return [("bona fide", one.table.bona_fide), *species]


def histogram(all_axes: Sequence["Axes"], colours: Colours, one: Assessment) -> None:
    """Draw the scores on the system's scale: a panel for bona fide and one per PAI species."""
    values = one.values
    low, high = _range(values, [point.threshold for point in one.points])
    edges = np.linspace(low, high, _bins(one) + 1)
    for index, (axes, (name, rows)) in enumerate(zip(all_axes, classes(one), strict=True)):
        _bars(axes, colours[series(index)], values[rows & one.table.answered], edges)
        title = f"{safe_label(name)}, {int((rows & one.table.answered).sum()):,}"
        axes.set_title(title, loc="left", color=colours[series(index)])
        for number, point in enumerate(one.points):
            axes.axvline(
                point.threshold, color=colours["ink"], linewidth=1.0, linestyle=dash(number + 1)
            )
        axes.grid(visible=True, axis="y", color=colours["line"], linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_ylabel("%")
    side = "bona fide" if one.scale.higher_is is ScoreDirection.BONA_FIDE else "attack"
    all_axes[-1].set_xlabel(wrapped(f"score of {safe_label(one.system)}; higher means {side}"))


@contextmanager
def _figure(plot: Plot, colours: Colours) -> Iterator["Figure"]:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # not pyplot: no state, no window

    with rc_context(_settings(plot, colours)):
        height = SIZE[1] if plot.panels == 1 else MARGIN + PANEL * plot.panels
        height += LEGEND_LINE * (plot.lines - 1)
        figure = Figure(figsize=(SIZE[0], height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(plot.panels, sharex=True, squeeze=False)[:, 0]
        with warnings.catch_warnings():
            # Names may use letters that the PNG's font lacks; the page's font has them.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            plot.draw(list(axes), colours)
            yield figure


def _settings(plot: Plot, colours: Colours) -> Any:  # noqa: ANN401 - matplotlib lists every key
    ink = dict.fromkeys(("text.color", "axes.labelcolor"), colours["ink"])
    quiet = dict.fromkeys(("xtick.color", "ytick.color", "axes.edgecolor"), colours["muted"])
    paper = dict.fromkeys(("figure.facecolor", "axes.facecolor"), colours["paper"])
    return {**SETTINGS, **ink, **quiet, **paper, "svg.hashsalt": plot.name}


def _trade_offs(name: str, part: str, ranked: Sequence[Assessment]) -> list[Plot]:
    label = f"Ranking, threshold from {ranked[0].table.split}"
    sure = [one.ranking_intervals.band.level for one in ranked if one.ranking_intervals is not None]
    banded = " and ".join(safe_label(one.system) for one in ranked[: band_count(ranked)])
    shown = len(shown_systems(ranked))
    some = "" if shown == len(ranked) else f"The first {shown} of {len(ranked)} systems. "
    band = (
        f"{some}Band of {banded}: {100.0 * sure[0]:g} % at each APCER, over subjects. "
        f"{_marks(ranked)}"
    )
    lines = legend_lines(labels_of(ranked))
    return [
        Plot(
            f"{name}-det",
            part,
            "Detection error trade-off",
            f"{label}. Lower left is better. {band}",
            1,
            lambda axes, colours: det(axes[0], colours, ranked),
            lines,
        ),
        Plot(
            f"{name}-roc",
            part,
            "ROC",
            f"{label}. Upper left is better. {band}",
            1,
            lambda axes, colours: roc(axes[0], colours, ranked),
            lines,
        ),
    ]


def _marks(ranked: Sequence[Assessment]) -> str:
    points = max((one.points for one in ranked), key=len)
    if not points:
        return ""
    marks = ", ".join(
        f"{mark_in_words(index)} {safe_label(point.name)} ({point.origin})"
        for index, point in enumerate(points)
    )
    return (
        f"Marks: errors at fixed thresholds, {marks}; they are off the curve where a system "
        "does not decide."
    )


def _histogram(name: str, part: str, one: Assessment) -> Plot:
    lines = ", ".join(
        f"{dash_in_words(index)} {point.threshold:.4g} ({safe_label(point.name)}, {point.origin})"
        for index, point in enumerate(one.points, start=1)
    )
    caption = (
        f"{safe_label(one.system)}: share of each class per bin; the outermost bins include all "
        f"scores beyond. {f'Thresholds: {lines}.' if lines else 'No threshold was given.'}"
    )
    return Plot(
        name,
        part,
        f"Scores of {safe_label(one.system)}",
        caption,
        len(classes(one)),
        lambda axes, colours: histogram(axes, colours, one),
    )


def _scatter(name: str, part: str, pair: ScoredPair) -> Plot:
    kinds = dict(classes(pair.first))
    return Plot(
        name,
        part,
        f"{safe_label(pair.first.system)} against {safe_label(pair.second.system)}",
        caption_of(pair),
        1,
        lambda axes, colours: scatter(axes[0], colours, pair, kinds),
        legend_lines([safe_label(kind) for kind in kinds]),
    )


def _reliability(name: str, part: str, rated: Sequence[Assessment]) -> Plot:
    return Plot(
        name,
        part,
        "Reliability",
        reliability_caption(rated),
        1,
        lambda axes, colours: reliability(axes[0], colours, rated),
        legend_lines([safe_label(one.system) for one in rated]),
    )


def _range(values: Floats, thresholds: Sequence[float]) -> tuple[float, float]:
    """Return a range that holds nearly all scores, and every threshold."""
    ends = [*np.nanpercentile(values, [TAIL, 100.0 - TAIL]), *thresholds]
    low, high = float(min(ends)), float(max(ends))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _bins(one: Assessment) -> int:
    """Return as many bins as the smallest class can fill."""
    smallest = min(int((rows & one.table.answered).sum()) for _, rows in classes(one))
    return int(np.clip(2.0 * np.sqrt(smallest), *BINS))


def _bars(axes: "Axes", colour: str, values: Floats, edges: Floats) -> None:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    share = 100.0 * counts / max(1, len(values))
    axes.stairs(share, edges, fill=True, color=colour, alpha=0.35)
    axes.stairs(share, edges, color=colour, linewidth=1.2)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0.0)
