"""Makes every plot of a report: for the page, and as SVG and PNG files in light and dark."""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facepad.evaluation.assessment import Assessment
from facepad.evaluation.report.palette import DARK, LIGHT, TOKENS, shown
from facepad.evaluation.report.plot_style import Colours, dash_in_words, mark_in_words
from facepad.evaluation.report.score_plots import MOST_DOTS, classes, histogram, scatter
from facepad.evaluation.report.svg import standalone, themed
from facepad.evaluation.report.trade_off import det, roc

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

Draw = Callable[[Sequence["Axes"], Colours], None]


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot, not drawn yet.

    Attributes:
        name: Of its files; unique in the report.
        part: The part of the data it shows.
        title: For people.
        caption: What to see, and what to keep in mind.
        panels: How many axes it has, one below the other.
        draw: Draws it onto them in the colours of a palette.
    """

    name: str
    part: str
    title: str
    caption: str
    panels: int
    draw: Draw


def plots_of(found: Sequence[Assessment]) -> tuple[Plot, ...]:
    """Every plot that the assessments allow, part by part."""
    parts = dict.fromkeys(one.part for one in found)
    plots = []
    for number, part in enumerate(parts, start=1):
        here = [one for one in found if one.part == part]
        ranked = [one for one in here if one.ranking is not None]
        if ranked:
            plots += _trade_offs(f"{number}", part, ranked)
        plots += [
            _histogram(f"{number}-scores-{index}", part, one)
            for index, one in enumerate(here, start=1)
            if one.table.answered.any()
        ]
        if len(ranked) > 1:
            plots.append(_scatter(f"{number}-scatter", part, (ranked[0], ranked[1])))
    return tuple(plots)


def element(plot: Plot) -> str:
    """The plot as an ``<svg>`` element for a page with the palette's variables."""
    drawn = io.StringIO()
    with _figure(plot, TOKENS) as figure:
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    title = f"{plot.title}, {shown(plot.part)}"
    return themed(drawn.getvalue(), f"plot-{plot.name}", title=title, description=plot.caption)


def save(plot: Plot, folder: Path, inline: str) -> tuple[Path, ...]:
    """Write ``NAME.svg``, which follows the reader's scheme, and a PNG file per scheme."""
    files = [folder / f"{plot.name}.svg"]
    files[0].write_text(standalone(inline), encoding="utf-8")
    for scheme, colours in (("light", LIGHT), ("dark", DARK)):
        files.append(folder / f"{plot.name}-{scheme}.png")
        with _figure(plot, colours) as figure:
            figure.savefig(files[-1], dpi=DPI, metadata={"Software": None})
    return tuple(files)


@contextmanager
def _figure(plot: Plot, colours: Colours) -> Iterator["Figure"]:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # not pyplot: no state, no window

    with rc_context(_settings(plot, colours)):
        height = SIZE[1] if plot.panels == 1 else MARGIN + PANEL * plot.panels
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
    sure = [one.sureness.band.level for one in ranked if one.sureness is not None]
    band = f"Bands: {100.0 * sure[0]:g} % at each APCER, over subjects. {_marks(ranked)}"
    return [
        Plot(
            f"{name}-det",
            part,
            "Detection error trade-off",
            f"{label}. Lower left is better. {band}",
            1,
            lambda axes, colours: det(axes[0], colours, ranked),
        ),
        Plot(
            f"{name}-roc",
            part,
            "ROC",
            f"{label}. Upper left is better. {band}",
            1,
            lambda axes, colours: roc(axes[0], colours, ranked),
        ),
    ]


def _marks(ranked: Sequence[Assessment]) -> str:
    points = max((one.points for one in ranked), key=len)
    if not points:
        return ""
    told = ", ".join(
        f"{mark_in_words(index)} {shown(point.name)} ({point.origin})"
        for index, point in enumerate(points)
    )
    return (
        f"Marks: errors at thresholds set elsewhere, {told}; they leave the curve where a system "
        "does not decide."
    )


def _histogram(name: str, part: str, one: Assessment) -> Plot:
    lines = ", ".join(
        f"{dash_in_words(index)} {point.threshold:.4g} ({shown(point.name)}, {point.origin})"
        for index, point in enumerate(one.points, start=1)
    )
    caption = (
        f"{shown(one.system)}: share of each class per bin; the outermost bins hold what lies "
        f"beyond. {f'Thresholds: {lines}.' if lines else 'No threshold was given.'}"
    )
    return Plot(
        name,
        part,
        f"Scores of {shown(one.system)}",
        caption,
        len(classes(one)),
        lambda axes, colours: histogram(axes, colours, one),
    )


def _scatter(name: str, part: str, pair: tuple[Assessment, Assessment]) -> Plot:
    first, second = (shown(one.system) for one in pair)
    caption = (
        f"Each mark is one presentation that both {first} and {second} scored, at most "
        f"{MOST_DOTS:,} a class, drawn at random. Dashed lines: the first threshold of each. "
        "Two tests that fail on different presentations are worth combining."
    )
    return Plot(
        name,
        part,
        f"{first} against {second}",
        caption,
        1,
        lambda axes, colours: scatter(axes[0], colours, pair),
    )
