"""The report as one self-contained HTML page: no script, no request, light and dark."""

import math
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facepad.errors import SettingsError
from facepad.evaluation.answers import LEAST_RATIO
from facepad.evaluation.assessment import Assessment
from facepad.evaluation.intervals import Interval
from facepad.evaluation.report import formatting
from facepad.evaluation.report.document import ExamplePicture, Report
from facepad.evaluation.report.gallery import Thumbnails
from facepad.evaluation.report.plot_style import DARK, LIGHT, safe_label
from facepad.evaluation.report.plots import Plot, element, plots_of, save
from facepad.jobs.files import write_file, writing_errors
from facepad.jobs.progress import Progress

if TYPE_CHECKING:
    from jinja2 import Environment

EXTRA = ("matplotlib", "jinja2")
_UNIT = re.compile(r"(?<=\d) (?=%|ms)")
PAGE, PLOTS = "report.html", "plots"
MOST_CARDS = 3  # systems of a part whose error rates are shown in large type
TEMPLATE, STYLE = "report.html.j2", "report.css.j2"


def require_libraries() -> None:
    """Check that the libraries for pages and plots are installed.

    Raises:
        SettingsError: A library that pages and plots need is missing.
    """
    from importlib.util import find_spec

    if missing := [name for name in EXTRA if find_spec(name) is None]:
        raise SettingsError(
            f"pages and plots need {' and '.join(missing)}, not installed: "
            "`pip install 'facepad[report]'`, or ask for no page (--no-page)"
        )


def render(
    report: Report,
    plots: Mapping[Plot, str],
    picture_data: Callable[[ExamplePicture], str | None] | None = None,
) -> str:
    """Return the page.

    Args:
        report: The content.
        plots: Each plot with its ``<svg>`` element, in order.
        picture_data: Returns a thumbnail as a ``data:`` URL; None for `Thumbnails`.
    """
    environment = _environment()
    draw = picture_data or Thumbnails().draw
    style = environment.get_template(STYLE).render(light=LIGHT, dark=DARK)
    return environment.get_template(TEMPLATE).render(
        style=_as_is(style),
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        report=report,
        parts=_by_part(report, plots),
        cards=_of_first_systems(report),
        galleries={name: _gallery(pictures, draw) for name, pictures in report.pictures.items()},
        level=_level(report),
        least_ratio=LEAST_RATIO,
    )


def write(folder: Path, report: Report, progress: Progress) -> list[Path]:
    """Write ``report.html``, and each plot as SVG and PNG files; return page and folder.

    Raises:
        SettingsError: The folder cannot be written to.
    """
    plots, drawn = plots_of(report.assessments, report.lines), {}
    with writing_errors(folder, SettingsError), progress("drawing", len(plots)) as advance:
        (folder / PLOTS).mkdir(parents=True, exist_ok=True)
        for plot in plots:
            drawn[plot] = element(plot)
            save(plot, folder / PLOTS, drawn[plot])
            advance()
    write_file(folder / PAGE, render(report, drawn), error=SettingsError)
    return [folder / PAGE, folder / PLOTS]


def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("facepad.evaluation.report", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=_unbroken(formatting.percent),
        span=_unbroken(formatting.span),
        fraction_span=formatting.fraction_span,
        number=formatting.number,
        difference=formatting.difference,
        difference_span=formatting.difference_span,
        count=formatting.count,
        safe_label=safe_label,
        whisker=_whisker,
        ms=_unbroken(_milliseconds),
        moment=_moment,
    )
    environment.globals.update(
        in_words=_unbroken(formatting.in_words),
        threshold=formatting.threshold,
        undecided_note=_unbroken(formatting.undecided_note),
    )
    return environment


def _by_part(report: Report, plots: Mapping[Plot, str]) -> dict[str, dict[str, Any]]:
    return {
        part: {
            "assessments": [one for one in report.assessments if one.part == part],
            "plots": [(plot, _as_is(svg)) for plot, svg in plots.items() if plot.part == part],
        }
        for part in dict.fromkeys(one.part for one in report.assessments)
    }


def _of_first_systems(report: Report) -> list[Assessment]:
    """Return the assessments of the first systems of each part; a table has them all."""
    parts = dict.fromkeys(one.part for one in report.assessments)
    return [
        one
        for part in parts
        for one in [one for one in report.assessments if one.part == part][:MOST_CARDS]
    ]


def _as_is(text: str) -> str:
    """Return text that the template must not escape; names in it are escaped already."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - see above


def _gallery(
    pictures: tuple[ExamplePicture, ...], draw: Callable[[ExamplePicture], str | None]
) -> dict[str, list[tuple[ExamplePicture, str | None]]]:
    groups: dict[str, list[tuple[ExamplePicture, str | None]]] = {}
    for picture in pictures:
        data = draw(picture) if picture.path else None
        groups.setdefault(picture.why, []).append((picture, data))
    return groups


def _whisker(value: float, interval: Interval) -> dict[str, float] | None:
    """Return positions on a line of 100 units; None if there is nothing to draw."""
    if math.isnan(value):
        return None
    known = not math.isnan(interval.low)
    low, high = (interval.low, interval.high) if known else (value, value)
    return {
        name: round(100.0 * at, 2) for name, at in (("at", value), ("low", low), ("high", high))
    }


def _milliseconds(value: float) -> str:
    if math.isnan(value):
        return formatting.NOT_KNOWN
    return f"{value:,.0f} ms" if value >= 100.0 else f"{value:.1f} ms"


def _unbroken(words: Callable[..., str]) -> Callable[..., str]:
    """Return the function with no line break between a number and its unit."""
    return lambda *given: _UNIT.sub("\N{NO-BREAK SPACE}", words(*given))


def _moment(created: str) -> str:
    try:
        when = datetime.fromisoformat(created)
    except ValueError:  # made by hand
        return created
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def _level(report: Report) -> str:
    levels = {point.intervals.bpcer.level for one in report.assessments for point in one.points} | {
        one.ranking_intervals.band.level
        for one in report.assessments
        if one.ranking_intervals is not None
    }
    return " or ".join(f"{100.0 * level:g} %" for level in sorted(levels)) or "95 %"
