"""Colours of the plots and the page, for light and dark, and names that are safe to show.

Series colours keep a contrast of at least 4.5 to 1 with the paper in both schemes, and
stay apart for people who see red and green alike; lines differ by dashes as well.
"""

from collections.abc import Mapping
from types import MappingProxyType

SERIES = 7  # colours; more series begin again
LONGEST = 40  # characters of a name in a plot or table

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


def series(index: int) -> str:
    """Name of the colour of a series; 0 is bona fide where classes are shown."""
    return f"c{index % SERIES}"


def shown(name: str) -> str:
    r"""A name from strangers, safe to show and not too long.

    Example:
        >>> shown("print" + chr(7)), len(shown("x" * 99))
        ('print\ufffd', 40)
    """
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
