"""Figures for the documents in the look of the reports: one SVG file that follows the scheme."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facepad.evaluation.report.plot_style import LIGHT, TOKENS, Colours, standalone, themed
from facepad.evaluation.report.plots import SETTINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 110  # of the PNG file, which is there to be looked at while working

Draw = Callable[["Figure", Colours], None]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure that is not drawn yet.

    Attributes:
        name: Of its files.
        title: For screen readers.
        caption: The same, at length.
        size: Width and height in inches.
        draw: Draws it in the colours of a palette.
    """

    name: str
    title: str
    caption: str
    size: tuple[float, float]
    draw: Draw


def save(one: Drawing, folder: Path) -> tuple[Path, Path]:
    """Write ``NAME.svg``, in the reader's scheme, and ``NAME.png`` in light colours."""
    folder.mkdir(parents=True, exist_ok=True)
    vector, pixels = folder / f"{one.name}.svg", folder / f"{one.name}.png"
    drawn = io.StringIO()
    _figure(one, TOKENS, drawn, format="svg", transparent=True, metadata={"Date": None})
    element = themed(drawn.getvalue(), one.name, title=one.title, description=one.caption)
    vector.write_text(standalone(element), encoding="utf-8")
    _figure(one, LIGHT, pixels, dpi=DPI, metadata={"Software": None})
    return vector, pixels


def quiet(axes: "Axes", colours: Colours, *, axis: str = "both") -> None:
    """A quiet grid behind everything."""
    axes.grid(visible=True, axis=axis, color=colours["line"], linewidth=0.6)  # type: ignore[arg-type] # a word
    axes.set_axisbelow(True)


def _figure(one: Drawing, colours: Colours, target: Any, **how: Any) -> None:  # noqa: ANN401 - matplotlib's own
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ink = dict.fromkeys(("text.color", "axes.labelcolor"), colours["ink"])
    muted = dict.fromkeys(("xtick.color", "ytick.color", "axes.edgecolor"), colours["muted"])
    paper = dict.fromkeys(("figure.facecolor", "axes.facecolor"), colours["paper"])
    settings: Any = {**SETTINGS, **ink, **muted, **paper, "svg.hashsalt": one.name}
    with rc_context(settings):
        figure = Figure(figsize=one.size, layout="constrained")
        FigureCanvasAgg(figure)
        one.draw(figure, colours)
        figure.savefig(target, **how)
