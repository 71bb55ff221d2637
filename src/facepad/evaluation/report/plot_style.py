"""What all plots share: dashes and marks of series, quiet axes, legends."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Colours = Mapping[str, str]  # colour by its name in `facepad.evaluation.report.palette`
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
MARKS = ("o", "^", "s", "D", "v", "P", "X")
MARKS_IN_WORDS = ("disc", "triangle", "square", "diamond", "lower triangle", "plus", "cross")
DASHES_IN_WORDS = ("solid", "dashed", "dotted", "dash-dotted")


def dash(index: int) -> Any:  # noqa: ANN401 - matplotlib's own kinds of dash
    """Line style of a series, so that colour is not all that tells it apart."""
    return DASHES[index % len(DASHES)]


def mark(index: int) -> str:
    """Marker of a series."""
    return MARKS[index % len(MARKS)]


def dash_in_words(index: int) -> str:
    """What `dash` looks like."""
    return DASHES_IN_WORDS[index % len(DASHES)]


def mark_in_words(index: int) -> str:
    """What `mark` looks like."""
    return MARKS_IN_WORDS[index % len(MARKS)]


def with_grid(axes: "Axes", colours: Colours) -> None:
    """Draw a quiet grid behind everything."""
    axes.grid(visible=True, color=colours["line"], linewidth=0.6)
    axes.set_axisbelow(True)


def with_legend(axes: "Axes", entries: int) -> None:
    """Name the series above the axes, where they hide nothing."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=2 if entries > 2 else entries,
        frameon=False,
        borderaxespad=0.2,
        handlelength=1.8,
        columnspacing=1.2,
    )
