"""How plots and the page look: colours for light and dark, dashes, marks, axes, themed SVG.

Series colours keep a contrast of at least 4.5 to 1 with the paper in both schemes, and can be
told apart by people who confuse red and green; lines differ by dashes as well. Matplotlib's SVG
is made fit for a page: colours become CSS variables, so that one drawing serves light and dark;
style attributes become presentation attributes, which strict content policies allow; sizes go,
so that the drawing takes the width of its place; names of parts become unique in the page.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SERIES = 7  # colours; more series use them again
LONGEST = 80  # characters of a name in a plot or table
LINE = 46  # characters that fit beside an axis, or into a legend of one column
SHORT = 20  # characters that fit into a legend of two columns
LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#ffffff",
        "ink": "#1c2430",
        "muted": "#586374",
        "line": "#d7dce3",
        "c0": "#1b5fa8",
        "c1": "#b8430e",
        "c2": "#7a3fc4",
        "c3": "#0f6e66",
        "c4": "#8a5d00",
        "c5": "#b3205f",
        "c6": "#4d5b2a",
    }
)
DARK: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#171b21",
        "ink": "#e8ebf0",
        "muted": "#a3adbb",
        "line": "#39424e",
        "c0": "#74b3f5",
        "c1": "#ff9d66",
        "c2": "#c5a6fb",
        "c3": "#58cdbf",
        "c4": "#e0bd55",
        "c5": "#ff8db8",
        "c6": "#b9cc84",
    }
)
# Stand-ins that no picture uses by chance; a drawing made with them takes either scheme.
TOKENS: Mapping[str, str] = MappingProxyType(
    {name: f"#0a0b{index:02x}" for index, name in enumerate(LIGHT)}
)
Colours = Mapping[str, str]  # colour by name, as in ``LIGHT``
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
MARKS = ("o", "^", "s", "D", "v", "P", "X")
MARKS_IN_WORDS = ("disc", "triangle", "square", "diamond", "lower triangle", "plus", "cross")
DASHES_IN_WORDS = ("solid", "dashed", "dotted", "dash-dotted")
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_GLOBAL_STYLE = re.compile(r"\s*<defs>\s*<style[^>]*>.*?</style>\s*</defs>", re.DOTALL)
_ROOT = re.compile(r"<svg[^>]*viewBox=\"([^\"]*)\"[^>]*>")
_STYLE = re.compile(r'\sstyle="([^"]*)"')
_FONT = re.compile(r"([\d.]+)px")
_ID = re.compile(r'\sid="([^"]*)"')
_USE = re.compile(r'(?:xlink:)?href="#([^"]*)"|url\(#([^)]*)\)')
_GROUP_NAME = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_DECIMALS = re.compile(r"(\d+\.\d{2})\d+")


def series(index: int) -> str:
    """Return the name of the colour of a series; 0 is bona fide where classes are shown."""
    return f"c{index % SERIES}"


def safe_label(name: str) -> str:
    r"""Return a name from strangers, safe to show and not too long.

    Example:
        >>> safe_label("print" + chr(7)), len(safe_label("x" * 99))
        ('print\ufffd', 80)
    """
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def dash(index: int) -> Any:  # noqa: ANN401 - matplotlib's own kinds of dash
    """Return the line style of a series; series differ by more than colour."""
    return DASHES[index % len(DASHES)]


def mark(index: int) -> str:
    """Return the marker of a series."""
    return MARKS[index % len(MARKS)]


def dash_in_words(index: int) -> str:
    """Return the name of a dash."""
    return DASHES_IN_WORDS[index % len(DASHES)]


def mark_in_words(index: int) -> str:
    """Return the name of a marker."""
    return MARKS_IN_WORDS[index % len(MARKS)]


def with_grid(axes: "Axes", colours: Colours) -> None:
    """Draw a light grid behind everything."""
    axes.grid(visible=True, color=colours["line"], linewidth=0.6)
    axes.set_axisbelow(True)


def wrapped(text: str) -> str:
    """Return text in lines that fit beside an axis; nothing is cut."""
    return "\n".join(textwrap.wrap(text, LINE)) or text


def legend_lines(labels: Sequence[str]) -> int:
    """Return the number of lines of a legend."""
    if _columns(labels) == 2:
        return (len(labels) + 1) // 2
    return 1 if len(labels) < 2 else sum(wrapped(label).count("\n") + 1 for label in labels)


def with_legend(axes: "Axes", labels: Sequence[str]) -> None:
    """Draw the legend above the axes.

    Args:
        axes: What to draw on; its artists have these labels, in lines.
        labels: The labels.
    """
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=_columns(labels),
        frameon=False,
        borderaxespad=0.2,
        handlelength=1.8,
        columnspacing=1.2,
    )


def _columns(labels: Sequence[str]) -> int:
    return 2 if len(labels) > 1 and max(map(len, labels)) <= SHORT else 1


def themed(drawn: str, name: str, *, title: str, description: str) -> str:
    """Return an ``<svg>`` element for a page that defines the CSS variables of the colours.

    Args:
        drawn: SVG of matplotlib, drawn in the colours of ``TOKENS``.
        name: Unique in the page; letters, digits and hyphens.
        title: Read out by screen readers.
        description: Long description for screen readers.
    """
    text = _GLOBAL_STYLE.sub("", _METADATA.sub("", _PROLOGUE.sub("", drawn)))
    text = _GROUP_NAME.sub("", text)
    text = _STYLE.sub(lambda match: _attributes(match[1]), text)
    text = _own_names(text, name)
    for colour, token in TOKENS.items():
        text = text.replace(token, f"var(--{colour})")
    head = (
        rf'<svg viewBox="\1" role="img" aria-labelledby="{name}-t {name}-d" '
        'font-family="inherit" stroke-linejoin="round" xmlns="http://www.w3.org/2000/svg">'
    )
    words = (
        f'<title id="{name}-t">{escape(title)}</title>'
        f'<desc id="{name}-d">{escape(description)}</desc>'
    )
    text = _ROOT.sub(head, text, count=1)
    text = _TAG.sub(lambda tag: _DECIMALS.sub(r"\1", tag[0]), text)  # places, not what is written
    return text.replace(">", f">{words}", 1).strip()


def standalone(element: str) -> str:
    """Return a themed element as a file that follows the reader's colour scheme."""
    style = (
        f"<style>svg{{{_variables(LIGHT)};font-family:system-ui,sans-serif}}"
        f"@media(prefers-color-scheme:dark){{svg{{{_variables(DARK)}}}}}</style>"
    )
    words, close, rest = element.partition("</desc>")
    paper = '<rect width="100%" height="100%" fill="var(--paper)"/>'  # pages may be any colour
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{words}{close}{style}{paper}{rest}\n'


def _variables(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())


def _attributes(style: str) -> str:
    """Presentation attributes that say what a style attribute said."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":  # the shorthand is no presentation attribute
            size = _FONT.search(value)
            name, value = "font-size", size[1] if size else "10"
        if name and value and not name.startswith("font-family"):
            kept.append(f' {name}="{value}"')
    return "".join(kept)


def _own_names(text: str, name: str) -> str:
    """Drop names that nothing refers to, and put the drawing's name before the others."""
    used = {first or second for first, second in _USE.findall(text)}
    text = _ID.sub(lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "", text)
    text = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', text)
    return text.replace("url(#", f"url(#{name}-")
