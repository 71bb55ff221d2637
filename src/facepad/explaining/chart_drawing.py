"""Draw charts below each other as one PNG, with Matplotlib."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from facepad.charts import TIME, Chart, Series, SeriesKind, Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MISSING = "Matplotlib is missing; install facepad[report]"
# Colours with a contrast of 4.5 to 1 with white, which differ also without red and green; lines
# differ by their dashes as well.
COLOURS = ("#1b5fa8", "#b8430e", "#7a3fc4", "#0f6e66", "#8a5d00")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
INK, MUTED, GRID = "#1c2430", "#586374", "#d7dce3"
WIDE, HIGH, LOW, HEAD = 8.6, 2.35, 0.6, 0.35  # inches: figure, chart, one of words, title
DPI = 130
_MARGIN = 0.02  # of the values, where limits are given
_SETTINGS: Any = {  # matplotlib lists every key
    "text.parse_math": False,  # a "$" in a name is a dollar sign
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


def can_draw() -> bool:
    """Return whether Matplotlib is installed."""
    return find_spec("matplotlib") is not None


def drawn(charts: Sequence[Chart], title: str) -> bytes:
    """Return the charts as a PNG.

    Args:
        charts: One or more, from top to bottom.
        title: One line above them.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # not pyplot: no state, no window

    file = io.BytesIO()
    with rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        heights = [HIGH if chart.series else LOW for chart in charts]
        figure = Figure(figsize=(WIDE, sum(heights) + HEAD), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10.5)
        all_axes = figure.subplots(len(charts), squeeze=False, height_ratios=heights)[:, 0]
        for axes, chart in zip(all_axes, _in_time(charts), strict=True):
            _draw(axes, chart)
        figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def _in_time(charts: Sequence[Chart]) -> list[Chart]:
    """Return the charts, those over time from 0 to the last time of all of them."""
    times = [series.x for chart in charts if chart.x == TIME for series in chart.series]
    end = max((float(one.max()) for one in times if len(one)), default=0.0)
    return [
        replace(chart, x_limits=(0.0, end)) if chart.x == TIME and end > 0.0 else chart
        for chart in charts
    ]


def _draw(axes: "Axes", chart: Chart) -> None:
    axes.set_title(chart.title, loc="left", fontsize=9.5)
    if not chart.series:
        axes.set_axis_off()
        axes.text(0.0, 0.5, chart.words, va="center", color=MUTED, transform=axes.transAxes)
        return
    axes.set_title(chart.words, loc="right", fontsize=9.5)
    for span in chart.spans:
        _mark(axes, span)
    own = [one for one in chart.series if one.kind in (SeriesKind.LINE, SeriesKind.POINTS)]
    for series in chart.series:
        _add(axes, series, own.index(series) if series in own else 0)
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set(xlabel=chart.x, ylabel=chart.y)
    for limits, apply in ((chart.x_limits, axes.set_xlim), (chart.y_limits, axes.set_ylim)):
        if limits is not None:
            more = _MARGIN * (limits[1] - limits[0])
            apply(limits[0] - more, limits[1] + more)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0.0)


def _add(axes: "Axes", series: Series, number: int) -> None:
    label = series.name or None
    colour, dashes = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    match series.kind:
        case SeriesKind.POINTS:
            axes.plot(series.x, series.y, "o", color=colour, markersize=4.5, label=label)
        case SeriesKind.REFERENCE:
            axes.plot(series.x, series.y, ":", color=MUTED, linewidth=1.0, label=label)
        case SeriesKind.MAIN_LINE:
            axes.plot(series.x, series.y, color=INK, linewidth=2.0, label=label)
        case SeriesKind.LINE:
            line = {"color": colour, "linestyle": dashes, "linewidth": 1.2}
            axes.plot(series.x, series.y, label=label, **line)


def _mark(axes: "Axes", span: Span) -> None:
    label = span.name or None
    if span.low == span.high:
        draw = axes.axhline if span.is_of_y else axes.axvline
        draw(span.low, color=INK, linewidth=1.2, linestyle="--", label=label)
    else:
        fill = axes.axhspan if span.is_of_y else axes.axvspan
        fill(span.low, span.high, color=MUTED, alpha=0.22, linewidth=0.0, label=label)
