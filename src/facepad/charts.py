"""Charts of what a test measures over a clip: values alone, without anything that draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.reasons import REASONS, Reason
from facepad.types import LivenessTest, Presentation

Floats = NDArray[np.float64]
TIME = "time (s)"  # charts with these places are drawn over the same range


class SeriesKind(StrEnum):
    """How a series is drawn."""

    LINE = "line"
    MAIN_LINE = "main line"  # the one that counts, in bold
    POINTS = "points"
    REFERENCE = "reference"  # a thin line to compare others with


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Numbers of a chart.

    Attributes:
        name: Name in the legend; "" for none.
        x: Places, shape (N,).
        y: Values, shape (N,); NaN is left out.
        kind: How it is drawn.

    Raises:
        InputError: ``x`` and ``y`` differ in shape, or have more than one axis.
    """

    name: str
    x: Floats
    y: Floats
    kind: SeriesKind = SeriesKind.LINE

    def __post_init__(self) -> None:
        if self.x.ndim != 1 or self.x.shape != self.y.shape:
            raise InputError(
                f"a series needs x and y of one shape (N,), got {self.x.shape} and {self.y.shape}"
            )


@dataclass(frozen=True, slots=True)
class Span:
    """A range of one axis that is marked across the chart.

    Attributes:
        low: Begin of the range, in the unit of the axis.
        high: Its end; a range of no width is a line.
        name: Name in the legend; "" for none.
        is_of_y: Whether it is a range of the values and not of the places.
    """

    low: float
    high: float
    name: str = ""
    is_of_y: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """One chart.

    Attributes:
        title: What it shows.
        x: What the places are, with the unit.
        y: What the values are, with the unit.
        series: Numbers; none where nothing could be measured.
        spans: Ranges that are marked.
        words: What was found, or why nothing was measured, in a few words.
        x_limits: First and last place that is shown; None for those of the numbers.
        y_limits: Lowest and highest value that is shown; None for those of the numbers.
    """

    title: str
    x: str
    y: str
    series: tuple[Series, ...] = ()
    spans: tuple[Span, ...] = ()
    words: str = ""
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None

    @classmethod
    def without_numbers(cls, title: str, reason: Reason) -> "Chart":
        """Return the chart of a clip on which nothing could be measured, and why."""
        return cls(title, "", "", words=REASONS[reason].words)


@runtime_checkable
class ChartsClip(LivenessTest, Protocol):
    """A test of clips that can chart what it measures; `check --explain-dir` draws the charts."""

    def charts(self, presentation: Presentation) -> Sequence[Chart]:
        """Return charts of what it measures on a clip that was searched for faces."""
